//! The restore drill: some records are handed out with their proofs as to a stranger, who checks them by himself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use logkeep_proof::bundle::{Bundle, ProvenRecord, Writer as BundleWriter};
use logkeep_proof::{Note, Trust};
use logkeep_storage::{Archive, Damage, DamageCode, Error, LogKey, StreamName, Verification};

use crate::commands::key;
use crate::exit::Failure;

/// What strangers would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drill {
    /// Records that were handed out.
    pub(crate) asked: u64,
    /// Records that the checker says are proven.
    pub(crate) proven: u64,
}

/// Hands out `count` records that `seed` chooses among the signed ones of sound streams. What is not proven is added to
/// the findings. `None` if nothing is signed.
pub(crate) fn run(
    archive: &Archive,
    key: &LogKey,
    (count, seed): (u64, u64),
    checked: &mut Verification,
) -> Result<Option<Drill>, Error> {
    let mut random = seed;
    let chosen = choose(archive, checked, count, &mut random)?;
    let asked = chosen.values().map(|indexes| indexes.len() as u64).sum();
    if asked == 0 {
        return Ok(None);
    }
    let streams: Vec<StreamName> = chosen.keys().cloned().collect();
    let proven = match hand_out(archive, key, &chosen, &streams) {
        Ok(proven) => proven,
        Err(Error::Damaged(damage)) => {
            checked.add(*damage);
            0
        }
        Err(other) => return Err(other),
    };
    let missing = asked - proven.min(asked);
    if missing > 0 {
        let found = format!("{missing} of them are not");
        checked.add(Damage::new(
            DamageCode::Proof,
            format!("{asked} records proven by the stand-alone checker"),
            found,
        ));
    }
    Ok(Some(Drill { asked, proven }))
}

/// Writes a bundle as `logkeep prove` does, and judges it as `logkeep-check` does: by nothing but it and the keys.
fn hand_out(
    archive: &Archive,
    key: &LogKey,
    chosen: &BTreeMap<StreamName, Vec<u64>>,
    streams: &[StreamName],
) -> Result<u64, Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::from(Damage::new(DamageCode::Proof, "a bundle of proofs", error.to_string()))
    };
    let policy = key::policy(key, streams).map_err(|error| failed(&error))?;
    let mut bundle = BundleWriter::new(Vec::new(), key.name(), policy.as_bytes()).map_err(|error| failed(&error))?;
    for (stream, indexes) in chosen {
        let Some((checkpoint, mut prover)) = archive.checkpoint(stream)?.zip(archive.prover(stream)?) else { continue };
        let note = Note::parse(checkpoint.note.as_bytes()).map_err(|error| failed(&error))?;
        bundle.log(&note).map_err(|error| failed(&error))?;
        for range in ranges(indexes) {
            let records: Vec<_> = archive.records(stream, range.clone()).collect::<Result<_, _>>()?;
            let proven: Vec<_> = records.iter().map(|record| prover.proven(record)).collect::<Result<_, _>>()?;
            let leaf = |(index, proven): (u64, &ProvenRecord<'_>)| proven.leaf(index).hash(&mut Vec::new());
            let leaves: Vec<_> = (range.start..).zip(&proven).map(leaf).collect();
            let path = prover.path(range.start, &leaves, &checkpoint)?;
            let mut written = bundle.range(range.start, proven.len() as u64);
            for proven in &proven {
                written = written.and_then(|()| bundle.record(proven));
            }
            written.and_then(|()| bundle.path(&path)).map_err(|error| failed(&error))?;
        }
    }
    let bytes = bundle.end().map_err(|error| failed(&error))?;
    let trust = Trust::parse(policy.as_bytes()).map_err(|error| failed(&error))?;
    let bundle = Bundle::parse(&bytes).map_err(|error| failed(&error))?;
    let sound = bundle.check(&trust).into_iter().filter(|verdict| verdict.flaws.is_empty());
    Ok(sound.map(|verdict| verdict.proven()).sum())
}

/// Ascending indexes as ranges with a gap between two: neighbours share a path.
fn ranges(indexes: &[u64]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for index in indexes {
        match ranges.last_mut() {
            Some(last) if last.end == *index => last.end += 1,
            _ => ranges.push(*index..*index + 1),
        }
    }
    ranges
}

/// Random signed records, each once, as many of each stream as its share is.
fn choose(
    archive: &Archive,
    checked: &Verification,
    count: u64,
    random: &mut u64,
) -> Result<BTreeMap<StreamName, Vec<u64>>, Error> {
    let mut signed = Vec::new();
    for stream in archive.streams()? {
        let is_damaged = checked.damage.iter().any(|damage| damage.stream.as_ref() == Some(&stream.name));
        let size = archive.checkpoint(&stream.name)?.map_or(0, |checkpoint| checkpoint.size).min(stream.records);
        if size > 0 && !is_damaged {
            signed.push((stream.name, size));
        }
    }
    let total: u64 = signed.iter().map(|(_, size)| size).sum();
    let mut chosen: BTreeMap<StreamName, BTreeSet<u64>> = BTreeMap::new();
    let mut left = count.min(total);
    while left > 0 {
        let mut at = next(random) % total.max(1);
        for (stream, size) in &signed {
            if at < *size {
                left -= u64::from(chosen.entry(stream.clone()).or_default().insert(at));
                break;
            }
            at -= size;
        }
    }
    Ok(chosen.into_iter().map(|(stream, indexes)| (stream, indexes.into_iter().collect())).collect())
}

/// splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What keeps the drill from being made is something that could not be checked.
pub(crate) fn unchecked(error: &Error) -> String {
    format!("proofs as for a stranger: {}", Failure::of(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_range() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), [0..3, 5..6, 7..9]);
        assert!(ranges(&[]).is_empty());
    }
}
