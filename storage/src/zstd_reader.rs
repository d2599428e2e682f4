//! Reading zstd input of any length: several frames, one after another.

use std::io::{self, BufRead, Read};

/// Largest window that is accepted: 2^27 bytes, as the zstd program does unless it is told otherwise.
const WINDOW_LOG_MAX: u32 = 27;

/// The bytes that zstd frames in `input` stand for.
///
/// # Errors
/// When no decoder can be made. Input that is cut or is no zstd fails when it is read.
pub fn zstd_reader(input: impl BufRead) -> io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        zstd_reader(bytes)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn frames_follow_one_another_and_a_cut_is_an_error() {
        let frames = [zstd::encode_all(&b"one "[..], 3).unwrap(), zstd::encode_all(&b"two"[..], 3).unwrap()].concat();
        assert_eq!(read(&frames).unwrap(), b"one two");
        assert!(read(&frames[..frames.len() - 2]).is_err());
        assert!(read(b"no zstd").is_err());
    }
}
