//! A block's head: what is known of the block without reading its chunks, and the directory of the chunks.

use std::sync::OnceLock;

use super::varint::{Reader, put, put_bytes};
use super::zstd_frame::{compress, decompress};
use super::{BLOCK_RAW_BYTES_MAX, BLOCK_RECORDS_MAX, BlockError};
use crate::time::Timestamp;

/// First bytes of a block head.
pub(crate) const BLOCK_MAGIC: [u8; 4] = *b"LKB1";
/// Bytes of a block head before its directory.
pub(crate) const BLOCK_HEAD_BYTES: usize = 152;
/// Longest directory that is read.
const DIRECTORY_BYTES_MAX: usize = 256 << 20;

/// What is known of a block without reading its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHead {
    /// Number of the stream.
    pub stream: u32,
    /// Index of its first record.
    pub first: u64,
    /// Records in it.
    pub count: u32,
    /// Bytes of all bodies.
    pub raw_bytes: u64,
    /// Bytes of all chunks as stored.
    pub stored_bytes: u64,
    /// Earliest and latest event time.
    pub events: (Timestamp, Timestamp),
    /// Earliest and latest received time.
    pub received: (Timestamp, Timestamp),
    /// RFC 6962 root of the block's leaves.
    pub root: [u8; 32],
    /// From which the records' salts are derived.
    pub salt: [u8; 32],
    pub(crate) directory: LazyDirectory,
}

/// A directory that is taken apart when it is first wanted: most searches pass most blocks over.
#[derive(Debug, Clone, Default)]
pub(crate) struct LazyDirectory {
    compressed: Vec<u8>,
    raw_bytes: usize,
    parsed: OnceLock<Directory>,
}

impl LazyDirectory {
    pub(crate) fn get(&self) -> Result<&Directory, BlockError> {
        if let Some(directory) = self.parsed.get() {
            return Ok(directory);
        }
        let raw = decompress(&self.compressed, self.raw_bytes, 0)
            .map_err(|_| BlockError::Head("has a directory that cannot be decompressed"))?;
        let directory = Directory::parse(&raw).ok_or(BlockError::Directory("structure"))?;
        Ok(self.parsed.get_or_init(|| directory))
    }
}

impl PartialEq for LazyDirectory {
    fn eq(&self, other: &Self) -> bool {
        self.compressed == other.compressed
    }
}

impl Eq for LazyDirectory {}

impl From<Directory> for LazyDirectory {
    fn from(directory: Directory) -> Self {
        Self { parsed: OnceLock::from(directory), ..Self::default() }
    }
}

/// What is in which chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) chunks: Vec<ChunkHead>,
    pub(crate) segments: Vec<SegmentHead>,
    pub(crate) rows_node: Vec<u8>,
    pub(crate) columns: Vec<ColumnHead>,
}

/// A chunk's length and checksum; `raw_bytes` is 0 where the chunk as a whole is not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkHead {
    pub(crate) stored_bytes: u32,
    pub(crate) raw_bytes: u32,
    pub(crate) crc: u32,
}

/// Where a segment lies. Segments of a chunk follow one another in order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) chunk: u32,
    pub(crate) raw_bytes: u32,
    pub(crate) stored_bytes: u32,
}

/// A column: what a search wants to know before it reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHead {
    /// Path of its values: keys joined by `.`, members of arrays `[]`, as in `evidence[].ipAddress`; the empty path
    /// is a record as a whole.
    pub path: String,
    /// Number of values.
    pub count: u32,
    /// Whether every record has exactly one value.
    pub dense: bool,
    /// Kinds of characters in the raw values, see [`super::mask()`].
    pub mask: u64,
    /// Bytes of the longest raw value.
    pub longest: u32,
    pub(crate) node: Vec<u8>,
}

impl BlockHead {
    /// The columns in order of their first occurrence.
    ///
    /// # Errors
    /// When the directory is damaged.
    pub fn columns(&self) -> Result<&[ColumnHead], BlockError> {
        Ok(&self.directory.get()?.columns)
    }

    /// Number of chunks.
    pub(crate) fn chunk_count(&self) -> Result<u16, BlockError> {
        Ok(self.directory.get()?.chunks.len() as u16)
    }

