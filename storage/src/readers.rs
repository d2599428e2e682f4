//! The directories in which readers of other processes keep RocksDB's notes, and the removal of those left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, Result};
use crate::lock::Lock;

/// The file in a reader's directory that is locked as long as the reader lives.
const IN_USE: &str = "IN-USE";

/// A reader's directory, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    _lock: Lock,
}

impl Notes {
    /// A fresh directory below `readers`.
    pub(crate) fn create(readers: &Path) -> Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let process = std::process::id();
        loop {
            let path = readers.join(format!("{process}-{}", COUNTER.fetch_add(1, Ordering::Relaxed)));
            fs::create_dir_all(&path).map_err(|e| Error::io(&path, e))?;
            // A process of another machine or container may have the same number; its directory stays its own.
            if let Some(lock) = Lock::take(&path.join(IN_USE))? {
                return Ok(Self { path, _lock: lock });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // What cannot be removed is removed by the next writer.
        let _ = fs::remove_dir_all(&self.path);
        if let Some(readers) = self.path.parent() {
            let _ = fs::remove_dir(readers);
        }
    }
}

/// Removes the directories of readers that are gone. Nothing depends on it, so what fails is left for the next time.
pub(crate) fn remove_stale(readers: &Path) {
    let Ok(entries) = fs::read_dir(readers) else { return };
    for entry in entries.flatten() {
        if let Ok(Some(_lock)) = Lock::take(&entry.path().join(IN_USE)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_one_uses_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let readers = directory.path().join("readers");
        let notes = Notes::create(&readers).unwrap();
        let stale = readers.join("1-1");
        fs::create_dir(&stale).unwrap();
        remove_stale(&readers);
        assert!(!stale.try_exists().unwrap());
        assert!(notes.path().try_exists().unwrap());
        drop(notes);
        assert!(!readers.try_exists().unwrap());
    }
}
