//! The name of a stream with values of the record in it: `bench/{src}`.

use std::fmt;
use std::str::FromStr;

use logkeep_storage::{NameError, StreamName};

use crate::intake::json_path::{JsonPath, PathError};

/// Most values in one name.
const PLACEHOLDERS_MAX: usize = 8;
/// Stands for a value that the record does not have.
const MISSING: &[u8] = b"unknown";

/// A stream name in which `{path}` stands for the record's value at that path.
///
/// Values are made fit for a name: letters in lower case, what is not allowed becomes `-`, a slash too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTemplate {
    text: String,
    /// Text before each value.
    parts: Vec<(String, JsonPath)>,
    last: String,
}

impl StreamTemplate {
    /// The paths in order of their place in the name.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &JsonPath> {
        self.parts.iter().map(|(_, path)| path)
    }

    /// Appends the name to `name`; `value` gives the value of the path at a position.
    pub(crate) fn fill<'a>(&self, name: &mut Vec<u8>, value: impl Fn(usize) -> Option<&'a [u8]>) {
        for (index, (text, _)) in self.parts.iter().enumerate() {
            name.extend_from_slice(text.as_bytes());
            let value = value(index).unwrap_or(MISSING);
            name.extend(value.iter().map(|byte| if *byte == b'/' { b'-' } else { *byte }));
        }
        name.extend_from_slice(self.last.as_bytes());
    }
}

impl FromStr for StreamTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (path, behind) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            parts.push((before.to_owned(), path.parse().map_err(TemplateError::Path)?));
            rest = behind;
        }
        if parts.len() > PLACEHOLDERS_MAX {
            return Err(TemplateError::TooMany);
        }
        let template = Self { text: text.to_owned(), parts, last: rest.to_owned() };
        let mut example = Vec::new();
        template.fill(&mut example, |_| Some(b"x"));
        let example = String::from_utf8_lossy(&example).into_owned();
        example.parse::<StreamName>().map_err(TemplateError::Name)?;
        if example == "_meta" || example.starts_with("_meta/") {
            return Err(TemplateError::Reserved);
        }
        Ok(template)
    }
}

impl fmt::Display for StreamTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that names no streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// A `{` without its `}`.
    Unclosed,
    /// More than eight values.
    TooMany,
    /// What is in the braces is no path.
    Path(PathError),
    /// Around the braces is something that no stream name can have.
    Name(NameError),
    /// `_meta` belongs to logkeep.
    Reserved,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed => f.write_str("a { has no } after it"),
            Self::TooMany => write!(f, "more than {PLACEHOLDERS_MAX} values in one stream name"),
            Self::Path(error) => error.fmt(f),
            Self::Name(error) => error.fmt(f),
            Self::Reserved => f.write_str("_meta is reserved for logkeep's own records"),
        }
    }
}

impl std::error::Error for TemplateError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read() {
        for good in ["a/b", "bench/{src}", "{a.b}", "x-{a}-{b}/y"] {
            assert!(good.parse::<StreamTemplate>().is_ok(), "{good}");
        }
        for bad in ["", "A/b", "a/{", "a/{}", "{a}//b", "_meta", "_meta/{x}", "a b"] {
            assert!(bad.parse::<StreamTemplate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_stays_in_its_segment() {
        let template: StreamTemplate = "a/{b}/c".parse().unwrap();
        let mut name = Vec::new();
        template.fill(&mut name, |_| Some(b"../x"));
        assert_eq!(StreamName::sanitised(std::str::from_utf8(&name).unwrap()).as_str(), "a/x/c");
    }
}
