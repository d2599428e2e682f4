//! A replica: a second copy of an archive that takes only what continues its own history.
//!
//! Blocks are copied as they are, after they were decoded, hashed again and proven under the root of the archive's own
//! tree; the tail, the ids and the cursors follow. Each write leaves a whole archive behind that ends earlier, so a
//! replica can be read, verified and gone on with after a kill at any moment. `docs/replica.md` has the rules.

mod copy;
mod follow;
mod prefix;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::archive::Archive;
use crate::checkpoint::{checkpoint_key, kept};
use crate::damage::{Damage, DamageCode};
use crate::directory::{Directory, ReplicaKind};
use crate::error::{Error, Result};
use crate::log_key::LogKey;
use crate::options::Options;
use crate::prove::Prover;
use crate::replica::copy::{Copying, Pending};
use crate::store::{Access, Family, Store};
use crate::streams::{self, Stream};
use crate::tips::TipLog;
use crate::writer::{self, ARCHIVE_KEY};

pub use self::prefix::{Divergence, DivergenceKind};

/// What a replica remembers of itself stands among the cursors, which are opaque to verification.
const OWN_CURSORS: &str = "replica/";
/// There while a round is under way: the records are further than cursors and checkpoints.
const PARTIAL: &str = "replica/partial";

/// A replica, open to take what its archive has more.
pub struct Replica {
    directory: Directory,
    store: Arc<Store>,
    tips: TipLog,
    streams: BTreeMap<u32, Stream>,
    options: Options,
    part_bytes: u64,
    is_partial: bool,
}

/// What was copied since it was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records.
    pub records: u64,
    /// Bytes as they are stored.
    pub bytes: u64,
}

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// All that was copied.
    pub copied: Copied,
    /// Streams whose history is not what the replica has. Nothing at all was copied.
    pub divergences: Vec<Divergence>,
    /// What of the archive is damaged and was not taken.
    pub damage: Vec<Damage>,
    /// Whether it was asked to stop before the end.
    pub stopped: bool,
}

impl Replica {
    /// Opens the replica of an archive, or makes it in a directory that is empty or does not exist.
    ///
    /// # Errors
    /// [`Error::NoReplica`] and [`Error::OtherArchive`] if something else is there; [`Error::Locked`] if another
    /// process copies into it; [`Error::AlreadyAnArchive`] if the directory has other files.
    pub fn open(path: &Path, source: &Archive, kind: ReplicaKind, options: &Options) -> Result<Self> {
        let directory = Directory::new(path);
        match directory.check_format() {
            Err(Error::NotAnArchive(_)) => Self::create(directory, source, kind, options),
            other => other.and_then(|()| Self::reopen(directory, source, kind, options)),
        }
    }

    fn create(directory: Directory, source: &Archive, kind: ReplicaKind, options: &Options) -> Result<Self> {
        directory.claim()?;
        let lock = writer::take_lock(&directory)?;
        directory.clear_unfinished()?;
        let store = Store::open(&directory.database(), Access::Create, Some(lock), options)?;
        let identity = identity(&source.store())?;
        let mut pending = Pending::new(&store);
        pending.changes.put(Family::Meta, ARCHIVE_KEY, &[&identity])?;
        store.commit(pending.changes)?;
        let tips = TipLog::create(&directory.tips())?;
        directory.write_replica(kind)?;
        directory.write_format()?;
        Ok(Self {
            directory,
            store: Arc::new(store),
            tips,
            streams: BTreeMap::new(),
            options: options.clone(),
            part_bytes: copy::PART_BYTES,
            is_partial: false,
        })
    }

    fn reopen(directory: Directory, source: &Archive, kind: ReplicaKind, options: &Options) -> Result<Self> {
        if directory.replica()? != Some(kind) {
            return Err(Error::NoReplica(directory.root().to_owned()));
        }
        let (store, _) = writer::open_store(&directory, options)?;
        writer::check_version(&store)?;
        if identity(&store)? != identity(&source.store())? {
            return Err(Error::OtherArchive(directory.root().to_owned()));
        }
        let streams = streams::all_sound(&store)?;
        let (tips, _) = writer::open_ledger(&directory, &store, &streams)?;
        let is_partial = store.get(Family::Cursor, PARTIAL.as_bytes())?.is_some();
        Ok(Self {
            directory,
            store: Arc::new(store),
            tips,
            streams: streams.into_iter().map(|stream| (stream.number, stream)).collect(),
            options: options.clone(),
            part_bytes: copy::PART_BYTES,
            is_partial,
        })
    }

