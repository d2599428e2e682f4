//! Reading an archive: streams, heads, records, blocks. An [`Archive`] never writes.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use logkeep_proof::Hash;

use crate::block::{Block, BlockError, BlockHead};
use crate::blocks;
use crate::damage::{Damage, DamageCode};
use crate::directory::{Directory, Fingerprint, fingerprint};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::record::StoredRecord;
use crate::records::Records;
use crate::recover::{self, Lost};
use crate::store::{self, Access, Family, Store};
use crate::stream::{RecordId, StreamName};
use crate::streams::{self, Stream};
use crate::tail;
use crate::time::Timestamp;
use crate::tips::Ledger;
use crate::writer::ARCHIVE_KEY;

/// How often opening is tried while a writer changes files.
const TRIES_MAX: u32 = 10;
/// How long to wait before the second try; longer each time.
const PAUSE: Duration = Duration::from_millis(5);

/// An archive, open for reading. Clones share one database.
///
/// Opened by a process of its own it shows what was acknowledged when it was opened or refreshed last; from
/// [`crate::Writer::archive`] it shows everything at once.
#[derive(Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Directory,
    options: Options,
    is_writers: bool,
    state: RwLock<State>,
}

/// The database as it was opened last, and what it lacks.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) store: Arc<Store>,
    pub(crate) lost: Vec<Lost>,
    ledger_damage: Vec<Damage>,
    fingerprint: Fingerprint,
}

/// A stream in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamStat {
    /// The stream.
    pub name: StreamName,
    /// Its number in the archive.
    pub number: u32,
    /// Number of records, which is the size of its tree.
    pub records: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Records that are in blocks.
    pub sealed: u64,
    /// Records that are not.
    pub tail: u64,
    /// Number of blocks.
    pub blocks: u64,
    /// Bytes of all bodies.
    pub bytes_raw: u64,
    /// Bytes of all blocks.
    pub bytes_stored: u64,
    /// Earliest and latest event, `None` without records.
    pub events: Option<(Timestamp, Timestamp)>,
}

/// How far a stream goes: what a checkpoint signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of records.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
}

