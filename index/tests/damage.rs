//! A damaged index says so or answers rightly: every byte of its files changed, every file cut and removed.

use std::path::{Path, PathBuf};

use logkeep_index::{Index, Search};
use logkeep_storage::Timestamp;

use crate::dice::Dice;
use crate::reference::expected;
use crate::shelf::{Shelf, difference};

/// Files that say nothing about what is found where.
const WITHOUT_MEANING: &[&str] = &["LOCK", ".managed.json", "meta.json", ".tantivy-writer.lock", ".tantivy-meta.lock"];

/// One full block of few words and some ids, so that the files are small.
fn small() -> Shelf {
    let mut shelf = Shelf::new(1);
    let mut dice = Dice::new(7);
    let ids: Vec<String> = (0..12).map(|_| format!("{}-4f89-11d3-9a0c-0305e82c3301", dice.hex(8))).collect();
    let mut stream = |shelf: &mut Shelf, name: &str, words: &[&str]| {
        let events: Vec<Timestamp> = (0..1024).map(Timestamp).collect();
        let body = |_: &Timestamp| {
            format!(r#"{{"user":"{}","id":"{}","n":{}}}"#, dice.pick(words), dice.one_of(&ids), dice.below(30))
                .into_bytes()
        };
        let bodies: Vec<Vec<u8>> = events.iter().map(body).collect();
        shelf.append_these(&name.parse().unwrap(), &events, &bodies);
    };
    stream(&mut shelf, "a/one", &["anna", "bob", "carol"]);
    stream(&mut shelf, "b/two", &["dave", "erin", "anna b"]);
    let mut indexer = shelf.indexer();
    indexer.catch_up(&shelf.archive(), &mut |_| {}).unwrap();
    indexer.finish().unwrap();
    shelf
}

fn questions(shelf: &Shelf) -> Vec<Search> {
    let id = shelf.all[3].values[1].1.clone();
    ["anna", "erin", "user:car*", "*av*", "n=7", "-bob", &id]
        .iter()
        .map(|text| Search { limit: Some(40), ..Search::new(text.parse().unwrap()) })
        .collect()
}

/// Whether the index says that it is damaged; panics if it answers wrongly.
fn says_so(shelf: &Shelf, searches: &[Search], what: &str) -> bool {
    let Ok(index) = Index::open(&shelf.root()) else { return true };
    let is_noticed = match &index {
        Some(index) => index.check(&shelf.archive(), &mut |_| {}).is_ok_and(|checked| !checked.findings.is_empty()),
        None => true,
    };
    let searcher = shelf.searcher(index);
    for search in searches {
        assert_eq!(difference(&expected(&shelf.all, search), &searcher, search), None, "{what}");
    }
    is_noticed
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Where the footer of one of tantivy's files begins: a version and the data's checksum.
fn end_of_data(file: &Path, bytes: &[u8]) -> usize {
    let Some((rest, end)) = bytes.split_last_chunk::<8>().filter(|_| file.parent().unwrap().ends_with("dictionary"))
    else {
        return bytes.len();
    };
    let footer = u32::from_le_bytes([end[0], end[1], end[2], end[3]]);
    rest.len() - footer as usize
}

fn has_meaning(file: &Path) -> bool {
    !WITHOUT_MEANING.contains(&file.file_name().unwrap().to_str().unwrap())
}

#[test]
fn every_changed_byte_is_noticed_or_harmless() {
    let shelf = small();
    let searches = questions(&shelf);
    assert!(!says_so(&shelf, &searches, "whole"));
    for file in files(&shelf.root()) {
        let good = std::fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 7);
            std::fs::write(&file, &bad).unwrap();
            let what = format!("byte {at} of {}", file.display());
            let is_meant = has_meaning(&file) && at < end_of_data(&file, &good);
            assert!(says_so(&shelf, &searches, &what) || !is_meant, "{what}");
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(!says_so(&shelf, &searches, "whole again"));
}

#[test]
fn every_cut_and_missing_file_is_noticed_and_made_anew() {
    let shelf = small();
    let searches = questions(&shelf);
    for file in files(&shelf.root()) {
        let name = file.file_name().unwrap().to_owned();
        let good = std::fs::read(&file).unwrap();
        for length in (0..good.len()).step_by(1 + good.len() / 40) {
            std::fs::write(&file, &good[..length]).unwrap();
            let what = format!("{name:?} cut at {length}");
            assert!(says_so(&shelf, &searches, &what) || !has_meaning(&file), "{what}");
        }
        std::fs::write(&file, &good).unwrap();
    }
    let count = files(&shelf.root()).len();
    for number in 0..count {
        let Some(file) = files(&shelf.root()).get(number).cloned() else { continue };
        std::fs::remove_file(&file).unwrap();
        let what = format!("without {}", file.display());
        assert!(says_so(&shelf, &searches, &what) || !has_meaning(&file), "{what}");
        let mut indexer = shelf.indexer();
        indexer.catch_up(&shelf.archive(), &mut |_| {}).unwrap();
        indexer.finish().unwrap();
        assert!(shelf.index().is_some_and(|index| index.blocks() == 2), "{what}: made anew");
        assert!(!says_so(&shelf, &searches, &what), "{what}: made anew");
    }
}
