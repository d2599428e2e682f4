//! JSON for programs: one object a line, or one array; a record's own bytes are put in as they are.

use std::borrow::Cow;

use logkeep_storage::StoredRecord;
use serde_json::Value;
use serde_json::value::RawValue;

/// A text as a JSON string.
pub(crate) fn string(text: &str) -> String {
    Value::from(text).to_string()
}

/// A record's content as JSON on one line: its own bytes if they are JSON, else a string.
///
/// Between the values of a JSON text a line feed is only blank space, so that a space can stand in its place.
pub(crate) fn content(body: &[u8]) -> Cow<'_, str> {
    match is_json(body) {
        Some(text) if text.contains(['\n', '\r']) => Cow::Owned(text.trim().replace(['\n', '\r'], " ")),
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(string(&String::from_utf8_lossy(body))),
    }
}

/// The text of a record that is valid JSON.
pub(crate) fn is_json(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<&RawValue>(text).is_ok().then_some(text)
}

/// `{"_id":"entra/signin@5","_event":…,"_received":…,"record":…}`.
pub(crate) fn record(record: &StoredRecord) -> String {
    let StoredRecord { id, body, event, received } = record;
    // A stream's name and a time have no character that JSON escapes.
    format!(r#"{{"_id":"{id}","_event":"{event}","_received":"{received}","record":{}}}"#, content(body))
}

/// The same with some fields in place of the record: each is null, a value, or an array of several.
pub(crate) fn fields(record: &StoredRecord, names: &[String], values: &[Vec<String>]) -> String {
    let StoredRecord { id, event, received, .. } = record;
    let mut text = format!(r#"{{"_id":"{id}","_event":"{event}","_received":"{received}""#);
    for (name, values) in names.iter().zip(values) {
        let value = match values.as_slice() {
            [] => "null".to_owned(),
            [value] => value.clone(),
            several => format!("[{}]", several.join(",")),
        };
        text.push_str(&format!(",{}:{value}", string(name)));
    }
    text.push('}');
    text
}

/// Valid JSON with a line for each value. Only blank space between the values changes: keys stay in their order,
/// also double ones, and numbers stay as they are spelled.
pub(crate) fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' { string_length(rest) } else { first.len_utf8() };
        let (token, after) = rest.split_at(length);
        let after = after.trim_start_matches(BLANKS);
        rest = after;
        match first {
            '{' | '[' if after.starts_with(['}', ']']) => out.push_str(token),
            '}' | ']' if out.ends_with(['{', '[']) => out.push_str(token),
            '{' | '[' => {
                depth += 1;
                out.push_str(token);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push_str(token);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(token),
        }
    }
    out
}

/// What JSON allows between values.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
/// Deeper values are indented no further.
const INDENT_MAX: usize = 40;

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth.min(INDENT_MAX)));
}

/// Bytes of the string in quotes at the text's front.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use logkeep_storage::Timestamp;

    use super::*;

    fn stored(body: &[u8]) -> StoredRecord {
        let id = "a/b@5".parse().unwrap();
        StoredRecord { id, body: body.to_vec(), event: Timestamp(0), received: Timestamp(1) }
    }

    #[test]
    fn a_record_is_one_line_and_keeps_its_own_json() {
        let line = record(&stored(b"{\"b\" : 1.0,\"a\":\"x\\n\", \"a\":2}"));
        let times = r#""_event":"1970-01-01T00:00:00.000000000Z","_received":"1970-01-01T00:00:00.000000001Z""#;
        assert_eq!(line, format!(r#"{{"_id":"a/b@5",{times},"record":{{"b" : 1.0,"a":"x\n", "a":2}}}}"#));
        assert!(record(&stored(b" {\n \"a\":\r\n1} ")).ends_with(r#""record":{  "a":  1}}"#));
    }

    #[test]
    fn what_is_no_json_becomes_a_string() {
        assert!(record(&stored(b"a \"b\"\n")).ends_with(r#""record":"a \"b\"\n"}"#));
        assert!(record(&stored(b"\xff")).ends_with("\"record\":\"\u{fffd}\"}"));
        assert!(record(&stored(b"{} {}")).ends_with(r#""record":"{} {}"}"#));
        assert!(record(&stored(b"")).ends_with(r#""record":""}"#));
    }

    #[test]
    fn indenting_changes_blank_space_only() {
        let text = " {\"b\" : [1.0, {} ,[ ]],\"a\":\"x, {\\\"\", \"a\":null}\n";
        let expected = "{\n  \"b\": [\n    1.0,\n    {},\n    []\n  ],\n  \"a\": \"x, {\\\"\",\n  \"a\": null\n}";
        assert_eq!(indented(text), expected);
        for text in ["1", "\"ä\"", "[]", "[[[]]]"] {
            assert_eq!(indented(text).replace([' ', '\n'], ""), text);
        }
    }

    #[test]
    fn fields_are_null_a_value_or_several() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let values = [vec![], vec!["\"x\"".to_owned()], vec!["1.0".to_owned(), "null".to_owned()]];
        let line = fields(&stored(b"{}"), &names, &values);
        assert!(line.ends_with(r#","a":null,"b":"x","c":[1.0,null]}"#), "{line}");
        assert!(serde_json::from_str::<Value>(&line).is_ok());
    }
}