impl Archive {
    /// Opens an archive that another process may be writing. Writes nothing.
    ///
    /// # Errors
    /// [`Error::NotAnArchive`], [`Error::Format`], and [`Error::Damaged`] if the database cannot be opened.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let directory = Directory::new(path);
        directory.check_format()?;
        let state = RwLock::new(State::open(&directory, Access::Read, options)?);
        let options = options.clone();
        Ok(Self { inner: Arc::new(Inner { directory, options, is_writers: false, state }) })
    }

    /// The writer's own handle.
    pub(crate) fn of_writer(store: Store, directory: Directory, options: &Options) -> Self {
        let (store, lost, ledger_damage) = (Arc::new(store), Vec::new(), Vec::new());
        let state = RwLock::new(State { store, lost, ledger_damage, fingerprint: Vec::new() });
        Self { inner: Arc::new(Inner { directory, options: options.clone(), is_writers: true, state }) }
    }

    /// Sees what the writer has acknowledged since, by opening the database again if something changed. Iterators
    /// that were made before go on over what they saw. A writer's own handle needs no refresh.
    ///
    /// # Errors
    /// As [`Archive::open`]; the archive stays as it was.
    pub fn refresh(&self) -> Result<()> {
        if self.inner.is_writers || fingerprint(&self.inner.directory)? == self.state().fingerprint {
            return Ok(());
        }
        let fresh = State::open(&self.inner.directory, Access::Read, &self.inner.options)?;
        *self.inner.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The archive's own number, drawn at random when it was made.
    ///
    /// # Errors
    /// Damage in what the archive says of itself.
    pub fn id(&self) -> Result<[u8; 16]> {
        let value = self.store().get(Family::Meta, ARCHIVE_KEY)?;
        let id = value.as_deref().and_then(|value| value.get(4..)).and_then(|id| id.try_into().ok());
        id.ok_or_else(|| Damage::new(DamageCode::Value, "the archive's id", "nothing").into())
    }

    /// Streams with fewer records than were acknowledged. Not empty means: the archive lost data, do not write to it.
    #[must_use]
    pub fn lost(&self) -> Vec<Lost> {
        self.state().lost
    }

    /// What is wrong with the ledger of acknowledgements (`tips.log`) as it was when the archive was opened or
    /// refreshed last: changed, missing, unreadable, or empty although there are records. Not empty means that
    /// [`Archive::lost`] cannot tell all that is lost. A writer's own handle has none: such a ledger is not written to.
    #[must_use]
    pub fn ledger_damage(&self) -> Vec<Damage> {
        self.state().ledger_damage
    }

    /// All streams, by name.
    ///
    /// # Errors
    /// Damage in the heads.
    pub fn streams(&self) -> Result<Vec<StreamStat>> {
        let mut stats: Vec<_> = streams::all_sound(&self.store())?.into_iter().map(StreamStat::of).collect();
        stats.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(stats)
    }

    /// A stream's head, `None` if nothing was ever appended to it.
    ///
    /// # Errors
    /// Damage in the head.
    pub fn head(&self, stream: &StreamName) -> Result<Option<Head>> {
        let stream = self.stream(stream)?;
        Ok(stream.map(|stream| Head { size: stream.head.size(), root: stream.head.root() }))
    }

    /// Where a source goes on.
    ///
    /// # Errors
    /// Damage in the cursor.
    pub fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.store().get(Family::Cursor, name.as_bytes())
    }

    /// One record, `None` if there is none of that name.
    ///
    /// # Errors
    /// Damage in its block.
    pub fn record(&self, id: &RecordId) -> Result<Option<StoredRecord>> {
        let store = self.store();
        let Some(stream) = streams::find(&store, &id.stream)?.filter(|stream| id.index < stream.head.size()) else {
            return Ok(None);
        };
        if let Some(stored) = blocks::containing(&store, &stream, id.index)? {
            let row = (id.index - stored.head.first) as usize;
            match self.records_at(&id.stream, &stored.head, &[row]) {
                Ok(found) if !found.is_empty() => return Ok(found.into_iter().next()),
                // Damage, or a block that a writer replaced meanwhile: reading in order tells them apart.
                Ok(_) | Err(Error::Damaged(_)) => {}
                Err(other) => return Err(other),
            }
        }
        self.records(&id.stream, id.index..id.index.saturating_add(1)).next().transpose()
    }

    /// Records in order, block by block, as far as the stream goes now.
    ///
    /// A block that cannot be read is one error, after which the iterator goes on behind it.
    #[must_use]
    pub fn records(&self, stream: &StreamName, range: Range<u64>) -> Records {
        Records::new(self.store(), stream.clone(), range)
    }

    /// The records that are in no block yet.
    ///
    /// # Errors
    /// Damage in the tail.
    pub fn tail(&self, stream: &StreamName) -> Result<Vec<StoredRecord>> {
        // Between the two reads a writer may seal what the first one said is in the tail.
        loop {
            let Some(found) = self.stream(stream)? else { return Ok(Vec::new()) };
            let (sealed, size) = (found.head.sealed, found.head.size());
            let rows = tail::rows(&self.store(), &found, sealed, size, usize::MAX)?;
            let got = sealed + rows.len() as u64;
            if got == size {
                return Ok(rows.into_iter().map(|row| stored(stream, row)).collect());
            }
            if self.stream(stream)?.is_none_or(|now| now.head.sealed == sealed) {
                return Err(tail::lacking(&self.store(), &found, got..size));
            }
        }
    }

    /// The sound records that are in no block yet, and what is wrong with the others.
    ///
    /// # Errors
    /// Damage in the head; an error of the disk.
    pub fn tail_with_damage(&self, stream: &StreamName) -> Result<(Vec<StoredRecord>, Vec<Damage>)> {
        let store = self.store();
        loop {
            let Some(found) = streams::find(&store, stream)? else { return Ok(Default::default()) };
            let sealed = found.head.sealed;
            let (mut rows, mut damage) = (Vec::new(), Vec::new());
            for record in Records::new(store.clone(), stream.clone(), sealed..found.head.size()) {
                match record {
                    Ok(record) => rows.push(record),
                    Err(Error::Damaged(found)) => damage.push(*found),
                    Err(other) => return Err(other),
                }
            }
            // What a writer sealed meanwhile is in a block now.
            if streams::find(&store, stream)?.is_none_or(|now| now.head.sealed == sealed) {
                return Ok((rows, damage));
            }
        }
    }

    /// First indexes of a stream's blocks, from the block that holds `from` on.
    ///
    /// # Errors
    /// Damage in the heads.
    pub fn block_firsts(&self, stream: &StreamName, from: u64) -> Result<Vec<u64>> {
        Ok(self.blocks(stream, from)?.iter().map(|head| head.first).collect())
    }

    /// Heads of a stream's blocks in order, from the block that holds `from` on.
    ///
    /// # Errors
    /// Damage in the heads.
    pub fn blocks(&self, stream: &StreamName, from: u64) -> Result<Vec<BlockHead>> {
        let store = self.store();
        let Some(found) = streams::find(&store, stream)? else { return Ok(Vec::new()) };
        let from = blocks::containing(&store, &found, from)?.map_or(from, |stored| stored.head.first);
        let (start, end) = (store::place_key(found.number, from), store::after_stream(found.number));
        let mut scan = store.scan(Family::Block, &start, &end)?;
        let mut heads = Vec::new();
        while let Some(entry) = scan.next()? {
            let first = store::parse_place(entry.key).map_or(from, |(_, first)| first);
            heads.push(blocks::parse(stream, found.number, first, entry.value.to_vec())?.head);
        }
        Ok(heads)
    }

    /// Heads of a stream's blocks in order, from the block that holds `from` on, as far as they are sound, and what is
    /// wrong with the others: each record from there to the end of the last block is in one of the heads or named by
    /// a finding.
    ///
    /// # Errors
    /// Damage in the stream's head; an error of the disk.
    pub fn blocks_with_damage(&self, stream: &StreamName, from: u64) -> Result<(Vec<BlockHead>, Vec<Damage>)> {
        let store = self.store();
        loop {
            let Some(found) = streams::find(&store, stream)? else { return Ok(Default::default()) };
            let listed = blocks::list(&store, &found, from)?;
            // A block that a writer replaced by a shorter one meanwhile is no damage.
            let layout = |stream: &Stream| (stream.head.sealed, stream.head.blocks);
            if listed.1.is_empty() || streams::find(&store, stream)?.is_none_or(|now| layout(&now) == layout(&found)) {
                return Ok(listed);
            }
        }
    }

    /// Reads in a block, chunk by chunk as `read` asks for them.
    ///
    /// `head` is as [`Archive::blocks`] gave it. Where a writer has replaced the block since, `read` is called again
    /// with the new one.
    ///
    /// # Errors
    /// Damage in the block. The same if the new block has fewer records: it names the records that went elsewhere.
    pub fn read_block<R>(
        &self,
        stream: &StreamName,
        head: &BlockHead,
        mut read: impl FnMut(&Block<'_>) -> std::result::Result<R, BlockError>,
    ) -> Result<R> {
        let store = self.store();
        let mut once = |head: &BlockHead| {
            let chunks = blocks::BlockChunks::new(&store, head);
            Block::new(head, &chunks).and_then(|block| read(&block))
        };
        once(head).or_else(|error| match self.replaced(stream, head, blocks::end(head))? {
            Some(now) => once(&now).map_err(|error| Damage::of_block(stream, head.first, error)),
            None => Err(Damage::of_block(stream, head.first, error)),
        })
    }

    /// Reads whole records of a block; `rows` are places in the block, ascending. Where a writer has replaced the
    /// block since, they are read from the new one.
    ///
    /// # Errors
    /// Damage in the block. The same if the new block does not have them all: it names those that went elsewhere.
    pub fn block_records(&self, stream: &StreamName, head: &BlockHead, rows: &[usize]) -> Result<Vec<StoredRecord>> {
        self.records_at(stream, head, rows).or_else(|error| {
            let end = rows.last().map_or(head.first, |last| head.first.saturating_add(*last as u64 + 1));
            match self.replaced(stream, head, end)? {
                Some(now) => self.records_at(stream, &now, rows),
                None => Err(error),
            }
        })
    }

    fn records_at(&self, stream: &StreamName, head: &BlockHead, rows: &[usize]) -> Result<Vec<StoredRecord>> {
        let whole = blocks::WholeBlock::read(&self.store(), head)?;
        let read = || -> std::result::Result<Vec<StoredRecord>, BlockError> {
            let block = Block::new(head, &whole)?;
            let bodies = block.bodies(rows)?;
            let (events, received) = (block.events()?, block.received()?);
            let time = |times: &[i64], row: usize| Timestamp(times.get(row).copied().unwrap_or_default());
            let records = rows.iter().zip(bodies.iter()).map(|(row, body)| StoredRecord {
                id: RecordId { stream: stream.clone(), index: head.first + *row as u64 },
                body: body.to_vec(),
                event: time(events, *row),
                received: time(received, *row),
            });
            Ok(records.collect())
        };
        read().map_err(|error| Damage::of_block(stream, head.first, error))
    }

    /// The stored bytes of a block's head.
    ///
    /// # Errors
    /// Damage in the database.
    pub fn block_head_bytes(&self, stream: &StreamName, first: u64) -> Result<Option<Vec<u8>>> {
        let Some(found) = self.stream(stream)? else { return Ok(None) };
        self.store().get(Family::Block, &store::place_key(found.number, first))
    }

    /// The block that a writer has put in the place of one, if it did; it must have the records before `wanted_end`.
    fn replaced(&self, stream: &StreamName, old: &BlockHead, wanted_end: u64) -> Result<Option<BlockHead>> {
        let now = blocks::head(&self.store(), stream, old.stream, old.first)?.map(|stored| stored.head);
        let Some(now) = now.filter(|now| now != old) else { return Ok(None) };
        let end = blocks::end(&now);
        if end >= wanted_end {
            return Ok(Some(now));
        }
        let found = format!("a block of {} that replaced it meanwhile", now.count);
        let damage = Damage::new(DamageCode::BlockHead, format!("a block of {} records", old.count), found);
        Err(damage.stream(stream).block(old.first).records(end..wanted_end).into())
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        self.state().store
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn stream(&self, name: &StreamName) -> Result<Option<Stream>> {
        streams::find(&self.store(), name)
    }

    fn state(&self) -> State {
        self.inner.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    /// Opens the database beside a writer, who may delete a file between the moment when we read its name and the
    /// moment when we open it. What was acknowledged before must be in what was opened; if it is not, and the writer
    /// was at work meanwhile, that is not the archive's fault.
    pub(crate) fn open(directory: &Directory, access: Access, options: &Options) -> Result<Self> {
        for attempt in 1.. {
            let before = fingerprint(directory)?;
            let opened = Self::open_once(directory, access, options, before.clone());
            let is_sound = matches!(&opened, Ok(state) if state.lost.is_empty() && state.ledger_damage.is_empty());
            if is_sound || attempt == TRIES_MAX || fingerprint(directory)? == before {
                return opened;
            }
            std::thread::sleep(PAUSE * attempt);
        }
        Err(Error::NotAnArchive(directory.root().to_owned()))
    }

    fn open_once(directory: &Directory, access: Access, options: &Options, fingerprint: Fingerprint) -> Result<Self> {
        // A ledger that is older than the database cannot name a record that is not in it yet, and one that is newer
        // cannot lack an acknowledgement that the database knows of.
        let before = read_ledger(directory)?;
        let store = Store::open(&directory.database(), access, None, options)?;
        let streams = streams::all(&store, |_| Ok(()))?;
        let lost = recover::lost(&store, &before.newest, &streams);
        let ledger = read_ledger(directory)?.without_torn_append(&streams);
        let ledger_damage = recover::ledger_damage(&directory.tips(), &ledger, &streams);
        Ok(Self { store: Arc::new(store), lost, ledger_damage, fingerprint })
    }
}

/// Reading goes on without a ledger that cannot be read; the handle says so.
fn read_ledger(directory: &Directory) -> Result<Ledger> {
    match Ledger::read(&directory.tips()) {
        Err(Error::Damaged(damage)) => Ok(Ledger::unreadable(*damage)),
        read => read,
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Archive").field(&self.inner.directory.root()).finish()
    }
}

impl StreamStat {
    fn of(stream: Stream) -> Self {
        let Stream { name, number, head } = stream;
        Self {
            name,
            number,
            records: head.size(),
            root: head.root(),
            sealed: head.sealed,
            tail: head.size() - head.sealed,
            blocks: head.blocks,
            bytes_raw: head.raw_bytes,
            bytes_stored: head.stored_bytes,
            events: (head.size() > 0).then_some(head.events),
        }
    }
}

/// A tail row as a record.
pub(crate) fn stored(stream: &StreamName, row: tail::TailRow) -> StoredRecord {
    let id = RecordId { stream: stream.clone(), index: row.index };
    StoredRecord { id, body: row.body, event: row.event, received: row.received }
}

/// A gap in a stream.
pub(crate) fn gap(stream: &Stream, records: Range<u64>) -> Damage {
    let code = if records.start < stream.head.sealed { DamageCode::BlockMissing } else { DamageCode::Tail };
    Damage::new(code, "records", "nothing").stream(&stream.name).records(records)
}
