//! Proofs that a record is in a log and that the log only grew: no database, no clock, no network.
//!
//! Each stream of an archive is an RFC 6962 Merkle tree. What the tree holds for a record is a
//! [`Leaf`]: six lines with its index, its two times, the length of its body and a salted hash of
//! the body. Leaves are not secret, and they are not stored: whoever has the record makes its leaf
//! again.
//!
//! A tree grows only to the right, so all that is needed to go on is its [`Frontier`]: at most 64
//! hashes. It names each node that is complete, and whoever keeps those nodes can later prove two
//! things about a tree of which somebody remembers only size and root:
//!
//! * [`inclusion`]: this record is in it, at this index;
//! * [`consistency`]: it begins with that older tree, so nothing in it was changed or taken away.
//!
//! Size and root are remembered as a [`Checkpoint`], three lines that the log signs (a [`Note`])
//! and that witnesses sign too, with the time ([`Cosigner`]). Whose signatures are enough is for
//! the auditor to say, in a [`Policy`]. A [`RecordProof`] puts index, path and checkpoint into one
//! file, which together with the record and the policy is checked offline; a [`bundle`] does the
//! same for many records, with one path for all that stand side by side ([`range`]). What an
//! auditor knows of a log from before is a [`Trust`] file, and whoever remembers checkpoints for
//! others is a [`witness`].
//!
//! Nothing here is our own invention but the leaf: the formats are those of C2SP (signed-note,
//! tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-policy, tlog-proof), so that programs we
//! did not write can check what we sign. All readers are strict: each value has one spelling, what
//! they accept they print byte for byte the same, and no input makes them panic.
//!
//! ```
//! use logkeep_proof::{Checkpoint, Frontier, Leaf, Note, NoteSigner, Policy, RecordProof};
//! use logkeep_proof::{Error, SaltKey, commitment, inclusion};
//!
//! # fn main() -> Result<(), Error> {
//! // Append three records, keeping the nodes of the tree.
//! let salts = SaltKey::new(&[7; 32]); // random for each block
//! let leaf = |index: u64, body: &[u8]| Leaf {
//!     index,
//!     event_ns: 1_788_390_000_000_000_000,
//!     received_ns: 1_788_390_060_000_000_000,
//!     body_len: body.len() as u64,
//!     commitment: commitment(&salts.salt(index), body),
//! };
//! let (mut tree, mut nodes, mut scratch) = (Frontier::new(), std::collections::HashMap::new(), Vec::new());
//! for (index, body) in [b"one".as_slice(), b"two", b"three"].into_iter().enumerate() {
//!     tree.push(leaf(index as u64, body).hash(&mut scratch), &mut |level, index, hash| {
//!         nodes.insert((level, index), hash);
//!     });
//! }
//!
//! // Sign what the log is now.
//! let log = NoteSigner::new("archive.example/contoso/entra-signin", &[9; 32])?; // a random seed
//! let mut checkpoint = Note::new(Checkpoint::new(log.verifier().name(), tree.size(), tree.root())?.to_string())?;
//! checkpoint.sign(&log)?;
//!
//! // Prove the record "two" in a file.
//! let path = inclusion::prove(1, tree.size(), |level, index| Ok::<_, Error>(nodes[&(level, index)]))?;
//! let file = RecordProof { extra: None, index: 1, path, checkpoint }.to_string();
//!
//! // Elsewhere, with the record, the file and the policy.
//! let policy = Policy::parse(format!("log {}\nquorum none\n", log.verifier()).as_bytes())?;
//! let proof = RecordProof::parse(file.as_bytes())?;
//! assert_eq!(proof.verify(&leaf(1, b"two"), &policy)?.checkpoint.size(), 3);
//! assert!(proof.verify(&leaf(1, b"TWO"), &policy).is_err());
//! # Ok(())
//! # }
//! ```

mod base64;
pub mod bundle;
mod checkpoint;
pub mod consistency;
mod cosignature;
mod decimal;
mod error;
mod hash;
pub mod inclusion;
mod key;
mod leaf;
mod note;
mod policy;
pub mod range;
mod record_proof;
mod salt;
pub mod tile;
mod time;
mod tree;
mod trust;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use cosignature::Cosigner;
pub use error::Error;
pub use hash::{HASH_BYTES, Hash, empty_root, leaf_hash, node_hash};
pub use key::{KeyId, KeyKind, VerifierKey};
pub use leaf::{Leaf, commitment};
pub use note::{Note, NoteSigner, Signature, Verified};
pub use policy::{Accepted, Cosigned, Party, Policy, Signed};
pub use record_proof::RecordProof;
pub use salt::{SALT_BYTES, Salt, SaltKey, record_salt};
pub use time::{TIME_CHARS, parse_time, push_time};
pub use tree::{Frontier, SIZE_MAX, root_of, subtree_root};
pub use trust::{Expected, Shortfall, Trust};
pub use witness::Witness;
