//! A file that is written again from its beginning, where what is there already is only compared.
//!
//! So a job that was stopped goes on without trusting what it left behind: the first byte that differs is where writing
//! begins, and what stands behind the end is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use logkeep_storage::hex;
use sha2::{Digest, Sha256};

/// Bytes read or written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// The file, and the SHA-256 of what was given to it.
pub(crate) struct Continued {
    state: State,
    hash: Sha256,
    bytes: u64,
}

enum State {
    Comparing(BufReader<File>),
    Writing(BufWriter<File>),
    /// Only while the one becomes the other.
    Between,
}

impl Continued {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path) -> io::Result<Continued> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let state = State::Comparing(BufReader::with_capacity(BUFFER_BYTES, file));
        Ok(Continued { state, hash: Sha256::new(), bytes: 0 })
    }

    /// Gives the next bytes to the file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let State::Comparing(reader) = &mut self.state {
            let mut there = Vec::with_capacity(bytes.len());
            reader.by_ref().take(bytes.len() as u64).read_to_end(&mut there)?;
            if there != bytes {
                self.write_from_here()?;
            }
        }
        if let State::Writing(writer) = &mut self.state {
            writer.write_all(bytes)?;
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Cuts off what stands behind, makes the file durable. Gives its length and SHA-256.
    pub(crate) fn finish(mut self) -> io::Result<(u64, String)> {
        if matches!(self.state, State::Comparing(_)) {
            self.write_from_here()?;
        }
        if let State::Writing(writer) = self.state {
            writer.into_inner()?.sync_all()?;
        }
        let hash = self.hash.finalize();
        Ok((self.bytes, hex(&hash)))
    }

    fn write_from_here(&mut self) -> io::Result<()> {
        if let State::Comparing(reader) = std::mem::replace(&mut self.state, State::Between) {
            let mut file = reader.into_inner();
            file.set_len(self.bytes)?;
            file.seek(SeekFrom::Start(self.bytes))?;
            self.state = State::Writing(BufWriter::with_capacity(BUFFER_BYTES, file));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(path: &Path, parts: &[&str]) -> (u64, String) {
        let mut file = Continued::open(path).unwrap();
        parts.iter().for_each(|part| file.put(part.as_bytes()).unwrap());
        file.finish().unwrap()
    }

    #[test]
    fn whatever_was_there_it_ends_up_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let sha256_of_abcdef = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";
        for before in ["", "a", "abc", "abcd", "abXd", "abcdef", "abcdefgh", "Xbcdef"] {
            fs::write(&path, before).unwrap();
            assert_eq!(write(&path, &["abc", "", "def"]), (6, sha256_of_abcdef.to_owned()), "{before}");
            assert_eq!(fs::read(&path).unwrap(), b"abcdef", "{before}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(write(&path, &[]).0, 0);
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
