//! What a search looks at: the tails as they were read, and the blocks that may have a match.

use std::cmp::Reverse;
use std::sync::Arc;

use logkeep_storage::{Archive, BlockHead, Lost, StoredRecord, StreamStat};

use crate::error::Result;
use crate::heads::Heads;
use crate::pattern::StreamPattern;
use crate::plan::Plan;
use crate::search::{Answered, Order, Search};

/// What a search looks at, prepared.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) streams: Vec<StreamStat>,
    pub(crate) tails: Vec<StoredRecord>,
    /// The stream of each record of the tails.
    pub(crate) tail_streams: Vec<usize>,
    /// In the order in which they are read.
    pub(crate) candidates: Vec<Candidate>,
}

/// A block to look into.
pub(crate) struct Candidate {
    pub(crate) stream: usize,
    pub(crate) head: Arc<BlockHead>,
    /// Rows from here on are in the tail as it was read.
    pub(crate) end: u64,
    /// None of its records is handed out before another of a higher rank.
    pub(crate) rank: i64,
}

impl Scope {
    /// Reads the tails and chooses the blocks. The tails first: what is sealed meanwhile is then in both, and its
    /// rows in the block are left out.
    pub(crate) fn new(
        archive: &Archive,
        heads: &Heads,
        search: &Search,
        plan: &Plan,
        answered: &mut Answered,
    ) -> Result<Self> {
        let mut scope = Self { streams: archive.streams()?, ..Self::default() };
        // What was acknowledged and is not there cannot be found: an answer must say so.
        answered.damage.extend(archive.ledger_damage());
        answered.damage.extend(archive.lost().iter().map(Lost::damage));
        scope.streams.retain(|stream| StreamPattern::any_matches(&search.streams, &stream.name));
        for (number, stream) in scope.streams.clone().iter().enumerate() {
            let end = scope.read_tail(archive, number, stream, answered)?;
            for head in heads.of(archive, stream, end, answered)?.iter().filter(|head| head.first < end) {
                let candidate = |rank| Candidate { stream: number, head: Arc::clone(head), end, rank };
                scope.candidates.extend(rank(search, plan, head, answered).map(candidate));
            }
        }
        scope.candidates.sort_by_key(|candidate| Reverse(candidate.rank));
        Ok(scope)
    }

    /// Reads a stream's tail; gives the index where it begins.
    fn read_tail(
        &mut self,
        archive: &Archive,
        number: usize,
        stream: &StreamStat,
        answered: &mut Answered,
    ) -> Result<u64> {
        let (tail, damage) = match archive.tail_with_damage(&stream.name) {
            Ok(read) => read,
            Err(error) => {
                answered.note(error)?;
                return Ok(stream.sealed);
            }
        };
        let end = tail.first().map_or(stream.records, |record| record.id.index);
        // A tail whose first record is bad begins where the blocks end.
        let end = if damage.is_empty() { end } else { end.min(stream.sealed) };
        answered.damage.extend(damage);
        answered.records += tail.len() as u64;
        answered.bytes += tail.iter().map(|record| record.body.len() as u64).sum::<u64>();
        self.tail_streams.extend(std::iter::repeat_n(number, tail.len()));
        self.tails.extend(tail);
        Ok(end)
    }
}

/// The rank of a block that has to be read; counts all that are in the time searched.
fn rank(search: &Search, plan: &Plan, head: &BlockHead, answered: &mut Answered) -> Option<i64> {
    let (first, last) = head.events;
    if search.since.is_some_and(|since| last < since) || search.until.is_some_and(|until| first >= until) {
        return None;
    }
    answered.blocks += 1;
    answered.records += u64::from(head.count);
    answered.bytes += head.raw_bytes;
    let earliest = if search.order == Order::Newest { last } else { first };
    plan.may_match(head).then(|| search.order.rank(earliest))
}
