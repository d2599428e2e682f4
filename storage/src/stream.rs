//! A stream's name and a record's name: `entra/signin`, `entra/signin@123`.

use std::fmt;
use std::str::FromStr;

/// Longest stream name in bytes.
pub(crate) const STREAM_NAME_BYTES_MAX: usize = 200;
/// Most segments in a stream name.
const SEGMENTS_MAX: usize = 8;
/// Longest segment in bytes.
const SEGMENT_BYTES_MAX: usize = 64;

/// The name of one append-only sequence of records, `<product>/<log>`.
///
/// One to eight segments of `[a-z0-9_][a-z0-9._-]*`, joined by `/`, 200 bytes at most. Names never become file
/// paths. `_meta` and everything below it belongs to logkeep itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(String);

impl StreamName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of logkeep's own, `_meta` or below it: nobody else writes to it, and only who asks for it by
    /// name sees it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.split('/').next() == Some("_meta")
    }

    /// The nearest valid name: letters in lower case, what is not allowed becomes `-`.
    ///
    /// For names that come out of records (a table, a category), which no one typed for us.
    #[must_use]
    pub fn sanitised(text: &str) -> Self {
        let segments: Vec<String> =
            text.split('/').map(sanitised_segment).filter(|s| !s.is_empty()).take(SEGMENTS_MAX).collect();
        let mut name = segments.join("/");
        name.truncate(STREAM_NAME_BYTES_MAX);
        let name = name.trim_end_matches('/');
        Self(if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() })
    }
}

impl FromStr for StreamName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = |problem| NameError { text: text.to_owned(), problem };
        if text.len() > STREAM_NAME_BYTES_MAX {
            return Err(error("is longer than 200 bytes"));
        }
        if text.split('/').count() > SEGMENTS_MAX {
            return Err(error("has more than 8 segments"));
        }
        text.split('/').try_for_each(check_segment).map_err(error)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one record: its stream and its index there. Printed as `entra/signin@123`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The record's stream.
    pub stream: StreamName,
    /// 0-based, dense, assigned when the record was appended.
    pub index: u64,
}

impl FromStr for RecordId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = |problem| NameError { text: text.to_owned(), problem };
        let (stream, index) = text.rsplit_once('@').ok_or_else(|| error("has no @INDEX"))?;
        let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
        let index = if digits { index.parse().ok() } else { None };
        let index = index.ok_or_else(|| error("has no number after the @"))?;
        Ok(Self { stream: stream.parse()?, index })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.stream, self.index)
    }
}

/// A text that is no stream name or record name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    text: String,
    problem: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.text, self.problem)
    }
}

impl std::error::Error for NameError {}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    let mut bytes = segment.bytes();
    let first = bytes.next().ok_or("has an empty segment")?;
    if segment.len() > SEGMENT_BYTES_MAX {
        return Err("has a segment longer than 64 bytes");
    }
    if !(first.is_ascii_lowercase() || first.is_ascii_digit() || first == b'_') {
        return Err("has a segment that does not begin with a letter in lower case, a digit or _");
    }
    if !bytes.all(allowed) {
        return Err("has a character other than letters in lower case, digits, '.', '_', '-' and '/'");
    }
    Ok(())
}

fn allowed(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
}

fn sanitised_segment(segment: &str) -> String {
    let lower = segment.to_ascii_lowercase();
    let kept: String = lower.chars().map(|c| if c.is_ascii() && allowed(c as u8) { c } else { '-' }).collect();
    kept.trim_start_matches(['-', '.']).chars().take(SEGMENT_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_and_refuses() {
        for good in ["entra/signin", "a", "_meta", "sentinel/security_alert", "a/b/c/d/e/f/g/h", "0.x"] {
            assert_eq!(good.parse::<StreamName>().unwrap().as_str(), good);
        }
        for bad in ["", "/", "a/", "/a", "a//b", "A", "a b", "ä", "..", "-a", "a/../b", "a/b/c/d/e/f/g/h/i"] {
            assert!(bad.parse::<StreamName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn meta_is_our_own() {
        for (name, own) in [("_meta", true), ("_meta/x", true), ("_metal", false), ("a/_meta", false)] {
            assert_eq!(name.parse::<StreamName>().unwrap().is_own(), own, "{name}");
        }
    }

    #[test]
    fn record_names() {
        let id: RecordId = "entra/signin@123".parse().unwrap();
        assert_eq!((id.stream.as_str(), id.index), ("entra/signin", 123));
        for bad in ["entra/signin", "entra/signin@", "entra/signin@-1", "@1", "a@+1", "a@99999999999999999999"] {
            assert!(bad.parse::<RecordId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn sanitised_names_are_names(text in ".{0,300}") {
            let name = StreamName::sanitised(&text);
            prop_assert_eq!(name.as_str().parse::<StreamName>().unwrap(), name);
        }

        #[test]
        fn a_record_name_survives_printing(stream in "[a-z0-9_][a-z0-9._-]{0,9}", index: u64) {
            let id = RecordId { stream: stream.parse().unwrap(), index };
            prop_assert_eq!(id.to_string().parse::<RecordId>().unwrap(), id);
        }
    }
}
