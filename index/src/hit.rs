//! Records that match and were not handed out yet.

use std::cmp::Reverse;

use logkeep_storage::{Fields, Timestamp};

use crate::plan::Plan;
use crate::scope::{Candidate, Scope};
use crate::search::{Order, Search};

/// A record that matches and was not handed out yet.
pub(crate) struct Hit {
    pub(crate) stream: usize,
    pub(crate) index: u64,
    /// Where its bytes are: a candidate, or a record that was read from the tail.
    pub(crate) source: Source,
    rank: i64,
}

/// Where a record's bytes are.
pub(crate) enum Source {
    /// The candidate of this number.
    Candidate(usize),
    /// The record of the tails of this number.
    Tail(usize),
}

impl Hit {
    /// A row of the candidate `number`.
    pub(crate) fn in_block(order: Order, number: usize, candidate: &Candidate, row: usize, event: i64) -> Self {
        let (rank, index) = (order.rank(Timestamp(event)), candidate.head.first + row as u64);
        Self { stream: candidate.stream, index, source: Source::Candidate(number), rank }
    }

    /// The matching records of the tails.
    pub(crate) fn in_tails(search: &Search, plan: &Plan, scope: &Scope) -> Vec<Self> {
        let mut fields = Fields::default();
        let mut hits = Vec::new();
        for (at, (record, stream)) in scope.tails.iter().zip(&scope.tail_streams).enumerate() {
            let is_found = plan.is_everything() || plan.matches(&record.body, &mut fields);
            if is_found && search.has_in_time(record.event) {
                let rank = search.order.rank(record.event);
                hits.push(Self { stream: *stream, index: record.id.index, source: Source::Tail(at), rank });
            }
        }
        hits
    }
}

/// Hits that come before everything in blocks of this rank or less, sorted; the others stay.
///
/// Records of one moment are in the order in which they came, or in the reverse one, stream by stream.
pub(crate) fn take_ready(order: Order, pending: &mut Vec<Hit>, rest: Option<i64>) -> Vec<Hit> {
    let (mut ready, later): (Vec<Hit>, Vec<Hit>) =
        std::mem::take(pending).into_iter().partition(|hit| rest.is_none_or(|rest| hit.rank > rest));
    *pending = later;
    let place = |index: u64| if order == Order::Newest { !index } else { index };
    ready.sort_unstable_by_key(|hit| (Reverse(hit.rank), hit.stream, place(hit.index)));
    ready
}
