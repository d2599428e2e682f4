//! One stream: its blocks in order, the tree over all its records, the tail, the head, the tips.

use std::ops::Range;

use logkeep_proof::{Frontier, Hash};

use crate::block::BlockHead;
use crate::blocks;
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::parallel::in_parallel;
use crate::seal;
use crate::store::{self, Family, Store};
use crate::streams::{Stream, StreamHead};
use crate::tail::{self, TailRow};
use crate::tips::Tip;
use crate::tree::{self, GROUP_RECORDS, is_kept};
use crate::verify::Verification;
use crate::verify::block::{self, Checked};
use crate::verify::keys::{each, no_keys, stray};

/// First records of blocks and the stored bytes of their heads.
type Heads = Vec<(u64, Vec<u8>)>;

/// Blocks that are read between two looks at the tree.
const BLOCKS_AT_ONCE: usize = 16;

/// How a stream is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) threads: usize,
    /// Whether the contents of all blocks are read, or only where the tree cannot do without.
    pub(super) reads_all: bool,
}

/// The work on one stream.
struct Check<'a> {
    store: &'a Store,
    stream: &'a Stream,
    report: &'a mut Verification,
    /// Index of the next record.
    at: u64,
    /// The tree as far as it is known; `None` behind records that cannot be had.
    tree: Option<Frontier>,
    /// Tips that are still to come.
    tips: &'a [Tip],
    /// What the head should sum up to.
    sums: StreamHead,
    /// Findings of other streams before this one.
    damage_before: usize,
}

/// Checks one stream. `tell` is called with the records and bytes that are done.
pub(super) fn check(
    store: &Store,
    stream: &Stream,
    tips: &[Tip],
    how: How,
    tell: &mut dyn FnMut(u64, u64),
    report: &mut Verification,
) -> Result<()> {
    let damage_before = report.damage.len();
    let (tree, sums) = (Some(Frontier::new()), StreamHead::empty());
    let mut check = Check { store, stream, report, at: 0, tree, tips, sums, damage_before };
    check.blocks(how, tell)?;
    check.behind_blocks()?;
    check.tail()?;
    check.head();
    check.nodes()?;
    tell(check.report.records, check.report.bytes);
    Ok(())
}

/// Checks the contents of the blocks that begin with one of these records, as long as `go_on` says so to the number of
/// records read; whether it was done. That they belong to the tree is checked with their heads, by [`check`].
pub(super) fn content(
    store: &Store,
    stream: &Stream,
    records: Range<u64>,
    how: How,
    go_on: &dyn Fn(u64) -> bool,
    tell: &mut dyn FnMut(u64, u64),
    report: &mut Verification,
) -> Result<bool> {
    let (tree, sums, damage_before) = (None, StreamHead::empty(), report.damage.len());
    let mut check = Check { store, stream, report, at: 0, tree, tips: &[], sums, damage_before };
    let mut from = records.start;
    while from < records.end {
        if !go_on(check.report.records) {
            return Ok(false);
        }
        let (mut heads, next) = check.next_heads(from)?;
        heads.retain(|(first, _)| *first < records.end && !check.report.has_read(stream.name.as_str(), *first));
        let work = |(first, bytes): &(u64, Vec<u8>)| block::check(store, stream, *first, bytes, |_| how.reads_all);
        let checked = in_parallel(&heads, how.threads, work);
        checked.into_iter().try_for_each(|checked| check.take_content(checked))?;
        tell(check.report.records, check.report.bytes);
        let Some(next) = next else { break };
        from = next;
    }
    Ok(true)
}

