//! `logkeep prove`: records and their proofs into one file, for those who trust nobody.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use logkeep_proof::bundle::Writer as BundleWriter;
use logkeep_proof::{Checkpoint, Hash, Note};
use logkeep_storage::{Archive, Error, LogKey, Prover, SignedCheckpoint, StreamName, Writer};

use crate::args::ProveArgs;
use crate::commands::{export, key};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::{self, Place};
use crate::signing;
use crate::{doubts, moment, selection, size};

/// Records of `_meta` that are read at once, from its end on.
const PAGE_RECORDS: u64 = 1024;

/// Ranges of indexes by stream: ascending, with gaps between them.
type Wanted = BTreeMap<StreamName, Vec<Range<u64>>>;

/// What is to be written of one stream.
struct Log {
    stream: StreamName,
    checkpoint: SignedCheckpoint,
    note: Note,
    ranges: Vec<Range<u64>>,
}

/// What was left out, and what was written.
#[derive(Default)]
struct Total {
    records: u64,
    damage: Vec<String>,
}

/// Writes the bundle.
pub(crate) fn run(args: &ProveArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let failed = |error| place::failure(&error);
    let mut archive = place.read()?;
    let doubted = doubts::tell(&archive, output);
    let Some(key) = signing::read(place).map_err(failed)? else {
        signing::without_key(&archive).map_err(failed)?.tell(place, output);
        return Err(Failure::error(format!("there is no key to prove with: {}", place.key().display())));
    };
    let (mut wanted, mut total) = wanted(args, &archive, output)?;
    if wanted.is_empty() {
        output.say("nothing to prove");
        return Ok(Exit::Nothing);
    }
    if unsigned(&archive, &wanted)? > 0 && sign(place, output)? {
        archive = place.read()?;
    }
    let left_out = unsigned(&archive, &wanted)?;
    if left_out > 0 {
        let (records, are) = (size::counted(left_out, "record"), if left_out == 1 { "is" } else { "are" });
        output.warn(&format!("{records} {are} not signed yet, and not in the bundle"));
    }
    let (logs, anchors) = logs(&archive, &key, &mut wanted, &mut total.damage)?;
    if logs.is_empty() {
        return Ok(Exit::Partial);
    }
    write(args, &archive, &key, &logs, &mut total)?;
    for damage in &total.damage {
        output.warn(&format!("missing: {damage}"));
    }
    let (records, file) = (size::counted(total.records.saturating_sub(anchors), "record"), args.output.display());
    output.say(&format!("{records} with proofs in {file}"));
    output.say(&format!("next: logkeep-check {file} --policy FILE, with the file of `logkeep key export`"));
    Ok(Exit::complete(left_out == 0 && total.damage.is_empty() && !doubted))
}

/// The records that were asked for, and what could not be read while they were looked for.
fn wanted(args: &ProveArgs, archive: &Archive, output: &mut Output) -> Result<(Wanted, Total), Failure> {
    let (mut wanted, mut total) = (Wanted::new(), Total::default());
    let mut is_missing = false;
    for id in &args.records {
        let head = archive.head(&id.stream).map_err(|error| place::failure(&error))?;
        if head.is_none_or(|head| id.index >= head.size) {
            output.warn(&format!("there is no record {id}"));
            is_missing = true;
        }
        wanted.entry(id.stream.clone()).or_default().push(id.index..id.index.saturating_add(1));
    }
    if is_missing {
        return Ok((Wanted::new(), total));
    }
    let now = moment::now();
    let since = moment::option("--since", args.since.as_deref(), now)?;
    let until = moment::option("--until", args.until.as_deref(), now)?;
    let streams = if args.streams.is_empty() { Vec::new() } else { selection::streams(archive, &args.streams)? };
    for stream in streams {
        let ranges = wanted.entry(stream.name.clone()).or_default();
        if since.is_none() && until.is_none() {
            ranges.push(0..stream.records);
            continue;
        }
        total.damage.extend(export::each_record(archive, &stream, (since, until), &mut |record| {
            push(ranges, record.id.index);
            Ok(true)
        })?);
    }
    wanted.values_mut().for_each(join);
    wanted.retain(|_, ranges| !ranges.is_empty());
    Ok((wanted, total))
}

