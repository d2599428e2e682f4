//! Bringing the index up to date with the archive. The [`Indexer`] is the only value that changes an index.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use logkeep_storage::{Archive, Block, BlockError, BlockHead, StreamStat, in_parallel};

use crate::dictionary::DictionaryWriter;
use crate::entry::{Entries, entries};
use crate::error::{Error, Result};
use crate::layout::{Layout, is_run_name};
use crate::position::Position;
use crate::run::{self, IndexedBlock, Run, is_closed};

/// Records in a block that will not be replaced any more.
const FULL_BLOCK_RECORDS: u32 = 1024;
/// Least memory that tantivy's writer accepts.
const WRITER_BYTES_MIN: u64 = 16 << 20;
/// Most memory that tantivy's writer is given: what it holds is committed at each run anyway.
const WRITER_BYTES_MAX: u64 = 64 << 20;

/// What was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Blocks.
    pub blocks: u64,
    /// Records in them.
    pub records: u64,
    /// Blocks that are damaged and were left out: searches read them without the index.
    pub damaged: u64,
}

/// Writes the index of one archive.
///
/// It pulls from the archive and keeps its position in tantivy's commit, so that a crash between the two needs no
/// repair: what was not committed is indexed again.
pub struct Indexer {
    layout: Layout,
    dictionary: DictionaryWriter,
    position: Position,
    threads: usize,
    /// Whether the blocks that could not be read before were tried again.
    retried: bool,
    failed: bool,
    _lock: std::fs::File,
}

/// Blocks whose entries are gathered but not committed.
#[derive(Default)]
struct Pending {
    blocks: Vec<IndexedBlock>,
    ids: Vec<(u64, u32)>,
}

/// What is to be indexed of one stream.
struct Missing {
    heads: Vec<BlockHead>,
    /// Records whose blocks have no sound head.
    unreadable: Vec<Range<u64>>,
}

impl Indexer {
    /// Opens the index in `root`, or makes a new one; one of another version is removed first.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process writes it.
    pub fn open(root: &Path, memory_bytes: u64, threads: usize) -> Result<Self> {
        let layout = Layout::new(root);
        let io = |source| Error::Io { path: root.to_owned(), source };
        std::fs::create_dir_all(root).map_err(io)?;
        let lock = std::fs::File::create(layout.lock()).map_err(io)?;
        lock.try_lock().map_err(|_| Error::Locked(root.to_owned()))?;
        let bytes = (memory_bytes / 8).clamp(WRITER_BYTES_MIN, WRITER_BYTES_MAX) as usize;
        let opened = DictionaryWriter::open(&layout.dictionary(), bytes);
        let (dictionary, position) = match opened {
            Ok((dictionary, Some(position))) if runs_are_there(&layout, &position) => (dictionary, position),
            Ok((dictionary, None)) if is_new(&layout) => (dictionary, Position::default()),
            Err(Error::Locked(path)) => return Err(Error::Locked(path)),
            unusable @ (Ok(_) | Err(_)) => {
                // tantivy's writer must be gone before its files are.
                drop(unusable);
                remove_contents(&layout)?;
                (DictionaryWriter::open(&layout.dictionary(), bytes)?.0, Position::default())
            }
        };
        std::fs::create_dir_all(layout.runs()).map_err(io)?;
        let threads = threads.max(1);
        let indexer = Self { layout, dictionary, position, threads, retried: false, failed: false, _lock: lock };
        indexer.remove_strays()?;
        Ok(indexer)
    }

    /// Removes an index. Searches work without it.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process writes it.
    pub fn remove(root: &Path) -> Result<()> {
        let layout = Layout::new(root);
        if !root.try_exists().map_err(|source| Error::Io { path: root.to_owned(), source })? {
            return Ok(());
        }
        let lock = std::fs::File::create(layout.lock()).map_err(|source| Error::Io { path: layout.lock(), source })?;
        lock.try_lock().map_err(|_| Error::Locked(root.to_owned()))?;
        remove_contents(&layout)
    }

    /// Indexes every full block that is new, and once those that could not be read before. An index of another archive
    /// is made anew.
    ///
    /// # Errors
    /// What writing the index or reading the archive fails with; a damaged block is counted and left out. After an
    /// error nobody knows what tantivy still holds: the indexer must be opened again.
    pub fn catch_up(&mut self, archive: &Archive, progress: &mut dyn FnMut(&Indexed)) -> Result<Indexed> {
        if self.failed {
            let problem = "an earlier write failed; open it again".to_owned();
            return Err(Error::Damaged { path: self.layout.root().to_owned(), problem });
        }
        self.failed = true;
        let indexed = self.index_new(archive, progress)?;
        self.failed = false;
        Ok(indexed)
    }

