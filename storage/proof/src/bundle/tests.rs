//! A bundle comes back byte for byte, proves what it shows and nothing that was changed.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::base64;
use crate::hash::Hash;
use crate::note::NoteSigner;
use crate::policy::Cosigned;
use crate::record_proof::RecordProof;
use crate::salt::SaltKey;
use crate::tree::Frontier;
use crate::trust::{Shortfall, Trust};
use crate::{Cosigner, Policy, range};

const ARCHIVE: &str = "a.example/contoso";
const EVENT_NS: i64 = 1_788_390_000_000_000_000;

/// A stream as an archive has it.
struct Stream {
    name: &'static str,
    bodies: Vec<Vec<u8>>,
    salts: SaltKey,
    nodes: HashMap<(u8, u64), Hash>,
    tree: Frontier,
}

impl Stream {
    fn new(name: &'static str, bodies: Vec<Vec<u8>>) -> Self {
        let salts = SaltKey::new(&[name.len() as u8; 32]);
        let mut stream = Self { name, bodies, salts, nodes: HashMap::new(), tree: Frontier::new() };
        for index in 0..stream.bodies.len() as u64 {
            let hash = stream.record(index).leaf(index).hash(&mut Vec::new());
            let nodes = &mut stream.nodes;
            stream.tree.push(hash, &mut |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        stream
    }

    fn of_size(name: &'static str, size: usize) -> Self {
        Self::new(name, (0..size).map(|n| format!(r#"{{"n":{n},"op":"Sign-in"}}"#).into_bytes()).collect())
    }

    fn record(&self, index: u64) -> ProvenRecord<'_> {
        let body = &self.bodies[index as usize];
        let event_ns = EVENT_NS + index as i64;
        ProvenRecord { event_ns, received_ns: event_ns + 60, salt: self.salts.salt(index), body }
    }

    fn origin(&self) -> String {
        format!("{ARCHIVE}/{}", self.name)
    }

    fn signer(&self) -> NoteSigner {
        NoteSigner::new(&self.origin(), &[self.name.as_bytes()[0]; 32]).unwrap()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(&self.origin(), self.tree.size(), self.tree.root()).unwrap()
    }

    fn prove(&self, ranges: &[(u64, u64)]) -> ProvenLog<'_> {
        let mut note = Note::new(self.checkpoint().to_string()).unwrap();
        note.sign(&self.signer()).unwrap();
        let node = |level, index| Ok::<_, Error>(self.nodes[&(level, index)]);
        let range = |(first, end): &(u64, u64)| ProvenRange {
            first: *first,
            records: (*first..*end).map(|index| self.record(index)).collect(),
            path: range::prove(*first, *end, self.tree.size(), node).unwrap(),
        };
        ProvenLog { note, checkpoint: self.checkpoint(), ranges: ranges.iter().map(range).collect() }
    }
}

fn witness() -> Cosigner {
    Cosigner::new("w.example", &[200; 32]).unwrap()
}

/// A policy of these streams' keys, with the witness as the quorum or none.
fn policy(streams: &[&Stream], quorum: &str) -> String {
    let logs: String = streams.iter().map(|stream| format!("log {}\n", stream.signer().verifier())).collect();
    format!("{logs}witness w {}\nquorum {quorum}\n", witness().verifier())
}

fn trust(text: &str) -> Trust {
    Trust::parse(text.as_bytes()).unwrap()
}

fn bundle<'a>(policy: &'a str, logs: Vec<ProvenLog<'a>>) -> Bundle<'a> {
    Bundle { archive: ARCHIVE, policy: policy.as_bytes(), logs }
}

fn bytes(bundle: &Bundle<'_>) -> Vec<u8> {
    bundle.write(Vec::new()).unwrap()
}

#[test]
fn what_was_written_is_read_and_proven() {
    let (one, two) = (Stream::of_size("audit", 21), Stream::new("sign-in", vec![b"\n\0\xff".to_vec(), Vec::new()]));
    let policy = policy(&[&one, &two], "none");
    let written = bundle(&policy, vec![one.prove(&[(0, 3), (7, 8), (20, 21)]), two.prove(&[(0, 2)])]);
    let bytes = bytes(&written);
    let read = Bundle::parse(&bytes).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.record_count(), 7);
    let verdicts = read.check(&trust(&policy));
    assert_eq!(verdicts.iter().map(StreamVerdict::proven).collect::<Vec<_>>(), [5, 2]);
    let first = &verdicts[0];
    assert_eq!((first.stream.as_str(), first.checkpoint.size(), &*first.flaws), ("audit", 21, [].as_slice()));
    assert_eq!(first.keys, [one.signer().verifier().clone()]);
    assert_eq!((&*first.cosigned, &first.anchor), ([].as_slice(), &None));
    assert_eq!(first.ranges[1], RangeVerdict { first: 7, count: 1, proven: true });
}

#[test]
fn the_form_is_the_documented_one() {
    let stream = Stream::new("s", vec![b"one".to_vec(), b"two\n".to_vec()]);
    let policy = policy(&[&stream], "none");
    let mut log = stream.prove(&[(1, 2)]);
    log.ranges[0].records[0].salt = [0; 16];
    let note = log.note.to_string();
    let hash = base64::encode(&log.ranges[0].path[0]);
    let expected = format!(
        "logkeep-bundle/v1\narchive a.example/contoso\npolicy {}\n{policy}log {}\n{note}range 1 1\n\
         record 2026-09-02T23:00:00.000000001Z 2026-09-02T23:00:00.000000061Z AAAAAAAAAAAAAAAAAAAAAA== 4\ntwo\n\n\
         path 1\n{hash}\nend\n",
        policy.len(),
        note.len(),
    );
    assert_eq!(String::from_utf8(bytes(&bundle(&policy, vec![log]))).unwrap(), expected);
}

#[test]
fn each_changed_byte_is_found() {
    let stream = Stream::of_size("s", 5);
    let policy = policy(&[&stream], "none");
    let good = bytes(&bundle(&policy, vec![stream.prove(&[(1, 3)])]));
    let trust = trust(&policy);
    // The policy in the bundle is not looked at, so changing it is no harm if the form stays.
    let policy_at = good.windows(policy.len()).position(|window| window == policy.as_bytes()).unwrap();
    for at in (0..good.len()).filter(|at| !(policy_at..policy_at + policy.len()).contains(at)) {
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut harmed = good.clone();
            harmed[at] ^= flip;
            let proven = Bundle::parse(&harmed).map(|bundle| {
                let verdicts = bundle.check(&trust);
                (verdicts.iter().map(StreamVerdict::proven).sum::<u64>(), bundle.archive.to_owned(), verdicts)
            });
            if let Ok((proven, archive, verdicts)) = proven {
                assert!(proven < 2, "byte {at} ^ {flip:#x}: {archive} {verdicts:?}");
                assert!(verdicts.iter().any(|verdict| !verdict.flaws.is_empty()), "byte {at} ^ {flip:#x}");
            }
        }
        assert!(Bundle::parse(&good[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn records_that_were_changed_moved_or_left_out_are_not_proven() {
    let stream = Stream::of_size("s", 40);
    let policy = policy(&[&stream], "none");
    let refuse = |change: &dyn Fn(&mut ProvenRange<'_>)| {
        let mut log = stream.prove(&[(3, 6), (9, 12)]);
        change(&mut log.ranges[0]);
        let verdict = bundle(&policy, vec![log]).check(&trust(&policy)).remove(0);
        assert_eq!(verdict.ranges.iter().map(|range| range.proven).collect::<Vec<_>>(), [false, true]);
        assert!(matches!(&*verdict.flaws, [Flaw::Unproven { first: 2..=4, .. }]), "{:?}", verdict.flaws);
        assert!(verdict.flaws[0].to_string().starts_with("UNPROVEN: "), "{}", verdict.flaws[0]);
    };
    refuse(&|range| range.records[1].body = b"{}");
    refuse(&|range| range.records[1].event_ns += 1);
    refuse(&|range| range.records[1].received_ns += 1);
    refuse(&|range| range.records[1].salt[0] ^= 1);
    refuse(&|range| range.records.swap(0, 1));
    refuse(&|range| range.records.retain(|record| record.event_ns != EVENT_NS + 4));
    refuse(&|range| range.records.truncate(2));
    refuse(&|range| range.records.push(range.records[0]));
    refuse(&|range| range.first += 1);
    refuse(&|range| range.first -= 1);
    refuse(&|range| range.path[0][0] ^= 1);
    refuse(&|range| range.path.truncate(range.path.len() - 1));
    refuse(&|range| range.path.push([0; 32]));
}

#[test]
fn nothing_is_proven_without_the_right_key() {
    let stream = Stream::of_size("s", 5);
    let own = policy(&[&stream], "none");
    let mut log = stream.prove(&[(0, 5)]);
    let thief = NoteSigner::new(&stream.origin(), &[9; 32]).unwrap();
    log.note = Note::new(log.note.text().to_owned()).unwrap();
    log.note.sign(&thief).unwrap();
    let forged = bundle(&own, vec![log]);
    let verdict = forged.check(&trust(&own)).remove(0);
    assert_eq!((verdict.proven(), verdict.keys), (0, vec![]));
    assert!(matches!(&*verdict.flaws, [Flaw::Unsigned(Error::Unmet { .. })]));
    assert!(verdict.flaws[0].to_string().starts_with("UNSIGNED: "));
    // Only a policy that the bundle brings itself believes it.
    let theirs = format!("log {}\nquorum none\n", thief.verifier());
    assert_eq!(forged.check(&trust(&theirs))[0].proven(), 5);
}

#[test]
fn a_checkpoint_counts_with_its_quorum_or_by_meta_with_it() {
    let stream = Stream::of_size("s", 5);
    let tip = |json: String| format!(r#"{{"tips":[{json}],"type":"stream-tip"}}"#).into_bytes();
    let other = Checkpoint::new(&stream.origin(), 4, stream.tree.root()).unwrap();
    let meta = Stream::new("_meta", vec![b"{}".to_vec(), tip(other.json()), tip(stream.checkpoint().json())]);
    let policy = policy(&[&stream, &meta], "w");
    let with = |cosign_meta: bool, cosign_stream: bool, range: (u64, u64), harm: bool| {
        let (mut meta, mut stream) = (meta.prove(&[range]), stream.prove(&[(1, 3)]));
        if cosign_meta {
            meta.note.cosign(&witness(), 60).unwrap();
        }
        if cosign_stream {
            stream.note.cosign(&witness(), 70).unwrap();
        }
        if harm {
            meta.ranges[0].path[0][0] ^= 1;
        }
        bundle(&policy, vec![meta, stream]).check(&trust(&policy)).remove(1)
    };
    let cosigned = |time_s| vec![Cosigned { witness: "w.example".to_owned(), time_s }];
    let both = with(true, true, (2, 3), false);
    assert_eq!((both.proven(), both.cosigned, both.anchor), (2, cosigned(70), None));
    let anchored = with(true, false, (1, 3), false);
    assert_eq!((anchored.proven(), &anchored.flaws), (2, &vec![]));
    let keys = vec![meta.signer().verifier().clone()];
    assert_eq!(anchored.anchor, Some(Anchor { index: 2, keys, cosigned: cosigned(60) }));
    for (cosign_meta, range, harm) in [(false, (2, 3), false), (true, (0, 2), false), (true, (2, 3), true)] {
        let verdict = with(cosign_meta, false, range, harm);
        assert_eq!((verdict.proven(), &verdict.anchor), (0, &None), "{cosign_meta} {range:?} {harm}");
        assert!(matches!(&*verdict.flaws, [Flaw::Unwitnessed(Error::Unmet { .. })]), "{:?}", verdict.flaws);
        assert!(verdict.flaws[0].to_string().starts_with("UNWITNESSED: "));
        assert_eq!(verdict.keys.len(), 1);
    }
}

#[test]
fn meta_speaks_for_streams_of_which_no_key_is_known_and_for_no_others() {
    let stream = Stream::of_size("s", 5);
    let meta = Stream::new("_meta", vec![stream.checkpoint().json().into_bytes()]);
    let check = |policy: &str, cosign: bool, stream: ProvenLog<'_>| {
        let mut anchor = meta.prove(&[(0, 1)]);
        if cosign {
            anchor.note.cosign(&witness(), 60).unwrap();
        }
        bundle(policy, vec![anchor, stream]).check(&trust(policy)).remove(1)
    };
    let by_meta = check(&policy(&[&meta], "none"), false, stream.prove(&[(0, 1)]));
    assert_eq!((by_meta.proven(), &*by_meta.keys, &*by_meta.flaws), (1, [].as_slice(), [].as_slice()));
    assert_eq!(by_meta.anchor.unwrap().keys, [meta.signer().verifier().clone()]);
    assert_eq!(check(&policy(&[&meta], "w"), true, stream.prove(&[(0, 1)])).proven(), 1);
    assert_eq!(check(&policy(&[&meta], "w"), false, stream.prove(&[(0, 1)])).proven(), 0);
    // Where a key of the stream is known it must have signed.
    let mut unsigned = stream.prove(&[(0, 1)]);
    unsigned.note = Note::new(unsigned.note.text().to_owned()).unwrap();
    unsigned.note.sign(&NoteSigner::new(&stream.origin(), &[9; 32]).unwrap()).unwrap();
    let both = policy(&[&meta, &stream], "none");
    let verdict = check(&both, true, unsigned.clone());
    assert!(verdict.proven() == 0 && matches!(&*verdict.flaws, [Flaw::Unsigned(Error::Unmet { .. })]));
    assert_eq!(check(&policy(&[&meta], "none"), false, unsigned.clone()).proven(), 1);
    // A checkpoint that nobody repeats, by a log that nobody knows.
    let other = Stream::of_size("t", 5);
    let verdict = check(&policy(&[&meta], "none"), true, other.prove(&[(0, 1)]));
    let [flaw] = &*verdict.flaws else { panic!("{verdict:?}") };
    let why = "UNSIGNED: policy: expected a key of t, or a record of _meta that repeats its checkpoint, got neither";
    assert_eq!((verdict.proven(), flaw.to_string().as_str()), (0, why));
    // A signature that is wrong is never made good by _meta.
    let mut wrong = unsigned;
    let cosigned_other = witness().cosign(&other.checkpoint(), 60).unwrap();
    wrong.note.add(cosigned_other).unwrap();
    assert_eq!(check(&policy(&[&meta], "none"), true, wrong).proven(), 0);
    // Without cosignatures _meta adds nothing to a stream that has signed.
    assert_eq!(check(&both, false, stream.prove(&[(0, 1)])).anchor, None);
    assert!(check(&both, true, stream.prove(&[(0, 1)])).anchor.is_some());
}

#[test]
fn only_the_log_named_meta_anchors_and_only_at_its_size() {
    let stream = Stream::of_size("s", 5);
    let impostor = Stream::new("a_meta", vec![stream.checkpoint().json().into_bytes()]);
    let meta = Stream::new("_meta", vec![stream.checkpoint().json().into_bytes()]);
    let policy = policy(&[&stream, &impostor, &meta], "w");
    let check = |other: &Stream, expect: &str| {
        let mut anchor = other.prove(&[(0, 1)]);
        anchor.note.cosign(&witness(), 60).unwrap();
        let verdicts =
            bundle(&policy, vec![anchor, stream.prove(&[(0, 1)])]).check(&trust(&format!("{policy}{expect}")));
        verdicts[1].proven()
    };
    assert_eq!(check(&meta, ""), 1);
    assert_eq!(check(&impostor, ""), 0);
    assert_eq!(check(&meta, "# logkeep expect a.example/contoso/_meta 1\n"), 1);
    assert_eq!(check(&meta, "# logkeep expect a.example/contoso/_meta 2\n"), 0);
}

#[test]
fn a_smaller_stream_than_expected_is_a_rollback() {
    let stream = Stream::of_size("s", 5);
    let policy = policy(&[&stream], "none");
    let check = |size_min: u64| {
        let trust = trust(&format!("{policy}# logkeep expect {} {size_min}\n", stream.origin()));
        bundle(&policy, vec![stream.prove(&[(0, 5)])]).check(&trust).remove(0)
    };
    assert_eq!((check(5).proven(), check(5).flaws), (5, vec![]));
    let set_back = check(6);
    assert_eq!(set_back.proven(), 0);
    assert!(matches!(&*set_back.flaws, [Flaw::Rollback(Shortfall::Rollback { size: 5, .. })]));
    assert!(set_back.flaws[0].to_string().starts_with("ROLLBACK: a.example/contoso/s has 5"));
}

#[test]
fn exported_records_prove_themselves() {
    let stream = Stream::of_size("s", 11);
    let text = policy(&[&stream], "none");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let log = stream.prove(&[(2, 9)]);
    let mut count = 0;
    for (index, exported) in (2..).zip(log.export(&log.ranges[0]).unwrap()) {
        let exported = exported.unwrap();
        let read = RecordProof::parse(exported.proof.to_string().as_bytes()).unwrap();
        let leaf = Leaf::parse(&exported.leaf).unwrap();
        assert_eq!(read.verify(&leaf, &policy).unwrap().checkpoint.size(), 11);
        assert_eq!(exported.body, stream.bodies[index as usize]);
        let extra: serde_json::Value = serde_json::from_slice(read.extra.as_ref().unwrap()).unwrap();
        assert_eq!(extra["event"], format!("2026-09-02T23:00:00.00000000{index}Z"));
        assert_eq!(extra["received"], format!("2026-09-02T23:00:00.0000000{}Z", index + 60));
        assert_eq!(extra["salt"], base64::encode(&stream.salts.salt(index)));
        assert_eq!((leaf.index, read.index), (index, index));
        count += 1;
    }
    assert_eq!(count, 7);
    let mut cut = log.ranges[0].clone();
    cut.path.pop();
    assert!(matches!(log.export(&cut).map(|_| ()), Err(Error::ProofLength { .. })));
}

#[test]
fn other_forms_are_refused() {
    let (one, two) = (Stream::of_size("a", 9), Stream::of_size("b", 3));
    let policy = policy(&[&one, &two], "none");
    let good = |logs: Vec<ProvenLog<'_>>| String::from_utf8(bytes(&bundle(&policy, logs))).unwrap();
    let two_ranges = good(vec![one.prove(&[(0, 2), (3, 5)])]);
    let swapped = |text: &str| good(vec![two.prove(&[]), one.prove(&[])]).replace("x", text);
    let touching = good(vec![one.prove(&[(0, 2), (2, 5)])]);
    let falling = good(vec![one.prove(&[(3, 5), (0, 2)])]);
    let overlapping = good(vec![one.prove(&[(0, 4), (3, 5)])]);
    let path_len = one.prove(&[(0, 2)]).ranges[0].path.len();
    let refused = [
        String::new(),
        swapped("x"),
        good(vec![one.prove(&[]), one.prove(&[])]),
        touching,
        falling,
        overlapping,
        two_ranges.replace("bundle/v1", "bundle/v2"),
        two_ranges.replace("archive a.example/contoso", "archive a.example/contosa"),
        two_ranges.replace("archive a.example/contoso", "archive a.example/contoso/a"),
        two_ranges.replace("archive a.example/contoso", "archive a.example/contos"),
        two_ranges.replace("archive a.example/contoso", "archive a.example/contoso "),
        two_ranges.replace("archive a.example/contoso", "archive  a.example/contoso"),
        two_ranges.replace("archive a.example/contoso", "archive"),
        two_ranges.replace("archive a.example/contoso\n", ""),
        two_ranges.replace(&format!("policy {}", policy.len()), &format!("policy {}", policy.len() - 1)),
        two_ranges.replace(&format!("policy {}", policy.len()), "policy 99999999999999999999"),
        two_ranges.replace(&format!("policy {}", policy.len()), "policy 18446744073709551615"),
        two_ranges.replace("range 0 2", "range 0 02"),
        two_ranges.replace("range 0 2", "range 0 1"),
        two_ranges.replace("range 0 2", "range 0 3"),
        two_ranges.replace("range 0 2", "range 0 18446744073709551615"),
        two_ranges.replace("range 0 2", "range 18446744073709551615 2"),
        two_ranges.replace("range 0 2", "range 0 2 "),
        two_ranges.replace("range 0 2", "range 0"),
        two_ranges.replace("range 3 2", "range 3 0"),
        two_ranges.replace("T23:00:00.000000000Z", "T23:00:00.00000000Z"),
        two_ranges.replace("T23:00:00.000000060Z", "T23:00:60.000000000Z"),
        two_ranges.replace(&format!("path {path_len}"), &format!("path {}", path_len + 1)),
        two_ranges.replace(&format!("path {path_len}"), "path 127"),
        two_ranges.replace(&format!("path {path_len}"), "path 18446744073709551615"),
        two_ranges.replace("\nend\n", "\nEND\n"),
        two_ranges.replace("\nend\n", "\nend\n\n"),
        two_ranges.replace("\nend\n", "\nend"),
        two_ranges.replace("\nend\n", "\n"),
        two_ranges.replace("}\nrecord", "}\n\nrecord"),
        two_ranges.replace("}\nrecord", "}record"),
        two_ranges.replace('\n', "\r\n"),
        format!("{two_ranges}{two_ranges}"),
    ];
    for text in &refused {
        assert!(*text != two_ranges);
        assert!(Bundle::parse(text.as_bytes()).is_err(), "{text}");
    }
    let salted = two_ranges.replace("== ", "= ");
    assert!(Bundle::parse(salted.as_bytes()).is_err());
    assert!(Bundle::parse(two_ranges.as_bytes()).is_ok());
    let (before, _) = two_ranges.split_once("range ").unwrap();
    let record = "record 2026-09-02T23:00:00.000000000Z 2026-09-02T23:00:00.000000000Z AAAAAAAAAAAAAAAAAAAAAA== 0\n\n";
    for (range, fits) in [
        ("range 0 0\n".to_owned(), false),
        (format!("range 18446744073709551615 1\n{record}"), false),
        (format!("range 18446744073709551614 1\n{record}"), true),
    ] {
        let text = format!("{before}{range}path 0\nend\n");
        let read = Bundle::parse(text.as_bytes());
        assert_eq!(read.is_ok(), fits, "{range}");
        if let Ok(read) = read {
            assert_eq!(read.check(&trust(&policy))[0].proven(), 0, "no index overflows");
        }
    }
    // No logs, no ranges, and the longest path that can be.
    for text in [good(vec![]), good(vec![one.prove(&[])]), good(vec![one.prove(&[(0, 2)])])] {
        assert!(Bundle::parse(text.as_bytes()).is_ok(), "{text}");
    }
    let hash = base64::encode(&[0; 32]) + "\n";
    let longest = |count: usize| {
        let (head, _) = two_ranges.split_once(&format!("path {path_len}\n")).unwrap();
        format!("{head}path {count}\n{}end\n", hash.repeat(count))
    };
    assert!(Bundle::parse(longest(range::PATH_HASHES_MAX).as_bytes()).is_ok());
    assert!(matches!(Bundle::parse(longest(range::PATH_HASHES_MAX + 1).as_bytes()), Err(Error::Range { .. })));
}

#[test]
fn names_that_begin_alike_are_other_archives() {
    for (archive, origin, stream) in [
        ("a", "a/s", Some("s")),
        ("a", "a/b/s", Some("b/s")),
        ("a", "a/", None),
        ("a", "a", None),
        ("a", "ab/s", None),
        ("a/b", "a/s", None),
    ] {
        assert_eq!(stream_of(archive, origin), stream, "{archive} {origin}");
    }
}

proptest! {
    #[test]
    fn any_bodies_come_back_and_are_proven(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..40), at: usize, count in 1..20_u64,
    ) {
        let stream = Stream::new("s", bodies);
        let (policy, size) = (policy(&[&stream], "none"), stream.tree.size());
        let first = at as u64 % size;
        let written = bundle(&policy, vec![stream.prove(&[(first, (first + count).min(size))])]);
        let bytes = bytes(&written);
        let read = Bundle::parse(&bytes).unwrap();
        prop_assert_eq!(&read, &written);
        prop_assert_eq!(read.check(&trust(&policy))[0].proven(), read.record_count());
    }

    #[test]
    fn whatever_is_read_is_written_the_same(edits in prop::collection::vec((any::<usize>(), any::<u8>(), 0..3_u8), 1..4)) {
        let stream = Stream::of_size("s", 6);
        let policy = policy(&[&stream], "none");
        let mut text = bytes(&bundle(&policy, vec![stream.prove(&[(1, 3), (4, 5)])]));
        for (at, byte, kind) in edits {
            let at = at % text.len();
            match kind {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => text.splice(at..=at, []).for_each(drop),
            }
        }
        if let Ok(read) = Bundle::parse(&text) {
            prop_assert_eq!(bytes(&read), text.clone());
            let _ = read.check(&trust(&policy));
            for log in &read.logs {
                for range in &log.ranges {
                    let _ = log.export(range).map(Iterator::count);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_not_panicked_at(input in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Bundle::parse(&input).is_err());
    }
}
