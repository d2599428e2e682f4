//! Hours in which a stream has no event.

use std::collections::BTreeSet;

use logkeep_storage::{Archive, Damage, Error, StreamStat, Timestamp};

use crate::exit::Failure;
use crate::place;

const HOUR: i64 = 3_600_000_000_000;

/// The hours between first and last event, and how many of them are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hours {
    /// Hours without an event.
    pub(crate) empty: u64,
    /// The longest run of them: where it begins, and how many hours it is.
    pub(crate) longest: Option<(Timestamp, u64)>,
}

/// Reads the event times of a stream. Only blocks that cross an hour need to be opened: the head of the others tells.
/// Damaged blocks are returned as well: their hours are not known.
pub(crate) fn of_stream(archive: &Archive, stream: &StreamStat) -> Result<(Hours, Vec<Damage>), Failure> {
    let mut hours = BTreeSet::new();
    let mut damage = Vec::new();
    let mut note = |error: Error| match error {
        Error::Damaged(found) => {
            damage.push(*found);
            Ok(())
        }
        other => Err(place::failure(&other)),
    };
    let blocks = match archive.blocks(&stream.name, 0) {
        Ok(blocks) => blocks,
        Err(error) => {
            note(error)?;
            Vec::new()
        }
    };
    for head in blocks {
        let (first, last) = (hour(head.events.0.0), hour(head.events.1.0));
        if first == last {
            hours.insert(first);
            continue;
        }
        let read = archive.read_block(&stream.name, &head, |block| {
            hours.extend(block.events()?.iter().copied().map(hour));
            Ok(())
        });
        read.or_else(&mut note)?;
    }
    match archive.tail(&stream.name) {
        Ok(tail) => hours.extend(tail.iter().map(|record| hour(record.event.0))),
        Err(error) => note(error)?,
    }
    Ok((gaps(&hours), damage))
}

fn hour(ns: i64) -> i64 {
    ns.div_euclid(HOUR)
}

fn gaps(hours: &BTreeSet<i64>) -> Hours {
    let mut found = Hours::default();
    for (hour, next) in hours.iter().zip(hours.iter().skip(1)) {
        let empty = hour.abs_diff(*next) - 1;
        found.empty += empty;
        if empty > found.longest.map_or(0, |(_, length)| length) {
            found.longest = Some((Timestamp((hour + 1).saturating_mul(HOUR)), empty));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_hours_are_counted_and_the_longest_run_found() {
        assert_eq!(gaps(&BTreeSet::new()), Hours::default());
        assert_eq!(gaps(&BTreeSet::from([-3, -2, -1])), Hours::default());
        let found = gaps(&BTreeSet::from([-2, 0, 4, 8, 9]));
        assert_eq!(found, Hours { empty: 7, longest: Some((Timestamp(HOUR), 3)) });
        assert_eq!(hour(-1), -1);
    }
}
