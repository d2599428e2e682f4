//! What the tree holds for a record: six lines that commit to its place, times, length and body.

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::hash::{Hash, leaf_hash};
use crate::salt::Salt;
use crate::time::{TIME_CHARS, parse_time, push_time};
use crate::{base64, decimal};

/// The first line of every entry: format and version.
const TITLE: &[u8] = b"log-archive/leaf/v1\n";
/// What the commitment hashes before salt and body.
const COMMITMENT_PREFIX: &[u8] = b"log-archive/record/v1\n";
/// Title, two numbers of 20 digits, two times and a hash, each with its newline.
const ENTRY_BYTES_MAX: usize = TITLE.len() + 2 * 21 + 2 * (TIME_CHARS + 1) + base64::HASH_CHARS + 1;

/// A record as its stream's Merkle tree sees it. The body itself is not in it, only a salted
/// hash, so entries can be published.
///
/// The entry is never stored: it is made again from the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Place in the stream, from 0.
    pub index: u64,
    /// When it happened, by the provider: nanoseconds since 1970, UTC.
    pub event_ns: i64,
    /// When it reached us: nanoseconds since 1970, UTC.
    pub received_ns: i64,
    /// Bytes of the body.
    pub body_len: u64,
    /// [`commitment`] of salt and body.
    pub commitment: Hash,
}

impl Leaf {
    /// Replaces what is in `out` by the entry. With a buffer used before, nothing is allocated.
    ///
    /// ```text
    /// log-archive/leaf/v1
    /// <index>
    /// <event time, RFC 3339 UTC, 9 decimals>
    /// <received time, same form>
    /// <bytes of the body>
    /// <base64 of the commitment>
    /// ```
    pub fn entry(&self, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(ENTRY_BYTES_MAX);
        out.extend_from_slice(TITLE);
        decimal::push(self.index, out);
        out.push(b'\n');
        push_time(self.event_ns, out);
        out.push(b'\n');
        push_time(self.received_ns, out);
        out.push(b'\n');
        decimal::push(self.body_len, out);
        out.push(b'\n');
        base64::push_hash(&self.commitment, out);
        out.push(b'\n');
    }

    /// The RFC 6962 hash of the entry, which is made in `scratch`.
    #[must_use]
    pub fn hash(&self, scratch: &mut Vec<u8>) -> Hash {
        self.entry(scratch);
        leaf_hash(scratch)
    }

    /// Reads an entry; each leaf has one spelling and no other is taken.
    ///
    /// # Errors
    /// `Form` with the line that is wrong.
    pub fn parse(entry: &[u8]) -> Result<Self, Error> {
        let lines = entry.strip_prefix(TITLE).and_then(|rest| rest.strip_suffix(b"\n"));
        let lines = lines.ok_or_else(|| Error::form("leaf", "log-archive/leaf/v1 and five lines", entry))?;
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        let [index, event, received, body_len, commitment] = lines.as_slice() else {
            return Err(Error::form("leaf", "five lines after the title", entry));
        };
        Ok(Self {
            index: decimal::parse("leaf index", index)?,
            event_ns: time("leaf event time", event)?,
            received_ns: time("leaf received time", received)?,
            body_len: decimal::parse("leaf body length", body_len)?,
            commitment: base64::decode_hash("leaf commitment", commitment)?,
        })
    }
}

/// SHA-256("log-archive/record/v1\n" || salt || body): says nothing of the body without the salt.
#[must_use]
pub fn commitment(salt: &Salt, body: &[u8]) -> Hash {
    Sha256::new().chain_update(COMMITMENT_PREFIX).chain_update(salt).chain_update(body).finalize().into()
}

fn time(what: &'static str, text: &[u8]) -> Result<i64, Error> {
    parse_time(text).ok_or_else(|| Error::form(what, "RFC 3339 in UTC with 9 decimals, 1677 to 2262", text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(leaf: &Leaf) -> Vec<u8> {
        let mut out = b"left over".to_vec();
        leaf.entry(&mut out);
        out
    }

    #[test]
    fn the_longest_entry_fits_the_reserved_bytes() {
        let leaf = Leaf {
            index: u64::MAX,
            event_ns: i64::MIN,
            received_ns: i64::MAX,
            body_len: u64::MAX,
            commitment: [255; 32],
        };
        assert_eq!(entry(&leaf).len(), ENTRY_BYTES_MAX);
        assert_eq!(Leaf::parse(&entry(&leaf)), Ok(leaf));
    }

    #[test]
    fn a_used_buffer_is_not_allocated_again() {
        let mut out = Vec::new();
        let mut leaf = Leaf { index: 0, event_ns: 0, received_ns: 0, body_len: 0, commitment: [0; 32] };
        leaf.entry(&mut out);
        let (place, capacity) = (out.as_ptr(), out.capacity());
        leaf.index = u64::MAX;
        leaf.body_len = u64::MAX;
        leaf.entry(&mut out);
        assert_eq!((out.as_ptr(), out.capacity()), (place, capacity));
    }

    #[test]
    fn other_entries_are_refused() {
        let good = entry(&Leaf { index: 1, event_ns: 2, received_ns: 3, body_len: 4, commitment: [5; 32] });
        let text = String::from_utf8(good.clone()).unwrap();
        let refused = [
            text.replace("leaf/v1", "leaf/v2"),
            text.replace("\n1\n", "\n01\n"),
            text.replace("\n4\n", "\n4\n\n"),
            text.replace('Z', "z"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            format!("{text}more\n"),
            format!(" {text}"),
            text.replace('\n', "\r\n"),
            String::new(),
        ];
        for entry in refused {
            assert!(Leaf::parse(entry.as_bytes()).is_err(), "{entry:?}");
        }
        for cut in 0..good.len() {
            assert!(Leaf::parse(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn every_leaf_comes_back(index: u64, event_ns: i64, received_ns: i64, body_len: u64, commitment: Hash) {
            let leaf = Leaf { index, event_ns, received_ns, body_len, commitment };
            prop_assert_eq!(Leaf::parse(&entry(&leaf)), Ok(leaf));
        }

        #[test]
        fn a_changed_byte_never_reads_as_the_same_leaf(at in 0..120_usize, flip in 1..=255_u8) {
            let leaf = Leaf { index: 73, event_ns: 1, received_ns: 2, body_len: 23, commitment: [9; 32] };
            let mut harmed = entry(&leaf);
            harmed[at] ^= flip;
            if let Ok(read) = Leaf::parse(&harmed) {
                prop_assert_ne!(read, leaf);
                prop_assert_eq!(entry(&read), harmed);
            }
        }
    }
}
