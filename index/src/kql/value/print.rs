//! A value's text: `tostring` (R20), which every string context uses (R17).

use std::borrow::Cow;

use super::json::{inside_quotes, unescape};
use super::{Dynamic, Value, moment, real, timespan};

impl<'a> Value<'a> {
    /// `tostring`: null is `""`, a bool `True`, a dynamic string its text without quotes.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Value::String(text) => Cow::Borrowed(text),
            Value::Dynamic(dynamic) => unquoted(dynamic.text()),
            other => other.printed(),
        }
    }

    /// [`Value::text`] with the value's own lifetime: a borrowed text is not copied.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Value::String(text) => text,
            Value::Dynamic(dynamic) => match dynamic.into_text() {
                Cow::Borrowed(json) => unquoted(json),
                Cow::Owned(json) => Cow::Owned(unquoted(&json).into_owned()),
            },
            other => other.printed(),
        }
    }

    fn printed(&self) -> Cow<'static, str> {
        match self {
            Value::Null | Value::String(_) | Value::Dynamic(_) => Cow::Borrowed(""),
            Value::Bool(true) => Cow::Borrowed("True"),
            Value::Bool(false) => Cow::Borrowed("False"),
            Value::Int(value) => Cow::Owned(value.to_string()),
            Value::Long(value) => Cow::Owned(value.to_string()),
            Value::Real(value) => Cow::Owned(real::print(*value)),
            Value::Decimal(value) => Cow::Owned(value.to_string()),
            Value::DateTime(ticks) => Cow::Owned(moment::print(*ticks)),
            Value::Timespan(ticks) => Cow::Owned(timespan::print(*ticks)),
            Value::Guid(bytes) => Cow::Owned(guid(*bytes)),
        }
    }

    /// As `gettype` names it; what a dynamic holds.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Dynamic(dynamic) => Dynamic::kind(dynamic).name(),
            other => other.kind().map_or("null", super::Type::name),
        }
    }
}

/// A JSON string's text, any other JSON as it is.
fn unquoted(json: &str) -> Cow<'_, str> {
    if json.starts_with('"') { unescape(inside_quotes(json)) } else { Cow::Borrowed(json) }
}

fn guid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_spelled_as_in_dot_net() {
        let cases = [
            (Value::Bool(true), "True"),
            (Value::Null, ""),
            (Value::Long(-7), "-7"),
            (Value::Real(1.0), "1.0"),
            (Value::Real(f64::NAN), "NaN"),
            (Value::Timespan(864_000_000_000), "1.00:00:00"),
            (Value::DateTime(0), "0001-01-01T00:00:00.0000000Z"),
            (Value::Guid([0x1a; 16]), "1a1a1a1a-1a1a-1a1a-1a1a-1a1a1a1a1a1a"),
            (Value::Dynamic(Dynamic::string("a\"b")), "a\"b"),
            (Dynamic::parse("true".into()), "true"),
            (Dynamic::parse("[1, \"x\"]".into()), "[1,\"x\"]"),
        ];
        for (value, expected) in cases {
            assert_eq!(value.text(), expected, "{value:?}");
            assert_eq!(value.into_text(), expected);
        }
    }

    #[test]
    fn types_are_named() {
        let names = |json: &'static str| Dynamic::parse(json.into()).type_name();
        assert_eq!(
            ["[]", "{}", "1", "1.5", "\"x\"", "true", "null"].map(names),
            ["array", "dictionary", "long", "double", "string", "bool", "null"]
        );
        assert_eq!(Value::Int(1).type_name(), "int");
    }
}
