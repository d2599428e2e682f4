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
    if kind == ErrorKind::Corruption || names_missing_file(&text) {
        return store_damage(path, &text).into();
    }
    Error::Store { path: path.to_owned(), source: error.into() }
}

/// What the database says of its own files, as a finding.
pub(super) fn store_damage(path: &Path, text: &str) -> Damage {
    let damage = Damage::new(DamageCode::Store, "what the database wrote", text);
    damage.file(named_file(text).unwrap_or_else(|| path.to_owned()))
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
    fn the_file_is_taken_out_of_the_message() {
        let message = "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 4  in \
                       /a/db/000012.sst offset 0 size 87";
        assert_eq!(named_file(message), Some("/a/db/000012.sst".into()));
        assert_eq!(named_file("Corruption: nothing named"), None);
        let missing = "IO error: No such file or directory: While open a file for random read: /a/db/000008.sst: x";
        assert_eq!(named_file(missing), Some("/a/db/000008.sst".into()));
    }
}
