//! The golden bundle: five of the 300 golden records, read, proven, and made again byte for byte.
//!
//! `LOGKEEP_UPDATE=1` writes it anew. A change of its form is a new version of the format.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::HashMap;

use logkeep_proof::bundle::{Bundle, Flaw, ProvenLog, ProvenRange, ProvenRecord, StreamVerdict};
use logkeep_proof::{Error, Frontier, Note, Salt, Trust, VerifierKey, parse_time, range};
use sha2::{Digest, Sha256};

const CHECKPOINT: &str = include_str!("golden/checkpoint.txt");
const GOLDEN: &str = include_str!("golden/golden.json");
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/bundle.lkb");
const SIZE: u64 = 300;

#[test]
fn the_golden_bundle_is_made_read_and_proven() {
    let made = made();
    if std::env::var_os("LOGKEEP_UPDATE").is_some() {
        std::fs::write(PLACE, &made).unwrap();
    }
    let golden = std::fs::read(PLACE).unwrap();
    assert!(made == golden, "made:\n{}", String::from_utf8_lossy(&made));
    let bundle = Bundle::parse(&golden).unwrap();
    assert_eq!(bundle.write(Vec::new()).unwrap(), golden);
    let trust = Trust::parse(trust().as_bytes()).unwrap();
    let [verdict] = &*bundle.check(&trust) else { panic!("one stream") };
    assert_eq!((verdict.stream.as_str(), verdict.proven(), &*verdict.flaws), ("entra-signin", 5, &[] as &[Flaw]));
    assert_eq!(verdict.cosigned[0].time_s, 1_788_390_060);
}

#[test]
fn each_changed_bit_of_a_record_path_or_checkpoint_is_refused() {
    let golden = std::fs::read(PLACE).unwrap();
    let trust = Trust::parse(trust().as_bytes()).unwrap();
    let note = golden.windows(CHECKPOINT.len()).position(|window| window == CHECKPOINT.as_bytes()).unwrap();
    for (at, bit) in (note..golden.len()).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit))) {
        let mut harmed = golden.clone();
        harmed[at] ^= bit;
        let proven = Bundle::parse(&harmed).map(|bundle| bundle.check(&trust).iter().map(StreamVerdict::proven).sum());
        assert!(
            proven.is_err() || proven.as_ref().is_ok_and(|proven: &u64| *proven < 5),
            "byte {at} bit {bit}: {proven:?}"
        );
    }
}

fn made() -> Vec<u8> {
    let bodies: Vec<String> = (0..SIZE).map(|index| format!("{{\"n\":{index},\"op\":\"Sign-in\"}}")).collect();
    let (mut tree, mut nodes) = (Frontier::new(), HashMap::new());
    for index in 0..SIZE {
        let hash = record(index, &bodies).leaf(index).hash(&mut Vec::new());
        tree.push(hash, &mut |level, index, hash| {
            nodes.insert((level, index), hash);
        });
    }
    let proven = |first: u64, end: u64| ProvenRange {
        first,
        records: (first..end).map(|index| record(index, &bodies)).collect(),
        path: range::prove(first, end, SIZE, |level, index| Ok::<_, Error>(nodes[&(level, index)])).unwrap(),
    };
    let note = Note::parse(CHECKPOINT.as_bytes()).unwrap();
    let checkpoint = note.text().parse().unwrap();
    let logs = vec![ProvenLog { note, checkpoint, ranges: vec![proven(72, 76), proven(299, 300)] }];
    let bundle = Bundle { archive: "archive.example/contoso", policy: trust().as_bytes(), logs }.write(Vec::new());
    bundle.unwrap()
}

fn record(index: u64, bodies: &[String]) -> ProvenRecord<'_> {
    let salt: [u8; 32] = Sha256::digest(format!("salt{index}")).into();
    let salt: &Salt = salt.first_chunk().unwrap();
    let time = |minute: u64| parse_time(format!("2026-09-02T23:{minute:02}:{:02}.000000000Z", index % 60).as_bytes());
    let body = bodies[index as usize].as_bytes();
    ProvenRecord { event_ns: time(0).unwrap(), received_ns: time(1).unwrap(), salt: *salt, body }
}

fn trust() -> String {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let key = |name: &str| golden[name].as_str().unwrap().parse::<VerifierKey>().unwrap();
    let (log, witness) = (key("vkey"), key("wkey"));
    let expect = format!("# logkeep expect {} {SIZE}", log.name());
    format!("log {log}\nwitness replica {witness}\nquorum replica\n{expect}\n")
}
