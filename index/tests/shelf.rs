//! An archive with its index in a fresh directory, and what was appended to it.

use std::ops::ControlFlow;
use std::path::PathBuf;

use logkeep_index::{Answered, Index, Indexer, Search, Searcher};
use logkeep_storage::{Append, Archive, Batch, Options, StoredRecord, StreamName, Timestamp, Writer};

use crate::corpus::Corpus;
use crate::dice::Dice;
use crate::reference::Known;

const STREAMS: [&str; 3] = ["a/one", "a/two", "b/three"];
const MEMORY: u64 = 64 << 20;

/// An archive that grows.
pub(crate) struct Shelf {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) writer: Writer,
    pub(crate) all: Vec<Known>,
    corpus: Corpus,
    dice: Dice,
}

impl Shelf {
    pub(crate) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::create(&folder.path().join("archive"), &options()).unwrap();
        Self { folder, writer, all: Vec::new(), corpus: Corpus::new(seed), dice: Dice::new(seed ^ 1) }
    }

    pub(crate) fn archive(&self) -> Archive {
        self.writer.archive()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// Appends so many records to a stream, their events in some order.
    pub(crate) fn append(&mut self, stream: usize, count: usize) {
        let name: StreamName = STREAMS[stream % STREAMS.len()].parse().unwrap();
        let kind = self.dice.below(4);
        let start = self.dice.below(5_000) as i64;
        let events: Vec<Timestamp> = (0..count as i64)
            .map(|place| match kind {
                0 => start + place,
                1 => start - place,
                2 => start,
                _ => self.dice.below(6_000) as i64,
            })
            .map(Timestamp)
            .collect();
        let bodies: Vec<Vec<u8>> = events.iter().map(|_| self.corpus.record()).collect();
        self.append_these(&name, &events, &bodies);
    }

    /// Appends these records.
    pub(crate) fn append_these(&mut self, name: &StreamName, events: &[Timestamp], bodies: &[Vec<u8>]) {
        let mut batch = Batch::new(name.clone(), Timestamp(0));
        events.iter().zip(bodies).for_each(|(event, body)| batch.push(body, *event, None));
        let appended = self.writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
        let known = appended[0].indexes.clone().zip(events.iter().zip(bodies));
        self.all.extend(known.map(|(index, (event, body))| Known::new(name, index, body, *event)));
    }

    pub(crate) fn indexer(&self) -> Indexer {
        Indexer::open(&self.root(), MEMORY, 2).unwrap()
    }

    /// Indexes what is there.
    pub(crate) fn catch_up(&self) {
        let mut indexer = self.indexer();
        indexer.catch_up(&self.archive(), &mut |_| {}).unwrap();
        if self.all.len() % 2 == 0 {
            indexer.finish().unwrap();
        }
    }

    pub(crate) fn index(&self) -> Option<Index> {
        Index::open(&self.root()).unwrap()
    }

    pub(crate) fn searcher(&self, index: Option<Index>) -> Searcher {
        Searcher::new(self.archive(), index, 2)
    }
}

pub(crate) fn options() -> Options {
    Options { memory_bytes: MEMORY, ..Options::default() }
}

/// What a search hands out.
pub(crate) fn ask(searcher: &Searcher, search: &Search) -> (Vec<StoredRecord>, Answered) {
    let mut found = Vec::new();
    let answered = searcher.search(search, &mut |record| {
        found.push(record);
        ControlFlow::Continue(())
    });
    (found, answered.unwrap())
}

/// Why an answer is not the one that is expected; `None` if it is.
pub(crate) fn difference(expected: &[&Known], searcher: &Searcher, search: &Search) -> Option<String> {
    let limit = search.limit.map_or(usize::MAX, |limit| limit as usize);
    let (found, answered) = ask(searcher, search);
    let wanted: Vec<(&StreamName, u64)> = expected.iter().take(limit).map(|k| (&k.stream, k.index)).collect();
    let got: Vec<(&StreamName, u64)> = found.iter().map(|record| (&record.id.stream, record.id.index)).collect();
    let filter = &search.filter;
    if got != wanted {
        let lost: Vec<_> = wanted.iter().filter(|id| !got.contains(id)).take(3).collect();
        let more: Vec<_> = got.iter().filter(|id| !wanted.contains(id)).take(3).collect();
        let body = lost.first().and_then(|(s, i)| expected.iter().find(|k| (&k.stream, k.index) == (*s, *i)));
        let body = body.map(|known| String::from_utf8_lossy(&known.body).into_owned());
        return Some(format!(
            "{filter}\n{search:?}\n{} instead of {}; lost {lost:?} {body:?}; too many {more:?}; {answered:?}",
            got.len(),
            wanted.len()
        ));
    }
    for (record, known) in found.iter().zip(expected) {
        if (&record.body, record.event) != (&known.body, known.event) {
            return Some(format!("{filter}: {} has other bytes", record.id));
        }
    }
    let cut = expected.len() > limit;
    if answered.matched != got.len() as u64 || (cut && !answered.cut) || !answered.damage.is_empty() {
        return Some(format!("{filter}: {answered:?} says too little of {} records", expected.len()));
    }
    let unlimited = Search { limit: None, ..search.clone() };
    let count = searcher.count(&unlimited).unwrap();
    (count.matched != expected.len() as u64)
        .then(|| format!("{filter}: counted {} of {}", count.matched, expected.len()))
}
