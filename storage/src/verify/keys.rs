//! Keys that nothing accounts for, and the families whose values only have to be readable.

use std::collections::BTreeMap;

use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::seen;
use crate::store::{self, Family, Store};
use crate::streams::Stream;
use crate::verify::Verification;

/// Keys that are named one by one where nothing should be.
const STRAYS_MAX: usize = 100;

/// Looks for keys of streams that do not exist, in all families that have the stream in front; at all ids only if asked.
pub(super) fn check(store: &Store, streams: &[Stream], ids: bool, report: &mut Verification) -> Result<()> {
    let sizes: BTreeMap<u32, u64> = streams.iter().map(|stream| (stream.number, stream.head.size())).collect();
    for family in [Family::Head, Family::Tail, Family::Block, Family::Chunk, Family::Tree] {
        let mut from = Vec::new();
        for number in sizes.keys() {
            no_keys(store, family, &from, &store::stream_key(*number), report)?;
            from = store::after_stream(*number);
        }
        no_keys(store, family, &from, &[255; 15], report)?;
    }
    if ids { check_seen(store, &sizes, report) } else { Ok(()) }
}

/// Calls `found` for each readable entry of a range; what cannot be read is reported.
pub(super) fn each(
    store: &Store,
    family: Family,
    from: &[u8],
    to: &[u8],
    report: &mut Verification,
    mut found: impl FnMut(&[u8], &[u8]),
) -> Result<()> {
    let mut scan = store.scan(family, from, to)?;
    loop {
        match scan.next() {
            Ok(None) => return Ok(()),
            Ok(Some(entry)) => found(entry.key, entry.value),
            Err(Error::Damaged(damage)) => {
                let stuck = damage.code == DamageCode::Store;
                report.add(*damage);
                if stuck {
                    report.unchecked.push(format!("the rest of the family {}", family.name()));
                    return Ok(());
                }
            }
            Err(other) => return Err(other),
        }
    }
}

/// Reports whatever is in a range where nothing should be.
pub(super) fn no_keys(store: &Store, family: Family, from: &[u8], to: &[u8], report: &mut Verification) -> Result<()> {
    if from >= to {
        return Ok(());
    }
    let mut strays = Vec::new();
    each(store, family, from, to, report, |key, _| {
        if strays.len() < STRAYS_MAX {
            strays.push(stray(family, key));
        }
    })?;
    strays.into_iter().for_each(|damage| report.add(damage));
    Ok(())
}

/// A key that nothing accounts for.
pub(super) fn stray(family: Family, key: &[u8]) -> Damage {
    let mut damage = Damage::new(DamageCode::Stray, "no such key", "one");
    damage.column = Some(store::shown_key(family, key));
    damage
}

/// The ids must belong to streams that exist and point to records that exist.
fn check_seen(store: &Store, sizes: &BTreeMap<u32, u64>, report: &mut Verification) -> Result<()> {
    let mut strange = Vec::new();
    each(store, Family::Seen, &[], &[255; 15], report, |key, value| {
        let size = key.split_first_chunk().and_then(|(stream, _)| sizes.get(&u32::from_be_bytes(*stream)));
        match (size, seen::parse(value)) {
            (Some(size), Some(indexes)) if indexes.iter().all(|index| index < size) && key.len() == 9 => {}
            _ if strange.len() < STRAYS_MAX => strange.push(stray(Family::Seen, key)),
            _ => {}
        }
    })?;
    strange.into_iter().for_each(|damage| report.add(damage));
    Ok(())
}
