//! What an import did, for people and for the exit code.

use std::collections::BTreeMap;

use logkeep_storage::{Appended, Batch, StreamName};

use crate::intake::rejected::Rejection;

/// Inputs that are named because something of them was not taken.
pub const REJECTED_SOURCES_MAX: usize = 5;

/// What became of everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Inputs that were opened.
    pub inputs: u64,
    /// Inputs of which an earlier import had taken every byte.
    pub known: u64,
    /// Records that were read and taken: stored now, or known already.
    pub records: u64,
    /// Bytes of those records.
    pub bytes: u64,
    /// Records not stored because the same id with the same bytes was there.
    pub duplicates: u64,
    /// Records stored although their id was known: the content differs.
    pub versions: u64,
    /// Inputs of which an earlier import with other options had taken every byte: these options changed nothing.
    pub known_otherwise: Vec<OtherManner>,
    /// Inputs that an earlier import with other options had taken: their records without an id are stored once more.
    pub taken_otherwise: Vec<OtherManner>,
    /// Pieces of these inputs that earlier imports could not take, and put into the folder `rejected/`.
    pub rejected_before: u64,
    /// Things put into the folder `rejected/`.
    pub rejected: u64,
    /// The first inputs of which something was put there, at most [`REJECTED_SOURCES_MAX`].
    pub rejected_sources: Vec<RejectedSource>,
    /// Empty lines.
    pub skipped_empty: u64,
    /// JSON records whose time was not found; their event time is the time they were received.
    pub without_time: u64,
    /// Lines of text without a time, before the first line that has one: their time is when they were received.
    pub lines_without_time: u64,
    /// Records without the value that the user named as their id: if they come twice they are stored twice.
    pub without_id: u64,
    /// Records whose values would have made too many streams; they went into the one for unknown records.
    pub beyond_streams: u64,
    /// JSON records stored without being looked into: nested too deep, or not UTF-8.
    pub opaque: u64,
    /// Per stream.
    pub streams: BTreeMap<StreamName, StreamCount>,
    /// Inputs that could not be read to their end.
    pub unfinished: Vec<Unfinished>,
    /// Whether it ended because it was told to.
    pub stopped: bool,
    /// Whether that was before the inputs' ends. A followed file that was waited for had been read to its end.
    pub cut_short: bool,
}

/// What went into one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamCount {
    /// Records taken.
    pub records: u64,
    /// Bytes of those records.
    pub bytes: u64,
    /// As in [`Summary::duplicates`].
    pub duplicates: u64,
    /// As in [`Summary::versions`].
    pub versions: u64,
}

/// An input that could not be read to its end. Running the same import again goes on there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Path of the input, or `-`.
    pub source: String,
    /// Up to where it was taken, in bytes after decompression.
    pub offset: u64,
    /// Why not further.
    pub reason: String,
}

/// An input that was imported with other options before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherManner {
    /// Path of the input.
    pub source: String,
    /// The options of then, as they are typed.
    pub options: String,
}

/// An input of which something could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedSource {
    /// Path of the input, or `-`.
    pub source: String,
    /// The line of the first such thing, from 1; 0 if it is about the whole input.
    pub line: u64,
    /// Why that was not taken.
    pub reason: String,
    /// How many such things there are in it.
    pub count: u64,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the inputs as they are stored, compressed or not.
    pub bytes_done: u64,
    /// Bytes of all inputs; `None` if one has no length.
    pub bytes_total: Option<u64>,
    /// Records appended.
    pub records: u64,
    /// Things rejected.
    pub rejected: u64,
}

impl Summary {
    /// Whether something could not be taken, or was not yet: the exit code is then 3.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.rejected > 0 || self.rejected_before > 0 || !self.unfinished.is_empty() || self.cut_short
    }

    /// Counts one thing that could not be taken.
    pub(crate) fn reject(&mut self, rejection: &Rejection) {
        self.rejected += 1;
        let Rejection { source, line, reason, .. } = rejection;
        if let Some(known) = self.rejected_sources.iter_mut().find(|known| known.source == *source) {
            known.count += 1;
        } else if self.rejected_sources.len() < REJECTED_SOURCES_MAX {
            let (source, reason) = (source.clone(), reason.clone());
            self.rejected_sources.push(RejectedSource { source, line: *line, reason, count: 1 });
        }
    }

    /// Counts one batch that was appended.
    pub(crate) fn add(&mut self, batch: &Batch, appended: &Appended) {
        let count = StreamCount {
            records: batch.len() as u64,
            bytes: batch.iter().map(|record| record.body.len() as u64).sum(),
            duplicates: appended.duplicates,
            versions: appended.versions,
        };
        let stream = self.streams.entry(batch.stream().clone()).or_default();
        for (sum, value) in [
            (&mut self.records, count.records),
            (&mut self.bytes, count.bytes),
            (&mut self.duplicates, count.duplicates),
            (&mut self.versions, count.versions),
            (&mut stream.records, count.records),
            (&mut stream.bytes, count.bytes),
            (&mut stream.duplicates, count.duplicates),
            (&mut stream.versions, count.versions),
        ] {
            *sum += value;
        }
    }
}
