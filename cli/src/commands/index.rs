//! `logkeep index`: how far it is, whether it is right, and making it anew.

use std::fs;
use std::io;
use std::path::Path;

use logkeep_index::{Error, Index, Indexed, Indexer};
use logkeep_storage::Archive;

use crate::args::{IndexAction, IndexArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::size;

/// What to do about an index that is wrong.
const ANEW: &str = "`logkeep index rebuild` makes it anew";

/// Does what was asked.
pub(crate) fn run(args: &IndexArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let archive = place.read()?;
    match args.action {
        IndexAction::Status => status(&archive, place, output),
        IndexAction::Rebuild => rebuild(&archive, place, output),
        IndexAction::Check => check(&archive, place, output),
    }
}

/// Brings the index of a place up to date with its archive.
pub(crate) fn catch_up(archive: &Archive, place: &Place, bar: &Progress) -> Result<Indexed, Error> {
    let blocks = archive.streams()?.iter().map(|stream| stream.blocks).sum::<u64>();
    // An index that cannot be opened is made anew.
    let known = match Index::open(&place.index()) {
        Ok(Some(index)) => index.blocks() as u64,
        Ok(None) | Err(_) => 0,
    };
    bar.set_total(blocks.saturating_sub(known));
    let options = place.options();
    let mut indexer = Indexer::open(&place.index(), options.memory_bytes, options.threads)?;
    let indexed = indexer.catch_up(archive, &mut |indexed| bar.set(indexed.blocks))?;
    indexer.finish()?;
    Ok(indexed)
}

fn rebuild(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let bar = Progress::things(output, None);
    bar.say("indexing: blocks");
    let indexed = Indexer::remove(&place.index()).and_then(|()| catch_up(archive, place, &bar));
    drop(bar);
    let indexed = indexed.map_err(|error| failure(&error))?;
    let (blocks, records) = (size::counted(indexed.blocks, "block"), size::counted(indexed.records, "record"));
    output.say(&format!("indexed {blocks} with {records}"));
    if indexed.damaged > 0 {
        let damaged = size::counted(indexed.damaged, "block");
        output.warn(&format!("{damaged} could not be read and left out; `logkeep verify` lists the damage"));
    }
    Ok(Exit::complete(indexed.damaged == 0))
}

fn check(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let index = match Index::open(&place.index()) {
        Ok(Some(index)) => index,
        Ok(None) => return none(output),
        Err(error) => return disagrees(&error, output),
    };
    let bar = Progress::things(output, Some(index.blocks() as u64));
    bar.say("checking: blocks");
    let checked = index.check(archive, &mut |blocks| bar.set(blocks));
    drop(bar);
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return disagrees(&error, output),
    };
    for finding in &checked.findings {
        output.foreign(format!("{finding}\n").as_bytes())?;
    }
    let (blocks, words, ids) = (checked.blocks, size::grouped(checked.words), size::grouped(checked.ids));
    let findings = size::counted(checked.findings.len() as u64, "finding");
    output.say(&format!("compared {} with {words} words and {ids} ids: {findings}", size::counted(blocks, "block")));
    if checked.uncovered > 0 {
        output.say(&format!("{} not in the index: searches read them", size::counted(checked.uncovered, "block")));
    }
    if !checked.findings.is_empty() {
        output.say(ANEW);
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Success)
}

/// An index that cannot be read is a finding, not a failure of the check; an archive that cannot be read is one.
fn disagrees(error: &Error, output: &mut Output) -> Result<Exit, Failure> {
    if matches!(error, Error::Storage(_) | Error::Io { .. } | Error::Locked(_)) {
        return Err(failure(error));
    }
    output.foreign(format!("{}\n", Failure::of(error)).as_bytes())?;
    output.say(ANEW);
    Ok(Exit::Nothing)
}

fn status(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let Some(index) = Index::open(&place.index()).map_err(|error| failure(&error))? else { return none(output) };
    let streams = archive.streams().map_err(|error| place::failure(&error))?;
    let (indexed, blocks) = (index.blocks() as u64, streams.iter().map(|stream| stream.blocks).sum::<u64>());
    let bytes = bytes_below(&place.index()).map_err(|error| Failure::file("read", &place.index(), &error))?;
    let (of, bytes) = (size::counted(blocks, "block"), size::human(bytes));
    output.line(&format!("{} of {of} in the index, which takes {bytes}", size::grouped(indexed)))?;
    output.say("a stream's last block comes into the index when it is full; searches read it until then");
    Ok(Exit::complete(indexed + streams.len() as u64 >= blocks))
}

fn none(output: &mut Output) -> Result<Exit, Failure> {
    output.line("there is no index: searches read everything")?;
    output.say("next: logkeep index rebuild");
    Ok(Exit::Partial)
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Storage(error) => place::failure(error),
        Error::Locked(_) => Failure::of(error).hint("try again when the other process has ended"),
        _ => Failure::of(error),
    }
}

fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.metadata()?;
        bytes += if file.is_dir() { bytes_below(&entry.path())? } else { file.len() };
    }
    Ok(bytes)
}
