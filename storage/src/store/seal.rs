//! The checksum at the end of a value: CRC32 over key and value, so that a value under another's key is found too.

const CRC_BYTES: usize = 4;

/// Replaces `out` by the value and its checksum.
pub(crate) fn seal(key: &[u8], value: &[&[u8]], out: &mut Vec<u8>) {
    out.clear();
    value.iter().for_each(|part| out.extend_from_slice(part));
    let crc = checksum(key, out);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// The value without its checksum, or what is wrong: (expected, found).
pub(crate) fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], (String, String)> {
    let short = || ("a value with a checksum".to_owned(), format!("{} bytes", sealed.len()));
    let (value, crc) = sealed.split_last_chunk::<CRC_BYTES>().ok_or_else(short)?;
    let (stored, computed) = (u32::from_le_bytes(*crc), checksum(key, value));
    if stored == computed {
        return Ok(value);
    }
    Err((format!("CRC32 {stored:08x}"), format!("{computed:08x}")))
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_bit_is_found_and_every_other_key() {
        let mut sealed = Vec::new();
        seal(b"key", &[b"va", b"lue"], &mut sealed);
        assert_eq!(unseal(b"key", &sealed).unwrap(), b"value");
        assert!(unseal(b"kez", &sealed).is_err());
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(b"key", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(unseal(b"key", &sealed[..length]).is_err(), "length {length}");
        }
    }
}
