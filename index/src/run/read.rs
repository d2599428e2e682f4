//! Reading a run: which blocks may hold an id.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::bits::BitReader;
use super::{HEAD_BYTES, IndexedBlock, MAGIC, PLACE_BYTES, Place, VERSION, is_closed};
use crate::error::{Error, Result};
use logkeep_storage::crc32;

/// Most bytes of a run's head and bucket offsets.
const HEAD_BYTES_MAX: u64 = 1 << 30;

/// An open run. Only its head is in memory; a look-up reads one bucket.
#[derive(Debug)]
pub(crate) struct Run {
    path: PathBuf,
    file: File,
    blocks: Vec<IndexedBlock>,
    entries: u64,
    offsets_at: u64,
    body_at: u64,
    body_bytes: u64,
    hash_bits: u32,
    block_bits: u32,
    rice_bits: u32,
    bucket_bits: u32,
}

impl Run {
    /// Opens a run of an archive and checks its head.
    ///
    /// # Errors
    /// [`Error::Damaged`] for anything that [`super::write`] does not write, and for a run of another archive.
    pub(crate) fn open(path: &Path, archive: &[u8; 16]) -> Result<Self> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let damaged = |problem: &str| Error::Damaged { path: path.to_owned(), problem: problem.to_owned() };
        let mut fixed = [0_u8; HEAD_BYTES];
        file.read_exact_at(&mut fixed, 0).map_err(|_| damaged("is cut"))?;
        let u32_at = |at: usize| fixed.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
        let u64_at = |at: usize| fixed.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b));
        if !fixed.starts_with(&MAGIC) || u32_at(4) != VERSION {
            return Err(damaged("is no run of this version"));
        }
        let (hash_bits, block_bits, rice_bits, bucket_bits) = (u32_at(8), u32_at(12), u32_at(16), u32_at(20));
        let (entries, blocks) = (u64_at(24), u64_at(32));
        let head_bytes = blocks.checked_mul(PLACE_BYTES as u64).and_then(|bytes| bytes.checked_add(HEAD_BYTES as u64));
        let head_bytes = head_bytes.filter(|bytes| *bytes < length.min(HEAD_BYTES_MAX));
        let head_bytes = head_bytes.ok_or_else(|| damaged("names more blocks than it has"))?;
        let mut head = vec![0; head_bytes as usize + 4];
        file.read_exact_at(&mut head, 0).map_err(|_| damaged("is cut"))?;
        let (body, crc) = head.split_at_checked(head_bytes as usize).unwrap_or_default();
        if crc32(body).to_le_bytes() != crc {
            return Err(damaged("has a head with a wrong CRC32"));
        }
        if !body.get(HEAD_BYTES - archive.len()..).is_some_and(|id| id.starts_with(archive)) {
            return Err(damaged("is of another archive"));
        }
        if !(1..=56).contains(&hash_bits)
            || bucket_bits > hash_bits
            || bucket_bits > 40
            || block_bits > 32
            || rice_bits > 32
        {
            return Err(damaged("has impossible widths"));
        }
        let (places, _) = body.get(HEAD_BYTES..).unwrap_or_default().as_chunks::<PLACE_BYTES>();
        let blocks = places.iter().map(|bytes| {
            let (stream, rest) = bytes.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
            let (first, root) = rest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
            let place = Place { stream: u32::from_le_bytes(*stream), first: u64::from_le_bytes(*first) };
            IndexedBlock { place, root: root.first_chunk().copied().unwrap_or_default() }
        });
        let blocks = blocks.collect();
        let offsets_at = head_bytes + 4;
        let body_at = offsets_at + ((1_u64 << bucket_bits) + 1) * 4 + 4;
        if body_at > length {
            return Err(damaged("is cut"));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            blocks,
            entries,
            offsets_at,
            body_at,
            body_bytes: length - body_at,
            hash_bits,
            block_bits,
            rice_bits,
            bucket_bits,
        })
    }

    /// The blocks that the run covers.
    pub(crate) fn blocks(&self) -> &[IndexedBlock] {
        &self.blocks
    }

    /// Whether it is never merged with others again.
    pub(crate) fn is_closed(&self) -> bool {
        is_closed(self.blocks.len(), self.entries as usize)
    }

    /// Blocks that may hold the id of this hash.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bucket is not as it was written.
    pub(crate) fn find(&self, hash: u64) -> Result<Vec<Place>> {
        let hash = hash >> (64 - self.hash_bits);
        let in_bucket = self.hash_bits - self.bucket_bits;
        let bucket = hash >> in_bucket;
        let mut found = Vec::new();
        self.bucket(bucket, |entry, place| {
            if entry == hash {
                found.push(place);
            }
        })?;
        Ok(found)
    }

    /// All entries as [`super::write`] takes them, hashes cut to the bits that the run keeps.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a bucket is not as it was written.
    pub(crate) fn entries_of_all(&self) -> Result<Vec<(u64, u32)>> {
        let numbers: std::collections::HashMap<Place, u32> =
            self.blocks.iter().enumerate().map(|(number, block)| (block.place, number as u32)).collect();
        let mut entries = Vec::new();
        for bucket in 0..1_u64 << self.bucket_bits {
            self.bucket(bucket, |hash, place| {
                let number = numbers.get(&place).copied().unwrap_or_default();
                entries.push((hash << (64 - self.hash_bits), number));
            })?;
        }
        Ok(entries)
    }

    /// How many bits of a hash it keeps.
    pub(crate) fn hash_bits(&self) -> u32 {
        self.hash_bits
    }

    /// Checks every bucket and the offsets, and hands out all entries in order, their hashes cut to the bits that the
    /// run keeps; gives their number.
    ///
    /// # Errors
    /// [`Error::Damaged`] for the first thing that is not as it was written.
    pub(crate) fn check(&self, each: &mut dyn FnMut(u64, Place)) -> Result<u64> {
        let length = (self.body_at - self.offsets_at) as usize;
        let mut offsets = vec![0; length];
        self.file.read_exact_at(&mut offsets, self.offsets_at).map_err(|_| self.damaged("is cut"))?;
        let (offsets, crc) = offsets.split_at_checked(length - 4).unwrap_or_default();
        if crc32(offsets).to_le_bytes() != crc {
            return Err(self.damaged("has offsets with a wrong CRC32"));
        }
        let mut entries = 0;
        for bucket in 0..1_u64 << self.bucket_bits {
            self.bucket(bucket, |hash, place| {
                entries += 1;
                each(hash, place);
            })?;
        }
        let last = offsets.last_chunk::<4>().map_or(0, |end| u64::from(u32::from_le_bytes(*end)));
        let length = self.file.metadata().map(|data| data.len()).unwrap_or(0);
        if self.body_at + last == length { Ok(entries) } else { Err(self.damaged("has bytes too many or too few")) }
    }

    fn bucket(&self, bucket: u64, mut entry: impl FnMut(u64, Place)) -> Result<()> {
        let mut bounds = [0_u8; 8];
        self.file.read_exact_at(&mut bounds, self.offsets_at + bucket * 4).map_err(|_| self.damaged("is cut"))?;
        let (from, to) = bounds.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        let from = u32::from_le_bytes(*from);
        let to = u32::from_le_bytes(to.first_chunk().copied().unwrap_or_default());
        // The offsets have a checksum only as a whole: nothing is made room for that cannot be there.
        let length = to.checked_sub(from).filter(|length| *length >= 8 && u64::from(to) <= self.body_bytes);
        let length = length.ok_or_else(|| self.damaged("has bad offsets"))?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, self.body_at + u64::from(from)).map_err(|_| self.damaged("is cut"))?;
        let (bytes, crc) = bytes.split_at_checked(length as usize - 4).unwrap_or_default();
        if crc32(bytes).to_le_bytes() != crc {
            return Err(self.damaged("has a bucket with a wrong CRC32"));
        }
        let in_bucket = self.hash_bits - self.bucket_bits;
        self.entries(bytes, bucket << in_bucket, &mut entry).ok_or_else(|| self.damaged("has a bucket that ends early"))
    }

    fn entries(&self, bytes: &[u8], first: u64, entry: &mut impl FnMut(u64, Place)) -> Option<()> {
        let mut bits = BitReader { bytes, at: 0 };
        let count = bits.take(32)?;
        let mut hash = first;
        for _ in 0..count {
            hash = hash.checked_add((bits.unary()? << self.rice_bits) | bits.take(self.rice_bits)?)?;
            let place = bits.take(self.block_bits)?;
            entry(hash, self.blocks.get(place as usize)?.place);
        }
        Some(())
    }

    fn damaged(&self, problem: &str) -> Error {
        Error::Damaged { path: self.path.clone(), problem: problem.to_owned() }
    }
}
