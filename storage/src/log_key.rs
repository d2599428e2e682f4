//! The archive's signing key: one secret in a file of its own, from which the key of each stream is made.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use logkeep_proof::{NoteSigner, VerifierKey};
use zeroize::Zeroizing;

use crate::append::random;
use crate::directory::fsync_directory;
use crate::error::{Error, Result};
use crate::stream::StreamName;

/// First line of the file.
const TITLE: &str = "logkeep log key v1";
/// Rights of the file: its owner reads and writes it, nobody else does anything.
const MODE: u32 = 0o600;
/// Longest name in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Who has no name of his own has one of these.
const LOCAL: &str = "logkeep.local";
/// A longer file is none of ours.
const FILE_BYTES_MAX: u64 = 4096;

/// The secret that signs an archive's checkpoints, and the name under which it does.
///
/// ```text
/// logkeep log key v1
/// <the archive's name>
/// <32 bytes, base64>
/// ```
pub struct LogKey {
    name: String,
    secret: Zeroizing<[u8; 32]>,
}

impl LogKey {
    /// A new secret from the system's random source, for an archive of this name. The name is for ever: it stands in
    /// each checkpoint, so best it is below a domain that is its owner's.
    ///
    /// # Errors
    /// [`Error::Key`] if the name is not made of letters, digits, `.`, `_`, `-` and, between them, single `/`.
    pub fn generate(name: &str) -> Result<Self> {
        if is_name(name) {
            return Ok(Self { name: name.to_owned(), secret: Zeroizing::new(random()?) });
        }
        let allowed = "letters, digits, '.', '_', '-', and single '/' between them, 200 bytes at most";
        Err(Error::Key(format!("{name:?} is no name for an archive: {allowed}")))
    }

    /// A new key under a name that nobody chose, and that no other archive has.
    ///
    /// # Errors
    /// Only if the system has no random numbers.
    pub fn generate_local() -> Result<Self> {
        Self::generate(&format!("{LOCAL}/{:08x}", u32::from_le_bytes(random()?)))
    }

    /// Writes the key into a new file that only its owner may read.
    ///
    /// # Errors
    /// [`Error::Io`], also if there is a file already.
    pub fn create(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let secret = Zeroizing::new(STANDARD.encode(self.secret.as_slice()));
        let text = Zeroizing::new(format!("{TITLE}\n{}\n{}\n", self.name, secret.as_str()));
        // Whole under its name or not there; a link, and not a new name, because it must not replace another key.
        let new = path.with_added_extension("new");
        let write = || -> io::Result<()> {
            if new.try_exists()? {
                fs::remove_file(&new)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&new, path)
        };
        let written = write().map_err(|e| Error::io(path, e));
        let removed = fs::remove_file(&new).map_err(|e| Error::io(&new, e));
        written.and(removed)?;
        fsync_directory(folder)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`Error::Key`] if others than its owner may read or write the file, or if it is no key.
    pub fn read(path: &Path) -> Result<Self> {
        let refused = |problem: &str| Error::Key(format!("{} {problem}", path.display()));
        let metadata = fs::metadata(path).map_err(|e| Error::io(path, e))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & !MODE != 0 {
            let problem =
                format!("can be used by others (mode {mode:03o}); if nobody has: chmod 600 {}", path.display());
            return Err(refused(&problem));
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(refused("is no key of logkeep"));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| Error::io(path, e))?);
        Self::parse(&text).ok_or_else(|| refused("is no key of logkeep"))
    }

    /// The archive's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a stream's checkpoints begin with: the archive's name, `/`, the stream's.
    #[must_use]
    pub fn origin(&self, stream: &StreamName) -> String {
        format!("{}/{stream}", self.name)
    }

    /// Signs the checkpoints of a stream.
    ///
    /// # Errors
    /// [`Error::Key`] if the name is none for a key.
    pub fn signer(&self, stream: &StreamName) -> Result<NoteSigner> {
        NoteSigner::of_archive(&self.origin(stream), &self.secret).map_err(|e| Error::Key(e.to_string()))
    }

    /// The public half of a stream's key, to be handed out.
    ///
    /// # Errors
    /// As [`LogKey::signer`].
    pub fn verifier(&self, stream: &StreamName) -> Result<VerifierKey> {
        Ok(self.signer(stream)?.verifier().clone())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (title, name, secret) = (lines.next()?, lines.next()?, lines.next()?);
        if title != TITLE || lines.next().is_some() {
            return None;
        }
        let bytes = Zeroizing::new(STANDARD.decode(secret).ok()?);
        let secret = Zeroizing::new(bytes.as_slice().try_into().ok()?);
        is_name(name).then(|| Self { name: name.to_owned(), secret })
    }
}

/// Names stand in checkpoints, keys and the JSON of `_meta` as they are, so no character of them may mean anything there.
fn is_name(name: &str) -> bool {
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    name.len() <= NAME_BYTES_MAX && name.split('/').all(is_segment)
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.name) // never the secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/log.key");
        let key = LogKey::generate("archive.example/contoso").unwrap();
        key.create(&path).unwrap();
        assert!(key.create(&path).is_err(), "a key is never replaced");
        let stream: StreamName = "entra/signin".parse().unwrap();
        let read = LogKey::read(&path).unwrap();
        assert_eq!(read.verifier(&stream).unwrap(), key.verifier(&stream).unwrap());
        assert_eq!(read.verifier(&stream).unwrap().name(), "archive.example/contoso/entra/signin");
        assert!(!format!("{read:?}").contains(&STANDARD.encode(key.secret.as_slice())));
        for mode in [0o640, 0o604, 0o660, 0o700] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(LogKey::read(&path), Err(Error::Key(_))), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        LogKey::generate("a").unwrap().create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for changed in
            ["", "x", &text[1..], &text[..text.len() - 2], &format!("{text}\n"), &text.replace("\na\n", "\na b\n")]
        {
            fs::write(&path, changed).unwrap();
            assert!(matches!(LogKey::read(&path), Err(Error::Key(_))), "{changed:?}");
        }
        for name in ["", "a b", "a+b", "a\nb", "/a", "a/", "a//b", "\u{e9}", "a\"b", &"a".repeat(201)] {
            assert!(LogKey::generate(name).is_err(), "{name:?}");
        }
        assert!(LogKey::generate_local().unwrap().name().starts_with("logkeep.local/"));
    }
}
