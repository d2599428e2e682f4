//! A regular expression of a filter.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// What a compiled expression may take in memory.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A compiled regular expression of the `regex` crate's language: Unicode, case-sensitive unless
/// it begins with `(?i)`, found anywhere in a value, like Kusto's `matches regex`.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles an expression; `\/` is `/` (the notation between slashes needs it). The error is
    /// the `regex` crate's own text.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let text = unescape_slashes(text);
        let built = RegexBuilder::new(&text).size_limit(COMPILED_BYTES_MAX).build();
        match built {
            Ok(regex) => Ok(Pattern { text, regex }),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is found in a value.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

fn unescape_slashes(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.next() } else { None };
        match escaped {
            Some('/') => plain.push('/'),
            Some(escaped) => plain.extend([c, escaped]),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_need_no_escape() {
        assert_eq!(Pattern::new(r"a\/b\\\/c\d").unwrap().as_str(), r"a/b\\/c\d");
        assert!(Pattern::new(r"^/v1\.0/").unwrap().matches("/v1.0/users"));
    }

    #[test]
    fn cased_unless_told() {
        assert!(!Pattern::new("anna").unwrap().matches("ANNA"));
        assert!(Pattern::new("(?i)ännå").unwrap().matches("ÄNNÅ"));
    }

    #[test]
    fn too_large_is_an_error() {
        assert!(Pattern::new(r"\w{5000}").unwrap_err().contains("size limit"));
        assert!(Pattern::new("a(").is_err());
    }
}
