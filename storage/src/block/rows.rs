//! The list of a block's rows read back: shapes, the shape of each row, and times, each when it is wanted.

use super::segment::Segments;
use super::values::{self, Values};
use super::varint::Reader;
use super::{BlockError, ints};

/// The node of the list; slices are parts of it that are decoded when they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowsNode<'a> {
    shape_count: usize,
    lengths: &'a [u8],
    path_count: usize,
    paths: &'a [u8],
    literal_count: usize,
    literals: &'a [u8],
    shape_of_row: &'a [u8],
    events: &'a [u8],
    received: &'a [u8],
}

/// The shapes of a block, and which each row has.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) shapes: Vec<Shape>,
    pub(super) of_row: Vec<u32>,
}

/// The columns of a shape's values, and how many of all shapes' literals come before its own.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) paths: Vec<u32>,
    pub(super) literals_from: usize,
}

impl<'a> RowsNode<'a> {
    /// Parses all of a node; counts over `limit` are damage.
    pub(super) fn parse(node: &'a [u8], limit: usize) -> Result<Self, BlockError> {
        let mut node = Reader(node);
        let parse = |node: &mut Reader<'a>| {
            let size = |node: &mut Reader<'a>| node.size().filter(|size| *size <= limit);
            Some(Self {
                shape_count: size(node)?,
                lengths: node.part(ints::skip_codes)?,
                path_count: size(node)?,
                paths: node.part(ints::skip_codes)?,
                literal_count: size(node)?,
                literals: node.part(values::skip)?,
                shape_of_row: node.part(ints::skip_codes)?,
                events: node.part(ints::skip)?,
                received: node.part(ints::skip)?,
            })
        };
        parse(&mut node).filter(|_| node.is_empty()).ok_or_else(bad)
    }

    /// The shapes, and which each of `count` rows has.
    pub(super) fn shapes(&self, count: usize, segments: &dyn Segments) -> Result<Shapes, BlockError> {
        let lengths = ints::decode_codes(self.shape_count, &mut Reader(self.lengths), segments)?;
        let paths = ints::decode_codes(self.path_count, &mut Reader(self.paths), segments)?;
        let of_row = ints::decode_codes(count, &mut Reader(self.shape_of_row), segments)?;
        let mut rest = paths.as_slice();
        let mut shapes = Vec::with_capacity(self.shape_count);
        let mut literals_from = 0;
        for length in lengths {
            let (paths, after) = rest.split_at_checked(length as usize).ok_or_else(bad)?;
            rest = after;
            shapes.push(Shape { paths: paths.to_vec(), literals_from });
            literals_from += paths.len() + 1;
        }
        if literals_from != self.literal_count || !rest.is_empty() {
            return Err(bad());
        }
        Ok(Shapes { shapes, of_row })
    }

    /// The literals of all shapes, one after another: most of what there is, and only whole records need them.
    pub(super) fn literals(&self, segments: &dyn Segments) -> Result<Values, BlockError> {
        values::decode(self.literal_count, &mut Reader(self.literals), segments)
    }

    /// The event times of `count` rows, ns.
    pub(super) fn events(&self, count: usize, segments: &dyn Segments) -> Result<Vec<i64>, BlockError> {
        ints::decode(count, &mut Reader(self.events), segments)
    }

    /// The received times of `count` rows, ns.
    pub(super) fn received(&self, count: usize, segments: &dyn Segments) -> Result<Vec<i64>, BlockError> {
        ints::decode(count, &mut Reader(self.received), segments)
    }
}

impl Shapes {
    /// The shape of each row in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<&Shape, BlockError>> {
        let shape = |number: &u32| self.shapes.get(*number as usize).ok_or(BlockError::Directory("shape of a row"));
        self.of_row.iter().map(shape)
    }

    /// The row of each value of a column.
    pub(super) fn rows_of(&self, column: u32) -> Vec<u32> {
        let times = |shape: &Shape| shape.paths.iter().filter(|path| **path == column).count();
        let times: Vec<usize> = self.shapes.iter().map(times).collect();
        let mut found = Vec::with_capacity(self.of_row.len());
        for (row, shape) in (0..).zip(&self.of_row) {
            match times.get(*shape as usize) {
                // By far the most frequent: several values are members of an array.
                Some(1) => found.push(row),
                Some(times) => found.extend(std::iter::repeat_n(row, *times)),
                None => {}
            }
        }
        found
    }

    /// How many values each of so many columns has.
    pub(super) fn counts(&self, columns: usize) -> Result<Vec<usize>, BlockError> {
        let mut rows = vec![0_usize; self.shapes.len()];
        for shape in &self.of_row {
            *rows.get_mut(*shape as usize).ok_or(BlockError::Directory("shape of a row"))? += 1;
        }
        let mut counts = vec![0; columns];
        for (shape, rows) in self.shapes.iter().zip(rows) {
            for path in &shape.paths {
                *counts.get_mut(*path as usize).ok_or(BlockError::Directory("path"))? += rows;
            }
        }
        Ok(counts)
    }
}

fn bad() -> BlockError {
    BlockError::Directory("list of rows")
}
