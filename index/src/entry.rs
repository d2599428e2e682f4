//! Which terms of a block go where: words to the dictionary with their column, ids to the runs.
//!
//! An id occurs once or twice and never again. As a term of tantivy each costs 17 bytes; as a hash in a run, under
//! two. What is an id is decided by its form alone, so that a search knows where to look.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use logkeep_storage::{Block, BlockError};

use crate::terms::{TermKind, for_each_index_term};
use crate::text::text;

/// Divides a word from the column's mark in a term of the dictionary; it is no term character.
pub(crate) const MARK: char = '\u{1}';
/// The pseudo-word under which the columns that hold GUIDs are found.
pub(crate) const HAS_GUIDS: &str = "\u{2}guid";
/// The pseudo-word under which the columns that hold words of the runs are found.
pub(crate) const HAS_IDS: &str = "\u{2}id";
/// Longest word that the dictionary keeps; longer ones are in the runs.
const WORD_BYTES_MAX: usize = 200;
/// Shortest word of letters and digits mixed that counts as an id.
const ID_BYTES_MIN: usize = 12;
/// Shortest word of hexadecimal digits, of both kinds, that counts as an id.
const HEX_ID_BYTES_MIN: usize = 6;
/// A word with so many decimal digits is an id: a fraction of a second, a number that counts up.
const ID_DIGITS_MIN: usize = 7;

/// Stands before the beginning of an id where that is hashed.
const BEGINS: char = '\u{2}';
/// Characters of an id's beginning.
const BEGINNING_CHARS: usize = 3;

/// What a block gives to the index.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Terms of the dictionary, each once: `word MARK column`.
    pub(crate) words: Vec<String>,
    /// Hashes of ids and of how they begin, each once.
    pub(crate) ids: Vec<u64>,
}

