//! A rolling verification: a share of all contents each night, what was read longest ago first.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use logkeep_storage::{Archive, Coverage, Error, Part, StreamName, Timestamp};

use crate::interrupt::Interrupt;
use crate::place::Place;

/// Between two writings of what was read, which a run that is killed leaves to the next.
const SAVED_EVERY: Duration = Duration::from_secs(20);
/// A night, for the count of nights.
const NIGHT_NS: i64 = 86_400_000_000_000;

/// Which contents were read when, in a file that may be deleted: everything counts as never read then.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    pub(crate) coverage: Coverage,
    saved: Instant,
}

/// How far a rolling verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rolled {
    pub(crate) nights: u32,
    /// Records whose contents were read within so many nights.
    pub(crate) covered: u64,
    /// Records that can be.
    pub(crate) all: u64,
}

/// When to stop.
#[derive(Debug)]
pub(crate) struct Limit {
    started: Instant,
    budget: Duration,
    /// Records that are read however long it takes: without them the nights would not suffice.
    least: u64,
    pub(crate) interrupt: Interrupt,
}

impl Memory {
    /// Reads the file; whatever is wrong with it, it is as if there were none.
    pub(crate) fn load(place: &Place) -> Memory {
        let path = place.path().join("verify.state");
        let coverage = fs::read(&path).ok().and_then(|bytes| Coverage::parse(&bytes)).unwrap_or_default();
        Memory { path, coverage, saved: Instant::now() }
    }

    /// Writes the file whole.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.saved = Instant::now();
        let new = self.path.with_added_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(self.coverage.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }

    /// Notes a part that was read. That it cannot be saved now is said when it cannot be at the end.
    pub(crate) fn note(&mut self, part: &Part, at: Timestamp) {
        self.coverage.mark(part.stream.as_str(), part.records.clone(), at);
        if self.saved.elapsed() >= SAVED_EVERY {
            let _ = self.save();
        }
    }
}

/// The streams, and how many of their records lie in blocks.
pub(crate) fn sealed(archive: &Archive) -> Result<Vec<(StreamName, u64)>, Error> {
    Ok(archive.streams()?.into_iter().map(|stream| (stream.name, stream.sealed)).collect())
}

/// How far the contents of these streams were read within so many nights.
pub(crate) fn rolled(coverage: &Coverage, streams: &[(StreamName, u64)], nights: u32, now: Timestamp) -> Rolled {
    let (covered, all) = coverage.since(streams, nights_ago(now, nights));
    Rolled { nights, covered, all }
}

impl Limit {
    /// What has to be read tonight so that everything is read within so many nights: a share of all, and whatever was
    /// read so long ago that tomorrow is too late.
    pub(crate) fn new(
        budget: Duration,
        nights: u32,
        coverage: &Coverage,
        streams: &[(StreamName, u64)],
        now: Timestamp,
        interrupt: Interrupt,
    ) -> Limit {
        let (ever, all) = coverage.since(streams, Timestamp(i64::MIN));
        let (lately, _) = coverage.since(streams, nights_ago(now, nights.saturating_sub(1)));
        let least = (all.div_ceil(u64::from(nights.max(1))) + (ever - lately)).min(all);
        Limit { started: Instant::now(), budget, least, interrupt }
    }

    /// Whether to go on after so many records.
    pub(crate) fn go_on(&self, records: u64) -> bool {
        !self.interrupt.is_set() && (records < self.least || !self.is_over())
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.started.elapsed() >= self.budget
    }
}

fn nights_ago(now: Timestamp, nights: u32) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::from(nights).saturating_mul(NIGHT_NS)))
}

impl fmt::Display for Rolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.covered.saturating_mul(100).checked_div(self.all).unwrap_or(100);
        write!(f, "contents read within {} nights: {percent} % of those in full blocks", self.nights)
    }
}

/// Reads `2h`, `90m`, `30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time such as 2h, 90m or 30s");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: u64 = 1024;
    const NOW: Timestamp = Timestamp(100 * NIGHT_NS);

    fn least(coverage: &Coverage, streams: &[(StreamName, u64)]) -> u64 {
        let interrupt = Interrupt::default();
        Limit::new(Duration::ZERO, 7, coverage, streams, NOW, interrupt).least
    }

    #[test]
    fn a_seventh_is_read_whatever_the_budget_and_what_would_be_too_old_tomorrow() {
        let streams = [("a/b".parse().unwrap(), 70 * GROUP)];
        let mut coverage = Coverage::default();
        assert_eq!(least(&coverage, &streams), 10 * GROUP);
        coverage.mark("a/b", 0..30 * GROUP, nights_ago(NOW, 1));
        assert_eq!(least(&coverage, &streams), 10 * GROUP);
        coverage.mark("a/b", 0..5 * GROUP, Timestamp(nights_ago(NOW, 6).0 - 1));
        assert_eq!(least(&coverage, &streams), 15 * GROUP);
        assert_eq!(rolled(&coverage, &streams, 7, NOW), Rolled { nights: 7, covered: 30 * GROUP, all: 70 * GROUP });
    }

    #[test]
    fn with_the_least_of_each_night_all_is_read_within_the_nights() {
        let streams = [("a/b".parse().unwrap(), 700 * GROUP), ("c/d".parse().unwrap(), 100 * GROUP)];
        let mut coverage = Coverage::default();
        for night in 0..30 {
            let now = Timestamp(NOW.0 + night * NIGHT_NS);
            let mut left = Limit::new(Duration::ZERO, 7, &coverage, &streams, now, Interrupt::default()).least;
            for part in coverage.parts(&streams) {
                if left == 0 {
                    break;
                }
                left = left.saturating_sub(part.records.end - part.records.start);
                coverage.mark(part.stream.as_str(), part.records, now);
            }
            let is_done = rolled(&coverage, &streams, 7, now).covered == 800 * GROUP;
            assert!(is_done || night < 6, "night {night}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(duration("90m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for text in ["", "h", "2", "2d", "-1s", "1.5h", "9999999999999999999h", "2é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
