//! Base64 as every C2SP format wants it: the standard alphabet, padded, canonical.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use crate::error::Error;
use crate::hash::{HASH_BYTES, Hash};

/// Characters of a hash: 32 bytes in groups of 3 make 11 groups of 4 characters.
pub(crate) const HASH_CHARS: usize = HASH_BYTES.div_ceil(3) * 4;

/// Any bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Appends a hash as text, without an allocation of its own.
pub(crate) fn push_hash(hash: &Hash, out: &mut Vec<u8>) {
    let mut text = [0; HASH_CHARS];
    // The buffer has exactly the length that 32 bytes need, so this cannot fail.
    let written = STANDARD.encode_slice(hash, &mut text);
    debug_assert!(matches!(written, Ok(HASH_CHARS)), "a hash is 44 characters");
    out.extend_from_slice(&text);
}

/// Text as bytes; anything but the one canonical spelling is refused.
pub(crate) fn decode(what: &'static str, text: &[u8]) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::form(what, "canonical base64", text))
}

/// Text as a hash.
pub(crate) fn decode_hash(what: &'static str, text: &[u8]) -> Result<Hash, Error> {
    let bytes = decode(what, text)?;
    Hash::try_from(bytes).map_err(|_| Error::form(what, "base64 of 32 bytes", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_read() {
        assert_eq!(decode("x", b"AA==").unwrap(), [0]);
        for other in ["AB==", "AA", "AA=", "AA==\n", " AA==", "A-==", "AA==AA=="] {
            assert!(decode("x", other.as_bytes()).is_err(), "{other:?}");
        }
    }

    #[test]
    fn hashes_come_back() {
        let hash: Hash = std::array::from_fn(|i| i as u8 * 7);
        let mut text = Vec::new();
        push_hash(&hash, &mut text);
        assert_eq!(text, encode(&hash).into_bytes());
        assert_eq!(decode_hash("x", &text).unwrap(), hash);
        assert!(decode_hash("x", encode(&[0; 31]).as_bytes()).is_err());
    }
}
