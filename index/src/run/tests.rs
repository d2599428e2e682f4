//! Every id is found in its block, and a damaged run says so.

use proptest::prelude::*;

use super::*;

const ARCHIVE: [u8; 16] = [7; 16];

fn blocks(count: usize) -> Vec<IndexedBlock> {
    let place = |i: usize| Place { stream: i as u32 % 3, first: i as u64 * 1024 };
    (0..count).map(|i| IndexedBlock { place: place(i), root: (i as u64).to_le_bytes() }).collect()
}

fn spread(i: u64) -> u64 {
    crate::entry::id_hash(&i.to_string())
}

#[test]
fn ids_are_found_and_others_hardly_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    let blocks = blocks(300);
    let entries: Vec<(u64, u32)> = (0..50_000).map(|i| (spread(i), (i % 300) as u32)).collect();
    write(&path, &ARCHIVE, &blocks, entries.clone()).unwrap();
    let run = Run::open(&path, &ARCHIVE).unwrap();
    for (hash, place) in &entries {
        assert!(run.find(*hash).unwrap().contains(&blocks[*place as usize].place));
    }
    let wrong: usize = (1_000_000..1_010_000).map(|i| run.find(spread(i)).unwrap().len()).sum();
    assert!(wrong < 5_000, "{wrong} wrong blocks in 10,000 searches");
    assert_eq!(run.check(&mut |_, _| {}).unwrap(), 50_000);
    let bytes_per_id = std::fs::metadata(&path).unwrap().len() as f64 / 50_000.0;
    assert!(bytes_per_id < 2.2, "{bytes_per_id}");
}

#[test]
fn every_flipped_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    write(&path, &ARCHIVE, &blocks(5), (0..200).map(|i| (spread(i), (i % 5) as u32)).collect()).unwrap();
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        assert!(Run::open(&path, &ARCHIVE).and_then(|run| run.check(&mut |_, _| {})).is_err(), "byte {at}");
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(Run::open(&path, &ARCHIVE).and_then(|run| run.check(&mut |_, _| {})).is_err(), "cut at {at}");
    }
}

#[test]
fn a_run_of_another_archive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    write(&path, &ARCHIVE, &blocks(5), vec![(spread(1), 0)]).unwrap();
    assert_eq!(Run::open(&path, &ARCHIVE).unwrap().blocks(), blocks(5));
    assert!(Run::open(&path, &[8; 16]).is_err());
}

#[test]
fn impossible_widths_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    write(&path, &ARCHIVE, &blocks(1), vec![(spread(1), 0)]).unwrap();
    let good = std::fs::read(&path).unwrap();
    let end = HEAD_BYTES + PLACE_BYTES;
    for (at, bits) in [(8, 0_u32), (8, 57), (12, 33), (16, 33), (20, 41)] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&bits.to_le_bytes());
        let crc = logkeep_storage::crc32(&bad[..end]);
        bad[end..end + 4].copy_from_slice(&crc.to_le_bytes());
        std::fs::write(&path, &bad).unwrap();
        assert!(Run::open(&path, &ARCHIVE).is_err(), "{bits} at {at}");
    }
}

#[test]
fn runs_are_closed_by_blocks_or_entries() {
    assert!(!is_closed(CLOSED_BLOCKS_MIN - 1, CLOSED_ENTRIES_MIN - 1));
    assert!(is_closed(CLOSED_BLOCKS_MIN, 0) && is_closed(1, CLOSED_ENTRIES_MIN));
}

proptest! {
    #[test]
    fn any_entries_are_found(hashes in proptest::collection::vec(any::<u64>(), 0..300), count in 1_usize..70) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.run");
        let blocks = blocks(count);
        let entries: Vec<(u64, u32)> = hashes.iter().enumerate().map(|(i, hash)| (*hash, (i % count) as u32)).collect();
        write(&path, &ARCHIVE, &blocks, entries.clone()).unwrap();
        let run = Run::open(&path, &ARCHIVE).unwrap();
        for (hash, place) in entries {
            prop_assert!(run.find(hash).unwrap().contains(&blocks[place as usize].place));
        }
    }
}
