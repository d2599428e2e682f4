//! The index as searches use it: which blocks, and which of their columns, may hold what a filter asks for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use logkeep_storage::{Archive, BlockHead};

use crate::dictionary::Dictionary;
use crate::entry::{HAS_GUIDS, HAS_IDS, beginning_hash, column_mark, id_hash, is_id};
use crate::error::Result;
use crate::filter::Required;
use crate::layout::Layout;
use crate::run::{IndexedBlock, Place, Run};

/// An index, open for reading, as of one commit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) dictionary: Dictionary,
    pub(crate) runs: Vec<Run>,
    /// Id of the archive.
    archive: [u8; 16],
    /// The blocks with the beginnings of their roots.
    pub(crate) covered: HashMap<Place, [u8; 8]>,
}

/// Columns of a block that may hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Any of them.
    Any,
    /// Those with one of these marks.
    Marked(Vec<[u8; 4]>),
}

/// Blocks that may hold a value that passes a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Candidates {
    /// Every block.
    All,
    /// These, among those that the index covers.
    Some(HashMap<Place, Columns>),
}

impl Index {
    /// Opens the index in `root` as of its last commit; `None` if there is none that this version can use.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged. A search can go on without the index.
    pub fn open(root: &Path) -> Result<Option<Self>> {
        let layout = Layout::new(root);
        let commit = || std::fs::read(layout.dictionary().join("meta.json")).ok();
        for _ in 1..TRIES_MAX {
            let before = commit();
            let opened = Self::open_commit(&layout);
            // An indexer may have removed files between the moment when their names were read and this.
            if commit() == before {
                return opened;
            }
        }
        Self::open_commit(&layout)
    }

    fn open_commit(layout: &Layout) -> Result<Option<Self>> {
        let Some((dictionary, position)) = Dictionary::open(&layout.dictionary())? else { return Ok(None) };
        let archive = position.archive;
        let open = |name: &String| Run::open(&layout.run(name), &archive);
        let runs = position.runs.iter().map(open).collect::<Result<Vec<_>>>()?;
        let covered = runs.iter().flat_map(Run::blocks).map(|block| (block.place, block.root)).collect();
        Ok(Some(Self { inner: Arc::new(Inner { dictionary, runs, archive, covered }) }))
    }

    /// Whether it was made of this archive. One of another archive says nothing about this one, wherever it lies; one
    /// without blocks says nothing about any.
    ///
    /// # Errors
    /// When the archive's id cannot be read.
    pub fn is_of(&self, archive: &Archive) -> Result<bool> {
        Ok(self.inner.covered.is_empty() || self.inner.archive == archive.id()?)
    }

    /// Number of blocks in the index.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.inner.covered.len()
    }

    /// Whether this very block is in the index, not another one that was in its place.
    pub(crate) fn covers(&self, head: &BlockHead) -> bool {
        self.inner.covered.get(&Place::of(head)) == Some(&IndexedBlock::of(head).root)
    }

    /// Where a value may be that has what is required.
    pub(crate) fn candidates(&self, required: &Required) -> Result<Candidates> {
        Ok(match required {
            Required::All => Candidates::All,
            Required::And(members) => {
                // A scan of all words is only worth it where nothing else prunes.
                let looked_up = members.iter().any(|member| !needs_scan(member));
                let mut all = Candidates::All;
                for member in members.iter().filter(|member| !looked_up || !needs_scan(member)) {
                    all = all.and(self.candidates(member)?);
                }
                all
            }
            Required::Or(members) => {
                let mut any = Candidates::none();
                for member in members {
                    any = any.or(self.candidates(member)?);
                }
                any
            }
            Required::Term(word) if is_id(word) => self.id(word)?,
            Required::Term(word) => self.word(word)?,
            Required::Whole(text) if text.len() == GUID_BYTES && text.contains('-') => self.id(text)?,
            Required::Whole(address) => self.word(address)?,
            Required::InGuid(_) => self.word(HAS_GUIDS)?,
            Required::Prefix(prefix) => {
                let mut found = Found::default();
                self.inner.dictionary.prefix(prefix, &mut |(place, mark)| found.add(place, mark))?;
                let ids = match beginning_hash(prefix) {
                    Some(hash) => self.hash(hash)?,
                    None => self.word(HAS_IDS)?,
                };
                found.candidates().or(ids)
            }
            Required::Suffix(text) => self.scan(&mut |word| word.ends_with(text.as_bytes()))?,
            Required::Contains(text) => {
                let finder = memchr::memmem::Finder::new(text.as_bytes());
                self.scan(&mut |word| finder.find(word).is_some())?
            }
        })
    }

    fn word(&self, word: &str) -> Result<Candidates> {
        let mut found = Found::default();
        self.inner.dictionary.word(word, &mut |(place, mark)| found.add(place, mark))?;
        Ok(found.candidates())
    }

    fn scan(&self, wanted: &mut dyn FnMut(&[u8]) -> bool) -> Result<Candidates> {
        let ids = self.word(HAS_IDS)?;
        // Blocks with ids are read anyway: only the others can be spared by looking at all words.
        let spared = self.inner.covered.len().saturating_sub(ids.len().unwrap_or(0));
        if self.inner.dictionary.terms()? > spared.saturating_mul(TERMS_PER_BLOCK) {
            return Ok(Candidates::All);
        }
        let mut found = Found::default();
        self.inner.dictionary.scan(wanted, &mut |(place, mark)| found.add(place, mark))?;
        Ok(found.candidates().or(ids))
    }

    fn id(&self, id: &str) -> Result<Candidates> {
        self.hash(id_hash(id))
    }

    fn hash(&self, hash: u64) -> Result<Candidates> {
        let mut found = HashMap::new();
        for run in &self.inner.runs {
            found.extend(run.find(hash)?.into_iter().map(|place| (place, Columns::Any)));
        }
        Ok(Candidates::Some(found))
    }
}

