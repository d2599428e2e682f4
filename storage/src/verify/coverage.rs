//! When the contents of which records were read last: what a rolling verification goes by.
//!
//! Derived: without it everything counts as never read. It is no evidence of anything, only an order of work.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::stream::StreamName;
use crate::time::Timestamp;
use crate::tree::GROUP_RECORDS;
use crate::verify::{Part, Verification};

/// First line of the text.
const TITLE: &str = "logkeep verified 1";
/// Records that are read in one go: a part.
const PART_RECORDS: u64 = 64 * GROUP_RECORDS;
/// A longer text is none of ours.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// For each stream, which records were read when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    streams: BTreeMap<String, Vec<Span>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    records: Range<u64>,
    at: Timestamp,
}

impl Coverage {
    /// Reads what [`Coverage::text`] wrote; `None` if it is anything else, or damaged.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= TEXT_BYTES_MAX)?;
        let (body, crc) = text.strip_suffix('\n')?.rsplit_once("\ncrc ")?;
        let mut lines = body.lines();
        if lines.next() != Some(TITLE) || u32::from_str_radix(crc, 16) != Ok(crc32fast::hash(body.as_bytes())) {
            return None;
        }
        let mut coverage = Self::default();
        for line in lines {
            let mut words = line.split(' ');
            let (stream, from, to) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            coverage.mark(stream, from..to, Timestamp(words.next()?.parse().ok()?));
        }
        Some(coverage)
    }

    /// The text, which ends with its own CRC32.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = TITLE.to_owned();
        for (stream, spans) in &self.streams {
            for Span { records, at } in spans {
                // Writing into a string cannot fail.
                let _ = write!(text, "\n{stream} {} {} {}", records.start, records.end, at.0);
            }
        }
        let crc = crc32fast::hash(text.as_bytes());
        format!("{text}\ncrc {crc:08x}\n")
    }

    /// Notes that these records were read at a time; what was known of them before is forgotten.
    pub fn mark(&mut self, stream: &str, records: Range<u64>, at: Timestamp) {
        if records.is_empty() {
            return;
        }
        let spans = self.streams.entry(stream.to_owned()).or_default();
        let mut kept: Vec<Span> = Vec::with_capacity(spans.len() + 2);
        for Span { records: old, at } in spans.drain(..) {
            let before = old.start..old.end.min(records.start);
            let after = old.start.max(records.end)..old.end;
            kept.extend(
                [before, after].into_iter().filter(|rest| !rest.is_empty()).map(|records| Span { records, at }),
            );
        }
        kept.push(Span { records, at });
        kept.sort_by_key(|span| span.records.start);
        for span in kept {
            match spans.last_mut() {
                Some(last) if last.records.end == span.records.start && last.at == span.at => {
                    last.records.end = span.records.end;
                }
                _ => spans.push(span),
            }
        }
    }

    /// Notes what a verification has read. The last block of a stream may be replaced by another, so only whole groups
    /// of records count.
    pub fn mark_all(&mut self, report: &Verification, at: Timestamp) {
        for stream in &report.streams {
            for records in &stream.content {
                let whole = records.start.next_multiple_of(GROUP_RECORDS)..records.end / GROUP_RECORDS * GROUP_RECORDS;
                self.mark(&stream.name, whole, at);
            }
        }
    }

    /// All whole groups of these streams in parts: what was never read first, then the one that was read longest ago.
    #[must_use]
    pub fn parts(&self, streams: &[(StreamName, u64)]) -> Vec<Part> {
        let mut parts = self.dated(streams);
        parts.sort_by_key(|(at, _)| *at);
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// Those of the parts that hold a record which was never read.
    #[must_use]
    pub fn unread(&self, streams: &[(StreamName, u64)]) -> Vec<Part> {
        let never = |(at, part): (Option<Timestamp>, Part)| at.is_none().then_some(part);
        self.dated(streams).into_iter().filter_map(never).collect()
    }

    /// The parts, each with the time when its record was read that was read longest ago.
    fn dated(&self, streams: &[(StreamName, u64)]) -> Vec<(Option<Timestamp>, Part)> {
        let mut parts = Vec::new();
        for (stream, records) in streams {
            let end = records / GROUP_RECORDS * GROUP_RECORDS;
            for from in (0..end).step_by(PART_RECORDS as usize) {
                let records = from..(from + PART_RECORDS).min(end);
                let part = Part { stream: stream.clone(), records: records.clone() };
                parts.push((self.oldest(stream.as_str(), records), part));
            }
        }
        parts
    }

    /// Records of whole groups of these streams that were read at this time or later, and how many there are.
    #[must_use]
    pub fn since(&self, streams: &[(StreamName, u64)], time: Timestamp) -> (u64, u64) {
        let (mut read, mut all) = (0, 0);
        for (stream, records) in streams {
            let end = records / GROUP_RECORDS * GROUP_RECORDS;
            all += end;
            let spans = self.streams.get(stream.as_str()).map(Vec::as_slice).unwrap_or_default();
            for span in spans.iter().filter(|span| span.at >= time) {
                read += span.records.end.min(end).saturating_sub(span.records.start);
            }
        }
        (read, all)
    }

    /// When the record was read that was read longest ago; `None` if one never was.
    fn oldest(&self, stream: &str, records: Range<u64>) -> Option<Timestamp> {
        let (mut next, mut oldest) = (records.start, None);
        for span in self.streams.get(stream)?.iter().filter(|span| span.records.end > records.start) {
            if next >= records.end {
                break;
            }
            if span.records.start > next {
                return None;
            }
            next = span.records.end;
            oldest = Some(oldest.map_or(span.at, |oldest: Timestamp| oldest.min(span.at)));
        }
        oldest.filter(|_| next >= records.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> StreamName {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_never_read_comes_first_then_the_oldest() {
        let streams = [(name("a/a"), 3 * PART_RECORDS + 5), (name("b/b"), PART_RECORDS)];
        let mut coverage = Coverage::default();
        assert_eq!(coverage.since(&streams, Timestamp(0)), (0, 4 * PART_RECORDS));
        coverage.mark("a/a", 0..PART_RECORDS, Timestamp(7));
        coverage.mark("a/a", PART_RECORDS..2 * PART_RECORDS, Timestamp(5));
        coverage.mark("b/b", 0..PART_RECORDS - GROUP_RECORDS, Timestamp(1));
        let order: Vec<_> =
            coverage.parts(&streams).iter().map(|part| (part.stream.to_string(), part.records.start)).collect();
        let expected = [("a/a", 2 * PART_RECORDS), ("b/b", 0), ("a/a", PART_RECORDS), ("a/a", 0)];
        assert_eq!(order, expected.map(|(stream, from)| (stream.to_owned(), from)));
        assert_eq!(coverage.since(&streams, Timestamp(6)), (PART_RECORDS, 4 * PART_RECORDS));
    }

    #[test]
    fn parts_of_which_only_some_was_read_are_all_unread() {
        let streams = [(name("a/a"), 3 * PART_RECORDS)];
        let mut coverage = Coverage::default();
        coverage.mark("a/a", 0..PART_RECORDS + PART_RECORDS / 2, Timestamp(1));
        coverage.mark("a/a", 2 * PART_RECORDS..3 * PART_RECORDS - GROUP_RECORDS, Timestamp(1));
        let from: Vec<_> = coverage.unread(&streams).iter().map(|part| part.records.start).collect();
        assert_eq!(from, [PART_RECORDS, 2 * PART_RECORDS]);
    }

    #[test]
    fn every_changed_byte_makes_it_nothing() {
        let mut coverage = Coverage::default();
        coverage.mark("a/b", 0..1024, Timestamp(-3));
        coverage.mark("a/b", 2048..4096, Timestamp(9));
        let text = coverage.text();
        assert_eq!(Coverage::parse(text.as_bytes()), Some(coverage));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            assert_eq!(Coverage::parse(&changed), None, "byte {at}");
            assert_eq!(Coverage::parse(&text.as_bytes()[..at]), None, "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn the_last_mark_of_each_record_counts(marks in prop::collection::vec((0_u64..40, 0_u64..40, 0_i64..5), 0..20)) {
            let (mut coverage, mut known) = (Coverage::default(), [None; 80]);
            for (from, length, at) in marks {
                coverage.mark("a/b", from..from + length, Timestamp(at));
                (from..from + length).for_each(|record| known[record as usize] = Some(Timestamp(at)));
            }
            for record in 0..80_u64 {
                prop_assert_eq!(coverage.oldest("a/b", record..record + 1), known[record as usize]);
            }
            prop_assert_eq!(Coverage::parse(coverage.text().as_bytes()), Some(coverage));
        }
    }
}
