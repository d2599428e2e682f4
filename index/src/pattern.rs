//! Which streams a search is about: `entra/*`, `entra/signin`, `*`.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use logkeep_storage::StreamName;

/// A stream's name in which `*` stands for any text, `/` included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPattern(String);

impl StreamPattern {
    /// Whether a stream is meant by one of the patterns; without any, all are. logkeep's own streams have to be named.
    #[must_use]
    pub fn any_matches(patterns: &[Self], stream: &StreamName) -> bool {
        if patterns.is_empty() { !stream.is_own() } else { patterns.iter().any(|pattern| pattern.matches(stream)) }
    }

    /// Whether a stream is meant. logkeep's own is meant only by a pattern that begins as its name does.
    #[must_use]
    pub fn matches(&self, stream: &StreamName) -> bool {
        if stream.is_own() && !self.0.starts_with('_') {
            return false;
        }
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = stream.as_str().strip_prefix(first) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some((_, after)) =
                rest.split_once(part).filter(|_| !part.is_empty()).or(Some(("", rest)).filter(|_| part.is_empty()))
            else {
                return false;
            };
            rest = after;
        }
        true
    }
}

impl FromStr for StreamPattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for StreamPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let cases = [
            ("*", "entra/signin", true),
            ("entra/*", "entra/signin", true),
            ("entra/*", "azure/activity", false),
            ("*/signin", "entra/signin", true),
            ("*/sign", "entra/signin", false),
            ("e*a/s*n", "entra/signin", true),
            ("entra", "entra/signin", false),
            ("entra/signin", "entra/signin", true),
            ("*sign*", "entra/signin-x", true),
            ("a*a", "a", false),
            ("*", "_meta", false),
            ("*meta", "_meta", false),
            ("_*", "_meta", true),
            ("_meta", "_meta", true),
        ];
        for (pattern, stream, expected) in cases {
            let pattern: StreamPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&stream.parse().unwrap()), expected, "{pattern} {stream}");
        }
    }

    #[test]
    fn without_a_pattern_all_but_our_own_are_meant() {
        let meant = |stream: &str| StreamPattern::any_matches(&[], &stream.parse().unwrap());
        assert!(meant("entra/signin") && !meant("_meta"));
    }
}
