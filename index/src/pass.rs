//! One search on its way through an archive: blocks are read, records are handed out.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

use logkeep_storage::{Archive, Block, BlockError, BlockHead, StoredRecord, StreamName, Timestamp, in_parallel};

use crate::error::Result;
use crate::heads::{end_of, missing};
use crate::hit::{Hit, Source};
use crate::plan::Plan;
use crate::rows::Rows;
use crate::scope::{Candidate, Scope};
use crate::search::{Answered, Search};

/// Records whose bytes are in memory at once.
const RECORDS_PER_STEP: usize = 512;

/// A search with everything that is known before a block is read.
pub(crate) struct Pass<'a> {
    pub(crate) archive: &'a Archive,
    pub(crate) threads: usize,
    pub(crate) search: &'a Search,
    pub(crate) plan: Plan,
    pub(crate) scope: Scope,
}

impl Pass<'_> {
    /// Adds the hits in some of the candidates.
    pub(crate) fn read(&self, numbers: Range<usize>, pending: &mut Vec<Hit>, answered: &mut Answered) -> Result<()> {
        let first = numbers.start;
        let batch = self.scope.candidates.get(numbers).unwrap_or_default();
        let results = in_parallel(batch, self.threads, |candidate| {
            self.in_candidate(candidate, |_, block, rows| {
                let events = if rows.is_empty() { &[][..] } else { block.events()? };
                Ok(rows.iter().map(|row| (row, events.get(row).copied().unwrap_or_default())).collect::<Vec<_>>())
            })
        });
        answered.blocks_read += batch.len() as u64;
        for (number, (candidate, result)) in (first..).zip(batch.iter().zip(results)) {
            let hit = |(row, event)| Hit::in_block(self.search.order, number, candidate, row, event);
            match result {
                Ok(rows) => pending.extend(rows.into_iter().map(hit)),
                Err(error) => answered.note(error)?,
            }
        }
        Ok(())
    }

    /// The matching rows of one block.
    pub(crate) fn in_candidate<R>(
        &self,
        candidate: &Candidate,
        mut use_rows: impl FnMut(&StreamName, &Block<'_>, &Rows) -> std::result::Result<R, BlockError>,
    ) -> logkeep_storage::Result<R> {
        let Some(stream) = self.scope.streams.get(candidate.stream) else {
            return Err(logkeep_storage::Error::NotAnArchive(std::path::PathBuf::new()));
        };
        let mut shorter = None;
        let used = self.archive.read_block(&stream.name, &candidate.head, |block| {
            let head = block.head();
            shorter = (end_of(head) < end_of(&candidate.head).min(candidate.end)).then(|| end_of(head));
            let mut rows = self.plan.rows(block)?;
            if !rows.is_empty() {
                rows = rows.and(in_time(self.search, block)?).and(before(head, candidate.end));
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
    pub(crate) fn hand_out(
        &self,
        mut ready: Vec<Hit>,
        more: bool,
        answered: &mut Answered,
        found: &mut dyn FnMut(StoredRecord) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let left = self.search.limit.map_or(usize::MAX, |limit| limit.saturating_sub(answered.matched) as usize);
        let reached = ready.len() > left || (ready.len() == left && more);
        ready.truncate(left);
        for step in ready.chunks(RECORDS_PER_STEP) {
            for record in self.records(step, answered)? {
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
    fn records(&self, hits: &[Hit], answered: &mut Answered) -> Result<Vec<StoredRecord>> {
        let wanted = self.wanted(hits);
        let read = in_parallel(&wanted, self.threads, |(at, rows)| {
            let candidate = self.scope.candidates.get(*at)?;
            let stream = self.scope.streams.get(candidate.stream)?;
            Some((candidate.stream, self.block_records(&stream.name, &candidate.head, rows)))
        });
        let mut records: HashMap<(usize, u64), StoredRecord> = HashMap::new();
        for (stream, result) in read.into_iter().flatten() {
            match result {
                Ok(block) => records.extend(block.into_iter().map(|record| ((stream, record.id.index), record))),
                Err(error) => answered.note(error)?,
            }
        }
        let record = |hit: &Hit| match hit.source {
            Source::Tail(at) => self.scope.tails.get(at).cloned(),
            Source::Candidate(_) => records.remove(&(hit.stream, hit.index)),
        };
        Ok(hits.iter().filter_map(record).collect())
    }

    /// The rows of hits, ascending, candidate by candidate.
    fn wanted(&self, hits: &[Hit]) -> Vec<(usize, Vec<usize>)> {
        let mut by_candidate: HashMap<usize, Vec<usize>> = HashMap::new();
        for hit in hits {
            if let Source::Candidate(at) = hit.source {
                let first = self.scope.candidates.get(at).map_or(0, |candidate| candidate.head.first);
                by_candidate.entry(at).or_default().push((hit.index - first) as usize);
            }
        }
        let mut wanted: Vec<(usize, Vec<usize>)> = by_candidate.into_iter().collect();
        wanted.iter_mut().for_each(|(_, rows)| rows.sort_unstable());
        wanted
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

fn in_time(search: &Search, block: &Block<'_>) -> std::result::Result<Rows, BlockError> {
    let count = block.head().count as usize;
    let (first, last) = block.head().events;
    if search.has_in_time(first) && search.has_in_time(last) {
        return Ok(Rows::all(count));
    }
    let mut rows = Rows::none(count);
    for (row, event) in block.events()?.iter().enumerate() {
        if search.has_in_time(Timestamp(*event)) {
            rows.insert(row);
        }
    }
    Ok(rows)
}

/// Rows of records before `end`.
fn before(head: &BlockHead, end: u64) -> Rows {
    Rows::all(head.count as usize).and(Rows::all(end.saturating_sub(head.first).min(u64::from(head.count)) as usize))
}
