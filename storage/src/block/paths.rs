//! What a block's head says of its columns' places, held against the records: paths, and which columns are dense.

use super::BlockError;
use super::head::ColumnHead;
use super::rows::{Shape, Shapes};
use super::splitter::Splitter;
use super::values::Values;

/// Refuses a head under whose paths values would be looked for that do not stand there, or whose dense columns are not.
///
/// The literals of a shape determine the paths of its values, so one record of each shape tells.
pub(super) fn check(heads: &[ColumnHead], shapes: &Shapes, bodies: &Values) -> Result<(), BlockError> {
    let mut dense = vec![true; heads.len()];
    let mut is_known = vec![false; shapes.shapes.len()];
    let mut splitter = Splitter::default();
    for (row, number) in shapes.of_row.iter().enumerate() {
        let Some(known) = is_known.get_mut(*number as usize).filter(|known| !**known) else { continue };
        *known = true;
        let shape = shapes.shapes.get(*number as usize).ok_or(BlockError::Directory("shape of a row"))?;
        let body = bodies.get(row).ok_or(BlockError::Directory("value of a row"))?;
        compare(heads, shape, body, &mut splitter)?;
        once_only(shape, &mut dense);
    }
    let fits = heads.iter().zip(&dense).all(|(head, dense)| head.dense == *dense);
    if fits { Ok(()) } else { Err(BlockError::Directory("mark of a dense column")) }
}

/// The paths of a record's values, against those of the columns that its shape names.
fn compare(heads: &[ColumnHead], shape: &Shape, body: &[u8], splitter: &mut Splitter) -> Result<(), BlockError> {
    let mut values = Vec::new();
    splitter.split(body, &mut values);
    let path_of = |number: &u32| heads.get(*number as usize).map(|head| head.path.as_str());
    let found = values.iter().map(|value| splitter.paths().get(value.path as usize).map(String::as_str));
    let fits = values.len() == shape.paths.len() && found.eq(shape.paths.iter().map(path_of));
    if fits { Ok(()) } else { Err(BlockError::Directory("path of a column")) }
}

/// Keeps the mark of those columns only that have one value in this shape.
fn once_only(shape: &Shape, dense: &mut [bool]) {
    let mut times = vec![0_u32; dense.len()];
    for path in &shape.paths {
        if let Some(times) = times.get_mut(*path as usize) {
            *times += 1;
        }
    }
    dense.iter_mut().zip(times).for_each(|(dense, times)| *dense &= times == 1);
}
