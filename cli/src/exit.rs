//! How commands end: the exit codes, and failures with their hints.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Found, done, right.
    Success,
    /// Nothing found; damage.
    Nothing,
    /// Done, but not all of it.
    Partial,
}

/// Why a command could not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The command line makes no sense.
    Usage,
    /// The world was not as it must be.
    Error,
    /// Nobody reads what we write any more: no failure.
    BrokenPipe,
}

/// A failure as the user sees it: `error: …`, then what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: FailureKind,
    message: String,
    hints: Vec<String>,
}

impl Exit {
    /// Success, or the other one if something is missing.
    pub(crate) fn complete(complete: bool) -> Exit {
        if complete { Exit::Success } else { Exit::Partial }
    }

    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Nothing => 1,
            Exit::Partial => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl Failure {
    /// The command line makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { kind: FailureKind::Usage, message: message.into(), hints: Vec::new() }
    }

    /// Something went wrong.
    pub(crate) fn error(message: impl Into<String>) -> Failure {
        Failure { kind: FailureKind::Error, message: message.into(), hints: Vec::new() }
    }

    /// What an error and its causes say, in one sentence.
    pub(crate) fn of(error: &dyn Error) -> Failure {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries repeat their cause in their own text.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Failure::error(message)
    }

    /// A file that could not be read or written.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::error(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// Adds what the user can do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Adds what the user can do, if there is something.
    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Failure {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What to do about it, most useful first.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Nobody reads the output any more.
    pub(crate) fn nobody_reads() -> Failure {
        Failure { kind: FailureKind::BrokenPipe, message: String::new(), hints: Vec::new() }
    }

    /// Whether there is nothing to say because nobody listens.
    pub(crate) fn is_silent(&self) -> bool {
        self.kind == FailureKind::BrokenPipe
    }

    /// The exit code that says it.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            FailureKind::BrokenPipe => 0,
            FailureKind::Usage | FailureKind::Error => 2,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Errors of writing to standard output, all others are wrapped where they happen.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::nobody_reads();
        }
        Failure::error(format!("cannot write the output: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let inner = io::Error::other("no space");
        let outer = io::Error::other(Wrapped(inner));
        assert_eq!(Failure::of(&outer).to_string(), "cannot write: no space");
    }

    #[test]
    fn a_broken_pipe_is_silent() {
        assert!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).is_silent());
        assert!(!Failure::from(io::Error::other("full")).is_silent());
    }

    #[derive(Debug)]
    struct Wrapped(io::Error);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot write")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
}
