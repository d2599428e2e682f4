//! Which archive a command is about, and how it is opened; what to do if that fails.

use std::env;
use std::path::{Path, PathBuf};

use logkeep_storage::{Archive, Error, Options, Writer};

use crate::args::Global;
use crate::exit::Failure;

/// The archive's directory and the limits it is opened with.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    path: PathBuf,
    options: Options,
}

impl Place {
    /// The place that the command line and the environment name.
    pub(crate) fn of(global: &Global) -> Result<Place, Failure> {
        let path = match &global.archive {
            Some(path) if !path.as_os_str().is_empty() => path.clone(),
            _ => default_path()?,
        };
        if path.is_file() {
            let above = path.parent().filter(|above| above.join("FORMAT").is_file());
            let instead = above.map(|above| format!("you may mean --archive {}", above.display()));
            return Err(Failure::usage(format!("{} is a file, and an archive is a directory", path.display()))
                .maybe_hint(instead)
                .hint("files are named behind `logkeep import`, the archive's directory behind --archive"));
        }
        Ok(Place { path, options: options(global) })
    }

    /// Another directory, opened with the same limits.
    pub(crate) fn at(&self, path: &Path) -> Place {
        Place { path: path.to_owned(), options: self.options.clone() }
    }

    /// The archive's directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The index's directory.
    pub(crate) fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// Whether it is a copy that follows another archive.
    pub(crate) fn is_replica(&self) -> bool {
        self.path.join("REPLICA").try_exists().unwrap_or(true)
    }

    /// The file of the signing key.
    pub(crate) fn key(&self) -> PathBuf {
        self.path.join("keys/log.key")
    }

    /// Where records lie that could not be taken.
    pub(crate) fn rejected(&self) -> PathBuf {
        self.path.join("rejected")
    }

    /// The limits.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Opens the archive to read it.
    pub(crate) fn read(&self) -> Result<Archive, Failure> {
        self.try_read().map_err(|error| failure(&error))
    }

    /// Opens the archive to read it; for who knows what an error means.
    pub(crate) fn try_read(&self) -> Result<Archive, Error> {
        Archive::open(&self.path, &self.options)
    }

    /// Makes a new archive.
    pub(crate) fn create(&self) -> Result<Writer, Failure> {
        Writer::create(&self.path, &self.options).map_err(|error| failure(&error))
    }

    /// Opens the archive to write it; makes it first if there is none, and says so.
    pub(crate) fn write(&self) -> Result<(Writer, bool), Failure> {
        match Writer::open(&self.path, &self.options) {
            Err(Error::NotAnArchive(_)) => Ok((self.create()?, true)),
            opened => Ok((opened.map_err(|error| failure(&error))?, false)),
        }
    }
}

/// What an error of the archive means for the user.
pub(crate) fn failure(error: &Error) -> Failure {
    let failure = Failure::of(error);
    match error {
        Error::NotAnArchive(_) => failure
            .hint("make one with `logkeep init`, or name another with --archive DIR or LOGKEEP_ARCHIVE")
            .hint("`logkeep import FILE` makes the archive by itself"),
        Error::AlreadyAnArchive(path) if path.join("FORMAT").try_exists().unwrap_or(false) => {
            failure.hint("it is an archive already: use it, or name an empty directory with --archive DIR")
        }
        Error::ReplicaOnly(_) => failure
            .hint("write to the archive itself, and `logkeep replicate` brings it here")
            .hint("if that is lost, `logkeep restore` makes a new archive of the replica"),
        Error::NoReplica(_) | Error::OtherArchive(_) => {
            failure.hint("name a directory that is empty or does not exist yet")
        }
        Error::AlreadyAnArchive(_) => failure.hint("name an empty directory, or one that does not exist yet"),
        Error::Locked(_) => failure.hint("reading works at the same time; write when the other process has ended"),
        Error::AcknowledgedLost { .. } => failure
            .hint("the archive can still be read: `logkeep verify` lists what is missing")
            .hint("restore it from a copy, or export what is there into a new one"),
        Error::Damaged(_) => failure.hint("`logkeep verify` lists all damage"),
        Error::RecordTooLarge { .. } => failure.hint("records over the limit are put into rejected/"),
        _ => failure,
    }
}

fn options(global: &Global) -> Options {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    Options { memory_bytes: global.memory.0, threads, ..Options::default() }
}

/// `$XDG_DATA_HOME/logkeep`, else `~/.local/share/logkeep`.
fn default_path() -> Result<PathBuf, Failure> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG specification: relative paths are to be ignored.
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("logkeep")).ok_or_else(|| {
        Failure::usage("neither HOME nor XDG_DATA_HOME says where the archive is").hint("name it with --archive DIR")
    })
}
