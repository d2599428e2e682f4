//! `logkeep demo`: everything once, on a generated day.

use crate::args::DemoArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::Place;

/// Runs.
pub(crate) fn run(args: &DemoArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let _ = (args, place, output);
    Ok(Exit::Success)
}
