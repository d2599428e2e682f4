//! SHA-256 over all bytes before a place in an input: only the same bytes have the same one.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use logkeep_storage::hex;
use sha2::{Digest, Sha256};

/// Bytes read at once.
const READ_BYTES: usize = 256 << 10;

/// The bytes of an input up to a place; of an input that has no cursors nothing is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Front(Option<Sha256>);

impl Front {
    /// Of an input's first byte.
    pub(crate) fn start() -> Self {
        Self(Some(Sha256::new()))
    }

    /// The first `length` bytes of an input; `None` if there are not so many, or it was told to stop.
    pub(crate) fn read(input: &mut dyn Read, length: u64, stop: &AtomicBool) -> io::Result<Option<Self>> {
        let mut front = Self::start();
        let mut buffer = vec![0; READ_BYTES];
        let mut missing = length;
        while missing > 0 && !stop.load(Ordering::Relaxed) {
            let wanted = missing.min(READ_BYTES as u64) as usize;
            match input.read(buffer.get_mut(..wanted).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(0) => break,
                Ok(read) => {
                    front.pass(buffer.get(..read).unwrap_or_default());
                    missing -= read as u64;
                }
            }
        }
        Ok((missing == 0).then_some(front))
    }

    /// Moves the place behind the next bytes.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        if let Some(hash) = &mut self.0 {
            hash.update(bytes);
        }
    }

    /// In hexadecimal.
    pub(crate) fn digest(&self) -> String {
        hex(self.0.clone().unwrap_or_default().finalize().as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_or_passed_it_is_the_same() {
        let bytes = vec![7; READ_BYTES + 9];
        let go_on = AtomicBool::new(false);
        let read = Front::read(&mut bytes.as_slice(), bytes.len() as u64 - 1, &go_on).unwrap().unwrap();
        let mut passed = Front::start();
        bytes[1..].chunks(1000).for_each(|part| passed.pass(part));
        assert_eq!(read.digest(), passed.digest());
        assert_eq!(read.digest(), hex(Sha256::digest(&bytes[1..]).as_slice()));
        assert!(Front::read(&mut bytes.as_slice(), bytes.len() as u64 + 1, &go_on).unwrap().is_none());
        assert!(Front::read(&mut bytes.as_slice(), 1, &AtomicBool::new(true)).unwrap().is_none());
    }
}
