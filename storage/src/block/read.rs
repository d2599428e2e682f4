//! A block read back: single columns for a search, records for an answer, everything for a verification.

use std::cell::OnceCell;

use super::encode::Row;
use super::head::{ColumnHead, Directory, SegmentHead};
use super::list::{Coded, ColumnNode, Quoted};
use super::rows::{RowsNode, Shape, Shapes};
use super::segment::Segments;
use super::values::Values;
use super::zstd_frame::decompress;
use super::{BlockError, BlockHead, Fragment, mask, paths};
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

/// What a segment may be longer than the records: patterns and lists of lengths beside very short values.
const SPARE_BYTES: u64 = 1 << 20;

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

/// Decodes a whole block; every chunk's CRC32 is checked, and what the head says of each column.
pub(crate) fn decode(head: &BlockHead, chunks: &dyn ChunkSource) -> Result<DecodedRows, BlockError> {
    let block = Block::new(head, chunks)?;
    let decoded = block.decoded()?;
    paths::check(&block.directory.columns, block.shapes()?, &decoded.bodies)?;
    Ok(decoded)
}

/// As [`decode`], for a block that was encoded just now: its paths are those by which its records were taken apart.
pub(super) fn decode_encoded(head: &BlockHead, chunks: &dyn ChunkSource) -> Result<DecodedRows, BlockError> {
    Block::new(head, chunks)?.decoded()
}

/// Refuses counts and lengths that no block of these records can have, before room is made for them.
fn check_sizes(head: &BlockHead, directory: &Directory) -> Result<(), BlockError> {
    let values_max = head.raw_bytes + u64::from(head.count);
    let bytes_max = 2 * values_max + SPARE_BYTES;
    let fit = directory.columns.iter().all(|column| u64::from(column.count) <= values_max)
        && directory.segments.iter().all(|segment| u64::from(segment.raw_bytes) <= bytes_max);
    if fit { Ok(()) } else { Err(BlockError::Directory("sizes that the records cannot have")) }
}

/// Columns are passed over by their masks and longest values: if those were wrong, records would not be found.
fn check_sums(heads: &[ColumnHead], columns: &[Coded]) -> Result<(), BlockError> {
    let fits = |(head, column): (&ColumnHead, &Coded)| {
        let values = || column.distinct.iter();
        let longest = values().map(<[u8]>::len).max().unwrap_or(0);
        head.longest as usize == longest && head.mask == values().fold(0, |all, value| all | mask(value))
    };
    let all_fit = heads.iter().zip(columns).all(fits);
    if all_fit { Ok(()) } else { Err(BlockError::Directory("kinds of characters or longest value of a column")) }
}

/// A block being read: chunks are fetched, checked and decompressed when they are wanted, and kept.
pub struct Block<'a> {
    head: &'a BlockHead,
    directory: &'a Directory,
    source: &'a dyn ChunkSource,
    chunks: Vec<OnceCell<Vec<u8>>>,
    segments: Vec<OnceCell<Vec<u8>>>,
    offsets: Vec<usize>,
    rows: RowsNode<'a>,
    shapes: OnceCell<Shapes>,
    events: OnceCell<Vec<i64>>,
    received: OnceCell<Vec<i64>>,
}

/// The distinct values of one column as they are stored; two of them may be equal.
#[derive(Debug)]
pub struct Distinct {
    values: Values,
    quoted: Quoted,
}

impl Distinct {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them: its raw bytes, and whether it stood in quotes.
    #[must_use]
    pub fn get(&self, code: usize) -> Option<(&[u8], bool)> {
        Some((self.values.get(code)?, self.quoted.is(code)))
    }
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

    /// Calls `found` with the row of each value that is one of the wanted distinct ones: `wanted` has a place for each.
    pub fn rows_with(&self, wanted: &[bool], mut found: impl FnMut(usize)) {
        let is_wanted = |code: usize| wanted.get(code).copied().unwrap_or(false);
        match (&self.rows, &self.coded.codes) {
            (None, Some(codes)) => {
                let rows = codes.iter().enumerate().filter(|(_, code)| is_wanted(**code as usize));
                rows.for_each(|(row, _)| found(row));
            }
            (Some(rows), Some(codes)) => {
                let rows = rows.iter().zip(codes).filter(|(_, code)| is_wanted(**code as usize));
                rows.for_each(|(row, _)| found(*row as usize));
            }
            (_, None) => self.entries().filter(|(_, code)| is_wanted(*code)).for_each(|(row, _)| found(row)),
        }
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
        check_sizes(head, directory)?;
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
            rows: RowsNode::parse(&directory.rows_node, head.raw_bytes as usize + head.count as usize + 16)?,
            shapes: OnceCell::new(),
            events: OnceCell::new(),
            received: OnceCell::new(),
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
        cached(&self.events, || self.rows.events(self.head.count as usize, self)).map(Vec::as_slice)
    }

