//! What is read until it is enough to append: records by stream, cursors, rejections.

use std::collections::{BTreeMap, HashMap};

use logkeep_storage::{Append, Batch, Cursor, StreamName, Timestamp};

use crate::intake::recognise::{Recognised, UNKNOWN_STREAM};
use crate::intake::rejected::Rejection;

/// A portion is appended when its records have so many bytes …
pub(crate) const PORTION_BYTES: u64 = 32 << 20;
/// … or when it has so many records.
pub(crate) const PORTION_RECORDS: usize = 65_536;
/// Most streams that names out of records may make in one run; further ones go to [`UNKNOWN_STREAM`].
const STREAMS_MAX: usize = 4096;

/// One append, and what must be durable before it.
#[derive(Debug, Default)]
pub(crate) struct Portion {
    pub(crate) append: Append,
    pub(crate) rejections: Vec<Rejection>,
    pub(crate) counts: Counts,
}

/// What has been seen but is not told by the append itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) empty_lines: u64,
    pub(crate) opaque: u64,
    pub(crate) without_time: u64,
    pub(crate) lines_without_time: u64,
    pub(crate) without_id: u64,
    pub(crate) beyond_streams: u64,
    /// Stored bytes of finished inputs and of the present one.
    pub(crate) bytes_done: u64,
}

/// Fills portions. Keeps the order of the records of each stream.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    batches: Vec<Batch>,
    /// Position in `batches` by stream.
    by_stream: HashMap<StreamName, usize>,
    /// The valid name of each text that stood for a stream.
    names: HashMap<Vec<u8>, StreamName>,
    /// Bytes of each stream's batch in the portion before: the next one is about as large.
    expected: HashMap<StreamName, usize>,
    /// Text and batch of the record before.
    last: Option<(Vec<u8>, usize)>,
    bytes: u64,
    records: usize,
    cursors: BTreeMap<String, Vec<u8>>,
    rejections: Vec<Rejection>,
    counts: Counts,
}

impl Gatherer {
    pub(crate) fn push(&mut self, body: &[u8], found: &Recognised<'_>, now: impl FnOnce() -> Timestamp) {
        let index = match &self.last {
            Some((name, index)) if name == found.stream => *index,
            _ => self.batch_of(found.stream, now),
        };
        let Some(batch) = self.batches.get_mut(index) else { return };
        batch.push(body, found.event.unwrap_or(batch.received()), found.id);
        self.bytes += body.len() as u64;
        self.records += 1;
    }

    pub(crate) fn reject(&mut self, rejection: Rejection) {
        self.bytes += rejection.kept.len() as u64;
        self.records += 1;
        self.rejections.push(rejection);
    }

    pub(crate) fn counts(&mut self) -> &mut Counts {
        &mut self.counts
    }

    pub(crate) fn set_cursor(&mut self, name: String, value: Vec<u8>) {
        self.cursors.insert(name, value);
    }

    /// A cursor that was set but is not in the archive yet.
    pub(crate) fn pending_cursor(&self, name: &str) -> Option<&[u8]> {
        self.cursors.get(name).map(Vec::as_slice)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= PORTION_BYTES || self.records >= PORTION_RECORDS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0 && self.cursors.is_empty()
    }

    pub(crate) fn take(&mut self) -> Portion {
        self.last = None;
        self.by_stream.clear();
        let bytes = |batch: &Batch| (batch.bytes() + batch.bytes() / 8) as usize;
        self.expected = self.batches.iter().map(|batch| (batch.stream().clone(), bytes(batch))).collect();
        (self.bytes, self.records) = (0, 0);
        let cursors = std::mem::take(&mut self.cursors);
        let cursors = cursors.into_iter().map(|(name, value)| Cursor { name, value }).collect();
        let append = Append { batches: std::mem::take(&mut self.batches), cursors };
        let counts = self.counts;
        self.counts = Counts { bytes_done: counts.bytes_done, ..Counts::default() };
        Portion { append, rejections: std::mem::take(&mut self.rejections), counts }
    }

    fn batch_of(&mut self, text: &[u8], now: impl FnOnce() -> Timestamp) -> usize {
        let beyond_before = self.counts.beyond_streams;
        let stream = self.stream_of(text);
        let index = match self.by_stream.get(&stream) {
            Some(index) => *index,
            None => {
                let bytes = self.expected.get(&stream).copied().unwrap_or_default();
                self.batches.push(Batch::with_capacity(stream.clone(), now(), bytes));
                self.by_stream.insert(stream, self.batches.len() - 1);
                self.batches.len() - 1
            }
        };
        // Without this the next record of the same name would not be counted as one of too many streams.
        self.last = (self.counts.beyond_streams == beyond_before).then(|| (text.to_vec(), index));
        index
    }

    fn stream_of(&mut self, text: &[u8]) -> StreamName {
        if let Some(stream) = self.names.get(text) {
            return stream.clone();
        }
        if self.names.len() >= STREAMS_MAX {
            self.counts.beyond_streams += 1;
            return StreamName::sanitised(UNKNOWN_STREAM);
        }
        let stream = stream_name(text);
        self.names.insert(text.to_vec(), stream.clone());
        stream
    }
}

/// The nearest valid name that is not one of logkeep's own.
fn stream_name(text: &[u8]) -> StreamName {
    let name = StreamName::sanitised(&String::from_utf8_lossy(text));
    let own = name.as_str() == "_meta" || name.as_str().starts_with("_meta/");
    if own { StreamName::sanitised(&format!("x{name}")) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(gatherer: &mut Gatherer, stream: &str, body: &str) {
        let found = Recognised { stream: stream.as_bytes(), event: None, id: None };
        gatherer.push(body.as_bytes(), &found, || Timestamp(7));
    }

    #[test]
    fn streams_are_kept_apart_and_in_order() {
        let mut gatherer = Gatherer::default();
        for (stream, body) in [("a", "1"), ("B c", "2"), ("a", "3"), ("b-c", "4"), ("_meta/x", "5")] {
            push(&mut gatherer, stream, body);
        }
        gatherer.set_cursor("n".to_owned(), b"v".to_vec());
        let portion = gatherer.take();
        let bodies =
            |batch: &Batch| batch.iter().map(|r| String::from_utf8(r.body.to_vec()).unwrap()).collect::<String>();
        let found: Vec<_> = portion.append.batches.iter().map(|b| (b.stream().as_str(), bodies(b))).collect();
        let expected = [("a", "13"), ("b-c", "24"), ("x_meta/x", "5")];
        assert_eq!(found, expected.map(|(name, text)| (name, text.to_owned())));
        assert_eq!(portion.append.cursors.len(), 1);
        assert!(gatherer.is_empty());
    }

    #[test]
    fn records_cannot_make_streams_without_end() {
        let mut gatherer = Gatherer::default();
        (0..STREAMS_MAX + 10).for_each(|n| push(&mut gatherer, &format!("s/{n}"), "x"));
        push(&mut gatherer, &format!("s/{}", STREAMS_MAX + 9), "x");
        let portion = gatherer.take();
        assert_eq!(portion.counts.beyond_streams, 11);
        assert_eq!(portion.append.batches.len(), STREAMS_MAX + 1);
        assert_eq!(portion.append.batches[STREAMS_MAX].len(), 11);
    }
}
