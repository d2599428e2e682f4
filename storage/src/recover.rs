//! What opening an archive finds: acknowledged records that are gone, and what was cut off.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::blocks;
use crate::damage::{Damage, DamageCode};
use crate::error::Result;
use crate::hex::hex;
use crate::store::{Family, Store};
use crate::stream::StreamName;
use crate::streams::{self, Stream};
use crate::tail;
use crate::time::Timestamp;
use crate::tips::{self, Ledger, Tip};

/// A stream that has fewer records than were acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The stream; `None` if its name is gone as well.
    pub stream: Option<StreamName>,
    /// The stream's number in the archive.
    pub number: u32,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that are there.
    pub found: u64,
}

impl Lost {
    /// The loss as damage, for an answer that must not be taken as complete.
    #[must_use]
    pub fn damage(&self) -> Damage {
        let expected = format!("{} acknowledged records", self.acknowledged);
        let damage = Damage::new(DamageCode::Acknowledged, expected, self.found.to_string());
        let damage = damage.records(self.found..self.acknowledged);
        self.stream.as_ref().map_or(damage.clone(), |stream| damage.stream(stream))
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(name) => write!(f, "{name}")?,
            None => write!(f, "stream number {}", self.number)?,
        }
        write!(f, " has {} records, {} were acknowledged", self.found, self.acknowledged)
    }
}

/// What a writer found when it opened the archive: the unfinished end of an append that was never acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The database's log of writes ended in an unfinished record.
    pub torn_log: bool,
    /// Bytes at the end of `tips.log` that were no tip.
    pub torn_tip_bytes: u64,
    /// Records that were stored, but not in the ledger yet: the writer ended between the two. They are kept, with the
    /// cursor that was stored together with them, and are in the ledger now.
    pub adopted: u64,
    /// Where a copy of `tips.log` lies that had a changed byte; the ledger was corrected and written anew.
    pub ledger_set_aside: Option<PathBuf>,
}

/// The streams that have less than their newest tip says.
pub(crate) fn lost(store: &Store, newest: &BTreeMap<u32, Tip>, streams: &[Stream]) -> Vec<Lost> {
    let sizes: BTreeMap<u32, &Stream> = streams.iter().map(|stream| (stream.number, stream)).collect();
    let missing = newest.values().filter_map(|tip| {
        let stream = sizes.get(&tip.stream);
        let found = stream.map_or(0, |stream| stream.head.size());
        let name = || stream.map(|stream| stream.name.clone()).or_else(|| name_of(store, tip.stream));
        (found < tip.size).then(|| Lost { stream: name(), number: tip.stream, acknowledged: tip.size, found })
    });
    missing.collect()
}

/// The tips of streams that go further than the ledger says.
pub(crate) fn missing_tips(store: &Store, newest: &BTreeMap<u32, Tip>, streams: &[Stream]) -> Result<Vec<Tip>> {
    let ahead = streams.iter().filter(|stream| stream.head.size() > acknowledged(newest, stream));
    ahead.map(|stream| Ok(tips::tip(stream, last_received(store, stream)?))).collect()
}

/// How many records of a stream the ledger knows.
pub(crate) fn acknowledged(newest: &BTreeMap<u32, Tip>, stream: &Stream) -> u64 {
    newest.get(&stream.number).map_or(0, |tip| tip.size)
}

/// When the last record of a stream was received.
pub(crate) fn last_received(store: &Store, stream: &Stream) -> Result<Timestamp> {
    let last = stream.head.size().saturating_sub(1);
    if let Some(block) = blocks::containing(store, stream, last)? {
        return Ok(block.head.received.1);
    }
    Ok(tail::get(store, stream, last)?.map(|row| row.received).unwrap_or_default())
}

/// What keeps the ledger from saying what was acknowledged; without that, nothing lost is no good news.
pub(crate) fn ledger_damage(path: &Path, ledger: &Ledger, streams: &[Stream]) -> Vec<Damage> {
    // Where tips are missing anyway, that some streams lack theirs is no news.
    let shorter = streams.iter().filter(|_| ledger.is_complete()).filter_map(|stream| shorter(&ledger.newest, stream));
    ledger.damage.iter().cloned().chain(shorter).map(|damage| damage.file(path)).collect()
}

/// The finding that the ledger lacks what a stream knows to have been acknowledged. (It may lack the last append: one
/// that was cut short between the database and the ledger.)
pub(crate) fn shorter(newest: &BTreeMap<u32, Tip>, stream: &Stream) -> Option<Damage> {
    let (expected, found) = (stream.head.acknowledged, acknowledged(newest, stream));
    let damage = || Damage::new(DamageCode::Tips, format!("a tip for {expected} records"), format!("{found} records"));
    (found < expected).then(|| damage().stream(&stream.name))
}

/// Refuses streams whose root is not the one that was acknowledged at the same size.
pub(crate) fn check_roots(newest: &BTreeMap<u32, Tip>, streams: &[Stream]) -> Result<()> {
    streams.iter().filter_map(|stream| other_root(newest.get(&stream.number)?, stream)).try_for_each(|d| Err(d.into()))
}

/// The finding that a stream has another root than was acknowledged.
fn other_root(tip: &Tip, stream: &Stream) -> Option<Damage> {
    let (size, root) = (stream.head.size(), stream.head.root());
    let differs = tip.size == size && tip.root != root;
    let damage = || Damage::new(DamageCode::Head, format!("root {}", hex(&tip.root)), hex(&root));
    differs.then(|| damage().stream(&stream.name).records(0..size))
}

/// The name of a stream whose head cannot be had.
fn name_of(store: &Store, number: u32) -> Option<StreamName> {
    let name = store.get(Family::Meta, &streams::number_key(number)).ok()??;
    std::str::from_utf8(&name).ok()?.parse().ok()
}
