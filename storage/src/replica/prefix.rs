//! Whether a replica's history is the start of its archive's, and where they part if it is not.

use std::fmt;
use std::sync::Arc;

use crate::archive::Head;
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::prove::Prover;
use crate::replica::Replica;
use crate::store::Store;
use crate::stream::StreamName;
use crate::streams::Stream;

/// How an archive's history is another one than its replica's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DivergenceKind {
    /// The archive has less than its replica: it was set back to an older state.
    Rollback,
    /// The records that both have are not the same.
    Fork,
}

/// A stream of which the archive's history does not continue the replica's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The stream.
    pub stream: StreamName,
    /// In which way.
    pub kind: DivergenceKind,
    /// How far the archive goes; `None` if it has no such stream.
    pub archive: Option<Head>,
    /// How far the replica goes.
    pub replica: Head,
    /// The first record from which on they may differ: exact, unless damage stands in the way.
    pub from: Option<u64>,
}

impl Replica {
    /// The streams that do not continue what is here. Streams whose heads are damaged are not judged.
    pub(super) fn divergences(
        &self,
        from: &Arc<Store>,
        theirs: &[Stream],
        damaged: &[Damage],
    ) -> Result<Vec<Divergence>> {
        let mut found = Vec::new();
        for ours in self.streams.values().filter(|stream| stream.head.size() > 0) {
            let stream = theirs.iter().find(|stream| stream.number == ours.number && stream.name == ours.name);
            match stream {
                Some(stream) => found.extend(self.divergence(from, stream, ours)?),
                None if damaged.is_empty() => found.push(Divergence {
                    stream: ours.name.clone(),
                    kind: DivergenceKind::Rollback,
                    archive: None,
                    replica: head(ours),
                    from: Some(0),
                }),
                None => {}
            }
        }
        Ok(found)
    }

    fn divergence(&self, from: &Arc<Store>, theirs: &Stream, ours: &Stream) -> Result<Option<Divergence>> {
        let (archive, replica) = (head(theirs), head(ours));
        if archive == replica {
            return Ok(None);
        }
        let of = |kind, from| {
            let (stream, archive) = (ours.name.clone(), Some(archive));
            Ok(Some(Divergence { stream, kind, archive, replica, from }))
        };
        let there = Prover::of(from.clone(), theirs.clone());
        if archive.size >= replica.size && there.continues(replica.size, &replica.root)? {
            return Ok(None);
        }
        let here = Prover::of(self.store.clone(), ours.clone());
        if archive.size < replica.size && here.continues(archive.size, &archive.root)? {
            return of(DivergenceKind::Rollback, Some(archive.size));
        }
        of(DivergenceKind::Fork, first_difference(&here, &there, archive.size.min(replica.size))?)
    }
}

/// The first leaf that differs among the first `size` of two trees, found from the roots of the largest subtrees down.
fn first_difference(one: &Prover, other: &Prover, size: u64) -> Result<Option<u64>> {
    let mut at = 0;
    for level in (0..u64::BITS as u8).rev().filter(|level| size >> level & 1 == 1) {
        if !are_equal(one, other, level, at >> level)? {
            return descend(one, other, level, at >> level).map(Some);
        }
        at += 1 << level;
    }
    Ok(None)
}

fn descend(one: &Prover, other: &Prover, mut level: u8, mut index: u64) -> Result<u64> {
    while level > 0 {
        level -= 1;
        index <<= 1;
        index += u64::from(are_equal(one, other, level, index)?);
    }
    Ok(index)
}

/// What cannot be read is taken as different: the finding then names the start of what cannot be compared.
fn are_equal(one: &Prover, other: &Prover, level: u8, index: u64) -> Result<bool> {
    match (one.node(level, index), other.node(level, index)) {
        (Ok(one), Ok(other)) => Ok(one == other),
        (Err(Error::Damaged(_)), _) | (_, Err(Error::Damaged(_))) => Ok(false),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn head(stream: &Stream) -> Head {
    Head { size: stream.head.size(), root: stream.head.root() }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, archive, replica, from, .. } = self;
        let shown = |head: &Head| format!("{} records with root {}", head.size, hex(&head.root));
        let there = archive.as_ref().map_or_else(|| "no such stream".to_owned(), shown);
        let here = shown(replica);
        match self.kind {
            DivergenceKind::Rollback => write!(f, "ROLLBACK: {stream}: the archive has {there}, the replica {here}"),
            DivergenceKind::Fork => {
                write!(f, "FORK: {stream}: the archive has {there}, the replica {here}")?;
                from.map_or(Ok(()), |from| write!(f, "; they differ from record {from} on"))
            }
        }
    }
}
