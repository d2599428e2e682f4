//! What a verification found: for each stream how far it had to go and how far it was checked, and every finding.

use std::ops::Range;

use logkeep_proof::Hash;

use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::streams::Stream;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records that were checked.
    pub records: u64,
    /// Records there are, as the heads say.
    pub records_total: u64,
    /// Bytes of the bodies that were checked.
    pub bytes: u64,
}

/// One stream, as the handle that was verified has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedStream {
    /// Its name; a stream that is gone is named as the commitment names it.
    pub name: String,
    /// Records there must be, by what was signed and acknowledged; what is on the disk does not lower it.
    pub expected: u64,
    /// Records of the newest signed checkpoint, if there is one.
    pub signed: Option<u64>,
    /// Records that the head says there are.
    pub records: u64,
    /// Root over them, as the head says.
    pub root: Hash,
    /// Records whose bytes were hashed in this verification.
    pub checked: u64,
    /// Which of them lie in blocks: ascending, with gaps between.
    pub content: Vec<Range<u64>>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// The streams, by number; those that are gone at the end.
    pub streams: Vec<CheckedStream>,
    /// Records whose bytes were hashed and are in the tree.
    pub records: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Blocks that were looked at.
    pub blocks: u64,
    /// Acknowledged states (tips) whose root was computed again.
    pub tips: u64,
    /// Signed checkpoints that were checked.
    pub checkpoints: u64,
    /// Whether the database's own checksums of all its files were compared, and all ids looked at.
    pub files: bool,
    /// Everything that is not as it was written.
    pub damage: Vec<Damage>,
    /// What could not be checked, because damage stands before it.
    pub unchecked: Vec<String>,
    /// What is worth knowing and no damage: an append that was cut short before or just after it was stored.
    pub notes: Vec<String>,
    /// What the directory has that is worth a look: strange files, wide rights, other owners.
    pub notices: Vec<String>,
}

impl Verification {
    /// Whether there was anything to verify. An empty archive proves nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expected() == 0 && self.damage.is_empty() && self.unchecked.is_empty()
    }

    /// Records there must be, by what was signed and acknowledged.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.streams.iter().map(|stream| stream.expected).sum()
    }

    /// Adds a finding, once.
    pub fn add(&mut self, damage: Damage) {
        // One bad file shows at many doors; each finding is told once.
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
    }

    /// Begins the row of a stream that is there. What is expected of it grows with each commitment that is read.
    pub(super) fn begin(&mut self, stream: &Stream, acknowledged: u64) {
        let records = stream.head.size();
        self.streams.push(CheckedStream {
            name: stream.name.to_string(),
            expected: records.max(acknowledged),
            signed: None,
            records,
            root: stream.head.root(),
            checked: 0,
            content: Vec::new(),
        });
    }

    /// The row of a stream; a stream that is gone gets one.
    pub(super) fn row(&mut self, name: &str) -> &mut CheckedStream {
        let at = self.streams.iter().position(|row| row.name == name).unwrap_or(self.streams.len());
        if at == self.streams.len() {
            let (name, root) = (name.to_owned(), logkeep_proof::empty_root());
            let gone = CheckedStream { name, expected: 0, signed: None, records: 0, root, checked: 0, content: vec![] };
            self.streams.push(gone);
        }
        #[expect(clippy::indexing_slicing, reason = "found above, or pushed")]
        &mut self.streams[at]
    }

    /// Notes that a stream must have so many records.
    pub(super) fn expect(&mut self, name: &str, records: u64) {
        let row = self.row(name);
        row.expected = row.expected.max(records);
    }

    /// Counts the records of a block or of the tail whose bytes were hashed.
    pub(super) fn count(&mut self, name: &str, records: Range<u64>, bytes: u64, is_block: bool) {
        let count = records.end - records.start;
        self.records += count;
        self.bytes += bytes;
        let row = self.row(name);
        row.checked += count;
        if is_block {
            match row.content.last_mut() {
                Some(last) if last.end == records.start => last.end = records.end,
                _ => row.content.push(records),
            }
        }
    }

    /// Keeps damage as a finding; every other error ends the verification.
    pub(super) fn take<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Damaged(damage)) => {
                self.add(*damage);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Whether the contents of the block that begins with this record were read already.
    pub(super) fn has_read(&mut self, name: &str, first: u64) -> bool {
        self.row(name).content.iter().any(|records| records.contains(&first))
    }

    /// Puts the ranges that were read in order, and makes one of those that touch.
    pub(super) fn join_content(&mut self) {
        for row in &mut self.streams {
            let mut ranges = std::mem::take(&mut row.content);
            ranges.sort_by_key(|records| records.start);
            for records in ranges {
                match row.content.last_mut() {
                    Some(last) if last.end >= records.start => last.end = last.end.max(records.end),
                    _ => row.content.push(records),
                }
            }
        }
    }

    /// Tells each place of the database's files once: where a stream's block is named, the bare file is not again.
    pub(super) fn merge_files(&mut self) {
        let places: Vec<_> = self.damage.iter().filter(|it| it.code == DamageCode::Store).cloned().collect();
        let is_said = |bare: &Damage| {
            let says_more = |other: &Damage| {
                let located = other.stream.is_some() && (bare.offset.is_none() || other.offset == bare.offset);
                let placed = bare.offset.is_none() && other.offset.is_some();
                other.file == bare.file && other != bare && (located || placed)
            };
            bare.code == DamageCode::Store && bare.stream.is_none() && places.iter().any(says_more)
        };
        self.damage.retain(|damage| !is_said(damage));
    }
}
