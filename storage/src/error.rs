//! What can go wrong in the archive: one enum, each variant with the path or id it is about.

use std::io;
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::recover::Lost;

/// What a call of this crate can fail with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not let this user read or write a file: nothing is known of the file itself.
    #[error("{}: permission denied", path.display())]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// Nothing more fits on the disk; what was acknowledged before is kept.
    #[error("no space is left for {}: free some, then run the same again", path.display())]
    DiskFull {
        /// The file or database that could not grow.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database refused.
    #[error("the database in {} failed", path.display())]
    Store {
        /// The database's directory.
        path: PathBuf,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something is not as it was written.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// Records that were acknowledged are not there; the archive can be read, but not written.
    #[error("acknowledged records are missing: {}", list(lost))]
    AcknowledgedLost {
        /// What is missing, stream by stream.
        lost: Vec<Lost>,
    },
    /// The signing key cannot be used.
    #[error("the signing key cannot be used: {0}")]
    Key(String),
    /// Another writer has the archive.
    #[error("{} is being written by another process", .0.display())]
    Locked(PathBuf),
    /// There is no archive in this directory.
    #[error("{} is no archive", .0.display())]
    NotAnArchive(PathBuf),
    /// It is a copy of another archive, and only what copies into it writes there.
    #[error("{} is a replica, which nothing is written to but what its archive has", .0.display())]
    ReplicaOnly(PathBuf),
    /// It is an archive of its own, or a replica that was begun for another purpose.
    #[error("{} is no replica that can be gone on with", .0.display())]
    NoReplica(PathBuf),
    /// It is a replica, but not of this archive.
    #[error("{} is a replica of another archive", .0.display())]
    OtherArchive(PathBuf),
    /// There is something in this directory already.
    #[error("{} is not empty", .0.display())]
    AlreadyAnArchive(PathBuf),
    /// An archive of a format that this program does not know.
    #[error("{} says {found:?}, this program reads {:?}", path.display(), crate::directory::FORMAT)]
    Format {
        /// The file that names the format.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// A record over the limit; nothing of its append was stored.
    #[error("a record of {bytes} bytes is over the limit of {max}")]
    RecordTooLarge {
        /// The record's size.
        bytes: u64,
        /// The limit, [`crate::Options::record_bytes_max`].
        max: u64,
    },
    /// A cursor over the limit; nothing of its append was stored.
    #[error("the {part} of the cursor {name:?} has {bytes} bytes, the limit is {max}")]
    CursorTooLarge {
        /// The cursor, its name cut to a bearable length.
        name: String,
        /// "name" or "value".
        part: &'static str,
        /// The size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A write failed before: nobody knows what the disk holds until the archive is opened again.
    #[error("a write failed before ({cause}); open the archive again")]
    Poisoned {
        /// What failed then.
        cause: String,
    },
}

impl Error {
    /// An error of the file system; a full disk is told apart, because the user can do something about it.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source: source.into() },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Io { path, source },
        }
    }
}

impl From<Damage> for Error {
    fn from(damage: Damage) -> Self {
        Self::Damaged(Box::new(damage))
    }
}

fn list(lost: &[Lost]) -> String {
    lost.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
