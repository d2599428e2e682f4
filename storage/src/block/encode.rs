//! Records → a block's head and chunks, decoded again and compared before they are handed out.

use super::head::{ChunkHead, ColumnHead, Directory, SegmentHead};
use super::segment::{Segment, SegmentWriter};
use super::splitter::{Shape, Splitter, Value};
use super::values::Values;
use super::varint::put;
use super::zstd_frame::compress;
use super::{BlockError, BlockHead, column, hash, ints, mask, read, values};
use crate::time::Timestamp;

/// A segment shorter than this goes to the pool that all columns share.
const POOLED_SEGMENT_BYTES_MAX: usize = 192;
/// A column whose segments come to less than this has no chunk of its own.
const POOLED_COLUMN_BYTES_MAX: usize = 768;
/// Most chunks in a block: their numbers are 16 bits wide. What comes after goes to the pool.
const CHUNKS_MAX: usize = u16::MAX as usize;
/// Number of the chunk that holds small segments.
const POOL: u32 = 0;
/// Raw bytes from which a page is full: a search decompresses only the pages that it needs.
const PAGE_BYTES: usize = 8 << 10;
/// Number of the list of rows among the columns that bring segments.
const ROWS: u32 = 0;

/// One record to seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) event: Timestamp,
    pub(crate) received: Timestamp,
}

/// What a block's head carries besides its rows.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) stream: u32,
    pub(crate) first: u64,
    pub(crate) salt: [u8; 32],
    pub(crate) root: [u8; 32],
}

/// A block ready to be stored: chunk `i` goes under number `i`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodedBlock {
    pub(crate) head: Vec<u8>,
    pub(crate) chunks: Vec<Vec<u8>>,
}

