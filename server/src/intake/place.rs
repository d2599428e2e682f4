//! Where the import of a file goes on: its cursor's names and bytes.
//!
//! A file is known by device and inode (it keeps them when it is renamed or grows) and by its first 4 KiB (a copy or a
//! compressed copy keeps those). Both only propose a place. It is taken only if the SHA-256 of all decoded bytes before
//! it is what it was, so that no byte is passed over that is not archived: exports of two days can begin and end with
//! the same bytes, a file can be written over in its place, and a file system gives the inode of a removed file to the
//! next one. To trust nothing but inodes would not do away with reading the bytes again, and would double all records
//! without id of a copy. It costs about half a second for each GB that is there already.

use std::io;
use std::sync::atomic::AtomicBool;

use sha2::{Digest, Sha256};

use logkeep_storage::{Timestamp, hex};

use crate::intake::front::Front;
use crate::intake::input::{Inode, Input};
use crate::intake::recognise::Overrides;
use crate::intake::splitter::{Form, Position, Within};

/// A place in a file, and what must be there for it to be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    /// The front of the file.
    pub(crate) head: Imprint,
    /// SHA-256 of all bytes before the position.
    pub(crate) front: String,
    /// Offset and length of an unfinished end that has been put into the rejected ones already.
    pub(crate) noted: Option<(u64, u64)>,
    /// Pieces before the position that could not be taken.
    pub(crate) rejected: u64,
    /// The time of the last line of text that has one: lines without one that follow belong to it.
    pub(crate) line_time: Option<Timestamp>,
}

/// Length and hash of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imprint {
    pub(crate) length: usize,
    hash: String,
}

impl Imprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), hash: hex(Sha256::digest(bytes).as_slice()) }
    }
}

/// Names of cursors belong to what the import does with the file: the same file into another stream is another import.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    manner: String,
    /// The options in the user's words.
    options: String,
}

impl Names {
    pub(crate) fn new(overrides: &Overrides, form: Form) -> Self {
        let stream = overrides.stream.as_ref().map_or(String::new(), ToString::to_string);
        let hash = hex(Sha256::digest(format!("{} {stream}", form_name(form))).as_slice());
        Self { manner: hash.get(..16).unwrap_or_default().to_owned(), options: options(overrides, form) }
    }

    pub(crate) fn inode(&self, (device, inode): Inode) -> String {
        format!("import/{}/inode/{device}-{inode}", self.manner)
    }

    /// Remembers why something could not be opened.
    pub(crate) fn unreadable(&self, name: &str) -> String {
        format!("import/{}/unreadable/{}", self.manner, hex(Sha256::digest(name).as_slice()))
    }

    pub(crate) fn content(&self, head: &[u8]) -> String {
        content(&self.manner, head)
    }

    /// How the file was imported last, whatever the options.
    pub(crate) fn manner(head: &[u8]) -> String {
        content("any", head)
    }

    /// The value of the cursor named by [`Self::manner`].
    pub(crate) fn this_manner(&self) -> Vec<u8> {
        format!("{} {}", self.manner, self.options).into_bytes()
    }

    /// What such a value says, if it is another manner than this one.
    pub(crate) fn other_manner(&self, value: &[u8], head: &[u8]) -> Option<Manner> {
        let (manner, options) = std::str::from_utf8(value).ok()?.split_once(' ')?;
        let is_same = manner == self.manner && options == self.options;
        (!is_same).then(|| Manner { cursor: content(manner, head), options: options.to_owned() })
    }
}

/// How else a file was imported.
pub(crate) struct Manner {
    /// The name of the cursor that holds its place.
    pub(crate) cursor: String,
    /// The options in the user's words.
    pub(crate) options: String,
}

fn content(manner: &str, head: &[u8]) -> String {
    format!("import/{manner}/content/{}", hex(Sha256::digest(head).as_slice()))
}

fn options(overrides: &Overrides, form: Form) -> String {
    let Overrides { stream, time, id } = overrides;
    let form = (form != Form::Auto).then(|| form_name(form).to_owned());
    let named = [
        ("--stream", stream.as_ref().map(ToString::to_string)),
        ("--form", form),
        ("--time-path", time.as_ref().map(ToString::to_string)),
        ("--id-path", id.as_ref().map(ToString::to_string)),
    ];
    let given: Vec<_> = named.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    if given.is_empty() { "no options".to_owned() } else { given.join(" ") }
}

