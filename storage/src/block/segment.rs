//! Segments: the byte strings that columns are made of, each stored once in a block.
//!
//! Two columns that hold the same bytes (an id that is repeated, two columns that say the same of every record)
//! share one segment. Rows get that from zstd for nothing; columns have to look for it.

use std::collections::HashMap;

use super::hash::hash;

/// Shortest segment that is worth looking up.
const SHARED_BYTES_MIN: usize = 16;

/// Collects segments while a block is encoded.
#[derive(Debug, Default)]
pub(crate) struct SegmentWriter {
    segments: Vec<Segment>,
    numbers: HashMap<u64, Vec<u32>>,
    column: u32,
}

/// One segment and the column that brought it first.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) raw: Vec<u8>,
    pub(crate) column: u32,
}

impl SegmentWriter {
    /// New segments belong to `column` from now on.
    pub(crate) fn begin_column(&mut self, column: u32) {
        self.column = column;
    }

    /// Number of the segment that holds `raw`.
    pub(crate) fn put(&mut self, raw: Vec<u8>) -> u32 {
        if raw.len() < SHARED_BYTES_MIN {
            return self.push(raw);
        }
        let hash = hash(&raw);
        // tidy: no results here
        let known = self.numbers.get(&hash).into_iter().flatten().copied();
        if let Some(number) = known.into_iter().find(|number| self.raw(*number) == Some(&raw)) {
            return number;
        }
        let number = self.push(raw);
        self.numbers.entry(hash).or_default().push(number);
        number
    }

    /// All segments in order of their numbers.
    pub(crate) fn into_segments(self) -> Vec<Segment> {
        self.segments
    }

    fn raw(&self, number: u32) -> Option<&Vec<u8>> {
        self.segments.get(number as usize).map(|segment| &segment.raw)
    }

    fn push(&mut self, raw: Vec<u8>) -> u32 {
        self.segments.push(Segment { raw, column: self.column });
        (self.segments.len() - 1) as u32
    }
}

/// Gives the bytes of a segment back.
pub(crate) trait Segments {
    /// The raw bytes of segment `number`.
    fn segment(&self, number: u32) -> Result<&[u8], super::BlockError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_segments_are_kept_once() {
        let mut writer = SegmentWriter::default();
        let long = b"0123456789abcdef".to_vec();
        let first = writer.put(long.clone());
        writer.begin_column(1);
        let other = writer.put(b"fedcba9876543210".to_vec());
        assert_ne!(first, other);
        assert_eq!(writer.put(long), first);
        assert_eq!(writer.into_segments().iter().map(|s| s.column).collect::<Vec<_>>(), [0, 1]);
    }
}
