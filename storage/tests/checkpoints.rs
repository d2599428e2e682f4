//! Checkpoints are signed over what was read back, continue what was signed before, and are held against the records.

use logkeep_proof::Trust;
use logkeep_storage::{DamageCode, Error, LogKey, StreamName, Timestamp, Verification, verify};

use crate::sandbox::{Sandbox, append, batch, numbered, stream};

const NOW: Timestamp = Timestamp(1_788_390_000_000_000_000);

fn key() -> LogKey {
    LogKey::generate("archive.example/contoso").unwrap()
}

fn meta() -> StreamName {
    stream("_meta")
}

fn check(sandbox: &Sandbox, key: &LogKey) -> Verification {
    verify(&sandbox.reader(), Some(key), None, &mut |_| {}).unwrap()
}

fn codes(found: &Verification) -> Vec<DamageCode> {
    found.damage.iter().map(|damage| damage.code).collect()
}

#[test]
fn what_grew_is_signed_and_written_down() {
    let (sandbox, key) = (Sandbox::new(), key());
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one", b"two"]));
    append(&mut writer, numbered("c/d", 0..3000));
    let signed = writer.sign(&key, NOW).unwrap();
    let heads: Vec<_> = signed.iter().map(|signed| (signed.stream.to_string(), signed.size)).collect();
    assert_eq!(heads, [("a/b".to_owned(), 2), ("c/d".to_owned(), 3000), ("_meta".to_owned(), 2)]);
    assert!(signed[0].note.starts_with("archive.example/contoso/a/b\n2\n"), "{}", signed[0].note);
    let archive = writer.archive();
    assert_eq!(archive.checkpoint(&stream("a/b")).unwrap().as_ref(), Some(&signed[0]));
    assert_eq!(archive.head(&stream("c/d")).unwrap().unwrap().root, signed[1].root);
    let records: Vec<String> =
        archive.records(&meta(), 0..9).map(|record| String::from_utf8(record.unwrap().body).unwrap()).collect();
    assert!(records[0].starts_with(r#"{"event":"genesis","name":"archive.example/contoso","#), "{records:?}");
    assert!(records[1].contains(r#"{"origin":"archive.example/contoso/a/b","root":""#), "{records:?}");
    assert_eq!(writer.sign(&key, NOW).unwrap(), [], "nothing grew");
    append(&mut writer, numbered("c/d", 3000..3010));
    writer.seal_tails().unwrap();
    let again: Vec<_> = writer.sign(&key, NOW).unwrap().into_iter().map(|signed| signed.size).collect();
    assert_eq!(again, [3010, 3]);
    drop(writer);
    let found = check(&sandbox, &key);
    assert_eq!((found.damage, found.unchecked, found.checkpoints), (vec![], vec![], 3));
}

#[test]
fn another_key_is_no_key() {
    let (sandbox, ours) = (Sandbox::new(), key());
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    writer.sign(&ours, NOW).unwrap();
    append(&mut writer, batch("a/b", &[b"two"]));
    let refused = writer.sign(&key(), NOW);
    assert!(matches!(refused, Err(Error::Damaged(damage)) if damage.code == DamageCode::Checkpoint));
    drop(writer);
    assert_eq!(codes(&check(&sandbox, &key())), [DamageCode::Checkpoint, DamageCode::Checkpoint]);
    let without = verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap();
    assert_eq!((without.damage.len(), without.unchecked.len(), without.checkpoints), (0, 2, 0));
}

#[test]
fn an_archive_set_back_below_its_signature_is_found() {
    let (sandbox, key) = (Sandbox::new(), key());
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    let older = sandbox.copy();
    append(&mut writer, batch("a/b", &[b"two"]));
    writer.sign(&key, NOW).unwrap();
    // An older archive with a ledger of its own has no trace of the loss: that takes a witness.
    assert_eq!(codes(&check(&older, &key)), []);
    drop(writer);
    assert_eq!(codes(&check(&sandbox, &key)), []);
}

/// A trust file with the keys of these streams, and what is expected of them.
fn trust(key: &LogKey, streams: &[&str], expected: &[(&str, u64)]) -> Trust {
    let logs: String = streams.iter().map(|name| format!("log {}\n", key.verifier(&stream(name)).unwrap())).collect();
    let expected: String = expected
        .iter()
        .map(|(name, size)| format!("# logkeep expect {} {size}\n", key.origin(&stream(name))))
        .collect();
    Trust::parse(format!("{logs}quorum none\n{expected}").as_bytes()).unwrap()
}

#[test]
fn a_trust_file_is_as_good_as_the_key_and_finds_what_the_key_does_not() {
    let (sandbox, key) = (Sandbox::new(), key());
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one", b"two"]));
    writer.sign(&key, NOW).unwrap();
    drop(writer);
    let check = |trust: &Trust| verify(&sandbox.reader(), None, Some(trust), &mut |_| {}).unwrap();
    // A stream whose key is not in it is vouched for by _meta.
    for streams in [&["a/b", "_meta"][..], &["_meta"]] {
        let found = check(&trust(&key, streams, &[("a/b", 2), ("_meta", 2)]));
        assert_eq!((found.damage, found.unchecked, found.checkpoints), (vec![], vec![], 2), "{streams:?}");
    }
    let found = check(&trust(&key, &["a/b"], &[]));
    assert_eq!((found.damage.len(), found.unchecked.len(), found.checkpoints), (0, 1, 1), "nobody vouches for _meta");
    let found = check(&trust(&key, &["_meta"], &[("a/b", 3), ("a/c", 1)]));
    assert_eq!(codes(&found), [DamageCode::Rollback, DamageCode::StreamMissing]);
    assert_eq!(found.damage[0].stream, Some(stream("a/b")));
    assert_eq!(found.damage[0].records, Some(2..3));
}

#[test]
fn another_key_of_the_same_name_is_refused_by_the_trust_file() {
    let (sandbox, ours) = (Sandbox::new(), key());
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    writer.sign(&ours, NOW).unwrap();
    drop(writer);
    let trust = trust(&key(), &["a/b", "_meta"], &[]);
    let found = verify(&sandbox.reader(), Some(&ours), Some(&trust), &mut |_| {}).unwrap();
    assert_eq!((codes(&found), found.checkpoints), (vec![DamageCode::Checkpoint, DamageCode::Checkpoint], 0));
}
