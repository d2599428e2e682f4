//! Validates one JSON value and picks the raw values of a few wanted paths in the same pass.

use std::ops::Range;

use crate::intake::json_path::{JsonPath, PathTree};

/// Deeper values are valid, but taken as opaque: archived without being recognised.
pub(crate) const DEPTH_MAX: usize = 512;
/// Most wanted paths of one scanner: their presence is one bit each.
pub(crate) const SLOTS_MAX: usize = 128;
/// A wanted path is at most so many keys long.
pub(crate) const PATH_KEYS_MAX: usize = 8;

/// Why a text is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end inside the value: more of them may complete it.
    Incomplete,
    /// No bytes that follow can make it valid.
    Invalid {
        /// Where, counted from the value's first byte.
        at: usize,
        /// What was expected there.
        reason: &'static str,
    },
}

/// A strict RFC 8259 validator that remembers where the wanted values are.
///
/// One value is reused for all records. Nesting costs one bit a level, so that no input can exhaust memory.
#[derive(Debug)]
pub(crate) struct Scanner {
    tree: PathTree,
    /// Per slot: where its value lies in the last scanned text. Valid where `present` has the bit.
    found: Vec<Range<usize>>,
    present: u128,
    nesting: Nesting,
    /// Per level below [`PATH_KEYS_MAX`]: the node of the container, and the slot to close with it.
    open: [Open; PATH_KEYS_MAX + 1],
    high_bits: u64,
    deepest: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Open {
    node: Option<u16>,
    slot: Option<u8>,
    start: usize,
}

impl Scanner {
    /// A scanner for these paths; a path's slot is its position. Several spellings may share a slot.
    pub(crate) fn new(paths: &[(u8, JsonPath)]) -> Self {
        let slots = paths.iter().map(|(slot, _)| usize::from(*slot) + 1).max().unwrap_or(0);
        Self {
            tree: PathTree::new(paths),
            found: vec![0..0; slots.min(SLOTS_MAX)],
            present: 0,
            nesting: Nesting::default(),
            open: [Open::default(); PATH_KEYS_MAX + 1],
            high_bits: 0,
            deepest: 0,
        }
    }

    /// Length of the value at the front of `text`, which has no space before it.
    ///
    /// A number at the very end of `text` is incomplete, unless `whole` says that nothing follows.
    pub(crate) fn scan(&mut self, text: &[u8], whole: bool) -> Result<usize, Fault> {
        self.present = 0;
        self.high_bits = 0;
        self.deepest = 0;
        self.nesting.clear();
        let mut at = 0;
        let mut place = Place { node: Some(PathTree::ROOT), slot: None };
        loop {
            at = self.value_start(text, at, place, whole)?;
            match self.after_value(text, at)? {
                Next::Value(next, following) => (at, place) = (next, following),
                Next::End(end) => return Ok(end),
            }
        }
    }

