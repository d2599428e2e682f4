//! Where the values of a JSON text lie. Structure only: the bytes stay as they are.

use std::ops::Range;

use memchr::memchr2;

/// Deepest nesting that is taken apart; deeper records are kept as one value.
const DEPTH_MAX: usize = 256;
/// Longest path in bytes; a record with a longer one is kept as one value.
const PATH_BYTES_MAX: usize = 1024;

/// Most values of a record that is taken apart. A record with more is kept as one value: its shape would be as large as
/// itself, and columns of shapes like that cost memory and time out of all proportion.
const VALUES_MAX: usize = 16_384;

/// Places of the literals of a JSON text, and the path of the value after each but the last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) literals: Vec<Range<usize>>,
    pub(crate) paths: Vec<String>,
}

/// The value at the front of `text`: its bytes without quotes, whether it had quotes, and what follows.
///
/// A value is a string, a number, `true`, `false`, `null`, or an empty `[]` or `{}`, which would only multiply
/// the shapes if it stood in them. `None` for anything else.
pub(crate) fn value(text: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    match text.first()? {
        b'"' => {
            let end = string_end(text.get(1..)?)?;
            Some((text.get(1..=end)?, true, text.get(end + 2..)?))
        }
        b'[' | b'{' => {
            let (front, rest) = text.split_at_checked(2)?;
            matches!(front, b"[]" | b"{}").then_some((front, false, rest))
        }
        _ => {
            let end = text.iter().position(|byte| !is_bare(*byte)).unwrap_or(text.len());
            let (front, rest) = text.split_at_checked(end)?;
            is_bare_value(front).then_some((front, false, rest))
        }
    }
}

/// Takes a JSON text apart; `None` if it is not one or is nested too deep.
pub(crate) fn slots(text: &[u8]) -> Option<Slots> {
    let mut walk = Walk { text, at: 0, literal_start: 0, path: String::new(), open: Vec::new(), slots: Slots::new() };
    walk.text()?;
    Some(walk.slots)
}

impl Slots {
    fn new() -> Self {
        Self { literals: Vec::new(), paths: Vec::new() }
    }
}

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    literal_start: usize,
    path: String,
    open: Vec<Container>,
    slots: Slots,
}

struct Container {
    /// Length of the path before the container's own step.
    path_before: usize,
    object: bool,
}

impl Walk<'_> {
    fn text(&mut self) -> Option<()> {
        self.space();
        self.element()?;
        while let Some(container) = self.open.last() {
            let (object, path_before) = (container.object, container.path_before);
            self.space();
            match (self.next()?, object) {
                (b',', true) => self.member(path_before)?,
                (b',', false) => {
                    self.space();
                    self.element()?;
                }
                (b'}', true) | (b']', false) => {
                    self.open.pop();
                    self.restore_path();
                }
                _ => return None,
            }
        }
        self.space();
        self.slots.literals.push(self.literal_start..self.text.len());
        (self.at == self.text.len()).then_some(())
    }

    /// A value, or the beginning of a container up to and with its first member's value.
    fn element(&mut self) -> Option<()> {
        loop {
            let rest = self.text.get(self.at..)?;
            if let Some((bytes, quoted, _)) = value(rest) {
                if self.slots.paths.len() >= VALUES_MAX {
                    return None;
                }
                let length = bytes.len() + if quoted { 2 } else { 0 };
                self.slots.literals.push(self.literal_start..self.at);
                self.slots.paths.push(self.path.clone());
                self.at += length;
                self.literal_start = self.at;
                return Some(());
            }
            let object = match self.next()? {
                b'{' => true,
                b'[' => false,
                _ => return None,
            };
            if self.open.len() >= DEPTH_MAX || self.path.len() > PATH_BYTES_MAX {
                return None;
            }
            if !object {
                self.path.push_str("[]");
            }
            self.open.push(Container { path_before: self.path.len(), object });
            self.space();
            if self.text.get(self.at) == Some(if object { &b'}' } else { &b']' }) {
                return Some(());
            }
            if object {
                self.key()?;
            }
        }
    }

    fn member(&mut self, path_before: usize) -> Option<()> {
        self.path.truncate(path_before);
        self.space();
        self.key()?;
        self.element()
    }

    fn key(&mut self) -> Option<()> {
        let (key, quoted, _) = value(self.text.get(self.at..)?)?;
        if !quoted {
            return None;
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(std::str::from_utf8(key).ok()?);
        self.at += key.len() + 2;
        self.space();
        if self.next()? != b':' {
            return None;
        }
        self.space();
        Some(())
    }

    /// Back to the path of the container that is open now.
    fn restore_path(&mut self) {
        let length = self.open.last().map_or(0, |container| container.path_before);
        self.path.truncate(length);
    }

    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }
}

/// Offset of the closing quote of a string whose opening quote lies just before `text`.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

fn is_bare_value(bytes: &[u8]) -> bool {
    match bytes {
        b"true" | b"false" | b"null" => true,
        [b'-' | b'0'..=b'9', ..] => {
            bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Option<Vec<String>> {
        slots(text.as_bytes()).map(|slots| slots.paths)
    }

    #[test]
    fn paths_name_the_place() {
        let cases: [(&str, Option<&[&str]>); 14] = [
            (
                r#"{"a":{"b":[{"c":1},{"c":"x","d":null}],"e":2},"f":3}"#,
                Some(&["a.b[].c", "a.b[].c", "a.b[].d", "a.e", "f"]),
            ),
            (r#"[[1,2],[3],{"a":4}]"#, Some(&["[][]", "[][]", "[][]", "[].a"])),
            (r#"{"a":[{"b":1},[2],3],"c":4}"#, Some(&["a[].b", "a[][]", "a[]", "c"])),
            (r#" { "a" : [ ] , "b" : { } } "#, Some(&[])),
            (r#"{"a":[],"b":{}}"#, Some(&["a", "b"])),
            ("1.5e3", Some(&[""])),
            (r#""x\"y""#, Some(&[""])),
            ("{}", Some(&[""])),
            ("", None),
            ("{", None),
            (r#"{"a":1,}"#, None),
            ("[1,]", None),
            (r#"{"a" 1}"#, None),
            ("[1}", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|paths| paths.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(paths(text), expected, "{text}");
        }
    }

    #[test]
    fn too_many_values_are_refused() {
        let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        assert_eq!(paths(&list(VALUES_MAX)).map(|paths| paths.len()), Some(VALUES_MAX));
        assert_eq!(paths(&list(VALUES_MAX + 1)), None);
    }

    #[test]
    fn too_deep_is_refused_without_a_stack_overflow() {
        let text = "[".repeat(100_000);
        assert_eq!(paths(&text), None);
    }
}
