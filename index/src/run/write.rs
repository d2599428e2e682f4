//! Writing a run.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::bits::BitWriter;
use super::{BUCKET_ENTRIES_BITS, CLOSED_BLOCKS_MIN, MAGIC, OPEN_HASH_BITS, Place, SPARE_BITS, VERSION};
use logkeep_storage::crc32;

/// Writes a run over `places`; `entries` are `(hash, number of the place)` in any order. The file is synced.
///
/// # Errors
/// What writing the file fails with.
pub(crate) fn write(path: &Path, places: &[Place], mut entries: Vec<(u64, u32)>) -> std::io::Result<()> {
    entries.sort_unstable();
    let shape = Shape::of(entries.len() as u64, places.len() as u64);
    let (offsets, body) = body(&entries, &shape);
    let mut out = head(places, entries.len() as u64, &shape);
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
    fn of(entries: u64, blocks: u64) -> Self {
        let log = |number: u64| 64 - number.max(1).leading_zeros();
        let entry_bits = log(entries);
        let least = if blocks < CLOSED_BLOCKS_MIN as u64 { OPEN_HASH_BITS } else { 0 };
        let hash_bits = (entry_bits + SPARE_BITS).max(least).min(56);
        Self {
            hash_bits,
            block_bits: log(blocks.saturating_sub(1)),
            rice_bits: (hash_bits - entry_bits).min(32),
            bucket_bits: entry_bits.saturating_sub(BUCKET_ENTRIES_BITS),
        }
    }
}

fn head(places: &[Place], entries: u64, shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&MAGIC);
    for number in [VERSION, shape.hash_bits, shape.block_bits, shape.rice_bits, shape.bucket_bits] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&entries.to_le_bytes());
    out.extend_from_slice(&(places.len() as u64).to_le_bytes());
    for place in places {
        out.extend_from_slice(&place.stream.to_le_bytes());
        out.extend_from_slice(&place.first.to_le_bytes());
    }
    let crc = crc32(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn body(entries: &[(u64, u32)], shape: &Shape) -> (Vec<u32>, Vec<u8>) {
    let mut offsets = Vec::new();
    let mut body = Vec::new();
    let mut rest = entries;
    let in_bucket = shape.hash_bits - shape.bucket_bits;
    for bucket in 0..1_u64 << shape.bucket_bits {
        offsets.push(body.len() as u32);
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
    offsets.push(body.len() as u32);
    (offsets, body)
}
