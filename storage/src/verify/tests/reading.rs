//! Reading goes on around damage and names what it left out.
#![allow(clippy::single_range_in_vec_init, reason = "one range of records is what is expected")]

use super::*;
use crate::block::BlockHead;
use crate::record::StoredRecord;

fn name() -> StreamName {
    "a/b".parse().unwrap()
}

fn open(scene: &Scene) -> Archive {
    Archive::open(scene.directory.path(), &options()).unwrap()
}

/// One record of the tail with a byte missing, one with no times in it, one gone.
fn harm_tail(scene: &Scene) {
    scene.tamper(|_, changes| {
        changes.put(Family::Tail, &store::place_key(1, 2505), &[b"short"]).unwrap();
        changes.delete(Family::Tail, &store::place_key(1, 2510)).unwrap();
        changes.put(Family::Tail, &store::place_key(1, 2511), &[b"short"]).unwrap();
    });
}

fn indexes(records: &[StoredRecord]) -> Vec<u64> {
    records.iter().map(|record| record.id.index).collect()
}

fn places(damage: &[Damage]) -> Vec<std::ops::Range<u64>> {
    damage.iter().map(|damage| damage.records.clone().unwrap()).collect()
}

fn spans(heads: &[BlockHead]) -> Vec<(u64, u32)> {
    heads.iter().map(|head| (head.first, head.count)).collect()
}

#[test]
fn a_bad_record_of_the_tail_costs_no_other() {
    let scene = Scene::new();
    harm_tail(&scene);
    let (records, damage): (Vec<_>, Vec<_>) = open(&scene).records(&name(), 2500..9999).partition(Result::is_ok);
    let records: Vec<_> = records.into_iter().map(Result::unwrap).collect();
    let damage: Vec<_> = damage.into_iter().map(|error| found(error.unwrap_err())).collect();
    let sound: Vec<u64> = (2500..2520).filter(|index| ![2505, 2510, 2511].contains(index)).collect();
    assert_eq!((indexes(&records), places(&damage)), (sound.clone(), vec![2505..2506, 2510..2511, 2511..2512]));

    let (records, damage) = open(&scene).tail_with_damage(&name()).unwrap();
    assert_eq!((indexes(&records), places(&damage)), (sound, vec![2505..2506, 2510..2511, 2511..2512]));
    assert_eq!(found(open(&scene).tail(&name()).unwrap_err()).records, Some(2505..2506));
    let mut writer = Writer::open(scene.directory.path(), &options()).unwrap();
    assert_eq!(found(writer.seal_tails().unwrap_err()).records, Some(2505..2506), "sealing names the record");
}

#[test]
fn a_sound_tail_is_told_whole() {
    let (records, damage) = open(&Scene::new()).tail_with_damage(&name()).unwrap();
    assert_eq!((indexes(&records), damage), ((2500..2520).collect(), vec![]));
}

fn found(error: Error) -> Damage {
    match error {
        Error::Damaged(damage) => *damage,
        other => panic!("{other}"),
    }
}

#[test]
fn blocks_are_listed_behind_a_bad_head() {
    let scene = Scene::new();
    let all = open(&scene).blocks_with_damage(&name(), 0).unwrap();
    assert_eq!((spans(&all.0), all.1), (vec![(0, 1024), (1024, 1024), (2048, 452)], vec![]));
    scene.tamper(|_, changes| changes.put(Family::Block, &store::place_key(1, 1024), &[b"other"]).unwrap());
    for from in [0, 1023] {
        let (heads, damage) = open(&scene).blocks_with_damage(&name(), from).unwrap();
        assert_eq!((spans(&heads), damage.len()), (vec![(0, 1024), (2048, 452)], 1), "from {from}");
        assert_eq!((damage[0].code, damage[0].block), (DamageCode::BlockHead, Some(1024)));
        assert_eq!(places(&damage), [1024..2048]);
    }
    let (heads, damage) = open(&scene).blocks_with_damage(&name(), 1500).unwrap();
    assert_eq!((spans(&heads), places(&damage)), (vec![(2048, 452)], vec![1024..2048]));
    let (heads, damage) = open(&scene).blocks_with_damage(&name(), 2100).unwrap();
    assert_eq!((spans(&heads), damage), (vec![(2048, 452)], vec![]));
    let (heads, damage) = open(&scene).blocks_with_damage(&name(), 2500).unwrap();
    assert_eq!((spans(&heads), damage), (vec![], vec![]));
}

#[test]
fn blocks_that_are_missing_are_named() {
    for (first, end) in [(0, 1024), (1024, 2048), (2048, 2500)] {
        let scene = Scene::new();
        scene.tamper(|_, changes| changes.delete(Family::Block, &store::place_key(1, first)).unwrap());
        let (heads, damage) = open(&scene).blocks_with_damage(&name(), 0).unwrap();
        assert_eq!((heads.len(), damage.len()), (2, 1));
        assert_eq!((damage[0].code, places(&damage)), (DamageCode::BlockMissing, vec![first..end]));
    }
}

#[test]
fn a_block_over_another_is_named_and_left_out() {
    let scene = Scene::new();
    scene.tamper(|store, changes| {
        // The first block's head again, made for another place.
        let mut head = get(store, Family::Block, &store::place_key(1, 1024));
        let crc = |bytes: &[u8]| crc32fast::hash(bytes).to_le_bytes();
        let body = (0..head.len() - 4).find(|end| crc(&head[..*end]) == head[*end..*end + 4]).unwrap();
        let at = BlockHead::parse(&head).unwrap().first.to_le_bytes();
        let place = head.windows(8).position(|bytes| bytes == at).unwrap();
        head[place..place + 8].copy_from_slice(&512_u64.to_le_bytes());
        let crc = crc(&head[..body]);
        head[body..body + 4].copy_from_slice(&crc);
        BlockHead::parse(&head).unwrap();
        changes.put(Family::Block, &store::place_key(1, 512), &[&head]).unwrap();
    });
    let (heads, damage) = open(&scene).blocks_with_damage(&name(), 0).unwrap();
    assert_eq!(spans(&heads), [(0, 1024), (1024, 1024), (2048, 452)]);
    assert_eq!((damage.len(), damage[0].code, damage[0].block), (1, DamageCode::BlockMisplaced, Some(512)));
}