    /// The raw value of a slot in the text that was scanned last.
    pub(crate) fn value<'a>(&self, text: &'a [u8], slot: u8) -> Option<&'a [u8]> {
        if self.present & bit(slot) == 0 {
            return None;
        }
        text.get(self.found.get(usize::from(slot))?.clone())
    }

    /// One bit for each slot that the last scanned text has.
    pub(crate) fn present(&self) -> u128 {
        self.present
    }

    /// Whether the last scanned text nests deeper than [`DEPTH_MAX`].
    pub(crate) fn too_deep(&self) -> bool {
        self.deepest > DEPTH_MAX
    }

    /// Whether some string of the last scanned text has bytes outside ASCII, valid UTF-8 or not.
    pub(crate) fn beyond_ascii(&self) -> bool {
        self.high_bits & HIGH_BITS != 0
    }

    /// Passes a scalar, or enters containers until the first scalar or empty container was passed.
    fn value_start(&mut self, text: &[u8], mut at: usize, mut place: Place, whole: bool) -> Result<usize, Fault> {
        loop {
            let start = at;
            match text.get(at) {
                Some(b'"') => at = string_end(text, at + 1, &mut self.high_bits)?,
                Some(b'{') => {
                    at = skip_space(text, at + 1);
                    self.enter(true, start, place);
                    if text.get(at) == Some(&b'}') {
                        return Ok(at);
                    }
                    (at, place) = self.key(text, at)?;
                    continue;
                }
                Some(b'[') => {
                    at = skip_space(text, at + 1);
                    self.enter(false, start, place);
                    if text.get(at) == Some(&b']') {
                        return Ok(at);
                    }
                    place = Place::default();
                    continue;
                }
                Some(b'-' | b'0'..=b'9') => at = number_end(text, at, whole)?,
                Some(b't') => at = literal_end(text, at, b"true")?,
                Some(b'f') => at = literal_end(text, at, b"false")?,
                Some(b'n') => at = literal_end(text, at, b"null")?,
                Some(_) => return Err(Fault::Invalid { at, reason: "a value was expected" }),
                None => return Err(Fault::Incomplete),
            }
            if let Some(slot) = place.slot {
                self.take(slot, start..at);
            }
            return Ok(at);
        }
    }

    /// Closes what closes after a value; where the next value begins, or the end of all.
    fn after_value(&mut self, text: &[u8], mut at: usize) -> Result<Next, Fault> {
        while let Some(in_object) = self.nesting.top() {
            at = skip_space(text, at);
            match (text.get(at), in_object) {
                (Some(b','), true) => {
                    let (at, place) = self.key(text, skip_space(text, at + 1))?;
                    return Ok(Next::Value(at, place));
                }
                (Some(b','), false) => return Ok(Next::Value(skip_space(text, at + 1), Place::default())),
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    self.leave(at);
                }
                (Some(_), true) => return Err(Fault::Invalid { at, reason: "',' or '}' was expected" }),
                (Some(_), false) => return Err(Fault::Invalid { at, reason: "',' or ']' was expected" }),
                (None, _) => return Err(Fault::Incomplete),
            }
        }
        Ok(Next::End(at))
    }

    /// Passes `"key" :` and the spaces after it.
    fn key(&mut self, text: &[u8], at: usize) -> Result<(usize, Place), Fault> {
        match text.get(at) {
            Some(b'"') => {}
            Some(_) => return Err(Fault::Invalid { at, reason: "a key in quotes was expected" }),
            None => return Err(Fault::Incomplete),
        }
        let end = string_end(text, at + 1, &mut self.high_bits)?;
        let place = self.place(text, at + 1..end - 1);
        let colon = skip_space(text, end);
        match text.get(colon) {
            Some(b':') => Ok((skip_space(text, colon + 1), place)),
            Some(_) => Err(Fault::Invalid { at: colon, reason: "':' was expected" }),
            None => Err(Fault::Incomplete),
        }
    }

    fn place(&self, text: &[u8], key: Range<usize>) -> Place {
        let parent = self.open.get(self.nesting.depth).and_then(|open| open.node);
        let child = parent.and_then(|parent| self.tree.child(parent, text.get(key)?));
        child.map_or_else(Place::default, |(node, slot)| Place { node, slot })
    }

    fn enter(&mut self, object: bool, start: usize, place: Place) {
        self.nesting.push(object);
        self.deepest = self.deepest.max(self.nesting.depth);
        if let Some(open) = self.open.get_mut(self.nesting.depth) {
            *open = Open { node: place.node.filter(|_| object), slot: place.slot, start };
        }
    }

    fn leave(&mut self, end: usize) {
        if let Some(Open { slot: Some(slot), start, .. }) = self.open.get(self.nesting.depth).copied() {
            self.take(slot, start..end);
        }
        self.nesting.pop();
    }

    /// The first of several equal keys counts.
    fn take(&mut self, slot: u8, range: Range<usize>) {
        if self.present & bit(slot) == 0
            && let Some(found) = self.found.get_mut(usize::from(slot))
        {
            *found = range;
            self.present |= bit(slot);
        }
    }
}

/// Which wanted path the value that comes next is at.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    node: Option<u16>,
    slot: Option<u8>,
}

