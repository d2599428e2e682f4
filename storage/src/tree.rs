//! The streams' Merkle trees: the leaves of records, and the nodes that are kept.

use logkeep_proof::{Frontier, Hash, Leaf, SaltKey, commitment};

use crate::block::{BLOCK_RECORDS_MAX, Row};
use crate::error::Result;
use crate::store::{self, Changes, Family};

/// Records that share one salt: an aligned group, as many as a block can have.
pub(crate) const GROUP_RECORDS: u64 = BLOCK_RECORDS_MAX;
/// Nodes of these levels and their multiples are kept; the others are made again from a block.
pub(crate) const KEPT_LEVEL: u8 = 8;

/// The group of a record.
pub(crate) fn group(index: u64) -> u64 {
    index / GROUP_RECORDS
}

/// The leaves of consecutive records of one group.
pub(crate) fn leaves<'a>(first: u64, rows: impl Iterator<Item = Row<'a>>, salt: &[u8; 32]) -> Vec<Hash> {
    let (key, mut scratch) = (SaltKey::new(salt), Vec::new());
    let hashed = (first..).zip(rows).map(|(index, row)| {
        let leaf = Leaf {
            index,
            event_ns: row.event.0,
            received_ns: row.received.0,
            body_len: row.body.len() as u64,
            commitment: commitment(&key.salt(index), row.body),
        };
        leaf.hash(&mut scratch)
    });
    hashed.collect()
}

/// Nodes that became complete and are kept.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Vec<(u8, u64, Hash)>);

impl Nodes {
    /// Keeps a node if its level is one of those that are kept.
    pub(crate) fn add(&mut self, level: u8, node: u64, hash: Hash) {
        if is_kept(level) {
            self.0.push((level, node, hash));
        }
    }

    pub(crate) fn put(&self, stream: u32, changes: &mut Changes<'_>) -> Result<()> {
        self.0.iter().try_for_each(|(level, node, hash)| {
            changes.put(Family::Tree, &store::node_key(stream, *level, *node), &[hash])
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(u8, u64, Hash)> {
        self.0.iter()
    }
}

/// Whether nodes of this level are kept.
pub(crate) fn is_kept(level: u8) -> bool {
    level > 0 && level.is_multiple_of(KEPT_LEVEL)
}

/// A block's subtree: its edge, and the kept nodes inside, named as in the stream's tree.
pub(crate) fn subtree(first: u64, leaves: &[Hash]) -> (Frontier, Nodes) {
    let (mut frontier, mut nodes) = (Frontier::new(), Nodes::default());
    for leaf in leaves {
        frontier.push(*leaf, &mut |level, node, hash| nodes.add(level, (first >> level) + node, hash));
    }
    (frontier, nodes)
}
