//! The archive: append-only streams of records in RocksDB, byte-exact, compressed in columns, provable.

mod append;
mod archive;
mod block;
mod blocks;
mod checkpoint;
mod damage;
mod directory;
mod error;
mod event;
mod fields;
mod hex;
mod lock;
mod log_key;
mod options;
mod parallel;
mod prove;
mod record;
mod records;
mod recover;
mod replica;
mod seal;
mod seen;
mod store;
mod stream;
mod streams;
mod tail;
mod time;
mod tips;
mod tree;
mod verify;
mod writer;
mod zstd_reader;

pub use archive::{Archive, Head, StreamStat};
pub use block::{Block, BlockError, BlockHead, Column, ColumnHead, Distinct, Fragment, mask};
/// CRC32 (IEEE) of some bytes, as everywhere in the archive.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

pub use checkpoint::SignedCheckpoint;
pub use damage::{Damage, DamageCode};
pub use directory::ReplicaKind;
pub use error::{Error, Result};
pub use fields::Fields;
pub use hex::hex;
pub use log_key::LogKey;
pub use options::Options;
pub use parallel::in_parallel;
pub use prove::Prover;
pub use record::{Append, Appended, Batch, Cursor, NewRecord, StoredRecord};
pub use records::Records;
pub use recover::{Lost, Recovery};
pub use replica::{Copied, Divergence, DivergenceKind, Replica, Round, on_one_device};
pub use stream::{NameError, RecordId, StreamName};
pub use time::{TimeError, Timestamp};
pub use verify::{
    CheckedStream, Coverage, Depth, FAULTS, Part, Progress, Request, Verification, self_test, verify, verify_as,
};
pub use writer::Writer;
pub use zstd_reader::zstd_reader;
