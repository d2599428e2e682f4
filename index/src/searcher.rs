//! Searching an archive: newest or oldest first, complete or saying what is missing.

use std::ops::ControlFlow;

use logkeep_storage::{Archive, Block, BlockError, StoredRecord, StreamName, in_parallel};

use crate::error::Result;
use crate::heads::Heads;
use crate::hit::{Hit, Source, take_ready};
use crate::index::Index;
use crate::pass::Pass;
use crate::plan::Plan;
use crate::rows::Rows;
use crate::scope::Scope;
use crate::search::{Answered, Search};

/// Blocks a thread is given at once, at the most.
const BLOCKS_PER_THREAD: usize = 16;

/// Searches one archive; keeps the heads of blocks between searches.
#[derive(Debug)]
pub struct Searcher {
    archive: Archive,
    index: Option<Index>,
    /// Why the index that was given is not used.
    index_problem: Option<String>,
    threads: usize,
    heads: Heads,
}

impl Searcher {
    /// Searches `archive` with the help of `index`, on `threads` threads. An index of another archive is not used,
    /// and each answer says so.
    #[must_use]
    pub fn new(archive: Archive, index: Option<Index>, threads: usize) -> Self {
        let index_problem = index.as_ref().and_then(|index| match index.is_of(&archive) {
            Ok(true) => None,
            Ok(false) => Some("it is of another archive".to_owned()),
            Err(error) => Some(error.to_string()),
        });
        let index = index.filter(|_| index_problem.is_none());
        Self { archive, index, index_problem, threads: threads.max(1), heads: Heads::default() }
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
        let (pass, mut answered) = self.pass(search)?;
        let candidates = &pass.scope.candidates;
        let mut pending = Hit::in_tails(search, &pass.plan, &pass.scope);
        let mut next = 0;
        let mut step = self.threads;
        loop {
            let end = (next + step).min(candidates.len());
            pass.read(next..end, &mut pending, &mut answered)?;
            next = end;
            step = (step * 2).min(self.threads * BLOCKS_PER_THREAD);
            let rest = candidates.get(next).map(|candidate| candidate.rank);
            let ready = take_ready(search.order, &mut pending, rest);
            let more = !pending.is_empty() || rest.is_some();
            if pass.hand_out(ready, more, &mut answered, found)?.is_break() || rest.is_none() {
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
        let (pass, mut answered) = self.pass(search)?;
        let hits = Hit::in_tails(search, &pass.plan, &pass.scope);
        let tail = hits.iter().filter_map(|hit| match hit.source {
            Source::Tail(at) => pass.scope.tails.get(at),
            Source::Candidate(_) => None,
        });
        let mut results: Vec<R> = tail.map(in_tail).collect();
        let read =
            in_parallel(&pass.scope.candidates, self.threads, |candidate| {
                pass.in_candidate(candidate, |name, block, rows| {
                    if rows.is_empty() { Ok(None) } else { in_block(name, block, rows).map(Some) }
                })
            });
        answered.blocks_read = pass.scope.candidates.len() as u64;
        for result in read {
            match result {
                Ok(result) => results.extend(result),
                Err(error) => answered.note(error)?,
            }
        }
        Ok((results, answered))
    }

    /// A search with everything that is known before a block is read.
    fn pass<'a>(&'a self, search: &'a Search) -> Result<(Pass<'a>, Answered)> {
        let mut answered = Answered { index_problem: self.index_problem.clone(), ..Answered::default() };
        let plan = match Plan::new(&search.filter, self.index.as_ref()) {
            Ok(plan) => plan,
            // Without the index the answer is the same.
            Err(error) => {
                answered.index_problem = Some(error.to_string());
                Plan::new(&search.filter, None)?
            }
        };
        let scope = Scope::new(&self.archive, &self.heads, search, &plan, &mut answered)?;
        Ok((Pass { archive: &self.archive, threads: self.threads, search, plan, scope }, answered))
    }
}
