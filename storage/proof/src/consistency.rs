//! Consistency: the tree with this root is the older one with leaves added (RFC 9162, 2.1.4).

use crate::error::Error;
use crate::hash::{Hash, empty_root, node_hash};
use crate::inclusion::{Climb, Side};
use crate::tree::{split, subtree_root};

/// What errors call this proof, and which of its two roots they mean.
const WHAT: &str = "consistency proof";
const OLD_ROOT: &str = "consistency proof, old tree";
const NEW_ROOT: &str = "consistency proof, new tree";

/// The proof that the tree of `old` leaves is the start of the tree of `new` leaves. `node` knows
/// the complete subtrees by (level, index). From the empty tree, and from a tree to itself, there
/// is nothing to prove and the proof is empty.
///
/// # Errors
/// `Range` if `old` is above `new`; whatever `node` fails with.
pub fn prove<E: From<Error>>(old: u64, new: u64, node: impl Fn(u8, u64) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    old_is_not_above(old, new)?;
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut first, mut end, mut path) = (0, new, Vec::new());
    while old < end {
        let middle = first + split(end - first);
        if old <= middle {
            path.push(subtree_root(middle, end, &node)?);
            end = middle;
        } else {
            path.push(subtree_root(first, middle, &node)?);
            first = middle;
        }
    }
    if first > 0 {
        path.push(subtree_root(first, end, &node)?); // else it is the old root, which the verifier has
    }
    path.reverse();
    Ok(path)
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves.
///
/// # Errors
/// `Range` if `old` is above `new`, `ProofLength` if the path is too short or too long, `Root` if
/// it leads to another old or new root.
pub fn verify(old: u64, old_root: &Hash, new: u64, new_root: &Hash, path: &[Hash]) -> Result<(), Error> {
    old_is_not_above(old, new)?;
    let expected = path_len(old, new);
    if path.len() != expected {
        return Err(Error::ProofLength { what: WHAT, expected, got: path.len() });
    }
    if old == 0 {
        same_root(OLD_ROOT, &empty_root(), old_root)?;
    }
    if old == new {
        same_root(NEW_ROOT, old_root, new_root)?;
    }
    if old == 0 || old == new {
        return Ok(());
    }
    let (start, path) = match path.split_first() {
        Some((start, rest)) if !old.is_power_of_two() => (start, rest),
        _ => (old_root, path),
    };
    let (got_old, got_new) = roots(start, path, &mut climb(old, new));
    same_root(OLD_ROOT, old_root, &got_old)?;
    same_root(NEW_ROOT, new_root, &got_new)
}

/// Both roots as the path implies them: what stands to the left is in both trees, what stands to
/// the right is new.
fn roots(start: &Hash, path: &[Hash], climb: &mut Climb) -> (Hash, Hash) {
    path.iter().fold((*start, *start), |(old, new), sibling| match climb.step() {
        Side::Left => (node_hash(sibling, &old), node_hash(sibling, &new)),
        Side::Right => (old, node_hash(&new, sibling)),
    })
}

/// The way up from the largest complete subtree at the old tree's right edge.
fn climb(old: u64, new: u64) -> Climb {
    let level = old.trailing_zeros();
    Climb::new((old - 1) >> level, ((new - 1) >> level) + 1)
}

fn path_len(old: u64, new: u64) -> usize {
    if old == 0 || old == new {
        return 0;
    }
    climb(old, new).steps() + usize::from(!old.is_power_of_two())
}

fn same_root(what: &'static str, expected: &Hash, got: &Hash) -> Result<(), Error> {
    if expected == got { Ok(()) } else { Err(Error::Root { what, expected: *expected, got: *got }) }
}

fn old_is_not_above(old: u64, new: u64) -> Result<(), Error> {
    if old <= new { Ok(()) } else { Err(Error::range("old size", old, format!("at or below the new size {new}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::{Nodes, same_leaves};
    use proptest::prelude::*;

    #[test]
    fn every_pair_of_small_trees_is_proven() {
        let tree = Nodes::new(130);
        for new in 0..=130 {
            for old in 0..=new {
                let path = prove(old, new, tree.source()).unwrap();
                assert_eq!(verify(old, &tree.root(old), new, &tree.root(new), &path), Ok(()), "{old} to {new}");
            }
            assert!(prove(new + 1, new, tree.source()).is_err());
            assert!(verify(new + 1, &tree.root(new), new, &tree.root(new), &[]).is_err());
        }
    }

    #[test]
    fn a_changed_path_root_or_size_is_refused() {
        let tree = Nodes::new(40);
        let other_root = [0; 32];
        assert!(verify(0, &empty_root(), 0, &other_root, &[]).is_err());
        assert!(verify(0, &other_root, 0, &other_root, &[]).is_err());
        for new in 1..=40 {
            for old in 1..new {
                let (old_root, new_root) = (tree.root(old), tree.root(new));
                let path = prove(old, new, tree.source()).unwrap();
                let refuse = |old: u64, old_root: &Hash, new: u64, new_root: &Hash, path: &[Hash]| {
                    assert!(verify(old, old_root, new, new_root, path).is_err(), "{old} to {new}");
                };
                refuse(old, &other_root, new, &new_root, &path);
                refuse(old, &old_root, new, &other_root, &path);
                refuse(old, &new_root, new, &old_root, &path);
                refuse(old, &old_root, new, &new_root, &[path.clone(), vec![new_root]].concat());
                for at in 0..path.len() {
                    let mut short = path.clone();
                    short.remove(at);
                    refuse(old, &old_root, new, &new_root, &short);
                    let mut harmed = path.clone();
                    harmed[at][at % 32] ^= 0x10;
                    refuse(old, &old_root, new, &new_root, &harmed);
                }
                for size in (0..new).filter(|size| *size != old) {
                    refuse(size, &old_root, new, &new_root, &path);
                }
            }
            assert!(verify(0, &other_root, new, &tree.root(new), &[]).is_err());
            assert!(verify(new, &tree.root(new), new, &other_root, &[]).is_err());
        }
    }

    proptest! {
        #[test]
        fn proofs_hold_between_trees_of_any_size(new in 1..=crate::SIZE_MAX, at: u64) {
            let (old, node) = (at % new, same_leaves());
            let old_root = subtree_root(0, old, &node).unwrap();
            let new_root = subtree_root(0, new, &node).unwrap();
            let path = prove(old, new, &node).unwrap();
            prop_assert!(path.len() <= 64);
            prop_assert_eq!(verify(old, &old_root, new, &new_root, &path), Ok(()));
        }

        #[test]
        fn any_numbers_and_hashes_are_refused_not_panicked_at(
            old in 1_u64.., new: u64, path in prop::collection::vec(any::<Hash>(), 0..70),
        ) {
            prop_assert!(verify(old, &[1; 32], new, &[2; 32], &path).is_err());
        }
    }
}
