//! Verification: read every byte, compare everything with everything, list all damage.
//!
//! It opens the database afresh and for itself, so that what it reads does not move while a writer goes on, and comes
//! from the disk as far as RocksDB is concerned. It never stops at the first damage and mends nothing.

mod block;
mod census;
mod coverage;
mod files;
mod keys;
mod names;
mod report;
mod request;
mod self_test;
mod signatures;
mod stream;
mod trusted;

use std::collections::BTreeMap;

use logkeep_proof::Trust;

use crate::archive::{Archive, State};
use crate::directory::Directory;
use crate::error::Result;
use crate::log_key::LogKey;
use crate::recover;
use crate::streams::{self, Stream};
use crate::tips::{Ledger, Tip};
use crate::verify::signatures::Judges;

pub use coverage::Coverage;
pub use report::{CheckedStream, Progress, Verification};
pub use request::{Depth, Part, Request};
pub use self_test::{FAULTS, self_test};

/// Verifies a whole archive and says how far it is after every few blocks.
///
/// # Errors
/// Only what keeps it from reading at all, such as a database that does not open. Damage is in the result.
pub fn verify(
    archive: &Archive,
    key: Option<&LogKey>,
    trust: Option<&Trust>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verification> {
    verify_as(archive, &Request { key, trust, ..Request::default() }, progress)
}

/// Verifies what is requested.
///
/// # Errors
/// As [`verify`].
pub fn verify_as(archive: &Archive, request: &Request<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Verification> {
    let (directory, options) = (archive.directory(), archive.options());
    let mut report = Verification { files: request.files, ..Verification::default() };
    let dropped = request.depth != Depth::Quick && files::drop_from_cache(directory);
    let State { store, lost, .. } = files::open(directory, options, &mut report)?;
    files::check(directory, &store, request.files, &mut report)?;
    lost.iter().for_each(|lost| report.add(lost.damage()));
    let streams = streams::all(&store, |damage| {
        report.add(damage);
        Ok(())
    })?;
    let mut tips = check_ledger(directory, &streams, &mut report)?;
    if request.depth != Depth::Full {
        // Each state before the newest would need the contents of its block.
        tips.values_mut().for_each(|tips| drop(tips.drain(..tips.len().saturating_sub(1))));
    }
    let acknowledged: BTreeMap<u32, u64> =
        tips.iter().filter_map(|(stream, tips)| Some((*stream, tips.last()?.size))).collect();
    let known = |stream: &Stream| acknowledged.get(&stream.number).copied().unwrap_or(0);
    streams.iter().for_each(|stream| report.begin(stream, known(stream)));
    for lost in &lost {
        let name = lost.stream.as_ref().map_or_else(|| format!("stream number {}", lost.number), ToString::to_string);
        report.expect(&name, lost.acknowledged);
    }
    let judges = Judges { key: request.key, trust: request.trust };
    signatures::check(&store, &streams, judges, &mut tips, &mut report)?;
    names::check(&store, &streams, &mut report)?;
    keys::check(&store, &streams, request.files, &mut report)?;
    census::check(directory, &store, &mut report)?;
    let records_total = records_total(request.depth, &streams);
    let mut tell = |records, bytes| progress(Progress { records, records_total, bytes });
    for stream in &streams {
        let tips = tips.get(&stream.number).map(Vec::as_slice).unwrap_or_default();
        let (known, size) = (known(stream), stream.head.size());
        if known < size && known >= stream.head.acknowledged {
            report.notes.push(format!("records {known}..{size} of {} are not in tips.log", stream.name));
        }
        let how = stream::How { threads: options.threads, reads_all: request.depth == Depth::Full };
        stream::check(&store, stream, tips, how, &mut tell, &mut report)?;
    }
    if let Depth::Parts(parts) = request.depth {
        let of = |part: &Part| streams.iter().find(|stream| stream.name == part.stream);
        for (part, stream) in parts.iter().filter_map(|part| Some((part, of(part)?))) {
            let how = stream::How { threads: options.threads, reads_all: true };
            let damage_before = report.damage.len();
            if !stream::content(&store, stream, part.records.clone(), how, request.go_on, &mut tell, &mut report)? {
                break;
            }
            if report.damage.len() == damage_before {
                (request.done)(part);
            }
        }
    }
    if dropped {
        files::drop_from_cache(directory);
    }
    report.merge_files();
    report.join_content();
    Ok(report)
}

/// Records of which the bytes are to be read, for a bar that shows progress.
fn records_total(depth: Depth<'_>, streams: &[Stream]) -> u64 {
    match depth {
        Depth::Full => streams.iter().map(|stream| stream.head.size()).sum(),
        Depth::Quick => 0,
        Depth::Parts(parts) => parts.iter().map(|part| part.records.end.saturating_sub(part.records.start)).sum(),
    }
}

/// The tips of each stream, smallest first.
fn check_ledger(
    directory: &Directory,
    streams: &[Stream],
    report: &mut Verification,
) -> Result<BTreeMap<u32, Vec<Tip>>> {
    let mut by_stream: BTreeMap<u32, Vec<Tip>> = BTreeMap::new();
    let Some(ledger) = report.take(Ledger::read(&directory.tips()))? else { return Ok(by_stream) };
    let ledger = ledger.without_torn_append(streams);
    if ledger.torn_bytes > 0 {
        report
            .notes
            .push(format!("{} bytes at the end of tips.log are no tip: an append cut short", ledger.torn_bytes));
    }
    recover::ledger_damage(&directory.tips(), &ledger, streams).into_iter().for_each(|damage| report.add(damage));
    ledger.tips.into_iter().for_each(|tip| by_stream.entry(tip.stream).or_default().push(tip));
    by_stream.values_mut().for_each(|tips| tips.sort_by_key(|tip| tip.size));
    Ok(by_stream)
}

#[cfg(test)]
mod tests;
