//! `dynamic`: JSON carried as its text, in the one spelling in which it is printed.

use std::borrow::Cow;
use std::collections::HashSet;

use super::scan::{self, Elements, Members};
use super::{Value, real};

/// The deepest nesting that is read as JSON; deeper text stays a string.
const DEPTH_MAX: usize = 512;

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

fn code_unit(spelled: &str) -> Option<(u16, &str)> {
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

fn escaped(text: &str, json: &mut String) {
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

/// Builds a dynamic's text.
#[derive(Debug, Default)]
pub struct Writer {
    json: String,
}

impl Writer {
    /// Nothing written.
    #[must_use]
    pub fn new() -> Writer {
        Writer::default()
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.separate();
        self.json.push('[');
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.json.push(']');
    }

    /// `{`
    pub fn begin_bag(&mut self) {
        self.separate();
        self.json.push('{');
    }

    /// `}`
    pub fn end_bag(&mut self) {
        self.json.push('}');
    }

    /// A member's name.
    pub fn key(&mut self, name: &str) {
        self.separate();
        quote(name, &mut self.json);
        self.json.push(':');
    }

    /// A member's name as it is spelled between quotes.
    pub fn spelled_key(&mut self, spelled: &str) {
        self.separate();
        self.json.push('"');
        self.json.push_str(spelled);
        self.json.push_str("\":");
    }

    /// A value that is canonical JSON already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.json.push_str(json);
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        quote(text, &mut self.json);
    }

    /// Any value, as it is held in a dynamic.
    pub fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.raw("null"),
            Value::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Value::Int(value) => self.number(i64::from(*value)),
            Value::Long(value) => self.number(*value),
            Value::Real(value) if value.is_finite() => self.raw(&real::print(*value)),
            Value::Decimal(value) => self.string(&value.to_string()),
            Value::String(text) => self.string(text),
            Value::Dynamic(dynamic) => self.raw(dynamic.text()),
            other => self.string(&other.text()),
        }
    }

    /// Bytes written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The JSON.
    #[must_use]
    pub fn finish(self) -> String {
        self.json
    }

    /// The JSON as a value; null where it became too long.
    #[must_use]
    pub fn into_value<'a>(self) -> Value<'a> {
        if self.json.len() > super::TEXT_BYTES_MAX {
            return Value::Null;
        }
        Dynamic::trusted(Cow::Owned(self.json))
    }

    fn number(&mut self, value: i64) {
        use std::fmt::Write as _;
        self.separate();
        let _ = write!(self.json, "{value}");
    }

    fn separate(&mut self) {
        if !matches!(self.json.as_bytes().last(), None | Some(b'[' | b'{' | b':')) {
            self.json.push(',');
        }
    }
}

/// The one spelling of a JSON text: no spaces, numbers and escapes as they are printed, of members with
/// one name the last. `None` if it is not JSON. Borrowed where the text is so spelled already.
#[must_use]
pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
    let mut reader = Reader::new(text.trim_matches([' ', '\t', '\n', '\r']));
    reader.document()?;
    let doubled = reader.doubled;
    let json = reader.finish();
    if doubled { Some(Cow::Owned(each_name_once(&json))) } else { Some(json) }
}

/// Checks JSON and copies it from the first place on that is spelled otherwise.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What lies before is in `out`.
    copied: usize,
    out: Option<String>,
    /// The names of the bags that are open, and where each bag's begin.
    names: Vec<&'a str>,
    doubled: bool,
}

