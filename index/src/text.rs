//! The text of a value: a string with its escapes resolved, everything else as it is spelled.

use std::borrow::Cow;

use logkeep_storage::Fields;

use crate::filter::{Value, ValueKind};

/// Calls `found` with each value of a record: its path, and the value with its escapes resolved.
///
/// `fields` remembers shapes from record to record.
pub fn record_values(fields: &mut Fields, body: &[u8], mut found: impl FnMut(&str, Value<'_>)) {
    fields.of(body, |path, raw, quoted| found(path, value(&text(raw, quoted), quoted)));
}

/// The text of a value's raw bytes. Invalid UTF-8 and lone surrogates become U+FFFD.
pub(crate) fn text(raw: &[u8], quoted: bool) -> Cow<'_, str> {
    // The strict check is several times faster than the lossy one, and nearly always enough.
    let text = std::str::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed);
    if !quoted || memchr::memchr(b'\\', raw).is_none() {
        return text;
    }
    Cow::Owned(unescaped(&text))
}

/// The value as tests see it.
pub(crate) fn value(text: &str, quoted: bool) -> Value<'_> {
    let kind = match text {
        _ if quoted => ValueKind::String,
        "null" => ValueKind::Null,
        "true" | "false" => ValueKind::Bool,
        _ if is_number(text) => ValueKind::Number,
        _ => ValueKind::String,
    };
    Value { text, kind }
}

/// RFC 8259's numbers begin so; a record that is no JSON and begins so is told apart by its other characters.
fn is_number(text: &str) -> bool {
    let number = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    matches!(text.as_bytes(), [b'-' | b'0'..=b'9', ..]) && text.bytes().all(number)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = escape(after, &mut out);
    }
    out.push_str(rest);
    out
}

/// Resolves the escape whose backslash lies just before `text`; gives what follows it.
fn escape<'a>(text: &'a str, out: &mut String) -> &'a str {
    let mut characters = text.chars();
    let plain = match characters.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => return unicode(characters.as_str(), out),
        Some(other) => other,
        None => return "",
    };
    out.push(plain);
    characters.as_str()
}

/// Resolves `\uXXXX`, and the second half of a surrogate pair with it.
fn unicode<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some((unit, rest)) = code_unit(text) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return text;
    };
    let second = rest.strip_prefix("\\u").and_then(code_unit);
    let pair = second.and_then(|(low, rest)| {
        let character = char::decode_utf16([unit, low]).next()?.ok()?;
        (0xd800..0xdc00).contains(&unit).then_some((character, rest))
    });
    let (character, rest) =
        pair.unwrap_or((char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER), rest));
    out.push(character);
    rest
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u16::from_str_radix(digits, 16).ok().filter(|_| valid)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_resolved() {
        let cases = [
            (r"a\nb", "a\nb"),
            (r"\u00e4\u0041", "äA"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d x", "\u{fffd} x"),
            (r"\u12", "\u{fffd}12"),
            (r#"\"\\\/"#, r#""\/"#),
            ("\\", ""),
        ];
        for (raw, expected) in cases {
            assert_eq!(text(raw.as_bytes(), true), expected, "{raw}");
        }
        assert_eq!(text(br"a\nb", false), r"a\nb");
    }

    proptest! {
        #[test]
        fn serde_json_agrees(text_in: String) {
            let spelled = format!("\"{}\"", text_in.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
            let inner = &spelled[1..spelled.len() - 1];
            prop_assert_eq!(text(inner.as_bytes(), true), text_in.as_str());
        }

        #[test]
        fn never_panics(raw: Vec<u8>) {
            let _ = text(&raw, true);
        }
    }
}