    fn index_new(&mut self, archive: &Archive, progress: &mut dyn FnMut(&Indexed)) -> Result<Indexed> {
        self.belong_to(archive)?;
        let before = self.position.clone();
        let mut indexed = Indexed::default();
        let mut pending = Pending::default();
        for stream in archive.streams()? {
            let missing = self.missing(archive, &stream)?;
            self.tear(stream.number, &missing, &mut indexed);
            for heads in missing.heads.chunks(self.threads * 4) {
                self.index(archive, &stream, heads, &mut pending, &mut indexed)?;
                if is_closed(pending.blocks.len(), pending.ids.len()) {
                    self.commit(std::mem::take(&mut pending))?;
                }
                progress(&indexed);
            }
        }
        self.retried = true;
        if !pending.blocks.is_empty() {
            self.commit(pending)?;
        } else if self.position != before {
            self.dictionary.commit(&self.position)?;
        }
        Ok(indexed)
    }

    /// Makes the index that archive's: one of another archive is emptied.
    fn belong_to(&mut self, archive: &Archive) -> Result<()> {
        let id = archive.id()?;
        if self.position.archive != id {
            self.position = Position { archive: id, ..Position::default() };
            self.dictionary.clear()?;
            // An index of nothing is one: of an archive without a full block it has all there is.
            self.dictionary.commit(&self.position)?;
            self.remove_strays()?;
        }
        Ok(())
    }

    /// How many full blocks wait to be indexed. Whoever indexes beside appends gathers some first: each
    /// [`Indexer::catch_up`] ends with a commit.
    ///
    /// # Errors
    /// Damage in the archive's heads.
    pub fn waiting(&self, archive: &Archive) -> Result<u64> {
        let blocks = |stream: &StreamStat| {
            let behind = stream.sealed.saturating_sub(self.position.next(stream.number));
            behind / u64::from(FULL_BLOCK_RECORDS)
        };
        Ok(archive.streams()?.iter().map(blocks).sum())
    }

    /// Waits until tantivy has merged what it wants to merge.
    ///
    /// # Errors
    /// What merging fails with.
    pub fn finish(self) -> Result<()> {
        self.dictionary.finish()
    }

    /// Full blocks behind the position, and those before it that could not be read. The last block of a stream may
    /// still be replaced by a longer one.
    fn missing(&self, archive: &Archive, stream: &StreamStat) -> Result<Missing> {
        let next = self.position.next(stream.number);
        let holes = if self.retried { Vec::new() } else { self.position.holes(stream.number) };
        let mut missing = Missing { heads: Vec::new(), unreadable: Vec::new() };
        if stream.sealed <= next && holes.is_empty() {
            return Ok(missing);
        }
        let from = holes.iter().map(|hole| hole.start).fold(next, u64::min);
        let (mut heads, damage) = archive.blocks_with_damage(&stream.name, from)?;
        if heads.last().is_some_and(|last| last.count < FULL_BLOCK_RECORDS && records(last).end >= stream.sealed) {
            heads.pop();
        }
        heads.retain(|head| head.first >= next || holes.iter().any(|hole| hole.contains(&head.first)));
        let wanted = || holes.iter().cloned().chain(std::iter::once(next..u64::MAX));
        for damaged in damage.into_iter().filter_map(|damage| damage.records) {
            let parts = wanted().map(|wanted| damaged.start.max(wanted.start)..damaged.end.min(wanted.end));
            missing.unreadable.extend(parts.filter(|records| !records.is_empty()));
        }
        missing.heads = heads;
        Ok(missing)
    }

