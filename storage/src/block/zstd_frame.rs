//! One zstd frame at a time. Contexts are kept by each thread: making one costs more than most frames do.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::BlockError;

/// zstd's level. Against 3 it saves 6 % where columns hold long texts, under 1 % elsewhere, and costs 2 % of an import's
/// time; 9 saves no more.
const LEVEL: i32 = 6;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The bytes as one frame.
pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, BlockError> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(LEVEL).map_err(|_| BlockError::Head("zstd"))?),
        };
        compressor.compress(bytes).map_err(|_| BlockError::Compression { number: 0 })
    })
}

/// The `raw_bytes` bytes that a frame stands for; `number` is the chunk it lies in.
pub(super) fn decompress(frame: &[u8], raw_bytes: usize, number: u16) -> Result<Vec<u8>, BlockError> {
    let raw = DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(|_| BlockError::Compression { number })?),
        };
        decompressor.decompress(frame, raw_bytes).map_err(|_| BlockError::Compression { number })
    })?;
    if raw.len() != raw_bytes {
        return Err(BlockError::Length { what: "frame", expected: raw_bytes, found: raw.len() });
    }
    Ok(raw)
}
