//! The append-only Merkle tree of RFC 6962: its growing edge and its roots.

use crate::error::Error;
use crate::hash::{HASH_BYTES, Hash, empty_root, node_hash};

/// The most leaves a tree here may have: sums of two sizes then always fit a u64.
pub const SIZE_MAX: u64 = 1 << 63;

/// All that is needed to append to a tree of any size and to know its root: the roots of the
/// complete subtrees that make it up, largest (leftmost) first, one for each bit of the size.
///
/// Nodes are named by (level, index): the root of leaves `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf and names every node that is complete with it: the leaf itself at level
    /// 0, then upwards.
    pub fn push(&mut self, leaf_hash: Hash, completed: &mut impl FnMut(u8, u64, Hash)) {
        self.grow(0, leaf_hash, completed);
    }

    /// Appends 2^level leaves by the root of their subtree, and names it and every node above
    /// that is complete with it. The nodes inside the subtree are not named.
    ///
    /// # Errors
    /// `Range` if the size is not a multiple of 2^level or would be above [`SIZE_MAX`].
    pub fn push_subtree(
        &mut self,
        level: u8,
        root: Hash,
        completed: &mut impl FnMut(u8, u64, Hash),
    ) -> Result<(), Error> {
        let leaves = 1_u64.checked_shl(level.into()).filter(|leaves| *leaves <= SIZE_MAX.saturating_sub(self.size));
        let leaves = leaves.ok_or_else(|| {
            Error::range("subtree level", level.into(), format!("a level that fits after {} leaves", self.size))
        })?;
        if !self.size.is_multiple_of(leaves) {
            return Err(Error::range("tree size", self.size, format!("a multiple of the subtree's {leaves} leaves")));
        }
        self.grow(level, root, completed);
        Ok(())
    }

    /// The root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_right(&self.subtrees)
    }

    /// The roots of the complete subtrees, largest first.
    #[must_use]
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// The size as u64 little-endian, then the hashes, largest subtree first.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.subtrees.len() * HASH_BYTES);
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(self.subtrees.as_flattened());
        bytes
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    /// `Form` if the length does not match the size, `Range` if the size is above [`SIZE_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = || Error::form("frontier", "a size of 8 bytes and a hash for each bit of it", bytes);
        let (size, rest) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let size = u64::from_le_bytes(*size);
        let (hashes, left_over) = rest.as_chunks::<HASH_BYTES>();
        if !left_over.is_empty() || hashes.len() != size.count_ones() as usize {
            return Err(malformed());
        }
        if size > SIZE_MAX {
            return Err(Error::range("frontier size", size, format!("at most {SIZE_MAX}")));
        }
        Ok(Self { size, subtrees: hashes.to_vec() })
    }

    /// Adds a subtree whose size divides ours, joining equal neighbours upwards.
    fn grow(&mut self, level: u8, root: Hash, completed: &mut impl FnMut(u8, u64, Hash)) {
        let (mut level, mut index, mut hash) = (level, self.size >> level, root);
        self.size += 1 << level;
        completed(level, index, hash);
        // An odd index has its left sibling at the end of the stack.
        while index & 1 == 1
            && let Some(left) = self.subtrees.pop()
        {
            hash = node_hash(&left, &hash);
            level += 1;
            index >>= 1;
            completed(level, index, hash);
        }
        self.subtrees.push(hash);
    }
}

/// The root of a tree with these leaf hashes.
#[must_use]
pub fn root_of(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in leaf_hashes {
        frontier.push(*hash, &mut |_, _, _| {});
    }
    frontier.root()
}

