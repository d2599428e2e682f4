//! Ranges: these consecutive records are in the tree with this root, all proven by one path.

use std::collections::HashMap;

use crate::error::Error;
use crate::hash::{Hash, node_hash};
use crate::tree::{split, subtree_root};

/// What errors call this proof.
const WHAT: &str = "range proof";
/// Hashes of the longest path: one at each level on either side of a range.
pub const PATH_HASHES_MAX: usize = 126;

/// The hashes, from left to right, of all parts of the tree of `size` leaves in which none of the
/// leaves from `first` up to `end` lies. `node` knows the complete subtrees by (level, index).
///
/// # Errors
/// `Range` if there is no leaf from `first` to `end` or not all of them are below the size;
/// whatever `node` fails with.
pub fn prove<E: From<Error>>(
    first: u64,
    end: u64,
    size: u64,
    node: impl Fn(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    for (from, to) in outside(first, end, size)? {
        path.push(subtree_root(from, to, &node)?);
    }
    Ok(path)
}

/// Checks that the leaf hashes stand side by side, from the index `first` on, in the tree of `size`
/// leaves with this root.
///
/// # Errors
/// `Range` if there are none or they reach past the size, `ProofLength` if the path is too short or
/// too long, `Root` if it leads to another root.
pub fn verify(first: u64, leaf_hashes: &[Hash], size: u64, path: &[Hash], root: &Hash) -> Result<(), Error> {
    let end = first.saturating_add(leaf_hashes.len() as u64);
    path_has_len(path, outside(first, end, size)?.len())?;
    let mut walk = Walk { first, end, leaves: leaf_hashes.iter(), path: path.iter() };
    match walk.root(0, size) {
        Some(got) if got == *root => Ok(()),
        got => Err(Error::Root { what: WHAT, expected: *root, got: got.unwrap_or_default() }),
    }
}

/// The inclusion proof ([`crate::inclusion`]) of one leaf, made from the proof of a range that it is
/// in. Right if the range's is.
///
/// # Errors
/// `Range` if the index is not in the range, else as [`verify`], but for `Root`.
pub fn path_of(index: u64, first: u64, leaf_hashes: &[Hash], size: u64, path: &[Hash]) -> Result<Vec<Hash>, Error> {
    Range::new(first, leaf_hashes, size, path)?.path_of(index)
}

fn path_has_len(path: &[Hash], expected: usize) -> Result<(), Error> {
    if path.len() == expected { Ok(()) } else { Err(Error::ProofLength { what: WHAT, expected, got: path.len() }) }
}

/// Computes the root from left to right, taking hashes of leaves and of the path as it meets them.
struct Walk<'a> {
    first: u64,
    end: u64,
    leaves: std::slice::Iter<'a, Hash>,
    path: std::slice::Iter<'a, Hash>,
}

impl Walk<'_> {
    /// No deeper than the tree is high, 64. `None` if a hash is missing, which the lengths exclude.
    fn root(&mut self, from: u64, to: u64) -> Option<Hash> {
        if to <= self.first || from >= self.end {
            return self.path.next().copied();
        }
        if to - from == 1 {
            return self.leaves.next().copied();
        }
        let middle = from + split(to - from);
        let left = self.root(from, middle)?;
        Some(node_hash(&left, &self.root(middle, to)?))
    }
}

/// A range with its path, right or not, and all that follows from them: enough to make the path of
/// each single leaf.
pub(crate) struct Range {
    first: u64,
    end: u64,
    size: u64,
    /// By (first, end).
    parts: HashMap<(u64, u64), Hash>,
}

impl Range {
    /// Computes all parts of the tree that leaves and path imply.
    pub(crate) fn new(first: u64, leaf_hashes: &[Hash], size: u64, path: &[Hash]) -> Result<Self, Error> {
        let end = first.saturating_add(leaf_hashes.len() as u64);
        let outside = outside(first, end, size)?;
        path_has_len(path, outside.len())?;
        let mut parts: HashMap<_, _> = outside.into_iter().zip(path.iter().copied()).collect();
        parts.extend((first..end).map(|index| (index, index + 1)).zip(leaf_hashes.iter().copied()));
        let mut range = Self { first, end, size, parts };
        range.fill(0, size)?;
        Ok(range)
    }

