//! The archive's signing key: where it lies, how it is made, and what is said if nothing can be signed.

use logkeep_storage::{Archive, Error, LogKey, StreamName, Writer};

use crate::exit::Failure;
use crate::moment;
use crate::output::Output;
use crate::place::{self, Place};

/// Why the newest records are in no signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// There never was a key.
    NoKey,
    /// Checkpoints were signed, and the key is gone.
    KeyGone,
    /// There is a key, and signing failed.
    Failed(String),
}

/// A new key under this name, or one that nobody chose.
pub(crate) fn generate(name: Option<&str>) -> Result<LogKey, Failure> {
    match name {
        Some(name) => LogKey::generate(name).map_err(|error| match error {
            Error::Key(problem) => Failure::usage(problem),
            other => place::failure(&other),
        }),
        None => LogKey::generate_local().map_err(|error| place::failure(&error)),
    }
}

/// Writes a new key beside the archive, and says what to do with its public half.
pub(crate) fn keep(key: &LogKey, place: &Place, output: &mut Output) -> Result<(), Failure> {
    let (path, failed) = (place.key(), |error: Error| place::failure(&error));
    key.create(&path).map_err(failed)?;
    let verifier = key.verifier(&meta()?).map_err(failed)?;
    output.say(&format!("made the key that signs it, {}", path.display()));
    output.say("keep this line elsewhere, it is what others check the archive with (`logkeep key export` says more):");
    output.say(&format!("  {verifier}"));
    Ok(())
}

/// The key, `None` if there is no file.
pub(crate) fn read(place: &Place) -> Result<Option<LogKey>, Error> {
    let path = place.key();
    match path.try_exists() {
        Ok(false) => Ok(None),
        // Whatever is wrong with it is said by reading it.
        Ok(true) | Err(_) => LogKey::read(&path).map(Some),
    }
}

/// Signs what grew; says if and why nothing was signed. Only an error of the archive itself is an error.
pub(crate) fn sign(writer: &mut Writer, place: &Place) -> Result<Option<Unsigned>, Error> {
    let signed = match read(place) {
        Ok(Some(key)) => writer.sign(&key, moment::now()),
        Ok(None) => return without_key(&writer.archive()).map(Some),
        Err(error) => return Ok(Some(Unsigned::Failed(Failure::of(&error).to_string()))),
    };
    match signed {
        Ok(_) => Ok(None),
        Err(error @ (Error::Key(_) | Error::Damaged(_))) => Ok(Some(Unsigned::Failed(Failure::of(&error).to_string()))),
        Err(other) => Err(other),
    }
}

/// What it means that there is no key.
pub(crate) fn without_key(archive: &Archive) -> Result<Unsigned, Error> {
    for stream in archive.streams()? {
        // One that cannot be read was signed all the same.
        if archive.checkpoint(&stream.name).map_or(true, |found| found.is_some()) {
            return Ok(Unsigned::KeyGone);
        }
    }
    Ok(Unsigned::NoKey)
}

impl Unsigned {
    /// Whether the job is incomplete because of it.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Says it, and what to do.
    pub(crate) fn tell(&self, place: &Place, output: &mut Output) {
        let path = place.key();
        match self {
            Self::NoKey => output.hint("nothing is signed, the archive has no key: `logkeep key new` makes one"),
            Self::KeyGone => output.hint(&format!(
                "the newest records are not signed, {} is gone: put it back from your copy",
                path.display()
            )),
            Self::Failed(problem) => {
                output.warn(&format!("the newest records are kept and not signed: {problem}"));
            }
        }
    }
}

/// The stream in which the archive writes down what it does.
pub(crate) fn meta() -> Result<StreamName, Failure> {
    "_meta".parse().map_err(|error| Failure::error(format!("_meta: {error}")))
}
