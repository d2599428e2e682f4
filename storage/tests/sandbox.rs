//! A fresh directory with an archive in it, and records to fill it.

use std::path::{Path, PathBuf};

use logkeep_storage::{Append, Appended, Archive, Batch, Cursor, Options, StreamName, Timestamp, Writer};
use tempfile::TempDir;

/// A directory that is removed with this value.
pub struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("archive")
    }

    pub fn create(&self) -> Writer {
        Writer::create(&self.path(), &options()).unwrap()
    }

    pub fn open(&self) -> Writer {
        Writer::open(&self.path(), &options()).unwrap()
    }

    pub fn reader(&self) -> Archive {
        Archive::open(&self.path(), &options()).unwrap()
    }

    /// A copy of the archive as it is on the disk now: what a crash would leave.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_directory(&self.path(), &copy.path());
        copy
    }
}

pub fn options() -> Options {
    Options { memory_bytes: 32 << 20, ..Options::default() }
}

pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

/// A batch of records without ids; record i happened at time i.
pub fn batch(name: &str, bodies: &[&[u8]]) -> Batch {
    let mut batch = Batch::new(stream(name), Timestamp(1_000));
    for (at, body) in bodies.iter().enumerate() {
        batch.push(body, Timestamp(at as i64), None);
    }
    batch
}

/// A batch of records with ids.
pub fn batch_with_ids(name: &str, records: &[(&str, &str)]) -> Batch {
    let mut batch = Batch::new(stream(name), Timestamp(1_000));
    for (id, body) in records {
        batch.push(body.as_bytes(), Timestamp(7), Some(id.as_bytes()));
    }
    batch
}

/// `count` different records like those of a provider.
pub fn numbered(name: &str, range: std::ops::Range<u64>) -> Batch {
    let mut batch = Batch::new(stream(name), Timestamp(1_000));
    for number in range {
        let body = format!(r#"{{"id":"{number}","user":"user{}@contoso.com","code":{}}}"#, number % 17, number % 5);
        batch.push(body.as_bytes(), Timestamp(number as i64), Some(number.to_string().as_bytes()));
    }
    batch
}

pub fn append(writer: &mut Writer, batch: Batch) -> Appended {
    writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap().remove(0)
}

pub fn cursor(name: &str, value: &str) -> Cursor {
    Cursor { name: name.to_owned(), value: value.as_bytes().to_vec() }
}

/// The bodies of a whole stream.
pub fn bodies(archive: &Archive, name: &str) -> Vec<Vec<u8>> {
    archive.records(&stream(name), 0..u64::MAX).map(|record| record.unwrap().body).collect()
}
