//! De-duplication: what of the new records is there already, by the provider's id and the bytes.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::block::Row;
use crate::error::{Error, Result};
use crate::record::Batch;
use crate::store::{self, Changes, Family, Store};
use crate::streams::Stream;
use crate::time::Timestamp;
use crate::{blocks, tail};

/// The versions of one id that a new record is compared with: the newest ones. Without a limit, an "id" that all
/// records share would make each append compare with everything before it.
const VERSIONS_MAX: usize = 32;

/// The start of the SHA-256 of a provider's id.
pub(crate) type IdHash = [u8; 5];

/// What is left of the batches of one stream when the duplicates are gone.
#[derive(Debug, Default)]
pub(crate) struct Sifted<'a> {
    /// The records to be stored, in order.
    pub(crate) rows: Vec<Row<'a>>,
    /// What became of each batch.
    pub(crate) batches: Vec<BatchCount>,
    /// The ids of the records to be stored, with the indexes of all their versions, new ones last.
    pub(crate) seen: Vec<(IdHash, Vec<u64>)>,
    /// When the last batch was received.
    pub(crate) received: Timestamp,
}

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchCount {
    pub(crate) indexes: Range<u64>,
    pub(crate) duplicates: u64,
    pub(crate) versions: u64,
}

/// What becomes of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    New,
    Version,
    Duplicate,
}

/// A record with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    id: IdHash,
    /// Which of the new records it is.
    position: usize,
}

/// Takes the duplicates out of new records of one stream.
///
/// A record is a duplicate if one with the same id and the same bytes is stored or came before it in these batches.
/// Records without an id are never duplicates: a provider may well mean two that are alike.
pub(crate) fn sift<'a>(store: &Store, stream: &Stream, is_new: bool, batches: &[&'a Batch]) -> Result<Sifted<'a>> {
    let rows: Vec<Row<'a>> = batches.iter().flat_map(|batch| rows_of(batch)).collect();
    let mut named = named(batches);
    named.sort_unstable();
    let groups: Vec<&[Named]> = named.chunk_by(|a, b| a.id == b.id).collect();
    let stored = if is_new { vec![Vec::new(); groups.len()] } else { stored_versions(store, stream, &groups)? };
    let mut verdicts = vec![Verdict::New; rows.len()];
    mark_stored(store, stream, &rows, &groups, &stored, &mut verdicts)?;
    for (group, stored) in groups.iter().zip(&stored) {
        judge(group, !stored.is_empty(), &rows, &mut verdicts);
    }
    Ok(assign(stream.head.size(), batches, &rows, &verdicts, &groups, stored))
}

/// Writes which records have which ids.
pub(crate) fn put(stream: u32, seen: &[(IdHash, Vec<u64>)], changes: &mut Changes<'_>) -> Result<()> {
    let mut value = Vec::new();
    seen.iter().try_for_each(|(id, indexes)| {
        value.clear();
        indexes.iter().for_each(|index| push_varint(*index, &mut value));
        changes.put(Family::Seen, &store::seen_key(stream, *id), &[&value])
    })
}

/// The indexes in a value of the family.
pub(crate) fn parse(value: &[u8]) -> Option<Vec<u64>> {
    let (mut indexes, mut rest) = (Vec::new(), value);
    while !rest.is_empty() {
        indexes.push(take_varint(&mut rest)?);
    }
    Some(indexes)
}

fn rows_of<'a>(batch: &'a Batch) -> impl Iterator<Item = Row<'a>> + use<'a> {
    let received = batch.received();
    batch.iter().map(move |record| Row { body: record.body, event: record.event, received })
}

fn named(batches: &[&Batch]) -> Vec<Named> {
    let records = batches.iter().flat_map(|batch| batch.iter()).enumerate();
    records.filter_map(|(position, record)| Some(Named { id: hash(record.id?), position })).collect()
}

fn hash(id: &[u8]) -> IdHash {
    let digest: [u8; 32] = Sha256::digest(id).into();
    let [a, b, c, d, e, ..] = digest;
    [a, b, c, d, e]
}

/// Per group the indexes of the records that have its id already.
fn stored_versions(store: &Store, stream: &Stream, groups: &[&[Named]]) -> Result<Vec<Vec<u64>>> {
    let keys = groups.iter().filter_map(|group| Some(store::seen_key(stream.number, group.first()?.id)));
    let keys: Vec<_> = keys.collect();
    // An id whose indexes cannot be read is new: better kept twice than not at all. Verification tells of it.
    let values = store.get_many(Family::Seen, &keys)?.into_iter();
    Ok(values.map(|value| value.and_then(|value| parse(&value)).unwrap_or_default()).collect())
}