enum Next {
    Value(usize, Place),
    End(usize),
}

/// Which containers are open: one bit a level, true for an object.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    kinds: u64,
    below: Vec<u64>,
}

impl Nesting {
    fn clear(&mut self) {
        self.depth = 0;
        self.kinds = 0;
        self.below.clear();
    }

    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.below.push(self.kinds);
        }
        self.kinds = self.kinds << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.kinds >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.kinds = self.below.pop().unwrap_or_default();
        }
    }

    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.kinds & 1 == 1)
    }
}

/// The bit of a slot in [`Scanner::present`].
pub(crate) const fn bit(slot: u8) -> u128 {
    1 << slot
}

/// The first place at or after `at` that is no JSON white space.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const EACH_BYTE: u64 = 0x0101_0101_0101_0101;

/// Marks bytes that are zero with their high bit. The lowest mark is exact, higher ones may be false.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EACH_BYTE) & !word & HIGH_BITS
}

/// Just behind the closing quote of the string whose first byte is at `at`.
pub(crate) fn string_end(text: &[u8], mut at: usize, high_bits: &mut u64) -> Result<usize, Fault> {
    loop {
        at = plain_end(text, at, high_bits);
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(text, at)?,
            Some(_) => return Err(Fault::Invalid { at, reason: "a control character in a string" }),
            None => return Err(Fault::Incomplete),
        }
    }
}

/// The first quote, backslash or control character at or after `at`, eight bytes at a time.
fn plain_end(text: &[u8], mut at: usize, high_bits: &mut u64) -> usize {
    let mut rest = text.get(at..).unwrap_or_default();
    while let Some((chunk, following)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let controls = word.wrapping_sub(EACH_BYTE * 0x20) & !word & HIGH_BITS;
        let quotes = zero_bytes(word ^ (EACH_BYTE * 0x22));
        let backslashes = zero_bytes(word ^ (EACH_BYTE * 0x5c));
        let hits = controls | quotes | backslashes;
        if hits != 0 {
            let before = hits.trailing_zeros() & !7;
            *high_bits |= word & !(u64::MAX << before);
            return at + (before / 8) as usize;
        }
        *high_bits |= word;
        at += 8;
        rest = following;
    }
    let length = rest.iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count();
    *high_bits |= rest.iter().take(length).fold(0, |bits, &byte| bits | u64::from(byte));
    at + length
}

fn escape_end(text: &[u8], at: usize) -> Result<usize, Fault> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let digits = text.get(at + 2..).unwrap_or_default();
            let valid = digits.iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
            match digits.len() {
                _ if valid == 4 => Ok(at + 6),
                length if length == valid => Err(Fault::Incomplete),
                _ => Err(Fault::Invalid { at: at + 2 + valid, reason: "\\u without four hexadecimal digits" }),
            }
        }
        Some(_) => Err(Fault::Invalid { at: at + 1, reason: "an escape that JSON does not have" }),
        None => Err(Fault::Incomplete),
    }
}

fn number_end(text: &[u8], start: usize, whole: bool) -> Result<usize, Fault> {
    let mut at = start + usize::from(text.get(start) == Some(&b'-'));
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits_end(text, at, whole)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1, whole)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits_end(text, at + 1 + sign, whole)?;
    }
    if at >= text.len() && !whole {
        return Err(Fault::Incomplete);
    }
    Ok(at)
}

fn digits_end(text: &[u8], start: usize, whole: bool) -> Result<usize, Fault> {
    let digits = text.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    match text.get(start + digits) {
        None if !whole => Err(Fault::Incomplete),
        _ if digits == 0 => Err(Fault::Invalid { at: start, reason: "a digit was expected" }),
        _ => Ok(start + digits),
    }
}

