//! The salt of each record, made from the one salt of its block.

use sha2::{Digest, Sha256};

/// Bytes of a record's salt.
pub const SALT_BYTES: usize = 16;

/// Hides a record's content from whoever sees only its leaf.
pub type Salt = [u8; SALT_BYTES];

/// SHA-256's block, which is HMAC's key length.
const HMAC_BLOCK_BYTES: usize = 64;

/// A block's salt, ready to make the salts of its records.
///
/// HMAC-SHA-256 (RFC 2104) hashes the key into two states first; they are kept, so that each of
/// the 1,024 salts of a block costs two SHA-256 rounds and not four.
#[derive(Clone)]
pub struct SaltKey {
    inner: Sha256,
    outer: Sha256,
}

impl SaltKey {
    /// Prepares the salts of one block.
    #[must_use]
    pub fn new(block_salt: &[u8; 32]) -> Self {
        Self { inner: keyed(block_salt, 0x36), outer: keyed(block_salt, 0x5c) }
    }

    /// HMAC-SHA-256(block salt, index as u64 big-endian), its first 16 bytes.
    #[must_use]
    pub fn salt(&self, index: u64) -> Salt {
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.mac(&index.to_be_bytes());
        first
    }

    /// HMAC-SHA-256 of any message.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

impl std::fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The salt is what keeps low-entropy records from being guessed: never print it.
        f.write_str("SaltKey(..)")
    }
}

/// The salt of one record; for many of one block make a [`SaltKey`] once.
#[must_use]
pub fn record_salt(block_salt: &[u8; 32], index: u64) -> Salt {
    SaltKey::new(block_salt).salt(index)
}

/// SHA-256 after the key block of HMAC, padded with zeros and mixed with `pad`.
fn keyed(key: &[u8; 32], pad: u8) -> Sha256 {
    let mut block = [pad; HMAC_BLOCK_BYTES];
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
    Sha256::new().chain_update(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 and 2. A key shorter than 32 bytes is padded with zeros, as HMAC does.
    #[test]
    fn hmac_is_hmac() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let mac = SaltKey::new(&key).mac(b"Hi There");
        assert_eq!(hex(&mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = SaltKey::new(&key).mac(b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn salts_differ_by_block_and_by_index() {
        let one = SaltKey::new(&[1; 32]);
        assert_eq!(one.salt(7), record_salt(&[1; 32], 7));
        assert_ne!(one.salt(7), one.salt(8));
        assert_ne!(one.salt(7), record_salt(&[2; 32], 7));
        assert_eq!(one.salt(1), one.mac(&[0, 0, 0, 0, 0, 0, 0, 1])[..16]);
        assert_eq!(format!("{one:?}"), "SaltKey(..)");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
