//! A block: up to 1,024 consecutive records of a stream in columns, decoded again before it is kept.
//!
//! [`encode`] takes records apart into shapes and columns and packs them into chunks; [`head::BlockHead`] says what
//! is in which chunk; [`read::Block`] gives columns and records back. docs/format.md draws the bytes.

mod column;
mod encode;
mod hash;
mod head;
mod ints;
mod json;
mod list;
mod mask;
mod paths;
mod pattern;
mod read;
mod rows;
mod segment;
mod splitter;
mod token;
mod values;
mod varint;
mod zstd_frame;

pub(crate) use encode::{EncodedBlock, Envelope, Row, encode};
pub use head::{BlockHead, ColumnHead};
pub use mask::mask;
pub use read::{Block, Column, Distinct};
pub(crate) use read::{ChunkSource, DecodedRows, decode};
pub(crate) use splitter::{Splitter, Value};

/// Most records in a block.
pub(crate) const BLOCK_RECORDS_MAX: u64 = 1024;
/// Raw bytes after which a block is closed early.
pub(crate) const BLOCK_RAW_BYTES_MAX: u64 = 8 << 20;

/// A text that a value must hold to be wanted, in any case: what cannot hold it need not be decoded.
pub struct Fragment<'a> {
    /// The text: ASCII, in lower case.
    pub folded: &'a [u8],
    /// Whether it occurs in some bytes, in any case; may say yes wrongly. Bytes are values one right after another, or
    /// parts of them where there are no escapes.
    pub occurs_in: &'a (dyn Fn(&[u8]) -> bool + Sync),
    /// Whether values may have escapes; it occurs then where they may spell it, too.
    pub has_escapes: bool,
}

/// What is wrong with the bytes of a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The head is no block head, or its checksum is wrong.
    #[error("block head: {0}")]
    Head(&'static str),
    /// The directory in the head contradicts itself.
    #[error("block directory: bad {0}")]
    Directory(&'static str),
    /// Something has another length than its directory says.
    #[error("{what}: {found} bytes instead of {expected}")]
    Length {
        /// What it is.
        what: &'static str,
        /// As the directory says.
        expected: usize,
        /// As found.
        found: usize,
    },
    /// A chunk's bytes do not have the checksum that the head gives.
    #[error("chunk {number}: CRC32 {found:08x} instead of {expected:08x}")]
    Checksum {
        /// The chunk.
        number: u16,
        /// As the head says.
        expected: u32,
        /// Of the bytes found.
        found: u32,
    },
    /// A chunk is not what zstd wrote.
    #[error("chunk {number} cannot be decompressed")]
    Compression {
        /// The chunk.
        number: u16,
    },
    /// The chunk could not be had from the store.
    #[error("a chunk cannot be read")]
    Source(#[source] Box<crate::error::Error>),
    /// What was encoded does not decode to the same bytes: a bug of ours, found before anything was stored.
    #[error("record {0} of the block does not decode to its own bytes")]
    Differs(usize),
}

#[cfg(test)]
mod tests;
