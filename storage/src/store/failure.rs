//! RocksDB's errors as ours: a full disk and damage are told apart from the rest.

use std::path::{Path, PathBuf};

use rocksdb::ErrorKind;

use crate::damage::{Damage, DamageCode};
use crate::error::Error;

/// An error of the database in `path`.
pub(super) fn failure(path: &Path, error: rocksdb::Error) -> Error {
    let (kind, text) = (error.kind(), error.to_string());
    if text.contains("No space left") || text.contains("Disk quota exceeded") || text.contains("NoSpace") {
        return Error::DiskFull { path: path.to_owned(), source: error.into() };
    }
    if text.contains("Permission denied") {
        let path = named_file(&text).unwrap_or_else(|| path.to_owned());
        return Error::Denied { path };
    }
    if kind == ErrorKind::Corruption || names_missing_file(&text) {
        return store_damage(path, &text).into();
    }
    Error::Store { path: path.to_owned(), source: error.into() }
}

/// What the database says of its own files, as a finding: file and place apart from the words, which are RocksDB's.
pub(super) fn store_damage(path: &Path, text: &str) -> Damage {
    let file = named_file(text);
    let (words, offset) = words(text, file.as_deref());
    let damage = Damage::new(DamageCode::Store, "what the database wrote", words).offset(offset);
    damage.file(file.unwrap_or_else(|| path.to_owned()))
}

/// RocksDB's message without the kind of error and the file's path, and the place in the file if it names one.
fn words(text: &str, file: Option<&Path>) -> (String, Option<u64>) {
    let text = ["Corruption: ", "IO error: "].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text);
    let Some(file) = file.and_then(Path::to_str) else { return (text.trim().to_owned(), None) };
    let in_file = format!(" in {file} offset ");
    if let Some((words, place)) = text.split_once(&in_file) {
        let digits = place.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        return (words.trim().to_owned(), digits.parse().ok());
    }
    let bare = text.replace(&format!(" in {file}"), "").replace(&format!("{file}: "), "").replace(file, "");
    (bare.trim().trim_end_matches(':').to_owned(), None)
}

/// A data file that is gone is damage and no accident of the system.
fn names_missing_file(text: &str) -> bool {
    text.contains("No such file or directory") && named_file(text).is_some()
}

/// The database file that a message names.
fn named_file(text: &str) -> Option<PathBuf> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'));
    let mut words = words.map(|word| word.trim_end_matches(['.', ':']));
    let file = words.find(|word| {
        let known = [".sst", ".blob", ".log", "/CURRENT", "/IDENTITY"].iter().any(|end| word.ends_with(end));
        known || word.contains("MANIFEST-")
    });
    file.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_file_and_place_are_told_apart() {
        let told = |text: &str| {
            let damage = store_damage(Path::new("/a/db"), text);
            (damage.found, damage.file.unwrap().display().to_string(), damage.offset)
        };
        let block = "Corruption: block checksum mismatch: stored(context removed) = 3, computed = 2, type = 4  in \
                     /a/db/000012.sst offset 113307 size 18591, block_type = Data";
        let words = "block checksum mismatch: stored(context removed) = 3, computed = 2, type = 4".to_owned();
        assert_eq!(told(block), (words, "/a/db/000012.sst".to_owned(), Some(113_307)));
        let whole = "Corruption: /a/db/000012.sst file checksum mismatch, expecting 11DD3C2C, but actual 2EEACCBC";
        let words = "file checksum mismatch, expecting 11DD3C2C, but actual 2EEACCBC".to_owned();
        assert_eq!(told(whole), (words, "/a/db/000012.sst".to_owned(), None));
        assert_eq!(told("Corruption: odd"), ("odd".to_owned(), "/a/db".to_owned(), None));
    }

    #[test]
    fn the_file_is_taken_out_of_the_message() {
        let message = "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 4  in \
                       /a/db/000012.sst offset 0 size 87";
        assert_eq!(named_file(message), Some("/a/db/000012.sst".into()));
        assert_eq!(named_file("Corruption: nothing named"), None);
        let missing = "IO error: No such file or directory: While open a file for random read: /a/db/000008.sst: x";
        assert_eq!(named_file(missing), Some("/a/db/000008.sst".into()));
    }
}
