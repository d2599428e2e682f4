//! The portable proof of one record: index, path and checkpoint in one file (C2SP tlog-proof, draft).

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::hash::Hash;
use crate::leaf::Leaf;
use crate::note::Note;
use crate::policy::{Accepted, Policy};
use crate::{base64, decimal, inclusion};

const TITLE: &str = "c2sp.org/tlog-proof@v1";
/// No tree of 2^64 leaves is higher.
const PATH_HASHES_MAX: usize = 64;

/// Shows, with a record and a [`Policy`], that the record is in a log: nothing else is needed, and
/// no network.
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// extra <base64>
/// index 73
/// <base64 hash, sibling of the leaf first>
///
/// <checkpoint with its signatures>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordProof {
    /// What helps to make the leaf again (salt, times). **Not authenticated.**
    pub extra: Option<Vec<u8>>,
    /// Place of the record in the log.
    pub index: u64,
    /// Siblings from the leaf to the root.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl RecordProof {
    /// Reads a proof; nothing in it is checked yet.
    ///
    /// # Errors
    /// `Form` if a part is not of its form, `Range` if there are too many hashes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = || Error::form("record proof", "c2sp.org/tlog-proof@v1 and its lines", bytes);
        let text = str::from_utf8(bytes).map_err(|_| malformed())?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(malformed)?;
        let mut lines = head.split('\n').peekable();
        lines.next_if_eq(&TITLE).ok_or_else(malformed)?;
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|extra| base64::decode("record proof extra", extra.as_bytes())).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or_else(malformed)?;
        let index = decimal::parse("record proof index", index.as_bytes())?;
        let path = lines.map(|line| base64::decode_hash("record proof hash", line.as_bytes()));
        let path = path.take(PATH_HASHES_MAX + 1).collect::<Result<Vec<_>, _>>()?;
        if path.len() > PATH_HASHES_MAX {
            return Err(Error::range("record proof hashes", path.len() as u64, format!("at most {PATH_HASHES_MAX}")));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        // Else a stray empty line would turn hashes into a part of the note's text.
        checkpoint.text().parse::<Checkpoint>()?;
        Ok(Self { extra, index, path, checkpoint })
    }

    /// Checks that this leaf is in a log the policy believes: signatures first, then the path. The
    /// leaf must be made from the record at hand, never from the proof.
    ///
    /// # Errors
    /// Whatever [`Policy::check`] and [`inclusion::verify`] refuse; `Range` if the leaf is of
    /// another index.
    pub fn verify(&self, leaf: &Leaf, policy: &Policy) -> Result<Accepted, Error> {
        let accepted = policy.check(&self.checkpoint)?;
        if leaf.index != self.index {
            return Err(Error::range("leaf index", leaf.index, format!("the index {} of the proof", self.index)));
        }
        let (size, root) = (accepted.checkpoint.size(), accepted.checkpoint.root());
        inclusion::verify(&leaf.hash(&mut Vec::new()), self.index, size, &self.path, root)?;
        Ok(accepted)
    }
}

impl fmt::Display for RecordProof {
    /// The file; its name should end in `.tlog-proof`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", base64::encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::node_hash;
    use crate::note::NoteSigner;

    fn leaf(index: u64) -> Leaf {
        Leaf { index, event_ns: 1, received_ns: 2, body_len: 3, commitment: [4; 32] }
    }

    /// Proves the second of two leaves.
    fn proof() -> (RecordProof, Policy) {
        let log = NoteSigner::new("log.example/one", &[1; 32]).unwrap();
        let policy = Policy::parse(format!("log {}\nquorum none\n", log.verifier()).as_bytes()).unwrap();
        let hashes = [0, 1].map(|index| leaf(index).hash(&mut Vec::new()));
        let root = node_hash(&hashes[0], &hashes[1]);
        let mut checkpoint = Note::new(Checkpoint::new("log.example/one", 2, root).unwrap().to_string()).unwrap();
        checkpoint.sign(&log).unwrap();
        (RecordProof { extra: None, index: 1, path: vec![hashes[0]], checkpoint }, policy)
    }

    #[test]
    fn the_right_leaf_and_no_other() {
        let (proof, policy) = proof();
        assert_eq!(proof.verify(&leaf(1), &policy).unwrap().checkpoint.size(), 2);
        assert!(matches!(proof.verify(&leaf(0), &policy), Err(Error::Range { .. })));
        let other = Leaf { body_len: 4, ..leaf(1) };
        assert!(matches!(proof.verify(&other, &policy), Err(Error::Root { .. })));
        let stranger = Policy::parse(b"quorum none\n").unwrap();
        assert!(matches!(proof.verify(&leaf(1), &stranger), Err(Error::Unmet { .. })));
    }

    #[test]
    fn malformed_proofs_are_refused() {
        let good = proof().0.to_string();
        let hash = base64::encode(&[1; 32]);
        let refused = [
            String::new(),
            good.replace("@v1", "@v2"),
            good.replace("index 1", "index 01"),
            good.replace("index 1", "index"),
            good.replace("index 1\n", ""),
            good.replace("index 1", "extra AA==\nextra AA==\nindex 1"),
            good.replace("index 1", "extra A\nindex 1"),
            good.replace("index 1", "index 1\nextra AA=="),
            good.replace("index 1", "index 1\nindex 1"),
            good.replace("index 1", "index 1\nAA=="),
            good.replace("index 1", "index 1\n"),
            good.replace("index 1\n", &format!("index 1\n{}", format!("{hash}\n").repeat(PATH_HASHES_MAX))),
            good.replace('\n', "\r\n"),
            good.trim_end().to_owned(),
            format!("\n{good}"),
            format!("{good}\n"),
        ];
        for text in refused {
            assert!(RecordProof::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_tree_of_one_leaf_has_an_empty_path() {
        let mut one = proof().0;
        one.path.clear();
        assert_eq!(RecordProof::parse(one.to_string().as_bytes()), Ok(one));
    }

    proptest! {
        #[test]
        fn proofs_come_back(extra: Option<Vec<u8>>, index: u64, path in prop::collection::vec(any::<Hash>(), 0..=64)) {
            let proof = RecordProof { extra, index, path, checkpoint: proof().0.checkpoint };
            prop_assert_eq!(RecordProof::parse(proof.to_string().as_bytes()), Ok(proof));
        }
    }
}
