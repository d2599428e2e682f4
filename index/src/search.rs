//! Searching an archive: newest or oldest first, complete or saying what is missing.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use logkeep_storage::{
    Archive, Block, BlockError, BlockHead, Damage, DamageCode, Fields, StoredRecord, StreamName, StreamStat, Timestamp,
};

use crate::error::Result;
use crate::filter::Filter;
use crate::index::Index;
use crate::parallel;
use crate::pattern::StreamPattern;
use crate::plan::Plan;
use crate::rows::Rows;
use crate::run::Place;

/// Records whose bytes are in memory at once.
const RECORDS_PER_STEP: usize = 512;
/// Blocks a thread is given at once, at the most.
const BLOCKS_PER_THREAD: usize = 16;

/// In which order records are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Latest event first.
    #[default]
    Newest,
    /// Earliest event first.
    Oldest,
}

/// What is searched for, where, and how much of it is wanted.
#[derive(Debug, Clone)]
pub struct Search {
    /// What a record must have.
    pub filter: Filter,
    /// Streams to search; none means all.
    pub streams: Vec<StreamPattern>,
    /// Earliest event time, inclusive.
    pub since: Option<Timestamp>,
    /// Latest event time, exclusive.
    pub until: Option<Timestamp>,
    /// Order of the records.
    pub order: Order,
    /// Most records to hand out.
    pub limit: Option<u64>,
}

impl Search {
    /// Everything that a filter finds, newest first.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self { filter, streams: Vec::new(), since: None, until: None, order: Order::Newest, limit: None }
    }
}

/// What came of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// Records handed out or counted.
    pub matched: u64,
    /// Whether there are or may be more than the limit.
    pub cut: bool,
    /// Blocks in the streams and the time searched.
    pub blocks: u64,
    /// Blocks read.
    pub blocks_read: u64,
    /// Records in the streams and the time searched, by whole blocks.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// What could not be read. Not empty: the answer is incomplete.
    pub damage: Vec<Damage>,
    /// Why the index was not used, where there is one.
    pub index_problem: Option<String>,
}

/// Searches one archive; keeps the heads of blocks between searches.
#[derive(Debug)]
pub struct Searcher {
    archive: Archive,
    index: Option<Index>,
    threads: usize,
    heads: Mutex<HashMap<u32, Arc<Vec<Arc<BlockHead>>>>>,
}

/// A block to look into.
struct Candidate {
    stream: usize,
    head: Arc<BlockHead>,
    /// Rows from here on are in the tail as it was read.
    end: u64,
    rank: i64,
}

/// A record that matches and was not handed out yet.
struct Hit {
    rank: i64,
    stream: usize,
    index: u64,
    /// Where its bytes are: a candidate, or a record that was read from the tail.
    place: Source,
}

enum Source {
    Candidate(usize),
    Tail(usize),
}

/// What a search looks at, prepared.
struct Scope {
    streams: Vec<StreamStat>,
    tails: Vec<StoredRecord>,
    tail_streams: Vec<usize>,
    candidates: Vec<Candidate>,
}

impl Searcher {
    /// Searches `archive` with the help of `index`, on `threads` threads.
    #[must_use]
    pub fn new(archive: Archive, index: Option<Index>, threads: usize) -> Self {
        Self { archive, index, threads: threads.max(1), heads: Mutex::default() }
    }

    /// The archive that is searched.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Hands out the records that match, in order, until `found` breaks.
    ///
    /// # Errors
    /// When the archive cannot be read at all. Damage in single blocks is in the answer.
    pub fn search(&self, search: &Search, found: &mut dyn FnMut(StoredRecord) -> ControlFlow<()>) -> Result<Answered> {
        let mut answered = Answered::default();
        let plan = self.plan(search, &mut answered);
        let scope = self.scope(search, &plan, &mut answered)?;
        let mut pending = tail_hits(search, &plan, &scope);
        let mut next = 0;
        let mut step = self.threads;
        loop {
            let batch = scope.candidates.get(next..).unwrap_or_default();
            let batch = batch.get(..step.min(batch.len())).unwrap_or_default();
            self.read(search, &plan, &scope, next, batch, &mut pending, &mut answered)?;
            next += batch.len();
            step = (step * 2).min(self.threads * BLOCKS_PER_THREAD);
            let rest = scope.candidates.get(next).map(|candidate| candidate.rank);
            let ready = take_ready(search.order, &mut pending, rest);
            let more = !pending.is_empty() || rest.is_some();
            if self.hand_out(search, &scope, ready, more, &mut answered, found)?.is_break() || rest.is_none() {
                return Ok(answered);
            }
        }
    }

