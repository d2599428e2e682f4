//! The answer: a verdict over all streams of a bundle, and whose policy it rests on.

use logkeep_proof::bundle::{Bundle, StreamVerdict};
use logkeep_proof::{Error, Trust};

/// What it all comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every record is proven, under a policy that was given.
    Verified,
    /// Something is not proven.
    Failed,
    /// Nothing is wrong, but nothing was there, or nobody said whose keys count.
    Incomplete,
}

impl Verdict {
    /// The word and the exit code.
    const fn known(self) -> (&'static str, u8) {
        match self {
            Self::Verified => ("VERIFIED", 0),
            Self::Failed => ("FAILED", 1),
            Self::Incomplete => ("INCOMPLETE", 3),
        }
    }

    /// As the first line begins.
    pub(crate) fn word(self) -> &'static str {
        self.known().0
    }

    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        self.known().1
    }
}

/// A bundle, judged.
pub(crate) enum Answer<'a> {
    /// It is no bundle, or its own policy, which is all there is, is none.
    Malformed(Error),
    /// It is one.
    Judged(Judged<'a>),
}

/// A well-formed bundle, judged.
pub(crate) struct Judged<'a> {
    /// What was read.
    pub(crate) bundle: Bundle<'a>,
    /// The text of the policy that was used.
    pub(crate) policy: &'a [u8],
    /// That policy.
    pub(crate) trust: Trust,
    /// Whether the policy is the reader's, and not the bundle's own.
    pub(crate) given: bool,
    /// For each stream.
    pub(crate) streams: Vec<StreamVerdict>,
}

impl<'a> Answer<'a> {
    /// Judges the bytes of a bundle. Only a policy that was given and is none is an error.
    pub(crate) fn of(bytes: &'a [u8], policy: Option<&'a [u8]>) -> Result<Self, String> {
        let given = policy.map(Trust::parse).transpose().map_err(|error| format!("the policy: {error}"))?;
        Ok(match Judged::of(bytes, policy.zip(given)) {
            Ok(judged) => Self::Judged(judged),
            Err(error) => Self::Malformed(error),
        })
    }

    /// What it comes to.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Malformed(_) => Verdict::Failed,
            Self::Judged(judged) => judged.verdict(),
        }
    }
}

impl<'a> Judged<'a> {
    fn of(bytes: &'a [u8], given: Option<(&'a [u8], Trust)>) -> Result<Self, Error> {
        let bundle = Bundle::parse(bytes)?;
        let is_given = given.is_some();
        let (policy, trust) = match given {
            Some(given) => given,
            None => (bundle.policy, Trust::parse(bundle.policy)?),
        };
        let streams = bundle.check(&trust);
        Ok(Self { bundle, policy, trust, given: is_given, streams })
    }

    fn verdict(&self) -> Verdict {
        if self.streams.iter().any(|stream| !stream.flaws.is_empty()) || self.proven() != self.records() {
            Verdict::Failed
        } else if self.given && self.records() > 0 {
            Verdict::Verified
        } else {
            Verdict::Incomplete
        }
    }

    /// Records in the bundle.
    pub(crate) fn records(&self) -> u64 {
        self.bundle.record_count()
    }

    /// Records that are proven.
    pub(crate) fn proven(&self) -> u64 {
        self.streams.iter().map(StreamVerdict::proven).sum()
    }
}
