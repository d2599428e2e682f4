//! Verification: read every byte, compare everything with everything, list all damage.
//!
//! It opens the database afresh and for itself, so that what it reads does not move while a writer goes on, and comes
//! from the disk as far as RocksDB is concerned. It never stops at the first damage and mends nothing.

mod block;
mod files;
mod keys;
mod names;
mod signatures;
mod stream;
mod trusted;

use std::collections::BTreeMap;

use logkeep_proof::Trust;

use crate::archive::{Archive, State};
use crate::damage::Damage;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::log_key::LogKey;
use crate::recover;
use crate::streams::{self, Stream};
use crate::tips::{Ledger, Tip};
use crate::verify::signatures::Judges;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records that were checked.
    pub records: u64,
    /// Records there are, as the heads say.
    pub records_total: u64,
    /// Bytes of the bodies that were checked.
    pub bytes: u64,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Streams that were checked.
    pub streams: u64,
    /// Records whose bytes were hashed and are in the tree.
    pub records: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Blocks that were read.
    pub blocks: u64,
    /// Acknowledged states (tips) whose root was computed again.
    pub tips: u64,
    /// Signed checkpoints that were checked.
    pub checkpoints: u64,
    /// Everything that is not as it was written.
    pub damage: Vec<Damage>,
    /// What could not be checked, because damage stands before it.
    pub unchecked: Vec<String>,
    /// What is worth knowing and no damage: an append that was cut short before or just after it was stored.
    pub notes: Vec<String>,
}

impl Verification {
    /// Whether there was anything to verify. An empty archive proves nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0 && self.damage.is_empty() && self.unchecked.is_empty()
    }

    fn add(&mut self, damage: Damage) {
        // One bad file shows at many doors; each finding is told once.
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
    }

    /// Keeps damage as a finding; every other error ends the verification.
    fn take<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Damaged(damage)) => {
                self.add(*damage);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }
}

/// Verifies a whole archive and says how far it is after every few blocks. Checkpoints are held against the archive's
/// key and against what somebody knows from before. With neither nobody says whether the signatures are the archive's:
/// checkpoints are then held against the records, and listed as unchecked.
///
/// # Errors
/// Only what keeps it from reading at all, such as a database that does not open. Damage is in the result.
pub fn verify(
    archive: &Archive,
    key: Option<&LogKey>,
    trust: Option<&Trust>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verification> {
    let (directory, options) = (archive.directory(), archive.options());
    let mut report = Verification::default();
    let State { store, lost, .. } = files::open(directory, options, &mut report)?;
    files::check(directory, &store, &mut report)?;
    lost.iter().for_each(|lost| report.add(lost.damage()));
    let streams = streams::all(&store, |damage| {
        report.add(damage);
        Ok(())
    })?;
    let mut tips = check_ledger(directory, &streams, &mut report)?;
    let acknowledged: BTreeMap<u32, u64> =
        tips.iter().filter_map(|(stream, tips)| Some((*stream, tips.last()?.size))).collect();
    signatures::check(&store, &streams, Judges { key, trust }, &mut tips, &mut report)?;
    names::check(&store, &streams, &mut report)?;
    keys::check(&store, &streams, &mut report)?;
    let records_total = streams.iter().map(|stream| stream.head.size()).sum();
    for stream in &streams {
        let tips = tips.get(&stream.number).map(Vec::as_slice).unwrap_or_default();
        let (known, size) = (acknowledged.get(&stream.number).copied().unwrap_or(0), stream.head.size());
        if known < size && known >= stream.head.acknowledged {
            report.notes.push(format!("records {known}..{size} of {} are not in tips.log", stream.name));
        }
        let mut tell = |records, bytes| progress(Progress { records, records_total, bytes });
        stream::check(&store, stream, tips, options.threads, &mut tell, &mut report)?;
    }
    Ok(report)
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
