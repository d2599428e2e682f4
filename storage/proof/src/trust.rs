//! The trust file: a policy, and in its comments how far streams are known to have come.

use crate::bundle::META;
use crate::checkpoint::Checkpoint;
use crate::decimal;
use crate::error::Error;
use crate::policy::Policy;

/// The first words of the comments that are meant for us.
const MARK: [&[u8]; 2] = [b"#", b"logkeep"];

/// What an auditor knows from before: whose signatures count, which streams there are, and how many
/// records each has at least.
///
/// ```text
/// log archive.example/contoso/entra-signin+ef3859de+Aawn…
/// quorum none
/// # logkeep expect archive.example/contoso/entra-signin 300
/// ```
#[derive(Debug, Clone)]
pub struct Trust {
    /// The policy, which other programs read in the same file.
    pub policy: Policy,
    /// In the order of the file.
    pub expected: Vec<Expected>,
}

/// A stream that exists, and what is known of its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The log's origin, which has a line in the policy.
    pub origin: String,
    /// Records it has at least.
    pub size_min: u64,
}

/// How what is there falls short of what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortfall {
    /// There is no checkpoint of the stream.
    Missing(Expected),
    /// The stream is smaller than it is known to have been: it was set back to an older state.
    Rollback {
        /// What was known.
        expected: Expected,
        /// The size that the checkpoint says.
        size: u64,
    },
}

impl Trust {
    /// Reads a trust file; a plain policy is one that expects nothing.
    ///
    /// # Errors
    /// As [`Policy::parse`]; `Form` if a comment that begins with `# logkeep` is no expectation, or
    /// if its origin has no log line or was expected before.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut trust = Self { policy: Policy::parse(text)?, expected: Vec::new() };
        for line in text.split(|byte| *byte == b'\n') {
            let items = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty());
            let items: Vec<&[u8]> = items.collect();
            if let Some(words) = items.strip_prefix(MARK.as_slice()) {
                trust.expect(words, line)?;
            }
        }
        Ok(trust)
    }

    /// What is missing or too small among the checkpoints of a whole archive.
    #[must_use]
    pub fn shortfalls(&self, checkpoints: &[Checkpoint]) -> Vec<Shortfall> {
        let of = |expected: &Expected| checkpoints.iter().find(|found| found.origin() == expected.origin);
        let judge = |expected: &Expected| match of(expected) {
            Some(checkpoint) => self.rollback(checkpoint),
            None => Some(Shortfall::Missing(expected.clone())),
        };
        self.expected.iter().filter_map(judge).collect()
    }

    /// Whether this checkpoint is smaller than its stream is known to have been.
    #[must_use]
    pub fn rollback(&self, checkpoint: &Checkpoint) -> Option<Shortfall> {
        let expected = self.expected.iter().find(|expected| expected.origin == checkpoint.origin())?;
        let size = checkpoint.size();
        (size < expected.size_min).then(|| Shortfall::Rollback { expected: expected.clone(), size })
    }

    fn expect(&mut self, words: &[&[u8]], line: &[u8]) -> Result<(), Error> {
        let refused = |expected| Error::form("trust file line", expected, line);
        let [b"expect", origin, size] = words else {
            return Err(refused("`# logkeep expect ORIGIN SIZE`"));
        };
        let size_min = decimal::parse("expected size", size)?;
        let origin = str::from_utf8(origin).ok().filter(|origin| self.vouched(origin));
        let origin =
            origin.ok_or_else(|| refused("an origin that has a log line, or whose archive's _meta has one"))?;
        if self.expected.iter().any(|before| before.origin == origin) {
            return Err(refused("an origin that is not expected yet"));
        }
        self.expected.push(Expected { origin: origin.to_owned(), size_min });
        Ok(())
    }
}

impl Trust {
    /// Whether the policy has a key of the log, or of the `_meta` of an archive that it may be of.
    fn vouched(&self, origin: &str) -> bool {
        let is_meta_of = |archive: &str| self.policy.knows_log(&format!("{archive}/{META}"));
        self.policy.knows_log(origin)
            || origin.match_indices('/').any(|(at, _)| origin.get(..at).is_some_and(is_meta_of))
    }
}

impl std::fmt::Display for Expected {
    /// The line of the trust file, without its newline.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "# logkeep expect {} {}", self.origin, self.size_min)
    }
}

