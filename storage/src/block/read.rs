//! A block read back: single columns for a search, records for an answer, everything for a verification.

use std::cell::OnceCell;

use super::column::{self, Coded};
use super::encode::{POOL, Row};
use super::head::{Directory, SegmentHead};
use super::segment::Segments;
use super::values::{self, Values};
use super::varint::Reader;
use super::zstd_frame::decompress;
use super::{BlockError, BlockHead, ints};
use crate::error::Error;
use crate::time::Timestamp;

/// Gives the stored bytes of a block's chunks; their checksums are tested by who asks.
pub(crate) trait ChunkSource: Send + Sync {
    /// The bytes of chunk `number`.
    fn chunk(&self, number: u16) -> Result<Vec<u8>, Error>;
}

impl ChunkSource for Vec<Vec<u8>> {
    fn chunk(&self, number: u16) -> Result<Vec<u8>, Error> {
        self.get(usize::from(number)).cloned().ok_or_else(|| crate::damage::missing_chunk(number).into())
    }
}

/// All rows of a block.
#[derive(Debug, Default)]
pub(crate) struct DecodedRows {
    bodies: Values,
    events: Vec<i64>,
    received: Vec<i64>,
}

impl DecodedRows {
    pub(crate) fn len(&self) -> usize {
        self.bodies.len()
    }

    /// The row at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Row<'_>> {
        Some(Row {
            body: self.bodies.get(index)?,
            event: Timestamp(*self.events.get(index)?),
            received: Timestamp(*self.received.get(index)?),
        })
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| {
            self.get(index).unwrap_or(Row { body: &[], event: Timestamp::default(), received: Timestamp::default() })
        })
    }
}

/// Decodes a whole block; every chunk's CRC32 is checked.
pub(crate) fn decode(head: &BlockHead, chunks: &dyn ChunkSource) -> Result<DecodedRows, BlockError> {
    let block = Block::new(head, chunks)?;
    let rows = block.rows()?;
    let all: Vec<usize> = (0..rows.events.len()).collect();
    let bodies = block.bodies(&all)?;
    Ok(DecodedRows { bodies, events: rows.events.clone(), received: rows.received.clone() })
}

/// A block being read: chunks are fetched, checked and decompressed when they are wanted, and kept.
pub struct Block<'a> {
    head: &'a BlockHead,
    directory: &'a Directory,
    source: &'a dyn ChunkSource,
    chunks: Vec<OnceCell<Vec<u8>>>,
    segments: Vec<OnceCell<Vec<u8>>>,
    offsets: Vec<usize>,
    rows: OnceCell<Rows>,
}

/// Shapes, and what each row has besides its values.
#[derive(Debug, Default)]
struct Rows {
    shapes: Vec<Shape>,
    shape_of_row: Vec<u32>,
    events: Vec<i64>,
    received: Vec<i64>,
}

/// The columns of a shape's values, and how many of all shapes' literals come before its own.
#[derive(Debug, Default)]
struct Shape {
    paths: Vec<u32>,
    literals_from: usize,
}

/// The values of one column.
#[derive(Debug)]
pub struct Column {
    coded: Coded,
    rows: Option<Vec<u32>>,
    count: usize,
}

impl Column {
    /// Number of distinct values as stored; two of them may be equal.
    #[must_use]
    pub fn distinct_len(&self) -> usize {
        self.coded.distinct.len()
    }

    /// A distinct value: its raw bytes, and whether it stood in quotes.
    #[must_use]
    pub fn distinct(&self, code: usize) -> Option<(&[u8], bool)> {
        Some((self.coded.distinct.get(code)?, self.coded.quoted.is(code)))
    }

    /// The distinct values, one right after another.
    #[must_use]
    pub fn distinct_bytes(&self) -> &[u8] {
        self.coded.distinct.bytes()
    }

    /// For each value in order: the row it belongs to, and which distinct value it is.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).map(|index| {
            let row = self.rows.as_ref().map_or(index, |rows| rows.get(index).map_or(index, |row| *row as usize));
            let code = match &self.coded.codes {
                Some(codes) => codes.get(index).map_or(index, |code| *code as usize),
                None => index,
            };
            (row, code)
        })
    }
}

impl<'a> Block<'a> {
    pub(crate) fn new(head: &'a BlockHead, source: &'a dyn ChunkSource) -> Result<Self, BlockError> {
        let directory = head.directory.get()?;
        let mut ends = vec![0_usize; directory.chunks.len()];
        let mut offset_of = |segment: &SegmentHead| {
            let end = ends.get_mut(segment.chunk as usize)?;
            Some(std::mem::replace(end, *end + segment.stored_bytes as usize))
        };
        let offsets = directory.segments.iter().map(|segment| offset_of(segment).unwrap_or(usize::MAX)).collect();
        Ok(Self {
            head,
            directory,
            source,
            chunks: vec![OnceCell::new(); directory.chunks.len()],
            segments: vec![OnceCell::new(); directory.segments.len()],
            offsets,
            rows: OnceCell::new(),
        })
    }

