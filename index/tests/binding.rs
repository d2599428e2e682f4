//! An index belongs to one archive and to the blocks that it was made of; blocks that could not be read come later.

use std::path::{Path, PathBuf};

use logkeep_index::{Index, Indexer, Search, Searcher};
use logkeep_storage::{Append, Archive, Batch, Options, StreamName, Timestamp, Writer};

use crate::dice::Dice;
use crate::questions;
use crate::reference::expected;
use crate::shelf::{Shelf, ask, difference, options};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if from.is_dir() {
            copy(&from, &to.join(name));
        } else {
            std::fs::copy(&from, to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_index_of_another_archive_is_not_used() {
    let (mut other, mut shelf) = (Shelf::new(31), Shelf::new(32));
    for shelf in [&mut other, &mut shelf] {
        shelf.append(0, 2100);
        shelf.append(1, 1100);
    }
    other.catch_up();
    copy(&other.root(), &shelf.root());
    let index = shelf.index().unwrap();
    assert!(!index.is_of(&shelf.archive()).unwrap() && index.is_of(&other.archive()).unwrap());
    let findings = index.check(&shelf.archive(), &mut |_| {}).unwrap().findings;
    assert_eq!((findings.len(), findings[0].found.as_str()), (1, "that of another archive"));
    let searcher = shelf.searcher(Some(index));
    let mut dice = Dice::new(6);
    for _ in 0..60 {
        let search = questions::search(&mut dice, &shelf.all);
        assert_eq!(difference(&expected(&shelf.all, &search), &searcher, &search), None);
        assert!(ask(&searcher, &search).1.index_problem.unwrap().contains("another archive"));
    }
    shelf.catch_up();
    let index = shelf.index().unwrap();
    assert_eq!(index.blocks(), 3, "made anew");
    assert_eq!(index.check(&shelf.archive(), &mut |_| {}).unwrap().findings, []);
}

/// A batch of records that are the same except for `word`.
fn append(writer: &mut Writer, word: &str, count: usize) {
    let mut batch = Batch::new(name(), Timestamp(0));
    let body = |number: usize| format!(r#"{{"user":"{word}","n":{number}}}"#);
    (0..count).for_each(|number| batch.push(body(number).as_bytes(), Timestamp(number as i64), None));
    writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
}

fn name() -> StreamName {
    "a/one".parse().unwrap()
}

fn count(searcher: &Searcher, filter: &str) -> u64 {
    let answered = searcher.count(&Search::new(filter.parse().unwrap())).unwrap();
    assert_eq!(answered.index_problem, None);
    answered.matched
}

#[test]
fn a_block_that_is_another_than_when_it_was_indexed_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let mut writer = Writer::create(&first, &options()).unwrap();
    append(&mut writer, "both", 1024);
    drop(writer);
    copy(&first, &second);
    for (path, word) in [(&first, "anna"), (&second, "bob")] {
        let mut writer = Writer::open(path, &options()).unwrap();
        append(&mut writer, word, 1024);
    }
    let archives = [&first, &second].map(|path| Archive::open(path, &options()).unwrap());
    let root = folder.path().join("index");
    Indexer::open(&root, 64 << 20, 1).unwrap().catch_up(&archives[0], &mut |_| {}).unwrap();
    let index = || Index::open(&root).unwrap().unwrap();
    assert_eq!(index().check(&archives[0], &mut |_| {}).unwrap().findings, []);
    let searcher = Searcher::new(archives[1].clone(), Some(index()), 1);
    for (filter, expected) in [("both", 1024), ("bob", 1024), ("anna", 0), ("-anna", 2048)] {
        assert_eq!(count(&searcher, filter), expected, "{filter}");
    }
    let checked = index().check(&archives[1], &mut |_| {}).unwrap();
    let found = &checked.findings[0];
    assert_eq!((checked.findings.len(), found.block, found.found.as_str()), (1, Some(1024), "another one"));
    assert!(found.stream.is_some(), "by name");
    assert_eq!((checked.blocks, checked.uncovered), (1, 1));
}

/// The file below `folder` that holds these bytes, and where.
fn find(folder: &Path, bytes: &[u8]) -> (PathBuf, usize) {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = files.filter_map(|path| {
        let at = memchr::memmem::find(&std::fs::read(&path).unwrap(), bytes)?;
        Some((path, at))
    });
    found.next().unwrap()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Three blocks; the first record of each begins with bytes that nothing can compress.
fn archive_of_noise(path: &Path) -> Vec<Vec<u8>> {
    let mut writer = Writer::create(path, &options()).unwrap();
    let mut dice = Dice::new(3);
    let mut noise = Vec::new();
    for _ in 0..3 {
        let bytes: Vec<u8> = (0..200_000).map(|_| dice.next() as u8).collect();
        let mut batch = Batch::new(name(), Timestamp(0));
        (0..1024).for_each(|number| {
            let body = if number == 0 { bytes.clone() } else { b"anna".to_vec() };
            batch.push(&body, Timestamp(number), None);
        });
        writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
        noise.push(bytes);
    }
    noise
}

fn reopened(path: &Path) -> Archive {
    Archive::open(path, &Options { memory_bytes: 16 << 20, ..options() }).unwrap()
}

#[test]
fn a_block_that_could_not_be_read_is_indexed_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let (path, root) = (folder.path().join("archive"), folder.path().join("index"));
    let noise = archive_of_noise(&path);
    let catch_up = || Indexer::open(&root, 64 << 20, 1).unwrap().catch_up(&reopened(&path), &mut |_| {}).unwrap();
    let index = || Index::open(&root).unwrap().unwrap();
    let (file, at) = find(&path.join("db"), &noise[1]);
    flip(&file, at + 100_000);
    // A block of the database may hold the end of the neighbour, too.
    let damaged = catch_up().damaged;
    assert!((1..3).contains(&damaged) && catch_up().damaged == damaged, "{damaged} are tried again");
    assert_eq!(index().blocks() as u64, 3 - damaged);
    let searcher = Searcher::new(reopened(&path), Some(index()), 1);
    let answered = searcher.count(&Search::new("anna".parse().unwrap())).unwrap();
    assert_eq!((answered.matched, answered.damage.len() as u64), ((3 - damaged) * 1023, damaged));
    flip(&file, at + 100_000);
    assert_eq!((catch_up().blocks, catch_up().blocks), (damaged, 0), "they are in the index now");
    assert_whole(&path, &index());
}

#[test]
fn blocks_whose_heads_could_not_be_read_are_indexed_when_they_can() {
    let folder = tempfile::tempdir().unwrap();
    let (path, root) = (folder.path().join("archive"), folder.path().join("index"));
    archive_of_noise(&path);
    let head = reopened(&path).block_head_bytes(&name(), 1024).unwrap().unwrap();
    let (file, at) = find(&path.join("db"), &head);
    let catch_up = || Indexer::open(&root, 64 << 20, 1).unwrap().catch_up(&reopened(&path), &mut |_| {}).unwrap();
    flip(&file, at + 40);
    assert!(catch_up().blocks < 3);
    flip(&file, at + 40);
    catch_up();
    assert_whole(&path, &Index::open(&root).unwrap().unwrap());
}

fn assert_whole(path: &Path, index: &Index) {
    assert_eq!(index.blocks(), 3);
    assert_eq!(index.check(&reopened(path), &mut |_| {}).unwrap().findings, []);
    assert_eq!(count(&Searcher::new(reopened(path), Some(index.clone()), 1), "anna"), 3 * 1023);
}
