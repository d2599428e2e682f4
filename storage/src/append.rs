//! From new records to one set of changes: what is new, where it goes, which blocks it completes.

use std::collections::BTreeMap;

use logkeep_proof::{Frontier, Hash};

use crate::block::{BLOCK_RAW_BYTES_MAX, DecodedRows, Row};
use crate::blocks;
use crate::damage::{Damage, DamageCode};
use crate::error::Result;
use crate::seal::{self, Job, Sealed};
use crate::store::{self, Changes, Family, Store};
use crate::streams::{self, Stream, StreamHead};
use crate::tail::{self, TailRow};
use crate::tree::{self, GROUP_RECORDS, Nodes};

/// New records of one stream, ready to be laid out.
#[derive(Debug)]
pub(crate) struct Growth<'a> {
    /// The stream as it is now.
    pub(crate) stream: Stream,
    /// Whether nothing of it was ever committed.
    pub(crate) is_new: bool,
    /// The new records.
    pub(crate) fresh: Vec<Row<'a>>,
    /// Whether what is left over becomes a block as well.
    pub(crate) close: bool,
}

/// Records that are stored already and become part of a new block.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// The last block, if it is not full.
    ragged: Option<(DecodedRows, RaggedBlock)>,
    tail: Vec<TailRow>,
}

/// What has to be known of the block that is replaced.
#[derive(Debug, Clone, Copy)]
struct RaggedBlock {
    chunk_count: u16,
    stored_bytes: u64,
}

/// Where the records of one stream go.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    growth: &'a Growth<'a>,
    ragged: Option<RaggedBlock>,
    /// Index of the first of `rows`.
    first: u64,
    /// The records carried over, then the new ones.
    rows: Vec<Row<'a>>,
    /// Records of each new block; the others stay in the tail.
    counts: Vec<usize>,
    salts: BTreeMap<u64, [u8; 32]>,
}

impl Growth<'_> {
    /// Fetches the records that wait for a block, if the new ones complete it.
    pub(crate) fn carry(&self, store: &Store) -> Result<Carried> {
        let head = &self.stream.head;
        if head.size() == head.open() || !self.makes_block() {
            return Ok(Carried::default());
        }
        let ragged = if head.ragged > 0 { Some(ragged_block(store, &self.stream)?) } else { None };
        let tail = tail::all(store, &self.stream, head.sealed, head.size())?;
        Ok(Carried { ragged, tail })
    }

    /// Whether the records that wait and the new ones are enough for a block.
    fn makes_block(&self) -> bool {
        let head = &self.stream.head;
        let waiting = head.size() - head.open() + self.fresh.len() as u64;
        let bytes = self.fresh.iter().map(|row| row.body.len() as u64).fold(head.open_bytes, u64::saturating_add);
        self.close || waiting >= seal::capacity(head.open()) || bytes > BLOCK_RAW_BYTES_MAX
    }
}

impl<'a> Layout<'a> {
    /// Cuts the records into blocks and draws the salts they need.
    pub(crate) fn new(growth: &'a Growth<'a>, carried: &'a Carried) -> Result<Self> {
        let head = &growth.stream.head;
        let ragged_rows = carried.ragged.iter().flat_map(|(rows, _)| rows.rows());
        let rows: Vec<Row<'a>> =
            ragged_rows.chain(carried.tail.iter().map(TailRow::row)).chain(growth.fresh.iter().copied()).collect();
        let first = head.size() + growth.fresh.len() as u64 - rows.len() as u64;
        let counts = if growth.makes_block() { counts(first, &rows, growth.close) } else { Vec::new() };
        let salts = salts(head, growth.fresh.len() as u64)?;
        let ragged = carried.ragged.as_ref().map(|(_, block)| *block);
        Ok(Self { growth, ragged, first, rows, counts, salts })
    }

