//! `dynamic`: JSON carried as its text, in the one spelling in which it is printed.

use std::borrow::Cow;

use super::scan::{self, Elements, Members};
use super::{Value, Writer, canonical};

/// What a dynamic holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DynamicKind {
    /// `[…]`
    Array,
    /// `{…}`
    Bag,
    /// `"…"`
    String,
    /// A number without fraction or exponent that a long can hold.
    Long,
    /// Any other number.
    Real,
    /// `true`, `false`
    Bool,
    /// `null`: only inside of others.
    Null,
}

impl DynamicKind {
    /// The kind of a value by its JSON text (R20: `gettype`).
    #[must_use]
    pub fn of(json: &str) -> DynamicKind {
        match json.as_bytes().first() {
            Some(b'[') => DynamicKind::Array,
            Some(b'{') => DynamicKind::Bag,
            Some(b'"') => DynamicKind::String,
            Some(b't' | b'f') => DynamicKind::Bool,
            Some(b'-' | b'0'..=b'9') if json.parse::<i64>().is_ok() => DynamicKind::Long,
            Some(b'-' | b'0'..=b'9') => DynamicKind::Real,
            _ => DynamicKind::Null,
        }
    }

    /// As `gettype` says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DynamicKind::Array => "array",
            DynamicKind::Bag => "dictionary",
            DynamicKind::String => "string",
            DynamicKind::Long => "long",
            DynamicKind::Real => "double",
            DynamicKind::Bool => "bool",
            DynamicKind::Null => "null",
        }
    }
}

/// A JSON value by its text: compact, one spelling per value, each name once; never `null`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dynamic<'a>(Cow<'a, str>);

impl<'a> Dynamic<'a> {
    /// Text that is JSON in any spelling, and any other text as the string that it is (R1).
    #[must_use]
    pub fn parse(text: Cow<'a, str>) -> Value<'a> {
        match text {
            Cow::Borrowed(text) => canonical(text).map_or_else(|| Dynamic::of_other_text(text), Dynamic::trusted),
            Cow::Owned(text) => match canonical(&text) {
                Some(json) => Dynamic::trusted(Cow::Owned(json.into_owned())),
                None => Dynamic::of_other_text(&text),
            },
        }
    }

    /// What is no JSON: nothing, or a string.
    fn of_other_text(text: &str) -> Value<'a> {
        if text.trim().is_empty() { Value::Null } else { Value::Dynamic(Dynamic::string(text)) }
    }

    /// JSON text that is known to be spelled as [`canonical`] spells it, such as a piece of a dynamic.
    #[must_use]
    pub fn trusted(json: Cow<'a, str>) -> Value<'a> {
        if json == "null" || json.is_empty() { Value::Null } else { Value::Dynamic(Dynamic(json)) }
    }

    /// A string held as JSON.
    #[must_use]
    pub fn string(text: &str) -> Dynamic<'a> {
        let mut json = String::with_capacity(text.len() + 2);
        quote(text, &mut json);
        Dynamic(Cow::Owned(json))
    }

    /// Any value held as JSON (R20: a moment, a duration, a GUID as its text); null stays null.
    #[must_use]
    pub fn of(value: &Value<'a>) -> Value<'a> {
        if let Value::Dynamic(dynamic) = value {
            return Value::Dynamic(dynamic.clone());
        }
        let mut writer = Writer::new();
        writer.value(value);
        Dynamic::trusted(Cow::Owned(writer.finish()))
    }

    /// The JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The JSON, without a copy where it is borrowed.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> DynamicKind {
        DynamicKind::of(&self.0)
    }

    /// An array's elements as JSON; none if it is no array.
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        scan::elements(&self.0)
    }

    /// A bag's members, names as spelled in JSON; none if it is no bag.
    #[must_use]
    pub fn members(&self) -> Members<'_> {
        scan::members(&self.0)
    }

    /// The same, borrowing the text.
    #[must_use]
    pub fn borrowed(&self) -> Dynamic<'_> {
        Dynamic(Cow::Borrowed(&self.0))
    }

    /// The same with its own text.
    #[must_use]
    pub fn owned(&self) -> Dynamic<'static> {
        Dynamic(Cow::Owned(self.0.clone().into_owned()))
    }
}

