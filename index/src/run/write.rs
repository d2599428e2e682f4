//! Writing a run.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::bits::BitWriter;
use super::{BUCKET_ENTRIES_BITS, IndexedBlock, MAGIC, OPEN_HASH_BITS, SPARE_BITS, VERSION, is_closed};
use logkeep_storage::crc32;

/// Writes a run over `blocks` of an archive; `entries` are `(hash, number of the block)` in any order. The file is
/// synced.
///
/// # Errors
/// What writing the file fails with; more entries than the offsets of a run can reach.
pub(crate) fn write(
    path: &Path,
    archive: &[u8; 16],
    blocks: &[IndexedBlock],
    mut entries: Vec<(u64, u32)>,
) -> std::io::Result<()> {
    entries.sort_unstable();
    let shape = Shape::of(entries.len(), blocks.len());
    let (offsets, body) = body(&entries, &shape)?;
    let mut out = head(archive, blocks, entries.len() as u64, &shape);
    let start = out.len();
    offsets.iter().for_each(|offset| out.extend_from_slice(&offset.to_le_bytes()));
    let crc = crc32(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&crc.to_le_bytes());
    let mut file = File::create(path)?;
    file.write_all(&out)?;
    file.write_all(&body)?;
    file.sync_all()
}

/// Widths that fit the number of entries and blocks.
struct Shape {
    hash_bits: u32,
    block_bits: u32,
    rice_bits: u32,
    bucket_bits: u32,
}

impl Shape {
    fn of(entries: usize, blocks: usize) -> Self {
        let log = |number: usize| 64 - (number.max(1) as u64).leading_zeros();
        let entry_bits = log(entries);
        let least = if is_closed(blocks, entries) { 0 } else { OPEN_HASH_BITS };
        let hash_bits = (entry_bits + SPARE_BITS).max(least).min(56);
        Self {
            hash_bits,
            block_bits: log(blocks.saturating_sub(1)),
            rice_bits: (hash_bits - entry_bits).min(32),
            bucket_bits: entry_bits.saturating_sub(BUCKET_ENTRIES_BITS),
        }
    }
}

fn head(archive: &[u8; 16], blocks: &[IndexedBlock], entries: u64, shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC);
    for number in [VERSION, shape.hash_bits, shape.block_bits, shape.rice_bits, shape.bucket_bits] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&entries.to_le_bytes());
    out.extend_from_slice(&(blocks.len() as u64).to_le_bytes());
    out.extend_from_slice(archive);
    for block in blocks {
        out.extend_from_slice(&block.place.stream.to_le_bytes());
        out.extend_from_slice(&block.place.first.to_le_bytes());
        out.extend_from_slice(&block.root);
    }
    let crc = crc32(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn body(entries: &[(u64, u32)], shape: &Shape) -> std::io::Result<(Vec<u32>, Vec<u8>)> {
    let mut offsets = Vec::new();
    let mut body = Vec::new();
    let mut rest = entries;
    let in_bucket = shape.hash_bits - shape.bucket_bits;
    for bucket in 0..1_u64 << shape.bucket_bits {
        offsets.push(offset(body.len())?);
        let of_bucket = |hash: u64| (hash >> (64 - shape.hash_bits)) >> in_bucket;
        let count = rest.iter().take_while(|(hash, _)| of_bucket(*hash) == bucket).count();
        let (here, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = after;
        let mut bits = BitWriter::default();
        bits.put(count as u64, 32);
        let mut before = bucket << in_bucket;
        for (hash, place) in here {
            let hash = hash >> (64 - shape.hash_bits);
            bits.put_unary((hash - before) >> shape.rice_bits);
            bits.put(hash - before, shape.rice_bits);
            bits.put(u64::from(*place), shape.block_bits);
            before = hash;
        }
        bits.align();
        let crc = crc32(&bits.bytes);
        body.extend_from_slice(&bits.bytes);
        body.extend_from_slice(&crc.to_le_bytes());
    }
    offsets.push(offset(body.len())?);
    Ok((offsets, body))
}

/// Where a bucket begins, as a run can say it.
fn offset(bytes: usize) -> std::io::Result<u32> {
    u32::try_from(bytes).map_err(|_| std::io::Error::other("more ids than one run can hold"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_run_that_is_too_long_is_not_written() {
        assert_eq!(super::offset(u32::MAX as usize).unwrap(), u32::MAX);
        assert!(super::offset(1 << 32).is_err());
    }
}