    /// The block's head.
    #[must_use]
    pub fn head(&self) -> &BlockHead {
        self.head
    }

    /// The event times of the rows, ns.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn events(&self) -> Result<&[i64], BlockError> {
        Ok(&self.rows()?.events)
    }

    /// The received times of the rows, ns.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn received(&self) -> Result<&[i64], BlockError> {
        Ok(&self.rows()?.received)
    }

    /// The values of column `number`.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn column(&self, number: usize) -> Result<Column, BlockError> {
        let head = self.directory.columns.get(number).ok_or(BlockError::Directory("column"))?;
        let rows = if head.dense { None } else { Some(self.rows_of(number as u32)?) };
        let count = head.count as usize;
        let found = rows.as_ref().map_or(self.head.count as usize, Vec::len);
        if found != count {
            return Err(BlockError::Length { what: "values of a column", expected: count, found });
        }
        Ok(Column { coded: self.coded(number, rows.as_deref())?, rows, count })
    }

    /// The exact bytes of the records at `rows`, ascending.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub(crate) fn bodies(&self, wanted: &[usize]) -> Result<Values, BlockError> {
        let rows = self.rows()?;
        let columns = self.all_columns()?;
        let literals = self.literals()?;
        let mut next = vec![0_usize; columns.len()];
        let mut bodies = Values::default();
        let mut wanted = wanted.iter().copied().peekable();
        for (row, shape) in rows.shape_of_row.iter().enumerate() {
            let shape = rows.shapes.get(*shape as usize).ok_or(BlockError::Directory("shape of a row"))?;
            if wanted.peek() == Some(&row) {
                wanted.next();
                bodies.push_with(|out| put_row(out, shape, &literals, &columns, &mut next))?;
            } else if wanted.peek().is_none() {
                break;
            } else {
                skip_row(shape, &mut next);
            }
        }
        Ok(bodies)
    }

    fn all_columns(&self) -> Result<Vec<Coded>, BlockError> {
        let columns = self.directory.columns.len();
        let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); columns];
        let rows = self.rows()?;
        for (row, shape) in rows.shape_of_row.iter().enumerate() {
            let shape = rows.shapes.get(*shape as usize).ok_or(BlockError::Directory("shape of a row"))?;
            for path in &shape.paths {
                rows_of.get_mut(*path as usize).ok_or(BlockError::Directory("path"))?.push(row as u32);
            }
        }
        rows_of.iter().enumerate().map(|(number, rows)| self.coded(number, Some(rows))).collect()
    }

    fn coded(&self, number: usize, rows: Option<&[u32]>) -> Result<Coded, BlockError> {
        let head = self.directory.columns.get(number).ok_or(BlockError::Directory("column"))?;
        let events = &self.rows()?.events;
        let count = rows.map_or(self.head.count as usize, <[u32]>::len);
        if head.count as usize != count {
            return Err(BlockError::Length { what: "values of a column", expected: head.count as usize, found: count });
        }
        let mut node = Reader(&head.node);
        let coded = if head.dense {
            column::decode(count, events, &mut node, self)?
        } else {
            let events: Vec<i64> = rows
                .unwrap_or_default()
                .iter()
                .map(|row| events.get(*row as usize).copied().unwrap_or_default())
                .collect();
            column::decode(count, &events, &mut node, self)?
        };
        if node.is_empty() { Ok(coded) } else { Err(BlockError::Directory("end of a column")) }
    }

    /// The row of each value of a column.
    fn rows_of(&self, column: u32) -> Result<Vec<u32>, BlockError> {
        let rows = self.rows()?;
        let times: Vec<usize> =
            rows.shapes.iter().map(|shape| shape.paths.iter().filter(|path| **path == column).count()).collect();
        let mut found = Vec::new();
        for (row, shape) in rows.shape_of_row.iter().enumerate() {
            let times = times.get(*shape as usize).copied().unwrap_or(0);
            found.extend(std::iter::repeat_n(row as u32, times));
        }
        Ok(found)
    }

    fn rows(&self) -> Result<&Rows, BlockError> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows);
        }
        let rows = self.decode_rows()?;
        Ok(self.rows.get_or_init(|| rows))
    }

    fn decode_rows(&self) -> Result<Rows, BlockError> {
        let bad = || BlockError::Directory("list of rows");
        let count = self.head.count as usize;
        let limit = self.head.raw_bytes as usize + count + 16;
        let mut node = Reader(&self.directory.rows_node);
        let size = |node: &mut Reader<'_>| node.size().filter(|size| *size <= limit).ok_or_else(bad);
        let shape_count = size(&mut node)?;
        let lengths = ints::decode_codes(shape_count, &mut node, self)?;
        let path_count = size(&mut node)?;
        let paths = ints::decode_codes(path_count, &mut node, self)?;
        let literal_count = size(&mut node)?;
        // Literals are most of what there is to decode, and only whole records need them.
        values::skip(&mut node).ok_or_else(bad)?;
        let shape_of_row = ints::decode_codes(count, &mut node, self)?;
        let events = ints::decode(count, &mut node, self)?;
        let received = ints::decode(count, &mut node, self)?;
        let mut paths = paths.into_iter();
        let mut shapes = Vec::with_capacity(shape_count);
        let mut literals_from = 0;
        for length in lengths {
            let length = length as usize;
            let shape = Shape { paths: paths.by_ref().take(length).collect(), literals_from };
            if shape.paths.len() != length {
                return Err(bad());
            }
            literals_from += length + 1;
            shapes.push(shape);
        }
        if literals_from != literal_count || paths.next().is_some() || !node.is_empty() {
            return Err(bad());
        }
        Ok(Rows { shapes, shape_of_row, events, received })
    }

    /// The literals of all shapes, one after another.
    fn literals(&self) -> Result<Values, BlockError> {
        let bad = || BlockError::Directory("literals");
        let mut node = Reader(&self.directory.rows_node);
        node.number().ok_or_else(bad)?;
        ints::skip_codes(&mut node).ok_or_else(bad)?;
        node.number().ok_or_else(bad)?;
        ints::skip_codes(&mut node).ok_or_else(bad)?;
        let limit = self.head.raw_bytes as usize + self.head.count as usize + 16;
        let count = node.size().filter(|count| *count <= limit).ok_or_else(bad)?;
        values::decode(count, &mut node, self)
    }

    fn chunk(&self, number: usize) -> Result<&[u8], BlockError> {
        let cell = self.chunks.get(number).ok_or(BlockError::Directory("chunk of a segment"))?;
        if let Some(bytes) = cell.get() {
            return Ok(bytes);
        }
        let head = self.directory.chunks.get(number).ok_or(BlockError::Directory("chunk of a segment"))?;
        let name = number as u16;
        let bytes = self.source.chunk(name).map_err(|error| BlockError::Source(Box::new(error)))?;
        let expected = head.stored_bytes as usize;
        if bytes.len() != expected {
            return Err(BlockError::Length { what: "chunk", expected, found: bytes.len() });
        }
        let found = crc32fast::hash(&bytes);
        if found != head.crc {
            return Err(BlockError::Checksum { number: name, expected: head.crc, found });
        }
        let bytes = if head.raw_bytes == 0 { bytes } else { decompress(&bytes, head.raw_bytes as usize, name)? };
        Ok(cell.get_or_init(|| bytes))
    }
}