/// An array or a bag that is open; for a bag, where its names begin.
#[derive(Clone, Copy)]
enum Open {
    Array,
    Bag(usize),
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader { text, at: 0, copied: 0, out: None, names: Vec::new(), doubled: false }
    }

    fn finish(self) -> Cow<'a, str> {
        let rest = self.text.get(self.copied..).unwrap_or_default();
        match self.out {
            None => Cow::Borrowed(rest),
            Some(mut out) => {
                out.push_str(rest);
                Cow::Owned(out)
            }
        }
    }

    fn document(&mut self) -> Option<()> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_space();
            let begun = self.begin_value(&mut open)?;
            if !begun && !self.end_values(&mut open)? {
                return Some(());
            }
            if open.len() > DEPTH_MAX {
                return None;
            }
        }
    }

    /// Passes a single value, an empty container, or the beginning of another: then gives true.
    fn begin_value(&mut self, open: &mut Vec<Open>) -> Option<bool> {
        match self.peek()? {
            b'{' => {
                self.at += 1;
                self.skip_space();
                if self.pass(b'}') {
                    return Some(false);
                }
                open.push(Open::Bag(self.names.len()));
                self.name(self.names.len())?;
                Some(true)
            }
            b'[' => {
                self.at += 1;
                self.skip_space();
                if self.pass(b']') {
                    return Some(false);
                }
                open.push(Open::Array);
                Some(true)
            }
            b'"' => self.string().map(|_| false),
            b't' => self.word("true").map(|()| false),
            b'f' => self.word("false").map(|()| false),
            b'n' => self.word("null").map(|()| false),
            _ => self.number().map(|()| false),
        }
    }

    /// Behind a value: passes what closes, and a comma with what follows it. False at the end of the text.
    fn end_values(&mut self, open: &mut Vec<Open>) -> Option<bool> {
        loop {
            self.skip_space();
            match open.last().copied() {
                None => return (self.at == self.text.len()).then_some(false),
                Some(Open::Array) if self.pass(b',') => return Some(true),
                Some(Open::Array) if self.pass(b']') => _ = open.pop(),
                Some(Open::Bag(names)) if self.pass(b',') => {
                    self.skip_space();
                    self.name(names)?;
                    return Some(true);
                }
                Some(Open::Bag(names)) if self.pass(b'}') => {
                    self.close_names(names);
                    open.pop();
                }
                _ => return None,
            }
        }
    }

    fn name(&mut self, first: usize) -> Option<()> {
        let name = self.string()?;
        // Many names are compared at once when the bag closes.
        let few = self.names.len() - first < 16;
        let earlier = self.names.get(first..)?;
        // Two spellings of one name are rare: an escaped one is looked at more closely.
        self.doubled |= few && earlier.contains(&name) || name.contains('\\');
        self.names.push(name);
        self.skip_space();
        self.pass(b':').then_some(())
    }

    fn close_names(&mut self, first: usize) {
        let names = self.names.get(first..).unwrap_or_default();
        if names.len() > 16 && !self.doubled {
            let distinct: HashSet<&str, foldhash::fast::RandomState> = names.iter().copied().collect();
            self.doubled = distinct.len() < names.len();
        }
        self.names.truncate(first);
    }

    /// Passes a string; gives its inside as spelled in the text.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let mut at = start + 1;
        let mut plain = true;
        loop {
            match *bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    plain &= matches!(bytes.get(at + 1)?, b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f');
                    if !matches!(bytes.get(at + 1)?, b'"' | b'\\' | b'/' | b'n' | b'r' | b't' | b'b' | b'f' | b'u') {
                        return None;
                    }
                    at += 2;
                }
                // Strictly not JSON; text with line ends inside its strings is met in logs.
                0..0x20 => {
                    plain = false;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.at = at + 1;
        let inside = self.text.get(start + 1..at)?;
        if !plain {
            self.respell(start + 1, at, inside)?;
        }
        Some(inside)
    }

    fn respell(&mut self, start: usize, end: usize, inside: &str) -> Option<()> {
        let well_formed =
            inside.split("\\\\").flat_map(|part| part.split("\\u").skip(1)).all(|part| code_unit(part).is_some());
        let mut spelled = String::with_capacity(inside.len());
        escaped(&unescape(inside), &mut spelled);
        if spelled != inside {
            self.replace(start, end, &spelled);
        }
        well_formed.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes().get(self.at..)?;
        let end = bytes.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let (start, end) = (self.at, self.at + end.unwrap_or(bytes.len()));
        let spelled = self.text.get(start..end)?;
        if !is_number(spelled) {
            return None;
        }
        self.at = end;
        let printed = match spelled.parse::<i64>() {
            Ok(_) if spelled != "-0" => return Some(()),
            Ok(_) => "0".to_owned(),
            Err(_) => real::print(spelled.parse().ok().filter(|number: &f64| number.is_finite())?),
        };
        if printed != spelled {
            self.replace(start, end, &printed);
        }
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.text.get(self.at..)?.starts_with(word);
        self.at += word.len();
        found.then_some(())
    }

    fn skip_space(&mut self) {
        let start = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            self.replace(start, self.at, "");
        }
    }

    fn replace(&mut self, start: usize, end: usize, spelled: &str) {
        let out = self.out.get_or_insert_default();
        out.push_str(self.text.get(self.copied..start).unwrap_or_default());
        out.push_str(spelled);
        self.copied = end;
    }

    fn pass(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// RFC 8259's number.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(left, right)| (left, Some(right)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(left, right)| (left, Some(right)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Canonical JSON but for members with one name: the last one's value at the first one's place.
fn each_name_once(json: &str) -> String {
    let mut writer = Writer::new();
    once_into(json, &mut writer);
    writer.finish()
}

fn once_into(json: &str, writer: &mut Writer) {
    match DynamicKind::of(json) {
        DynamicKind::Array => {
            writer.begin_array();
            scan::elements(json).for_each(|element| once_into(element, writer));
            writer.end_array();
        }
        DynamicKind::Bag => {
            writer.begin_bag();
            for (name, value) in last_of_each(scan::members(json)) {
                writer.spelled_key(name);
                once_into(value, writer);
            }
            writer.end_bag();
        }
        _ => writer.raw(json),
    }
}

fn last_of_each<'m>(members: Members<'m>) -> Vec<(&'m str, &'m str)> {
    let mut places: std::collections::HashMap<&str, usize, foldhash::fast::RandomState> = Default::default();
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (name, value) in members {
        let place = *places.entry(name).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(member) => member.1 = value,
            None => kept.push((name, value)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(canonical(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn one_spelling_per_value() {
        check(
            r#" { "a" : [ 1 , 2.50, -0, 1E3, true,null ] , "b":{ } , "c" : [ ]} "#,
            Some(r#"{"a":[1,2.5,0,1000.0,true,null],"b":{},"c":[]}"#),
        );
        check(r#""\u0041\/\ud83d\ude00\u000a\u001b""#, Some(r#""A/😀\n\u001b""#));
        check("\"a\nb\"", Some(r#""a\nb""#));
        check("12345678901234567890", Some("1.2345678901234567E+19"));
        check("9223372036854775807", Some("9223372036854775807"));
        check(r#"{"a":1,"b":2,"a":{"c":1,"\u0063":2}}"#, Some(r#"{"a":{"c":2},"b":2}"#));
        check("null", Some("null"));
        check("\"x\\\\u\"", Some("\"x\\\\u\""));
    }

    #[test]
    fn what_is_not_json() {
        for text in [
            "",
            " ",
            "abc",
            "{",
            "}",
            "[1,]",
            "[,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{'a':1}",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "[1]x",
            "nul",
            "tru",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "NaN",
            "1e999",
            "{\"a\":1,}",
        ] {
            check(text, None);
        }
        check(&format!("{}{}", "[".repeat(DEPTH_MAX + 2), "]".repeat(DEPTH_MAX + 2)), None);
        check(&"[".repeat(100_000), None);
    }

    #[test]
    fn compact_json_is_borrowed() {
        for text in [r#"{"a":[1,2.5,"x\ny"],"b":{}}"#, r#" [1] "#, "1"] {
            assert!(matches!(canonical(text), Some(Cow::Borrowed(_))), "{text}");
        }
    }

    #[test]
    fn many_names_are_compared_too() {
        let members: Vec<String> = (0..40).map(|n| format!("\"k{}\":{n}", n % 39)).collect();
        let json = canonical(&format!("{{{}}}", members.join(","))).unwrap().into_owned();
        assert!(json.starts_with("{\"k0\":39,\"k1\":1") && scan::members(&json).count() == 39);
    }

    #[test]
    fn text_that_is_no_json_is_a_string() {
        assert_eq!(Dynamic::parse("abc".into()), Value::Dynamic(Dynamic::string("abc")));
        assert_eq!(Dynamic::parse("null".into()), Value::Null);
        assert_eq!(Dynamic::parse("".into()), Value::Null);
    }

    /// Any JSON value, as serde_json knows it.
    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            // serde_json reads a double's last digit as it likes; eighths are exact.
            any::<i32>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map("[a-c\"\\\\é\n]{0,3}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(json in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
            let one = canonical(&text).unwrap().into_owned();
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&one).unwrap(), &json);
            prop_assert_eq!(canonical(&one).unwrap(), Cow::Borrowed(one.as_str()));
        }

        #[test]
        fn paths_agree_with_a_full_parse(json in any_json(), keys in prop::collection::vec("[a-c]{0,2}", 0..3), index in -3_i64..4) {
            let text = serde_json::to_string(&json).unwrap();
            let steps: Vec<scan::Step<'_>> = keys.iter().map(|key| scan::Step::Key(key.as_str().into())).collect();
            let expected = keys.iter().try_fold(&json, |json, key| json.get(key.as_str()));
            let found = scan::path(&text, &steps);
            prop_assert_eq!(found.map(|text| serde_json::from_str(text).unwrap()), expected.cloned());
            let place = json.as_array().and_then(|array| {
                let at = if index < 0 { array.len().checked_sub(index.unsigned_abs() as usize)? } else { index as usize };
                array.get(at).cloned()
            });
            prop_assert_eq!(scan::element(&text, index).map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap()), place);
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "[\\[\\]{}\",:0-9eE.+\\\\utrfalsn \\-]{0,40}") {
            let ours = canonical(&text);
            // Control characters and big numbers aside, RFC 8259 as serde_json reads it.
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert_eq!(ours.is_some(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
            let _ = scan::path(&text, &[scan::Step::Key("a".into()), scan::Step::Index(-1)]);
        }

        #[test]
        fn strings_survive(text: String) {
            let dynamic = Dynamic::string(&text);
            prop_assert_eq!(held(dynamic.text()), Value::String(Cow::Borrowed(text.as_str())));
        }
    }
}
