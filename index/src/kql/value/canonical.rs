//! Any spelling of JSON to the one in which dynamics are carried.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::json::{code_unit, escaped};
use super::scan::{self, Members};
use super::{DynamicKind, Writer, real, unescape};

/// The deepest nesting that is read as JSON; deeper text stays a string.
const DEPTH_MAX: usize = 512;

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
    let mut places: HashMap<&str, usize, foldhash::fast::RandomState> = Default::default();
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

    }
}
