//! What a verification is in the command line: its scope, its report and all the forms of it.

pub(crate) mod advice;
pub(crate) mod drill;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod recorded;
pub(crate) mod rolling;
pub(crate) mod textfile;
pub(crate) mod trial;

use std::time::Duration;

use logkeep_storage::{Damage, DamageCode, Timestamp, Verification};

use crate::verification::drill::Drill;
use crate::verification::recorded::{Previous, Recorded};
use crate::verification::rolling::Rolled;
use crate::verification::trial::Trial;

/// What came out, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything that was asked for was checked and is right.
    Verified,
    /// Something is not as it was written.
    Failed,
    /// Not everything could be checked.
    Incomplete,
}

impl Verdict {
    pub(crate) const ALL: [Verdict; 3] = [Verdict::Verified, Verdict::Failed, Verdict::Incomplete];

    /// The first word of a report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Verified => "VERIFIED",
            Verdict::Failed => "FAILED",
            Verdict::Incomplete => "INCOMPLETE",
        }
    }
}

/// How much was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every byte.
    Full,
    /// All but the contents of blocks.
    Quick,
    /// As quick, and the contents that were never read before.
    SinceReport,
    /// As quick, and the contents that were read longest ago, for a time.
    Rolling { budget: Duration, nights: u32 },
}

impl Scope {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scope::Full => "full",
            Scope::Quick => "quick",
            Scope::SinceReport => "since-report",
            Scope::Rolling { .. } => "rolling",
        }
    }
}

/// What a verification of archive and index found.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) archive: String,
    pub(crate) scope: Scope,
    pub(crate) started: Timestamp,
    pub(crate) took: Duration,
    /// Findings of the index are among its damage.
    pub(crate) checked: Verification,
    /// Whether the archive could be opened at all.
    pub(crate) opens: bool,
    /// What could not be read because the system did not let us.
    pub(crate) denied: bool,
    pub(crate) trial: Trial,
    pub(crate) drill: Option<Drill>,
    /// How far a rolling verification is.
    pub(crate) rolled: Option<Rolled>,
    pub(crate) previous: Option<Previous>,
    pub(crate) recorded: Recorded,
}

impl Report {
    /// What came out.
    pub(crate) fn verdict(&self) -> Verdict {
        let Verification { damage, unchecked, .. } = &self.checked;
        if !damage.is_empty() {
            return Verdict::Failed;
        }
        if !unchecked.is_empty() || self.checked.is_empty() {
            return Verdict::Incomplete;
        }
        Verdict::Verified
    }

    /// Whether the ledger is damaged and nothing else.
    pub(crate) fn is_only_the_ledger(&self) -> bool {
        let Verification { damage, unchecked, .. } = &self.checked;
        damage.iter().all(|damage| damage.code == DamageCode::Tips) && !damage.is_empty() && unchecked.is_empty()
    }

    /// Findings of this stream.
    pub(crate) fn findings_of(&self, stream: &str) -> usize {
        let is_of = |damage: &&Damage| damage.stream.as_ref().is_some_and(|found| found.as_str() == stream);
        self.checked.damage.iter().filter(is_of).count()
    }
}