impl Check<'_> {
    /// The contents of a block whose head was checked before.
    fn take_content(&mut self, checked: Result<Checked>) -> Result<()> {
        let Some(checked) = self.report.take(checked)? else { return Ok(()) };
        checked.damage.into_iter().for_each(|damage| self.report.add(damage));
        let Some(subtree) = &checked.tree else { return Ok(()) };
        subtree.nodes.iter().for_each(|(level, node, hash)| self.compare_node(*level, *node, hash));
        let records = checked.head.first..blocks::end(&checked.head);
        self.report.count(self.stream.name.as_str(), records, checked.head.raw_bytes, true);
        Ok(())
    }

    /// All blocks, some at a time: read in parallel, then put together in order.
    fn blocks(&mut self, how: How, tell: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let mut from = 0;
        loop {
            let (heads, next) = self.next_heads(from)?;
            let tips = self.tips;
            let needs_leaves = |head: &BlockHead| {
                let (first, end) = (head.first, blocks::end(head));
                !head.count.is_power_of_two() || tips.iter().any(|tip| tip.size > first && tip.size < end)
            };
            let checked = in_parallel(&heads, how.threads, |(first, bytes)| {
                let reads = |head: &BlockHead| how.reads_all || needs_leaves(head);
                (*first, block::check(self.store, self.stream, *first, bytes, reads))
            });
            for (first, checked) in checked {
                self.take_block(first, checked)?;
            }
            tell(self.report.records, self.report.bytes);
            match next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    /// The next block heads as stored, and where to go on.
    fn next_heads(&mut self, from: u64) -> Result<(Heads, Option<u64>)> {
        let (start, end) = (store::place_key(self.stream.number, from), store::after_stream(self.stream.number));
        let mut scan = self.store.scan(Family::Block, &start, &end)?;
        let mut heads: Vec<(u64, Vec<u8>)> = Vec::new();
        while heads.len() < BLOCKS_AT_ONCE {
            match scan.next() {
                Ok(None) => return Ok((heads, None)),
                Ok(Some(entry)) => match store::parse_place(entry.key) {
                    Some((_, first)) => heads.push((first, entry.value.to_vec())),
                    None => self.report.add(stray(Family::Block, entry.key)),
                },
                Err(Error::Damaged(damage)) => {
                    let read = heads.last().map_or(from, |(first, _)| *first);
                    self.report.add(damage.stream(&self.stream.name));
                    return Ok((heads, self.behind_damage(read)));
                }
                Err(other) => return Err(other),
            }
        }
        let next = heads.last().and_then(|(first, _)| first.checked_add(1));
        Ok((heads, next))
    }

    /// Where a block can begin behind a place that the database cannot read.
    fn behind_damage(&self, read: u64) -> Option<u64> {
        let next = (read / GROUP_RECORDS + 1) * GROUP_RECORDS;
        (next < self.stream.head.sealed).then_some(next)
    }

    /// Puts a block behind those before it.
    fn take_block(&mut self, first: u64, checked: Result<Checked>) -> Result<()> {
        self.report.blocks += 1;
        let Some(mut checked) = self.report.take(checked)? else { return Ok(()) };
        std::mem::take(&mut checked.damage).into_iter().for_each(|damage| self.report.add(damage));
        if first < self.at {
            let expected = format!("no block before record {}", self.at);
            self.damage(DamageCode::BlockMisplaced, expected, format!("one at {first}"), Some(first));
            return Ok(());
        }
        self.close_gap(first);
        self.check_shape(&checked);
        let (sums, head) = (&mut self.sums, &checked.head);
        sums.blocks += 1;
        sums.stored_bytes += checked.stored_bytes;
        sums.raw_bytes += head.raw_bytes;
        sums.events = (sums.events.0.min(head.events.0), sums.events.1.max(head.events.1));
        self.at = blocks::end(head);
        self.grow(&checked);
        if checked.tree.is_some() {
            let records = checked.head.first..self.at;
            self.report.count(self.stream.name.as_str(), records, checked.head.raw_bytes, true);
        }
        Ok(())
    }

    /// Reports the records that are missing before `first`, and goes over them in the tree by its kept nodes.
    fn close_gap(&mut self, first: u64) {
        if first == self.at {
            return;
        }
        let missing = self.at..first;
        let damage = Damage::new(DamageCode::BlockMissing, "blocks with these records", "none that can be read");
        self.report.add(damage.stream(&self.stream.name).block(self.at).records(missing.clone()));
        let bridged = self.tree.take().and_then(|tree| self.bridge(tree, first));
        if bridged.is_none() {
            self.report.unchecked.push(format!(
                "the tree of {} behind record {}, because records {}..{} are missing",
                self.stream.name, missing.start, missing.start, missing.end
            ));
        }
        self.tree = bridged;
        self.at = first;
    }

    /// The tree with the kept nodes of the lowest level up to `end`.
    fn bridge(&self, mut tree: Frontier, end: u64) -> Option<Frontier> {
        let records = 1 << tree::KEPT_LEVEL;
        while tree.size() < end {
            let key = store::node_key(self.stream.number, tree::KEPT_LEVEL, tree.size() / records);
            let node: Hash = self.store.get(Family::Tree, &key).ok()??.try_into().ok()?;
            tree.push_subtree(tree::KEPT_LEVEL, node, &mut |_, _, _| {}).ok()?;
        }
        (tree.size() == end).then_some(tree)
    }

    /// A full block is an aligned power of two; only the last one may be another.
    fn check_shape(&mut self, checked: &Checked) {
        let (first, count) = (checked.head.first, u64::from(checked.head.count));
        let head = &self.stream.head;
        let is_last = first + count == head.sealed && first == head.open() && head.ragged > 0;
        let fits = if is_last {
            count == u64::from(head.ragged) && count <= seal::capacity(first)
        } else {
            count.is_power_of_two() && count <= seal::capacity(first) && first + count <= head.sealed
        };
        if !fits {
            let expected = format!("an aligned block of the {} sealed records", head.sealed);
            self.damage(DamageCode::BlockMisplaced, expected, format!("{count} records"), Some(first));
        }
    }

    /// Adds a block to the tree: its leaves, or the root that its head names if they cannot be had.
    fn grow(&mut self, checked: &Checked) {
        let Some(mut tree) = self.tree.take() else { return };
        let count = u64::from(checked.head.count);
        let tip_inside = self.tips.iter().any(|tip| tip.size > tree.size() && tip.size < tree.size() + count);
        let mut nodes = Vec::new();
        let mut keep = |level, node, hash| {
            if is_kept(level) {
                nodes.push((level, node, hash));
            }
        };
        let grown = match &checked.tree {
            Some(subtree) if tip_inside || !count.is_power_of_two() => {
                for leaf in &subtree.leaves {
                    tree.push(*leaf, &mut keep);
                    self.compare_tips(&tree);
                }
                true
            }
            Some(subtree) => {
                subtree.nodes.iter().for_each(|(level, node, hash)| keep(*level, *node, *hash));
                tree.push_subtree(count.ilog2() as u8, subtree.frontier.root(), &mut keep).is_ok()
            }
            None if count.is_power_of_two() => {
                tree.push_subtree(count.ilog2() as u8, checked.head.root, &mut keep).is_ok()
            }
            None => false,
        };
        nodes.iter().for_each(|(level, node, hash)| self.compare_node(*level, *node, hash));
        if grown {
            self.compare_tips(&tree);
            self.tree = Some(tree);
        } else {
            let (name, end) = (&self.stream.name, self.at);
            self.report.unchecked.push(format!("the tree of {name} behind record {end}"));
        }
    }

    /// A node that the records give, against the one that is kept.
    fn compare_node(&mut self, level: u8, node: u64, hash: &Hash) {
        let kept = self.store.get(Family::Tree, &store::node_key(self.stream.number, level, node));
        let kept = match self.report.take(kept) {
            Ok(Some(kept)) => kept,
            // Reported already.
            Ok(None) => return,
            Err(error) => return self.report.unchecked.push(error.to_string()),
        };
        if kept.as_deref() != Some(hash.as_slice()) {
            let found = kept.map_or_else(|| "nothing".to_owned(), |kept| hex(&kept));
            let records = (node << level)..((node + 1) << level);
            let mut damage = Damage::new(DamageCode::Tree, hex(hash), found).stream(&self.stream.name).records(records);
            damage.column = Some(format!("level {level} node {node}"));
            self.report.add(damage);
        }
    }

    /// The root at a size that was acknowledged, against the tip.
    fn compare_tips(&mut self, tree: &Frontier) {
        while let Some((tip, rest)) = self.tips.split_first().filter(|(tip, _)| tip.size <= tree.size()) {
            self.tips = rest;
            // A smaller one lies within records that could not be had; that is reported.
            if tip.size == tree.size() {
                self.report.tips += 1;
                if tip.root != tree.root() {
                    let (expected, found) = (hex(&tip.root), hex(&tree.root()));
                    let damage = Damage::new(DamageCode::Acknowledged, format!("root {expected}"), found);
                    self.report.add(damage.stream(&self.stream.name).records(0..tip.size));
                }
            }
        }
    }

    /// Behind the last block there may be none, and no chunks.
    fn behind_blocks(&mut self) -> Result<()> {
        let (number, sealed) = (self.stream.number, self.stream.head.sealed);
        if self.at < sealed {
            self.close_gap(sealed);
        }
        let from = store::place_key(number, self.at.max(sealed));
        no_keys(self.store, Family::Chunk, &from, &store::after_stream(number), self.report)
    }

    /// The records that are in no block.
    fn tail(&mut self) -> Result<()> {
        let (number, size) = (self.stream.number, self.stream.head.size());
        let (from, to) = (store::stream_key(number), store::after_stream(number));
        let mut scan = self.store.scan(Family::Tail, &from, &to)?;
        loop {
            match scan.next() {
                Ok(None) => break,
                Ok(Some(entry)) => match tail::parse(entry) {
                    Some(row) if row.index >= self.at && row.index < size => self.take_tail(&row),
                    _ => self.report.add(stray(Family::Tail, entry.key).stream(&self.stream.name)),
                },
                Err(Error::Damaged(damage)) => {
                    let stuck = damage.code == DamageCode::Store;
                    let damage = Damage { code: DamageCode::Tail, ..damage.stream(&self.stream.name) };
                    let index = scan.key().and_then(store::parse_place).map_or(self.at, |(_, index)| index);
                    self.report.add(damage.records(index..index + 1));
                    self.tree = None;
                    if stuck {
                        self.report.unchecked.push(format!("the tail of {} from {} on", self.stream.name, self.at));
                        return Ok(());
                    }
                    self.at = index + 1;
                }
                Err(other) => return Err(other),
            }
        }
        if self.at < size {
            self.report.add(crate::archive::gap(self.stream, self.at..size));
            self.tree = None;
        }
        Ok(())
    }

    fn take_tail(&mut self, row: &TailRow) {
        if row.index > self.at {
            self.report.add(crate::archive::gap(self.stream, self.at..row.index));
            self.tree = None;
        }
        self.at = row.index + 1;
        let sums = &mut self.sums;
        sums.raw_bytes += row.body.len() as u64;
        sums.events = (sums.events.0.min(row.event), sums.events.1.max(row.event));
        self.report.count(self.stream.name.as_str(), row.index..self.at, row.body.len() as u64, false);
        let leaves = tree::leaves(row.index, std::iter::once(row.row()), &self.stream.head.open_salt);
        let (Some(mut tree), Some(leaf)) = (self.tree.take(), leaves.first()) else { return };
        let mut nodes = Vec::new();
        tree.push(*leaf, &mut |level, node, hash| {
            if is_kept(level) {
                nodes.push((level, node, hash));
            }
        });
        nodes.iter().for_each(|(level, node, hash)| self.compare_node(*level, *node, hash));
        self.compare_tips(&tree);
        self.tree = Some(tree);
    }

    /// The head, against what the records sum up to.
    fn head(&mut self) {
        let head = &self.stream.head;
        match &self.tree {
            Some(tree) if *tree == head.frontier => {}
            Some(tree) => {
                let expected = format!("{} records with root {}", head.size(), hex(&head.root()));
                let found = format!("{} records with root {}", tree.size(), hex(&tree.root()));
                self.damage(DamageCode::Head, expected, found, None);
            }
            None => {
                self.report.unchecked.push(format!("the root of {}", self.stream.name));
                return;
            }
        }
        if self.report.damage.len() == self.damage_before {
            self.compare_sums();
        }
    }

    /// Only where nothing else was found: missing records make all sums wrong.
    fn compare_sums(&mut self) {
        let (head, sums) = (&self.stream.head, &self.sums);
        let expected = (head.blocks, head.raw_bytes, head.stored_bytes, head.events);
        let found = (sums.blocks, sums.raw_bytes, sums.stored_bytes, sums.events);
        if expected != found {
            self.damage(DamageCode::Head, format!("{expected:?}"), format!("{found:?}"), None);
        }
    }

    /// Nodes that the tree cannot have.
    fn nodes(&mut self) -> Result<()> {
        let (number, size) = (self.stream.number, self.stream.head.size());
        let mut strays = Vec::new();
        let (from, to) = (store::stream_key(number), store::after_stream(number));
        each(self.store, Family::Tree, &from, &to, self.report, |key, _| {
            let known = store::parse_node(key).is_some_and(|(_, level, node)| {
                is_kept(level) && size.checked_shr(level.into()).is_some_and(|nodes| node < nodes)
            });
            if !known {
                strays.push(stray(Family::Tree, key));
            }
        })?;
        strays.into_iter().for_each(|damage| self.report.add(damage.stream(&self.stream.name)));
        Ok(())
    }

    fn damage(&mut self, code: DamageCode, expected: String, found: String, block: Option<u64>) {
        let mut damage = Damage::new(code, expected, found).stream(&self.stream.name);
        damage.block = block;
        self.report.add(damage);
    }
}