impl std::fmt::Display for Shortfall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(expected) => {
                write!(
                    f,
                    "MISSING: no checkpoint of {}, at least {} records expected",
                    expected.origin, expected.size_min
                )
            }
            Self::Rollback { expected, size } => {
                write!(f, "ROLLBACK: {} has {size} records, at least {} expected", expected.origin, expected.size_min)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::NoteSigner;

    fn trust(lines: &str) -> Result<Trust, Error> {
        let key = |name: &str, seed: u8| NoteSigner::new(name, &[seed; 32]).unwrap().verifier().to_string();
        let logs =
            format!("log {}\nlog {}\nlog {}\n", key("a.example/x", 1), key("a.example/x", 2), key("a.example/y", 3));
        Trust::parse(format!("{logs}quorum none\n{lines}").as_bytes())
    }

    fn checkpoint(origin: &str, size: u64) -> Checkpoint {
        Checkpoint::new(origin, size, [7; 32]).unwrap()
    }

    #[test]
    fn expectations_are_read_and_printed() {
        let trust =
            trust("# a comment\n# logkeep expect a.example/x 300\n \t#\tlogkeep  expect a.example/y 0 \n").unwrap();
        let expected = |origin: &str, size_min| Expected { origin: origin.to_owned(), size_min };
        assert_eq!(trust.expected, [expected("a.example/x", 300), expected("a.example/y", 0)]);
        assert_eq!(trust.expected[0].to_string(), "# logkeep expect a.example/x 300");
        assert_eq!(trust.policy.logs().len(), 3);
    }

    #[test]
    fn misspelled_expectations_do_not_vanish() {
        let refused = [
            "# logkeep\n",
            "# logkeep expects a.example/x 300\n",
            "# logkeep expect a.example/x\n",
            "# logkeep expect a.example/x 300 300\n",
            "# logkeep expect a.example/x 0300\n",
            "# logkeep expect a.example/x -1\n",
            "# logkeep expect a.example/z 300\n",
            "# logkeep expect a.example/\u{e9} 300\n",
            "# logkeep expect a.example/x 300\n# logkeep expect a.example/x 301\n",
        ];
        for lines in refused {
            assert!(trust(lines).is_err(), "{lines}");
        }
        let meta = NoteSigner::new("a.example/t/_meta", &[4; 32]).unwrap().verifier().to_string();
        let by_meta = |origin: &str| trust(&format!("log {meta}\n# logkeep expect {origin} 1\n"));
        assert_eq!(by_meta("a.example/t/s/sub").unwrap().expected[0].origin, "a.example/t/s/sub");
        for origin in ["a.example/t", "a.example/u/s", "b.example/t/s", "a.example/t\u{e9}/s"] {
            assert!(by_meta(origin).is_err(), "{origin}");
        }
        for other in ["#logkeep expect\n", "# logkeeper expect\n", "# expect\n", "## logkeep expect\n"] {
            assert_eq!(trust(other).unwrap().expected, [], "{other}");
        }
        assert!(Trust::parse(b"# logkeep expect a.example/x 300\n").is_err(), "no quorum");
    }

    #[test]
    fn missing_and_smaller_streams_are_found() {
        let trust = trust("# logkeep expect a.example/x 300\n# logkeep expect a.example/y 5\n").unwrap();
        let [x, y] = [trust.expected[0].clone(), trust.expected[1].clone()];
        let good = [checkpoint("a.example/y", 5), checkpoint("a.example/other", 0), checkpoint("a.example/x", 301)];
        assert_eq!(trust.shortfalls(&good), []);
        assert_eq!(trust.shortfalls(&good[..2]), [Shortfall::Missing(x.clone())]);
        let small = [checkpoint("a.example/x", 299)];
        let rollback = Shortfall::Rollback { expected: x, size: 299 };
        assert_eq!(trust.shortfalls(&small), [rollback.clone(), Shortfall::Missing(y.clone())]);
        assert_eq!(trust.rollback(&small[0]), Some(rollback.clone()));
        assert_eq!(trust.rollback(&checkpoint("a.example/x", 300)), None);
        assert_eq!(rollback.to_string(), "ROLLBACK: a.example/x has 299 records, at least 300 expected");
        assert_eq!(
            Shortfall::Missing(y).to_string(),
            "MISSING: no checkpoint of a.example/y, at least 5 records expected"
        );
    }
}
