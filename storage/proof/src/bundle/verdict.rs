//! Judges a bundle: which records are proven, by whose signatures, and what is wrong.

use std::fmt;

use super::{Bundle, META, ProvenLog, ProvenRange, stream_of};
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::key::VerifierKey;
use crate::policy::{Cosigned, Signed};
use crate::range;
use crate::trust::{Shortfall, Trust};

/// What is to be said of one stream of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamVerdict {
    /// The stream's name in the archive.
    pub stream: String,
    /// What its checkpoint says. **To be believed only without flaws.**
    pub checkpoint: Checkpoint,
    /// The log's keys that signed it.
    pub keys: Vec<VerifierKey>,
    /// The witnesses that cosigned it.
    pub cosigned: Vec<Cosigned>,
    /// The record of `_meta` that repeats it: looked for where the stream's own signatures, or its
    /// cosignatures, are not enough or there are none.
    pub anchor: Option<Anchor>,
    /// All ranges of the bundle.
    pub ranges: Vec<RangeVerdict>,
    /// Everything that is wrong.
    pub flaws: Vec<Flaw>,
}

/// A record of `_meta`, proven and with the quorum, in which a stream's checkpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its index in `_meta`.
    pub index: u64,
    /// The keys of `_meta` that signed its checkpoint.
    pub keys: Vec<VerifierKey>,
    /// The witnesses that cosigned the checkpoint of `_meta`.
    pub cosigned: Vec<Cosigned>,
}

/// What is to be said of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeVerdict {
    /// Index of the first record.
    pub first: u64,
    /// Records.
    pub count: u64,
    /// The records stand in the stream, and its checkpoint counts.
    pub proven: bool,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// No key that counts has signed the checkpoint, or one has signed another.
    Unsigned(Error),
    /// The quorum is missing, in the checkpoint and in `_meta`.
    Unwitnessed(Error),
    /// The stream is smaller than the trust file says.
    Rollback(Shortfall),
    /// These records do not stand in the stream at these places.
    Unproven {
        /// Index of the first record.
        first: u64,
        /// Records.
        count: u64,
        /// How the path fails.
        error: Error,
    },
}

impl Bundle<'_> {
    /// Judges each stream by this trust. The policy in the bundle is not looked at.
    #[must_use]
    pub fn check(&self, trust: &Trust) -> Vec<StreamVerdict> {
        let witnessed =
            self.logs.iter().find(|log| log.stream(self) == META).and_then(|meta| Witnessed::of(meta, trust));
        self.logs.iter().map(|log| log.check(self, trust, witnessed.as_ref())).collect()
    }
}

impl StreamVerdict {
    /// Records that are proven.
    #[must_use]
    pub fn proven(&self) -> u64 {
        self.ranges.iter().filter(|range| range.proven).map(|range| range.count).sum()
    }

    /// Takes over what the signatures say, and whether they are enough.
    fn judge(&mut self, log: &ProvenLog<'_>, trust: &Trust, witnessed: Option<&Witnessed<'_>>) {
        let anchor = || witnessed.and_then(|witnessed| witnessed.anchor(&log.checkpoint));
        match trust.policy.signed(&log.note) {
            Ok(signed) => self.judge_signed(signed, anchor),
            // Where the policy knows no key of the stream, the archive may speak by `_meta`.
            Err(Error::Unmet { .. }) if !trust.policy.knows_log(log.checkpoint.origin()) => {
                self.anchor = anchor();
                if self.anchor.is_none() {
                    let expected =
                        format!("a key of {}, or a record of {META} that repeats its checkpoint", self.stream);
                    self.flaws.push(Flaw::Unsigned(Error::Unmet { expected, got: "neither".to_owned() }));
                }
            }
            Err(error) => self.flaws.push(Flaw::Unsigned(error)),
        }
    }

    fn judge_signed(&mut self, signed: Signed, anchor: impl Fn() -> Option<Anchor>) {
        self.anchor = match (&signed.quorum, &*signed.cosigned) {
            (Err(_), _) => anchor(),
            (Ok(()), []) => anchor().filter(|anchor| !anchor.cosigned.is_empty()),
            _ => None,
        };
        if let (Err(error), None) = (signed.quorum, &self.anchor) {
            self.flaws.push(Flaw::Unwitnessed(error));
        }
        (self.keys, self.cosigned) = (signed.keys, signed.cosigned);
    }
}

impl ProvenLog<'_> {
    fn stream(&self, bundle: &Bundle<'_>) -> &str {
        stream_of(bundle.archive, self.checkpoint.origin()).unwrap_or_default()
    }

    fn check(&self, bundle: &Bundle<'_>, trust: &Trust, witnessed: Option<&Witnessed<'_>>) -> StreamVerdict {
        let mut verdict = StreamVerdict {
            stream: self.stream(bundle).to_owned(),
            checkpoint: self.checkpoint.clone(),
            keys: Vec::new(),
            cosigned: Vec::new(),
            anchor: None,
            ranges: Vec::new(),
            flaws: Vec::new(),
        };
        verdict.judge(self, trust, witnessed);
        verdict.flaws.extend(trust.rollback(&self.checkpoint).map(Flaw::Rollback));
        let believed = verdict.flaws.is_empty();
        for range in &self.ranges {
            let (first, count) = (range.first, range.records.len() as u64);
            let stands = range.stands_in(&self.checkpoint);
            verdict.ranges.push(RangeVerdict { first, count, proven: believed && stands.is_ok() });
            verdict.flaws.extend(stands.err().map(|error| Flaw::Unproven { first, count, error }));
        }
        verdict
    }
}

impl ProvenRange<'_> {
    fn stands_in(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        range::verify(self.first, &self.leaf_hashes(), checkpoint.size(), &self.path, checkpoint.root())
    }
}

/// The records of `_meta` that are proven under a checkpoint with the quorum.
struct Witnessed<'b> {
    bodies: Vec<(&'b [u8], u64)>,
    keys: Vec<VerifierKey>,
    cosigned: Vec<Cosigned>,
}

impl<'b> Witnessed<'b> {
    fn of(meta: &'b ProvenLog<'_>, trust: &Trust) -> Option<Self> {
        let accepted = trust.policy.check(&meta.note).ok()?;
        if trust.rollback(&accepted.checkpoint).is_some() {
            return None;
        }
        let proven = meta.ranges.iter().filter(|range| range.stands_in(&accepted.checkpoint).is_ok());
        let bodies = proven.flat_map(|range| range.records.iter().map(|record| record.body).zip(range.first..));
        Some(Self { bodies: bodies.collect(), keys: accepted.keys, cosigned: accepted.cosigned })
    }

    fn anchor(&self, checkpoint: &Checkpoint) -> Option<Anchor> {
        let wanted = checkpoint.json();
        let (_, index) = self.bodies.iter().find(|(body, _)| contains(body, wanted.as_bytes()))?;
        Some(Anchor { index: *index, keys: self.keys.clone(), cosigned: self.cosigned.clone() })
    }
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(error) => write!(f, "UNSIGNED: {error}"),
            Self::Unwitnessed(error) => write!(f, "UNWITNESSED: {error}"),
            Self::Rollback(shortfall) => write!(f, "{shortfall}"),
            Self::Unproven { first, count, error } => write!(f, "UNPROVEN: {count} records from {first}: {error}"),
        }
    }
}