    /// The head's bytes.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, BlockError> {
        let directory = self.directory.get()?.encode();
        let compressed = compress(&directory)?;
        let mut out = Vec::with_capacity(BLOCK_HEAD_BYTES + compressed.len());
        out.extend_from_slice(&BLOCK_MAGIC);
        out.extend_from_slice(&[1, 0, 0, 0]);
        out.extend_from_slice(&self.stream.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        for number in [self.first, self.raw_bytes, self.stored_bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for time in [self.events.0, self.events.1, self.received.0, self.received.1] {
            out.extend_from_slice(&time.0.to_le_bytes());
        }
        out.extend_from_slice(&self.root);
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
        out.extend_from_slice(&(compressed.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&compressed).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out.extend_from_slice(&compressed);
        Ok(out)
    }

    /// Reads a head, its checksums included.
    ///
    /// # Errors
    /// When the bytes are no head as this version writes it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BlockError> {
        let (fixed, compressed) =
            bytes.split_first_chunk::<BLOCK_HEAD_BYTES>().ok_or(BlockError::Head("is too short"))?;
        let mut fields = Fields(fixed);
        if fields.take::<4>() != BLOCK_MAGIC {
            return Err(BlockError::Head("does not begin with LKB1"));
        }
        if fields.take::<4>() != [1, 0, 0, 0] {
            return Err(BlockError::Head("is of a version that this program does not know"));
        }
        let (body, crc) = fixed.split_at_checked(BLOCK_HEAD_BYTES - 4).unwrap_or_default();
        if crc32fast::hash(body).to_le_bytes() != crc {
            return Err(BlockError::Head("has a wrong CRC32"));
        }
        let mut head = Self {
            stream: fields.u32(),
            count: fields.u32(),
            first: fields.u64(),
            raw_bytes: fields.u64(),
            stored_bytes: fields.u64(),
            events: (fields.time(), fields.time()),
            received: (fields.time(), fields.time()),
            root: fields.take(),
            salt: fields.take(),
            directory: LazyDirectory::default(),
        };
        let is_small = head.count <= 1 || head.raw_bytes <= BLOCK_RAW_BYTES_MAX;
        if u64::from(head.count) > BLOCK_RECORDS_MAX || head.raw_bytes > u64::from(u32::MAX) || !is_small {
            return Err(BlockError::Head("counts more than a block may have"));
        }
        let (raw_bytes, stored_bytes, crc) = (fields.u32() as usize, fields.u32() as usize, fields.u32());
        if compressed.len() != stored_bytes || raw_bytes > DIRECTORY_BYTES_MAX {
            return Err(BlockError::Length { what: "directory", expected: stored_bytes, found: compressed.len() });
        }
        if crc32fast::hash(compressed) != crc {
            return Err(BlockError::Head("has a directory with a wrong CRC32"));
        }
        head.directory = LazyDirectory { compressed: compressed.to_vec(), raw_bytes, parsed: OnceLock::new() };
        Ok(head)
    }
}

impl Directory {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.chunks.len() as u64);
        for chunk in &self.chunks {
            put(&mut out, u64::from(chunk.stored_bytes));
            put(&mut out, u64::from(chunk.raw_bytes));
            out.extend_from_slice(&chunk.crc.to_le_bytes());
        }
        put(&mut out, self.segments.len() as u64);
        // Kind by kind, because like numbers compress better side by side.
        for of in
            [|s: &SegmentHead| s.chunk, |s: &SegmentHead| s.raw_bytes, |s: &SegmentHead| s.raw_bytes - s.stored_bytes]
        {
            self.segments.iter().for_each(|segment| put(&mut out, u64::from(of(segment))));
        }
        put_bytes(&mut out, &self.rows_node);
        put(&mut out, self.columns.len() as u64);
        for column in &self.columns {
            put_bytes(&mut out, column.path.as_bytes());
            put(&mut out, u64::from(column.count) << 1 | u64::from(column.dense));
            out.extend_from_slice(&column.mask.to_le_bytes());
            put(&mut out, u64::from(column.longest));
            put_bytes(&mut out, &column.node);
        }
        out
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let small = |reader: &mut Reader<'_>| reader.number().and_then(|number| u32::try_from(number).ok());
        let mut directory = Self::default();
        for _ in 0..reader.size()? {
            let (stored_bytes, raw_bytes) = (small(&mut reader)?, small(&mut reader)?);
            let crc = u32::from_le_bytes(*reader.take(4)?.first_chunk()?);
            directory.chunks.push(ChunkHead { stored_bytes, raw_bytes, crc });
        }
        let segments = reader.size().filter(|count| *count <= bytes.len())?;
        let mut list = || (0..segments).map(|_| small(&mut reader)).collect::<Option<Vec<u32>>>();
        let (chunks, raw, saved) = (list()?, list()?, list()?);
        for ((chunk, raw_bytes), saved) in chunks.into_iter().zip(raw).zip(saved) {
            let stored_bytes = raw_bytes.checked_sub(saved)?;
            directory.segments.push(SegmentHead { chunk, raw_bytes, stored_bytes });
        }
        directory.rows_node = reader.bytes()?.to_vec();
        for _ in 0..reader.size()? {
            let path = std::str::from_utf8(reader.bytes()?).ok()?.to_owned();
            let count = reader.number()?;
            let mask = u64::from_le_bytes(*reader.take(8)?.first_chunk()?);
            let longest = small(&mut reader)?;
            let node = reader.bytes()?.to_vec();
            let (dense, count) = (count & 1 == 1, u32::try_from(count >> 1).ok()?);
            directory.columns.push(ColumnHead { path, count, dense, mask, longest, node });
        }
        reader.is_empty().then_some(directory)
    }
}

/// Reads fields of fixed width one after another; zeros past the end, which the length rules out.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (front, rest) = self.0.split_first_chunk::<N>().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *front
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn time(&mut self) -> Timestamp {
        Timestamp(i64::from_le_bytes(self.take()))
    }
}