/// Encodes rows, decodes the result and compares it byte for byte.
///
/// # Errors
/// [`BlockError::Differs`] if our own code is wrong; nothing has been stored then.
pub(crate) fn encode(rows: &[Row<'_>], envelope: &Envelope) -> Result<EncodedBlock, BlockError> {
    let encoded = pack(rows, envelope)?;
    let head = BlockHead::parse(&encoded.head)?;
    let decoded = read::decode_encoded(&head, &encoded.chunks)?;
    let differs = decoded.rows().zip(rows).position(|(decoded, row)| decoded != *row);
    match differs {
        None if decoded.len() == rows.len() => Ok(encoded),
        None => Err(BlockError::Differs(decoded.len().min(rows.len()))),
        Some(index) => Err(BlockError::Differs(index)),
    }
}

fn pack(rows: &[Row<'_>], envelope: &Envelope) -> Result<EncodedBlock, BlockError> {
    let mut splitter = Splitter::default();
    let split = Split::of(rows, &mut splitter);
    let mut writer = SegmentWriter::default();
    writer.begin_column(ROWS);
    let rows_node = rows_node(rows, &split.row_shapes, splitter.shapes(), &mut writer);
    let columns = column_heads(&split, splitter.paths(), rows, &mut writer);
    let (chunks, chunk_heads, segments) = pack_segments(writer.into_segments())?;
    let directory = Directory { chunks: chunk_heads, segments, rows_node, columns };
    let range = |of: fn(&Row<'_>) -> Timestamp| {
        let times = rows.iter().map(of);
        (times.clone().min().unwrap_or_default(), times.max().unwrap_or_default())
    };
    let head = BlockHead {
        stream: envelope.stream,
        first: envelope.first,
        count: rows.len() as u32,
        raw_bytes: rows.iter().map(|row| row.body.len() as u64).sum(),
        stored_bytes: chunks.iter().map(|chunk| chunk.len() as u64).sum(),
        events: range(|row| row.event),
        received: range(|row| row.received),
        root: envelope.root,
        salt: envelope.salt,
        directory: directory.into(),
    };
    Ok(EncodedBlock { head: head.encode()?, chunks })
}

/// The values of all rows by column, and each row's shape.
struct Split {
    row_shapes: Vec<u32>,
    columns: Vec<Gathered>,
}

/// The values of one column. They are copied together while their record is in the processor's cache: what looks at
/// them afterwards, column by column, would wait for each of them otherwise.
#[derive(Default)]
struct Gathered {
    values: Values,
    quoted: Vec<bool>,
    rows: Vec<u32>,
}

impl Split {
    fn of(rows: &[Row<'_>], splitter: &mut Splitter) -> Self {
        let mut split = Self { row_shapes: Vec::with_capacity(rows.len()), columns: Vec::new() };
        let mut values: Vec<Value<'_>> = Vec::new();
        for (row, record) in rows.iter().enumerate() {
            values.clear();
            split.row_shapes.push(splitter.split(record.body, &mut values));
            for value in &values {
                split.gather(*value, row as u32);
            }
        }
        split
    }

    fn gather(&mut self, value: Value<'_>, row: u32) {
        let path = value.path as usize;
        if path >= self.columns.len() {
            self.columns.resize_with(path + 1, Gathered::default);
        }
        if let Some(column) = self.columns.get_mut(path) {
            column.values.push(value.bytes);
            column.quoted.push(value.quoted);
            column.rows.push(row);
        }
    }
}

/// Shapes, the shape of each row, event and received times.
fn rows_node(rows: &[Row<'_>], row_shapes: &[u32], shapes: &[Shape], writer: &mut SegmentWriter) -> Vec<u8> {
    let mut node = Vec::new();
    put(&mut node, shapes.len() as u64);
    let lengths: Vec<u32> = shapes.iter().map(|shape| shape.paths.len() as u32).collect();
    ints::encode_codes(&lengths, &mut node, writer);
    let paths: Vec<u32> = shapes.iter().flat_map(|shape| shape.paths.iter().copied()).collect();
    put(&mut node, paths.len() as u64);
    ints::encode_codes(&paths, &mut node, writer);
    let literals: Vec<&[u8]> = shapes.iter().flat_map(|shape| shape.literals.iter().map(Vec::as_slice)).collect();
    put(&mut node, literals.len() as u64);
    values::encode(&literals, &mut node, writer);
    ints::encode_codes(row_shapes, &mut node, writer);
    let times = |of: fn(&Row<'_>) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    ints::encode(&times(|row| row.event.0), &mut node, writer);
    ints::encode(&times(|row| row.received.0), &mut node, writer);
    node
}

fn column_heads(split: &Split, paths: &[String], rows: &[Row<'_>], writer: &mut SegmentWriter) -> Vec<ColumnHead> {
    let events: Vec<i64> = rows.iter().map(|row| row.event.0).collect();
    let mut heads = Vec::with_capacity(paths.len());
    for (number, path) in paths.iter().enumerate() {
        writer.begin_column(number as u32 + 1);
        let none = Gathered::default();
        let column = split.columns.get(number).unwrap_or(&none);
        let events: Vec<i64> =
            column.rows.iter().map(|row| events.get(*row as usize).copied().unwrap_or_default()).collect();
        let mut node = Vec::new();
        let values: Vec<&[u8]> = column.values.iter().collect();
        column::encode(&values, &column.quoted, &events, &mut node, writer);
        let dense =
            column.rows.len() == rows.len() && column.rows.iter().enumerate().all(|(i, row)| i == *row as usize);
        heads.push(ColumnHead {
            path: path.clone(),
            count: values.len() as u32,
            dense,
            mask: column_mask(&values),
            longest: values.iter().map(|value| value.len()).max().unwrap_or(0) as u32,
            node,
        });
    }
    heads
}

/// The kinds of characters in all values. A value that comes again soon is not looked at twice.
fn column_mask(values: &[&[u8]]) -> u64 {
    // The values themselves are compared: whoever knows the hash could make a value disappear behind another one's.
    let mut seen: [Option<&[u8]>; 64] = [None; 64];
    let mut all = 0;
    for value in values {
        let Some(slot) = seen.get_mut(hash::hash(value) as usize % 64) else { continue };
        if *slot != Some(*value) {
            *slot = Some(value);
            all |= mask(value);
        }
    }
    all
}

type Packed = (Vec<Vec<u8>>, Vec<ChunkHead>, Vec<SegmentHead>);

/// Distributes segments over chunks: the pool, one for each column that is worth it, and pages of what is left.
fn pack_segments(segments: Vec<Segment>) -> Result<Packed, BlockError> {
    let mut packed: Vec<Stored> = Vec::with_capacity(segments.len());
    for segment in segments {
        packed.push(Stored::of(segment)?);
    }
    let columns = packed.iter().map(|stored| stored.column + 1).max().unwrap_or(0) as usize;
    let mut column_bytes = vec![0; columns];
    for stored in packed.iter().filter(|stored| !stored.pooled) {
        if let Some(bytes) = column_bytes.get_mut(stored.column as usize) {
            *bytes += stored.bytes().len();
        }
    }
    let mut numbers = vec![POOL; columns];
    let mut chunks: Vec<Vec<u8>> = vec![Vec::new()];
    for (bytes, number) in column_bytes.iter().zip(&mut numbers) {
        if *bytes >= POOLED_COLUMN_BYTES_MAX && chunks.len() < CHUNKS_MAX {
            *number = chunks.len() as u32;
            chunks.push(Vec::with_capacity(*bytes));
        }
    }
    let mut heads = Vec::with_capacity(packed.len());
    let own_chunks = chunks.len();
    for stored in &packed {
        let own = numbers.get(stored.column as usize).copied().filter(|number| *number != POOL);
        let (number, bytes) = match own {
            _ if stored.pooled => (POOL, &stored.raw),
            Some(number) => (number, stored.bytes()),
            None => (page(&mut chunks, own_chunks), &stored.raw),
        };
        heads.push(SegmentHead { chunk: number, raw_bytes: stored.raw.len() as u32, stored_bytes: bytes.len() as u32 });
        if let Some(chunk) = chunks.get_mut(number as usize) {
            chunk.extend_from_slice(bytes);
        }
    }
    let chunk_heads = chunks.iter_mut().enumerate().map(|(number, chunk)| {
        let is_shared = number == POOL as usize || number >= own_chunks;
        let raw_bytes = if is_shared { compress_whole(chunk)? } else { 0 };
        Ok(ChunkHead { stored_bytes: chunk.len() as u32, raw_bytes, crc: crc32fast::hash(chunk) })
    });
    let chunk_heads = chunk_heads.collect::<Result<_, BlockError>>()?;
    Ok((chunks, chunk_heads, heads))
}

/// The last page, which are the chunks from `first` on, or a new one if that is full.
fn page(chunks: &mut Vec<Vec<u8>>, first: usize) -> u32 {
    let is_open = chunks.len() > first && chunks.last().is_some_and(|page| page.len() < PAGE_BYTES);
    if !is_open && chunks.len() < CHUNKS_MAX {
        chunks.push(Vec::new());
    }
    // Where there can be no more chunks, the last one takes all.
    if chunks.len() > first { chunks.len() as u32 - 1 } else { POOL }
}

/// Compresses a chunk as a whole; gives its raw length, 0 where it stays as it is.
fn compress_whole(chunk: &mut Vec<u8>) -> Result<u32, BlockError> {
    let compressed = compress(chunk)?;
    if compressed.len() >= chunk.len() {
        return Ok(0);
    }
    let raw_bytes = chunk.len() as u32;
    *chunk = compressed;
    Ok(raw_bytes)
}

/// A segment, compressed if that pays.
struct Stored {
    column: u32,
    raw: Vec<u8>,
    compressed: Option<Vec<u8>>,
    pooled: bool,
}

impl Stored {
    fn of(segment: Segment) -> Result<Self, BlockError> {
        let Segment { raw, column } = segment;
        let pooled = raw.len() < POOLED_SEGMENT_BYTES_MAX;
        let mut compressed = None;
        if !pooled {
            let bytes = compress(&raw)?;
            // What zstd saves must be worth the time to read it back.
            compressed = (bytes.len() * 16 < raw.len() * 15).then_some(bytes);
        }
        Ok(Self { column, raw, compressed, pooled })
    }

    fn bytes(&self) -> &Vec<u8> {
        self.compressed.as_ref().unwrap_or(&self.raw)
    }
}