#[test]
fn a_ledger_that_is_gone_or_changed_is_no_good_news() {
    let scene = Scene::new();
    assert_eq!(open(&scene).ledger_damage(), []);
    let path = scene.directory.path().join("tips.log");
    let bytes = std::fs::read(&path).unwrap();
    let ledger_damage = || open(&scene).ledger_damage().iter().map(|damage| damage.code).collect::<Vec<_>>();
    for bit in [0, 70 * 8, (bytes.len() - 40) * 8, bytes.len() * 8 - 1] {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, changed).unwrap();
        assert!(ledger_damage().starts_with(&[DamageCode::Tips]), "bit {bit}");
    }
    std::fs::write(&path, b"").unwrap();
    assert_eq!(ledger_damage(), [DamageCode::Tips]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ledger_damage(), [DamageCode::Tips]);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(ledger_damage(), [DamageCode::Tips], "what cannot be read");
    assert!(scene.codes().contains(&DamageCode::Tips));
}

#[test]
fn an_append_cut_short_is_no_damage_of_the_ledger() {
    let scene = Scene::new();
    let path = scene.directory.path().join("tips.log");
    let bytes = std::fs::read(&path).unwrap();
    for end in [&[1_u8; 20][..], &[0; 64], &[0; 100]] {
        std::fs::write(&path, [&bytes, end].concat()).unwrap();
        assert_eq!(open(&scene).ledger_damage(), []);
        let writer = Writer::open(scene.directory.path(), &options()).unwrap();
        assert_eq!(writer.recovery().torn_tip_bytes, end.len() as u64);
    }
}

#[test]
fn an_identity_that_cannot_be_read_is_a_finding() {
    let scene = Scene::new();
    let archive = open(&scene);
    let path = scene.directory.path().join("db/IDENTITY");
    std::fs::remove_file(&path).unwrap();
    let report = verify(&archive, None, None, &mut |_| {}).unwrap();
    let files: Vec<_> = report.damage.iter().map(|damage| (damage.code, damage.file.clone())).collect();
    assert_eq!((files, report.records), (vec![(DamageCode::File, Some(path))], 2525));
}

/// Records of 1.5 MiB: four make a block as soon as a fifth and a sixth would be too much for one.
fn large(writer: &mut Writer, numbers: std::ops::Range<u64>) -> Result<()> {
    let mut batch = Batch::new(name(), Timestamp(1));
    for number in numbers {
        let mut body = vec![b'x'; 3 << 19];
        body.extend(number.to_string().bytes());
        batch.push(&body, Timestamp(1), None);
    }
    writer.append(&Append { batches: vec![batch], cursors: vec![] }).map(drop)
}

fn large_scene() -> (Scene, Writer) {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(directory.path(), &options()).unwrap();
    large(&mut writer, 0..5).unwrap();
    (Scene { directory }, writer)
}

#[test]
fn a_changed_record_is_refused_by_each_block_it_comes_into() {
    for index in [1, 4] {
        let (scene, writer) = large_scene();
        drop(writer);
        scene.tamper(|store, changes| {
            let key = store::place_key(1, index);
            let mut changed = get(store, Family::Tail, &key);
            *changed.last_mut().unwrap() ^= 1;
            changes.put(Family::Tail, &key, &[&changed]).unwrap();
        });
        let mut writer = Writer::open(scene.directory.path(), &options()).unwrap();
        // The fifth stays in the tail until that is sealed.
        let appended = large(&mut writer, 5..7);
        assert_eq!(appended.is_err(), index == 1);
        let refused = appended.and_then(|()| writer.seal_tails());
        assert!(matches!(&refused, Err(Error::Damaged(damage)) if damage.code == DamageCode::Tail), "{refused:?}");
    }
    let (scene, mut writer) = large_scene();
    large(&mut writer, 5..7).unwrap();
    drop(writer);
    assert_eq!(spans(&open(&scene).blocks(&name(), 0).unwrap())[0], (0, 4), "sealed while the fifth waits");
}

#[test]
fn records_of_a_block_that_was_replaced_are_read_from_the_new_one_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(directory.path(), &options()).unwrap();
    append(&mut writer, "a/b", 0..500);
    writer.seal_tails().unwrap();
    let archive = writer.archive();
    let old = archive.blocks(&name(), 0).unwrap();
    append(&mut writer, "a/b", 500..3000);
    let rows = archive.block_records(&name(), &old[0], &[7, 499]).unwrap();
    assert_eq!(indexes(&rows), [7, 499]);

    let (_scene, mut writer) = large_scene();
    writer.seal_tails().unwrap();
    let archive = writer.archive();
    let old = archive.blocks(&name(), 0).unwrap();
    large(&mut writer, 5..7).unwrap();
    assert_eq!(indexes(&archive.block_records(&name(), &old[0], &[0, 3]).unwrap()), [0, 3]);
    let refused = found(archive.block_records(&name(), &old[0], &[3, 4]).unwrap_err());
    assert_eq!((refused.block, refused.records), (Some(0), Some(4..5)));
    let refused = archive.read_block(&name(), &old[0], |block| block.bodies(&[0]).map(|bodies| bodies.len()));
    assert_eq!(found(refused.unwrap_err()).records, Some(4..5));
}