    /// Whether the last round was cut short: then the records are further than the cursors of their sources.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Takes what the archive has more, as of the moment when `source` was opened or refreshed. After every few
    /// megabytes `tell` hears what was copied since, may wait, and says whether to go on.
    ///
    /// `source` must be a reader's handle, whose view stands still. `key` is the archive's, if it is known: then only
    /// checkpoints that it has signed are taken. After an error this value is of no use any more.
    ///
    /// # Errors
    /// [`Error::AcknowledgedLost`] if the archive has lost records; errors of either disk. What is damaged in the
    /// archive is in the round, and is not taken.
    pub fn take(
        &mut self,
        source: &Archive,
        key: Option<&LogKey>,
        tell: &mut dyn FnMut(Copied) -> bool,
    ) -> Result<Round> {
        let lost = source.lost();
        if !lost.is_empty() {
            return Err(Error::AcknowledgedLost { lost });
        }
        let from = source.store();
        let mut round = Round::default();
        let theirs = streams::all(&from, |damage| {
            round.damage.push(damage);
            Ok(())
        })?;
        round.divergences = self.divergences(&from, &theirs, &round.damage)?;
        if round.divergences.is_empty() {
            self.copy(&from, &theirs, key, tell, &mut round)?;
        }
        Ok(round)
    }

    /// Takes all ids by which duplicates are known: [`Replica::take`] leaves some for later, because to find them all
    /// ids have to be read. For the end, and for a copy that is made once.
    ///
    /// # Errors
    /// Errors of either disk.
    pub fn take_ids(&mut self, source: &Archive, tell: &mut dyn FnMut(Copied) -> bool) -> Result<Round> {
        let mut round = Round::default();
        let ours: Vec<Stream> = self.streams.values().cloned().collect();
        follow::ids(&source.store(), &self.store, &ours, |_, _| true, tell, &mut round)?;
        Ok(round)
    }

    /// Makes an archive of its own of what was restored: the last step. Afterwards [`crate::Writer`] opens it.
    ///
    /// # Errors
    /// An error of the disk.
    pub fn promote(self) -> Result<()> {
        let mut pending = Pending::new(&self.store);
        follow::forget(&self.store, &mut pending)?;
        self.store.commit(pending.changes)?;
        self.store.flush()?;
        self.directory.remove_replica()
    }

    fn copy(
        &mut self,
        from: &Arc<Store>,
        theirs: &[Stream],
        key: Option<&LogKey>,
        tell: &mut dyn FnMut(Copied) -> bool,
        round: &mut Round,
    ) -> Result<()> {
        let store = self.store.clone();
        let mut pending = Pending::new(&store);
        for stream in theirs {
            let ours = self.streams.get(&stream.number).cloned();
            let mut copying = Copying::new(&store, from, ours, stream, (self.options.threads, self.part_bytes))?;
            // What was put before the damage is whole, and stays.
            while let Some(Some(part)) = take(copying.next(&mut pending), &mut round.damage)? {
                self.streams.insert(part.number, part);
                if pending.bytes() >= self.part_bytes {
                    let told = pending.tell();
                    round.copied.add(told);
                    pending = self.commit(pending, &store, true)?;
                    round.stopped |= !tell(told);
                }
                if round.stopped {
                    break;
                }
            }
            if round.stopped {
                break;
            }
        }
        let whole = round.damage.is_empty() && !round.stopped;
        if !round.stopped {
            self.checkpoints(from, theirs, key, &mut pending, round)?;
        }
        if whole {
            follow::cursors(from, &store, &mut pending, &mut round.damage)?;
            if self.is_partial {
                pending.changes.delete(Family::Cursor, PARTIAL.as_bytes())?;
            }
        }
        let told = pending.tell();
        round.copied.add(told);
        self.commit(pending, &store, !whole)?;
        if !whole {
            return Ok(());
        }
        self.is_partial = false;
        round.stopped = !tell(told);
        follow::ids(from, &store, theirs, follow::is_due, tell, round)
    }

