//! Proofs that records are in a stream: salts, and the nodes of the tree that are not kept, made again from blocks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use logkeep_proof::bundle::ProvenRecord;
use logkeep_proof::{Frontier, Hash, Salt, SaltKey, consistency, node_hash, range};

use crate::archive::{Archive, gap};
use crate::blocks;
use crate::checkpoint::SignedCheckpoint;
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::record::StoredRecord;
use crate::store::{self, Family, Store};
use crate::stream::StreamName;
use crate::streams::Stream;
use crate::tail::{self, TailRow};
use crate::tree::{self, GROUP_RECORDS, is_kept};

/// Groups of which the leaves are remembered: those at both ends of a range, and at the end of the tree.
const GROUPS_MAX: usize = 4;

/// Makes proofs for records of one stream, as far as it went when this was made.
pub struct Prover {
    store: Arc<Store>,
    stream: Stream,
    /// Leaves of groups, by the group's number.
    leaves: RefCell<BTreeMap<u64, Vec<Hash>>>,
    /// The block whose salt was asked for last.
    salt: Option<(Range<u64>, SaltKey)>,
}

/// Proofs of the crate of proofs fail in its words, those of the archive in ours.
enum Failed {
    Ours(Error),
    Proof(logkeep_proof::Error),
}

impl From<logkeep_proof::Error> for Failed {
    fn from(error: logkeep_proof::Error) -> Self {
        Self::Proof(error)
    }
}

impl Archive {
    /// What makes proofs for a stream, `None` if nothing was ever appended to it.
    ///
    /// # Errors
    /// Damage in the stream's head.
    pub fn prover(&self, stream: &StreamName) -> Result<Option<Prover>> {
        let (store, found) = (self.store(), self.stream(stream)?);
        Ok(found.map(|stream| Prover::of(store, stream)))
    }
}

impl Prover {
    pub(crate) fn of(store: Arc<Store>, stream: Stream) -> Self {
        Self { store, stream, leaves: RefCell::default(), salt: None }
    }

    /// The proof that the stream as it was with `old` records is the start of what it was with `new` records; the
    /// stream must have that many. **Unchecked**: whoever gets it has both roots.
    ///
    /// # Errors
    /// Damage in the tree.
    pub fn growth(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        let made = consistency::prove(old, new, |level, index| self.node(level, index).map_err(Failed::Ours));
        made.map_err(|failed| self.failed(failed))
    }

    /// Whether the stream as it is now continues a tree of this size and root.
    pub(crate) fn continues(&self, size: u64, root: &Hash) -> Result<bool> {
        let (now, head) = (self.stream.head.size(), &self.stream.head);
        if size > now {
            return Ok(false);
        }
        let path = self.growth(size, now)?;
        Ok(consistency::verify(size, root, now, &head.root(), &path).is_ok())
    }

    /// The edge of the tree as it was with `size` records.
    pub(crate) fn frontier(&self, size: u64) -> Result<Frontier> {
        let (mut bytes, mut at) = (size.to_le_bytes().to_vec(), 0);
        for level in (0..u64::BITS as u8).rev().filter(|level| size >> level & 1 == 1) {
            bytes.extend_from_slice(&self.node(level, at >> level)?);
            at += 1 << level;
        }
        Frontier::decode(&bytes).map_err(|error| self.failed(Failed::Proof(error)))
    }

    fn failed(&self, failed: Failed) -> Error {
        match failed {
            Failed::Ours(error) => error,
            Failed::Proof(error) => Damage::new(DamageCode::Tree, "a tree that proves itself", error.to_string())
                .stream(&self.stream.name)
                .into(),
        }
    }

