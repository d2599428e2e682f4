//! `logkeep index`: how far it is, whether it is right, and making it anew.

use logkeep_storage::Archive;

use crate::args::{IndexAction, IndexArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::output::progress::Progress;
use crate::pending::{Index, Indexer};
use crate::place::Place;
use crate::size;

/// Does what was asked.
pub(crate) fn run(args: &IndexArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let archive = place.read()?;
    match args.action {
        IndexAction::Status => status(&archive, place, output),
        IndexAction::Rebuild => rebuild(&archive, place, output),
        IndexAction::Check => check(&archive, place, output),
    }
}

fn rebuild(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let bar = Progress::things(output, None);
    bar.say("indexing: blocks");
    let path = place.index();
    let indexed = Indexer::remove(&path)
        .and_then(|()| Indexer::open(&path))
        .and_then(|mut indexer| indexer.catch_up(archive, &mut |indexed| bar.set(indexed.blocks)))
        .map_err(|error| Failure::of(&error))?;
    drop(bar);
    output.say(&format!("indexed {} with {}", size::counted(indexed.blocks, "block"), size::counted(indexed.records, "record")));
    Ok(Exit::Success)
}

fn check(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let bar = Progress::things(output, None);
    bar.say("checking: blocks");
    let failed = |error| Failure::of(&error).hint("`logkeep index rebuild` makes it anew");
    let Some(index) = Index::open(&place.index()).map_err(failed)? else {
        drop(bar);
        output.line("there is no index; searches read everything")?;
        output.say("next: logkeep index rebuild");
        return Ok(Exit::Partial);
    };
    let checked = index.check(archive, &mut |blocks| bar.set(blocks)).map_err(failed)?;
    drop(bar);
    for finding in &checked.findings {
        output.line(finding)?;
    }
    let (blocks, entries) = (size::counted(checked.blocks, "block"), size::counted(checked.entries, "entrie"));
    output.say(&format!("compared {blocks}, {entries}: {}", size::counted(checked.findings.len() as u64, "finding")));
    Ok(if checked.findings.is_empty() { Exit::Success } else { Exit::Nothing })
}

fn status(archive: &Archive, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let _ = (archive, place);
    output.line("pending")?;
    Ok(Exit::Success)
}