    /// The blocks to be made.
    pub(crate) fn jobs(&self) -> Vec<Job<'_>> {
        let (mut jobs, mut at) = (Vec::with_capacity(self.counts.len()), 0);
        for count in &self.counts {
            let first = self.first + at as u64;
            let rows = self.rows.get(at..at + count).unwrap_or_default();
            let stream = &self.growth.stream;
            jobs.push(Job { stream: &stream.name, number: stream.number, first, rows, salt: self.salt(first) });
            at += count;
        }
        jobs
    }

    /// Adds to `changes` all that this stream needs, and returns the stream as it is then.
    pub(crate) fn put(&self, sealed: &[Sealed], changes: &mut Changes<'_>) -> Result<Stream> {
        let before = &self.growth.stream;
        let mut after = Stream { head: self.totals(sealed), ..before.clone() };
        let mut nodes = Nodes::default();
        for block in sealed {
            check_carried(before, block)?;
            push_block(&mut after.head, block, &mut nodes)?;
            put_block(before.number, block, changes)?;
        }
        self.put_tail(&mut after.head, &mut nodes, changes)?;
        nodes.put(before.number, changes)?;
        after.head.open_salt =
            if after.head.size().is_multiple_of(GROUP_RECORDS) { [0; 32] } else { self.salt(after.head.size()) };
        streams::put(&after, self.growth.is_new, changes)?;
        self.delete_replaced(sealed, &after.head, changes)?;
        Ok(after)
    }

    /// The head's sums as they become; the tree is still the old one.
    fn totals(&self, sealed: &[Sealed]) -> StreamHead {
        let before = &self.growth.stream.head;
        let fresh = &self.growth.fresh;
        let fresh_bytes: u64 = fresh.iter().map(|row| row.body.len() as u64).sum();
        let (acknowledged, raw_bytes) = (before.size(), before.raw_bytes + fresh_bytes);
        let mut after = StreamHead { acknowledged, raw_bytes, ..before.clone() };
        after.open_bytes += fresh_bytes;
        for row in fresh {
            after.events = (after.events.0.min(row.event), after.events.1.max(row.event));
        }
        let Some(last) = sealed.last() else { return after };
        after.sealed = last.end();
        after.blocks += sealed.len() as u64 - u64::from(before.ragged > 0);
        after.stored_bytes += sealed.iter().map(Sealed::stored_bytes).sum::<u64>();
        after.stored_bytes -= self.ragged.map_or(0, |block| block.stored_bytes);
        let is_ragged = !is_full(last, &self.rows, self.first);
        after.ragged = if is_ragged { last.leaves.len() as u32 } else { 0 };
        let open = (after.open() - self.first) as usize;
        after.open_bytes = self.rows.iter().skip(open).map(|row| row.body.len() as u64).sum();
        after
    }

    /// Adds the leaves of the records that stay in the tail, and writes those that are not there yet.
    fn put_tail(&self, head: &mut StreamHead, nodes: &mut Nodes, changes: &mut Changes<'_>) -> Result<()> {
        let before = &self.growth.stream.head;
        let waiting = (self.first..).zip(&self.rows).filter(|(index, _)| *index >= head.sealed);
        for (index, row) in waiting {
            // A record of a ragged block that is replaced by a shorter one goes back to the tail.
            if index >= before.size() || index < before.sealed {
                tail::put(self.growth.stream.number, index, row, changes)?;
            }
        }
        let grown = head.size().max(self.first);
        let fresh = self.rows.iter().skip((grown - self.first) as usize);
        for leaf in tree::leaves(grown, fresh.copied(), &self.salt(grown)) {
            head.frontier.push(leaf, &mut |level, node, hash| nodes.add(level, node, hash));
        }
        Ok(())
    }

    /// Deletes what the new blocks hold now: records of the tail, chunks of the block that was replaced.
    fn delete_replaced(&self, sealed: &[Sealed], after: &StreamHead, changes: &mut Changes<'_>) -> Result<()> {
        let (before, number) = (&self.growth.stream.head, self.growth.stream.number);
        for index in before.sealed..after.sealed.min(before.size()) {
            tail::delete(number, index, changes)?;
        }
        let (Some(ragged), Some(block)) = (self.ragged, sealed.first()) else { return Ok(()) };
        (block.block.chunks.len() as u16..ragged.chunk_count)
            .try_for_each(|chunk| changes.delete(Family::Chunk, &store::chunk_key(number, block.first, chunk)))
    }

    fn salt(&self, index: u64) -> [u8; 32] {
        self.salts.get(&tree::group(index)).copied().unwrap_or_default()
    }
}

fn ragged_block(store: &Store, stream: &Stream) -> Result<(DecodedRows, RaggedBlock)> {
    let first = stream.head.open();
    let stored = blocks::head(store, &stream.name, stream.number, first)?;
    let missing = || Damage::new(DamageCode::BlockMissing, "the last block", "nothing").stream(&stream.name);
    let stored = stored.ok_or_else(|| missing().block(first))?;
    let chunk_bytes = blocks::WholeBlock::read(store, &stored.head)?.bytes();
    let (chunk_count, head_bytes) =
        (stored.head.chunk_count().map_err(|error| Damage::of_head(&stored.head, &error))?, stored.bytes.len() as u64);
    let (head, rows) = blocks::rows(store, &stream.name, stored)?;
    if head.count != stream.head.ragged {
        let expected = format!("{} records", stream.head.ragged);
        return Err(Damage::new(DamageCode::BlockHead, expected, head.count.to_string())
            .stream(&stream.name)
            .block(first)
            .into());
    }
    Ok((rows, RaggedBlock { chunk_count, stored_bytes: head_bytes + chunk_bytes }))
}

