//! Someone who can write to the database, checksums and all, changes something: it is found and located.

mod reading;

use tempfile::TempDir;

use super::*;
use crate::damage::{Damage, DamageCode};
use crate::error::Error;
use crate::options::Options;
use crate::record::{Append, Batch};
use crate::store::{self, Access, Changes, Family, Store};
use crate::stream::StreamName;
use crate::streams::Stream;
use crate::time::Timestamp;
use crate::writer::Writer;

/// An archive with two full blocks, a ragged one and a tail in one stream, and a few records in another.
struct Scene {
    directory: TempDir,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path(), &options()).unwrap();
        append(&mut writer, "a/b", 0..2500);
        writer.seal_tails().unwrap();
        append(&mut writer, "a/b", 2500..2520);
        append(&mut writer, "c/d", 0..5);
        Self { directory }
    }

    /// Changes the database behind the archive's back.
    fn tamper(&self, change: impl FnOnce(&Store, &mut Changes<'_>)) {
        let path = self.directory.path().join("db");
        let store = Store::open(&path, Access::Write, None, &options()).unwrap();
        let mut changes = Changes::new(&store);
        change(&store, &mut changes);
        store.commit(changes).unwrap();
        store.flush().unwrap();
    }

    fn verify(&self) -> Verification {
        let archive = Archive::open(self.directory.path(), &options()).unwrap();
        verify(&archive, None, None, &mut |_| {}).unwrap()
    }

    /// The codes of the findings, each once.
    fn codes(&self) -> Vec<DamageCode> {
        let mut codes: Vec<_> = self.verify().damage.iter().map(|damage| damage.code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

fn options() -> Options {
    Options { memory_bytes: 32 << 20, ..Options::default() }
}

fn append(writer: &mut Writer, name: &str, numbers: std::ops::Range<u64>) {
    let mut batch = Batch::new(name.parse().unwrap(), Timestamp(1));
    for number in numbers {
        let (id, body) = (number.to_string(), format!("{{\"number\":{number},\"of\":\"{name}\"}}"));
        batch.push(body.as_bytes(), Timestamp(number as i64), Some(id.as_bytes()));
    }
    writer.append(&Append { batches: vec![batch], cursors: vec![] }).unwrap();
}

fn stream(store: &Store) -> Stream {
    let name: StreamName = "a/b".parse().unwrap();
    streams::find(store, &name).unwrap().unwrap()
}

fn get(store: &Store, family: Family, key: &[u8]) -> Vec<u8> {
    store.get(family, key).unwrap().unwrap()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let found = Scene::new().verify();
    assert_eq!(
        (found.damage.as_slice(), found.unchecked.as_slice(), found.notes.as_slice()),
        (&[][..], &[][..], &[][..])
    );
    assert_eq!((found.streams.len(), found.records, found.blocks, found.tips), (2, 2525, 3, 3));
}

#[test]
fn an_empty_archive_is_nothing_to_verify() {
    let directory = tempfile::tempdir().unwrap();
    drop(Writer::create(directory.path(), &options()).unwrap());
    let archive = Archive::open(directory.path(), &options()).unwrap();
    assert!(verify(&archive, None, None, &mut |_| {}).unwrap().is_empty());
}

#[test]
fn progress_ends_with_all_records() {
    let scene = Scene::new();
    let archive = Archive::open(scene.directory.path(), &options()).unwrap();
    let mut seen = Vec::new();
    verify(&archive, None, None, &mut |progress| seen.push(progress)).unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.records));
    let last = seen.last().unwrap();
    assert_eq!((last.records, last.records_total), (2525, 2525));
}

#[test]
fn a_missing_or_changed_chunk_is_named() {
    for change in [true, false] {
        let scene = Scene::new();
        scene.tamper(|_, changes| {
            let key = store::chunk_key(1, 1024, 0);
            if change {
                changes.put(Family::Chunk, &key, &[b"other"]).unwrap();
            } else {
                changes.delete(Family::Chunk, &key).unwrap();
            }
        });
        let found = scene.verify();
        assert_eq!(found.damage.len(), 1, "{:?}", found.damage);
        let damage = &found.damage[0];
        assert_eq!(
            (damage.code, damage.block, damage.column.as_deref()),
            (DamageCode::Chunk, Some(1024), Some("chunk 0"))
        );
        assert_eq!((damage.stream.as_ref().unwrap().as_str(), damage.records.clone()), ("a/b", Some(1024..2048)));
        assert_eq!(found.records, 2525 - 1024);
    }
}

#[test]
fn two_damaged_blocks_are_both_named() {
    let scene = Scene::new();
    scene.tamper(|_, changes| {
        changes.delete(Family::Chunk, &store::chunk_key(1, 0, 0)).unwrap();
        changes.delete(Family::Chunk, &store::chunk_key(1, 2048, 0)).unwrap();
    });
    let blocks: Vec<_> = scene.verify().damage.iter().filter_map(|damage| damage.block).collect();
    assert_eq!(blocks, [0, 2048]);
}

#[test]
fn an_extra_chunk_and_stray_keys_are_found() {
    let scene = Scene::new();
    scene.tamper(|_, changes| {
        changes.put(Family::Chunk, &store::chunk_key(1, 1024, 999), &[b"x"]).unwrap();
        changes.put(Family::Chunk, &store::chunk_key(1, 1025, 0), &[b"x"]).unwrap();
        changes.put(Family::Chunk, &store::chunk_key(1, 5000, 0), &[b"x"]).unwrap();
        changes.put(Family::Chunk, &store::chunk_key(7, 0, 0), &[b"x"]).unwrap();
        changes.put(Family::Tree, &store::node_key(1, 8, 9), &[&[0; 32]]).unwrap();
        changes.put(Family::Tree, &store::node_key(1, 9, 0), &[&[0; 32]]).unwrap();
        changes.put(Family::Tail, &store::place_key(1, 5), &[&[0; 16]]).unwrap();
        changes.put(Family::Tail, &store::place_key(1, 2520), &[&[0; 16]]).unwrap();
        changes.put(Family::Head, &store::stream_key(9), &[b"x"]).unwrap();
        changes.put(Family::Meta, b"other", &[b"x"]).unwrap();
        changes.put(Family::Seen, &store::seen_key(1, [0; 5]), &[&[0xff, 0x7f]]).unwrap();
        changes.put(Family::Seen, &store::seen_key(8, [0; 5]), &[&[0]]).unwrap();
    });
    let damage = scene.verify().damage;
    assert_eq!(damage.len(), 12, "{damage:#?}");
    assert!(damage.iter().all(|damage| damage.code == DamageCode::Stray), "{damage:#?}");
}

#[test]
fn swapped_blocks_are_found() {
    let scene = Scene::new();
    scene.tamper(|store, changes| {
        let heads = [0, 1024].map(|first| get(store, Family::Block, &store::place_key(1, first)));
        changes.put(Family::Block, &store::place_key(1, 1024), &[&heads[0]]).unwrap();
        changes.put(Family::Block, &store::place_key(1, 0), &[&heads[1]]).unwrap();
    });
    let codes = scene.codes();
    assert!(codes.contains(&DamageCode::BlockHead) && codes.contains(&DamageCode::BlockMissing), "{codes:?}");
}

#[test]
fn a_removed_block_is_missing_and_the_others_are_still_checked() {
    let scene = Scene::new();
    scene.tamper(|_, changes| changes.delete(Family::Block, &store::place_key(1, 1024)).unwrap());
    let found = scene.verify();
    let missing: Vec<_> = found.damage.iter().filter(|damage| damage.code == DamageCode::BlockMissing).collect();
    assert_eq!(missing.len(), 1, "{:#?}", found.damage);
    assert_eq!(missing[0].records, Some(1024..2048));
    assert_eq!(found.records, 2525 - 1024);
    assert_eq!(found.unchecked, [] as [&str; 0], "the kept nodes of the tree stand in for the block");
}

#[test]
fn a_removed_last_block_is_missing() {
    let scene = Scene::new();
    scene.tamper(|_, changes| changes.delete(Family::Block, &store::place_key(1, 2048)).unwrap());
    let found = scene.verify();
    let missing = found.damage.iter().find(|damage| damage.code == DamageCode::BlockMissing).unwrap();
    assert_eq!(missing.records, Some(2048..2500));
    assert!(!found.unchecked.is_empty());
}

#[test]
fn a_record_of_the_tail_cannot_go_change_or_move() {
    let row = |store: &Store, index| get(store, Family::Tail, &store::place_key(1, index));
    let scene = Scene::new();
    scene.tamper(|_, changes| changes.delete(Family::Tail, &store::place_key(1, 2510)).unwrap());
    let found = scene.verify();
    assert_eq!(found.damage.len(), 1, "{:#?}", found.damage);
    assert_eq!((found.damage[0].code, found.damage[0].records.clone()), (DamageCode::Tail, Some(2510..2511)));

    let scene = Scene::new();
    scene.tamper(|_, changes| changes.delete(Family::Tail, &store::place_key(1, 2519)).unwrap());
    assert_eq!(scene.codes(), [DamageCode::Tail]);

    let scene = Scene::new();
    scene.tamper(|store, changes| {
        let mut changed = row(store, 2510);
        *changed.last_mut().unwrap() ^= 1;
        changes.put(Family::Tail, &store::place_key(1, 2510), &[&changed]).unwrap();
    });
    assert_eq!(scene.codes(), [DamageCode::Head, DamageCode::Acknowledged]);

    let scene = Scene::new();
    scene.tamper(|store, changes| {
        changes.put(Family::Tail, &store::place_key(1, 2510), &[&row(store, 2511)]).unwrap();
        changes.put(Family::Tail, &store::place_key(1, 2511), &[&row(store, 2510)]).unwrap();
    });
    assert_eq!(scene.codes(), [DamageCode::Head, DamageCode::Acknowledged]);
}

#[test]
fn a_stream_made_shorter_is_less_than_was_acknowledged() {
    let scene = Scene::new();
    scene.tamper(|store, changes| {
        // All as it was before the last append.
        let mut shorter = stream(store);
        let name = shorter.name.clone();
        shorter.head.frontier = logkeep_proof::Frontier::new();
        for first in [0, 1024, 2048] {
            let stored = crate::blocks::head(store, &name, 1, first).unwrap().unwrap();
            let (head, rows) = crate::blocks::rows(store, &name, stored).unwrap();
            for leaf in crate::tree::leaves(first, rows.rows(), &head.salt) {
                shorter.head.frontier.push(leaf, &mut |_, _, _| {});
            }
        }
        streams::put(&shorter, false, changes).unwrap();
        (2500..2520).for_each(|index| changes.delete(Family::Tail, &store::place_key(1, index)).unwrap());
    });
    let archive = Archive::open(scene.directory.path(), &options()).unwrap();
    let lost = archive.lost();
    assert_eq!((lost.len(), lost[0].acknowledged, lost[0].found), (1, 2520, 2500));
    assert!(scene.codes().contains(&DamageCode::Acknowledged));
    let refused = Writer::open(scene.directory.path(), &options());
    assert!(matches!(refused, Err(Error::AcknowledgedLost { .. })), "{refused:?}");
}

#[test]
fn a_stream_that_is_gone_is_less_than_was_acknowledged() {
    let scene = Scene::new();
    scene.tamper(|_, changes| {
        let name: StreamName = "c/d".parse().unwrap();
        changes.delete(Family::Meta, &streams::name_key(&name)).unwrap();
        changes.delete(Family::Meta, &streams::number_key(2)).unwrap();
        changes.delete(Family::Head, &store::stream_key(2)).unwrap();
        (0..5).for_each(|index| changes.delete(Family::Tail, &store::place_key(2, index)).unwrap());
    });
    let found = scene.verify();
    assert!(found.damage.iter().any(|damage| damage.code == DamageCode::Acknowledged), "{:#?}", found.damage);
    let refused = Writer::open(scene.directory.path(), &options());
    assert!(matches!(refused, Err(Error::AcknowledgedLost { .. })), "{refused:?}");
}

#[test]
fn a_changed_or_missing_node_of_the_tree_is_named() {
    for change in [true, false] {
        let scene = Scene::new();
        scene.tamper(|_, changes| {
            let key = store::node_key(1, 8, 5);
            if change {
                changes.put(Family::Tree, &key, &[&[7; 32]]).unwrap();
            } else {
                changes.delete(Family::Tree, &key).unwrap();
            }
        });
        let found = scene.verify();
        assert_eq!(found.damage.len(), 1, "{:#?}", found.damage);
        assert_eq!((found.damage[0].code, found.damage[0].records.clone()), (DamageCode::Tree, Some(1280..1536)));
    }
}

#[test]
fn a_head_with_other_sums_is_found() {
    let scene = Scene::new();
    scene.tamper(|store, changes| {
        let mut other = stream(store);
        other.head.raw_bytes += 1;
        streams::put(&other, false, changes).unwrap();
    });
    assert_eq!(scene.codes(), [DamageCode::Head]);
}

#[test]
fn names_that_do_not_agree_are_found() {
    let scene = Scene::new();
    scene.tamper(|_, changes| {
        let name: StreamName = "c/d".parse().unwrap();
        changes.put(Family::Meta, &streams::name_key(&name), &[&1_u32.to_le_bytes()]).unwrap();
    });
    assert_eq!(scene.codes(), [DamageCode::Value]);
}

#[test]
fn sealing_refuses_a_changed_record() {
    let scene = Scene::new();
    scene.tamper(|store, changes| {
        let key = store::place_key(1, 2510);
        let mut changed = get(store, Family::Tail, &key);
        *changed.last_mut().unwrap() ^= 1;
        changes.put(Family::Tail, &key, &[&changed]).unwrap();
    });
    let mut writer = Writer::open(scene.directory.path(), &options()).unwrap();
    assert!(matches!(writer.seal_tails(), Err(Error::Damaged(damage)) if damage.code == DamageCode::Tail));
}
