//! The golden vectors: we read them, accept them, make the same bytes, and refuse every changed one.
//!
//! They were checked by programs that are not ours (Go's x/mod/sumdb, aics-tlog, pymerkle,
//! signed_note, tlog_tiles, ct-merkle). A change of a format needs new vectors, checked again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logkeep_proof::tile::{self, Content, TilePath};
use logkeep_proof::{
    Checkpoint, Cosigner, Error, Frontier, Hash, Leaf, Note, NoteSigner, Policy, RecordProof, Salt, VerifierKey,
    commitment, consistency, empty_root, inclusion, leaf_hash, parse_time, root_of,
};
use sha2::{Digest, Sha256};

const CHECKPOINT: &str = include_str!("golden/checkpoint.txt");
const RECORD_PROOF: &str = include_str!("golden/record73.tlog-proof");
const COSIGNED_S: u64 = 1_788_390_060;

#[test]
fn the_nine_roots_of_rfc_6962() {
    let vectors = json(include_str!("golden/rfc6962.json"));
    let unhex = |value: &serde_json::Value| {
        let text = value.as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect::<Vec<u8>>()
    };
    let inputs = vectors["inputs_hex"].as_array().unwrap().iter().map(unhex);
    let leaves: Vec<Hash> = inputs.map(|input| leaf_hash(&input)).collect();
    let roots: Vec<Vec<u8>> = vectors["roots_hex"].as_array().unwrap().iter().map(unhex).collect();
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(root_of(&leaves[..size]), root[..], "size {size}");
    }
    assert_eq!(empty_root(), roots[0][..]);
}

#[test]
fn the_leaf_is_made_and_read() {
    let golden = Golden::read();
    let entry = decode(golden.text("leaf"));
    let leaf = leaf_of(golden.number("idx"));
    let mut made = Vec::new();
    leaf.entry(&mut made);
    assert_eq!(made, entry);
    assert_eq!(Leaf::parse(&entry), Ok(leaf));
}

#[test]
fn the_tree_and_its_proofs_are_made() {
    let (golden, log) = (Golden::read(), Log::new());
    assert_eq!((log.tree.size(), log.tree.root()), (golden.number("size"), golden.hash("root")));
    assert_eq!(root_of(&log.leaves[..256]), golden.hash("oldroot"));
    let node = |level, index| Ok::<_, Error>(log.nodes[&(level, index)]);
    assert_eq!(inclusion::prove(golden.number("idx"), 300, node).unwrap(), golden.hashes("inc"));
    assert_eq!(consistency::prove(golden.number("old"), 300, node).unwrap(), golden.hashes("cons"));
}

#[test]
fn the_proofs_are_accepted_and_each_changed_bit_refused() {
    let golden = Golden::read();
    let (root, old_root, leaf) = (golden.hash("root"), golden.hash("oldroot"), decode(golden.text("leaf")));
    let included = |leaf: &[u8], path: &[Hash]| inclusion::verify(&leaf_hash(leaf), 73, 300, path, &root).is_ok();
    let consistent = |path: &[Hash]| consistency::verify(256, &old_root, 300, &root, path).is_ok();
    let (path, growth) = (golden.hashes("inc"), golden.hashes("cons"));
    assert!(included(&leaf, &path));
    assert!(consistent(&growth));
    for (at, bit) in bits(leaf.len()) {
        let mut harmed = leaf.clone();
        harmed[at] ^= bit;
        assert!(!included(&harmed, &path), "leaf byte {at}");
    }
    for (at, bit) in bits(path.len() * 32) {
        let mut harmed = path.clone();
        harmed[at / 32][at % 32] ^= bit;
        assert!(!included(&leaf, &harmed), "inclusion byte {at}");
    }
    for (at, bit) in bits(growth.len() * 32) {
        let mut harmed = growth.clone();
        harmed[at / 32][at % 32] ^= bit;
        assert!(!consistent(&harmed), "consistency byte {at}");
    }
}

#[test]
fn the_keys_are_made_and_read() {
    let golden = Golden::read();
    assert_eq!(log_signer().verifier().to_string(), golden.text("vkey"));
    assert_eq!(witness().verifier().to_string(), golden.text("wkey"));
    assert_eq!(&golden.text("vkey").parse::<VerifierKey>().unwrap(), log_signer().verifier());
    assert_eq!(&golden.text("wkey").parse::<VerifierKey>().unwrap(), witness().verifier());
}