/// Whether a word is kept in the runs, not in the dictionary.
pub(crate) fn is_id(word: &str) -> bool {
    if word.len() > WORD_BYTES_MAX {
        return true;
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let hex = digits < word.len() && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.len() >= ID_BYTES_MIN || digits >= ID_DIGITS_MIN || (hex && word.len() >= HEX_ID_BYTES_MIN)
}

/// Hash in the runs of how an id begins: of its first three characters, for which blocks with such an id are found.
/// `None` for less, and for hexadecimal digits, with which some id of nearly every block begins.
pub(crate) fn beginning_hash(id: &str) -> Option<u64> {
    let beginning: String = id.chars().take(BEGINNING_CHARS).collect();
    let is_rare = !beginning.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_whole = beginning.chars().count() == BEGINNING_CHARS;
    (is_rare && is_whole).then(|| id_hash(&format!("{BEGINS}{beginning}")))
}

/// Hash of an id in the runs. Part of the index's format: a change needs a new [`crate::layout::VERSION`].
pub(crate) fn id_hash(id: &str) -> u64 {
    let (words, rest) = id.as_bytes().as_chunks::<8>();
    let mut state = 0x243f_6a88_85a3_08d3_u64 ^ id.len() as u64;
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let mut last = [0_u8; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    mix(mix(state ^ u64::from_le_bytes(last)))
}

fn mix(value: u64) -> u64 {
    let product = u128::from(value) * 0x9e37_79b9_7f4a_7c15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// Mark of a column in the dictionary: four letters and digits of its path's hash. Two columns with one mark only
/// make a search look into both.
pub(crate) fn column_mark(path: &str) -> [u8; 4] {
    let mut hash = id_hash(path);
    [0; 4].map(|_: u8| {
        let digit = (hash % 36) as u8;
        hash /= 36;
        if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
    })
}

/// Gathers the terms of the dictionary, each once: two columns may have one mark.
#[derive(Default)]
struct Words {
    known: HashSet<String, RandomState>,
    /// Mark of the present column.
    mark: [char; 4],
    /// Only room to put a term together in.
    term: String,
}

impl Words {
    fn add(&mut self, word: &str) {
        self.term.clear();
        self.term.push_str(word);
        self.term.push(MARK);
        self.term.extend(self.mark);
        if !self.known.contains(&self.term) {
            self.known.insert(self.term.clone());
        }
    }
}

/// The terms of all values of a block.
pub(crate) fn entries(block: &Block<'_>) -> Result<Entries, BlockError> {
    let mut entries = Entries::default();
    let mut words = Words::default();
    let mut scratch = String::new();
    for (number, head) in block.head().columns()?.iter().enumerate() {
        words.mark = column_mark(&head.path).map(char::from);
        let column = block.column(number)?;
        let (mut guids, mut ids) = (false, false);
        for code in 0..column.distinct_len() {
            let Some((raw, quoted)) = column.distinct(code) else { continue };
            let text = text(raw, quoted);
            for_each_index_term(&text, &mut scratch, |kind, term| match kind {
                TermKind::Guid => {
                    guids = true;
                    entries.ids.push(id_hash(term));
                }
                TermKind::Word if is_id(term) => {
                    ids = true;
                    entries.ids.push(id_hash(term));
                    entries.ids.extend(beginning_hash(term));
                }
                TermKind::Word | TermKind::Address => words.add(term),
            });
        }
        [(guids, HAS_GUIDS), (ids, HAS_IDS)]
            .into_iter()
            .filter(|(flag, _)| *flag)
            .for_each(|(_, word)| words.add(word));
    }
    entries.words = words.known.into_iter().collect();
    entries.ids.sort_unstable();
    entries.ids.dedup();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use logkeep_storage::{Append, Batch, Options, Timestamp, Writer};

    use super::*;

    #[test]
    fn ids_are_known_by_their_form() {
        for id in ["100313236706b5d0", "54b395", "0899653z", "1000252022", &"x".repeat(201)] {
            assert!(is_id(id), "{id}");
        }
        for word in ["exchange", "50126", "wksp0u2z9", "authentication", "größe12345678"] {
            assert!(!is_id(word), "{word}");
        }
    }

    #[test]
    fn ids_are_found_by_their_first_three_characters() {
        let hash = beginning_hash("x0p3ns3szq00000").unwrap();
        assert_eq!(beginning_hash("x0p"), Some(hash));
        assert_ne!(beginning_hash("x0q"), Some(hash));
        assert_ne!(hash, id_hash("x0p"));
        for frequent_or_short in ["", "x0", "6f1", "6f1d2c", "202"] {
            assert_eq!(beginning_hash(frequent_or_short), None, "{frequent_or_short}");
        }
    }

    #[test]
    fn a_word_in_two_columns_of_one_mark_is_one_term() {
        let mut known = std::collections::HashMap::new();
        let mut paths = (0..).map(|number| format!("k{number}"));
        let (a, b) = paths.find_map(|path| Some((known.insert(column_mark(&path), path.clone())?, path))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = Options { memory_bytes: 16 << 20, ..Options::default() };
        let mut writer = Writer::create(&folder.path().join("archive"), &options).unwrap();
        let name: logkeep_storage::StreamName = "a".parse().unwrap();
        let mut batch = Batch::new(name.clone(), Timestamp(0));
        batch.push(format!(r#"{{"{a}":"anna","{b}":"anna bob"}}"#).as_bytes(), Timestamp(0), None);
        writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
        writer.seal_tails().unwrap();
        let head = writer.archive().blocks(&name, 0).unwrap().remove(0);
        assert_eq!(writer.archive().read_block(&name, &head, entries).unwrap().words.len(), 2);
    }

    #[test]
    fn hashes_do_not_change() {
        assert_eq!(id_hash("6f1d2c3b-9a84-4e57-b0c6-5d7e8f901a2b"), id_hash("6f1d2c3b-9a84-4e57-b0c6-5d7e8f901a2b"));
        assert_ne!(id_hash("a"), id_hash("a\0"));
    }
}