    fn index(
        &mut self,
        archive: &Archive,
        stream: &StreamStat,
        heads: &[BlockHead],
        pending: &mut Pending,
        indexed: &mut Indexed,
    ) -> Result<()> {
        let results = in_parallel(heads, self.threads, |head| archive.read_block(&stream.name, head, read));
        for (head, result) in heads.iter().zip(results) {
            let records = records(head);
            self.position.advance(head.stream, records.end);
            indexed.blocks += 1;
            indexed.records += u64::from(head.count);
            match result {
                Ok((block, entries)) => {
                    self.add(block, entries, pending)?;
                    self.position.mend(head.stream, &records);
                }
                Err(logkeep_storage::Error::Damaged(_)) => {
                    self.position.tear(head.stream, records);
                    indexed.damaged += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Remembers records whose heads are damaged, as far as the index is about to go past them.
    fn tear(&mut self, stream: u32, missing: &Missing, indexed: &mut Indexed) {
        let end = missing.heads.last().map_or(0, |head| records(head).end).max(self.position.next(stream));
        for records in missing.unreadable.iter().filter(|records| records.start < end) {
            self.position.tear(stream, records.start..records.end.min(end));
            indexed.damaged += 1;
        }
    }

    fn add(&mut self, block: IndexedBlock, entries: Entries, pending: &mut Pending) -> Result<()> {
        self.dictionary.add(block.place, &entries.words)?;
        let number = pending.blocks.len() as u32;
        pending.blocks.push(block);
        pending.ids.extend(entries.ids.into_iter().map(|id| (id, number)));
        Ok(())
    }

    /// The run first, then the dictionary with the run's name: a run without a name is a stray, never the reverse.
    ///
    /// The last run is written again together with the new blocks until it is closed, so that there are few.
    fn commit(&mut self, pending: Pending) -> Result<()> {
        let name = self.next_run();
        let (pending, replaced) = self.with_open_run(pending)?;
        let path = self.layout.run(&name);
        let io = |source| Error::Io { path: path.clone(), source };
        run::write(&path, &self.position.archive, &pending.blocks, pending.ids).map_err(io)?;
        std::fs::File::open(self.layout.runs()).and_then(|folder| folder.sync_all()).map_err(io)?;
        if replaced.is_some() {
            self.position.runs.pop();
        }
        self.position.runs.push(name);
        self.dictionary.commit(&self.position)?;
        // A reader that opened the index before has the file open; one that opens it now reads the new position.
        replaced.map_or(Ok(()), |name| std::fs::remove_file(self.layout.run(&name)).map_err(io))
    }

    /// What is pending, after the blocks of the last run if that is open, and that run's name.
    fn with_open_run(&self, pending: Pending) -> Result<(Pending, Option<String>)> {
        let Some(name) = self.position.runs.last() else { return Ok((pending, None)) };
        let run = Run::open(&self.layout.run(name), &self.position.archive)?;
        if run.is_closed() {
            return Ok((pending, None));
        }
        let mut all = Pending { blocks: run.blocks().to_vec(), ids: run.entries_of_all()? };
        let before = all.blocks.len() as u32;
        all.blocks.extend(pending.blocks);
        all.ids.extend(pending.ids.into_iter().map(|(id, number)| (id, number + before)));
        Ok((all, Some(name.clone())))
    }

    fn next_run(&self) -> String {
        let number = |name: &String| name.strip_suffix(".run").and_then(|stem| stem.parse::<u64>().ok());
        let newest = self.position.runs.iter().filter_map(number).max().unwrap_or(0);
        format!("{}.run", newest + 1)
    }

    fn remove_strays(&self) -> Result<()> {
        let runs = self.layout.runs();
        let io = |source| Error::Io { path: runs.clone(), source };
        let known: HashSet<&String> = self.position.runs.iter().collect();
        for entry in std::fs::read_dir(&runs).map_err(io)? {
            let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
            if is_run_name(&name) && !known.contains(&name) {
                std::fs::remove_file(runs.join(name)).map_err(io)?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Indexer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Indexer").field("root", &self.layout.root()).field("position", &self.position).finish()
    }
}

/// Whether the runs can be used; the open one is checked whole, because it is written again.
fn runs_are_there(layout: &Layout, position: &Position) -> bool {
    position.runs.iter().all(|name| {
        let run = Run::open(&layout.run(name), &position.archive);
        run.is_ok_and(|run| run.is_closed() || run.check(&mut |_, _| {}).is_ok())
    })
}

/// What a block gives to the index, and which block it is.
fn read(block: &Block<'_>) -> std::result::Result<(IndexedBlock, Entries), BlockError> {
    Ok((IndexedBlock::of(block.head()), entries(block)?))
}

/// The indexes of a block's records.
fn records(head: &BlockHead) -> Range<u64> {
    head.first..head.first.saturating_add(u64::from(head.count))
}

fn is_new(layout: &Layout) -> bool {
    let runs = std::fs::read_dir(layout.runs());
    runs.map_or(true, |mut runs| runs.next().is_none())
}

fn remove_contents(layout: &Layout) -> Result<()> {
    for folder in [layout.dictionary(), layout.runs()] {
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { path: folder, source }),
        }
    }
    Ok(())
}
