//! Writing an archive: one [`Writer`] at a time appends and seals.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::append::{Growth, Layout, random};
use crate::archive::{Archive, State};
use crate::damage::{Damage, DamageCode};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::lock::Lock;
use crate::options::Options;
use crate::record::{Append, Appended, Batch, Cursor};
use crate::recover::{self, Recovery};
use crate::seal;
use crate::seen::{self, Sifted};
use crate::store::{Access, Changes, Family, Store};
use crate::stream::StreamName;
use crate::streams::{self, Stream, StreamHead};
use crate::time::Timestamp;
use crate::tips::{self, Ledger, Tip, TipLog};

/// Longest name of a cursor in bytes.
const CURSOR_NAME_BYTES_MAX: usize = 512;
/// Longest value of a cursor in bytes.
const CURSOR_VALUE_BYTES_MAX: usize = 64 << 10;
/// Meta key of the archive's version and id.
pub(crate) const ARCHIVE_KEY: &[u8] = b"archive";
/// The format's version, before the id.
const ARCHIVE_VERSION: u32 = 1;

/// An archive, open for writing. There is one at a time, in one process.
///
/// [`Writer::append`] returns when the records are on the disk. After an error of the disk the writer refuses
/// everything: nobody knows what a disk holds after a failed write, but opening the archive again tells.
pub struct Writer {
    archive: Archive,
    tips: TipLog,
    streams: BTreeMap<StreamName, Stream>,
    recovery: Recovery,
    poisoned: Option<String>,
}

/// The new records of one stream.
struct Part<'a> {
    sifted: Sifted<'a>,
    /// Which of the append's batches they came from.
    batches: Vec<usize>,
    growth: Growth<'a>,
}

impl Writer {
    /// Makes an archive in a directory that is empty or does not exist.
    ///
    /// # Errors
    /// [`Error::AlreadyAnArchive`] if the directory is not empty.
    pub fn create(path: &Path, options: &Options) -> Result<Self> {
        let directory = Directory::new(path);
        directory.check_no_replica()?;
        directory.claim()?;
        let lock = take_lock(&directory)?;
        directory.clear_unfinished()?;
        let store = Store::open(&directory.database(), Access::Create, Some(lock), options)?;
        if !streams::all_sound(&store)?.is_empty() {
            return Err(Error::AlreadyAnArchive(path.to_owned()));
        }
        let mut changes = Changes::new(&store);
        changes.put(Family::Meta, ARCHIVE_KEY, &[&ARCHIVE_VERSION.to_le_bytes(), &random::<16>()?])?;
        store.commit(changes)?;
        let tips = TipLog::create(&directory.tips())?;
        directory.write_format()?;
        let archive = Archive::of_writer(store, directory, options);
        let (streams, recovery) = (BTreeMap::new(), Recovery::default());
        Ok(Self { archive, tips, streams, recovery, poisoned: None })
    }

