//! Signed checkpoints and what `_meta` says of the streams: more states of which the root is known.

use std::collections::BTreeMap;

use logkeep_proof::Trust;

use crate::checkpoint::{Kept, META, NamedTip, kept, tips_of};
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::log_key::LogKey;
use crate::records::Records;
use crate::store::Store;
use crate::streams::Stream;
use crate::time::Timestamp;
use crate::tips::Tip;
use crate::verify::Verification;
use crate::verify::trusted::{Judged, Trusted};

/// Who says whether a checkpoint is the archive's.
#[derive(Clone, Copy)]
pub(super) struct Judges<'a> {
    pub(super) key: Option<&'a LogKey>,
    pub(super) trust: Option<&'a Trust>,
}

/// Checks notes, and adds what they and `_meta` know to the states that the records are held against.
pub(super) fn check(
    store: &std::sync::Arc<Store>,
    streams: &[Stream],
    judges: Judges<'_>,
    tips: &mut BTreeMap<u32, Vec<Tip>>,
    report: &mut Verification,
) -> Result<()> {
    let named = named(store, streams, report)?;
    let mut checkpoints = Vec::new();
    for stream in streams {
        let Some(Some(kept)) = report.take(kept(store, stream.number))? else { continue };
        report.row(stream.name.as_str()).signed = Some(kept.frontier.size());
        know(stream, kept.frontier.size(), kept.frontier.root(), tips, report);
        checkpoints.push((stream, kept));
    }
    let trusted = judges.trust.map(|trust| Trusted::new(trust, &checkpoints, &named));
    for (stream, kept) in &checkpoints {
        judge(stream, kept, judges.key, trusted.as_ref(), report)?;
    }
    for expected in judges.trust.iter().flat_map(|trust| &trust.expected) {
        let name = of_origin(streams, &expected.origin).map(|stream| stream.name.as_str());
        report.expect(name.unwrap_or_else(|| gone(streams, &checkpoints, &expected.origin)), expected.size_min);
    }
    trusted.iter().flat_map(Trusted::shortfalls).for_each(|damage| report.add(damage));
    for tip in named.into_values() {
        match of_origin(streams, &tip.origin) {
            Some(stream) => know(stream, tip.size, tip.root, tips, report),
            None => {
                let expected = format!("{} with {} records, as _meta says", tip.origin, tip.size);
                report.expect(gone(streams, &checkpoints, &tip.origin), tip.size);
                report.add(Damage::new(DamageCode::StreamMissing, expected, "no such stream"));
            }
        }
    }
    tips.values_mut().for_each(|tips| tips.sort_by_key(|tip| tip.size));
    Ok(())
}

/// Holds one checkpoint against key and trust file, whichever there is.
fn judge(
    stream: &Stream,
    kept: &Kept,
    key: Option<&LogKey>,
    trusted: Option<&Trusted<'_>>,
    report: &mut Verification,
) -> Result<()> {
    let by_key = key.map(|key| kept.check(&key.verifier(&stream.name)?)).transpose()?;
    let by_key = by_key.map(|problem| problem.map_or(Judged::Right, Judged::Wrong));
    let (mut right, mut unknown) = (false, by_key.is_none() && trusted.is_none());
    for (judged, whose) in [(by_key, "the archive's key"), (trusted.map(|it| it.judge(stream, kept)), "the trust file")]
    {
        match judged {
            Some(Judged::Right) => right = true,
            Some(Judged::Unknown) => unknown = true,
            Some(Judged::Wrong(problem)) => {
                let expected = format!("a checkpoint signed as {whose} says");
                let damage = Damage::new(DamageCode::Checkpoint, expected, problem);
                report.add(damage.stream(&stream.name));
                return Ok(());
            }
            None => {}
        }
    }
    if unknown {
        report.unchecked.push(format!("the signature of the checkpoint of {}: no key", stream.name));
    } else if right {
        report.checkpoints += 1;
    }
    Ok(())
}

/// The stream of this origin: the one with the longest name, as `a/b` also ends with `b`.
pub(super) fn of_origin<'a>(streams: &'a [Stream], origin: &str) -> Option<&'a Stream> {
    let ends = |stream: &&Stream| origin.strip_suffix(stream.name.as_str()).is_some_and(|rest| rest.ends_with('/'));
    streams.iter().filter(ends).max_by_key(|stream| stream.name.as_str().len())
}

/// The name of a stream that is gone: what of its origin is behind the archive's name, which the others tell.
fn gone<'a>(streams: &[Stream], checkpoints: &[(&Stream, Kept)], origin: &'a str) -> &'a str {
    let name = |(stream, kept): &(&Stream, Kept)| {
        let text = std::str::from_utf8(&kept.note).ok()?;
        Some(text.lines().next()?.strip_suffix(stream.name.as_str())?.to_owned())
    };
    let archive = checkpoints.iter().find_map(name).filter(|_| !streams.is_empty());
    archive.and_then(|archive| origin.strip_prefix(archive.as_str())).unwrap_or(origin)
}

/// The newest tip of each stream in `_meta`.
fn named(
    store: &std::sync::Arc<Store>,
    streams: &[Stream],
    report: &mut Verification,
) -> Result<BTreeMap<String, NamedTip>> {
    let mut named: BTreeMap<String, NamedTip> = BTreeMap::new();
    let meta = streams.iter().find(|stream| stream.name.as_str() == META);
    for record in meta.into_iter().flat_map(|meta| Records::new(store.clone(), meta.name.clone(), 0..meta.head.size()))
    {
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
    report.expect(stream.name.as_str(), size);
    if size > stream.head.size() {
        let damage =
            Damage::new(DamageCode::Acknowledged, format!("{size} signed records"), stream.head.size().to_string());
        return report.add(damage.stream(&stream.name).records(stream.head.size()..size));
    }
    let tip = Tip { stream: stream.number, size, root, received: Timestamp::default() };
    tips.entry(stream.number).or_default().push(tip);
}
