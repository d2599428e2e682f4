//! Bringing the index up to date with the archive. The [`Indexer`] is the only value that changes an index.

use std::collections::HashSet;
use std::path::Path;

use logkeep_storage::{Archive, BlockHead, StreamStat};

use crate::dictionary::DictionaryWriter;
use crate::entry::{Entries, entries};
use crate::error::{Error, Result};
use crate::layout::{Layout, Position, is_run_name};
use crate::run::{self, CLOSED_BLOCKS_MIN, Place, Run};

/// Blocks after which everything is committed.
const BLOCKS_PER_COMMIT: usize = 128;
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
    failed: bool,
    _lock: std::fs::File,
}

/// Blocks whose entries are gathered but not committed.
#[derive(Default)]
struct Pending {
    places: Vec<Place>,
    ids: Vec<(u64, u32)>,
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
        let (mut dictionary, position) = match opened {
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
        if position == Position::default() {
            // An index of nothing is one: of an archive without a full block it has all there is.
            dictionary.commit(&position)?;
        }
        let indexer = Self { layout, dictionary, position, threads: threads.max(1), failed: false, _lock: lock };
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

    /// Indexes every full block that is new.
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
        let mut indexed = Indexed::default();
        let mut pending = Pending::default();
        for stream in archive.streams()? {
            let heads = self.new_blocks(archive, &stream)?;
            for heads in heads.chunks(self.threads * 4) {
                self.index(archive, &stream, heads, &mut pending, &mut indexed)?;
                if pending.places.len() >= BLOCKS_PER_COMMIT {
                    self.commit(std::mem::take(&mut pending))?;
                }
                progress(&indexed);
            }
        }
        if !pending.places.is_empty() || indexed.damaged > 0 {
            self.commit(pending)?;
        }
        Ok(indexed)
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

    /// Full blocks behind the position. The last block of a stream may still be replaced by a longer one.
    fn new_blocks(&self, archive: &Archive, stream: &StreamStat) -> Result<Vec<BlockHead>> {
        let next = self.position.next(stream.number);
        if stream.sealed <= next {
            return Ok(Vec::new());
        }
        let mut heads = archive.blocks(&stream.name, next)?;
        heads.retain(|head| head.first >= next);
        if heads.last().is_some_and(|last| last.count < FULL_BLOCK_RECORDS) {
            heads.pop();
        }
        Ok(heads)
    }

    fn index(
        &mut self,
        archive: &Archive,
        stream: &StreamStat,
        heads: &[BlockHead],
        pending: &mut Pending,
        indexed: &mut Indexed,
    ) -> Result<()> {
        let results = crate::parallel::map(heads, self.threads, |head| archive.read_block(&stream.name, head, entries));
        for (head, result) in heads.iter().zip(results) {
            match result {
                Ok(entries) => self.add(Place { stream: head.stream, first: head.first }, entries, pending)?,
                Err(logkeep_storage::Error::Damaged(_)) => indexed.damaged += 1,
                Err(error) => return Err(error.into()),
            }
            self.position.advance(head.stream, head.first + u64::from(head.count));
            indexed.blocks += 1;
            indexed.records += u64::from(head.count);
        }
        Ok(())
    }

    fn add(&mut self, place: Place, entries: Entries, pending: &mut Pending) -> Result<()> {
        self.dictionary.add(place, &entries.words)?;
        let number = pending.places.len() as u32;
        pending.places.push(place);
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
        run::write(&path, &pending.places, pending.ids).map_err(io)?;
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
        let run = Run::open(&self.layout.run(name))?;
        if run.places().len() >= CLOSED_BLOCKS_MIN {
            return Ok((pending, None));
        }
        let mut all = Pending { places: run.places().to_vec(), ids: run.entries_of_all()? };
        let before = all.places.len() as u32;
        all.places.extend(pending.places);
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
        let run = Run::open(&layout.run(name));
        run.is_ok_and(|run| run.places().len() >= CLOSED_BLOCKS_MIN || run.check().is_ok())
    })
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
