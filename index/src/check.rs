//! `Index::check`: the archive against the index, both ways.

use std::collections::{HashMap, HashSet};

use logkeep_storage::{Archive, BlockHead, Damage, DamageCode, StreamName, in_parallel};

use crate::entry::{MARK, entries, id_hash};
use crate::error::Result;
use crate::index::Index;
use crate::run::{IndexedBlock, Place};

/// Blocks that are read before progress is told.
const BLOCKS_AT_ONCE: usize = 16;
/// Threads that read blocks.
const THREADS: usize = 2;

/// What [`Index::check`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// What is wrong. Empty: the index answers as the archive does.
    pub findings: Vec<Damage>,
    /// Blocks compared.
    pub blocks: u64,
    /// Blocks that are not in the index (yet): searches read them.
    pub uncovered: u64,
    /// Words compared.
    pub words: u64,
    /// Ids in the runs.
    pub ids: u64,
    /// Names of the streams by number.
    names: HashMap<u32, StreamName>,
    expected: HashMap<Place, Sum>,
    unreadable: Vec<Place>,
    /// Places where the archive has another block than the index, until they are told.
    outdated: Vec<Place>,
    /// The same, told.
    replaced: Vec<Place>,
}

/// Terms of a block, summed up: how many, and all their hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, hash: u64) {
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(hash.wrapping_mul(SPREAD));
    }

    /// Ids as a run holds them, which cuts their hashes.
    fn of_ids(ids: &[u64], hash_bits: u32) -> Self {
        let mut cut: Vec<u64> = ids.iter().map(|hash| hash >> (64 - hash_bits)).collect();
        cut.sort_unstable();
        cut.dedup();
        let mut sum = Self::default();
        cut.into_iter().for_each(|hash| sum.add(hash));
        sum
    }
}

/// Multiplied with hashes before they are added up, so that cut ones fill all bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the runs hold of a block, and how many bits of a hash they keep.
#[derive(Debug, Clone, Copy)]
struct RunSum {
    hash_bits: u32,
    sum: Sum,
}

impl Checked {
    fn expect_words(&mut self, place: Place, words: Vec<String>) {
        let mut sum = Sum::default();
        for term in words {
            let Some((word, mark)) = term.as_bytes().split_last_chunk::<4>() else { continue };
            let word = word.strip_suffix(&[MARK as u8]).unwrap_or(word);
            sum.add(word_hash(word, *mark));
        }
        self.expected.insert(place, sum);
    }

    /// A finding about a block.
    fn find(&mut self, place: Place, expected: impl Into<String>, found: impl Into<String>) {
        let damage = Damage::new(DamageCode::Index, expected, found).block(place.first);
        let name = self.names.get(&place.stream);
        self.findings.push(name.map_or(damage.clone(), |name| damage.stream(name)));
    }
}

/// Whether a finding is about the block that begins here.
fn names(found: &Damage, first: u64) -> bool {
    found.block == Some(first) || found.records.as_ref().is_some_and(|records| records.contains(&first))
}

/// That the runs have other ids of a block than the block: expected and found.
fn compare_ids(ids: &[u64], in_runs: Option<&RunSum>) -> Option<(String, String)> {
    let RunSum { hash_bits, sum } = *in_runs?;
    let expected = Sum::of_ids(ids, hash_bits);
    let text = || (format!("the block's {} ids in the runs", expected.count), format!("{}, or others", sum.count));
    (sum != expected).then(text)
}

fn word_hash(word: &[u8], mark: [u8; 4]) -> u64 {
    id_hash(&format!("{}{}", String::from_utf8_lossy(word), String::from_utf8_lossy(&mark)))
}

