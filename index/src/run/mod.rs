//! A run: hashes of ids and the blocks that hold them, sorted, in a file that is written once.
//!
//! ```text
//! "LKR1" | u32 version 1 | u32 hash bits | u32 block bits | u32 rice bits | u32 bucket bits
//! u64 entries | u64 blocks | blocks × (u32 stream, u64 first) | u32 crc of all before
//! buckets + 1 × u32 offset of a bucket in the body, in bytes | u32 crc
//! body: buckets, each: entries × (difference of hashes, Rice coded | block number) | u32 crc of the bucket
//! ```
//! All numbers little-endian.

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
const HEAD_BYTES: usize = 40;
/// Bytes of a block in the head.
const PLACE_BYTES: usize = 12;
/// Entries in a bucket on average, as a power of two: 64 entries are read in some microseconds.
const BUCKET_ENTRIES_BITS: u32 = 6;
/// Hash bits beyond those that number the entries: one id that is not there finds a wrong block once in 2^n searches.
const SPARE_BITS: u32 = 2;

/// Blocks from which a run is closed: it is never merged again.
pub(crate) const CLOSED_BLOCKS_MIN: usize = 128;
/// Hash bits of a run that is not closed: enough for the run that it will be merged into.
const OPEN_HASH_BITS: u32 = 32;

/// Where a block is: the number of its stream, and its first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) stream: u32,
    pub(crate) first: u64,
}

#[cfg(test)]
mod tests;