#[test]
fn the_checkpoint_is_made_and_believed() {
    let golden = Golden::read();
    let checkpoint = Checkpoint::new(golden.text("origin"), 300, golden.hash("root")).unwrap();
    let mut note = Note::new(checkpoint.to_string()).unwrap();
    note.sign(&log_signer()).unwrap();
    note.cosign(&witness(), COSIGNED_S).unwrap();
    assert_eq!(note.to_string(), CHECKPOINT);
    assert_eq!(Note::parse(CHECKPOINT.as_bytes()).as_ref(), Ok(&note));
    let accepted = policy("quorum w\n").check(&note).unwrap();
    assert_eq!(accepted.checkpoint, checkpoint);
    assert_eq!(accepted.cosigned.len(), 1);
    assert_eq!(
        (accepted.cosigned[0].witness.as_str(), accepted.cosigned[0].time_s),
        ("replica.example/w1", COSIGNED_S)
    );
}

#[test]
fn each_changed_bit_and_each_cut_of_the_checkpoint_is_refused() {
    let policy = policy("quorum w\n");
    let believed = |bytes: &[u8]| Note::parse(bytes).and_then(|note| policy.check(&note)).is_ok();
    assert!(believed(CHECKPOINT.as_bytes()));
    every_change(CHECKPOINT.as_bytes(), |at, harmed| assert!(!believed(harmed), "byte {at}"));
}

/// Without a quorum a change may turn the witness's signature into one of an unknown key, which
/// the specification has us ignore: what is believed is then still what was signed.
#[test]
fn changes_that_are_not_refused_are_harmless() {
    let (golden, policy) = (Golden::read(), policy("quorum none\n"));
    let witness_line = CHECKPOINT.rfind('\u{2014}').unwrap();
    let mut ignored = 0;
    every_change(CHECKPOINT.as_bytes(), |at, harmed| {
        let Ok(accepted) = Note::parse(harmed).and_then(|note| policy.check(&note)) else { return };
        assert_eq!(accepted.checkpoint.root(), &golden.hash("root"), "byte {at}");
        assert_eq!((accepted.checkpoint.size(), accepted.cosigned.len()), (300, 0), "byte {at}");
        assert!(at + 1 >= witness_line, "byte {at}");
        ignored += 1;
    });
    assert!(ignored > 100, "name and id of the witness: {ignored} changes");
}

#[test]
fn the_record_proof_is_made_and_believed() {
    let (golden, log, policy) = (Golden::read(), Log::new(), policy("quorum w\n"));
    let path = inclusion::prove(73, 300, |level, index| Ok::<_, Error>(log.nodes[&(level, index)])).unwrap();
    let checkpoint = Note::parse(CHECKPOINT.as_bytes()).unwrap();
    let proof = RecordProof { extra: None, index: 73, path, checkpoint };
    assert_eq!(proof.to_string(), RECORD_PROOF);
    assert_eq!(RecordProof::parse(RECORD_PROOF.as_bytes()).as_ref(), Ok(&proof));
    assert_eq!(proof.verify(&leaf_of(73), &policy).unwrap().checkpoint.root(), &golden.hash("root"));
    for index in (0..300).filter(|index| *index != 73) {
        assert!(proof.verify(&leaf_of(index), &policy).is_err(), "leaf {index}");
        assert!(proof.verify(&Leaf { index: 73, ..leaf_of(index) }, &policy).is_err(), "body {index}");
    }
}

#[test]
fn each_changed_bit_and_each_cut_of_the_record_proof_is_refused() {
    let (policy, leaf) = (policy("quorum w\n"), leaf_of(73));
    let believed = |bytes: &[u8]| RecordProof::parse(bytes).and_then(|proof| proof.verify(&leaf, &policy)).is_ok();
    assert!(believed(RECORD_PROOF.as_bytes()));
    every_change(RECORD_PROOF.as_bytes(), |at, harmed| assert!(!believed(harmed), "byte {at}"));
}

