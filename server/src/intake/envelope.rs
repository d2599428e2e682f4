//! Recognises the objects that providers wrap around a page of records.

use memchr::memchr;

use crate::intake::json_scan::{Fault, Scanner, skip_space, string_end};

/// What the object at the front of a text is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// An envelope; its first record lies behind so many bytes.
    Open(usize),
    /// A record.
    Record,
    /// Not to be told from these bytes.
    Incomplete,
}

/// What follows the array of an envelope.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// A comma, or a member that speaks of the page: nothing is lost with it.
    Skip(usize),
    /// Another array of records.
    Array(usize),
    /// The end of the envelope.
    Close(usize),
    /// A member that is neither.
    Foreign(usize),
    Incomplete,
    Invalid,
}

const RECORD_KEYS: [&[u8]; 3] = [b"records", b"Records", b"value"];
const PAGE_KEYS: [&[u8]; 6] =
    [b"nextLink", b"@nextLink", b"count", b"nextPageLink", b"odata.metadata", b"odata.nextLink"];

/// Tells an envelope from a record: before the array come only members that speak of the page, and the array holds
/// objects or nothing. Anything else is a record, so that nothing of it can get lost.
pub(crate) fn opening(text: &[u8], scanner: &mut Scanner) -> Opening {
    let mut at = skip_space(text, 1);
    loop {
        match text.get(at..at + 2) {
            // The first letters of the keys above: a record is told from an envelope by one byte in most cases.
            Some([b'"', b'r' | b'R' | b'v' | b'@' | b'o' | b'n' | b'c']) => {}
            Some(_) => return Opening::Record,
            None => return if at >= text.len().saturating_sub(1) { Opening::Incomplete } else { Opening::Record },
        }
        let (key, value) = match member(text, at) {
            Ok(member) => member,
            Err(Fault::Incomplete) => return Opening::Incomplete,
            Err(Fault::Invalid { .. }) => return Opening::Record,
        };
        if RECORD_KEYS.contains(&key) {
            return array_of_objects(text, value);
        }
        if !speaks_of_page(key) {
            return Opening::Record;
        }
        let end = match scanner.scan(text.get(value..).unwrap_or_default(), false) {
            Ok(length) => skip_space(text, value + length),
            Err(Fault::Incomplete) => return Opening::Incomplete,
            Err(Fault::Invalid { .. }) => return Opening::Record,
        };
        match text.get(end) {
            Some(b',') => at = skip_space(text, end + 1),
            Some(_) => return Opening::Record,
            None => return Opening::Incomplete,
        }
    }
}

/// What comes next behind the array of an envelope; `text` begins with no space.
pub(crate) fn tail(text: &[u8], scanner: &mut Scanner) -> Tail {
    match text.first() {
        Some(b',') => return Tail::Skip(1),
        Some(b'}') => return Tail::Close(1),
        Some(b'"') => {}
        Some(_) => return Tail::Invalid,
        None => return Tail::Incomplete,
    }
    let (key, value) = match member(text, 0) {
        Ok(member) => member,
        Err(Fault::Incomplete) => return Tail::Incomplete,
        Err(Fault::Invalid { .. }) => return Tail::Invalid,
    };
    if RECORD_KEYS.contains(&key)
        && let Opening::Open(length) = array_of_objects(text, value)
    {
        return Tail::Array(length);
    }
    match scanner.scan(text.get(value..).unwrap_or_default(), false) {
        Ok(length) if speaks_of_page(key) => Tail::Skip(value + length),
        Ok(length) => Tail::Foreign(value + length),
        Err(Fault::Incomplete) => Tail::Incomplete,
        Err(Fault::Invalid { .. }) => Tail::Invalid,
    }
}

/// Key and start of the value of the member at `at`.
fn member(text: &[u8], at: usize) -> Result<(&[u8], usize), Fault> {
    let end = string_end(text, at + 1, &mut 0)?;
    let colon = skip_space(text, end);
    match text.get(colon) {
        Some(b':') => {}
        Some(_) => return Err(Fault::Invalid { at: colon, reason: "':' was expected" }),
        None => return Err(Fault::Incomplete),
    }
    let value = skip_space(text, colon + 1);
    if value >= text.len() {
        return Err(Fault::Incomplete);
    }
    Ok((text.get(at + 1..end - 1).unwrap_or_default(), value))
}

fn array_of_objects(text: &[u8], value: usize) -> Opening {
    if text.get(value) != Some(&b'[') {
        return Opening::Record;
    }
    match text.get(skip_space(text, value + 1)) {
        Some(b'{' | b']') => Opening::Open(value + 1),
        Some(_) => Opening::Record,
        None => Opening::Incomplete,
    }
}

fn speaks_of_page(key: &[u8]) -> bool {
    PAGE_KEYS.contains(&key) || (key.starts_with(b"@odata.") && memchr(b'\\', key).is_none())
}
