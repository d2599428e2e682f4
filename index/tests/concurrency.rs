//! Searches while another thread appends, seals and indexes: never a wrong, doubled or lost record.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logkeep_index::{Index, Indexer, Search, Searcher};
use logkeep_storage::{Append, Archive, Batch, StreamName, Timestamp, Writer};

use crate::dice::Dice;
use crate::shelf::{Shelf, ask, options};

/// How long the threads work.
const TIME: Duration = Duration::from_secs(6);

/// What the writer has been told is kept, and when it is to stop.
#[derive(Default)]
struct Shared {
    acknowledged: AtomicU64,
    begun: AtomicU64,
    stop: AtomicBool,
}

fn append(writer: &mut Writer, stream: &StreamName, dice: &mut Dice, shared: &Shared) {
    let mut batch = Batch::new(stream.clone(), Timestamp(0));
    let first = shared.acknowledged.load(Ordering::SeqCst);
    let count = [1, 30, 400, 1024, 1500][dice.below(5)];
    for number in first..first + count {
        // A few large records make unfinished blocks shrink.
        let filler = if dice.once_in(3000) { "x ".repeat(3 << 20) } else { String::new() };
        let body = format!(r#"{{"n":{number},"id":"{}","word":"even{}","f":"{filler}"}}"#, dice.hex(16), number % 2);
        batch.push(body.as_bytes(), Timestamp(dice.below(1000) as i64), None);
    }
    shared.begun.store(first + count, Ordering::SeqCst);
    writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
    shared.acknowledged.store(first + count, Ordering::SeqCst);
}

/// Searches again and again; `handle` gives what to search with.
fn read(shared: &Shared, seed: u64, mut handle: impl FnMut() -> Searcher) {
    let mut dice = Dice::new(seed);
    let mut searcher = handle();
    let mut known = shared.acknowledged.load(Ordering::SeqCst);
    while !shared.stop.load(Ordering::SeqCst) {
        if dice.once_in(4) {
            known = shared.acknowledged.load(Ordering::SeqCst);
            searcher = handle();
        }
        let least = if dice.once_in(2) { known } else { 0 };
        let even = dice.once_in(2);
        let search = Search::new(if even { "word:even0" } else { "*" }.parse().unwrap());
        let (found, answered) = ask(&searcher, &search);
        let most = shared.begun.load(Ordering::SeqCst);
        assert_eq!((&answered.damage, &answered.index_problem), (&Vec::new(), &None));
        let mut by_index = BTreeMap::new();
        for record in &found {
            assert!(by_index.insert(record.id.index, record).is_none(), "{} came twice", record.id);
            let body = String::from_utf8_lossy(&record.body);
            assert!(body.starts_with(&format!("{{\"n\":{},", record.id.index)), "{}", record.id);
        }
        let step = if even { 2 } else { 1 };
        let holds = by_index.keys().copied().eq((0..).step_by(step).take(by_index.len()));
        assert!(holds, "records are missing in the middle of {}", by_index.len());
        let count = by_index.len() as u64 * step as u64;
        assert!(count + 1 >= least && count <= most + 1, "{count} of {least}..={most}");
    }
}

#[test]
fn a_search_is_right_at_any_moment() {
    let mut shelf = Shelf::new(3);
    let stream: StreamName = "a/one".parse().unwrap();
    let (shared, mut dice) = (Shared::default(), Dice::new(4));
    append(&mut shelf.writer, &stream, &mut dice, &shared);
    shelf.catch_up();
    let (root, archive) = (shelf.root(), shelf.archive());
    let path = shelf.folder.path().join("archive");
    let index = || Index::open(&root).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| read(&shared, 1, || Searcher::new(archive.clone(), index(), 2)));
        scope.spawn(|| read(&shared, 2, || Searcher::new(Archive::open(&path, &options()).unwrap(), index(), 1)));
        scope.spawn(|| {
            let mut indexer = Indexer::open(&root, 64 << 20, 1).unwrap();
            while !shared.stop.load(Ordering::SeqCst) {
                indexer.catch_up(&archive, &mut |_| {}).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let end = Instant::now() + TIME;
        while Instant::now() < end {
            append(&mut shelf.writer, &stream, &mut dice, &shared);
            if dice.once_in(2) {
                shelf.writer.seal_tails().unwrap();
            }
            std::thread::sleep(Duration::from_millis(dice.below(30) as u64));
        }
        shared.stop.store(true, Ordering::SeqCst);
    });
}
