//! What is appended and what comes back: records, batches, cursors.

use std::ops::Range;

use crate::stream::{RecordId, StreamName};
use crate::time::Timestamp;

/// New records of one stream, in the order in which they came.
///
/// The bodies lie in one buffer, so that a batch of a hundred thousand records costs a few allocations.
#[derive(Debug, Clone)]
pub struct Batch {
    stream: StreamName,
    received: Timestamp,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    body: Range<usize>,
    id: Option<Range<usize>>,
    event: Timestamp,
}

/// One record of a [`Batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// The provider's bytes.
    pub body: &'a [u8],
    /// When it happened, as the provider says; the received time where the record does not tell.
    pub event: Timestamp,
    /// The provider's own id, if it has one: the same id with the same bytes is kept once.
    pub id: Option<&'a [u8]>,
}

impl Batch {
    /// An empty batch of records that were received at one time.
    #[must_use]
    pub fn new(stream: StreamName, received: Timestamp) -> Self {
        Self { stream, received, bytes: Vec::new(), entries: Vec::new() }
    }

    /// An empty batch with room for so many bytes of bodies and ids.
    #[must_use]
    pub fn with_capacity(stream: StreamName, received: Timestamp, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::new(stream, received) }
    }

    /// Adds a record.
    pub fn push(&mut self, body: &[u8], event: Timestamp, id: Option<&[u8]>) {
        let body = self.keep(body);
        let id = id.map(|id| self.keep(id));
        self.entries.push(Entry { body, id, event });
    }

    /// The records' stream.
    #[must_use]
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// When the records reached us.
    #[must_use]
    pub fn received(&self) -> Timestamp {
        self.received
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no record was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes held, bodies and ids.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = NewRecord<'_>> {
        self.entries.iter().map(|entry| NewRecord {
            body: self.bytes.get(entry.body.clone()).unwrap_or_default(),
            event: entry.event,
            id: entry.id.clone().and_then(|id| self.bytes.get(id)),
        })
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

/// Where a source goes on. Committed in the same write as the records it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The source's own name for it, 512 bytes at most.
    pub name: String,
    /// Opaque to the archive, 64 KiB at most.
    pub value: Vec<u8>,
}

/// What one append stores: all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// Batches of different streams, or several of one.
    pub batches: Vec<Batch>,
    /// Cursors to move together with the records.
    pub cursors: Vec<Cursor>,
}

/// What became of one [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The batch's stream.
    pub stream: StreamName,
    /// Indexes given to the records that were stored.
    pub indexes: Range<u64>,
    /// Records not stored because the same id with the same bytes is there already.
    pub duplicates: u64,
    /// Records stored although their id is known: the content differs.
    pub versions: u64,
}

/// A record as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Stream and index.
    pub id: RecordId,
    /// The provider's bytes, exactly.
    pub body: Vec<u8>,
    /// When it happened.
    pub event: Timestamp,
    /// When it reached us.
    pub received: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_was_pushed() {
        let mut batch = Batch::new("a/b".parse().unwrap(), Timestamp(5));
        batch.push(b"{}", Timestamp(1), None);
        batch.push(b"", Timestamp(2), Some(b"id"));
        let records: Vec<_> = batch.iter().collect();
        assert_eq!(records[0], NewRecord { body: b"{}", event: Timestamp(1), id: None });
        assert_eq!(records[1], NewRecord { body: b"", event: Timestamp(2), id: Some(b"id") });
        assert_eq!((batch.len(), batch.bytes()), (2, 4));
    }
}