#[test]
fn the_tiles_are_made_and_read() {
    let log = Log::new();
    let mut files = 0;
    for content in [Content::Hashes(0), Content::Hashes(1), Content::Hashes(2), Content::Entries] {
        for index in 0..3 {
            let Some(place) = TilePath::in_tree(content, index, 300) else { continue };
            assert_eq!(place.to_string().parse(), Ok(place));
            let bytes = std::fs::read(tiles().join(place.to_string())).unwrap();
            check_tile(&log, place, &bytes);
            files += 1;
        }
    }
    assert_eq!(files, 5, "all tiles of the tree, no other");
    assert_eq!(count_files(&tiles().join("tile")), files);
    assert_eq!(std::fs::read_to_string(tiles().join("checkpoint")).unwrap(), CHECKPOINT);
}

fn check_tile(log: &Log, place: TilePath, bytes: &[u8]) {
    let first = place.index() * 256;
    let all = first..first + u64::from(place.width());
    match place.content() {
        Content::Hashes(level) => {
            let made: Vec<Hash> = all.map(|index| log.nodes[&(level * 8, index)]).collect();
            assert_eq!(tile::parse_hashes(bytes, place.width()).unwrap(), made, "{place}");
        }
        Content::Entries => {
            let (mut bundle, mut entry) = (Vec::new(), Vec::new());
            for index in all {
                leaf_of(index).entry(&mut entry);
                tile::push_entry(&entry, &mut bundle).unwrap();
            }
            assert_eq!(bundle, bytes, "{place}");
            let entries = tile::parse_entries(bytes, place.width()).unwrap();
            let leaves: Vec<Hash> = entries.into_iter().map(leaf_hash).collect();
            assert_eq!(leaves, log.leaves[first as usize..][..leaves.len()], "{place}");
        }
    }
}

/// The log of the vectors, made again from its rule.
struct Log {
    leaves: Vec<Hash>,
    nodes: HashMap<(u8, u64), Hash>,
    tree: Frontier,
}

impl Log {
    fn new() -> Self {
        let mut scratch = Vec::new();
        let leaves: Vec<Hash> = (0..300).map(|index| leaf_of(index).hash(&mut scratch)).collect();
        let (mut nodes, mut tree) = (HashMap::new(), Frontier::new());
        for leaf in &leaves {
            tree.push(*leaf, &mut |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        Self { leaves, nodes, tree }
    }
}

/// The rule of the vectors; the archive makes its salts in another way.
fn leaf_of(index: u64) -> Leaf {
    let body = format!("{{\"n\":{index},\"op\":\"Sign-in\"}}");
    let salt: Hash = Sha256::digest(format!("salt{index}")).into();
    let salt: &Salt = salt.first_chunk().unwrap();
    let time = |minute: u64| parse_time(format!("2026-09-02T23:{minute:02}:{:02}.000000000Z", index % 60).as_bytes());
    Leaf {
        index,
        event_ns: time(0).unwrap(),
        received_ns: time(1).unwrap(),
        body_len: body.len() as u64,
        commitment: commitment(salt, body.as_bytes()),
    }
}

fn log_signer() -> NoteSigner {
    NoteSigner::new("archive.example/contoso/entra-signin", &Sha256::digest("golden log key").into()).unwrap()
}

fn witness() -> Cosigner {
    Cosigner::new("replica.example/w1", &Sha256::digest("golden witness key").into()).unwrap()
}

fn policy(quorum: &str) -> Policy {
    let golden = Golden::read();
    let text = format!("log {}\nwitness w {}\n{quorum}", golden.text("vkey"), golden.text("wkey"));
    Policy::parse(text.as_bytes()).unwrap()
}

/// Each bit flipped, and the file cut before each byte.
fn every_change(bytes: &[u8], mut check: impl FnMut(usize, &[u8])) {
    for (at, bit) in bits(bytes.len()) {
        let mut harmed = bytes.to_vec();
        harmed[at] ^= bit;
        check(at, &harmed);
    }
    (0..bytes.len()).for_each(|at| check(at, &bytes[..at]));
}

fn bits(bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    (0..bytes).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)))
}

struct Golden(serde_json::Value);

impl Golden {
    fn read() -> Self {
        Self(json(include_str!("golden/golden.json")))
    }

    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap()
    }

    fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap()
    }

    fn hash(&self, field: &str) -> Hash {
        decode(self.text(field)).try_into().unwrap()
    }

    fn hashes(&self, field: &str) -> Vec<Hash> {
        let texts = self.0[field].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
        texts.map(|text| decode(text).try_into().unwrap()).collect()
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn tiles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tlogdir")
}

fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}
