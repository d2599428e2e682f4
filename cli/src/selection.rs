//! Which streams a command is about: `--in entra/*`.

use std::convert::Infallible;

use logkeep_index::StreamPattern;
use logkeep_storage::{Archive, StreamStat};

use crate::exit::Failure;
use crate::nearest::nearest;
use crate::output::Output;
use crate::place;

/// The patterns of `--in`.
pub(crate) fn patterns(texts: &[String]) -> Result<Vec<StreamPattern>, Failure> {
    // Every text is a pattern; one that means no stream is told by `strange`.
    texts.iter().map(|text| text.parse().map_err(|never: Infallible| match never {})).collect()
}

/// The streams that one of the patterns means, by name; all but logkeep's own if there is no pattern.
pub(crate) fn streams(archive: &Archive, texts: &[String]) -> Result<Vec<StreamStat>, Failure> {
    let patterns = patterns(texts)?;
    let mut streams = archive.streams().map_err(|error| place::failure(&error))?;
    streams.retain(|stream| StreamPattern::any_matches(&patterns, &stream.name));
    Ok(streams)
}

/// Warns of patterns that mean no stream: most likely a slip of the fingers. If none means one there is nothing to
/// search, unless such streams are waited for.
pub(crate) fn strange(archive: &Archive, texts: &[String], waiting: bool, output: &mut Output) -> Result<(), Failure> {
    let strangers = strangers(archive, texts)?;
    let says = |text: &String| format!("--in {text}: there is no such stream");
    if let (Some(first), true) = (strangers.first(), strangers.len() == texts.len() && !waiting) {
        let known = archive.streams().map_err(|error| place::failure(&error))?;
        let near = nearest(first, known.iter().map(|stream| stream.name.as_str()));
        let near = near.map(|near| format!("did you mean {near}?"));
        return Err(Failure::usage(says(first)).maybe_hint(near).hint("`logkeep streams` lists them"));
    }
    for stranger in &strangers {
        output.warn(&format!("{}; `logkeep streams` lists them", says(stranger)));
    }
    Ok(())
}

fn strangers(archive: &Archive, texts: &[String]) -> Result<Vec<String>, Failure> {
    let known = archive.streams().map_err(|error| place::failure(&error))?;
    let patterns = patterns(texts)?;
    let unknown =
        texts.iter().zip(patterns).filter(|(_, pattern)| !known.iter().any(|stream| pattern.matches(&stream.name)));
    Ok(unknown.map(|(text, _)| text.clone()).collect())
}