/// Adds an index to ranges that come in order.
fn push(ranges: &mut Vec<Range<u64>>, index: u64) {
    match ranges.last_mut() {
        Some(last) if last.end == index => last.end += 1,
        _ => ranges.push(index..index.saturating_add(1)),
    }
}

/// Sorts ranges, and makes one of those that touch.
fn join(ranges: &mut Vec<Range<u64>>) {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges.drain(..).filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    *ranges = joined;
}

/// How many of the wanted records no checkpoint vouches for.
fn unsigned(archive: &Archive, wanted: &Wanted) -> Result<u64, Failure> {
    let mut count = 0;
    for (stream, ranges) in wanted {
        let signed = checkpoint(archive, stream)?.map_or(0, |checkpoint| checkpoint.size);
        count += ranges.iter().map(|range| range.end.saturating_sub(signed.max(range.start))).sum::<u64>();
    }
    Ok(count)
}

/// Signs what is new, if nobody else writes; whether it did.
fn sign(place: &Place, output: &mut Output) -> Result<bool, Failure> {
    let mut writer = match Writer::open(place.path(), place.options()) {
        Ok(writer) => writer,
        Err(Error::Locked(_)) => {
            output.hint("another process is writing the archive, and signs when it rests or ends; then prove again");
            return Ok(false);
        }
        Err(error) => return Err(place::failure(&error)),
    };
    let unsigned = signing::sign(&mut writer, place).map_err(|error| place::failure(&error))?;
    if let Some(unsigned) = &unsigned {
        unsigned.tell(place, output);
    }
    Ok(unsigned.is_none())
}

/// What goes into the bundle: signed records by stream, and the records of `_meta` that repeat their checkpoints, for
/// whoever knows the key of `_meta` only; and how many of those nobody asked for.
fn logs(
    archive: &Archive,
    key: &LogKey,
    wanted: &mut Wanted,
    damage: &mut Vec<String>,
) -> Result<(Vec<Log>, u64), Failure> {
    let meta = signing::meta()?;
    let mut logs = Vec::new();
    for (stream, ranges) in wanted.iter().filter(|(stream, _)| **stream != meta) {
        logs.extend(log(archive, key, stream, ranges)?);
    }
    let mut ranges = wanted.remove(&meta).unwrap_or_default();
    let asked = count(&ranges);
    ranges.extend(anchors(archive, &meta, &logs, damage)?);
    join(&mut ranges);
    logs.extend(log(archive, key, &meta, &ranges)?);
    logs.sort_by(|a, b| a.stream.cmp(&b.stream));
    Ok((logs, count(&ranges) - asked))
}

