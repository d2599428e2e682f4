//! Verifier keys of signed notes: `name+id+base64(type || public key)` (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::base64;
use crate::error::Error;

/// Bytes of an Ed25519 public key.
const PUBLIC_BYTES: usize = 32;

/// Says, with the name, which key made a signature: the start of a hash, no proof of anything.
pub type KeyId = [u8; 4];

/// What a key signs, and so how its signatures are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Type 0x01: Ed25519 over the text of the note.
    Note,
    /// Type 0x04: `cosignature/v1`, a time and Ed25519 over that time and the text.
    Cosigner,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosigner => 0x04,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Note, Self::Cosigner].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The public half of a key, with its name: who may sign a note. Its text form is the "vkey".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    public: VerifyingKey,
}

impl VerifierKey {
    /// A key with this name.
    ///
    /// # Errors
    /// `Form` if the name is empty or has a space, a control character or a `+`, or if the point
    /// is none or one for which anyone can sign.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; PUBLIC_BYTES]) -> Result<Self, Error> {
        check_name(name)?;
        let public = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak());
        let public =
            public.ok_or_else(|| Error::form("public key", "an Ed25519 key that is not weak", name.as_bytes()))?;
        Ok(Self { name: name.to_owned(), kind, public })
    }

    /// The name: for a log its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The Ed25519 public key, without name and kind.
    #[must_use]
    pub fn public(&self) -> &[u8; PUBLIC_BYTES] {
        self.public.as_bytes()
    }

    /// The first four bytes of SHA-256(name || 0x0A || type || public key).
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new().chain_update(&self.name).chain_update(b"\n").chain_update(self.typed());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        [a, b, c, d]
    }

    /// Strict Ed25519: no second spelling of a signature, no weak keys.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.public.verify_strict(message, &Ed25519Signature::from_bytes(signature)).is_ok()
    }

    /// Name and id, as errors and reports name a key.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}+{}", self.name, hex(self.id()))
    }

    fn typed(&self) -> [u8; 1 + PUBLIC_BYTES] {
        let mut typed = [self.kind.byte(); 1 + PUBLIC_BYTES];
        for (byte, public) in typed.iter_mut().skip(1).zip(self.public.as_bytes()) {
            *byte = *public;
        }
        typed
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.label(), base64::encode(&self.typed()))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::form("verifier key", "name+id+base64 of type 01 or 04 and 32 bytes", text.as_bytes());
        let mut parts = text.splitn(3, '+'); // base64 may have a + too
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        let typed = base64::decode("verifier key", typed.as_bytes())?;
        let (kind, public) = typed.split_first().ok_or_else(malformed)?;
        let kind = KeyKind::of_byte(*kind).ok_or_else(malformed)?;
        let key = Self::new(name, kind, public.try_into().map_err(|_| malformed())?)?;
        if id != hex(key.id()) {
            return Err(Error::form("verifier key id", "the hash of name and key", text.as_bytes()));
        }
        Ok(key)
    }
}

/// The rule for names of keys, and so for origins of logs.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let refused = |char: char| char == '+' || char.is_whitespace() || char.is_control();
    if name.is_empty() || name.contains(refused) {
        return Err(Error::form("key name", "text without spaces, control characters and +", name.as_bytes()));
    }
    Ok(())
}

fn hex(id: KeyId) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: &str = "archive.example/contoso/entra-signin+ef3859de+Aawnxtg4B75l7Z0nkdNbY7nQNvxZ/ad+/DFKV5jBaV9n";
    const WITNESS: &str = "replica.example/w1+a9d40275+BPq4poXq5jJmw9P5Yk2gTqH8gRHM+BAOUko7oSaWfyxf";

    #[test]
    fn known_keys_come_back() {
        for (text, name, kind) in [
            (LOG, "archive.example/contoso/entra-signin", KeyKind::Note),
            (WITNESS, "replica.example/w1", KeyKind::Cosigner),
        ] {
            let key: VerifierKey = text.parse().unwrap();
            assert_eq!((key.name(), key.kind(), key.to_string().as_str()), (name, kind, text));
        }
    }

    #[test]
    fn each_changed_byte_is_refused() {
        for text in [LOG, WITNESS] {
            for at in 0..text.len() {
                for flip in 1..128 {
                    let mut harmed = text.as_bytes().to_vec();
                    harmed[at] ^= flip;
                    let harmed = String::from_utf8(harmed).unwrap();
                    assert!(harmed.parse::<VerifierKey>().is_err(), "{harmed:?}");
                }
                assert!(text[..at].parse::<VerifierKey>().is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn weak_keys_other_types_and_bad_names_are_refused() {
        let good: VerifierKey = LOG.parse().unwrap();
        assert!(VerifierKey::new("weak.example", KeyKind::Note, &[0; 32]).is_err());
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(VerifierKey::new("weak.example", KeyKind::Note, &identity).is_err());
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{7f}b"] {
            assert!(VerifierKey::new(name, KeyKind::Note, good.public()).is_err(), "{name:?}");
        }
        let typed = |kind: u8| [&[kind], good.public().as_slice()].concat();
        let id = Sha256::digest([b"x\n".as_slice(), &typed(6)].concat());
        let other = format!("x+{}+{}", hex([id[0], id[1], id[2], id[3]]), base64::encode(&typed(6)));
        assert!(other.parse::<VerifierKey>().unwrap_err().to_string().contains("type 01 or 04"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z.+]{0,8}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]{0,50}|\\PC{0,40}") {
            if let Ok(key) = text.parse::<VerifierKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
