//! Following, stopping, damage, rollback and fork, and what is restored.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::record::{Append, Batch, Cursor};
use crate::stream::StreamName;
use crate::time::Timestamp;
use crate::verify::{Verification, verify};
use crate::writer::Writer;

const NOW: Timestamp = Timestamp(1_788_390_000_000_000_000);

struct Pair {
    folder: tempfile::TempDir,
    key: LogKey,
}

fn options() -> Options {
    Options { memory_bytes: 32 << 20, ..Options::default() }
}

fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

/// `count` records; every fortieth is 300 kB, so that blocks of all sizes are cut.
fn append(writer: &mut Writer, stream: &str, from: u64, count: u64, is_large: bool) {
    let mut batch = Batch::new(name(stream), Timestamp(from as i64));
    for number in from..from + count {
        let padding = if is_large && number.is_multiple_of(40) { 300_000 } else { 20 };
        let body = format!(r#"{{"n":{number},"pad":"{}"}}"#, "x".repeat(padding));
        batch.push(body.as_bytes(), Timestamp(number as i64), Some(number.to_string().as_bytes()));
    }
    let cursor = Cursor { name: format!("of/{stream}"), value: (from + count).to_string().into_bytes() };
    writer.append(&Append { batches: vec![batch], cursors: vec![cursor] }).unwrap();
}

impl Pair {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: LogKey::generate("archive.example/a").unwrap() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn create(&self) -> Writer {
        Writer::create(&self.path("archive"), &options()).unwrap()
    }

    fn source(&self) -> Archive {
        Archive::open(&self.path("archive"), &options()).unwrap()
    }

    fn open(&self, source: &Archive) -> Replica {
        Replica::open(&self.path("replica"), source, ReplicaKind::Following, &options()).unwrap()
    }

    fn take(&self) -> Round {
        let source = self.source();
        let mut replica = self.open(&source);
        let mut round = replica.take(&source, Some(&self.key), &mut |_| true).unwrap();
        if round.divergences.is_empty() {
            round.damage.extend(replica.take_ids(&source, &mut |_| true).unwrap().damage);
        }
        round
    }

    /// The replica says of itself what the archive says, and is right in itself.
    fn same(&self) -> Verification {
        let copy = Archive::open(&self.path("replica"), &options()).unwrap();
        let source = self.source();
        assert_eq!(copy.streams().unwrap(), source.streams().unwrap());
        let report = verify(&copy, Some(&self.key), None, &mut |_| {}).unwrap();
        assert_eq!((&report.damage, &report.unchecked), (&vec![], &vec![]));
        for stream in source.streams().unwrap() {
            assert_eq!(copy.checkpoint(&stream.name).unwrap(), source.checkpoint(&stream.name).unwrap());
        }
        assert_eq!(dump(&copy, Family::Seen), dump(&source, Family::Seen));
        assert_eq!(dump(&copy, Family::Cursor), dump(&source, Family::Cursor));
        assert_eq!(dump(&copy, Family::Tree), dump(&source, Family::Tree));
        report
    }
}

fn dump(archive: &Archive, family: Family) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let store = archive.store();
    let (mut all, end) = (BTreeMap::new(), vec![255; 600]);
    let mut scan = store.scan(family, &[], &end).unwrap();
    while let Some(entry) = scan.next().unwrap() {
        if !entry.key.starts_with(OWN_CURSORS.as_bytes()) {
            all.insert(entry.key.to_vec(), entry.value.to_vec());
        }
    }
    all
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_replica_follows_through_tails_ragged_blocks_and_full_ones() {
    let pair = Pair::new();
    let mut writer = pair.create();
    let mut at = 0;
    for (count, is_large, seal, sign) in [
        (1, false, false, false),
        (5, false, true, true),
        (900, false, false, false),
        (300, false, true, true),
        (0, false, false, false),
        (2500, true, false, false),
        (900, true, true, true),
        (10, true, false, true),
        (3000, false, true, true),
    ] {
        append(&mut writer, "a/b", at, count, is_large);
        append(&mut writer, "c", at, count / 3, false);
        at += count;
        if seal {
            writer.seal_tails().unwrap();
        }
        if sign {
            writer.sign(&pair.key, NOW).unwrap();
        }
        let round = pair.take();
        assert_eq!((&round.divergences, &round.damage, round.stopped), (&vec![], &vec![], false));
        pair.same();
    }
    let again = pair.take();
    assert_eq!(again.copied, Copied::default(), "nothing is copied twice");
}

#[test]
fn stopped_after_any_part_it_is_whole_and_goes_on() {
    let pair = Pair::new();
    let mut writer = pair.create();
    for part in 0..8 {
        append(&mut writer, "a/b", part * 4000, 4000, true);
    }
    writer.sign(&pair.key, NOW).unwrap();
    let source = pair.source();
    let mut stops = 0;
    loop {
        let mut replica = pair.open(&source);
        replica.part_bytes = 200;
        let round = replica.take(&source, Some(&pair.key), &mut |_| false).unwrap();
        assert_eq!((&round.divergences, &round.damage), (&vec![], &vec![]));
        drop(replica);
        let copy = Archive::open(&pair.path("replica"), &options()).unwrap();
        let report = verify(&copy, Some(&pair.key), None, &mut |_| {}).unwrap();
        assert_eq!(report.damage, []);
        stops += 1;
        if round.copied == Copied::default() {
            break;
        }
        assert!(stops < 200);
    }
    assert!(stops > 5, "{stops}");
    pair.take();
    pair.same();
}

#[test]
fn an_archive_that_was_set_back_or_went_another_way_is_refused() {
    let pair = Pair::new();
    let mut writer = pair.create();
    append(&mut writer, "a/b", 0, 3000, false);
    drop(writer);
    copy_folder(&pair.path("archive"), &pair.path("older"));
    let mut writer = Writer::open(&pair.path("archive"), &options()).unwrap();
    append(&mut writer, "a/b", 3000, 700, false);
    append(&mut writer, "c", 0, 5, false);
    drop(writer);
    assert_eq!(pair.take().divergences, []);
    fs::rename(pair.path("archive"), pair.path("newer")).unwrap();
    fs::rename(pair.path("older"), pair.path("archive")).unwrap();
    let found = pair.take().divergences;
    assert_eq!(
        found.iter().map(|found| (found.kind, found.from)).collect::<Vec<_>>(),
        [(DivergenceKind::Rollback, Some(3000)), (DivergenceKind::Rollback, Some(0)),]
    );
    assert!(found[0].to_string().starts_with("ROLLBACK: a/b: the archive has 3000 records with root "), "{}", found[0]);
    let mut writer = Writer::open(&pair.path("archive"), &options()).unwrap();
    append(&mut writer, "c", 0, 9, false);
    append(&mut writer, "a/b", 3000, 1300, true);
    drop(writer);
    let found = pair.take().divergences;
    assert_eq!(
        found.iter().map(|found| (found.kind, found.from)).collect::<Vec<_>>(),
        [(DivergenceKind::Fork, Some(3000)), (DivergenceKind::Fork, Some(0)),]
    );
    assert!(found[0].to_string().ends_with("; they differ from record 3000 on"), "{}", found[0]);
    fs::rename(pair.path("archive"), pair.path("older")).unwrap();
    fs::rename(pair.path("newer"), pair.path("archive")).unwrap();
    assert_eq!(pair.take().divergences, []);
    pair.same();
}

#[test]
fn nothing_else_writes_to_a_replica_and_no_other_archive() {
    let pair = Pair::new();
    let mut writer = pair.create();
    append(&mut writer, "a/b", 0, 5, false);
    pair.take();
    assert!(matches!(Writer::open(&pair.path("replica"), &options()), Err(Error::ReplicaOnly(_))));
    assert!(matches!(Writer::create(&pair.path("replica"), &options()), Err(Error::ReplicaOnly(_))));
    let other = Pair::new();
    drop(other.create());
    let refused = Replica::open(&pair.path("replica"), &other.source(), ReplicaKind::Following, &options());
    assert!(matches!(refused, Err(Error::OtherArchive(_))));
    let refused = Replica::open(&pair.path("archive"), &pair.source(), ReplicaKind::Following, &options());
    assert!(matches!(refused, Err(Error::NoReplica(_))));
    let refused = Replica::open(&pair.path("replica"), &pair.source(), ReplicaKind::Restoring, &options());
    assert!(matches!(refused, Err(Error::NoReplica(_))));
}

#[test]
fn what_is_restored_from_a_replica_goes_on() {
    let pair = Pair::new();
    let mut writer = pair.create();
    append(&mut writer, "a/b", 0, 3000, false);
    writer.sign(&pair.key, NOW).unwrap();
    drop(writer);
    pair.take();
    let replica = Archive::open(&pair.path("replica"), &options()).unwrap();
    let mut restored = Replica::open(&pair.path("new"), &replica, ReplicaKind::Restoring, &options()).unwrap();
    restored.take(&replica, Some(&pair.key), &mut |_| true).unwrap();
    restored.take_ids(&replica, &mut |_| true).unwrap();
    restored.promote().unwrap();
    let mut writer = Writer::open(&pair.path("new"), &options()).unwrap();
    assert_eq!(writer.archive().streams().unwrap(), pair.source().streams().unwrap());
    append(&mut writer, "a/b", 0, 3001, false);
    assert_eq!(writer.archive().head(&name("a/b")).unwrap().unwrap().size, 3001, "duplicates are known");
    writer.sign(&pair.key, NOW).unwrap();
    drop(writer);
    fs::rename(pair.path("archive"), pair.path("lost")).unwrap();
    fs::rename(pair.path("new"), pair.path("archive")).unwrap();
    assert_eq!(pair.take().divergences, []);
    pair.same();
}

#[test]
fn damage_is_not_taken_and_what_stands_before_it_is() {
    let pair = Pair::new();
    let mut writer = pair.create();
    append(&mut writer, "a/b", 0, 5000, false);
    append(&mut writer, "c", 0, 10, false);
    let store = writer.archive().store();
    let key = crate::store::chunk_key(1, 2048, 0);
    let mut chunk = store.get(Family::Chunk, &key).unwrap().unwrap();
    chunk[3] ^= 1;
    let mut changes = crate::store::Changes::new(&store);
    changes.put(Family::Chunk, &key, &[&chunk]).unwrap();
    store.commit(changes).unwrap();
    drop((store, writer));
    let round = pair.take();
    assert_eq!(round.damage.len(), 1);
    assert_eq!(round.damage[0].block, Some(2048));
    let copy = Archive::open(&pair.path("replica"), &options()).unwrap();
    assert_eq!(copy.head(&name("c")).unwrap().map(|head| head.size), Some(10), "other streams go on");
    assert_eq!(verify(&copy, None, None, &mut |_| {}).unwrap().damage, []);
}
