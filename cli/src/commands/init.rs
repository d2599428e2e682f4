//! `logkeep init`: make a new archive.

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::Place;

/// Makes the archive and says what to do next.
pub(crate) fn run(place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    place.create()?;
    output.say(&format!("made an archive in {}", place.path().display()));
    output.say("next: logkeep import FILE");
    Ok(Exit::Success)
}
