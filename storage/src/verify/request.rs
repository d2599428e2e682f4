//! What of an archive is to be verified: everything, all but the contents of blocks, or parts in an order.

use std::fmt;
use std::ops::Range;

use logkeep_proof::Trust;

use crate::log_key::LogKey;
use crate::stream::StreamName;

/// How much of the records' bytes is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth<'a> {
    /// All of them.
    Full,
    /// Those of the tails and of the last blocks: heads, trees, signatures and acknowledgements are checked without the
    /// contents of the other blocks.
    Quick,
    /// As `Quick`, and then these parts one after another until [`Request::go_on`] says no.
    Parts(&'a [Part]),
}

/// Some records of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The stream.
    pub stream: StreamName,
    /// Its records.
    pub records: Range<u64>,
}

/// What is to be verified, and what it is held against.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The archive's key, against which its signatures are held.
    pub key: Option<&'a LogKey>,
    /// What somebody knows from before. With neither key nor trust file nobody says whether the signatures are the
    /// archive's: checkpoints are then held against the records, and listed as unchecked.
    pub trust: Option<&'a Trust>,
    /// How much is read.
    pub depth: Depth<'a>,
    /// Whether the database's own checksums of all its files are compared, and all ids looked at.
    pub files: bool,
    /// Asked before each few blocks of [`Depth::Parts`], with the records that were read so far.
    pub go_on: &'a (dyn Fn(u64) -> bool + Sync),
    /// Told each part of [`Depth::Parts`] that was read and is right.
    pub done: &'a (dyn Fn(&Part) + Sync),
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { key: None, trust: None, depth: Depth::Full, files: true, go_on: &|_| true, done: &|_| {} }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("depth", &self.depth).field("files", &self.files).finish_non_exhaustive()
    }
}
