//! A sealed block: consecutive records of one stream as a head and chunks, byte-exact.

mod naive;

use logkeep_proof::Hash;

use crate::error::Error;
use crate::time::Timestamp;

pub use naive::BlockHead;
pub(crate) use naive::{DecodedRows, decode, encode};

/// One record as the codec sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) event: Timestamp,
    pub(crate) received: Timestamp,
}

/// What the head carries besides the rows.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// Index of the first record.
    pub(crate) first: u64,
    /// The salt of the records' leaves.
    pub(crate) salt: [u8; 32],
    /// Root of the subtree over the records' leaves.
    pub(crate) root: Hash,
    /// The stream's number.
    pub(crate) stream: u32,
}

/// A block as it is stored; chunk i is stored under number i.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodedBlock {
    pub(crate) head: Vec<u8>,
    pub(crate) chunks: Vec<Vec<u8>>,
}

/// Where a decoder gets a block's chunks from.
pub(crate) trait ChunkSource: Send + Sync {
    /// The chunk of this number, as it was encoded.
    fn chunk(&self, number: u16) -> Result<Vec<u8>, Error>;
}

impl ChunkSource for Vec<Vec<u8>> {
    fn chunk(&self, number: u16) -> Result<Vec<u8>, Error> {
        self.get(usize::from(number)).cloned().ok_or_else(|| crate::damage::missing_chunk(number).into())
    }
}

/// Why a block cannot be decoded, or not be encoded.
#[derive(Debug)]
pub(crate) enum BlockError {
    /// The head is not one.
    Head { expected: String, found: String },
    /// A chunk, or the column in it, is not what the head says.
    Chunk { chunk: String, expected: String, found: String },
    /// The chunk could not be had.
    Source(Error),
}
