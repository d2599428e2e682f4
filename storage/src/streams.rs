//! The streams: their names and numbers, and the head of each, which says how far it goes.

use logkeep_proof::{Frontier, Hash};

use crate::damage::{Damage, DamageCode};
use crate::error::Result;
use crate::store::{self, Changes, Entry, Family, Store};
use crate::stream::StreamName;
use crate::time::Timestamp;

/// Meta key of a stream's number, before its name.
const NAME_PREFIX: &str = "stream/";
/// Meta key of a stream's name, before its number.
const NUMBER_PREFIX: &[u8] = b"number/";

/// A stream as the archive keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) name: StreamName,
    /// From 1; the prefix of the stream's keys.
    pub(crate) number: u32,
    pub(crate) head: StreamHead,
}

/// How far a stream goes and what it sums up to. The value in the family `head`:
///
/// ```text
/// size u64 | acknowledged u64 | sealed u64 | ragged u32 | blocks u64 | raw bytes u64 | open bytes u64
/// | stored bytes u64 | earliest event i64 | latest event i64 | open salt [32] | frontier
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamHead {
    /// Records there were when the last change began. All of them had been acknowledged, so the ledger has them.
    pub(crate) acknowledged: u64,
    /// Records that are in blocks; the others are in the tail.
    pub(crate) sealed: u64,
    /// Records in the last block if it is not full, else 0.
    pub(crate) ragged: u32,
    /// Number of blocks, the one that is not full among them.
    pub(crate) blocks: u64,
    /// Bytes of all bodies.
    pub(crate) raw_bytes: u64,
    /// Bytes of the bodies that are not in a full block.
    pub(crate) open_bytes: u64,
    /// Bytes of all blocks, heads and chunks.
    pub(crate) stored_bytes: u64,
    /// Earliest and latest event; the greatest and the least time while there is no record.
    pub(crate) events: (Timestamp, Timestamp),
    /// Salt of the group of 1,024 records that the next record belongs to; zeros where a group begins.
    pub(crate) open_salt: [u8; 32],
    /// The tree's edge; it knows the stream's size and root.
    pub(crate) frontier: Frontier,
}

impl StreamHead {
    pub(crate) fn empty() -> Self {
        Self {
            acknowledged: 0,
            sealed: 0,
            ragged: 0,
            blocks: 0,
            raw_bytes: 0,
            open_bytes: 0,
            stored_bytes: 0,
            events: (Timestamp(i64::MAX), Timestamp(i64::MIN)),
            open_salt: [0; 32],
            frontier: Frontier::new(),
        }
    }

    /// Number of records.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root of the tree over all records.
    pub(crate) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Where the block begins that is not full, or the tail.
    pub(crate) fn open(&self) -> u64 {
        self.sealed.saturating_sub(u64::from(self.ragged))
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&self.size().to_le_bytes());
        bytes.extend_from_slice(&self.acknowledged.to_le_bytes());
        bytes.extend_from_slice(&self.sealed.to_le_bytes());
        bytes.extend_from_slice(&self.ragged.to_le_bytes());
        for number in [self.blocks, self.raw_bytes, self.open_bytes, self.stored_bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.events.0.0.to_le_bytes());
        bytes.extend_from_slice(&self.events.1.0.to_le_bytes());
        bytes.extend_from_slice(&self.open_salt);
        bytes.extend_from_slice(&self.frontier.encode());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (size, bytes) = take(bytes)?;
        let (acknowledged, bytes) = take(bytes)?;
        let (sealed, bytes) = take(bytes)?;
        let (ragged, bytes) = take(bytes)?;
        let (blocks, bytes) = take(bytes)?;
        let (raw_bytes, bytes) = take(bytes)?;
        let (open_bytes, bytes) = take(bytes)?;
        let (stored_bytes, bytes) = take(bytes)?;
        let (earliest, bytes) = take(bytes)?;
        let (latest, bytes) = take(bytes)?;
        let (open_salt, bytes) = take(bytes)?;
        let head = Self {
            acknowledged: u64::from_le_bytes(acknowledged),
            sealed: u64::from_le_bytes(sealed),
            ragged: u32::from_le_bytes(ragged),
            blocks: u64::from_le_bytes(blocks),
            raw_bytes: u64::from_le_bytes(raw_bytes),
            open_bytes: u64::from_le_bytes(open_bytes),
            stored_bytes: u64::from_le_bytes(stored_bytes),
            events: (Timestamp(i64::from_le_bytes(earliest)), Timestamp(i64::from_le_bytes(latest))),
            open_salt,
            frontier: Frontier::decode(bytes).ok()?,
        };
        let fits = head.size() == u64::from_le_bytes(size)
            && head.acknowledged <= head.size()
            && head.sealed <= head.size()
            && u64::from(head.ragged) <= head.sealed;
        fits.then_some(head)
    }
}

