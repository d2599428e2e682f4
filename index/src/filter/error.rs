//! What is wrong with a filter's text, and where.

use std::fmt;
use std::ops::Range;

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The bytes of the text that it is about; empty at the place where something is missing.
    pub at: Range<usize>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ParseError {
    pub(crate) fn new(at: Range<usize>, message: impl Into<String>) -> ParseError {
        ParseError { at, message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> ParseError {
        ParseError { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}