impl Segments for Block<'_> {
    fn segment(&self, number: u32) -> Result<&[u8], BlockError> {
        let number = number as usize;
        let (head, offset) = self
            .directory
            .segments
            .get(number)
            .zip(self.offsets.get(number))
            .ok_or(BlockError::Directory("number of a segment"))?;
        let end = offset.checked_add(head.stored_bytes as usize).ok_or(BlockError::Directory("segment"))?;
        let chunk = self.chunk(head.chunk as usize)?;
        let stored =
            chunk.get(*offset..end).ok_or(BlockError::Length { what: "chunk", expected: end, found: chunk.len() })?;
        if head.chunk == POOL || head.stored_bytes == head.raw_bytes {
            return Ok(stored);
        }
        let cell = self.segments.get(number).ok_or(BlockError::Directory("number of a segment"))?;
        if let Some(bytes) = cell.get() {
            return Ok(bytes);
        }
        let bytes = decompress(stored, head.raw_bytes as usize, head.chunk as u16)?;
        Ok(cell.get_or_init(|| bytes))
    }
}

fn put_row(
    out: &mut Vec<u8>,
    shape: &Shape,
    literals: &Values,
    columns: &[Coded],
    next: &mut [usize],
) -> Result<(), BlockError> {
    let missing = || BlockError::Directory("value of a row");
    let literal = |place: usize| literals.get(shape.literals_from + place).ok_or_else(missing);
    for (place, path) in shape.paths.iter().enumerate() {
        out.extend_from_slice(literal(place)?);
        let column = columns.get(*path as usize).ok_or_else(missing)?;
        let next = next.get_mut(*path as usize).ok_or_else(missing)?;
        let code = match &column.codes {
            Some(codes) => *codes.get(*next).ok_or_else(missing)? as usize,
            None => *next,
        };
        *next += 1;
        let value = column.distinct.get(code).ok_or_else(missing)?;
        if column.quoted.is(code) {
            out.push(b'"');
            out.extend_from_slice(value);
            out.push(b'"');
        } else {
            out.extend_from_slice(value);
        }
    }
    out.extend_from_slice(literal(shape.paths.len())?);
    Ok(())
}

/// Passes over a row's values.
fn skip_row(shape: &Shape, next: &mut [usize]) {
    for path in &shape.paths {
        if let Some(next) = next.get_mut(*path as usize) {
            *next += 1;
        }
    }
}
