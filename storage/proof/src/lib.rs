//! Proofs that a record is in a log and that the log only grew: no database, no clock, no network.

mod base64;
mod decimal;
mod error;
mod hash;
mod leaf;
mod salt;
mod time;
mod tree;

pub use error::Error;
pub use hash::{HASH_BYTES, Hash, empty_root, leaf_hash, node_hash};
pub use leaf::{Leaf, commitment};
pub use salt::{SALT_BYTES, Salt, SaltKey, record_salt};
pub use time::{TIME_CHARS, parse_time, push_time};
pub use tree::{Frontier, SIZE_MAX, root_of, subtree_root};
