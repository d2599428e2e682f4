//! The archive: append-only streams of records in RocksDB, byte-exact, compressed in columns, provable.

mod record;
mod stream;
mod time;

pub use record::{Append, Appended, Batch, Cursor, NewRecord, StoredRecord};
pub use stream::{NameError, RecordId, StreamName};
pub use time::{TimeError, Timestamp};
