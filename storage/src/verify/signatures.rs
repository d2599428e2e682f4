//! Signed checkpoints and what `_meta` says of the streams: more states of which the root is known.

use std::collections::BTreeMap;

use crate::checkpoint::{META, NamedTip, kept, tips_of};
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::log_key::LogKey;
use crate::records::Records;
use crate::store::Store;
use crate::streams::Stream;
use crate::time::Timestamp;
use crate::tips::Tip;
use crate::verify::Verification;

/// Checks notes, and adds what they and `_meta` know to the states that the records are held against.
pub(super) fn check(
    store: &std::sync::Arc<Store>,
    streams: &[Stream],
    key: Option<&LogKey>,
    tips: &mut BTreeMap<u32, Vec<Tip>>,
    report: &mut Verification,
) -> Result<()> {
    for stream in streams {
        let Some(kept) = report.take(kept(store, stream.number))?.flatten() else { continue };
        let expected = || Damage::new(DamageCode::Checkpoint, "a checkpoint signed with the archive's key", "");
        match key {
            Some(key) => match kept.check(&key.verifier(&stream.name)?)? {
                Some(problem) => report.add(Damage { found: problem, ..expected().stream(&stream.name) }),
                None => report.checkpoints += 1,
            },
            None => report.unchecked.push(format!("the signature of the checkpoint of {}: no key", stream.name)),
        }
        know(stream, kept.frontier.size(), kept.frontier.root(), tips, report);
    }
    let named = named(store, streams, report)?;
    for tip in named.into_values() {
        let ends = |stream: &&Stream| tip.origin.strip_suffix(stream.name.as_str()).is_some_and(|r| r.ends_with('/'));
        // The longest name: `a/b` also ends with `b`.
        match streams.iter().filter(ends).max_by_key(|stream| stream.name.as_str().len()) {
            Some(stream) => know(stream, tip.size, tip.root, tips, report),
            None => {
                let expected = format!("{} with {} records, as _meta says", tip.origin, tip.size);
                report.add(Damage::new(DamageCode::StreamMissing, expected, "no such stream"));
            }
        }
    }
    tips.values_mut().for_each(|tips| tips.sort_by_key(|tip| tip.size));
    Ok(())
}

/// The newest tip of each stream in `_meta`.
fn named(
    store: &std::sync::Arc<Store>,
    streams: &[Stream],
    report: &mut Verification,
) -> Result<BTreeMap<String, NamedTip>> {
    let mut named: BTreeMap<String, NamedTip> = BTreeMap::new();
    let meta = streams.iter().find(|stream| stream.name.as_str() == META);
    for record in meta.into_iter().flat_map(|meta| Records::new(store.clone(), meta.name.clone(), 0..meta.head.size())) {
        match record {
            Ok(record) => named.extend(tips_of(&record.body).into_iter().map(|tip| (tip.origin.clone(), tip))),
            Err(Error::Damaged(damage)) => report.add(*damage),
            Err(other) => return Err(other),
        }
    }
    Ok(named)
}

/// A state of a stream: one that the records go beyond is compared with them, another is lost.
fn know(
    stream: &Stream,
    size: u64,
    root: logkeep_proof::Hash,
    tips: &mut BTreeMap<u32, Vec<Tip>>,
    report: &mut Verification,
) {
    if size > stream.head.size() {
        let damage = Damage::new(DamageCode::Acknowledged, format!("{size} signed records"), stream.head.size().to_string());
        return report.add(damage.stream(&stream.name).records(stream.head.size()..size));
    }
    let tip = Tip { stream: stream.number, size, root, received: Timestamp::default() };
    tips.entry(stream.number).or_default().push(tip);
}