    /// Counts the records that match.
    ///
    /// # Errors
    /// As [`Searcher::search`].
    pub fn count(&self, search: &Search) -> Result<Answered> {
        let (counts, mut answered) = self.scan(search, |_, _, rows| Ok(rows.len() as u64), |_| 1)?;
        answered.matched = counts.into_iter().sum();
        Ok(answered)
    }

    /// Calls `in_block` with the matching rows of each block that has any and `in_tail` with each matching record that
    /// is in no block; gives the results in no particular order. The limit does not count.
    ///
    /// # Errors
    /// As [`Searcher::search`].
    pub fn scan<R: Send>(
        &self,
        search: &Search,
        in_block: impl Fn(&StreamName, &Block<'_>, &Rows) -> std::result::Result<R, BlockError> + Sync,
        in_tail: impl Fn(&StoredRecord) -> R,
    ) -> Result<(Vec<R>, Answered)> {
        let mut answered = Answered::default();
        let plan = self.plan(search, &mut answered);
        let scope = self.scope(search, &plan, &mut answered)?;
        let hits = tail_hits(search, &plan, &scope);
        let tail = hits.iter().filter_map(|hit| match hit.place {
            Source::Tail(at) => scope.tails.get(at),
            Source::Candidate(_) => None,
        });
        let mut results: Vec<R> = tail.map(in_tail).collect();
        let read = parallel::map(&scope.candidates, self.threads, |candidate| {
            self.in_candidate(search, &plan, &scope, candidate, |name, block, rows| {
                if rows.is_empty() { Ok(None) } else { in_block(name, block, rows).map(Some) }
            })
        });
        answered.blocks_read = scope.candidates.len() as u64;
        for result in read {
            match result {
                Ok(result) => results.extend(result),
                Err(error) => note(error, &mut answered)?,
            }
        }
        Ok((results, answered))
    }

    /// The plan with the index, or without it if the index cannot be read.
    fn plan(&self, search: &Search, answered: &mut Answered) -> (Plan, bool) {
        match Plan::new(&search.filter, self.index.as_ref()) {
            Ok(plan) => (plan, self.index.is_some()),
            Err(error) => {
                answered.index_problem = Some(error.to_string());
                let plan = Plan::new(&search.filter, None);
                #[expect(clippy::unreachable, reason = "without an index nothing is read that could fail")]
                (plan.unwrap_or_else(|_| unreachable!("a plan without an index")), false)
            }
        }
    }

    /// Reads the tails and chooses the blocks. The tails first: what is sealed meanwhile is then in both, and its
    /// rows in the block are left out.
    fn scope(&self, search: &Search, plan: &(Plan, bool), answered: &mut Answered) -> Result<Scope> {
        let mut streams = self.archive.streams()?;
        // What was acknowledged and is not there cannot be found: an answer must say so.
        answered.damage.extend(self.archive.ledger_damage());
        answered.damage.extend(self.archive.lost().iter().map(logkeep_storage::Lost::damage));
        let meant = |name: &StreamName| search.streams.is_empty() || search.streams.iter().any(|p| p.matches(name));
        streams.retain(|stream| meant(&stream.name));
        let mut scope =
            Scope { streams: Vec::new(), tails: Vec::new(), tail_streams: Vec::new(), candidates: Vec::new() };
        for (number, stream) in streams.iter().enumerate() {
            let mut end = stream.records;
            match self.archive.tail_with_damage(&stream.name) {
                Ok((tail, damage)) => {
                    end = tail.first().map_or(end, |record| record.id.index);
                    // A tail whose first record is bad begins where the blocks end.
                    end = if damage.is_empty() { end } else { end.min(stream.sealed) };
                    answered.damage.extend(damage);
                    answered.records += tail.len() as u64;
                    answered.bytes += tail.iter().map(|record| record.body.len() as u64).sum::<u64>();
                    scope.tail_streams.extend(std::iter::repeat_n(number, tail.len()));
                    scope.tails.extend(tail);
                }
                Err(error) => {
                    end = stream.sealed;
                    note(error, answered)?;
                }
            }
            for head in self.heads(stream, end, answered)?.iter().filter(|head| head.first < end) {
                self.choose(search, plan, number, head, end, &mut scope, answered);
            }
        }
        scope.streams = streams;
        scope.candidates.sort_by_key(|candidate| Reverse(candidate.rank));
        Ok(scope)
    }

    #[expect(clippy::too_many_arguments, reason = "one place decides about a block, with all that is known of it")]
    fn choose(
        &self,
        search: &Search,
        (plan, indexed): &(Plan, bool),
        stream: usize,
        head: &Arc<BlockHead>,
        end: u64,
        scope: &mut Scope,
        answered: &mut Answered,
    ) {
        let (first, last) = head.events;
        if search.since.is_some_and(|since| last < since) || search.until.is_some_and(|until| first >= until) {
            return;
        }
        answered.blocks += 1;
        answered.records += u64::from(head.count);
        answered.bytes += head.raw_bytes;
        let place = Place { stream: head.stream, first: head.first };
        let covered = *indexed && self.covers(place);
        if !covered || plan.may_match(place) {
            let rank = rank(search.order, if search.order == Order::Newest { last } else { first });
            scope.candidates.push(Candidate { stream, head: Arc::clone(head), end, rank });
        }
    }

    fn covers(&self, place: Place) -> bool {
        self.index.as_ref().is_some_and(|index| index.covers(place))
    }

    /// Heads of a stream's blocks as far as `end`, where the tail began; only those that are new are read. What the
    /// stream's numbers say is sealed is older than the tail, and may be less.
    fn heads(&self, stream: &StreamStat, end: u64, answered: &mut Answered) -> Result<Arc<Vec<Arc<BlockHead>>>> {
        let known = self.heads.lock().unwrap_or_else(PoisonError::into_inner).get(&stream.number).cloned();
        let known = known.unwrap_or_default();
        if known.last().map_or(0, |head| end_of(head)) >= end {
            return Ok(known);
        }
        let mut heads: Vec<Arc<BlockHead>> = known.iter().cloned().collect();
        let from = heads.pop().map_or(0, |last| last.first);
        let (new, damage) = match self.archive.blocks_with_damage(&stream.name, from) {
            Ok(read) => read,
            Err(error) => {
                note(error, answered)?;
                return Ok(Arc::new(heads));
            }
        };
        heads.extend(new.into_iter().filter(|head| head.first >= from).map(Arc::new));
        let named = |gap: &Range<u64>| {
            damage
                .iter()
                .any(|damage| damage.records.as_ref().is_some_and(|r| r.start <= gap.start && gap.end <= r.end))
        };
        let gaps = gaps(&heads, end);
        answered.damage.extend(gaps.iter().filter(|gap| !named(gap)).map(|gap| missing(&stream.name, gap.clone())));
        answered.damage.extend(damage);
        let heads = Arc::new(heads);
        if !gaps.is_empty() {
            return Ok(heads);
        }
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.number, Arc::clone(&heads));
        Ok(heads)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a search, with all its state")]
    fn read(
        &self,
        search: &Search,
        plan: &(Plan, bool),
        scope: &Scope,
        first: usize,
        batch: &[Candidate],
        pending: &mut Vec<Hit>,
        answered: &mut Answered,
    ) -> Result<()> {
        let results = parallel::map(batch, self.threads, |candidate| {
            self.in_candidate(search, plan, scope, candidate, |_, block, rows| {
                let events = if rows.is_empty() { &[][..] } else { block.events()? };
                Ok(rows.iter().map(|row| (row, events.get(row).copied().unwrap_or_default())).collect::<Vec<_>>())
            })
        });
        answered.blocks_read += batch.len() as u64;
        for (at, (candidate, result)) in batch.iter().zip(results).enumerate() {
            match result {
                Ok(rows) => pending.extend(rows.into_iter().map(|(row, event)| Hit {
                    rank: rank(search.order, Timestamp(event)),
                    stream: candidate.stream,
                    index: candidate.head.first + row as u64,
                    place: Source::Candidate(first + at),
                })),
                Err(error) => note(error, answered)?,
            }
        }
        Ok(())
    }

    /// The matching rows of one block.
    fn in_candidate<R>(
        &self,
        search: &Search,
        (plan, indexed): &(Plan, bool),
        scope: &Scope,
        candidate: &Candidate,
        mut use_rows: impl FnMut(&StreamName, &Block<'_>, &Rows) -> std::result::Result<R, BlockError>,
    ) -> logkeep_storage::Result<R> {
        let Some(stream) = scope.streams.get(candidate.stream) else {
            return Err(logkeep_storage::Error::NotAnArchive(std::path::PathBuf::new()));
        };
        let mut shorter = None;
        let used = self.archive.read_block(&stream.name, &candidate.head, |block| {
            let head = block.head();
            shorter = (end_of(head) < end_of(&candidate.head).min(candidate.end)).then(|| end_of(head));
            let place = Place { stream: head.stream, first: head.first };
            let covered = (*indexed && self.covers(place)).then_some(place);
            let mut rows = plan.rows(block, covered)?;
            if !rows.is_empty() {
                rows = rows.and(in_time(search, block)?).and(before(block, candidate.end));
            }
            use_rows(&stream.name, block, &rows)
        })?;
        // A writer that gets large records may replace an unfinished block by a shorter one.
        match shorter {
            Some(end) => Err(missing(&stream.name, end..end_of(&candidate.head)).into()),
            None => Ok(used),
        }
    }

    /// Hands out records that no other can precede any more.
    fn hand_out(
        &self,
        search: &Search,
        scope: &Scope,
        mut ready: Vec<Hit>,
        more: bool,
        answered: &mut Answered,
        found: &mut dyn FnMut(StoredRecord) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let left = search.limit.map_or(usize::MAX, |limit| limit.saturating_sub(answered.matched) as usize);
        let reached = ready.len() > left || (ready.len() == left && more);
        ready.truncate(left);
        for step in ready.chunks(RECORDS_PER_STEP) {
            for record in self.records(scope, step, answered)? {
                answered.matched += 1;
                if found(record).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        answered.cut |= reached;
        Ok(if reached { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// The bytes of some hits, in their order.
    fn records(&self, scope: &Scope, hits: &[Hit], answered: &mut Answered) -> Result<Vec<StoredRecord>> {
        let mut by_candidate: HashMap<usize, Vec<usize>> = HashMap::new();
        for hit in hits {
            if let Source::Candidate(at) = hit.place {
                let first = scope.candidates.get(at).map_or(0, |candidate| candidate.head.first);
                by_candidate.entry(at).or_default().push((hit.index - first) as usize);
            }
        }
        let mut wanted: Vec<(usize, Vec<usize>)> = by_candidate.into_iter().collect();
        wanted.iter_mut().for_each(|(_, rows)| rows.sort_unstable());
        let read = parallel::map(&wanted, self.threads, |(at, rows)| {
            let candidate = scope.candidates.get(*at)?;
            let stream = scope.streams.get(candidate.stream)?;
            Some(self.block_records(&stream.name, &candidate.head, rows))
        });
        let mut records: HashMap<(usize, u64), StoredRecord> = HashMap::new();
        for ((at, _), result) in wanted.iter().zip(read) {
            let stream = scope.candidates.get(*at).map_or(0, |candidate| candidate.stream);
            match result {
                Some(Ok(block)) => records.extend(block.into_iter().map(|record| ((stream, record.id.index), record))),
                Some(Err(error)) => note(error, answered)?,
                None => {}
            }
        }
        Ok(hits
            .iter()
            .filter_map(|hit| match hit.place {
                Source::Tail(at) => scope.tails.get(at).cloned(),
                Source::Candidate(_) => records.remove(&(hit.stream, hit.index)),
            })
            .collect())
    }

    /// Records of a block; where a writer has replaced the block since its head was read, of those that hold them now.
    fn block_records(
        &self,
        name: &StreamName,
        head: &BlockHead,
        rows: &[usize],
    ) -> logkeep_storage::Result<Vec<StoredRecord>> {
        self.archive.block_records(name, head, rows).or_else(|error| {
            let now = self.archive.blocks(name, head.first)?.into_iter().find(|now| now.first == head.first);
            if now.is_none_or(|now| now == *head) {
                return Err(error);
            }
            let index = |row: &usize| head.first + *row as u64;
            let records = rows.iter().flat_map(|row| self.archive.records(name, index(row)..index(row) + 1));
            records.collect()
        })
    }
}

/// The index behind a block's last record.
fn end_of(head: &BlockHead) -> u64 {
    head.first.saturating_add(u64::from(head.count))
}

/// Records before `end` that should be in blocks, but are in none.
fn gaps(heads: &[Arc<BlockHead>], end: u64) -> Vec<Range<u64>> {
    let begins = heads.iter().map(|head| head.first).chain([end]);
    let ends = [0].into_iter().chain(heads.iter().map(|head| end_of(head)));
    ends.zip(begins).map(|(from, to)| from..to.min(end)).filter(|gap| !gap.is_empty()).collect()
}

/// The finding that records are not where they should be.
fn missing(stream: &StreamName, records: Range<u64>) -> Damage {
    Damage {
        code: DamageCode::BlockMissing,
        stream: Some(stream.clone()),
        block: None,
        column: None,
        file: None,
        records: Some(records),
        expected: "a block with these records".to_owned(),
        found: "nothing".to_owned(),
    }
}

/// Larger is handed out earlier.
fn rank(order: Order, event: Timestamp) -> i64 {
    match order {
        Order::Newest => event.0,
        Order::Oldest => !event.0,
    }
}

/// The matching records of the tails.
fn tail_hits(search: &Search, (plan, _): &(Plan, bool), scope: &Scope) -> Vec<Hit> {
    let mut fields = Fields::default();
    let mut hits = Vec::new();
    for (at, (record, stream)) in scope.tails.iter().zip(&scope.tail_streams).enumerate() {
        let in_time = search.since.is_none_or(|since| record.event >= since)
            && search.until.is_none_or(|until| record.event < until);
        if in_time && (plan.is_everything() || plan.matches(&record.body, &mut fields)) {
            let rank = rank(search.order, record.event);
            hits.push(Hit { rank, stream: *stream, index: record.id.index, place: Source::Tail(at) });
        }
    }
    hits
}

/// Hits that come before everything in blocks of this rank or less, sorted; the others stay.
///
/// Records of one moment are in the order in which they came, or in the reverse one, stream by stream.
fn take_ready(order: Order, pending: &mut Vec<Hit>, rest: Option<i64>) -> Vec<Hit> {
    let (mut ready, later): (Vec<Hit>, Vec<Hit>) =
        std::mem::take(pending).into_iter().partition(|hit| rest.is_none_or(|rest| hit.rank > rest));
    *pending = later;
    let place = |index: u64| if order == Order::Newest { !index } else { index };
    ready.sort_unstable_by_key(|hit| (Reverse(hit.rank), hit.stream, place(hit.index)));
    ready
}

fn in_time(search: &Search, block: &Block<'_>) -> std::result::Result<Rows, BlockError> {
    let count = block.head().count as usize;
    let (first, last) = block.head().events;
    let whole = search.since.is_none_or(|since| first >= since) && search.until.is_none_or(|until| last < until);
    if whole {
        return Ok(Rows::all(count));
    }
    let mut rows = Rows::none(count);
    for (row, event) in block.events()?.iter().enumerate() {
        let event = Timestamp(*event);
        if search.since.is_none_or(|since| event >= since) && search.until.is_none_or(|until| event < until) {
            rows.insert(row);
        }
    }
    Ok(rows)
}

/// Rows of records before `end`.
fn before(block: &Block<'_>, end: u64) -> Rows {
    let head = block.head();
    let mut rows = Rows::none(head.count as usize);
    let count = end.saturating_sub(head.first).min(u64::from(head.count));
    (0..count as usize).for_each(|row| rows.insert(row));
    rows
}

/// Keeps damage for the answer; anything else ends the search.
fn note(error: logkeep_storage::Error, answered: &mut Answered) -> Result<()> {
    match error {
        logkeep_storage::Error::Damaged(damage) => answered.damage.push(*damage),
        other => return Err(other.into()),
    }
    Ok(())
}
