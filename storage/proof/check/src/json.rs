//! The answer as one JSON object, written by hand: there is too little of it for a library.

use std::fmt::Write as _;

use logkeep_proof::bundle::{RangeVerdict, StreamVerdict};
use logkeep_proof::{Cosigned, VerifierKey};

use crate::answer::{Answer, Judged};
use crate::text::seconds;

/// The object and a newline.
pub(crate) fn object(answer: &Answer<'_>) -> String {
    let verdict = string(answer.verdict().word());
    match answer {
        Answer::Malformed(error) => {
            let error = string(&error.to_string());
            format!(
                "{{\"verdict\":{verdict},\"records\":0,\"proven\":0,\"policy\":null,\"keys\":[],\"streams\":[],\"error\":{error}}}\n"
            )
        }
        Answer::Judged(judged) => judged_object(judged, &verdict),
    }
}

fn judged_object(judged: &Judged<'_>, verdict: &str) -> String {
    let policy = string(if judged.given { "given" } else { "the bundle's own" });
    let parties = judged.trust.policy.logs().iter().chain(judged.trust.policy.witnesses());
    let keys = list(parties.map(|party| string(&party.key.to_string())));
    let streams = list(judged.streams.iter().map(stream_object));
    let (records, proven) = (judged.records(), judged.proven());
    format!(
        "{{\"verdict\":{verdict},\"records\":{records},\"proven\":{proven},\"policy\":{policy},\"keys\":{keys},\"streams\":{streams},\"error\":null}}\n"
    )
}

fn stream_object(stream: &StreamVerdict) -> String {
    // Origin, root and size as `_meta` has them, and what was found after.
    let checkpoint = stream.checkpoint.json();
    let checkpoint = checkpoint.strip_suffix('}').unwrap_or(&checkpoint);
    let signed = labels(&stream.keys);
    let cosigned = list(stream.cosigned.iter().map(cosigned_object));
    let anchored = stream.anchor.as_ref().map_or("null".to_owned(), |anchor| {
        let cosigned = list(anchor.cosigned.iter().map(cosigned_object));
        format!("{{\"index\":{},\"signed\":{},\"cosigned\":{cosigned}}}", anchor.index, labels(&anchor.keys))
    });
    let ranges = list(stream.ranges.iter().map(range_object));
    let flaws = list(stream.flaws.iter().map(|flaw| string(&flaw.to_string())));
    format!(
        "{checkpoint},\"signed\":{signed},\"cosigned\":{cosigned},\"anchored\":{anchored},\"ranges\":{ranges},\"flaws\":{flaws}}}"
    )
}

fn labels(keys: &[VerifierKey]) -> String {
    list(keys.iter().map(|key| string(&key.label())))
}

fn cosigned_object(found: &Cosigned) -> String {
    format!("{{\"witness\":{},\"time\":{}}}", string(&found.witness), string(&seconds(found.time_s)))
}

fn range_object(range: &RangeVerdict) -> String {
    format!("{{\"first\":{},\"count\":{},\"proven\":{}}}", range.first, range.count, range.proven)
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => _ = write!(out, "\\u{:04x}", u32::from(char)),
            char => out.push(char),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_back_by_others() {
        for text in ["", "plain", "\"\\\n\t\u{0}\u{1b}\u{7f}\u{9b}é\u{1f600}"] {
            assert_eq!(serde_json::from_str::<String>(&string(text)).unwrap(), text);
        }
    }
}