/// Marks the records that are stored with the same bytes. Each block is read once, whatever the order of the records.
fn mark_stored(
    store: &Store,
    stream: &Stream,
    rows: &[Row<'_>],
    groups: &[&[Named]],
    stored: &[Vec<u64>],
    verdicts: &mut [Verdict],
) -> Result<()> {
    let pairs = groups.iter().zip(stored).flat_map(|(group, stored)| {
        let newest = stored.get(stored.len().saturating_sub(VERSIONS_MAX)..).unwrap_or_default();
        newest.iter().flat_map(|index| group.iter().map(|named| (*index, named.position)))
    });
    let mut pairs: Vec<(u64, usize)> = pairs.collect();
    pairs.sort_unstable();
    let mut mark = |body: &[u8], position: usize| {
        if let (Some(row), Some(verdict)) = (rows.get(position), verdicts.get_mut(position))
            && row.body == body
        {
            *verdict = Verdict::Duplicate;
        }
    };
    let mut rest = pairs.as_slice();
    while let Some((index, _)) = rest.first() {
        let count = match compare(store, stream, *index, rest, &mut mark) {
            // A record that cannot be read is not the same: better kept twice than not at all.
            Err(Error::Damaged(_)) => rest.iter().take_while(|(other, _)| other == index).count(),
            other => other?,
        };
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Hands the stored bodies to `mark`, as far as they lie where the first one lies. Returns how many pairs that were.
fn compare(
    store: &Store,
    stream: &Stream,
    index: u64,
    pairs: &[(u64, usize)],
    mark: &mut impl FnMut(&[u8], usize),
) -> Result<usize> {
    let Some(stored) = blocks::containing(store, stream, index)? else {
        let same = pairs.iter().take_while(|(other, _)| *other == index);
        let row = tail::get(store, stream, index)?.ok_or_else(|| crate::archive::gap(stream, index..index + 1))?;
        return Ok(same.map(|(_, position)| mark(&row.body, *position)).count());
    };
    let (head, rows) = blocks::rows(store, &stream.name, stored)?;
    let within: Vec<_> = pairs.iter().take_while(|(other, _)| *other < blocks::end(&head)).collect();
    let mut bodies = (head.first..).zip(rows.rows());
    let mut current = bodies.next();
    for (index, position) in &within {
        while current.is_some_and(|(at, _)| at < *index) {
            current = bodies.next();
        }
        if let Some((at, row)) = current
            && at == *index
        {
            mark(row.body, *position);
        }
    }
    Ok(within.len())
}

/// Decides between the new records of one id.
fn judge(group: &[Named], is_known: bool, rows: &[Row<'_>], verdicts: &mut [Verdict]) {
    let mut kept: Vec<&Row<'_>> = Vec::new();
    for named in group {
        let (Some(row), Some(verdict)) = (rows.get(named.position), verdicts.get_mut(named.position)) else { return };
        if *verdict == Verdict::Duplicate {
            continue;
        }
        let newest = kept.iter().rev().take(VERSIONS_MAX);
        *verdict = match (newest.into_iter().any(|other| other.body == row.body), is_known || !kept.is_empty()) {
            (true, _) => Verdict::Duplicate,
            (false, true) => Verdict::Version,
            (false, false) => Verdict::New,
        };
        if *verdict != Verdict::Duplicate && group.len() > 1 {
            kept.push(row);
        }
    }
}

/// Gives the records that stay their indexes.
fn assign<'a>(
    size: u64,
    batches: &[&Batch],
    rows: &[Row<'a>],
    verdicts: &[Verdict],
    groups: &[&[Named]],
    stored: Vec<Vec<u64>>,
) -> Sifted<'a> {
    let mut sifted = Sifted { received: batches.last().map_or(Timestamp(0), |b| b.received()), ..Sifted::default() };
    let mut indexes = Vec::with_capacity(rows.len());
    let mut rest = rows.iter().zip(verdicts);
    for batch in batches {
        let start = size + sifted.rows.len() as u64;
        let mut count = BatchCount { indexes: start..start, duplicates: 0, versions: 0 };
        for (row, verdict) in rest.by_ref().take(batch.len()) {
            indexes.push(count.indexes.end);
            count.duplicates += u64::from(*verdict == Verdict::Duplicate);
            count.versions += u64::from(*verdict == Verdict::Version);
            if *verdict != Verdict::Duplicate {
                sifted.rows.push(*row);
                count.indexes.end += 1;
            }
        }
        sifted.batches.push(count);
    }
    sifted.seen =
        groups.iter().zip(stored).filter_map(|(group, stored)| grown(group, stored, verdicts, &indexes)).collect();
    sifted
}

/// The indexes of an id with those of its new records, `None` if there are none.
fn grown(group: &[Named], mut stored: Vec<u64>, verdicts: &[Verdict], indexes: &[u64]) -> Option<(IdHash, Vec<u64>)> {
    let before = stored.len();
    let kept = group.iter().filter(|named| verdicts.get(named.position).is_some_and(|v| *v != Verdict::Duplicate));
    stored.extend(kept.filter_map(|named| indexes.get(named.position)));
    let too_many = stored.len().saturating_sub(VERSIONS_MAX);
    let is_grown = stored.len() > before;
    stored.drain(..too_many);
    is_grown.then_some((group.first()?.id, stored))
}

fn push_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn indexes_come_back(indexes: Vec<u64>) {
            let mut value = Vec::new();
            indexes.iter().for_each(|index| push_varint(*index, &mut value));
            prop_assert_eq!(parse(&value), Some(indexes));
        }

        #[test]
        fn any_bytes_are_read_or_refused(value: Vec<u8>) {
            let _ = parse(&value);
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        assert_eq!(parse(&[0xff; 10]), None);
        assert_eq!(parse(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
        assert_eq!(parse(&[0x80]), None);
    }
}
