//! Reading an archive: streams, heads, records, blocks. An [`Archive`] never writes.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use logkeep_proof::Hash;

use crate::block::BlockHead;
use crate::blocks::{self, StoredHead};
use crate::damage::{Damage, DamageCode};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::lock::Lock;
use crate::options::Options;
use crate::readers::Notes;
use crate::record::StoredRecord;
use crate::records::Records;
use crate::recover::{self, Lost};
use crate::store::{self, Access, Family, Store};
use crate::stream::{RecordId, StreamName};
use crate::streams::{self, Stream};
use crate::tail;
use crate::time::Timestamp;
use crate::tips::Ledger;

/// An archive, open for reading. Clones share one database.
///
/// Opened by a process of its own it shows what was acknowledged when it was opened or refreshed last; from
/// [`crate::Writer::archive`] it shows everything at once.
#[derive(Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

struct Inner {
    // Closed first: the directory of the notes and the lock must outlive the database.
    store: Store,
    directory: Directory,
    options: Options,
    follows: bool,
    lost: Mutex<Vec<Lost>>,
    _notes: Option<Notes>,
    _lock: Option<Lock>,
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
    /// Opens an archive that another process may be writing.
    ///
    /// # Errors
    /// [`Error::NotAnArchive`], [`Error::Format`], and [`Error::Damaged`] if the database cannot be opened.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let directory = Directory::new(path);
        directory.check_format()?;
        let notes = match Notes::create(&directory.readers()) {
            Ok(notes) => Some(notes),
            Err(Error::Io { source, .. }) if is_refused(&source) => None,
            Err(Error::DiskFull { .. }) => None,
            Err(other) => return Err(other),
        };
        let access = notes.as_ref().map_or(Access::Read, |notes| Access::Follow(notes.path().to_owned()));
        // The ledger before the database: what was acknowledged by then must be in what is opened after.
        let ledger = Ledger::read(&directory.tips());
        let store = Store::open(&directory.database(), &access, options)?;
        let archive = Self::new(store, directory, options, notes, None);
        archive.note_lost(ledger)?;
        Ok(archive)
    }

    pub(crate) fn new(
        store: Store,
        directory: Directory,
        options: &Options,
        notes: Option<Notes>,
        lock: Option<Lock>,
    ) -> Self {
        let (follows, options, lost) = (notes.is_some(), options.clone(), Mutex::default());
        Self { inner: Arc::new(Inner { store, directory, options, follows, lost, _notes: notes, _lock: lock }) }
    }

    /// Sees what the writer has acknowledged since. Without effect on an archive in a directory that this process
    /// may not write to: open it again.
    ///
    /// # Errors
    /// What reading the database's log fails with.
    pub fn refresh(&self) -> Result<()> {
        if !self.inner.follows {
            return Ok(());
        }
        let ledger = Ledger::read(&self.inner.directory.tips());
        self.store().catch_up()?;
        self.note_lost(ledger)
    }

    /// Streams with fewer records than were acknowledged. Not empty means: the archive lost data, do not write to it.
    #[must_use]
    pub fn lost(&self) -> Vec<Lost> {
        self.inner.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All streams, by name.
    ///
    /// # Errors
    /// Damage in the heads.
    pub fn streams(&self) -> Result<Vec<StreamStat>> {
        let mut stats: Vec<_> = streams::all_sound(self.store())?.into_iter().map(StreamStat::of).collect();
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
        let Some(stream) = self.stream(&id.stream)? else { return Ok(None) };
        if id.index >= stream.head.size() {
            return Ok(None);
        }
        self.records(&id.stream, id.index..id.index.saturating_add(1)).next().transpose()
    }

    /// Records in order, block by block, as far as the stream goes now.
    ///
    /// A block that cannot be read is one error, after which the iterator goes on behind it.
    #[must_use]
    pub fn records(&self, stream: &StreamName, range: Range<u64>) -> Records {
        Records::new(self.clone(), stream.clone(), range)
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
            let rows = tail::rows(self.store(), &found, sealed, size, usize::MAX)?;
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
        let Some(found) = self.stream(stream)? else { return Ok(Vec::new()) };
        let from = blocks::containing(self.store(), &found, from)?.map_or(from, |stored| stored.head.first);
        let (start, end) = (store::place_key(found.number, from), store::after_stream(found.number));
        let mut scan = self.store().scan(Family::Block, &start, &end)?;
        let mut heads = Vec::new();
        while let Some(entry) = scan.next()? {
            let first = store::parse_place(entry.key).map_or(from, |(_, first)| first);
            heads.push(blocks::parse(stream, found.number, first, entry.value.to_vec())?.head);
        }
        Ok(heads)
    }

    /// The stored bytes of a block's head.
    ///
    /// # Errors
    /// Damage in the database.
    pub fn block_head_bytes(&self, stream: &StreamName, first: u64) -> Result<Option<Vec<u8>>> {
        let Some(found) = self.stream(stream)? else { return Ok(None) };
        self.store().get(Family::Block, &store::place_key(found.number, first))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn stream(&self, name: &StreamName) -> Result<Option<Stream>> {
        streams::find(self.store(), name)
    }

    pub(crate) fn block_head(&self, stream: &StreamName, first: u64) -> Result<Option<StoredHead>> {
        let Some(found) = self.stream(stream)? else { return Ok(None) };
        blocks::head(self.store(), stream, found.number, first)
    }

    /// Compares the ledger with the heads. Damage in either is for [`crate::verify`] to find: reading goes on.
    fn note_lost(&self, ledger: Result<Ledger>) -> Result<()> {
        let newest = match ledger {
            Ok(ledger) => ledger.newest,
            Err(Error::Damaged(_)) => return Ok(()),
            Err(other) => return Err(other),
        };
        let streams = streams::all(self.store(), |_| Ok(()))?;
        let lost = recover::lost(self.store(), &newest, &streams);
        *self.inner.lost.lock().unwrap_or_else(PoisonError::into_inner) = lost;
        Ok(())
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

/// Whether the system does not let us write here.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// A gap in a stream.
pub(crate) fn gap(stream: &Stream, records: Range<u64>) -> Damage {
    let code = if records.start < stream.head.sealed { DamageCode::BlockMissing } else { DamageCode::Tail };
    Damage::new(code, "records", "nothing").stream(&stream.name).records(records)
}
