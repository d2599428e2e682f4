//! What is asked of an archive, and what came of it.

use logkeep_storage::{Damage, Timestamp};

use crate::error::Result;
use crate::filter::Filter;
use crate::pattern::StreamPattern;

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

    /// Whether an event is in the time that is searched.
    pub(crate) fn has_in_time(&self, event: Timestamp) -> bool {
        self.since.is_none_or(|since| event >= since) && self.until.is_none_or(|until| event < until)
    }
}

impl Order {
    /// The larger, the earlier it is handed out.
    pub(crate) fn rank(self, event: Timestamp) -> i64 {
        match self {
            Self::Newest => event.0,
            Self::Oldest => !event.0,
        }
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

impl Answered {
    /// Keeps damage for the answer; anything else ends the search.
    pub(crate) fn note(&mut self, error: logkeep_storage::Error) -> Result<()> {
        match error {
            logkeep_storage::Error::Damaged(damage) => self.damage.push(*damage),
            other => return Err(other.into()),
        }
        Ok(())
    }
}