/// Whether all words of the dictionary have to be looked at.
fn needs_scan(required: &Required) -> bool {
    match required {
        Required::Suffix(_) | Required::Contains(_) => true,
        Required::And(members) => members.iter().all(needs_scan),
        Required::Or(members) => members.iter().any(needs_scan),
        _ => false,
    }
}

/// Terms of the dictionary that are looked at in the time in which a block is read.
const TERMS_PER_BLOCK: usize = 1000;
/// How often opening is tried while an indexer commits.
const TRIES_MAX: u32 = 5;
/// Length of a GUID's text.
const GUID_BYTES: usize = 36;

#[derive(Default)]
struct Found(HashMap<Place, Vec<[u8; 4]>>);

impl Found {
    fn add(&mut self, place: Place, mark: [u8; 4]) {
        let marks = self.0.entry(place).or_default();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }

    fn candidates(self) -> Candidates {
        Candidates::Some(self.0.into_iter().map(|(place, marks)| (place, Columns::Marked(marks))).collect())
    }
}

impl Columns {
    /// Whether a column of this path is one of them.
    pub(crate) fn holds(&self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Marked(marks) => marks.contains(&column_mark(path)),
        }
    }

    fn and(self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, other) => Some(other.clone()),
            (marked, Self::Any) => Some(marked),
            (Self::Marked(mut marks), Self::Marked(others)) => {
                marks.retain(|mark| others.contains(mark));
                (!marks.is_empty()).then_some(Self::Marked(marks))
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Marked(mut marks), Self::Marked(others)) => {
                marks.extend(others.into_iter().filter(|mark| !marks.contains(mark)).collect::<Vec<_>>());
                Self::Marked(marks)
            }
            _ => Self::Any,
        }
    }
}

impl Candidates {
    /// No block.
    pub(crate) fn none() -> Self {
        Self::Some(HashMap::new())
    }

    /// Number of blocks; `None` for all.
    fn len(&self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Some(blocks) => Some(blocks.len()),
        }
    }

    /// Blocks in both, where one column may hold the value for both.
    pub(crate) fn and(self, other: Self) -> Self {
        let (mine, theirs) = match (self, other) {
            (Self::All, other) | (other, Self::All) => return other,
            (Self::Some(mine), Self::Some(theirs)) => (mine, theirs),
        };
        let both = mine.into_iter().filter_map(|(place, columns)| Some((place, columns.and(theirs.get(&place)?)?)));
        Self::Some(both.collect())
    }

    /// Blocks in either.
    pub(crate) fn or(self, other: Self) -> Self {
        let (Self::Some(mut mine), Self::Some(theirs)) = (self, other) else { return Self::All };
        for (place, columns) in theirs {
            let joined = match mine.remove(&place) {
                Some(known) => known.or(columns),
                None => columns,
            };
            mine.insert(place, joined);
        }
        Self::Some(mine)
    }

    /// The columns of a covered block that may hold the value; `None` if it cannot be there.
    pub(crate) fn columns(&self, place: Place) -> Option<&Columns> {
        match self {
            Self::All => Some(&Columns::Any),
            Self::Some(blocks) => blocks.get(&place),
        }
    }
}
