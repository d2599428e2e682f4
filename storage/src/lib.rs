//! The archive: append-only streams of records in RocksDB, byte-exact, compressed in columns, provable.

mod block;
mod record;
mod stream;
mod time;

pub use block::{Block, BlockError, BlockHead, Column, ColumnHead, mask};
pub use record::{Append, Appended, Batch, Cursor, NewRecord, StoredRecord};
pub use stream::{NameError, RecordId, StreamName};
pub use time::{TimeError, Timestamp};

#[doc(hidden)]
pub mod spike {
    //! temporary
    use super::block::*;
    pub fn run(lines: &[&[u8]], events: &[i64]) -> (usize, usize, Vec<(String, usize)>) {
        let rows: Vec<Row<'_>> = lines.iter().zip(events).map(|(b, e)| Row { body: b, event: super::Timestamp(*e), received: super::Timestamp(0) }).collect();
        let e = encode(&rows, &Envelope { stream: 0, first: 0, salt: [0; 32], root: [0; 32] }).unwrap();
        (e.head.len(), e.chunks.iter().map(Vec::len).sum(), Vec::new())
    }
}
