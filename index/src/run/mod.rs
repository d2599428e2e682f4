//! A run: hashes of ids and the blocks that hold them, sorted, in a file that is written once.
//!
//! ```text
//! "LKR1" | u32 version 1 | u32 hash bits | u32 block bits | u32 rice bits | u32 bucket bits
//! u64 entries | u64 blocks | archive's id [16]
//! blocks × (u32 stream | u64 first | first 8 bytes of its root) | u32 crc of all before
//! buckets + 1 × u32 offset of a bucket in the body, in bytes | u32 crc
//! body: buckets, each: entries × (difference of hashes, Rice coded | block number) | u32 crc of the bucket
//! ```
//! All numbers little-endian.

use logkeep_storage::BlockHead;

mod bits;
mod read;
mod write;

pub(crate) use read::Run;
pub(crate) use write::write;

/// First bytes of a run.
const MAGIC: [u8; 4] = *b"LKR1";
/// Version of the layout above.
const VERSION: u32 = 1;
/// Bytes of the head before the blocks.
const HEAD_BYTES: usize = 56;
/// Bytes of a block in the head.
const PLACE_BYTES: usize = 20;
/// Entries in a bucket on average, as a power of two: 64 entries are read in some microseconds.
const BUCKET_ENTRIES_BITS: u32 = 6;
/// Hash bits beyond those that number the entries: one id that is not there finds a wrong block once in 2^n searches.
const SPARE_BITS: u32 = 2;

/// Blocks from which a run is closed: it is never merged again.
pub(crate) const CLOSED_BLOCKS_MIN: usize = 128;
/// Entries from which a run is closed however few blocks it has: they are sorted in memory, 16 bytes each.
pub(crate) const CLOSED_ENTRIES_MIN: usize = 2 << 20;
/// Hash bits of a run that is not closed: enough for the run that it will be merged into.
const OPEN_HASH_BITS: u32 = 32;

/// Whether a run of so many blocks and entries is never merged again.
pub(crate) fn is_closed(blocks: usize, entries: usize) -> bool {
    blocks >= CLOSED_BLOCKS_MIN || entries >= CLOSED_ENTRIES_MIN
}

/// Where a block is: the number of its stream, and its first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) stream: u32,
    pub(crate) first: u64,
}

/// A block as it was indexed: another one in its place has another root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedBlock {
    pub(crate) place: Place,
    /// The first bytes of its root, which depends on the bytes, the times and the salts of its records.
    pub(crate) root: [u8; 8],
}

impl Place {
    pub(crate) fn of(head: &BlockHead) -> Self {
        Self { stream: head.stream, first: head.first }
    }
}

impl IndexedBlock {
    pub(crate) fn of(head: &BlockHead) -> Self {
        let root = head.root.first_chunk().copied().unwrap_or_default();
        Self { place: Place::of(head), root }
    }
}

#[cfg(test)]
mod tests;
