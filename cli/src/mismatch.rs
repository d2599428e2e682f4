//! Where a file of an export is not what the manifest says: somebody changed it, or it came over incomplete.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use logkeep_storage::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::interrupt::Interrupt;
use crate::manifest::{self, Form};

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    file: String,
    expected: String,
    found: String,
}

impl Mismatch {
    /// A file that lies beside the others and that the manifest does not name.
    pub(crate) fn stranger(file: &str) -> Mismatch {
        let found = "a file that is not of this export; it is not imported unless you name it".to_owned();
        Mismatch { file: file.to_owned(), expected: "nothing".to_owned(), found }
    }

    /// As an object: file, expected, found.
    pub(crate) fn json(&self) -> Value {
        json!({ "file": self.file, "expected": self.expected, "found": self.found })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not what the manifest says: expected {}, found {}", self.file, self.expected, self.found)
    }
}

/// Compares a file with its entry. What cannot be read, or not to its end because the user wants to stop, is told by
/// the import itself.
pub(crate) fn of_file(entry: &manifest::File, folder: &Path, interrupt: &Interrupt) -> Option<Mismatch> {
    let path = entry.path(folder);
    let differs =
        |expected: String, found: String| Some(Mismatch { file: path.display().to_string(), expected, found });
    let found = match measure(&path, interrupt) {
        Ok(found) => found?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return differs(format!("{} records in {} bytes", entry.records, entry.bytes), "no such file".to_owned());
        }
        Err(_) => return None,
    };
    if found.bytes != entry.bytes {
        return differs(format!("{} bytes", entry.bytes), format!("{} bytes", found.bytes));
    }
    if found.sha256 != entry.sha256 {
        return differs(format!("SHA-256 {}", entry.sha256), found.sha256);
    }
    // Other forms may have line feeds in their records.
    let is_lines = matches!(entry.form, Form::JsonLines | Form::Lines);
    if is_lines && found.lines != entry.records {
        return differs(format!("{} records", entry.records), format!("{} records", found.lines));
    }
    None
}

/// What a file holds.
struct Measured {
    bytes: u64,
    lines: u64,
    sha256: String,
}

fn measure(path: &Path, interrupt: &Interrupt) -> io::Result<Option<Measured>> {
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut hash, mut bytes, mut lines) = (Sha256::new(), 0, 0);
    loop {
        if interrupt.is_set() {
            return Ok(None);
        }
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let read = buffer.get(..length).unwrap_or_default();
                hash.update(read);
                bytes += length as u64;
                lines += read.iter().filter(|byte| **byte == b'\n').count() as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let sha256 = hex(&hash.finalize());
    Ok(Some(Measured { bytes, lines, sha256 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_content_and_records_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let sha256 = "a88b72d9fa4ba3b0e77e1bc8b9ceb78a2a26a3c5f1c3b3ae8b1b5a8c7b3a9b1e";
        let mut entry = manifest::File {
            stream: "a/b".parse().unwrap(),
            name: "a+b.txt".to_owned(),
            form: Form::Lines,
            records: 2,
            bytes: 4,
            sha256: sha256.to_owned(),
            head: (2, String::new()),
            missing: Vec::new(),
        };
        let check = |entry: &manifest::File| of_file(entry, folder.path(), &Interrupt::default());
        assert_eq!(check(&entry).unwrap().found, "no such file");
        fs::write(folder.path().join("a+b.txt"), "1\n2\n").unwrap();
        let changed = check(&entry).unwrap();
        assert_eq!(changed.expected, format!("SHA-256 {sha256}"));
        entry.sha256 = changed.found;
        assert_eq!(check(&entry), None);
        entry.records = 3;
        assert_eq!(
            check(&entry).unwrap().to_string().rsplit_once(": ").unwrap().1,
            "expected 3 records, found 2 records"
        );
        entry.bytes = 5;
        assert_eq!(check(&entry).unwrap().found, "4 bytes");
    }
}