/// Records of each block, the last one a ragged one if nothing may be left over.
fn counts(first: u64, rows: &[Row<'_>], close: bool) -> Vec<usize> {
    let lengths: Vec<u64> = rows.iter().map(|row| row.body.len() as u64).collect();
    let mut counts = seal::cut(first, &lengths);
    let left = rows.len() - counts.iter().sum::<usize>();
    counts.extend((close && left > 0).then_some(left));
    counts
}

/// The salts of all groups that the new records belong to: the open one is known, the others are drawn.
fn salts(head: &StreamHead, fresh: u64) -> Result<BTreeMap<u64, [u8; 32]>> {
    let mut salts = BTreeMap::new();
    if !head.size().is_multiple_of(GROUP_RECORDS) {
        salts.insert(tree::group(head.size()), head.open_salt);
    }
    if fresh > 0 {
        for group in tree::group(head.size())..=tree::group(head.size() + fresh - 1) {
            if let std::collections::btree_map::Entry::Vacant(vacant) = salts.entry(group) {
                vacant.insert(random()?);
            }
        }
    }
    Ok(salts)
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| crate::Error::io("the system's random numbers".as_ref(), std::io::Error::other(e.to_string())))?;
    Ok(bytes)
}

/// Whether a block is one that [`seal::cut`] made.
fn is_full(block: &Sealed, rows: &[Row<'_>], first: u64) -> bool {
    let lengths = rows.iter().skip((block.first - first) as usize).map(|row| row.body.len() as u64);
    let lengths: Vec<u64> = lengths.take(GROUP_RECORDS as usize).collect();
    seal::cut(block.first, &lengths).first() == Some(&block.leaves.len())
}

/// Records that were in the tree before they came into this block must still be what they were: sealing must not
/// turn a changed record into a proven one.
fn check_carried(stream: &Stream, block: &Sealed) -> Result<()> {
    let Some(carried) = stream.head.size().checked_sub(block.first).filter(|carried| *carried > 0) else {
        return Ok(());
    };
    let carried = (carried as usize).min(block.leaves.len());
    let leaves: &[Hash] = block.leaves.get(..carried).unwrap_or_default();
    let known: BTreeMap<_, _> = subtrees(0, &stream.head.frontier).collect();
    // A block that ends before the stream does is one of its complete subtrees, one that ends with it the last few.
    let is_whole = block.first + carried as u64 == stream.head.size();
    let is_other = |(place, root)| known.get(&place).map_or(is_whole, |known| *known != root);
    if !subtrees(block.first, &tree::subtree(block.first, leaves).0).any(is_other) {
        return Ok(());
    }
    let damage = Damage::new(DamageCode::Tail, "the records that were acknowledged", "records with other hashes");
    Err(damage.stream(&stream.name).records(block.first..stream.head.size()).into())
}

/// The complete subtrees of a tree whose first leaf is `first`: index of their first leaf and level, and their root.
fn subtrees(first: u64, tree: &Frontier) -> impl Iterator<Item = ((u64, u32), Hash)> {
    let levels = (0..u64::BITS).rev().filter(|level| tree.size() >> level & 1 == 1);
    let places = levels.scan(first, |next, level| {
        let place = (*next, level);
        *next += 1 << level;
        Some(place)
    });
    places.zip(tree.subtrees().iter().copied())
}

/// Adds a block's leaves to the tree, as far as they are not in it.
fn push_block(head: &mut StreamHead, block: &Sealed, nodes: &mut Nodes) -> Result<()> {
    let mut keep = |level, node, hash| nodes.add(level, node, hash);
    let known = head.size().saturating_sub(block.first) as usize;
    if known == 0 && block.leaves.len().is_power_of_two() {
        block.nodes.iter().for_each(|(level, node, hash)| keep(*level, *node, *hash));
        let level = block.leaves.len().ilog2() as u8;
        return head.frontier.push_subtree(level, block.frontier.root(), &mut keep).map_err(|error| {
            Damage::new(DamageCode::Tree, "a tree that takes the block", error.to_string()).block(block.first).into()
        });
    }
    block.leaves.iter().skip(known).for_each(|leaf| head.frontier.push(*leaf, &mut keep));
    Ok(())
}

fn put_block(stream: u32, block: &Sealed, changes: &mut Changes<'_>) -> Result<()> {
    changes.put(Family::Block, &store::place_key(stream, block.first), &[&block.block.head])?;
    for (number, chunk) in (0..=u16::MAX).zip(&block.block.chunks) {
        changes.put(Family::Chunk, &store::chunk_key(stream, block.first, number), &[chunk])?;
    }
    Ok(())
}
