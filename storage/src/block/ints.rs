//! A list of integers as planes of bytes: the difference from the smallest, or from the one before.

use super::BlockError;
use super::segment::{SegmentWriter, Segments};
use super::varint::{Reader, put, put_signed, unzigzag, zigzag};

/// Each number minus the smallest.
const FROM_SMALLEST: u8 = 0;
/// Each number minus the one before.
const FROM_PREVIOUS: u8 = 1;

/// Writes `values`: what is constant goes to `node`, what varies to segments, one a byte of the difference.
///
/// Bytes of one weight have their own statistics, so a plane of its own compresses better than whole numbers.
pub(crate) fn encode(values: &[i64], node: &mut Vec<u8>, segments: &mut SegmentWriter) {
    let smallest = values.iter().copied().min().unwrap_or(0);
    let offsets: Vec<u64> = values.iter().map(|value| value.wrapping_sub(smallest) as u64).collect();
    let steps = steps(values);
    let (plain, stepped) = (width(&offsets, unit(&offsets)), width(&steps, unit(&steps)));
    let (mode, first, numbers) = if stepped < plain {
        (FROM_PREVIOUS, values.first().copied().unwrap_or(0), steps)
    } else {
        (FROM_SMALLEST, smallest, offsets)
    };
    node.push(mode);
    put_signed(node, first);
    encode_planes(&numbers, node, segments);
}

/// Reads `count` numbers that [`encode`] wrote.
pub(crate) fn decode(count: usize, node: &mut Reader<'_>, segments: &dyn Segments) -> Result<Vec<i64>, BlockError> {
    let mode = node.byte().ok_or(BlockError::Directory("mode of integers"))?;
    let first = node.signed().ok_or(BlockError::Directory("first integer"))?;
    let numbers = decode_planes(count, node, segments)?;
    match mode {
        FROM_SMALLEST => Ok(numbers.iter().map(|number| first.wrapping_add(*number as i64)).collect()),
        FROM_PREVIOUS => {
            let mut value = first;
            Ok(numbers
                .iter()
                .map(|number| {
                    value = value.wrapping_add(unzigzag(*number));
                    value
                })
                .collect())
        }
        _ => Err(BlockError::Directory("mode of integers")),
    }
}

/// Writes numbers that are small and not negative: codes of a dictionary, lengths.
pub(crate) fn encode_codes(codes: &[u32], node: &mut Vec<u8>, segments: &mut SegmentWriter) {
    let numbers: Vec<u64> = codes.iter().map(|code| u64::from(*code)).collect();
    encode_planes(&numbers, node, segments);
}

/// Reads what [`encode_codes`] wrote.
pub(crate) fn decode_codes(
    count: usize,
    node: &mut Reader<'_>,
    segments: &dyn Segments,
) -> Result<Vec<u32>, BlockError> {
    let before = *node;
    if let (Some(1), Some(1)) = (node.number(), node.byte()) {
        return Ok(decode_plane(count, node, segments)?.iter().map(|byte| u32::from(*byte)).collect());
    }
    *node = before;
    let numbers = decode_planes(count, node, segments)?;
    numbers.iter().map(|number| u32::try_from(*number).map_err(|_| BlockError::Directory("code"))).collect()
}

/// Passes over what [`encode`] wrote.
pub(crate) fn skip(node: &mut Reader<'_>) -> Option<()> {
    node.byte()?;
    node.number()?;
    skip_codes(node)
}

/// Passes over what [`encode_codes`] wrote.
pub(crate) fn skip_codes(node: &mut Reader<'_>) -> Option<()> {
    node.number()?;
    for _ in 0..node.byte()? {
        node.number()?;
    }
    Some(())
}

fn encode_planes(numbers: &[u64], node: &mut Vec<u8>, segments: &mut SegmentWriter) {
    let unit = unit(numbers);
    let width = width(numbers, unit);
    put(node, unit);
    node.push(width);
    for plane in 0..u32::from(width) {
        let bytes = numbers.iter().map(|number| ((number / unit) >> (8 * plane)) as u8).collect();
        put(node, u64::from(segments.put(bytes)));
    }
}

fn decode_planes(count: usize, node: &mut Reader<'_>, segments: &dyn Segments) -> Result<Vec<u64>, BlockError> {
    let unit = node.number().ok_or(BlockError::Directory("unit of integers"))?;
    let width = node.byte().filter(|width| *width <= 8).ok_or(BlockError::Directory("width of integers"))?;
    let mut numbers = vec![0_u64; count];
    for plane in 0..u32::from(width) {
        for (number, byte) in numbers.iter_mut().zip(decode_plane(count, node, segments)?) {
            *number |= u64::from(*byte) << (8 * plane);
        }
    }
    if unit != 1 {
        numbers.iter_mut().for_each(|number| *number = number.wrapping_mul(unit));
    }
    Ok(numbers)
}

/// One byte of each number.
fn decode_plane<'s>(count: usize, node: &mut Reader<'_>, segments: &'s dyn Segments) -> Result<&'s [u8], BlockError> {
    let segment = node.number().and_then(|n| u32::try_from(n).ok()).ok_or(BlockError::Directory("plane"))?;
    let bytes = segments.segment(segment)?;
    if bytes.len() == count {
        return Ok(bytes);
    }
    Err(BlockError::Length { what: "plane of integers", expected: count, found: bytes.len() })
}

fn steps(values: &[i64]) -> Vec<u64> {
    let mut before = values.first().copied().unwrap_or(0);
    values
        .iter()
        .map(|value| {
            let step = value.wrapping_sub(before);
            before = *value;
            zigzag(step)
        })
        .collect()
}

/// Largest number that divides all; 1 for none.
fn unit(numbers: &[u64]) -> u64 {
    let mut unit = 0;
    for number in numbers {
        unit = greatest_common_divisor(unit, *number);
        if unit == 1 {
            break;
        }
    }
    unit.max(1)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Bytes that the largest number needs.
fn width(numbers: &[u64], unit: u64) -> u8 {
    let largest = numbers.iter().copied().max().unwrap_or(0) / unit;
    (8 - largest.leading_zeros() / 8) as u8
}

#[cfg(test)]
mod tests {
    use super::super::tests::Memory;
    use super::*;
    use proptest::prelude::*;

    fn check(values: &[i64]) -> usize {
        let (mut node, mut writer) = (Vec::new(), SegmentWriter::default());
        encode(values, &mut node, &mut writer);
        let memory = Memory::from(writer);
        let mut reader = Reader(&node);
        assert_eq!(decode(values.len(), &mut reader, &memory).unwrap(), values);
        assert!(reader.is_empty());
        memory.bytes()
    }

    #[test]
    fn costs_only_what_varies() {
        assert_eq!(check(&[]), 0);
        assert_eq!(check(&[7; 100]), 0);
        assert_eq!(check(&[1_000_000, 1_000_255]), 2);
        assert_eq!(check(&[0, 1000, 2000, 255_000]), 4, "a common unit is divided out");
        let rising: Vec<i64> = (0..1000).map(|i| i * 1_000_003).collect();
        assert_eq!(check(&rising), 1000, "steps");
        check(&[i64::MIN, i64::MAX, 0, -1]);
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(values: Vec<i64>) {
            check(&values);
        }
    }
}