    /// The received times of the rows, ns.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn received(&self) -> Result<&[i64], BlockError> {
        cached(&self.received, || self.rows.received(self.head.count as usize, self)).map(Vec::as_slice)
    }

    /// The values of column `number`.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn column(&self, number: usize) -> Result<Column, BlockError> {
        let head = self.column_head(number)?;
        let (values, quoted) =
            ColumnNode::parse(&head.node)?.distinct(head.count as usize, &|| self.events_of(number, head), self)?;
        self.column_of(number, Distinct { values, quoted })
    }

    /// The values of column `number`, whose distinct values [`Block::distinct`] gave.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn column_of(&self, number: usize, distinct: Distinct) -> Result<Column, BlockError> {
        let head = self.column_head(number)?;
        let rows = if head.dense { None } else { Some(self.shapes()?.rows_of(number as u32)) };
        check_count(head, rows.as_ref().map_or(self.head.count as usize, Vec::len))?;
        let Distinct { values, quoted } = distinct;
        let codes = ColumnNode::parse(&head.node)?.codes(head.count as usize, &quoted, self)?;
        Ok(Column { coded: Coded { distinct: values, quoted, codes }, rows, count: head.count as usize })
    }

    /// The distinct values of column `number`; less is read than for [`Block::column`]. `None` if no value can hold
    /// the fragment: even less is read then.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub fn distinct(&self, number: usize, fragment: Option<&Fragment<'_>>) -> Result<Option<Distinct>, BlockError> {
        let head = self.column_head(number)?;
        let (node, count) = (ColumnNode::parse(&head.node)?, head.count as usize);
        if let Some(fragment) = fragment
            && !node.may_hold(count, fragment, self)?
        {
            return Ok(None);
        }
        let (values, quoted) = node.distinct(count, &|| self.events_of(number, head), self)?;
        Ok(Some(Distinct { values, quoted }))
    }

    /// The exact bytes of the records at `rows`, ascending.
    ///
    /// # Errors
    /// When a chunk is damaged or cannot be read.
    pub(crate) fn bodies(&self, wanted: &[usize]) -> Result<Values, BlockError> {
        self.bodies_of(wanted, &self.all_columns()?)
    }

    fn bodies_of(&self, wanted: &[usize], columns: &[Coded]) -> Result<Values, BlockError> {
        let literals = self.rows.literals(self)?;
        let mut next = vec![0_usize; columns.len()];
        let mut bodies = Values::default();
        let mut wanted = wanted.iter().copied().peekable();
        for (row, shape) in self.shapes()?.rows().enumerate() {
            let shape = shape?;
            if wanted.peek() == Some(&row) {
                wanted.next();
                bodies.push_with(|out| put_row(out, shape, &literals, columns, &mut next))?;
            } else if wanted.peek().is_none() {
                break;
            } else {
                skip_row(shape, &mut next);
            }
        }
        Ok(bodies)
    }

    fn decoded(&self) -> Result<DecodedRows, BlockError> {
        let all: Vec<usize> = (0..self.head.count as usize).collect();
        let columns = self.all_columns()?;
        check_sums(&self.directory.columns, &columns)?;
        let bodies = self.bodies_of(&all, &columns)?;
        Ok(DecodedRows { bodies, events: self.events()?.to_vec(), received: self.received()?.to_vec() })
    }

    fn all_columns(&self) -> Result<Vec<Coded>, BlockError> {
        let columns = &self.directory.columns;
        let counts = self.shapes()?.counts(columns.len())?;
        let coded = |((number, head), count)| {
            check_count(head, count)?;
            self.coded(number, head)
        };
        columns.iter().enumerate().zip(counts).map(coded).collect()
    }

    fn column_head(&self, number: usize) -> Result<&'a ColumnHead, BlockError> {
        self.directory.columns.get(number).ok_or(BlockError::Directory("column"))
    }

    fn coded(&self, number: usize, head: &ColumnHead) -> Result<Coded, BlockError> {
        let node = ColumnNode::parse(&head.node)?;
        node.decode(head.count as usize, &|| self.events_of(number, head), self)
    }

    /// The event times of the records of a column's values.
    fn events_of(&self, number: usize, head: &ColumnHead) -> Result<Vec<i64>, BlockError> {
        let events = self.events()?;
        if head.dense {
            return Ok(events.to_vec());
        }
        let rows = self.shapes()?.rows_of(number as u32);
        Ok(rows.iter().map(|row| events.get(*row as usize).copied().unwrap_or_default()).collect())
    }

    fn shapes(&self) -> Result<&Shapes, BlockError> {
        cached(&self.shapes, || self.rows.shapes(self.head.count as usize, self))
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
        if head.stored_bytes == head.raw_bytes {
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

fn cached<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T, BlockError>) -> Result<&T, BlockError> {
    if let Some(made) = cell.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

fn check_count(head: &ColumnHead, found: usize) -> Result<(), BlockError> {
    let expected = head.count as usize;
    let error = BlockError::Length { what: "values of a column", expected, found };
    if found == expected { Ok(()) } else { Err(error) }
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