    /// The inclusion proof of one leaf of the range, as [`crate::inclusion`] has it.
    pub(crate) fn path_of(&self, index: u64) -> Result<Vec<Hash>, Error> {
        if index < self.first || index >= self.end {
            return Err(Error::range("leaf index", index, format!("in the range {} to {}", self.first, self.end)));
        }
        let (mut first, mut end, mut path) = (0, self.size, Vec::new());
        while end - first > 1 {
            let middle = first + split(end - first);
            if index < middle {
                path.push(self.part(middle, end)?);
                end = middle;
            } else {
                path.push(self.part(first, middle)?);
                first = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// Computes the part from its two halves, unless it is known. A tree is at most 64 levels high.
    fn fill(&mut self, first: u64, end: u64) -> Result<Hash, Error> {
        if let Some(hash) = self.parts.get(&(first, end)) {
            return Ok(*hash);
        }
        let leaves = end - first;
        if leaves < 2 {
            return self.part(first, end); // an error: all single leaves are known
        }
        let middle = first + split(leaves);
        let hash = node_hash(&self.fill(first, middle)?, &self.fill(middle, end)?);
        self.parts.insert((first, end), hash);
        Ok(hash)
    }

    fn part(&self, first: u64, end: u64) -> Result<Hash, Error> {
        let known = self.parts.get(&(first, end)).copied();
        known.ok_or_else(|| {
            Error::range("leaf index", first, format!("in a part of the tree up to {end} that is known"))
        })
    }
}

/// The parts (first, end) of the tree that hold no leaf of the range, from left to right.
fn outside(first: u64, end: u64, size: u64) -> Result<Vec<(u64, u64)>, Error> {
    if first >= end {
        return Err(Error::range("range end", end, format!("above the first index {first}")));
    }
    if end > size {
        return Err(Error::range("range end", end, format!("at most the size {size}")));
    }
    let (mut found, mut open) = (Vec::new(), vec![(0, size)]);
    while let Some((from, to)) = open.pop() {
        if to <= first || from >= end {
            found.push((from, to));
        } else if from < first || to > end {
            let middle = from + split(to - from);
            open.push((middle, to)); // the left half is popped first
            open.push((from, middle));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inclusion;
    use crate::tree::tests::{Nodes, same_leaves};

    fn leaves(tree: &Nodes, first: u64, end: u64) -> Vec<Hash> {
        (first..end).map(|index| tree.leaf(index)).collect()
    }

    #[test]
    fn every_range_of_every_small_tree_is_proven_and_so_is_each_leaf_of_it() {
        let tree = Nodes::new(18);
        for (size, first, end) in ranges(18) {
            let path = prove(first, end, size, tree.source()).unwrap();
            let (leaves, root) = (leaves(&tree, first, end), tree.root(size));
            assert_eq!(verify(first, &leaves, size, &path, &root), Ok(()), "{first}..{end} of {size}");
            let range = Range::new(first, &leaves, size, &path).unwrap();
            for index in first..end {
                let expected = inclusion::prove(index, size, tree.source()).unwrap();
                assert_eq!(path_of(index, first, &leaves, size, &path).as_ref(), Ok(&expected));
                assert_eq!(range.path_of(index), Ok(expected), "{index} of {first}..{end} of {size}");
            }
        }
    }

    #[test]
    fn a_changed_leaf_path_place_size_or_root_is_refused() {
        let tree = Nodes::new(11);
        for (size, first, end) in ranges(11) {
            let path = prove(first, end, size, tree.source()).unwrap();
            let (good, root) = (leaves(&tree, first, end), tree.root(size));
            let refuse = |first: u64, leaves: &[Hash], size: u64, path: &[Hash], root: &Hash| {
                assert!(verify(first, leaves, size, path, root).is_err(), "{first} of {size}");
            };
            for at in 0..good.len() {
                let mut harmed = good.clone();
                harmed[at][at % 32] ^= 1;
                refuse(first, &harmed, size, &path, &root);
                let mut short = good.clone();
                short.remove(at);
                refuse(first, &short, size, &path, &root);
            }
            for at in 0..path.len() {
                let mut harmed = path.clone();
                harmed[at][at % 32] ^= 1;
                refuse(first, &good, size, &harmed, &root);
                let mut short = path.clone();
                short.remove(at);
                refuse(first, &good, size, &short, &root);
            }
            for other in (0..size + 2).filter(|other| *other != first) {
                refuse(other, &good, size, &path, &root);
            }
            refuse(first, &good, size, &[path.clone(), vec![root]].concat(), &root);
            refuse(first, &good, size, &path, &[0; 32]);
            refuse(first, &good, end - 1, &path, &root);
            refuse(first, &[], size, &path, &root);
            if good.len() > 1 && size > 1 {
                let mut swapped = good.clone();
                swapped.swap(0, 1);
                refuse(first, &swapped, size, &path, &root);
            }
        }
    }

    #[test]
    fn no_range_outside_the_tree() {
        let tree = Nodes::new(4);
        for (first, end, size) in [(0, 0, 4), (4, 4, 4), (3, 2, 4), (0, 5, 4), (u64::MAX, u64::MAX, 4), (0, 1, 0)] {
            assert!(prove(first, end, size, tree.source()).is_err(), "{first}..{end} of {size}");
        }
        assert!(verify(u64::MAX, &[[0; 32]], u64::MAX, &[], &[0; 32]).is_err());
        for (index, first, size) in [(1, 0, 1), (u64::MAX, 0, 1), (0, 1, 2)] {
            let path = prove(first, first + 1, size, tree.source()).unwrap();
            assert!(path_of(index, first, &[tree.leaf(first)], size, &path).is_err(), "{index} of {first}");
        }
    }

    fn ranges(size_max: u64) -> impl Iterator<Item = (u64, u64, u64)> {
        (1..=size_max)
            .flat_map(|size| (0..size).flat_map(move |first| (first + 1..=size).map(move |end| (size, first, end))))
    }

    proptest! {
        #[test]
        fn ranges_hold_in_trees_of_any_size(size in 1..=crate::SIZE_MAX, at: u64, count in 1..300_u64) {
            let (first, node) = (at % size, same_leaves());
            let end = (first + count).min(size);
            let path = prove(first, end, size, &node).unwrap();
            prop_assert!(path.len() <= PATH_HASHES_MAX);
            let leaves = vec![node(0, 0).unwrap(); (end - first) as usize];
            let root = subtree_root(0, size, &node).unwrap();
            prop_assert_eq!(verify(first, &leaves, size, &path, &root), Ok(()));
        }

        #[test]
        fn any_numbers_and_hashes_are_refused_not_panicked_at(
            first: u64, size: u64, count in 0..40_usize, path in prop::collection::vec(any::<Hash>(), 0..130), root: Hash,
        ) {
            prop_assert!(verify(first, &vec![[1; 32]; count], size, &path, &root).is_err());
        }
    }
}
