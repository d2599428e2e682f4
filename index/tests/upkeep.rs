//! The indexer over time: opened again, after a crash, removed, of another version, refused.

use logkeep_index::{Error, Index, Indexer, Searcher};

use crate::dice::Dice;
use crate::questions;
use crate::reference::expected;
use crate::shelf::{Shelf, difference};

fn assert_agrees(shelf: &Shelf, searcher: &Searcher) {
    let mut dice = Dice::new(5);
    for _ in 0..25 {
        let search = questions::search(&mut dice, &shelf.all);
        assert_eq!(difference(&expected(&shelf.all, &search), searcher, &search), None);
    }
}

fn assert_whole(shelf: &Shelf, blocks: usize) {
    let index = shelf.index().unwrap();
    assert_eq!(index.blocks(), blocks);
    let checked = index.check(&shelf.archive(), &mut |_| {}).unwrap();
    assert_eq!(checked.findings, []);
    assert_agrees(shelf, &shelf.searcher(Some(index)));
}

fn runs(shelf: &Shelf) -> usize {
    std::fs::read_dir(shelf.root().join("runs")).unwrap().count()
}

#[test]
fn an_open_run_is_replaced_and_old_readers_go_on() {
    let mut shelf = Shelf::new(11);
    let mut indexer = shelf.indexer();
    let mut readers = Vec::new();
    for round in 1..5 {
        shelf.append(round, 1500);
        indexer.catch_up(&shelf.archive(), &mut |_| {}).unwrap();
        assert_eq!(runs(&shelf), 1);
        readers.push(shelf.searcher(shelf.index()));
        readers.iter().for_each(|reader| assert_agrees(&shelf, reader));
    }
    drop(indexer);
    assert_whole(&shelf, 4);
}

#[test]
fn what_a_crash_left_is_removed() {
    let mut shelf = Shelf::new(12);
    shelf.append(0, 2100);
    shelf.catch_up();
    let run = shelf.root().join("runs").join("1.run");
    // The run of a commit that did not come: whole, cut, and one of a name that was replaced.
    std::fs::copy(&run, shelf.root().join("runs").join("2.run")).unwrap();
    std::fs::write(shelf.root().join("runs").join("99.run"), b"LKR1").unwrap();
    assert_whole(&shelf, 2);
    shelf.append(1, 1100);
    shelf.catch_up();
    assert_eq!(runs(&shelf), 1);
    assert_whole(&shelf, 3);
}

#[test]
fn removed_and_made_anew() {
    let mut shelf = Shelf::new(13);
    shelf.append(0, 2100);
    shelf.append(2, 1100);
    shelf.catch_up();
    Indexer::remove(&shelf.root()).unwrap();
    assert!(shelf.index().is_none());
    assert_agrees(&shelf, &shelf.searcher(None));
    shelf.catch_up();
    assert_whole(&shelf, 3);
}

#[test]
fn another_version_is_no_index_and_made_anew() {
    let mut shelf = Shelf::new(14);
    shelf.append(0, 1100);
    shelf.catch_up();
    let meta = shelf.root().join("dictionary").join("meta.json");
    let text = std::fs::read_to_string(&meta).unwrap();
    std::fs::write(&meta, text.replace("logkeep index 1", "logkeep index 0")).unwrap();
    assert!(shelf.index().is_none());
    shelf.catch_up();
    assert_whole(&shelf, 1);
}

#[test]
fn folders_that_are_gone_are_made_anew() {
    let mut shelf = Shelf::new(15);
    shelf.append(0, 1100);
    for folder in ["runs", "dictionary"] {
        shelf.catch_up();
        std::fs::remove_dir_all(shelf.root().join(folder)).unwrap();
        assert!(!matches!(Index::open(&shelf.root()), Ok(Some(_))));
        shelf.catch_up();
        assert_whole(&shelf, 1);
    }
}

#[test]
fn a_damaged_open_run_does_not_stop_the_indexer() {
    let mut shelf = Shelf::new(16);
    shelf.append(0, 1100);
    shelf.catch_up();
    let run = shelf.root().join("runs").join("1.run");
    let mut bytes = std::fs::read(&run).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&run, bytes).unwrap();
    shelf.append(0, 1100);
    shelf.catch_up();
    assert_whole(&shelf, 2);
}

#[test]
fn there_is_one_indexer() {
    let shelf = Shelf::new(17);
    let indexer = shelf.indexer();
    assert!(matches!(Indexer::open(&shelf.root(), 64 << 20, 1), Err(Error::Locked(_))));
    assert!(matches!(Indexer::remove(&shelf.root()), Err(Error::Locked(_))));
    drop(indexer);
    shelf.indexer();
}

#[test]
fn after_a_failed_write_the_indexer_must_be_opened_again() {
    let mut shelf = Shelf::new(18);
    shelf.append(0, 1100);
    let mut indexer = shelf.indexer();
    std::fs::remove_dir_all(shelf.root().join("runs")).unwrap();
    assert!(indexer.catch_up(&shelf.archive(), &mut |_| {}).is_err());
    std::fs::create_dir(shelf.root().join("runs")).unwrap();
    assert!(indexer.catch_up(&shelf.archive(), &mut |_| {}).is_err(), "it no longer knows what it holds");
    drop(indexer);
    shelf.catch_up();
    assert_whole(&shelf, 1);
}

#[test]
fn an_index_of_nothing_is_one() {
    let mut shelf = Shelf::new(19);
    shelf.append(0, 7);
    shelf.catch_up();
    assert_whole(&shelf, 0);
    shelf.append(0, 1100);
    shelf.catch_up();
    assert_whole(&shelf, 1);
}