/// A piece of canonical JSON as the value that it holds: a string as a string, arrays and bags as dynamic.
#[must_use]
pub(super) fn held(json: &str) -> Value<'_> {
    match DynamicKind::of(json) {
        DynamicKind::Array | DynamicKind::Bag => Value::Dynamic(Dynamic(Cow::Borrowed(json))),
        DynamicKind::String => Value::String(unescape(inside_quotes(json))),
        DynamicKind::Long => json.parse().map_or(Value::Null, Value::Long),
        DynamicKind::Real => json.parse().map_or(Value::Null, Value::Real),
        DynamicKind::Bool => Value::Bool(json == "true"),
        DynamicKind::Null => Value::Null,
    }
}

/// A piece of a dynamic's text as what it holds.
#[must_use]
pub fn piece(json: &str) -> Value<'_> {
    held(json)
}

/// A string's JSON without its quotes; other text as it is.
#[must_use]
pub(super) fn inside_quotes(json: &str) -> &str {
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(json)
}

/// The text of a JSON string's inside. A lone surrogate becomes U+FFFD.
#[must_use]
pub fn unescape(spelled: &str) -> Cow<'_, str> {
    let Some(first) = spelled.find('\\') else { return Cow::Borrowed(spelled) };
    let (plain, mut rest) = spelled.split_at(first);
    let mut text = String::with_capacity(spelled.len());
    text.push_str(plain);
    while let Some(after) = rest.strip_prefix('\\') {
        rest = escape(after, &mut text);
        let end = rest.find('\\').unwrap_or(rest.len());
        let (plain, following) = rest.split_at(end);
        text.push_str(plain);
        rest = following;
    }
    Cow::Owned(text)
}

/// Resolves the escape whose backslash is before `spelled`; gives what follows.
fn escape<'s>(spelled: &'s str, text: &mut String) -> &'s str {
    let mut characters = spelled.chars();
    let plain = match characters.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => return unicode(characters.as_str(), text),
        Some(other) => other,
        None => return "",
    };
    text.push(plain);
    characters.as_str()
}

fn unicode<'s>(spelled: &'s str, text: &mut String) -> &'s str {
    let Some((unit, rest)) = code_unit(spelled) else {
        text.push(char::REPLACEMENT_CHARACTER);
        return spelled;
    };
    if (0xd800..0xdc00).contains(&unit)
        && let Some((low, rest)) = rest.strip_prefix("\\u").and_then(code_unit)
        && let Some(Ok(character)) = char::decode_utf16([unit, low]).next()
    {
        text.push(character);
        return rest;
    }
    text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

pub(super) fn code_unit(spelled: &str) -> Option<(u16, &str)> {
    let (digits, rest) = spelled.split_at_checked(4)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u16::from_str_radix(digits, 16).ok().filter(|_| hex)?, rest))
}

/// Appends a text as a JSON string.
pub(super) fn quote(text: &str, json: &mut String) {
    json.push('"');
    escaped(text, json);
    json.push('"');
}

pub(super) fn escaped(text: &str, json: &mut String) {
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| must_escape(*byte)) {
        json.push_str(text.get(copied..at).unwrap_or_default());
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            8 => json.push_str("\\b"),
            12 => json.push_str("\\f"),
            other => json.push_str(&format!("\\u{other:04x}")),
        }
        copied = at + 1;
    }
    json.push_str(text.get(copied..).unwrap_or_default());
}

const fn must_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_is_no_json_is_a_string() {
        assert_eq!(Dynamic::parse("abc".into()), Value::Dynamic(Dynamic::string("abc")));
        assert_eq!(Dynamic::parse("null".into()), Value::Null);
        assert_eq!(Dynamic::parse("".into()), Value::Null);
    }

    proptest! {
        #[test]
        fn strings_survive(text: String) {
            let dynamic = Dynamic::string(&text);
            prop_assert_eq!(held(dynamic.text()), Value::String(Cow::Borrowed(text.as_str())));
        }
    }
}
