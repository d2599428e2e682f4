//! Cosignatures: a witness says that it saw this checkpoint, and when (C2SP tlog-cosignature, v1).

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::key::{KeyKind, VerifierKey};
use crate::note::Signature;

/// The largest time the specification allows.
const TIME_S_MAX: u64 = i64::MAX as u64;

/// The secret half of a witness's or replica's key. It cannot sign notes, so what a cosigner says
/// can never be taken for what a log says.
pub struct Cosigner {
    key: VerifierKey,
    secret: SigningKey,
}

impl Cosigner {
    /// The key of a 32-byte seed, with this name. The seed must come from the system's random
    /// source and is the caller's to keep and to wipe.
    ///
    /// # Errors
    /// `Form` if the name is not one for a key.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let secret = SigningKey::from_bytes(seed);
        let key = VerifierKey::new(name, KeyKind::Cosigner, secret.verifying_key().as_bytes())?;
        Ok(Self { key, secret })
    }

    /// The public half, to be handed out.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// States that at this time (seconds since 1970) this was the largest checkpoint seen of its
    /// log, consistent with all seen before. Whoever calls has checked that.
    ///
    /// # Errors
    /// `Range` if the time is above 2^63 - 1.
    pub fn cosign(&self, checkpoint: &Checkpoint, time_s: u64) -> Result<Signature, Error> {
        if time_s > TIME_S_MAX {
            return Err(Error::range("cosignature time", time_s, format!("at most {TIME_S_MAX}")));
        }
        let signature = self.secret.sign(&message(time_s, &checkpoint.to_string()));
        let bytes = [time_s.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        Ok(Signature::by(&self.key, bytes))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.key) // never the secret
    }
}

/// The time of a cosignature, if it is one of this key over this text: u64 big-endian, then Ed25519.
pub(crate) fn verified_time(key: &VerifierKey, text: &str, bytes: &[u8]) -> Option<u64> {
    let (time_s, signature) = bytes.split_first_chunk()?;
    let time_s = u64::from_be_bytes(*time_s);
    let signed = key.has_signed(&message(time_s, text), signature.try_into().ok()?);
    (signed && time_s <= TIME_S_MAX).then_some(time_s)
}

/// What is signed: the title keeps it apart from every other signed text.
fn message(time_s: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Note;

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint::new("log.example/one", size, [7; 32]).unwrap()
    }

    #[test]
    fn time_text_and_key_are_bound() {
        let (cosigner, other) =
            (Cosigner::new("w.example", &[1; 32]).unwrap(), Cosigner::new("w.example", &[2; 32]).unwrap());
        let text = checkpoint(5).to_string();
        let bytes = |time_s: u64| {
            let signature = cosigner.secret.sign(&message(time_s, &text)).to_bytes();
            [time_s.to_be_bytes().as_slice(), &signature].concat()
        };
        let good = bytes(1_788_390_060);
        assert_eq!(verified_time(cosigner.verifier(), &text, &good), Some(1_788_390_060));
        assert_eq!(verified_time(other.verifier(), &text, &good), None);
        assert_eq!(verified_time(cosigner.verifier(), &checkpoint(6).to_string(), &good), None);
        for at in 0..good.len() {
            let mut harmed = good.clone();
            harmed[at] ^= 1;
            assert_eq!(verified_time(cosigner.verifier(), &text, &harmed), None, "byte {at}");
            assert_eq!(verified_time(cosigner.verifier(), &text, &good[..at]), None, "cut at {at}");
        }
        assert_eq!(verified_time(cosigner.verifier(), &text, &bytes(TIME_S_MAX)), Some(TIME_S_MAX));
        assert_eq!(verified_time(cosigner.verifier(), &text, &bytes(TIME_S_MAX + 1)), None);
        assert!(cosigner.cosign(&checkpoint(5), TIME_S_MAX).is_ok());
        assert!(cosigner.cosign(&checkpoint(5), TIME_S_MAX + 1).is_err());
    }

    #[test]
    fn only_checkpoints_are_cosigned() {
        let cosigner = Cosigner::new("w.example", &[1; 32]).unwrap();
        let mut note = Note::new(checkpoint(5).to_string()).unwrap();
        note.cosign(&cosigner, 60).unwrap();
        assert_eq!(note.verify(&[cosigner.verifier()]).unwrap()[0].time_s, Some(60));
        let mut other = Note::new("no checkpoint\n".to_owned()).unwrap();
        assert!(other.cosign(&cosigner, 60).is_err());
        assert!(other.signatures().is_empty());
        assert_eq!(format!("{cosigner:?}"), format!("Cosigner({})", cosigner.verifier()));
    }
}
