//! The answer as a page of text: what is proven, by whom signed, when cosigned, and what is not proven.

use logkeep_proof::bundle::{Anchor, RangeVerdict, StreamVerdict};
use logkeep_proof::{Cosigned, VerifierKey, push_time};

use crate::answer::{Answer, Judged, Verdict};

/// What no proof of inclusion can say.
const NOT_PROVEN: &str = "\
Not proven by any bundle
  that what the provider said is true, and that both times of a record are: they are what the archive
  wrote down. That no other records exist: a range has no gap, but what lies outside it is not shown.
";
const SELF_ASSERTED: &str = "\
The keys are the bundle's own word
  Nobody but the bundle says whose keys these are: anybody could make keys and a history to go with
  them. Compare them with keys that you got another way, or give your own policy with --policy:
";
const UNWITNESSED: &str = "nobody: only the log itself says when, and that it shows this history to all";

/// One line without its newline.
pub(crate) fn first_line(answer: &Answer<'_>) -> String {
    let word = answer.verdict().word();
    match answer {
        Answer::Malformed(error) => format!("{word}: not a proof bundle: {error}"),
        Answer::Judged(judged) => format!("{word}: {}", judged_line(judged, answer.verdict())),
    }
}

/// The whole page.
pub(crate) fn page(answer: &Answer<'_>) -> String {
    let first = first_line(answer);
    match answer {
        Answer::Malformed(_) => first + "\n",
        Answer::Judged(judged) => {
            let streams: String = judged.streams.iter().map(|stream| stream_page(judged, stream)).collect();
            format!("{first}\n\n{streams}{}{NOT_PROVEN}", keys(judged))
        }
    }
}

fn judged_line(judged: &Judged<'_>, verdict: Verdict) -> String {
    let (records, proven) = (judged.records(), judged.proven());
    match verdict {
        Verdict::Verified => format!("all {} of {} proven", counted(records, "record"), judged.bundle.archive),
        Verdict::Failed => {
            let word = if judged.given { "proven" } else { "fit" };
            format!("{proven} of {} of {} {word}", counted(records, "record"), judged.bundle.archive)
        }
        Verdict::Incomplete if records == 0 => "there is no record to check".to_owned(),
        Verdict::Incomplete => {
            format!("{} fit their signatures, but whose keys these are was not checked", counted(records, "record"))
        }
    }
}

fn stream_page(judged: &Judged<'_>, stream: &StreamVerdict) -> String {
    let (origin, size) = (stream.checkpoint.origin(), stream.checkpoint.size());
    let mut lines = vec![origin.to_owned()];
    lines.push(match stream.flaws.is_empty() {
        true => format!("checkpoint  {} in all", counted(size, "record")),
        false => format!("checkpoint  says {} in all, see what is WRONG", counted(size, "record")),
    });
    lines.extend(stream.ranges.iter().map(|range| range_line(range, judged.given)));
    lines.push(format!("signed by   {}", signers(stream)));
    lines.extend(cosigned_lines(judged, stream));
    lines.extend(stream.flaws.iter().map(|flaw| format!("WRONG       {flaw}")));
    lines.join("\n  ") + "\n\n"
}

fn signers(stream: &StreamVerdict) -> String {
    let labels = |keys: &[VerifierKey]| keys.iter().map(VerifierKey::label).collect::<Vec<_>>().join(", ");
    match (&*stream.keys, &stream.anchor) {
        ([], Some(anchor)) => format!("{}, which repeats the checkpoint", labels(&anchor.keys)),
        ([], None) => "nobody who counts".to_owned(),
        (keys, _) => labels(keys),
    }
}

/// Under keys that nobody but the bundle vouches for, nothing is called proven.
fn range_line(range: &RangeVerdict, given: bool) -> String {
    let word = match (range.proven, given) {
        (true, true) => "proven     ",
        (true, false) => "fits       ",
        (false, _) => "NOT PROVEN ",
    };
    let last = range.first.saturating_add(range.count).saturating_sub(1);
    match range.count {
        1 => format!("{word} record {last}"),
        count => format!("{word} {count} records, {} to {last}, none left out between", range.first),
    }
}

fn cosigned_lines(judged: &Judged<'_>, stream: &StreamVerdict) -> Vec<String> {
    let mut lines: Vec<String> = stream.cosigned.iter().map(|found| cosigned_line(found, "")).collect();
    if let Some(Anchor { index, cosigned, .. }) = &stream.anchor {
        let how = format!(", as record {index} of {}/_meta", judged.bundle.archive);
        lines.extend(cosigned.iter().map(|found| cosigned_line(found, &how)));
    }
    if lines.is_empty() {
        lines.push(format!("cosigned by {UNWITNESSED}"));
    }
    lines
}

fn cosigned_line(found: &Cosigned, how: &str) -> String {
    format!("cosigned by {} at {}{how}", found.witness, seconds(found.time_s))
}

fn keys(judged: &Judged<'_>) -> String {
    let policy = &judged.trust.policy;
    let listed = policy.logs().iter().chain(policy.witnesses());
    let listed: String = listed.map(|party| format!("  {}\n", party.key)).collect();
    if judged.given {
        return format!(
            "Policy\n  yours, with the quorum {}; the one in the bundle was not looked at\n\n",
            policy.quorum()
        );
    }
    format!("{SELF_ASSERTED}{listed}\n")
}

/// Seconds since 1970 as `2026-09-02T23:01:00Z`; what no calendar has, as a number.
pub(crate) fn seconds(time_s: u64) -> String {
    let nanos = i64::try_from(time_s).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000));
    let Some(nanos) = nanos else { return format!("{time_s} seconds after 1970") };
    let mut text = Vec::new();
    push_time(nanos, &mut text);
    String::from_utf8_lossy(&text).replace(".000000000", "")
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts() {
        assert_eq!(seconds(1_788_390_060), "2026-09-02T23:01:00Z");
        assert_eq!(seconds(u64::MAX), "18446744073709551615 seconds after 1970");
        assert_eq!(seconds(9_223_372_037), "9223372037 seconds after 1970");
        assert_eq!([counted(0, "record"), counted(1, "record")], ["0 records", "1 record"]);
    }
}
