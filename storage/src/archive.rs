//! Reading an archive: streams, heads, records, blocks. An [`Archive`] never writes.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use logkeep_proof::Hash;

use crate::block::{Block, BlockError, BlockHead};
use crate::blocks::{self, StoredHead};
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
        let state = RwLock::new(State { store: Arc::new(store), lost: Vec::new(), fingerprint: Vec::new() });
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

    /// Streams with fewer records than were acknowledged. Not empty means: the archive lost data, do not write to it.
    #[must_use]
    pub fn lost(&self) -> Vec<Lost> {
        self.state().lost
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
        if let Some(StoredHead { head, .. }) = blocks::containing(&store, &stream, id.index)? {
            let found = self.block_records(&id.stream, &head, &[(id.index - head.first) as usize])?;
            // A writer may have replaced the block by a shorter one, with this record behind it.
            if let Some(record) = found.into_iter().next() {
                return Ok(Some(record));
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
                return Err(tail::missing(&found, got..size).into());
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

    /// Reads in a block, chunk by chunk as `read` asks for them.
    ///
    /// `head` is as [`Archive::blocks`] gave it. Where a writer has replaced the block since, `read` is called again
    /// with the new one.
    ///
    /// # Errors
    /// Damage in the block.
    pub fn read_block<R>(
        &self,
        stream: &StreamName,
        head: &BlockHead,
        mut read: impl FnMut(&Block<'_>) -> std::result::Result<R, BlockError>,
    ) -> Result<R> {
        let store = self.store();
        self.unless_replaced(stream, head, |head| {
            let chunks = blocks::BlockChunks::new(&store, head);
            Block::new(head, &chunks).and_then(|block| read(&block))
        })
    }

    /// Reads whole records of a block; `rows` are places in the block, ascending.
    ///
    /// # Errors
    /// Damage in the block.
    pub fn block_records(&self, stream: &StreamName, head: &BlockHead, rows: &[usize]) -> Result<Vec<StoredRecord>> {
        let store = self.store();
        self.unless_replaced(stream, head, |head| {
            let whole = blocks::WholeBlock::read(&store, head).map_err(|error| BlockError::Source(Box::new(error)))?;
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
        })
    }

    /// Reads in a block, and again if it fails because a writer has replaced the block since its head was read.
    fn unless_replaced<R>(
        &self,
        stream: &StreamName,
        head: &BlockHead,
        mut read: impl FnMut(&BlockHead) -> std::result::Result<R, BlockError>,
    ) -> Result<R> {
        read(head).or_else(|error| {
            let now = blocks::head(&self.store(), stream, head.stream, head.first)?;
            match now.filter(|now| now.head != *head) {
                Some(now) => read(&now.head).map_err(|error| Damage::of_block(stream, head.first, error)),
                None => Err(Damage::of_block(stream, head.first, error)),
            }
        })
    }

    /// The stored bytes of a block's head.
    ///
    /// # Errors
    /// Damage in the database.
    pub fn block_head_bytes(&self, stream: &StreamName, first: u64) -> Result<Option<Vec<u8>>> {
        let Some(found) = self.stream(stream)? else { return Ok(None) };
        self.store().get(Family::Block, &store::place_key(found.number, first))
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
            let is_sound = matches!(&opened, Ok(state) if state.lost.is_empty());
            if is_sound || attempt == TRIES_MAX || fingerprint(directory)? == before {
                return opened;
            }
            std::thread::sleep(PAUSE * attempt);
        }
        Err(Error::NotAnArchive(directory.root().to_owned()))
    }

    fn open_once(directory: &Directory, access: Access, options: &Options, fingerprint: Fingerprint) -> Result<Self> {
        let newest = match Ledger::read(&directory.tips()) {
            Ok(ledger) => ledger.newest,
            // For `verify` to find; reading goes on.
            Err(Error::Damaged(_)) => BTreeMap::new(),
            Err(other) => return Err(other),
        };
        let store = Store::open(&directory.database(), access, None, options)?;
        let streams = streams::all(&store, |_| Ok(()))?;
        let lost = recover::lost(&store, &newest, &streams);
        Ok(Self { store: Arc::new(store), lost, fingerprint })
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