/// All streams in the order of their numbers; what cannot be read is handed to `damaged`.
pub(crate) fn all(store: &Store, mut damaged: impl FnMut(Damage) -> Result<()>) -> Result<Vec<Stream>> {
    let mut streams = Vec::new();
    let mut scan = store.scan(Family::Meta, NUMBER_PREFIX, b"number0")?;
    loop {
        match scan.next() {
            Ok(None) => return Ok(streams),
            Ok(Some(entry)) => match named(entry) {
                Some((number, name)) => match read(store, name, number) {
                    Ok(stream) => streams.push(stream),
                    Err(crate::Error::Damaged(damage)) => damaged(*damage)?,
                    Err(other) => return Err(other),
                },
                None => damaged(Damage::new(DamageCode::Value, "a stream's number and name", "something else"))?,
            },
            Err(crate::Error::Damaged(damage)) => {
                let stuck = damage.code == DamageCode::Store;
                damaged(*damage)?;
                if stuck {
                    return Ok(streams);
                }
            }
            Err(other) => return Err(other),
        }
    }
}

/// All streams; the first damage is an error.
pub(crate) fn all_sound(store: &Store) -> Result<Vec<Stream>> {
    all(store, |damage| Err(damage.into()))
}

/// One stream by name, `None` if nothing was ever appended to it.
pub(crate) fn find(store: &Store, name: &StreamName) -> Result<Option<Stream>> {
    let Some(number) = store.get(Family::Meta, &name_key(name))? else { return Ok(None) };
    let number = number.as_slice().try_into().map(u32::from_le_bytes);
    let number = number.map_err(|_| Damage::new(DamageCode::Value, "a stream's number", "other bytes").stream(name))?;
    read(store, name.clone(), number).map(Some)
}

/// Writes a stream's head, and its name and number where it is new.
pub(crate) fn put(stream: &Stream, is_new: bool, changes: &mut Changes<'_>) -> Result<()> {
    if is_new {
        changes.put(Family::Meta, &name_key(&stream.name), &[&stream.number.to_le_bytes()])?;
        changes.put(Family::Meta, &number_key(stream.number), &[stream.name.as_str().as_bytes()])?;
    }
    changes.put(Family::Head, &store::stream_key(stream.number), &[&stream.head.encode()])
}

/// Meta key under which a stream's number stands.
pub(crate) fn name_key(name: &StreamName) -> Vec<u8> {
    [NAME_PREFIX.as_bytes(), name.as_str().as_bytes()].concat()
}

/// Meta key under which a stream's name stands.
pub(crate) fn number_key(number: u32) -> Vec<u8> {
    [NUMBER_PREFIX, &number.to_be_bytes()].concat()
}

fn read(store: &Store, name: StreamName, number: u32) -> Result<Stream> {
    let missing = |found: &str| Damage::new(DamageCode::Head, "the stream's head", found).stream(&name);
    let value = store.get(Family::Head, &store::stream_key(number)).map_err(|error| match error {
        crate::Error::Damaged(damage) => damage.stream(&name).into(),
        other => other,
    })?;
    let value = value.ok_or_else(|| missing("nothing"))?;
    let head = StreamHead::decode(&value).ok_or_else(|| missing("other bytes"))?;
    Ok(Stream { name, number, head })
}

fn named(entry: Entry<'_>) -> Option<(u32, StreamName)> {
    let number = store::parse_stream(entry.key.strip_prefix(NUMBER_PREFIX)?)?;
    Some((number, std::str::from_utf8(entry.value).ok()?.parse().ok()?))
}

fn take<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((*first, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_and_a_cut_one_does_not() {
        let mut head = StreamHead::empty();
        for leaf in 0..7 {
            head.frontier.push([leaf; 32], &mut |_, _, _| {});
        }
        head = StreamHead { acknowledged: 6, sealed: 5, ragged: 1, blocks: 2, raw_bytes: 3, ..head };
        head = StreamHead { open_bytes: 2, stored_bytes: 9, ..head };
        let bytes = head.encode();
        assert_eq!(StreamHead::decode(&bytes), Some(head));
        for length in 0..bytes.len() {
            assert_eq!(StreamHead::decode(&bytes[..length]), None, "length {length}");
        }
    }

    #[test]
    fn an_impossible_head_is_refused() {
        let head = StreamHead { sealed: 1, ..StreamHead::empty() };
        assert_eq!(StreamHead::decode(&head.encode()), None);
        let head = StreamHead { acknowledged: 1, ..StreamHead::empty() };
        assert_eq!(StreamHead::decode(&head.encode()), None);
    }
}
