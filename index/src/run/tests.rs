//! Every id is found in its block, and a damaged run says so.

use proptest::prelude::*;

use super::*;

fn places(count: usize) -> Vec<Place> {
    (0..count).map(|i| Place { stream: i as u32 % 3, first: i as u64 * 1024 }).collect()
}

fn spread(i: u64) -> u64 {
    crate::entry::id_hash(&i.to_string())
}

#[test]
fn ids_are_found_and_others_hardly_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    let places = places(300);
    let entries: Vec<(u64, u32)> = (0..50_000).map(|i| (spread(i), (i % 300) as u32)).collect();
    write(&path, &places, entries.clone()).unwrap();
    let run = Run::open(&path).unwrap();
    for (hash, place) in &entries {
        assert!(run.find(*hash).unwrap().contains(&places[*place as usize]));
    }
    let wrong: usize = (1_000_000..1_010_000).map(|i| run.find(spread(i)).unwrap().len()).sum();
    assert!(wrong < 5_000, "{wrong} wrong blocks in 10,000 searches");
    assert_eq!(run.check().unwrap(), 50_000);
    let bytes_per_id = std::fs::metadata(&path).unwrap().len() as f64 / 50_000.0;
    assert!(bytes_per_id < 2.2, "{bytes_per_id}");
}

#[test]
fn every_flipped_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.run");
    write(&path, &places(5), (0..200).map(|i| (spread(i), (i % 5) as u32)).collect()).unwrap();
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        assert!(Run::open(&path).and_then(|run| run.check()).is_err(), "byte {at}");
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(Run::open(&path).and_then(|run| run.check()).is_err(), "cut at {at}");
    }
}

proptest! {
    #[test]
    fn any_entries_are_found(hashes in proptest::collection::vec(any::<u64>(), 0..300), blocks in 1_usize..70) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.run");
        let places = places(blocks);
        let entries: Vec<(u64, u32)> = hashes.iter().enumerate().map(|(i, hash)| (*hash, (i % blocks) as u32)).collect();
        write(&path, &places, entries.clone()).unwrap();
        let run = Run::open(&path).unwrap();
        for (hash, place) in entries {
            prop_assert!(run.find(hash).unwrap().contains(&places[place as usize]));
        }
    }
}
