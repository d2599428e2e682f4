//! Waits for a file to grow, to be replaced or to be cut.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::intake::input::Input;

/// What happened to a followed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// There are more bytes.
    Grown,
    /// Another file has its name now; the old one has no more bytes.
    Replaced,
    /// It is shorter than what was read of it.
    Cut,
    /// No one waits any longer.
    Stopped,
}

/// Waits until something happens to `input`, opened at `path`, of which `read` bytes were read.
pub(crate) fn wait(path: &Path, input: &Input, read: u64, stop: &AtomicBool, sleep: &dyn Fn()) -> io::Result<Change> {
    while !stop.load(Ordering::Relaxed) {
        // The name is looked at first: what was written into the old file before that is seen by the second look.
        let replaced = is_replaced(path, input)?;
        match input.plain_length()? {
            Some(length) if length > read => return Ok(Change::Grown),
            Some(length) if length < read => return Ok(Change::Cut),
            _ if replaced => return Ok(Change::Replaced),
            _ => sleep(),
        }
    }
    Ok(Change::Stopped)
}

/// The shortest and longest time between two looks at a file.
pub(crate) fn interval(wanted: Duration) -> Duration {
    wanted.clamp(Duration::from_millis(1), Duration::from_secs(60))
}

fn is_replaced(path: &Path, input: &Input) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(input.inode() != Some((metadata.dev(), metadata.ino()))),
        // Between its renaming and the making of the new file there is none of that name.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
