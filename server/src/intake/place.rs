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

use logkeep_storage::hex;

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
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn new(overrides: &Overrides, form: Form) -> Self {
        let stream = overrides.stream.as_ref().map_or(String::new(), ToString::to_string);
        let hash = hex(Sha256::digest(format!("{} {stream}", form_name(form))).as_slice());
        Self(hash.get(..16).unwrap_or_default().to_owned())
    }

    pub(crate) fn inode(&self, (device, inode): Inode) -> String {
        format!("import/{}/inode/{device}-{inode}", self.0)
    }

    /// Remembers why something could not be opened.
    pub(crate) fn unreadable(&self, name: &str) -> String {
        format!("import/{}/unreadable/{}", self.0, hex(Sha256::digest(name).as_slice()))
    }

    pub(crate) fn content(&self, head: &[u8]) -> String {
        format!("import/{}/content/{}", self.0, hex(Sha256::digest(head).as_slice()))
    }
}

impl Place {
    /// The cursor's value: words of ASCII.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Position { offset, line, form, within } = self.position;
        let (head, front) = (&self.head, &self.front);
        let (noted_at, noted_length) = self.noted.map_or((-1, 0), |(at, length)| (at as i64, length));
        format!(
            "2 {offset} {line} {} {} {} {} {front} {noted_at} {noted_length}",
            form_name(form),
            within_name(within),
            head.length,
            head.hash,
        )
        .into_bytes()
    }

    /// `None` if the value is not ours or of a later version: the file is then taken from its start.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        if words.next()? != "2" {
            return None;
        }
        let (offset, line) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let (form, within) = (form_of(words.next()?)?, within_of(words.next()?)?);
        let head = Imprint { length: words.next()?.parse().ok()?, hash: words.next()?.to_owned() };
        let front = words.next()?.to_owned();
        let (noted_at, noted_length) = (words.next()?.parse::<i64>().ok()?, words.next()?.parse().ok()?);
        let noted = u64::try_from(noted_at).ok().map(|at| (at, noted_length));
        Some(Self { position: Position { offset, line, form, within }, head, front, noted })
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
        Place { position, head: Imprint::of(b"head"), front: Front::start().digest(), noted }
    }

    #[test]
    fn foreign_values_are_no_places() {
        for value in ["", "2 1", "1 5 1 json top 1 a 4 b -1 0", "2 5 1 json top 1 a b", "\u{e4}"] {
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
