//! Proof bundles: records, and all it takes to show a stranger that they stood in an archive.
//!
//! `docs/bundle.md` has the form and its reasons. [`Writer`] writes one record after another,
//! [`Bundle::parse`] reads, [`Bundle::check`] judges, [`ProvenLog::export`] turns it
//! into files that other programs check.

mod export;
mod read;
#[cfg(test)]
mod tests;
mod verdict;
mod write;

pub use export::Exported;
pub use verdict::{Anchor, Flaw, RangeVerdict, StreamVerdict};
pub use write::Writer;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::leaf::{Leaf, commitment};
use crate::note::Note;
use crate::salt::Salt;

/// The first line.
const TITLE: &str = "logkeep-bundle/v1";
/// The last line.
const END: &str = "end";
/// The stream in which an archive repeats the checkpoints of its other streams.
pub const META: &str = "_meta";

/// A bundle as it was read: well-formed, and **nothing in it to be believed before
/// [`Bundle::check`]**.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle<'a> {
    /// The archive's name; each origin is it, `/` and the stream.
    pub archive: &'a str,
    /// A policy, by the word of whoever made the bundle.
    pub policy: &'a [u8],
    /// In the order of their origins.
    pub logs: Vec<ProvenLog<'a>>,
}

/// A stream: its checkpoint, and some of its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenLog<'a> {
    /// With the signatures of the log and of witnesses.
    pub note: Note,
    /// The note's text.
    pub checkpoint: Checkpoint,
    /// In the order of their indexes, with a gap between two.
    pub ranges: Vec<ProvenRange<'a>>,
}

/// Records that stand side by side, and the path that all of them share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRange<'a> {
    /// Index of the first record.
    pub first: u64,
    /// At least one.
    pub records: Vec<ProvenRecord<'a>>,
    /// See [`crate::range`].
    pub path: Vec<crate::Hash>,
}

/// A record: the bytes, and with them everything of its leaf but the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvenRecord<'a> {
    /// When it happened, by the provider: nanoseconds since 1970, UTC.
    pub event_ns: i64,
    /// When it reached the archive: nanoseconds since 1970, UTC.
    pub received_ns: i64,
    /// Of this record alone.
    pub salt: Salt,
    /// The exact bytes.
    pub body: &'a [u8],
}

impl ProvenRecord<'_> {
    /// The leaf that a tree has for this record at this index.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Leaf {
        Leaf {
            index,
            event_ns: self.event_ns,
            received_ns: self.received_ns,
            body_len: self.body.len() as u64,
            commitment: commitment(&self.salt, self.body),
        }
    }
}

impl ProvenRange<'_> {
    /// Index after the last record.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.records.len() as u64)
    }

    /// The hashes of the leaves, made from the records.
    fn leaf_hashes(&self) -> Vec<crate::Hash> {
        let mut scratch = Vec::new();
        self.records.iter().zip(self.first..).map(|(record, index)| record.leaf(index).hash(&mut scratch)).collect()
    }
}

impl Bundle<'_> {
    /// All records.
    #[must_use]
    pub fn record_count(&self) -> u64 {
        self.logs.iter().flat_map(|log| &log.ranges).map(|range| range.records.len() as u64).sum()
    }
}

/// The stream's name, if the origin is one of the archive.
fn stream_of<'o>(archive: &str, origin: &'o str) -> Option<&'o str> {
    origin.strip_prefix(archive)?.strip_prefix('/').filter(|stream| !stream.is_empty())
}

/// What two logs, or two ranges, must be to each other.
fn is_in_order(rises: bool, what: &'static str, expected: &'static str, got: &str) -> Result<(), Error> {
    if rises { Ok(()) } else { Err(Error::form(what, expected, got.as_bytes())) }
}