impl Place {
    /// The cursor's value: words of ASCII.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Position { offset, line, form, within } = self.position;
        let (head, front) = (&self.head, &self.front);
        let (noted_at, noted_length) = self.noted.map_or((-1, 0), |(at, length)| (at as i64, length));
        let line_time = self.line_time.map_or("-".to_owned(), |time| time.0.to_string());
        format!(
            "3 {offset} {line} {} {} {} {} {front} {noted_at} {noted_length} {} {line_time}",
            form_name(form),
            within_name(within),
            head.length,
            head.hash,
            self.rejected,
        )
        .into_bytes()
    }

    /// `None` if the value is not ours or of a later version: the file is then taken from its start.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        let version = words.next().filter(|version| ["2", "3"].contains(version))?;
        let (offset, line) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let (form, within) = (form_of(words.next()?)?, within_of(words.next()?)?);
        let head = Imprint { length: words.next()?.parse().ok()?, hash: words.next()?.to_owned() };
        let front = words.next()?.to_owned();
        let (noted_at, noted_length) = (words.next()?.parse::<i64>().ok()?, words.next()?.parse().ok()?);
        let noted = u64::try_from(noted_at).ok().map(|at| (at, noted_length));
        // The second version did not know these.
        let (rejected, line_time) = match version {
            "2" => (0, None),
            _ => (words.next()?.parse().ok()?, time_of(words.next()?)?),
        };
        Some(Self { position: Position { offset, line, form, within }, head, front, noted, rejected, line_time })
    }

    /// Brings a freshly opened input to this place; the bytes before it, or `None` if they are others than they were.
    pub(crate) fn enter(&self, input: &mut Input, stop: &AtomicBool) -> io::Result<Option<Front>> {
        let head = input.head().get(..self.head.length);
        let too_short = input.plain_length()?.is_some_and(|length| length < self.position.offset);
        if too_short || head.is_none_or(|head| Imprint::of(head) != self.head) {
            return Ok(None);
        }
        let front = Front::read(input, self.position.offset, stop)?;
        Ok(front.filter(|front| front.digest() == self.front))
    }
}

const FORMS: [(Form, &str); 5] = [
    (Form::Auto, "auto"),
    (Form::Json, "json"),
    (Form::Values, "values"),
    (Form::Text, "text"),
    (Form::Lengths, "lengths"),
];
const WITHINS: [(Within, &str); 4] = [
    (Within::Top, "top"),
    (Within::Array, "array"),
    (Within::EnvelopeArray, "envelope"),
    (Within::EnvelopeTail, "tail"),
];

fn time_of(word: &str) -> Option<Option<Timestamp>> {
    if word == "-" { Some(None) } else { word.parse().ok().map(|ns| Some(Timestamp(ns))) }
}

fn form_name(form: Form) -> &'static str {
    FORMS.iter().find(|(known, _)| *known == form).map_or("auto", |(_, name)| name)
}

fn form_of(name: &str) -> Option<Form> {
    FORMS.iter().find(|(_, known)| *known == name).map(|(form, _)| *form)
}

fn within_name(within: Within) -> &'static str {
    WITHINS.iter().find(|(known, _)| *known == within).map_or("top", |(_, name)| name)
}

fn within_of(name: &str) -> Option<Within> {
    WITHINS.iter().find(|(_, known)| *known == name).map(|(within, _)| *within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(offset: u64, line: u64, noted: Option<(u64, u64)>) -> Place {
        let position = Position { offset, line, form: Form::Json, within: Within::EnvelopeTail };
        let (rejected, line_time) = (line / 2, noted.map(|(at, _)| Timestamp(at as i64 - 7)));
        Place { position, head: Imprint::of(b"head"), front: Front::start().digest(), noted, rejected, line_time }
    }

    #[test]
    fn places_of_the_second_version_are_known() {
        let place = Place::decode(b"2 5 1 json top 1 a b -1 0").unwrap();
        assert_eq!((place.position.offset, place.rejected, place.line_time), (5, 0, None));
    }

    #[test]
    fn foreign_values_are_no_places() {
        for value in
            ["", "2 1", "1 5 1 json top 1 a 4 b -1 0", "2 5 1 json top 1 a b", "3 5 1 json top 1 a b -1 0 7", "\u{e4}"]
        {
            assert_eq!(Place::decode(value.as_bytes()), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_place_survives(offset in 5..u64::MAX / 2, line: u64, noted in prop::option::of((0..u64::MAX / 2, any::<u64>()))) {
            let place = place(offset, line, noted);
            prop_assert_eq!(Place::decode(&place.encode()), Some(place));
        }

        #[test]
        fn decoding_never_panics(value in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Place::decode(&value);
        }
    }
}