    /// Opens an archive to append to it.
    ///
    /// # Errors
    /// [`Error::Locked`] if another writer has it, [`Error::AcknowledgedLost`] if it has less than it acknowledged,
    /// [`Error::Damaged`] if it is not as it was written.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let directory = Directory::new(path);
        directory.check_format()?;
        directory.check_no_replica()?;
        let (store, torn_log) = open_store(&directory, options)?;
        check_version(&store)?;
        let streams = streams::all_sound(&store)?;
        let (tips, recovery) = open_ledger(&directory, &store, &streams)?;
        let recovery = Recovery { torn_log, ..recovery };
        let archive = Archive::of_writer(store, directory, options);
        let streams = streams.into_iter().map(|stream| (stream.name.clone(), stream)).collect();
        Ok(Self { archive, tips, streams, recovery, poisoned: None })
    }

    /// Writes a ledger that is damaged, shorter than it was, or gone anew from what the streams' heads say, and keeps
    /// what was there in `quarantine`. Returns where; `None` if nothing was there.
    ///
    /// The old ledger cannot say any more whether the newest records are missing. Whoever calls this has verified the
    /// archive and accepts it as it is.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::AcknowledgedLost`] or [`Error::Damaged`] if what is left of the ledger contradicts
    /// the database: such an archive can be read, and is not written to any more.
    pub fn renew_ledger(path: &Path, options: &Options) -> Result<Option<PathBuf>> {
        let directory = Directory::new(path);
        directory.check_format()?;
        let (store, _) = open_store(&directory, options)?;
        check_version(&store)?;
        let ledger = Ledger::read(&directory.tips()).unwrap_or_default();
        let streams = streams::all_sound(&store)?;
        let lost = recover::lost(&store, &ledger.newest, &streams);
        if !lost.is_empty() {
            return Err(Error::AcknowledgedLost { lost });
        }
        recover::check_roots(&ledger.newest, &streams)?;
        let path = directory.tips();
        let is_there = path.try_exists().map_err(|e| Error::io(&path, e))?;
        let aside = if is_there { Some(directory.set_aside(&path)?) } else { None };
        let newest = recover::missing_tips(&store, &BTreeMap::new(), &streams)?;
        TipLog::renew(&path, newest.into_iter().map(|tip| (tip.stream, tip)).collect())?;
        Ok(aside)
    }

    /// Stores all records and cursors or nothing; they are on the disk when this returns.
    ///
    /// A record whose id is known is compared with what is stored: the same bytes are counted as a duplicate and not
    /// stored, other bytes are stored as a new version. Whole blocks are sealed at once.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`], [`Error::CursorTooLarge`]: nothing was stored. Errors of the disk: see [`Writer`].
    pub fn append(&mut self, append: &Append) -> Result<Vec<Appended>> {
        self.check(append)?;
        let parts = self.parts(append)?;
        let store = self.archive.store();
        let mut changes = Changes::new(&store);
        let grown = self.grow(&parts, &mut changes)?;
        for cursor in &append.cursors {
            changes.put(Family::Cursor, cursor.name.as_bytes(), &[&cursor.value])?;
        }
        let tips: Vec<Tip> = grown.iter().map(|(stream, received)| tips::tip(stream, *received)).collect();
        self.commit(changes, &tips)?;
        self.streams.extend(grown.into_iter().map(|(stream, _)| (stream.name.clone(), stream)));
        Ok(results(append, &parts))
    }

    /// Makes blocks of all records that wait for one, at the end of an import or when nothing comes. A block that is
    /// not full is replaced when more records follow. Returns the number of records that were sealed.
    ///
    /// # Errors
    /// Damage in the tail; errors of the disk: see [`Writer`].
    pub fn seal_tails(&mut self) -> Result<u64> {
        self.check_sound()?;
        let waiting: Vec<Stream> =
            self.streams.values().filter(|stream| stream.head.sealed < stream.head.size()).cloned().collect();
        let mut sealed = 0;
        for stream in waiting {
            sealed += stream.head.size() - stream.head.sealed;
            self.seal_tail(stream)?;
        }
        Ok(sealed)
    }

    /// A handle that reads what this writer writes, at once.
    #[must_use]
    pub fn archive(&self) -> Archive {
        self.archive.clone()
    }

    /// What opening the archive cut off.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    fn seal_tail(&mut self, stream: Stream) -> Result<()> {
        let growth = Growth { stream, is_new: false, fresh: Vec::new(), close: true };
        let store = self.archive.store();
        let mut changes = Changes::new(&store);
        let carried = growth.carry(&store)?;
        let layout = Layout::new(&growth, &carried)?;
        let sealed = seal::run(&layout.jobs(), self.archive.options().threads)?;
        let after = layout.put(&sealed, &mut changes)?;
        self.commit(changes, &[])?;
        self.streams.insert(after.name.clone(), after);
        Ok(())
    }

    /// The append's records by stream, without the duplicates.
    fn parts<'a>(&self, append: &'a Append) -> Result<Vec<Part<'a>>> {
        let mut by_stream: BTreeMap<&StreamName, Vec<usize>> = BTreeMap::new();
        for (at, batch) in append.batches.iter().enumerate() {
            by_stream.entry(batch.stream()).or_default().push(at);
        }
        let store = self.archive.store();
        let mut unused = self.streams.values().map(|stream| stream.number).max().unwrap_or(0);
        let parts = by_stream.into_iter().map(|(name, batches)| {
            let known = self.streams.get(name).cloned();
            let is_new = known.is_none();
            let stream = known.unwrap_or_else(|| {
                unused += 1;
                Stream { name: name.clone(), number: unused, head: StreamHead::empty() }
            });
            let of_stream: Vec<&Batch> = batches.iter().filter_map(|at| append.batches.get(*at)).collect();
            let mut sifted = seen::sift(&store, &stream, is_new, &of_stream)?;
            let fresh = std::mem::take(&mut sifted.rows);
            Ok(Part { sifted, batches, growth: Growth { stream, is_new, fresh, close: false } })
        });
        parts.collect()
    }

    /// Adds to `changes` what the parts need. Returns the streams as they are then, with the times of their tips.
    fn grow(&self, parts: &[Part<'_>], changes: &mut Changes<'_>) -> Result<Vec<(Stream, Timestamp)>> {
        let parts: Vec<_> = parts.iter().filter(|part| !part.growth.fresh.is_empty()).collect();
        let store = self.archive.store();
        let carried: Vec<_> = parts.iter().map(|part| part.growth.carry(&store)).collect::<Result<_>>()?;
        let layouts = parts.iter().zip(&carried).map(|(part, carried)| Layout::new(&part.growth, carried));
        let layouts: Vec<_> = layouts.collect::<Result<_>>()?;
        let jobs: Vec<_> = layouts.iter().map(Layout::jobs).collect();
        let counts: Vec<usize> = jobs.iter().map(Vec::len).collect();
        // tidy: no results here
        let sealed = seal::run(&jobs.into_iter().flatten().collect::<Vec<_>>(), self.archive.options().threads)?;
        let (mut rest, mut grown) = (sealed.as_slice(), Vec::with_capacity(parts.len()));
        for ((part, layout), count) in parts.iter().zip(&layouts).zip(counts) {
            let (of_stream, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = others;
            let stream = layout.put(of_stream, changes)?;
            seen::put(stream.number, &part.sifted.seen, changes)?;
            grown.push((stream, part.sifted.received));
        }
        Ok(grown)
    }

    /// The streams as they are.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values()
    }

    /// Makes changes durable, then tells the ledger.
    pub(crate) fn commit(&mut self, changes: Changes<'_>, tips: &[Tip]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let committed = self.archive.store().commit(changes);
        let told = committed.and_then(|()| if tips.is_empty() { Ok(()) } else { self.tips.add(tips) });
        if let Err(error) = &told {
            self.poisoned = Some(with_causes(error));
        }
        told
    }

    fn check(&self, append: &Append) -> Result<()> {
        self.check_sound()?;
        let max = self.archive.options().record_bytes_max;
        let mut sizes = append.batches.iter().flat_map(Batch::iter).map(|record| record.body.len() as u64);
        match sizes.find(|bytes| *bytes > max) {
            Some(bytes) => Err(Error::RecordTooLarge { bytes, max }),
            None => append.cursors.iter().try_for_each(check_cursor),
        }
    }

    fn check_sound(&self) -> Result<()> {
        self.poisoned.clone().map_or(Ok(()), |cause| Err(Error::Poisoned { cause }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Only a convenience for the next to open: nothing is lost if it fails. What was deleted from the tail is
        // most of what was written, and goes at once.
        if self.poisoned.is_none() {
            let store = self.archive.store();
            let _ = store.flush().and_then(|()| store.compact(Family::Tail));
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("archive", &self.archive).field("poisoned", &self.poisoned).finish()
    }
}

pub(crate) fn take_lock(directory: &Directory) -> Result<Lock> {
    Lock::take(&directory.lock())?.ok_or_else(|| Error::Locked(directory.root().to_owned()))
}

/// Opens the database; says whether an unfinished record at the end of its log was cut off.
pub(crate) fn open_store(directory: &Directory, options: &Options) -> Result<(Store, bool)> {
    let database = directory.database();
    match Store::open(&database, Access::Write, Some(take_lock(directory)?), options) {
        Err(Error::Damaged(_)) => {
            // What is cut off cannot be looked at again: first it must be known that nothing acknowledged is in it.
            let lost = State::open(directory, Access::Read, options)?.lost;
            if !lost.is_empty() {
                return Err(Error::AcknowledgedLost { lost });
            }
            let lock = Some(take_lock(directory)?);
            Store::open(&database, Access::WriteTornLog, lock, options).map(|store| (store, true))
        }
        opened => opened.map(|store| (store, false)),
    }
}

/// Opens the ledger of a database that is to be written to, and adds the tips that an append which was cut short between
/// the two has left out. A ledger that had to be corrected is kept in `quarantine` as it was.
pub(crate) fn open_ledger(directory: &Directory, store: &Store, streams: &[Stream]) -> Result<(TipLog, Recovery)> {
    let ledger = Ledger::read(&directory.tips())?.without_torn_append(streams);
    check_acknowledged(store, &ledger, streams)?;
    let is_renewed = ledger.corrected > 0 && ledger.is_complete();
    let ledger_set_aside = if is_renewed { Some(directory.set_aside(&directory.tips())?) } else { None };
    let torn_tip_bytes = ledger.torn_bytes;
    let mut tips = TipLog::open(&directory.tips(), ledger)?;
    let adopted = streams.iter().map(|stream| stream.head.size() - recover::acknowledged(tips.newest(), stream)).sum();
    let missing = recover::missing_tips(store, tips.newest(), streams)?;
    if !missing.is_empty() {
        tips.add(&missing)?;
    }
    Ok((tips, Recovery { torn_log: false, torn_tip_bytes, adopted, ledger_set_aside }))
}

/// Refuses a database that has less than was acknowledged, or other records, and a ledger that cannot say so.
fn check_acknowledged(store: &Store, ledger: &Ledger, streams: &[Stream]) -> Result<()> {
    let lost = recover::lost(store, &ledger.newest, streams);
    if !lost.is_empty() {
        return Err(Error::AcknowledgedLost { lost });
    }
    recover::check_roots(&ledger.newest, streams)?;
    let shorter = streams.iter().find_map(|stream| recover::shorter(&ledger.newest, stream));
    match shorter {
        Some(damage) if ledger.is_complete() => Err(damage.into()),
        _ => Ok(()),
    }
}

pub(crate) fn check_version(store: &Store) -> Result<()> {
    let found = store.get(Family::Meta, ARCHIVE_KEY)?;
    let version = found.as_ref().and_then(|value| value.split_first_chunk()).map(|(v, _)| u32::from_le_bytes(*v));
    if version == Some(ARCHIVE_VERSION) {
        return Ok(());
    }
    let found = version.map_or_else(|| "nothing".to_owned(), |version| version.to_string());
    Err(Damage::new(DamageCode::Value, format!("archive version {ARCHIVE_VERSION}"), found).into())
}

fn check_cursor(cursor: &Cursor) -> Result<()> {
    let parts =
        [("name", cursor.name.len(), CURSOR_NAME_BYTES_MAX), ("value", cursor.value.len(), CURSOR_VALUE_BYTES_MAX)];
    let too_large = parts.into_iter().find(|(_, bytes, max)| bytes > max);
    let name = || cursor.name.chars().take(64).collect();
    too_large.map_or(Ok(()), |(part, bytes, max)| Err(Error::CursorTooLarge { name: name(), part, bytes, max }))
}

/// What became of each batch, in the order of the batches.
fn results(append: &Append, parts: &[Part<'_>]) -> Vec<Appended> {
    let counted = parts.iter().flat_map(|part| part.batches.iter().zip(&part.sifted.batches));
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_key(|(at, _)| **at);
    let results = append.batches.iter().zip(counted).map(|(batch, (_, count))| Appended {
        stream: batch.stream().clone(),
        indexes: count.indexes.clone(),
        duplicates: count.duplicates,
        versions: count.versions,
    });
    results.collect()
}

/// An error with all its causes, in one line.
pub(crate) fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
