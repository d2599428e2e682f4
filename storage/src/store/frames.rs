//! A look through RocksDB's logs before RocksDB reads them: one changed bit there makes it read for ever.
//!
//! The manifest and the logs of writes are blocks of 32 KiB with frames in them: CRC32C, length u16, type u8, bytes. A
//! type that says that the file was recycled, behind one that does not, is refused by RocksDB 11.8.1 without moving on
//! (`Reader::ReadPhysicalRecord`, facebook/rocksdb#13333), again and again. We never recycle, so no sound file has such a type.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::failure::store_damage;
use crate::error::{Error, Result};

const BLOCK_BYTES: usize = 32 << 10;
const HEADER_BYTES: usize = 7;
/// Types of recycled files.
const RECYCLED: [u8; 6] = [5, 6, 7, 8, 11, 131];

/// Refuses a database whose logs would keep RocksDB busy for ever.
pub(super) fn check_logs(database: &Path) -> Result<()> {
    for entry in std::fs::read_dir(database).map_err(|e| Error::io(database, e))? {
        let path = entry.map_err(|e| Error::io(database, e))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with("MANIFEST-") && !name.ends_with(".log") {
            continue;
        }
        let file = match File::open(&path) {
            Ok(file) => file,
            // Beside a writer files go at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io(&path, error)),
        };
        if let Some(at) = recycled_frame(file).map_err(|e| Error::io(&path, e))? {
            let found = format!("a frame of a recycled file at byte {at} of {}", path.display());
            return Err(store_damage(database, &found).file(path).into());
        }
    }
    Ok(())
}

/// Where the first frame is that says that its file was recycled.
fn recycled_frame(mut file: impl Read) -> io::Result<Option<u64>> {
    let (mut block, mut start) = (Vec::with_capacity(BLOCK_BYTES), 0);
    loop {
        block.clear();
        file.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            return Ok(None);
        }
        if let Some(at) = recycled_in(&block) {
            return Ok(Some(start + at as u64));
        }
        start += block.len() as u64;
    }
}

fn recycled_in(block: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some([_, _, _, _, low, high, kind]) = block.get(at..at + HEADER_BYTES) {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        if RECYCLED.contains(kind) {
            return Some(at);
        }
        // The rest of a block is zeros where the next frame did not fit, or where space was reserved.
        if (*kind, length) == (0, 0) {
            return None;
        }
        at += HEADER_BYTES + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, length: u16) -> Vec<u8> {
        let mut frame = vec![9; 4];
        frame.extend_from_slice(&length.to_le_bytes());
        frame.push(kind);
        frame.resize(HEADER_BYTES + usize::from(length), 5);
        frame
    }

    #[test]
    fn frames_are_followed_from_block_to_block() {
        let mut log = [frame(1, 100), frame(2, 200)].concat();
        assert_eq!(recycled_frame(log.as_slice()).unwrap(), None);
        log.resize(BLOCK_BYTES, 0);
        let second = log.len();
        log.extend(frame(4, 10));
        assert_eq!(recycled_frame(log.as_slice()).unwrap(), None, "bytes of 5 inside a frame do not count");
        log.extend(frame(5, 10));
        assert_eq!(recycled_frame(log.as_slice()).unwrap(), Some(second as u64 + 17));
    }

    #[test]
    fn what_is_cut_off_is_left_to_the_database() {
        for length in 0..40 {
            let log = [frame(1, 10), frame(1, 200)].concat();
            assert_eq!(recycled_frame(&log[..length]).unwrap(), None);
        }
    }
}