impl Index {
    /// Compares the index with the archive, both ways: every block in the index is one of the
    /// archive; every term of every covered block is found. `progress` is told the blocks done.
    ///
    /// # Errors
    /// When the archive or the index cannot be read at all; what is wrong is in the findings.
    pub fn check(&self, archive: &Archive, progress: &mut dyn FnMut(u64)) -> Result<Checked> {
        let mut checked = Checked::default();
        if !self.is_of(archive)? {
            checked.findings.push(Damage::new(DamageCode::Index, "this archive's index", "that of another archive"));
            return Ok(checked);
        }
        let ids = self.sum_runs(&mut checked);
        let mut strangers = self.inner.covered.clone();
        let streams = archive.streams()?;
        checked.names = streams.iter().map(|stream| (stream.number, stream.name.clone())).collect();
        self.check_places(&mut checked)?;
        for stream in streams {
            let (heads, damage) = archive.blocks_with_damage(&stream.name, 0)?;
            // What is wrong with the archive is for its own verification to say.
            let (number, damaged) = (stream.number, |first: u64| damage.iter().any(|found| names(found, first)));
            let unreadable = strangers.extract_if(|place, _| place.stream == number && damaged(place.first));
            checked.unreadable.extend(unreadable.map(|(place, _)| place));
            let (known, others): (Vec<BlockHead>, Vec<BlockHead>) = heads
                .into_iter()
                .partition(|head| self.inner.covered.get(&Place::of(head)) == Some(&IndexedBlock::of(head).root));
            checked.uncovered += others.len() as u64;
            let places = || others.iter().map(Place::of);
            checked.outdated.extend(places().filter(|place| strangers.remove(place).is_some()));
            for heads in known.chunks(BLOCKS_AT_ONCE) {
                self.check_blocks(archive, &stream.name, heads, &ids, &mut checked)?;
                heads.iter().for_each(|head| {
                    strangers.remove(&Place::of(head));
                });
                progress(checked.blocks);
            }
        }
        for place in strangers.keys() {
            checked.find(*place, "no such block: the archive has none", "one");
        }
        for place in std::mem::take(&mut checked.outdated) {
            checked.find(place, "the block that is in the archive", "another one");
            checked.replaced.push(place);
        }
        self.check_words(&mut checked)?;
        checked.findings.sort_by_key(ToString::to_string);
        checked.findings.dedup();
        Ok(checked)
    }

    /// One pass over the runs: the ids of each block, summed up.
    fn sum_runs(&self, checked: &mut Checked) -> HashMap<Place, RunSum> {
        let mut sums: HashMap<Place, RunSum> = HashMap::new();
        for run in &self.inner.runs {
            let hash_bits = run.hash_bits();
            let none = |block: &IndexedBlock| (block.place, RunSum { hash_bits, sum: Sum::default() });
            sums.extend(run.blocks().iter().map(none));
            // Two ids of a block may be one in the bits that the run keeps.
            let mut same: (u64, Vec<Place>) = (u64::MAX, Vec::new());
            let entries = run.check(&mut |hash, place| {
                if same.0 != hash {
                    same = (hash, Vec::new());
                }
                if !same.1.contains(&place)
                    && let Some(RunSum { sum, .. }) = sums.get_mut(&place)
                {
                    same.1.push(place);
                    sum.add(hash);
                }
            });
            match entries {
                Ok(entries) => checked.ids += entries,
                Err(error) => checked.findings.push(Damage::new(DamageCode::Index, "a sound run", error.to_string())),
            }
        }
        sums
    }

    fn check_blocks(
        &self,
        archive: &Archive,
        stream: &StreamName,
        heads: &[BlockHead],
        ids: &HashMap<Place, RunSum>,
        checked: &mut Checked,
    ) -> Result<()> {
        let read = |head: &BlockHead| archive.read_block(stream, head, entries);
        for (head, found) in heads.iter().zip(in_parallel(heads, THREADS, read)) {
            let place = Place::of(head);
            checked.blocks += 1;
            match found {
                Ok(found) => {
                    if let Some((expected, found)) = compare_ids(&found.ids, ids.get(&place)) {
                        checked.find(place, expected, found);
                    }
                    checked.expect_words(place, found.words);
                }
                Err(logkeep_storage::Error::Damaged(_)) => checked.unreadable.push(place),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn check_places(&self, checked: &mut Checked) -> Result<()> {
        let in_dictionary: Vec<Place> = self.inner.dictionary.places()?;
        let mut seen = HashSet::new();
        for place in in_dictionary {
            if !seen.insert(place) {
                checked.find(place, "the block once in the dictionary", "twice");
            }
        }
        let covered: HashSet<Place> = self.inner.covered.keys().copied().collect();
        for place in seen.symmetric_difference(&covered) {
            checked.find(*place, "the block in the dictionary and in the runs", "in one of them only");
        }
        Ok(())
    }

    /// One pass over the dictionary: every word counted for its block, and compared with what the blocks gave.
    fn check_words(&self, checked: &mut Checked) -> Result<()> {
        let mut found: HashMap<Place, Sum> = HashMap::new();
        self.inner.dictionary.all(&mut |word, (place, mark)| {
            let entry = found.entry(place).or_default();
            entry.add(word_hash(word, mark));
        })?;
        for (place, expected) in std::mem::take(&mut checked.expected) {
            let found = found.remove(&place).unwrap_or_default();
            if found != expected {
                let words = format!("the block's {} words in the dictionary", expected.count);
                checked.find(place, words, format!("{}, or others", found.count));
            }
            checked.words += expected.count;
        }
        for place in found.keys() {
            if !checked.unreadable.contains(place) && !checked.replaced.contains(place) {
                checked.find(*place, "no words: there is no such block", "some");
            }
        }
        Ok(())
    }
}
