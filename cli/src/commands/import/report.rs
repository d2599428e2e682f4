//! What an import did, for people and for programs.

use std::time::Duration;

use logkeep_server::intake::{OtherManner, RejectedSource, Summary, Unfinished};

use super::Done;
use crate::mismatch::Mismatch;
use crate::output::Output;
use crate::place::Place;
use crate::size;

/// Says on standard error what was done and what was not.
pub(super) fn print(done: &Done, place: &Place, took: Duration, output: &mut Output) {
    let Done { summary, mismatches, unsigned, .. } = done;
    output.say(&headline(summary, took));
    for (stream, count) in &summary.streams {
        let known = (count.duplicates > 0).then(|| format!(", {} there already", size::grouped(count.duplicates)));
        let new = size::counted(count.records - count.duplicates, "new record");
        output.say(&format!("  {stream}: {new}{}", known.unwrap_or_default()));
    }
    if summary.known > 0 {
        let are = if summary.known == 1 { "is" } else { "are" };
        output.say(&format!(
            "{} {are} in the archive already, there is nothing new",
            size::counted(summary.known, "file")
        ));
    }
    otherwise(summary, output);
    for (count, what) in [
        (summary.versions, "with an id that is known but other content: kept as new versions"),
        (summary.without_time, "without a time that we know: the time is when they came (--time-path)"),
        (summary.lines_without_time, "of text without a time that we know: the time is when they came"),
        (summary.opaque, "stored but not taken apart: nested too deep, or not UTF-8"),
    ] {
        if count > 0 {
            output.say(&format!("{} {what}", size::counted(count, "record")));
        }
    }
    if summary.without_id > 0 {
        let records = size::counted(summary.without_id, "record");
        output.warn(&format!("{records} without a value at --id-path: what comes twice of them is stored twice"));
    }
    if summary.beyond_streams > 0 {
        let records = size::counted(summary.beyond_streams, "record");
        output.warn(&format!("{records} went to unknown/json: the values in --stream have made too many streams"));
        output.hint("choose a field with few values; `logkeep streams` shows what was made");
    }
    if summary.skipped_empty > 0 {
        output.detail(&format!("{} left out", size::counted(summary.skipped_empty, "empty line")));
    }
    for mismatch in mismatches {
        output.warn(&mismatch.to_string());
    }
    rejected(summary, place, output);
    for Unfinished { source, offset, reason } in &summary.unfinished {
        let taken = if *offset == 0 {
            "not taken".to_owned()
        } else {
            format!("taken up to byte {}, then", size::grouped(*offset))
        };
        output.warn(&format!("{source}: {taken}: {reason}"));
    }
    if let Some(unsigned) = unsigned {
        unsigned.tell(place, output);
    }
    let goes_on = match done.from_stream {
        false => "the same command goes on from there",
        // A stream has no place to go on from.
        true => "of a stream that is read again only records with an id are known again",
    };
    if summary.cut_short {
        output.warn(&format!("stopped before the end; what is counted above is kept, and {goes_on}"));
    } else if summary.stopped {
        output.say(&format!("stopped; what is counted above is kept, and {goes_on}"));
    }
}

/// Files that were imported with other options before.
fn otherwise(summary: &Summary, output: &mut Output) {
    let more = |count: usize| match count.saturating_sub(1) {
        0 => String::new(),
        others => format!(", and {} more", size::grouped(others as u64)),
    };
    if let [OtherManner { source, options }, ..] = summary.known_otherwise.as_slice() {
        let others = more(summary.known_otherwise.len());
        output.warn(&format!("{source}{others}: archived before with {options}; what is archived stays as it is"));
    }
    if let [OtherManner { source, options }, ..] = summary.taken_otherwise.as_slice() {
        let others = more(summary.taken_otherwise.len());
        output.warn(&format!("{source}{others}: was in the archive already, imported with {options}"));
        output.hint("records without an id are now there twice; nothing can be taken out of an archive");
    }
}

