//! Where the import of a file goes on: its cursor's names and bytes.
//!
//! A file is known by device and inode (it keeps them when it is renamed or grows) and by its first 4 KiB (a copy or a
//! compressed copy keeps those). Both only propose a place: the bytes at the front and the bytes just before the place
//! must be the same as they were, else the file is another one and is taken from its start.

use std::fmt::Write as _;
use std::io;

use sha2::{Digest, Sha256};

use crate::intake::input::{Inode, Input};
use crate::intake::recognise::Overrides;
use crate::intake::splitter::{Form, Position, TRAIL_BYTES, Within};

/// A place in a file, and what must be there for it to be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    /// The front of the file.
    pub(crate) head: Imprint,
    /// The bytes before the position.
    pub(crate) trail: Imprint,
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
        let (head, trail) = (&self.head, &self.trail);
        let (noted_at, noted_length) = self.noted.map_or((-1, 0), |(at, length)| (at as i64, length));
        format!(
            "1 {offset} {line} {} {} {} {} {} {} {noted_at} {noted_length}",
            form_name(form),
            within_name(within),
            head.length,
            head.hash,
            trail.length,
            trail.hash,
        )
        .into_bytes()
    }

    /// `None` if the value is not ours or of a later version: the file is then taken from its start.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        if words.next()? != "1" {
            return None;
        }
        let (offset, line) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let (form, within) = (form_of(words.next()?)?, within_of(words.next()?)?);
        let mut imprint = || Some(Imprint { length: words.next()?.parse().ok()?, hash: words.next()?.to_owned() });
        let (head, trail) = (imprint()?, imprint()?);
        let (noted_at, noted_length) = (words.next()?.parse::<i64>().ok()?, words.next()?.parse().ok()?);
        let noted = u64::try_from(noted_at).ok().map(|at| (at, noted_length));
        let sane = trail.length <= TRAIL_BYTES && trail.length as u64 <= offset;
        sane.then_some(Self { position: Position { offset, line, form, within }, head, trail, noted })
    }

    /// Brings a freshly opened input to this place; the bytes before it, or `None` if it is not the same file.
    pub(crate) fn enter(&self, input: &mut Input) -> io::Result<Option<Vec<u8>>> {
        let head = input.head().get(..self.head.length);
        if head.is_none_or(|head| Imprint::of(head) != self.head) {
            return Ok(None);
        }
        if !input.skip_to(self.position.offset - self.trail.length as u64)? {
            return Ok(None);
        }
        let mut trail = vec![0; self.trail.length];
        let length = input.read_full(&mut trail)?;
        Ok((length == trail.len() && Imprint::of(&trail) == self.trail).then_some(trail))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const FORMS: [(Form, &str); 4] =
    [(Form::Auto, "auto"), (Form::Json, "json"), (Form::Values, "values"), (Form::Text, "text")];
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
        Place { position, head: Imprint::of(b"head"), trail: Imprint::of(b"trail"), noted }
    }

    #[test]
    fn foreign_values_are_no_places() {
        for value in ["", "2 1", "1 5 1 json top 1 a 6 b -1 0", "1 5 1 json top 1 a 4 b", "\u{e4}"] {
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
