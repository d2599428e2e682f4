//! Inclusion: the record at this index is in the tree with this root (RFC 9162, 2.1.3).

use crate::error::Error;
use crate::hash::{Hash, node_hash};
use crate::tree::{split, subtree_root};

/// What errors call this proof.
const WHAT: &str = "inclusion proof";

/// The siblings from the leaf at `index` up to the root of the tree of `size` leaves, the leaf's
/// own sibling first. `node` knows the complete subtrees by (level, index).
///
/// # Errors
/// `Range` if the index is not below the size; whatever `node` fails with.
pub fn prove<E: From<Error>>(index: u64, size: u64, node: impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    index_is_below(index, size)?;
    let (mut first, mut end, mut path) = (0, size, Vec::new());
    while end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            path.push(subtree_root(middle, end, &node)?);
            end = middle;
        } else {
            path.push(subtree_root(first, middle, &node)?);
            first = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Checks that the leaf hash stands at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// `Range` if the index is not below the size, `ProofLength` if the path is too short or too
/// long, `Root` if it leads to another root.
pub fn verify(leaf_hash: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), Error> {
    index_is_below(index, size)?;
    let expected = Climb::new(index, size).steps();
    if path.len() != expected {
        return Err(Error::ProofLength { what: WHAT, expected, got: path.len() });
    }
    let mut climb = Climb::new(index, size);
    let got = path.iter().fold(*leaf_hash, |hash, sibling| match climb.step() {
        Side::Left => node_hash(sibling, &hash),
        Side::Right => node_hash(&hash, sibling),
    });
    if got == *root { Ok(()) } else { Err(Error::Root { what: WHAT, expected: *root, got }) }
}

fn index_is_below(index: u64, size: u64) -> Result<(), Error> {
    if index < size { Ok(()) } else { Err(Error::range("leaf index", index, format!("below the size {size}"))) }
}

/// Where the next sibling of a path stands.
pub(crate) enum Side {
    Left,
    Right,
}

/// The way from a node up to the root, as RFC 9162 walks it with its `fn` and `sn`.
pub(crate) struct Climb {
    here: u64,
    last: u64,
}

impl Climb {
    /// From the node `index` of `count` nodes of one level, the last of which may be ragged.
    pub(crate) fn new(index: u64, count: u64) -> Self {
        Self { here: index, last: count - 1 }
    }

    /// Goes one sibling up.
    pub(crate) fn step(&mut self) -> Side {
        let side = if self.here & 1 == 1 || self.here == self.last { Side::Left } else { Side::Right };
        if matches!(side, Side::Left) {
            // At the ragged edge a node without sibling rises until it is somebody's right half.
            let risen = self.here.trailing_zeros().min(u64::BITS - 1);
            self.here >>= risen;
            self.last >>= risen;
        }
        self.here >>= 1;
        self.last >>= 1;
        side
    }

    /// How many siblings there are up to the root: all levels below the one where the way meets
    /// the tree's right edge, and above it only those where something stands to the left.
    pub(crate) fn steps(&self) -> usize {
        let below = u64::BITS - (self.here ^ self.last).leading_zeros();
        let above = self.here.checked_shr(below).map_or(0, u64::count_ones);
        (below + above) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tree::tests::{Nodes, same_leaves};
    use proptest::prelude::*;

    #[test]
    fn every_leaf_of_every_small_tree_is_proven() {
        let tree = Nodes::new(130);
        for size in 0..=130 {
            let root = tree.root(size);
            for index in 0..size {
                let path = prove(index, size, tree.source()).unwrap();
                assert_eq!(verify(&tree.leaf(index), index, size, &path, &root), Ok(()), "{index} of {size}");
            }
            assert!(prove(size, size, tree.source()).is_err(), "no leaf {size} of {size}");
        }
    }

    #[test]
    fn a_changed_path_leaf_index_or_size_is_refused() {
        let tree = Nodes::new(40);
        for size in 1..=40 {
            let root = tree.root(size);
            for index in 0..size {
                let path = prove(index, size, tree.source()).unwrap();
                let refuse = |leaf: &Hash, at: u64, of: u64, path: &[Hash], root: &Hash| {
                    assert!(verify(leaf, at, of, path, root).is_err(), "{index} of {size} as {at} of {of}");
                };
                let leaf = tree.leaf(index);
                refuse(&leaf_hash(b"other"), index, size, &path, &root);
                refuse(&leaf, index, size, &path, &[0; 32]);
                refuse(&leaf, index, size, &[path.clone(), vec![root]].concat(), &root);
                for other in (0..size).filter(|other| *other != index) {
                    refuse(&leaf, other, size, &path, &root);
                }
                for at in 0..path.len() {
                    let mut short = path.clone();
                    short.remove(at);
                    refuse(&leaf, index, size, &short, &root);
                    let mut harmed = path.clone();
                    harmed[at][at % 32] ^= 0x10;
                    refuse(&leaf, index, size, &harmed, &root);
                }
                refuse(&leaf, size, size, &path, &root);
                refuse(&leaf, index, 0, &path, &root);
            }
        }
    }

    proptest! {
        #[test]
        fn proofs_hold_in_trees_of_any_size(size in 1..=crate::SIZE_MAX, at: u64) {
            let (index, node) = (at % size, same_leaves());
            let root = subtree_root(0, size, &node).unwrap();
            let path = prove(index, size, &node).unwrap();
            prop_assert!(path.len() <= 63);
            prop_assert_eq!(verify(&node(0, index).unwrap(), index, size, &path, &root), Ok(()));
        }

        #[test]
        fn any_numbers_and_hashes_are_refused_not_panicked_at(
            index: u64, size: u64, path in prop::collection::vec(any::<Hash>(), 0..70), root: Hash,
        ) {
            prop_assert!(verify(&[1; 32], index, size, &path, &root).is_err());
        }
    }
}