/// What was put aside: the first sources with line and reason, and where all of it lies.
fn rejected(summary: &Summary, place: &Place, output: &mut Output) {
    let folder = place.rejected();
    if summary.rejected_before > 0 {
        let what = size::counted(summary.rejected_before, "piece");
        output.warn(&format!("{what} of these files could not be taken by an earlier run, see {}", folder.display()));
    }
    if summary.rejected == 0 {
        return;
    }
    let what = size::counted(summary.rejected, "piece");
    output.warn(&format!("{what} could not be taken, kept in {} with place and reason", folder.display()));
    let mut named = 0;
    for RejectedSource { source, line, reason, count } in &summary.rejected_sources {
        named += count;
        // Unfinished inputs are told by themselves.
        let is_told = |unfinished: &Unfinished| unfinished.source == *source && unfinished.reason == *reason;
        let others = if *count > 1 { format!(", and {} more", size::grouped(count - 1)) } else { String::new() };
        if *count > 1 || !summary.unfinished.iter().any(is_told) {
            let line = if *line > 0 { format!(" line {}", size::grouped(*line)) } else { String::new() };
            output.warn(&format!("  {source}{line}: {reason}{others}"));
        }
    }
    if summary.rejected > named {
        output.warn(&format!("  {} in other inputs", size::counted(summary.rejected - named, "piece")));
    }
}

/// `archived 12,074 new records (28.1 MB) from 29 files in 0.4 s, 67 MB/s`.
fn headline(summary: &Summary, took: Duration) -> String {
    let Summary { inputs, records, bytes, duplicates, .. } = summary;
    let (seconds, megabytes) = (took.as_secs_f64(), *bytes as f64 / 1e6);
    // A rate of a few records says nothing.
    let rate = (megabytes >= 1.0).then(|| format!(", {:.0} MB/s", megabytes / seconds.max(1e-3)));
    let new = size::counted(records - duplicates, "new record");
    let known = if *duplicates > 0 {
        format!(
            " of {} read; {} there already and not stored twice",
            size::grouped(*records),
            size::grouped(*duplicates)
        )
    } else {
        String::new()
    };
    let files = size::counted(*inputs, "file");
    let rate = rate.unwrap_or_default();
    format!("archived {new} ({}) from {files} in {seconds:.1} s{rate}{known}", size::human(*bytes))
}

/// The same for programs.
pub(super) fn json(done: &Done) -> String {
    let summary = &done.summary;
    let Summary { inputs, records, bytes, duplicates, versions, rejected, skipped_empty, .. } = summary;
    let streams: serde_json::Map<String, serde_json::Value> = summary
        .streams
        .iter()
        .map(|(name, count)| {
            let numbers = serde_json::json!({
                "records": count.records, "bytes": count.bytes, "duplicates": count.duplicates, "versions": count.versions
            });
            (name.to_string(), numbers)
        })
        .collect();
    let unfinished: Vec<_> = summary
        .unfinished
        .iter()
        .map(|found| serde_json::json!({ "source": found.source, "offset": found.offset, "reason": found.reason }))
        .collect();
    let mismatches: Vec<_> = done.mismatches.iter().map(Mismatch::json).collect();
    serde_json::json!({
        "inputs": inputs, "known": summary.known, "records": records, "bytes": bytes, "duplicates": duplicates, "versions": versions,
        "rejected": rejected, "rejected_before": summary.rejected_before, "skipped_empty": skipped_empty,
        "without_time": summary.without_time, "lines_without_time": summary.lines_without_time,
        "without_id": summary.without_id, "beyond_streams": summary.beyond_streams,
        "known_otherwise": summary.known_otherwise.len(), "taken_otherwise": summary.taken_otherwise.len(),
        "opaque": summary.opaque, "streams": streams, "unfinished": unfinished, "mismatches": mismatches,
        "stopped": summary.stopped, "cut_short": summary.cut_short,
        "signed": done.unsigned.is_none(), "complete": done.is_complete(),
    })
    .to_string()
}