fn count(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

/// The signed ones of these records; `None` if there are none.
fn log(archive: &Archive, key: &LogKey, stream: &StreamName, ranges: &[Range<u64>]) -> Result<Option<Log>, Failure> {
    let Some(checkpoint) = checkpoint(archive, stream)? else { return Ok(None) };
    let clipped = ranges.iter().map(|range| range.start..range.end.min(checkpoint.size));
    let ranges: Vec<_> = clipped.filter(|range| !range.is_empty()).collect();
    if ranges.is_empty() {
        return Ok(None);
    }
    let verifier = key.verifier(stream).map_err(|error| place::failure(&error))?;
    let note = Note::parse(checkpoint.note.as_bytes());
    let is_ours = |note: &Note| note.verify(&[&verifier]).is_ok_and(|signatures| !signatures.is_empty());
    let note = note.ok().filter(is_ours).ok_or_else(|| {
        let text = format!("the checkpoint of {stream} is not signed with the archive's key");
        Failure::error(text).hint(doubts::VERIFY)
    })?;
    Ok(Some(Log { stream: stream.clone(), checkpoint, note, ranges }))
}

/// Records of `_meta` in which the checkpoints of these logs stand, the newest first.
fn anchors(
    archive: &Archive,
    meta: &StreamName,
    logs: &[Log],
    damage: &mut Vec<String>,
) -> Result<Vec<Range<u64>>, Failure> {
    let texts = logs.iter().filter_map(|log| log.note.text().parse::<Checkpoint>().ok());
    let mut texts: Vec<String> = texts.map(|checkpoint| checkpoint.json()).collect();
    let mut end = checkpoint(archive, meta)?.map_or(0, |checkpoint| checkpoint.size);
    let mut found = Vec::new();
    while end > 0 && !texts.is_empty() {
        let first = end.saturating_sub(PAGE_RECORDS);
        // Without such a record the bundle is good for whoever knows the streams' own keys.
        let mut page = Vec::new();
        for record in archive.records(meta, first..end) {
            match record {
                Ok(record) => page.push(record),
                Err(Error::Damaged(found)) => damage.push(found.to_string()),
                Err(other) => return Err(place::failure(&other)),
            }
        }
        page.reverse();
        for record in page {
            let body = String::from_utf8_lossy(&record.body);
            let before = texts.len();
            texts.retain(|text| !body.contains(text));
            if texts.len() < before {
                found.push(record.id.index..record.id.index.saturating_add(1));
            }
        }
        end = first;
    }
    Ok(found)
}

/// Writes a file beside it first, so that there is never half a bundle under its name.
fn write(args: &ProveArgs, archive: &Archive, key: &LogKey, logs: &[Log], total: &mut Total) -> Result<(), Failure> {
    let mut streams: Vec<StreamName> = logs.iter().map(|log| log.stream.clone()).collect();
    streams.push(signing::meta()?);
    streams.sort();
    streams.dedup();
    let policy = key::policy(key, &streams)?;
    let part = args.output.with_added_extension("part");
    let failed = |error: io::Error| Failure::file("write", &part, &error);
    let out = BufWriter::new(File::create(&part).map_err(failed)?);
    let mut bundle = BundleWriter::new(out, key.name(), policy.as_bytes()).map_err(failed)?;
    for log in logs {
        bundle.log(&log.note).map_err(failed)?;
        write_log(archive, log, &mut bundle, &failed, total)?;
    }
    let mut out = bundle.end().map_err(failed)?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
    std::fs::rename(&part, &args.output).map_err(|error| Failure::file("write", &args.output, &error))
}

fn write_log<W: Write>(
    archive: &Archive,
    log: &Log,
    bundle: &mut BundleWriter<W>,
    failed: &dyn Fn(io::Error) -> Failure,
    total: &mut Total,
) -> Result<(), Failure> {
    let broken = |error: Error| place::failure(&error);
    let Some(mut prover) = archive.prover(&log.stream).map_err(broken)? else { return Ok(()) };
    for range in &log.ranges {
        for (first, leaves) in sound(archive, &mut prover, log, range.clone(), total)? {
            let path = prover.path(first, &leaves, &log.checkpoint).map_err(broken)?;
            let count = leaves.len() as u64;
            bundle.range(first, count).map_err(failed)?;
            for record in archive.records(&log.stream, first..first + count) {
                let record = record.map_err(broken)?;
                bundle.record(&prover.proven(&record).map_err(broken)?).map_err(failed)?;
            }
            bundle.path(&path).map_err(failed)?;
            total.records += count;
        }
    }
    Ok(())
}

/// The leaves of a range, in as many parts as damage makes of it.
fn sound(
    archive: &Archive,
    prover: &mut Prover,
    log: &Log,
    range: Range<u64>,
    total: &mut Total,
) -> Result<Vec<(u64, Vec<Hash>)>, Failure> {
    let (mut parts, mut scratch) = (Vec::<(u64, Vec<Hash>)>::new(), Vec::new());
    let mut next = None;
    for record in archive.records(&log.stream, range) {
        let record = match record {
            Ok(record) => record,
            Err(Error::Damaged(damage)) => {
                total.damage.push(damage.to_string());
                continue;
            }
            Err(error) => return Err(place::failure(&error)),
        };
        let index = record.id.index;
        let proven = prover.proven(&record).map_err(|error| place::failure(&error))?;
        let leaf = proven.leaf(index).hash(&mut scratch);
        match parts.last_mut().filter(|_| next == Some(index)) {
            Some((_, leaves)) => leaves.push(leaf),
            None => parts.push((index, vec![leaf])),
        }
        next = index.checked_add(1);
    }
    Ok(parts)
}

fn checkpoint(archive: &Archive, stream: &StreamName) -> Result<Option<SignedCheckpoint>, Failure> {
    archive.checkpoint(stream).map_err(|error| place::failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let mut ranges = vec![5..6, 1..2, 2..3, 5..6, 9..9, 0..1, 7..8];
        join(&mut ranges);
        assert_eq!(ranges, [0..3, 5..6, 7..8]);
        push(&mut ranges, 8);
        push(&mut ranges, 10);
        assert_eq!(ranges, [0..3, 5..6, 7..9, 10..11]);
    }
}
