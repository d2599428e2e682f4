//! One block: head, chunks, decoding, leaves, root.

use logkeep_proof::{Frontier, Hash};

use crate::block::{self, BlockHead, DecodedRows};
use crate::blocks::{self, WholeBlock};
use crate::damage::{Damage, DamageCode, chunk_name, missing_chunk};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::store::Store;
use crate::streams::Stream;
use crate::time::Timestamp;
use crate::tree::{self, Nodes};

/// What was found out about a block.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) head: BlockHead,
    /// Bytes of head and chunks.
    pub(super) stored_bytes: u64,
    /// Its part of the tree, `None` if its records cannot be had.
    pub(super) tree: Option<Subtree>,
    pub(super) damage: Vec<Damage>,
}

/// A block's part of the tree, made from its records.
#[derive(Debug)]
pub(super) struct Subtree {
    pub(super) leaves: Vec<Hash>,
    pub(super) frontier: Frontier,
    pub(super) nodes: Nodes,
}

/// Checks a block whose head stands in the database under `first`; its contents only if `reads` says so.
pub(super) fn check(
    store: &Store,
    stream: &Stream,
    first: u64,
    bytes: &[u8],
    reads: impl Fn(&BlockHead) -> bool,
) -> Result<Checked> {
    let stored = blocks::parse(&stream.name, stream.number, first, bytes.to_vec())?;
    let head = stored.head;
    if !reads(&head) {
        let stored_bytes = bytes.len() as u64 + head.stored_bytes;
        return Ok(Checked { stored_bytes, tree: None, damage: Vec::new(), head });
    }
    let mut damage = Vec::new();
    let chunks = chunks(store, &head, &mut damage)?;
    let stored_bytes = bytes.len() as u64 + chunks.bytes();
    let tree = if damage.is_empty() { records(stream, &head, &chunks, &mut damage)? } else { None };
    let place = |found: Damage| found.stream(&stream.name).block(first).records(first..blocks::end(&head));
    let damage = joined(damage).into_iter().map(place).collect();
    Ok(Checked { stored_bytes, tree, damage, head })
}

/// Findings that differ in the chunk only, as one: a bad place of a file holds many chunks.
fn joined(damage: Vec<Damage>) -> Vec<Damage> {
    let mut joined: Vec<Damage> = Vec::new();
    for found in damage {
        let same = |last: &&mut Damage| {
            let columns = (last.column.clone(), found.column.clone());
            matches!(columns, (Some(_), Some(_)))
                && (last.code, &last.file, last.offset) == (DamageCode::Store, &found.file, found.offset)
                && (found.code, &last.found) == (DamageCode::Store, &found.found)
        };
        match joined.last_mut().filter(same) {
            Some(last) => last.column = span_of(last.column.take(), found.column.as_deref()),
            None => joined.push(found),
        }
    }
    joined
}

/// `chunk 2` and `chunk 3` are `chunk 2 to 3`.
fn span_of(from: Option<String>, to: Option<&str>) -> Option<String> {
    let last = to?.rsplit(' ').next()?;
    let first = from?;
    let first = first.split(" to ").next()?;
    Some(format!("{first} to {last}"))
}

/// All chunks of a block, each that is missing, changed or too many reported.
fn chunks(store: &Store, head: &BlockHead, damage: &mut Vec<Damage>) -> Result<WholeBlock> {
    let chunks = match WholeBlock::read(store, head) {
        Ok(chunks) => chunks,
        Err(Error::Damaged(_)) => one_by_one(store, head, damage)?,
        Err(other) => return Err(other),
    };
    for number in 0..head.chunk_count().unwrap_or(0) {
        let Some(chunk) = chunks.get(number) else {
            // One that could not be read is reported already.
            if !damage.iter().any(|other| other.column.as_deref() == Some(&chunk_name(number))) {
                damage.push(missing_chunk(number));
            }
            continue;
        };
        damage.extend(changed_chunk(head, number, chunk));
    }
    damage.extend(chunks.extra.iter().map(|(first, number)| {
        let mut found = Damage::new(DamageCode::Stray, "no such chunk", format!("one of block {first}"));
        found.column = Some(chunk_name(*number));
        found
    }));
    Ok(chunks)
}

/// A chunk that is not what the head's directory says.
fn changed_chunk(head: &BlockHead, number: u16, chunk: &[u8]) -> Option<Damage> {
    let expected = head.directory.get().ok()?.chunks.get(usize::from(number))?;
    let (length, crc) = (chunk.len() as u64, crc32fast::hash(chunk));
    let differs = length != u64::from(expected.stored_bytes) || crc != expected.crc;
    let described = |bytes: u64, crc: u32| format!("{bytes} bytes with CRC32 {crc:08x}");
    let expected = || described(u64::from(expected.stored_bytes), expected.crc);
    differs.then(|| {
        let mut damage = Damage::new(DamageCode::Chunk, expected(), described(length, crc));
        damage.column = Some(chunk_name(number));
        damage
    })
}

/// Chunk by chunk, after the database could not give them in one go.
fn one_by_one(store: &Store, head: &BlockHead, damage: &mut Vec<Damage>) -> Result<WholeBlock> {
    let mut whole = WholeBlock::empty(head)?;
    for number in 0..head.chunk_count().unwrap_or(0) {
        match whole.fetch(store, head, number) {
            Ok(()) => {}
            Err(Error::Damaged(mut found)) => {
                found.column = Some(chunk_name(number));
                damage.push(*found);
            }
            Err(other) => return Err(other),
        }
    }
    Ok(whole)
}

/// Decodes the records, makes their part of the tree, and holds what the head says against them.
fn records(
    stream: &Stream,
    head: &BlockHead,
    chunks: &WholeBlock,
    damage: &mut Vec<Damage>,
) -> Result<Option<Subtree>> {
    let rows = match block::decode(head, chunks) {
        Ok(rows) => rows,
        Err(error) => match Damage::of_block(&stream.name, head.first, error) {
            Error::Damaged(found) => {
                damage.push(*found);
                return Ok(None);
            }
            other => return Err(other),
        },
    };
    let leaves = tree::leaves(head.first, rows.rows(), &head.salt);
    let (frontier, nodes) = tree::subtree(head.first, &leaves);
    if frontier.root() != head.root {
        damage.push(Damage::new(DamageCode::BlockRoot, hex(&head.root), hex(&frontier.root())));
    }
    damage.extend(compare_sums(head, &rows));
    Ok(Some(Subtree { leaves, frontier, nodes }))
}

/// What the head sums up, against the records.
fn compare_sums(head: &BlockHead, rows: &DecodedRows) -> Option<Damage> {
    let bytes: u64 = rows.rows().map(|row| row.body.len() as u64).sum();
    let found =
        (rows.rows().len() as u64, bytes, span(rows.rows().map(|r| r.event)), span(rows.rows().map(|r| r.received)));
    let expected = (u64::from(head.count), head.raw_bytes, head.events, head.received);
    (found != expected).then(|| Damage::new(DamageCode::BlockHead, format!("{expected:?}"), format!("{found:?}")))
}

/// Earliest and latest.
pub(super) fn span(times: impl Iterator<Item = Timestamp>) -> (Timestamp, Timestamp) {
    times.fold((Timestamp(i64::MAX), Timestamp(i64::MIN)), |(least, most), time| (least.min(time), most.max(time)))
}
