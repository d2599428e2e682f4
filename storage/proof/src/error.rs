//! What can be wrong with a leaf, a tree, a proof or a note.

use std::fmt;

use crate::hash::Hash;

/// The longest piece of refused input that an error repeats, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// Why something was refused: always with what was got and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Text or bytes that are not of their form.
    #[error("{what}: expected {expected}, got {got}")]
    Form {
        /// The thing that was read: "checkpoint size", "note signature line".
        what: &'static str,
        /// The form it should have.
        expected: &'static str,
        /// The start of the input, escaped.
        got: String,
    },
    /// A number that does not fit where it is used: an index past the end, a size too large.
    #[error("{what}: {got} is not {expected}")]
    Range {
        /// The number's meaning: "leaf index", "old size".
        what: &'static str,
        /// The number.
        got: u64,
        /// The rule, with the limit: "below the size 300".
        expected: String,
    },
    /// A proof with too few or too many hashes.
    #[error("{what}: expected {expected} hashes, got {got}")]
    ProofLength {
        /// "inclusion proof" or "consistency proof".
        what: &'static str,
        /// Hashes the two numbers ask for.
        expected: usize,
        /// Hashes the proof has.
        got: usize,
    },
    /// A proof that leads to another root.
    #[error("{what}: expected root {}, got {}", Short(.expected), Short(.got))]
    Root {
        /// Which proof and which of its roots.
        what: &'static str,
        /// The root that was to be proven.
        expected: Hash,
        /// The root the proof leads to.
        got: Hash,
    },
    /// A signature by a known key that does not verify, so the whole note is refused.
    #[error("signature of {key}: expected one over this text, got one that does not verify")]
    Signature {
        /// The key: its name and, after `+`, its id in hex.
        key: String,
    },
    /// A checkpoint of another log.
    #[error("checkpoint origin: expected {expected}, got {got}")]
    Origin {
        /// The origin that was asked for.
        expected: String,
        /// The origin the checkpoint has.
        got: String,
    },
    /// Too few signatures of those the policy asks for.
    #[error("policy: expected {expected}, got {got}")]
    Unmet {
        /// What the policy asks for: "a signature of log x", "quorum any2".
        expected: String,
        /// What there is.
        got: String,
    },
}

impl Error {
    /// A `Form` error that repeats the start of the refused input.
    pub(crate) fn form(what: &'static str, expected: &'static str, got: &[u8]) -> Self {
        Self::Form { what, expected, got: quote(got) }
    }

    /// A `Range` error.
    pub(crate) fn range(what: &'static str, got: u64, expected: String) -> Self {
        Self::Range { what, got, expected }
    }
}

/// Input from outside, made safe for terminals and cut to a bearable length.
pub(crate) fn quote(input: &[u8]) -> String {
    // A character can take 4 bytes, so more of the input than this is never shown.
    let head = input.get(..QUOTE_CHARS_MAX * 4).unwrap_or(input);
    let text = String::from_utf8_lossy(head);
    let mut quoted: String = text.chars().take(QUOTE_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().count() > QUOTE_CHARS_MAX || head.len() < input.len() {
        quoted.push('…');
    }
    format!("\"{quoted}\"")
}

/// A hash in base64, as checkpoints print it.
struct Short<'a>(&'a Hash);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::base64::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_input_is_escaped_and_cut() {
        let error = Error::form("size", "a decimal number", b"\x1b[2J\n\xff");
        assert_eq!(error.to_string(), "size: expected a decimal number, got \"\\u{1b}[2J\\n\u{fffd}\"");
        let long = Error::form("size", "a decimal number", &[b'9'; 1000]);
        assert!(long.to_string().len() < 140, "{long}");
        assert!(long.to_string().ends_with("…\""), "{long}");
    }
}
