//! The archive's directory: where its files lie, and the file that names the format.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};

/// What the file `FORMAT` holds.
pub(crate) const FORMAT: &str = "logkeep archive 1\n";
/// Rights of an archive's directory when logkeep makes it: its owner's, and nobody else's.
const DIRECTORY_MODE: u32 = 0o700;

/// First line of the file `REPLICA`; the second says what for.
pub(crate) const REPLICA: &str = "logkeep replica 1\n";

/// What a directory that takes another archive's history is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaKind {
    /// It follows the archive, and is never written in another way.
    Following,
    /// It becomes an archive of its own when it has everything.
    Restoring,
}

impl ReplicaKind {
    fn line(self) -> &'static str {
        match self {
            Self::Following => "following\n",
            Self::Restoring => "restoring\n",
        }
    }
}

/// The paths of one archive.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn format(&self) -> PathBuf {
        self.root.join("FORMAT")
    }

    pub(crate) fn replica_file(&self) -> PathBuf {
        self.root.join("REPLICA")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    pub(crate) fn tips(&self) -> PathBuf {
        self.root.join("tips.log")
    }

    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Keeps a copy of a damaged file before it is written anew, in `quarantine` under the first free number.
    pub(crate) fn set_aside(&self, damaged: &Path) -> Result<PathBuf> {
        let folder = self.quarantine();
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        fsync_directory(&self.root)?;
        let name = damaged.file_name().unwrap_or_default().to_string_lossy();
        for number in 1_u32.. {
            let path = folder.join(format!("{name}.{number}"));
            match fs::File::create_new(&path) {
                Ok(mut copy) => {
                    let bytes = fs::read(damaged).map_err(|e| Error::io(damaged, e))?;
                    copy.write_all(&bytes).and_then(|()| copy.sync_all()).map_err(|e| Error::io(&path, e))?;
                    return fsync_directory(&folder).map(|()| path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(&path, error)),
            }
        }
        Err(Error::io(&folder, io::ErrorKind::AlreadyExists.into()))
    }

    /// Refuses a directory that is no archive, or one of another format. Where everything else of an archive is there,
    /// the lost file is damage.
    pub(crate) fn check_format(&self) -> Result<()> {
        let path = self.format();
        let damage = |found: String| Damage::new(DamageCode::Format, format!("{FORMAT:?}"), found).file(&path).into();
        match fs::read(&path) {
            Ok(found) if found == FORMAT.as_bytes() => Ok(()),
            Ok(found) if is_other_format(&found) => Err(Error::Format { found: shown(&found), path }),
            Ok(found) => Err(damage(format!("{:?}", shown(&found)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.holds_records() => {
                Err(damage("no file".to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotAnArchive(self.root.clone())),
            Err(source) => Err(Error::io(&path, source)),
        }
    }

    /// Whether something was acknowledged here, which a `create` that was killed has not come to.
    fn holds_records(&self) -> bool {
        let tables = || fs::read_dir(self.database()).map(|entries| entries.into_iter().any(is_table));
        self.database().is_dir() && (length(&self.tips()).is_ok_and(|bytes| bytes > 0) || tables().unwrap_or(false))
    }

    /// Makes the directory, or takes an empty one. What a `create` that was killed left behind is taken as well:
    /// the file `FORMAT` comes last, so nothing was appended yet.
    pub(crate) fn claim(&self) -> Result<()> {
        // Nobody else gets in, whatever rights the files inside have: RocksDB gives them what it likes.
        let made = fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&self.root);
        made.map_err(|e| Error::io(&self.root, e))?;
        let entries = fs::read_dir(&self.root).map_err(|e| Error::io(&self.root, e))?;
        for entry in entries {
            let name = entry.map_err(|e| Error::io(&self.root, e))?.file_name();
            const OURS: [&str; 7] = ["LOCK", "FORMAT.new", "db", "tips.log", "tips.log.new", "REPLICA", "REPLICA.new"];
            let ours = OURS.iter().any(|known| name == *known);
            if !ours || (name == "tips.log" && length(&self.tips())? > 0) {
                return Err(Error::AlreadyAnArchive(self.root.clone()));
            }
        }
        Ok(())
    }

    /// Removes the database that a `create` left behind that was killed before it had written anything. RocksDB does
    /// not go on with one that has no log of writes.
    pub(crate) fn clear_unfinished(&self) -> Result<()> {
        let database = self.database();
        let failed = |e| Error::io(&database, e);
        let entries = match fs::read_dir(&database) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_log = name.ends_with(".log");
            if name.ends_with(".sst") || (is_log && entry.metadata().map_err(failed)?.len() > 0) {
                return Ok(());
            }
        }
        fs::remove_dir_all(&database).map_err(failed)
    }

    /// What the directory is, if it is a replica.
    pub(crate) fn replica(&self) -> Result<Option<ReplicaKind>> {
        let path = self.replica_file();
        let found = match fs::read(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::io(&path, source)),
        };
        let kinds = [ReplicaKind::Following, ReplicaKind::Restoring];
        let kind = kinds.into_iter().find(|kind| found == [REPLICA, kind.line()].concat().as_bytes());
        kind.map(Some).ok_or_else(|| Error::Format { found: shown(&found), path })
    }

    /// Refuses a replica: nobody writes to it but who copies into it.
    pub(crate) fn check_no_replica(&self) -> Result<()> {
        match self.replica()? {
            Some(_) => Err(Error::ReplicaOnly(self.root.clone())),
            None => Ok(()),
        }
    }

    /// Makes the directory a replica.
    pub(crate) fn write_replica(&self, kind: ReplicaKind) -> Result<()> {
        rewrite_atomic(&self.replica_file(), [REPLICA, kind.line()].concat().as_bytes())
    }

    /// Makes the directory an archive of its own.
    pub(crate) fn remove_replica(&self) -> Result<()> {
        let path = self.replica_file();
        fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
        fsync_directory(&self.root)
    }

    /// Makes the directory an archive: the last step of creating one.
    pub(crate) fn write_format(&self) -> Result<()> {
        rewrite_atomic(&self.format(), FORMAT.as_bytes())?;
        match self.root.parent() {
            Some(parent) if parent.as_os_str().is_empty() => fsync_directory(Path::new(".")),
            Some(parent) => fsync_directory(parent),
            None => Ok(()),
        }
    }
}

/// Names and sizes of files.
pub(crate) type Fingerprint = Vec<(OsString, u64)>;

/// Names and sizes of the files that a writer changes: equal before and after something means that no writer came in
/// between.
pub(crate) fn fingerprint(directory: &Directory) -> Result<Fingerprint> {
    let database = directory.database();
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => {
            Damage::new(DamageCode::Store, "the database", "no such directory").file(&database).into()
        }
        _ => Error::io(&database, e),
    };
    let mut files = vec![("tips.log".into(), length(&directory.tips()).unwrap_or(0))];
    for entry in fs::read_dir(&database).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A file that is gone again since the directory was read counts as changed.
        files.push((entry.file_name(), entry.metadata().map_or(u64::MAX, |file| file.len())));
    }
    files.sort_unstable();
    Ok(files)
}

/// Replaces a file so that after a crash either the old or the new one is there, whole.
pub(crate) fn rewrite_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_added_extension("new");
    let written = || -> io::Result<()> {
        let mut file = fs::File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|e| Error::io(&new, e))?;
    fs::rename(&new, path).map_err(|e| Error::io(path, e))?;
    fsync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// Makes created, renamed and removed names of a directory durable.
pub(crate) fn fsync_directory(path: &Path) -> Result<()> {
    fs::File::open(path).and_then(|directory| directory.sync_all()).map_err(|e| Error::io(path, e))
}

/// Whether this is what another version of logkeep writes into `FORMAT`.
fn is_other_format(found: &[u8]) -> bool {
    let text = std::str::from_utf8(found).ok();
    let number = text.and_then(|text| text.strip_prefix("logkeep archive ")?.strip_suffix('\n'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_table(entry: io::Result<fs::DirEntry>) -> bool {
    entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "sst"))
}

fn length(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|file| file.len()).map_err(|e| Error::io(path, e))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_create_leaves_is_taken_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path());
        fs::create_dir(directory.database()).unwrap();
        for name in ["LOCK", "FORMAT.new", "tips.log.new", "tips.log"] {
            fs::write(root.path().join(name), b"").unwrap();
            assert!(directory.claim().is_ok(), "{name}");
        }
        fs::write(directory.tips(), [0; 64]).unwrap();
        assert!(matches!(directory.claim(), Err(Error::AlreadyAnArchive(_))));
        fs::write(directory.tips(), b"").unwrap();
        fs::write(root.path().join("other"), b"").unwrap();
        assert!(matches!(directory.claim(), Err(Error::AlreadyAnArchive(_))));
    }

    #[test]
    fn a_lost_format_is_damage_only_where_something_was_acknowledged() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path());
        assert!(matches!(directory.check_format(), Err(Error::NotAnArchive(_))));
        fs::create_dir(directory.database()).unwrap();
        fs::write(directory.tips(), b"").unwrap();
        assert!(matches!(directory.check_format(), Err(Error::NotAnArchive(_))));
        fs::write(directory.tips(), [0; 64]).unwrap();
        assert!(matches!(directory.check_format(), Err(Error::Damaged(damage)) if damage.code == DamageCode::Format));
        fs::write(directory.format(), b"logkeep archive 2\n").unwrap();
        assert!(matches!(directory.check_format(), Err(Error::Format { .. })));
        fs::write(directory.format(), b"logkeep archivd 1\n").unwrap();
        assert!(matches!(directory.check_format(), Err(Error::Damaged(_))));
        fs::write(directory.format(), FORMAT).unwrap();
        assert!(directory.check_format().is_ok());
    }

    #[test]
    fn only_a_database_without_any_write_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path());
        directory.clear_unfinished().unwrap();
        fs::create_dir(directory.database()).unwrap();
        for (name, bytes, kept) in [("000004.log", "x", true), ("000004.log", "", false), ("000005.sst", "", true)] {
            fs::create_dir_all(directory.database()).unwrap();
            fs::write(directory.database().join("MANIFEST-000001"), "m").unwrap();
            fs::write(directory.database().join(name), bytes).unwrap();
            directory.clear_unfinished().unwrap();
            assert_eq!(directory.database().is_dir(), kept, "{name} {bytes:?}");
        }
    }
}