/// The root of leaves `first .. end`, a subtree of the tree of `end` leaves, from the complete
/// subtrees that `node` knows by (level, index). `first` must be a multiple of the least power of
/// two that is not below `end - first`; 0 always is.
///
/// # Errors
/// `Range` if no such subtree exists; whatever `node` fails with.
pub fn subtree_root<E: From<Error>>(
    first: u64,
    end: u64,
    node: impl Fn(u8, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let leaves = end.checked_sub(first).filter(|_| end <= SIZE_MAX);
    let leaves = leaves.ok_or_else(|| Error::range("first leaf", first, format!("at or below the end {end}")))?;
    if !first.is_multiple_of(leaves.next_power_of_two()) {
        let rule = format!("aligned for a subtree of {leaves} leaves");
        return Err(Error::range("first leaf", first, rule).into());
    }
    let (mut roots, mut at) = (Vec::new(), first);
    while at < end {
        let level = (end - at).ilog2() as u8;
        roots.push(node(level, at >> level)?);
        at += 1 << level;
    }
    Ok(fold_right(&roots))
}

/// Leaves in the left half of a tree of `leaves` >= 2 leaves: the largest power of two below it.
pub(crate) fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Joins subtrees of falling size from the right, as RFC 6962 does at the ragged edge.
fn fold_right(subtrees: &[Hash]) -> Hash {
    let joined = subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    joined.unwrap_or_else(empty_root)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::hash::leaf_hash;

    /// A small tree with all its nodes, for the tests of the proofs.
    pub(crate) struct Nodes {
        nodes: HashMap<(u8, u64), Hash>,
        leaves: Vec<Hash>,
    }

    impl Nodes {
        pub(crate) fn new(size: u64) -> Self {
            let (mut nodes, leaves, mut frontier) = (HashMap::new(), leaves(size), Frontier::new());
            for leaf in &leaves {
                frontier.push(*leaf, &mut |level, index, hash| {
                    nodes.insert((level, index), hash);
                });
            }
            Self { nodes, leaves }
        }

        pub(crate) fn source(&self) -> impl Fn(u8, u64) -> Result<Hash, Error> {
            |level, index| Ok(self.nodes[&(level, index)])
        }

        pub(crate) fn leaf(&self, index: u64) -> Hash {
            self.leaves[index as usize]
        }

        pub(crate) fn root(&self, size: u64) -> Hash {
            root_by_definition(&self.leaves[..size as usize])
        }
    }

    /// A tree of any size whose leaves are all the same: its nodes differ by level only.
    pub(crate) fn same_leaves() -> impl Fn(u8, u64) -> Result<Hash, Error> {
        let mut levels = vec![leaf_hash(b"the same")];
        for level in 0..63 {
            levels.push(node_hash(&levels[level], &levels[level]));
        }
        move |level, _| Ok(levels[usize::from(level)])
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    /// RFC 6962, 2.1, word for word.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().div_ceil(2).next_power_of_two());
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn the_largest_frontier_is_read_and_its_subtrees_are_told() {
        let bytes =
            |size: u64| [size.to_le_bytes().as_slice(), &[7; HASH_BYTES].repeat(size.count_ones() as usize)].concat();
        let largest = Frontier::decode(&bytes(SIZE_MAX)).unwrap();
        assert_eq!((largest.size(), largest.subtrees()), (SIZE_MAX, [[7; HASH_BYTES]].as_slice()));
        assert_eq!(Frontier::decode(&bytes(SIZE_MAX - 1)).unwrap().subtrees().len(), 63);
        assert!(matches!(Frontier::decode(&bytes(SIZE_MAX + 1)), Err(Error::Range { .. })));
        assert!(Frontier::new().subtrees().is_empty());
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let all = leaves(300);
        for size in 0..=300 {
            assert_eq!(root_of(&all[..size]), root_by_definition(&all[..size]), "size {size}");
        }
    }

    #[test]
    fn each_node_is_named_once_and_right() {
        let all = leaves(77);
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::new();
        for leaf in &all {
            frontier.push(*leaf, &mut |level, index, hash| assert_eq!(nodes.insert((level, index), hash), None));
        }
        assert_eq!(nodes.len(), 77 + 38 + 19 + 9 + 4 + 2 + 1);
        for ((level, index), hash) in nodes {
            let (first, end) = ((index << level) as usize, ((index + 1) << level) as usize);
            assert_eq!(hash, root_by_definition(&all[first..end]), "node {level} {index}");
        }
    }

    #[test]
    fn subtrees_that_do_not_fit_are_refused() {
        let mut frontier = Frontier::new();
        frontier.push_subtree(1, [1; 32], &mut |_, _, _| {}).unwrap();
        let before = frontier.clone();
        for level in [2, 63, 64, 255] {
            assert!(frontier.push_subtree(level, [1; 32], &mut |_, _, _| {}).is_err(), "level {level}");
        }
        assert_eq!(frontier, before);
        let mut full = Frontier::new();
        full.push_subtree(63, [1; 32], &mut |_, _, _| {}).unwrap();
        assert!(full.push_subtree(0, [1; 32], &mut |_, _, _| {}).is_err());
    }

    #[test]
    fn damaged_frontiers_are_refused() {
        let mut frontier = Frontier::new();
        for leaf in leaves(7) {
            frontier.push(leaf, &mut |_, _, _| {});
        }
        let good = frontier.encode();
        assert_eq!(good.len(), 8 + 3 * 32);
        for cut in 0..good.len() {
            assert!(Frontier::decode(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Frontier::decode(&[good.as_slice(), &[0]].concat()).is_err());
        let mut too_large = u64::MAX.to_le_bytes().to_vec();
        too_large.resize(8 + 64 * 32, 0);
        assert!(matches!(Frontier::decode(&too_large), Err(Error::Range { .. })));
    }

    #[test]
    fn subtrees_that_do_not_exist_are_refused() {
        let node = |_, _| Ok::<_, Error>([0; 32]);
        assert!(subtree_root(4, 3, node).is_err());
        assert!(subtree_root(1, 3, node).is_err());
        assert!(subtree_root(0, u64::MAX, node).is_err());
        assert_eq!(subtree_root(5, 5, node), Ok(empty_root()));
    }

    proptest! {
        #[test]
        fn pushing_subtrees_is_pushing_leaves(steps in prop::collection::vec(0..6_u8, 1..20)) {
            let all = leaves(20 * 32);
            let (mut by_leaf, mut by_subtree) = (Frontier::new(), Frontier::new());
            for wanted in steps {
                let level = wanted.min(by_subtree.size().trailing_zeros() as u8);
                let first = by_subtree.size() as usize;
                let part = &all[first..first + (1 << level)];
                for leaf in part {
                    by_leaf.push(*leaf, &mut |_, _, _| {});
                }
                by_subtree.push_subtree(level, root_of(part), &mut |_, _, _| {}).unwrap();
                prop_assert_eq!(&by_leaf, &by_subtree);
            }
            prop_assert_eq!(by_subtree.root(), root_of(&all[..by_subtree.size() as usize]));
            prop_assert_eq!(Frontier::decode(&by_subtree.encode()), Ok(by_subtree));
        }

        #[test]
        fn decoding_takes_one_spelling(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(frontier) = Frontier::decode(&bytes) {
                prop_assert_eq!(frontier.encode(), bytes);
            }
        }
    }
}
