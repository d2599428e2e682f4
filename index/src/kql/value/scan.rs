//! Finding a place in a JSON text without reading the rest of it: `a.b[0]`.

use std::borrow::Cow;

use super::json::unescape;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step<'a> {
    /// `.a` or `["a"]`; names count their case.
    Key(Cow<'a, str>),
    /// `[0]`; negative from the end.
    Index(i64),
}

/// The text at a path, a piece of `json`; `None` where there is nothing, or no such kind of value.
///
/// The JSON is trusted to be well-formed: what is not gives some piece of the text or nothing. Of
/// two members with one name the last counts.
#[must_use]
pub fn path<'t>(json: &'t str, steps: &[Step<'_>]) -> Option<&'t str> {
    steps.iter().try_fold(json, |json, step| match step {
        Step::Key(key) => member(json, key),
        Step::Index(index) => element(json, *index),
    })
}

/// The value of a bag's member.
#[must_use]
pub fn member<'t>(json: &'t str, key: &str) -> Option<&'t str> {
    members(json).filter(|(name, _)| same_name(name, key)).map(|(_, value)| value).last()
}

/// An array's element.
#[must_use]
pub fn element(json: &str, index: i64) -> Option<&str> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => elements(json).count().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    elements(json).nth(index)
}

/// The texts of an array's elements; none if it is none.
#[must_use]
pub fn elements(json: &str) -> Elements<'_> {
    Elements { inside: Inside::new(json, b'[') }
}

/// The members of a bag, names as they are spelled between their quotes; none if it is none.
#[must_use]
pub fn members(json: &str) -> Members<'_> {
    Members { inside: Inside::new(json, b'{') }
}

/// Whether a name as spelled in JSON is this one.
#[must_use]
pub fn same_name(spelled: &str, name: &str) -> bool {
    spelled == name || spelled.contains('\\') && unescape(spelled) == name
}

/// The iterator of [`elements`].
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    inside: Inside<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let value = self.inside.value()?;
        self.inside.pass(b',');
        Some(value)
    }
}

/// The iterator of [`members`].
#[derive(Clone, Debug)]
pub struct Members<'a> {
    inside: Inside<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let name = self.inside.value()?;
        let name = name.strip_prefix('"')?.strip_suffix('"')?;
        self.inside.pass(b':');
        let value = self.inside.value()?;
        self.inside.pass(b',');
        Some((name, value))
    }
}

/// A place inside an array or a bag.
#[derive(Clone, Debug)]
struct Inside<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Inside<'a> {
    fn new(json: &'a str, opening: u8) -> Inside<'a> {
        let mut inside = Inside { json, at: 0 };
        inside.skip_space();
        if inside.pass(opening) {
            return inside;
        }
        Inside { json: "", at: 0 }
    }

    /// The value that begins here; moves behind it.
    #[inline]
    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let start = self.at;
        let end = end_of_value(self.json.as_bytes(), start)?;
        self.at = end;
        self.json.get(start..end)
    }

    #[inline]
    fn pass(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.json.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.json.as_bytes().get(self.at) {
            self.at += 1;
        }
    }
}

/// Where the value ends that begins at `start`; `None` if none begins there.
#[inline]
fn end_of_value(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => end_of_string(bytes, start),
        b'{' | b'[' => end_of_container(bytes, start),
        b'}' | b']' | b',' | b':' => None,
        _ => {
            let rest = bytes.get(start..)?;
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r');
            Some(start + rest.iter().position(ends).unwrap_or(rest.len()))
        }
    }
}

#[inline]
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn end_of_container(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = end_of_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Step<'_> {
        Step::Key(name.into())
    }

    #[test]
    fn paths_lead_into_json() {
        let json = r#" { "a" : { "b" : [ 1 , "x]\"" , {"c":null} ] } , "d" : -1.5e3 ,"A":2, "\u0064\u0065":7} "#;
        let cases: [(&[Step<'_>], Option<&str>); 11] = [
            (&[key("a"), key("b"), Step::Index(0)], Some("1")),
            (&[key("a"), key("b"), Step::Index(1)], Some(r#""x]\"""#)),
            (&[key("a"), key("b"), Step::Index(-1), key("c")], Some("null")),
            (&[key("a"), key("b"), Step::Index(-4)], None),
            (&[key("a"), key("b"), Step::Index(3)], None),
            (&[key("d")], Some("-1.5e3")),
            (&[key("A")], Some("2")),
            (&[key("de")], Some("7")),
            (&[key("d"), key("x")], None),
            (&[Step::Index(0)], None),
            (&[key("a"), Step::Index(0)], None),
        ];
        for (steps, expected) in cases {
            assert_eq!(path(json, steps), expected, "{steps:?}");
        }
        assert_eq!(path(json, &[]), Some(json));
    }

    #[test]
    fn of_two_members_the_last_counts() {
        assert_eq!(member(r#"{"a":1,"b":2,"a":3}"#, "a"), Some("3"));
    }

    #[test]
    fn what_is_no_json_ends() {
        for text in ["", "{", "[", "[1", r#"{"a"#, r#"{"a":"#, "[,]", "}{", "[[[[", r#"["\"#, "{1:2}", "[1 2]"] {
            let _ = elements(text).count();
            let _ = members(text).count();
            let _ = path(text, &[key("a"), Step::Index(-1)]);
        }
        assert_eq!(elements("[,1]").next(), None);
    }
}
