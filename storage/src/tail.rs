//! Records that are in no block yet: one value each.

use crate::block::Row;
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::store::{self, Changes, Entry, Family, Store};
use crate::streams::Stream;
use crate::time::Timestamp;

/// A record of the tail. Its value is event i64 | received i64 | body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TailRow {
    pub(crate) index: u64,
    pub(crate) event: Timestamp,
    pub(crate) received: Timestamp,
    pub(crate) body: Vec<u8>,
}

impl TailRow {
    pub(crate) fn row(&self) -> Row<'_> {
        Row { body: &self.body, event: self.event, received: self.received }
    }

    /// Reads a value of the tail.
    fn decode(index: u64, value: &[u8]) -> Option<Self> {
        let (event, rest) = value.split_first_chunk()?;
        let (received, body) = rest.split_first_chunk()?;
        let [event, received] = [event, received].map(|bytes| Timestamp(i64::from_le_bytes(*bytes)));
        Some(Self { index, event, received, body: body.to_vec() })
    }
}

/// Writes a record of the tail.
pub(crate) fn put(stream: u32, index: u64, row: &Row<'_>, changes: &mut Changes<'_>) -> Result<()> {
    let times = [row.event.0.to_le_bytes(), row.received.0.to_le_bytes()];
    changes.put(Family::Tail, &store::place_key(stream, index), &[times.as_flattened(), row.body])
}

/// Takes a record out of the tail, because a block has it.
pub(crate) fn delete(stream: u32, index: u64, changes: &mut Changes<'_>) -> Result<()> {
    changes.delete(Family::Tail, &store::place_key(stream, index))
}

/// One record of the tail.
pub(crate) fn get(store: &Store, stream: &Stream, index: u64) -> Result<Option<TailRow>> {
    let value = store.get(Family::Tail, &store::place_key(stream.number, index));
    let value = value.map_err(|error| placed(stream, index, error))?;
    value.map(|value| TailRow::decode(index, &value).ok_or_else(|| unreadable(stream, index).into())).transpose()
}

/// The records `from..to` of the tail as far as they are there and sound, `limit` at most. Stops before the first that
/// is missing; one that cannot be read is an error only if it is the first.
pub(crate) fn rows(store: &Store, stream: &Stream, from: u64, to: u64, limit: usize) -> Result<Vec<TailRow>> {
    let (start, end) = (store::place_key(stream.number, from), store::place_key(stream.number, to));
    let mut scan = store.scan(Family::Tail, &start, &end)?;
    let mut rows = Vec::new();
    while rows.len() < limit {
        let index = from + rows.len() as u64;
        let found = match scan.next() {
            Ok(None) => break,
            Ok(Some(entry)) => parse(entry).ok_or_else(|| unreadable(stream, index).into()),
            Err(error) => Err(placed(stream, index, error)),
        };
        // What is behind a gap, sound or not, is not the record that was looked for.
        let is_behind = scan.key().and_then(store::parse_place).is_some_and(|(_, at)| at != index);
        match found {
            Ok(row) if row.index == index => rows.push(row),
            Err(error) if rows.is_empty() && !is_behind => return Err(error),
            _ => break,
        }
    }
    Ok(rows)
}

/// The records `from..to` of the tail; an error names the first that is missing or cannot be read.
pub(crate) fn all(store: &Store, stream: &Stream, from: u64, to: u64) -> Result<Vec<TailRow>> {
    let rows = rows(store, stream, from, to, usize::MAX)?;
    let next = from + rows.len() as u64;
    if next >= to {
        return Ok(rows);
    }
    Err(lacking(store, stream, next..to))
}

/// The record of an entry of the family.
pub(crate) fn parse(entry: Entry<'_>) -> Option<TailRow> {
    let (_, index) = store::parse_place(entry.key)?;
    TailRow::decode(index, entry.value)
}

/// A record of the tail that is missing.
pub(crate) fn missing(stream: &Stream, records: std::ops::Range<u64>) -> Damage {
    Damage::new(DamageCode::Tail, "records in the tail", "nothing").stream(&stream.name).records(records)
}

/// Why the first of these records could not be had: it cannot be read, or it is missing with what follows.
pub(crate) fn lacking(store: &Store, stream: &Stream, records: std::ops::Range<u64>) -> Error {
    get(store, stream, records.start).err().unwrap_or_else(|| missing(stream, records).into())
}

fn unreadable(stream: &Stream, index: u64) -> Damage {
    let damage = Damage::new(DamageCode::Tail, "a record of the tail", "other bytes");
    damage.stream(&stream.name).records(index..index + 1)
}

/// An error with the place where it happened.
fn placed(stream: &Stream, index: u64, error: Error) -> Error {
    match error {
        Error::Damaged(damage) => damage.stream(&stream.name).records(index..index + 1).into(),
        other => other,
    }
}
