//! Heads of blocks, kept from search to search.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use logkeep_storage::{Archive, BlockHead, Damage, DamageCode, StreamName, StreamStat};

use crate::error::Result;
use crate::search::Answered;

/// The heads of each stream's blocks as they were read last, by the stream's number.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    known: Mutex<HashMap<u32, Known>>,
}

type Known = Arc<Vec<Arc<BlockHead>>>;

impl Heads {
    /// Heads of a stream's blocks as far as `end`, where the tail began; only those that are new are read. What the
    /// stream's numbers say is sealed is older than the tail, and may be less.
    pub(crate) fn of(
        &self,
        archive: &Archive,
        stream: &StreamStat,
        end: u64,
        answered: &mut Answered,
    ) -> Result<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&stream.number).cloned();
        let known = known.unwrap_or_default();
        if known.last().map_or(0, |head| end_of(head)) >= end {
            return Ok(known);
        }
        let mut heads: Vec<Arc<BlockHead>> = known.iter().cloned().collect();
        let from = heads.pop().map_or(0, |last| last.first);
        let (new, damage) = match archive.blocks_with_damage(&stream.name, from) {
            Ok(read) => read,
            Err(error) => {
                answered.note(error)?;
                return Ok(Arc::new(heads));
            }
        };
        heads.extend(new.into_iter().filter(|head| head.first >= from).map(Arc::new));
        let gaps = gaps(&heads, end);
        let unnamed = gaps.iter().filter(|gap| !names(&damage, gap));
        answered.damage.extend(unnamed.map(|gap| missing(&stream.name, gap.clone())));
        let is_sound = gaps.is_empty() && damage.is_empty();
        answered.damage.extend(damage);
        let heads = Arc::new(heads);
        if is_sound {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.number, Arc::clone(&heads));
        }
        Ok(heads)
    }
}

/// The index behind a block's last record.
pub(crate) fn end_of(head: &BlockHead) -> u64 {
    head.first.saturating_add(u64::from(head.count))
}

/// The finding that records are not where they should be.
pub(crate) fn missing(stream: &StreamName, records: Range<u64>) -> Damage {
    let damage = Damage::new(DamageCode::BlockMissing, "a block with these records", "nothing");
    damage.stream(stream).records(records)
}

/// Whether one of the findings is about all of these records.
fn names(damage: &[Damage], gap: &Range<u64>) -> bool {
    let mut named = damage.iter().filter_map(|damage| damage.records.as_ref());
    named.any(|records| records.start <= gap.start && gap.end <= records.end)
}

/// Records before `end` that should be in blocks, but are in none.
fn gaps(heads: &[Arc<BlockHead>], end: u64) -> Vec<Range<u64>> {
    let begins = heads.iter().map(|head| head.first).chain([end]);
    let ends = [0].into_iter().chain(heads.iter().map(|head| end_of(head)));
    ends.zip(begins).map(|(from, to)| from..to.min(end)).filter(|gap| !gap.is_empty()).collect()
}