    /// Writes what is pending, then the tips of the streams that grew by it.
    fn commit<'a>(&mut self, mut pending: Pending<'a>, store: &'a Store, partial: bool) -> Result<Pending<'a>> {
        if !pending.changes.is_empty() {
            if partial && !self.is_partial {
                pending.changes.put(Family::Cursor, PARTIAL.as_bytes(), &[b"1"])?;
                self.is_partial = true;
            }
            store.commit(pending.changes)?;
            let tips: Vec<_> = pending.tips.into_values().collect();
            if !tips.is_empty() {
                self.tips.add(&tips)?;
            }
        }
        Ok(Pending::new(store))
    }

    /// Takes the checkpoints that are newer than ours or have more signatures.
    fn checkpoints(
        &self,
        from: &Arc<Store>,
        theirs: &[Stream],
        key: Option<&LogKey>,
        pending: &mut Pending<'_>,
        round: &mut Round,
    ) -> Result<()> {
        let is_whole = |stream: &&Stream| {
            self.streams.get(&stream.number).is_some_and(|ours| ours.head.size() == stream.head.size())
        };
        for stream in theirs.iter().filter(is_whole) {
            let name = checkpoint_key(stream.number);
            let value = take(from.get(Family::Meta, &name), &mut round.damage)?.and_then(|value| value);
            let ours = self.store.get(Family::Meta, &name)?;
            let Some(value) = value.filter(|value| ours.as_ref() != Some(value)) else { continue };
            let checked = self.checkpoint(from, stream, key);
            if take(checked, &mut round.damage)?.is_some_and(|is_newer| is_newer) {
                pending.changes.put(Family::Meta, &name, &[&value])?;
            }
        }
        Ok(())
    }

    /// Whether a checkpoint of the archive is one of this history, and none that is older than ours.
    fn checkpoint(&self, from: &Arc<Store>, stream: &Stream, key: Option<&LogKey>) -> Result<bool> {
        let Some(new) = kept(from, stream.number)? else { return Ok(false) };
        let damage = |found: String| {
            Damage::new(DamageCode::Checkpoint, "a checkpoint of these records", found).stream(&stream.name)
        };
        if let Some(key) = key
            && let Some(problem) = new.check(&key.verifier(&stream.name)?)?
        {
            return Err(damage(problem).into());
        }
        let (size, root) = (new.frontier.size(), new.frontier.root());
        let prover = Prover::of(from.clone(), stream.clone());
        if !prover.continues(size, &root)? {
            return Err(damage(format!("one of {size} records with root {}", crate::hex::hex(&root))).into());
        }
        let ours = kept(&self.store, stream.number)?.map_or(0, |ours| ours.frontier.size());
        Ok(size >= ours)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Only a convenience for the next to open: nothing is lost if it fails.
        let _ = self.store.flush().and_then(|()| self.store.compact(Family::Tail));
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replica").field(&self.directory.root()).finish()
    }
}

impl Copied {
    fn add(&mut self, other: Copied) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// Whether two paths lie on the same file system: a copy there does not survive the disk. `None` if nobody knows.
#[must_use]
pub fn on_one_device(one: &Path, other: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| {
        path.ancestors().find_map(|path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            let Ok(found) = fs::metadata(path) else { return None };
            Some(found.dev())
        })
    };
    Some(device(one)? == device(other)?)
}

/// Version and id of an archive.
fn identity(store: &Store) -> Result<Vec<u8>> {
    let missing = || Damage::new(DamageCode::Value, "the archive's version and id", "nothing").into();
    store.get(Family::Meta, ARCHIVE_KEY)?.ok_or_else(missing)
}

/// Keeps damage as a finding; every other error ends the round.
fn take<T>(result: Result<T>, damage: &mut Vec<Damage>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Damaged(found)) => {
            damage.push(*found);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests;
