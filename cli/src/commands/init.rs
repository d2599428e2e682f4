//! `logkeep init`: make a new archive and its signing key.

use crate::args::InitArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::Place;
use crate::signing;

/// Makes the archive and its key, and says what to do next.
pub(crate) fn run(args: &InitArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    // A name that is none must not leave an archive behind.
    let key = signing::generate(args.name.as_deref())?;
    place.create()?;
    output.say(&format!("made an archive in {}", place.path().display()));
    signing::keep(&key, place, output)?;
    output.say("next: logkeep import FILE");
    Ok(Exit::Success)
}
