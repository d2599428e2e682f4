//! A list of byte strings in one buffer.

use super::BlockError;
use super::ints;
use super::segment::{SegmentWriter, Segments};
use super::varint::{Reader, put};

/// Byte strings, one after another, and where each ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Values {
    /// Adds one.
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Adds one that `write` appends to the buffer.
    pub(crate) fn push_with<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.bytes)?;
        self.ends.push(self.bytes.len() as u32);
        Ok(())
    }

    /// The one at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start as usize..*self.ends.get(index)? as usize)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// Adds all of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        let base = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| base + end));
    }
}

/// Writes a list: lengths, then the bytes in one segment.
pub(crate) fn encode(values: &[&[u8]], node: &mut Vec<u8>, segments: &mut SegmentWriter) {
    let lengths: Vec<u32> = values.iter().map(|value| value.len() as u32).collect();
    ints::encode_codes(&lengths, node, segments);
    put(node, u64::from(segments.put(values.concat())));
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(count: usize, node: &mut Reader<'_>, segments: &dyn Segments) -> Result<Values, BlockError> {
    let lengths = ints::decode_codes(count, node, segments)?;
    let segment = node.number().and_then(|n| u32::try_from(n).ok()).ok_or(BlockError::Directory("bytes"))?;
    let bytes = segments.segment(segment)?;
    let mut end = 0_u64;
    let ends: Vec<u32> = lengths
        .iter()
        .map(|length| {
            end += u64::from(*length);
            end as u32
        })
        .collect();
    if end != bytes.len() as u64 {
        return Err(BlockError::Length { what: "bytes of a column", expected: end as usize, found: bytes.len() });
    }
    Ok(Values { bytes: bytes.to_vec(), ends })
}

/// Passes over what [`encode`] wrote.
pub(crate) fn skip(node: &mut Reader<'_>) -> Option<()> {
    ints::skip_codes(node)?;
    node.number().map(|_| ())
}