    /// A record with its salt: all that its leaf is made from. Cheap in the order of the records.
    ///
    /// # Errors
    /// Damage in the head of its block.
    pub fn proven<'r>(&mut self, record: &'r StoredRecord) -> Result<ProvenRecord<'r>> {
        let salt = self.salt(record.id.index)?;
        Ok(ProvenRecord { event_ns: record.event.0, received_ns: record.received.0, salt, body: &record.body })
    }

    /// The path of a range of records ([`logkeep_proof::range`]) under a checkpoint of the stream, checked with the
    /// hashes of their leaves: nobody is handed a proof that proves nothing.
    ///
    /// # Errors
    /// Damage: what is stored is not what was signed. Also if the checkpoint does not reach so far.
    pub fn path(&self, first: u64, leaves: &[Hash], checkpoint: &SignedCheckpoint) -> Result<Vec<Hash>> {
        let (end, size) = (first.saturating_add(leaves.len() as u64), checkpoint.size);
        let made = range::prove(first, end, size, |level, index| self.node(level, index).map_err(Failed::Ours));
        let checked = made.and_then(|path| {
            range::verify(first, leaves, size, &path, &checkpoint.root)?;
            Ok(path)
        });
        checked.map_err(|failed| match failed {
            Failed::Ours(error) => error,
            Failed::Proof(error) => {
                let expected = format!("records under the signed root {}", hex(&checkpoint.root));
                let damage = Damage::new(DamageCode::Checkpoint, expected, error.to_string());
                damage.stream(&self.stream.name).records(first..end).into()
            }
        })
    }

    /// Node of the tree over the leaves `index << level .. (index + 1) << level`, all of which are there.
    pub(crate) fn node(&self, level: u8, index: u64) -> Result<Hash> {
        if is_kept(level) {
            return self.kept(level, index);
        }
        // Up to here a node lies in one group.
        if level < tree::KEPT_LEVEL {
            return self.inside(level, index);
        }
        Ok(node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?))
    }

    fn kept(&self, level: u8, index: u64) -> Result<Hash> {
        let value = self.store.get(Family::Tree, &store::node_key(self.stream.number, level, index))?;
        let hash = value.as_deref().and_then(|value| value.try_into().ok());
        let damage = || {
            let expected = format!("node {index} of level {level}");
            let damage =
                Damage::new(DamageCode::Tree, expected, if value.is_some() { "other bytes" } else { "nothing" });
            damage.stream(&self.stream.name).into()
        };
        hash.ok_or_else(damage)
    }

    /// A node below the lowest level that is kept.
    fn inside(&self, level: u8, index: u64) -> Result<Hash> {
        let (from, count) = (index << level, 1_usize << level);
        let (group, at) = (tree::group(from), (from % GROUP_RECORDS) as usize);
        let mut known = self.leaves.borrow_mut();
        if !known.contains_key(&group) {
            let leaves = self.group(group)?;
            if known.len() >= GROUPS_MAX {
                known.pop_first();
            }
            known.insert(group, leaves);
        }
        let leaves = known.get(&group).and_then(|leaves| leaves.get(at..at + count));
        let leaves = leaves.ok_or_else(|| gap(&self.stream, from..from + count as u64))?;
        Ok(logkeep_proof::root_of(leaves))
    }

    /// The leaves of a group, as far as the stream goes.
    fn group(&self, group: u64) -> Result<Vec<Hash>> {
        let (mut at, head) = (group * GROUP_RECORDS, &self.stream.head);
        let end = (at + GROUP_RECORDS).min(head.size());
        let mut leaves = Vec::new();
        while at < end.min(head.sealed) {
            let Some(stored) = blocks::containing(&self.store, &self.stream, at)? else {
                return Err(gap(&self.stream, at..end).into());
            };
            let (block, rows) = blocks::rows(&self.store, &self.stream.name, stored)?;
            leaves.extend(tree::leaves(block.first, rows.rows(), &block.salt));
            at = blocks::end(&block);
        }
        if at < end {
            let rows = tail::all(&self.store, &self.stream, at, end)?;
            leaves.extend(tree::leaves(at, rows.iter().map(TailRow::row), &head.open_salt));
        }
        Ok(leaves)
    }

    fn salt(&mut self, index: u64) -> Result<Salt> {
        if let Some((records, key)) = &self.salt
            && records.contains(&index)
        {
            return Ok(key.salt(index));
        }
        let found = match blocks::containing(&self.store, &self.stream, index)? {
            Some(stored) => (stored.head.first..blocks::end(&stored.head), SaltKey::new(&stored.head.salt)),
            None => (self.stream.head.sealed..self.stream.head.size(), SaltKey::new(&self.stream.head.open_salt)),
        };
        let salt = found.1.salt(index);
        self.salt = Some(found);
        Ok(salt)
    }
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover").field("stream", &self.stream.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::record::{Append, Batch};
    use crate::time::Timestamp;
    use crate::writer::Writer;

    fn name() -> StreamName {
        "a/b".parse().unwrap()
    }

    fn append(writer: &mut Writer, records: Range<u64>) {
        let mut batch = Batch::new(name(), Timestamp(7));
        for number in records {
            batch.push(format!("record {number}").as_bytes(), Timestamp(number as i64), None);
        }
        writer.append(&Append { batches: vec![batch], cursors: vec![] }).unwrap();
    }

    fn checkpoint(archive: &Archive) -> SignedCheckpoint {
        let head = archive.head(&name()).unwrap().unwrap();
        SignedCheckpoint { stream: name(), size: head.size, root: head.root, note: String::new() }
    }

    fn leaves(prover: &mut Prover, archive: &Archive, records: Range<u64>) -> Vec<Hash> {
        let mut scratch = Vec::new();
        let mut leaf = |record: StoredRecord| prover.proven(&record).unwrap().leaf(record.id.index).hash(&mut scratch);
        archive.records(&name(), records).map(|record| leaf(record.unwrap())).collect()
    }

    /// Each range under each checkpoint, of which the prover checks the proof by itself.
    fn prove(archive: &Archive, checkpoints: &[SignedCheckpoint]) {
        let mut prover = archive.prover(&name()).unwrap().unwrap();
        for checkpoint in checkpoints {
            let size = checkpoint.size;
            let middle = size / 2;
            let ranges = [0..1, 0..size, size - 1..size, middle..middle + 1, middle..size, size / 3..middle.max(1)];
            for range in ranges.into_iter().filter(|range| !range.is_empty()) {
                let mut leaves = leaves(&mut prover, archive, range.clone());
                let path = prover.path(range.start, &leaves, checkpoint);
                assert!(path.is_ok(), "{range:?} of {size}: {path:?}");
                leaves[0][0] ^= 1;
                assert!(prover.path(range.start, &leaves, checkpoint).is_err(), "{range:?} of {size}");
            }
            assert!(prover.path(size, &[[0; 32]], checkpoint).is_err(), "behind the end of {size}");
        }
    }

    #[test]
    fn records_are_proven_under_old_and_new_checkpoints_wherever_they_lie() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path(), &Options::default()).unwrap();
        let (mut size, mut checkpoints) = (0, Vec::new());
        // Blocks that are full and ragged, and a tail; over the first level of nodes that are kept, and the group.
        for (more, seal) in [
            (1, false),
            (2, true),
            (250, false),
            (4, true),
            (1, false),
            (770, true),
            (1500, false),
            (37, true),
            (5, false),
        ] {
            append(&mut writer, size..size + more);
            size += more;
            if seal {
                writer.seal_tails().unwrap();
            }
            checkpoints.push(checkpoint(&writer.archive()));
            prove(&writer.archive(), &checkpoints);
        }
    }

    #[test]
    fn nodes_above_the_group_are_made_from_those_that_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path(), &Options::default()).unwrap();
        append(&mut writer, 0..70_000);
        let first = checkpoint(&writer.archive());
        append(&mut writer, 70_000..71_111);
        prove(&writer.archive(), &[first, checkpoint(&writer.archive())]);
    }
}
