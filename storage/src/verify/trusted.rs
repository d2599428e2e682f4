//! Checkpoints and streams held against a trust file: what somebody knows of the archive from before.

use std::collections::BTreeMap;

use logkeep_proof::{Checkpoint, Error, Note, Shortfall, Trust};

use crate::checkpoint::{Kept, META, NamedTip};
use crate::damage::{Damage, DamageCode};
use crate::hex::hex;
use crate::streams::Stream;

/// What is to be said of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    Right,
    Wrong(String),
    /// Nobody here knows a key of it.
    Unknown,
}

/// A trust file beside the checkpoints of an archive.
pub(super) struct Trusted<'a> {
    trust: &'a Trust,
    checkpoints: Vec<Checkpoint>,
    /// What `_meta` says of the streams, if its own checkpoint is one that the policy believes.
    anchors: Option<&'a BTreeMap<String, NamedTip>>,
    streams: Vec<(String, &'a Stream)>,
}

impl<'a> Trusted<'a> {
    pub(super) fn new(trust: &'a Trust, kept: &'a [(&'a Stream, Kept)], named: &'a BTreeMap<String, NamedTip>) -> Self {
        let read = |(stream, kept): &(&'a Stream, Kept)| Some((checkpoint(kept).ok()?.1, *stream));
        let found: Vec<(Checkpoint, &Stream)> = kept.iter().filter_map(read).collect();
        let meta = kept.iter().find(|(stream, _)| stream.name.as_str() == META);
        let is_believed =
            |(_, kept): &(&Stream, Kept)| Note::parse(&kept.note).is_ok_and(|note| trust.policy.check(&note).is_ok());
        Self {
            trust,
            anchors: meta.filter(|meta| is_believed(meta)).map(|_| named),
            streams: found.iter().map(|(checkpoint, stream)| (checkpoint.origin().to_owned(), *stream)).collect(),
            checkpoints: found.into_iter().map(|(checkpoint, _)| checkpoint).collect(),
        }
    }

    /// Whether those who the policy says have signed this checkpoint.
    pub(super) fn judge(&self, stream: &Stream, kept: &Kept) -> Judged {
        let (note, checkpoint) = match checkpoint(kept) {
            Ok(found) => found,
            Err(error) => return Judged::Wrong(error.to_string()),
        };
        let origin = checkpoint.origin();
        if !origin.strip_suffix(stream.name.as_str()).is_some_and(|rest| rest.ends_with('/')) {
            return Judged::Wrong(format!("one of {origin}"));
        }
        if (checkpoint.size(), *checkpoint.root()) != (kept.frontier.size(), kept.frontier.root()) {
            return Judged::Wrong(format!("one of {} records with root {}", checkpoint.size(), hex(checkpoint.root())));
        }
        match self.trust.policy.signed(&note) {
            Ok(signed) => match signed.quorum {
                Err(error) if !self.is_anchored(&checkpoint) => Judged::Wrong(error.to_string()),
                _ => Judged::Right,
            },
            // A stream that is younger than the trust file: `_meta` speaks for it.
            Err(Error::Unmet { .. }) if !self.trust.policy.knows_log(origin) => {
                if self.is_anchored(&checkpoint) {
                    Judged::Right
                } else {
                    Judged::Unknown
                }
            }
            Err(error) => Judged::Wrong(error.to_string()),
        }
    }

    /// Expected streams that are missing or smaller than they were.
    pub(super) fn shortfalls(&self) -> Vec<Damage> {
        self.trust.shortfalls(&self.checkpoints).into_iter().map(|shortfall| self.damage(shortfall)).collect()
    }

    fn is_anchored(&self, checkpoint: &Checkpoint) -> bool {
        let named = self.anchors.and_then(|named| named.get(checkpoint.origin()));
        named.is_some_and(|tip| (tip.size, tip.root) == (checkpoint.size(), *checkpoint.root()))
    }

    fn damage(&self, shortfall: Shortfall) -> Damage {
        match shortfall {
            Shortfall::Missing(expected) => {
                let wanted = format!("{} with {} records, as the trust file says", expected.origin, expected.size_min);
                Damage::new(DamageCode::StreamMissing, wanted, "no signed checkpoint of it")
            }
            Shortfall::Rollback { expected, size } => {
                let wanted = format!("{} records of {}, as the trust file says", expected.size_min, expected.origin);
                let damage =
                    Damage::new(DamageCode::Rollback, wanted, size.to_string()).records(size..expected.size_min);
                let stream = self.streams.iter().find(|(origin, _)| *origin == expected.origin);
                stream.map_or(damage.clone(), |(_, stream)| damage.stream(&stream.name))
            }
        }
    }
}

fn checkpoint(kept: &Kept) -> Result<(Note, Checkpoint), Error> {
    let note = Note::parse(&kept.note)?;
    let checkpoint = note.text().parse()?;
    Ok((note, checkpoint))
}
