//! Programs we did not write accept what we make, and we accept what they make.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use logkeep_proof::tile::{Content, TilePath};
use logkeep_proof::{
    Checkpoint, Cosigner, Error, Frontier, Hash, Note, NoteSigner, VerifierKey, Witness, consistency, inclusion,
    leaf_hash, range, witness,
};
use proptest::prelude::*;
use sha2::Sha256;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, Tile};

/// The largest tree of these tests.
const SIZE_MAX: u64 = 2000;

#[test]
fn trees_agree_at_every_size() {
    let (mut ours, mut theirs) = (Frontier::new(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
    for index in 0..SIZE_MAX {
        ours.push(leaf_hash(&entry(index)), &mut |_, _, _| {});
        theirs.push(entry(index));
        assert_eq!(ours.root(), theirs.root().as_bytes()[..], "ct-merkle at size {}", index + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn inclusion_proofs_agree(size in 1..=SIZE_MAX, at: u64) {
        let (log, index) = (log(), at % size);
        let (root, path) = (log.root(size), inclusion::prove(index, size, log.node()).unwrap());
        let leaf = leaf_hash(&entry(index));
        let theirs = tlog_tiles::prove_record(size, index, log).unwrap();
        prop_assert_eq!(&path, &ours(&theirs));
        prop_assert!(inclusion::verify(&leaf, index, size, &ours(&theirs), &root).is_ok());
        let check = |leaf: Hash| {
            tlog_tiles::check_record(&their_hashes(&path), size, tlog_tiles::Hash(root), index, tlog_tiles::Hash(leaf))
        };
        prop_assert!(check(leaf).is_ok());
        prop_assert!(check(leaf_hash(b"other")).is_err());
        let proof = InclusionProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
        prop_assert!(RootHash::<Sha256>::new(root.into(), size).verify_inclusion(&entry(index), index, &proof).is_ok());
    }

    #[test]
    fn consistency_proofs_agree(new in 1..=SIZE_MAX, at: u64) {
        let (log, old) = (log(), at % new + 1);
        let (old_root, new_root) = (log.root(old), log.root(new));
        let path = consistency::prove(old, new, log.node()).unwrap();
        let theirs = tlog_tiles::prove_tree(new, old, log).unwrap();
        prop_assert_eq!(&path, &ours(&theirs));
        prop_assert!(consistency::verify(old, &old_root, new, &new_root, &ours(&theirs)).is_ok());
        let (their_old, their_new) = (tlog_tiles::Hash(old_root), tlog_tiles::Hash(new_root));
        prop_assert!(tlog_tiles::check_tree(&their_hashes(&path), new, their_new, old, their_old).is_ok());
        let proof = ConsistencyProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
        let old_root = RootHash::<Sha256>::new(old_root.into(), old);
        prop_assert!(RootHash::new(new_root.into(), new).verify_consistency(&old_root, &proof).is_ok());
    }

    #[test]
    fn verdicts_on_wrong_proofs_agree(size in 1..60_u64, index in 0..60_u64, of in 1..60_u64, at: u64, cut in 0..3_usize) {
        let log = log();
        let mut path = inclusion::prove(at % of, of, log.node()).unwrap();
        path.truncate(path.len().saturating_sub(cut));
        let (leaf, root) = (leaf_hash(&entry(at % of)), log.root(of));
        let verdict = inclusion::verify(&leaf, index, size, &path, &root).is_ok();
        let theirs = index < size && tlog_tiles::check_record(
            &their_hashes(&path), size, tlog_tiles::Hash(root), index, tlog_tiles::Hash(leaf),
        ).is_ok();
        prop_assert_eq!(verdict, theirs);
    }

    #[test]
    fn notes_agree(seed: [u8; 32], size: u64, root: Hash) {
        let signer = NoteSigner::new("log.example/one", &seed).unwrap();
        let checkpoint = Checkpoint::new("log.example/one", size, root).unwrap();
        let mut note = Note::new(checkpoint.to_string()).unwrap();
        note.sign(&signer).unwrap();
        note.cosign(&Cosigner::new("w.example", &seed).unwrap(), 60).unwrap();
        let theirs = signed_note::Note::from_bytes(note.to_string().as_bytes()).unwrap();
        let (known, unknown) = theirs.verify(&verifiers(signer.verifier())).unwrap();
        prop_assert_eq!((known.len(), unknown.len()), (1, 1));
        let read = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
        prop_assert_eq!((read.origin(), read.size(), read.hash().0), ("log.example/one", size, root));

        let mut theirs = signed_note::Note::new(checkpoint.to_string().as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&their_signer(signer.verifier(), &seed)]).unwrap();
        let read = Note::parse(&theirs.to_bytes()).unwrap();
        prop_assert!(read.verify(&[signer.verifier()]).is_ok());
        prop_assert_eq!(read.signatures(), &note.signatures()[..1]);
    }

    #[test]
    fn what_a_bundle_exports_is_accepted(size in 1..=SIZE_MAX, at: u64, count in 1..40_u64) {
        let (log, first) = (log(), at % size);
        let end = (first + count).min(size);
        let root = log.root(size);
        let leaves: Vec<Hash> = (first..end).map(|index| leaf_hash(&entry(index))).collect();
        let path = range::prove(first, end, size, log.node()).unwrap();
        prop_assert!(range::verify(first, &leaves, size, &path, &root).is_ok());
        for index in first..end {
            let path = range::path_of(index, first, &leaves, size, &path).unwrap();
            prop_assert_eq!(&path, &ours(&tlog_tiles::prove_record(size, index, log).unwrap()));
            let leaf = tlog_tiles::Hash(leaf_hash(&entry(index)));
            prop_assert!(tlog_tiles::check_record(&their_hashes(&path), size, tlog_tiles::Hash(root), index, leaf).is_ok());
            let proof = InclusionProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
            prop_assert!(RootHash::<Sha256>::new(root.into(), size).verify_inclusion(&entry(index), index, &proof).is_ok());
        }
    }

    #[test]
    fn a_witness_asked_with_their_proof_cosigns_what_they_accept(seed: [u8; 32], new in 1..=SIZE_MAX, at: u64) {
        let (log, old) = (log(), at % new + 1);
        let signer = NoteSigner::new("log.example/one", &seed).unwrap();
        let witness = Witness::new(Cosigner::new("w.example", &seed).unwrap(), vec![signer.verifier().clone()]);
        let checkpoint = |size: u64| Checkpoint::new("log.example/one", size, log.root(size)).unwrap();
        // The note is signed and printed by them.
        let mut theirs = signed_note::Note::new(checkpoint(new).to_string().as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&their_signer(signer.verifier(), &seed)]).unwrap();
        let note = Note::parse(&theirs.to_bytes()).unwrap();
        let proof = ours(&tlog_tiles::prove_tree(new, old, log).unwrap());
        let request = witness::Request::parse(witness::request(old, &proof, &note).unwrap().as_bytes()).unwrap();
        let answer = witness.answer(&request, Some(&checkpoint(old)), 60);
        prop_assert_eq!(answer.status, 200);
        // What the witness keeps is a note to them, with the log's signature and one they do not know.
        let kept = answer.state.unwrap();
        let read = signed_note::Note::from_bytes(kept.as_bytes()).unwrap();
        let (known, unknown) = read.verify(&verifiers(signer.verifier())).unwrap();
        prop_assert_eq!((known.len(), unknown.len()), (1, 1));
        prop_assert_eq!(tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap().size(), new);
        prop_assert_eq!(witness.recall("log.example/one", kept.as_bytes()), Ok(checkpoint(new)));
    }

    #[test]
    fn both_signatures_of_a_changing_key_are_accepted(old: [u8; 32], new: [u8; 32], size: u64, root: Hash) {
        prop_assume!(old != new);
        let signers = [old, new].map(|seed| NoteSigner::new("log.example/one", &seed).unwrap());
        let mut note = Note::new(Checkpoint::new("log.example/one", size, root).unwrap().to_string()).unwrap();
        signers.iter().for_each(|signer| note.sign(signer).unwrap());
        for signer in &signers {
            let theirs = signed_note::Note::from_bytes(note.to_string().as_bytes()).unwrap();
            let (known, unknown) = theirs.verify(&verifiers(signer.verifier())).unwrap();
            prop_assert_eq!((known.len(), unknown.len()), (1, 1));
        }
    }

    #[test]
    fn tile_paths_agree(level in 0..=5_u8, index: u64, size: u64) {
        let index = index % (u64::from(u32::MAX) * 4);
        if let Some(tile) = TilePath::in_tree(Content::Hashes(level), index, size) {
            // Theirs names the tile's height too.
            let theirs = Tile::new(8, level, index, tile.width().into(), false).path();
            prop_assert_eq!(tile.to_string(), theirs.replacen("tile/8/", "tile/", 1));
        }
    }
}

#[test]
fn tiles_of_a_growing_tree_agree() {
    for size in [1, 255, 256, 257, 300, 65_535, 65_536, 65_537, 70_000] {
        let theirs = Tile::new_tiles(8, 0, size);
        let mut expected: Vec<String> = theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        let levels = (0..=2).map(Content::Hashes);
        let tiles = levels.flat_map(|level| (0..=size / 256).filter_map(move |at| TilePath::in_tree(level, at, size)));
        let mut made: Vec<String> = tiles.map(|tile| tile.to_string()).collect();
        expected.sort();
        made.sort();
        assert_eq!(made, expected, "size {size}");
    }
}

/// A log of `SIZE_MAX` entries, as node store for both sides.
struct Log(HashMap<(u8, u64), Hash>);

impl Log {
    fn node(&self) -> impl Fn(u8, u64) -> Result<Hash, Error> {
        |level, index| Ok(self.0[&(level, index)])
    }

    fn root(&self, size: u64) -> Hash {
        logkeep_proof::subtree_root(0, size, self.node()).unwrap()
    }
}

impl HashReader for Log {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::tlog::Error> {
        let nodes = indexes.iter().map(|index| tlog_tiles::split_stored_hash_index(*index));
        Ok(nodes.map(|node| tlog_tiles::Hash(self.0[&node])).collect())
    }
}

fn log() -> &'static Log {
    static LOG: std::sync::LazyLock<Log> = std::sync::LazyLock::new(|| {
        let (mut nodes, mut tree) = (HashMap::new(), Frontier::new());
        for index in 0..SIZE_MAX {
            tree.push(leaf_hash(&entry(index)), &mut |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        Log(nodes)
    });
    &LOG
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.0).collect()
}

fn their_hashes(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(*hash)).collect()
}

fn verifiers(key: &VerifierKey) -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).unwrap())])
}

fn their_signer(key: &VerifierKey, seed: &[u8; 32]) -> StandardSigner {
    let id = u32::from_be_bytes(key.id());
    let secret = STANDARD.encode([[1].as_slice(), seed].concat());
    StandardSigner::new(&format!("PRIVATE+KEY+{}+{id:08x}+{secret}", key.name())).unwrap()
}
