//! Where the index's files are.

use std::path::{Path, PathBuf};

/// Version of terms, hashes and files; an index of another version is made anew.
pub(crate) const VERSION: u32 = 1;

/// The directory of an index.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The index's directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// tantivy's files.
    pub(crate) fn dictionary(&self) -> PathBuf {
        self.root.join("dictionary")
    }

    /// The runs.
    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// One run.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.runs().join(name)
    }

    /// Locked by the process that writes the index.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }
}

/// Names of runs are ours; anything else must not become a path.
pub(crate) fn is_run_name(name: &str) -> bool {
    name.strip_suffix(".run").is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()))
}
