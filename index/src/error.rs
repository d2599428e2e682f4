//! What can go wrong in a search or in the index.

use std::io;
use std::path::PathBuf;

/// What a call of this crate can fail with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a search or the upkeep of the index failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive could not be read.
    #[error(transparent)]
    Storage(#[from] logkeep_storage::Error),
    /// A file of the index could not be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// tantivy refused.
    #[error("the index in {} failed", path.display())]
    Index {
        /// The index's directory.
        path: PathBuf,
        /// What tantivy said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The index is damaged; it can be made anew from the archive.
    #[error("the index in {} is damaged: {problem}", path.display())]
    Damaged {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process is writing the index.
    #[error("{} is being written by another process", .0.display())]
    Locked(PathBuf),
}
