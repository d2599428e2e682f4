//! The self-test before a verification: in scratch archives, by the same code.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use logkeep_storage::{FAULTS, Request, Timestamp, self_test, verify_as};

use crate::exit::Failure;

/// How the self-test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Nobody wanted it.
    Skipped,
    /// All faults were found, and none where there is none.
    Passed { faults: usize },
    /// It could not be made, or something was not found.
    Failed { faults: usize, problems: Vec<String> },
}

/// Puts faults into scratch archives and has them verified.
pub(crate) fn run(now: Timestamp) -> Trial {
    let faults = FAULTS.len();
    let folder = env::temp_dir().join(format!("logkeep-self-test-{}-{}", process::id(), now.0));
    let scratch = match Scratch::make(&folder) {
        Ok(scratch) => scratch,
        Err(error) => return Trial::Failed { faults, problems: vec![format!("{}: {error}", folder.display())] },
    };
    let verify = |archive: &_| verify_as(archive, &Request::default(), &mut |_| {});
    match self_test(&scratch.0, &verify) {
        Ok(problems) if problems.is_empty() => Trial::Passed { faults },
        Ok(problems) => Trial::Failed { faults, problems },
        Err(error) => Trial::Failed { faults, problems: vec![Failure::of(&error).to_string()] },
    }
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn make(path: &Path) -> std::io::Result<Scratch> {
        use std::os::unix::fs::DirBuilderExt;
        // A name that somebody else has taken before is not used.
        fs::DirBuilder::new().mode(0o700).create(path)?;
        Ok(Scratch(path.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left over, it is a few hundred kilobytes in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
