//! JSON with its keys in the order in which a provider writes them.

use std::fmt::{Display, Formatter, Result, Write};

/// A value to be written compactly; object members keep their order.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(i64),
    /// A number with its digits as given: `52.370` stays so.
    Spelled(&'static str),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// The members of `parts` in one object, in their order.
    pub(crate) fn joined(parts: Vec<Json>) -> Json {
        let members = |part| match part {
            Json::Object(members) => members,
            _ => Vec::new(),
        };
        Json::Object(parts.into_iter().flat_map(members).collect())
    }

    /// An array of the JSON of each member.
    pub(crate) fn array<T: Into<Json>>(members: impl IntoIterator<Item = T>) -> Json {
        Json::Array(members.into_iter().map(Into::into).collect())
    }

    /// An empty array.
    pub(crate) fn none() -> Json {
        Json::Array(Vec::new())
    }

    /// This JSON as text inside a string, as Log Analytics gives its dynamic columns.
    pub(crate) fn in_text(&self) -> Json {
        Json::Text(self.to_string())
    }
}

/// An object written as in JSON: `object! { "errorCode": 0, "failureReason": "Other." }`.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        $crate::demo::json::Json::Object(vec![$(($key, $crate::demo::json::Json::from($value))),*])
    };
}
pub(crate) use object;

/// `[{"Name":…,"Value":…}, …]`, the shape of the properties in unified audit records.
pub(crate) fn named<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Json {
    Json::array(pairs.into_iter().map(|(name, value)| object! { "Name": name, "Value": value }))
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Number(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Json {
        Json::Text(value.to_owned())
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Json {
        Json::Text(value.clone())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Json {
        Json::Text(value)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

impl Display for Json {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(value) => write!(out, "{value}"),
            Json::Number(value) => write!(out, "{value}"),
            Json::Spelled(digits) => out.write_str(digits),
            Json::Text(text) => write_text(text, out),
            Json::Array(members) => write_array(members, out),
            Json::Object(members) => write_object(members, out),
        }
    }
}

fn write_array(members: &[Json], out: &mut Formatter<'_>) -> Result {
    out.write_char('[')?;
    for (position, member) in members.iter().enumerate() {
        write!(out, "{}{member}", separator(position))?;
    }
    out.write_char(']')
}

fn write_object(members: &[(&'static str, Json)], out: &mut Formatter<'_>) -> Result {
    out.write_char('{')?;
    for (position, (key, value)) in members.iter().enumerate() {
        out.write_str(separator(position))?;
        write_text(key, out)?;
        write!(out, ":{value}")?;
    }
    out.write_char('}')
}

fn separator(position: usize) -> &'static str {
    if position == 0 { "" } else { "," }
}

// Runs of plain letters are written at once: nearly all text is one run.
fn write_text(text: &str, out: &mut Formatter<'_>) -> Result {
    out.write_char('"')?;
    for run in text.split_inclusive(escaped) {
        let plain = run.trim_end_matches(escaped);
        out.write_str(plain)?;
        for letter in run.chars().skip(plain.chars().count()) {
            write_escape(letter, out)?;
        }
    }
    out.write_char('"')
}

fn escaped(letter: char) -> bool {
    letter < ' ' || letter == '"' || letter == '\\'
}

fn write_escape(letter: char, out: &mut Formatter<'_>) -> Result {
    match letter {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '"' | '\\' => write!(out, "\\{letter}"),
        control => write!(out, "\\u{:04x}", u32::from(control)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_numbers_their_digits() {
        let json = object! { "z": 1, "a": Json::Spelled("52.370"), "n": None::<&str>, "l": Json::array(["x"]) };
        assert_eq!(json.to_string(), r#"{"z":1,"a":52.370,"n":null,"l":["x"]}"#);
    }

    #[test]
    fn text_comes_back_as_it_was() {
        let text = "Zoë \"quoted\" \\ \r\n\t\u{1} end";
        let read: String = serde_json::from_str(&Json::from(text).to_string()).unwrap();
        assert_eq!(read, text);
    }

    #[test]
    fn json_in_text_is_escaped_once() {
        let nested = object! { "Entities": Json::array([object! { "Type": "ip" }]).in_text() };
        assert_eq!(nested.to_string(), r#"{"Entities":"[{\"Type\":\"ip\"}]"}"#);
    }
}
