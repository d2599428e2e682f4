//! Which streams a command is about: `--in entra/*`.

use std::convert::Infallible;

use logkeep_index::StreamPattern;
use logkeep_storage::{Archive, StreamStat};

use crate::exit::Failure;
use crate::place;

/// The patterns of `--in`.
pub(crate) fn patterns(texts: &[String]) -> Result<Vec<StreamPattern>, Failure> {
    // Every text is a pattern; one that means no stream is told by `strangers`.
    texts.iter().map(|text| text.parse().map_err(|never: Infallible| match never {})).collect()
}

/// The streams that one of the patterns means, by name; all but logkeep's own if there is no pattern.
pub(crate) fn streams(archive: &Archive, texts: &[String]) -> Result<Vec<StreamStat>, Failure> {
    let patterns = patterns(texts)?;
    let mut streams = archive.streams().map_err(|error| place::failure(&error))?;
    streams.retain(|stream| StreamPattern::any_matches(&patterns, &stream.name));
    Ok(streams)
}

/// Patterns that mean no stream at all: most likely a slip of the fingers.
pub(crate) fn strangers(archive: &Archive, texts: &[String]) -> Result<Vec<String>, Failure> {
    let known = archive.streams().map_err(|error| place::failure(&error))?;
    let patterns = patterns(texts)?;
    let unknown =
        texts.iter().zip(patterns).filter(|(_, pattern)| !known.iter().any(|stream| pattern.matches(&stream.name)));
    Ok(unknown.map(|(text, _)| text.clone()).collect())
}
