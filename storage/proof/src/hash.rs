//! The three hashes of RFC 6962: of a leaf, of an inner node, of the empty tree.

use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 hash.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash: of a leaf, a subtree or a whole tree.
pub type Hash = [u8; HASH_BYTES];

/// Tells leaves from nodes, so that no node can be passed off as a leaf (RFC 6962, 2.1).
const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// SHA-256(0x00 || entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize().into()
}

/// SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE_PREFIX).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}