fn literal_end(text: &[u8], start: usize, literal: &[u8]) -> Result<usize, Fault> {
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with(literal) {
        return Ok(start + literal.len());
    }
    if rest.len() < literal.len() && literal.starts_with(rest) {
        return Err(Fault::Incomplete);
    }
    Err(Fault::Invalid { at: start, reason: "a value was expected" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scanner(paths: &[&str]) -> Scanner {
        let paths: Vec<_> = (0_u8..).zip(paths).map(|(slot, path)| (slot, path.parse().unwrap())).collect();
        Scanner::new(&paths)
    }

    #[test]
    fn finds_wanted_values() {
        let mut scanner = scanner(&["time", "properties.id", "properties", "a.b.c", "list"]);
        let text = br#"{"x":{"time":1}, "time" : "2024","properties":{"id":"a\"b","id":"second"},"list":[1,{"id":2}],"a":{"b":{"c":-1.5e3}}} tail"#;
        let end = scanner.scan(text, true).unwrap();
        assert_eq!(&text[end..], b" tail");
        let value = |slot| scanner.value(text, slot).map(|v| std::str::from_utf8(v).unwrap());
        assert_eq!(value(0), Some(r#""2024""#));
        assert_eq!(value(1), Some(r#""a\"b""#));
        assert_eq!(value(2), Some(r#"{"id":"a\"b","id":"second"}"#));
        assert_eq!(value(3), Some("-1.5e3"));
        assert_eq!(value(4), Some(r#"[1,{"id":2}]"#));
        assert_eq!(scanner.present(), 0b11111);
    }

    #[test]
    fn refuses_what_is_not_json() {
        let mut scanner = scanner(&[]);
        for bad in [
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1,}",
            "[1,]",
            "nul!",
            "{\"a\" 1}",
            "\"\\x\"",
            "\"\\u12g4\"",
            "[1}",
            "{]",
            "\"a\nb\"",
            "-",
            "1.",
            "1e",
            "+1",
            "NaN",
            "'a'",
            "[,1]",
            "{,}",
            "\u{feff}1",
        ] {
            let answer = scanner.scan(bad.as_bytes(), true);
            let partial = matches!(answer, Ok(end) if end < bad.len());
            assert!(partial || matches!(answer, Err(Fault::Invalid { .. })), "{bad}: {answer:?}");
        }
    }

    #[test]
    fn every_cut_is_incomplete() {
        let mut scanner = scanner(&["a"]);
        let text = br#"{"a":[true,false,null,-1.5e+3,"\u00e4\\",{}],"b":"0123456789abcdef"}"#;
        for cut in 0..text.len() {
            assert_eq!(scanner.scan(&text[..cut], false), Err(Fault::Incomplete), "{cut}");
        }
        assert_eq!(scanner.scan(text, false), Ok(text.len()));
    }

    #[test]
    fn depth_costs_no_stack() {
        let mut scanner = scanner(&["a"]);
        let deep = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
        assert_eq!(scanner.scan(&deep, true), Ok(400_000));
        assert!(scanner.too_deep());
        let mixed: Vec<u8> = [b"{\"a\":[".repeat(300), b"]}".repeat(300)].concat();
        assert_eq!(scanner.scan(&mixed, true), Ok(mixed.len()));
        assert_eq!(scanner.scan(b"[[[]]]", true), Ok(6));
        assert!(!scanner.too_deep());
    }

    #[test]
    fn sees_bytes_beyond_ascii_in_strings_only_once_per_text() {
        let mut scanner = scanner(&[]);
        for (text, beyond) in [("\"0123456ä\"", true), ("\"a\"", false), ("\"0123456789012ä45\"", true), ("{}", false)]
        {
            scanner.scan(text.as_bytes(), true).unwrap();
            assert_eq!(scanner.beyond_ascii(), beyond, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"a0-9.eE+\- \\utrfalsn\n]{0,24}"#) {
            let ours = scanner(&["a"]).scan(text.as_bytes(), true) == Ok(text.len());
            let trimmed = text.trim_start_matches([' ', '\n']) == text && text.trim_end_matches([' ', '\n']) == text;
            // serde_json refuses numbers out of range and lone surrogates; the grammar of RFC 8259 does not.
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok() && trimmed;
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..64), whole: bool) {
            let _ = scanner(&["a", "b.c"]).scan(&text, whole);
        }
    }
}
