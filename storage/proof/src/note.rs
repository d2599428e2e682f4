//! Signed notes: a text and the signatures under it (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey};

use crate::base64;
use crate::checkpoint::Checkpoint;
use crate::cosignature::{self, Cosigner};
use crate::error::Error;
use crate::key::{KeyId, KeyKind, VerifierKey, check_name};
use crate::salt::SaltKey;

/// The most bytes of a note that are read; a checkpoint with 100 signatures of the post-quantum
/// kind has 500,000.
const NOTE_BYTES_MAX: usize = 1 << 20;
/// The most signatures that are read; the specification asks for 16 at least.
const SIGNATURES_MAX: usize = 100;
/// What the seed of a log's key is made of, before the origin.
const LOG_KEY_TITLE: &str = "log-archive/log-key/v1\n";
/// What a signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// A text with signatures. **Nothing in it may be believed before [`Note::verify`]** or
/// [`Policy::check`](crate::Policy::check) has said so.
///
/// Each note has one spelling, so printing gives back what was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A text to be signed.
    ///
    /// # Errors
    /// `Form` if it does not end with a newline or has other control characters.
    pub fn new(text: String) -> Result<Self, Error> {
        if !text.ends_with('\n') || text.contains(is_refused) {
            return Err(Error::form("note text", "lines without control characters", text.as_bytes()));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with its signatures.
    ///
    /// # Errors
    /// `Form` if a part is not of its form, `Range` if the note is too long or has too many signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(Error::range("note bytes", bytes.len() as u64, format!("at most {NOTE_BYTES_MAX}")));
        }
        let malformed = || Error::form("note", "UTF-8 text, an empty line and signature lines", bytes);
        let note = str::from_utf8(bytes).map_err(|_| malformed())?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or_else(malformed)?;
        let mut parsed = Self::new(format!("{text}\n"))?;
        for line in lines.strip_suffix('\n').ok_or_else(malformed)?.split('\n') {
            parsed.add(line.parse()?)?;
        }
        Ok(parsed)
    }

    /// The text with its last newline; not to be believed before it is verified.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order, right or not.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Appends a signature that came from elsewhere, unchecked.
    ///
    /// # Errors
    /// `Range` if the note has too many.
    pub fn add(&mut self, signature: Signature) -> Result<(), Error> {
        let signatures = self.signatures.len() + 1;
        if signatures > SIGNATURES_MAX {
            return Err(Error::range("note signatures", signatures as u64, format!("at most {SIGNATURES_MAX}")));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Appends a signature over the text.
    ///
    /// # Errors
    /// `Range` if the note has too many.
    pub fn sign(&mut self, signer: &NoteSigner) -> Result<(), Error> {
        self.add(signer.sign(&self.text))
    }

    /// Appends a witness's signature over the checkpoint that the text is, and the time.
    ///
    /// # Errors
    /// `Form` if the text is no checkpoint, `Range` if the time or the number of signatures is too large.
    pub fn cosign(&mut self, cosigner: &Cosigner, time_s: u64) -> Result<(), Error> {
        self.add(cosigner.cosign(&self.text.parse::<Checkpoint>()?, time_s)?)
    }

    /// Checks all signatures by these keys and gives those that verify, in their order. Signatures
    /// by other keys are ignored, as the specification demands: this is how keys are changed and
    /// witnesses added.
    ///
    /// # Errors
    /// `Signature` if one by a known key does not verify: then nothing in the note is believed.
    /// `Unmet` if no known key has signed.
    pub fn verify<'k>(&self, keys: &[&'k VerifierKey]) -> Result<Vec<Verified<'k>>, Error> {
        let checked = self.signatures.iter().filter_map(|signature| signature.check(&self.text, keys));
        let verified = checked.collect::<Result<Vec<_>, _>>()?;
        if verified.is_empty() {
            let expected = format!("a signature by one of {} known keys", keys.len());
            return Err(Error::Unmet { expected, got: format!("{} by unknown keys", self.signatures.len()) });
        }
        Ok(verified)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// A signature that was found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key that made it.
    pub key: &'k VerifierKey,
    /// For a cosignature, when: seconds since 1970, by the cosigner's clock.
    pub time_s: Option<u64>,
}

/// One signature line: who says to have signed, and the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: KeyId,
    bytes: Vec<u8>,
}

impl Signature {
    /// The signature bytes of a key.
    pub(crate) fn by(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), key_id: key.id(), bytes }
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Whether name and id are those of the key; the bytes are not looked at.
    pub(crate) fn is_by(&self, key: &VerifierKey) -> bool {
        key.name() == self.name && key.id() == self.key_id
    }

    /// `None` if none of the keys is meant. Two keys may share name and id by accident, or by an
    /// attacker's work; one that verifies is enough.
    fn check<'k>(&self, text: &str, keys: &[&'k VerifierKey]) -> Option<Result<Verified<'k>, Error>> {
        let mut meant = keys.iter().filter(|key| self.is_by(key)).peekable();
        let refused = Error::Signature { key: meant.peek()?.label() };
        Some(meant.find_map(|key| self.verified(text, key)).ok_or(refused))
    }

    fn verified<'k>(&self, text: &str, key: &'k VerifierKey) -> Option<Verified<'k>> {
        match key.kind() {
            KeyKind::Note => {
                let signature = self.bytes.as_slice().try_into().ok()?;
                key.has_signed(text.as_bytes(), signature).then_some(Verified { key, time_s: None })
            }
            KeyKind::Cosigner => {
                let time_s = cosignature::verified_time(key, text, &self.bytes)?;
                Some(Verified { key, time_s: Some(time_s) })
            }
        }
    }
}

impl fmt::Display for Signature {
    /// The line without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "{LINE_START}{} {}", self.name, base64::encode(&bytes))
    }
}

impl FromStr for Signature {
    type Err = Error;

    /// Reads a line without its newline.
    fn from_str(line: &str) -> Result<Self, Error> {
        let malformed = || Error::form("note signature", "a dash, a key name and base64", line.as_bytes());
        let (name, bytes) =
            line.strip_prefix(LINE_START).and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
        check_name(name)?;
        let bytes = base64::decode("note signature", bytes.as_bytes())?;
        let (key_id, bytes) = bytes.split_first_chunk().filter(|(_, bytes)| !bytes.is_empty()).ok_or_else(malformed)?;
        Ok(Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

/// The secret half of a key that signs notes: a log's, or an administrator's.
pub struct NoteSigner {
    key: VerifierKey,
    secret: SigningKey,
}

impl NoteSigner {
    /// The key of a 32-byte seed, with this name. The seed must come from the system's random
    /// source and is the caller's to keep and to wipe.
    ///
    /// # Errors
    /// `Form` if the name is not one for a key.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let secret = SigningKey::from_bytes(seed);
        let key = VerifierKey::new(name, KeyKind::Note, secret.verifying_key().as_bytes())?;
        Ok(Self { key, secret })
    }

    /// The key of one log of an archive, made from the archive's one secret: HMAC-SHA-256 of the
    /// origin under it is the seed. No public key may stand under two names in a policy, so each
    /// log needs its own.
    ///
    /// # Errors
    /// `Form` if the origin is not a name for a key.
    pub fn of_archive(origin: &str, secret: &[u8; 32]) -> Result<Self, Error> {
        let message = [LOG_KEY_TITLE.as_bytes(), origin.as_bytes()].concat();
        Self::new(origin, &SaltKey::new(secret).mac(&message))
    }

    /// The public half, to be handed out.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, text: &str) -> Signature {
        Signature::by(&self.key, self.secret.sign(text.as_bytes()).to_bytes().to_vec())
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.key) // never the secret
    }
}

/// Control characters but newline: those of ASCII by the specification, the others because a note
/// is printed on terminals.
fn is_refused(char: char) -> bool {
    char.is_control() && char != '\n'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "log.example/one\n5\n8TalBte4JP2HjZSPn3ElvL4h5fhbq/z3vy6QhR3dxao=\n";

    fn signer(number: u8) -> NoteSigner {
        NoteSigner::new(&format!("log.example/{number}"), &[number; 32]).unwrap()
    }

    fn signed_by(signers: impl IntoIterator<Item = u8>) -> Note {
        let mut note = Note::new(TEXT.to_owned()).unwrap();
        signers.into_iter().for_each(|number| note.sign(&signer(number)).unwrap());
        note
    }

    #[test]
    fn known_keys_count_and_unknown_are_ignored() {
        let note = signed_by([1, 2, 3]);
        let (two, nine) = (signer(2), signer(9));
        let verified = note.verify(&[nine.verifier(), two.verifier()]).unwrap();
        assert_eq!(verified, [Verified { key: two.verifier(), time_s: None }]);
        assert!(matches!(note.verify(&[nine.verifier()]), Err(Error::Unmet { .. })));
        assert!(matches!(note.verify(&[]), Err(Error::Unmet { .. })));
    }

    #[test]
    fn a_known_key_that_fails_refuses_the_whole_note() {
        let mut note = signed_by([1]);
        let wrong = signer(2).sign("another text\n");
        note.add(wrong.clone()).unwrap();
        let (one, two) = (signer(1), signer(2));
        assert!(note.verify(&[one.verifier()]).is_ok());
        let refused = note.verify(&[one.verifier(), two.verifier()]);
        assert_eq!(refused, Err(Error::Signature { key: two.verifier().label() }));
        // The name or the id alone does not make it known.
        let other_id = Signature { key_id: [0; 4], ..wrong.clone() };
        let other_name = Signature { name: "another.name".to_owned(), ..wrong };
        for unknown in [other_id, other_name] {
            let mut note = signed_by([1]);
            note.add(unknown).unwrap();
            assert_eq!(note.verify(&[one.verifier(), two.verifier()]).unwrap().len(), 1);
        }
    }

    #[test]
    fn a_signature_names_its_key() {
        let note = signed_by([1]);
        let (found, one) = (&note.signatures()[0], signer(1));
        assert_eq!((found.name(), found.key_id()), (one.verifier().name(), one.verifier().id()));
        assert!(found.is_by(one.verifier()) && !found.is_by(signer(2).verifier()));
        assert_eq!(note.text(), TEXT);
    }

    #[test]
    fn a_repeated_signature_must_verify_too() {
        let mut note = signed_by([1]);
        note.add(signer(1).sign("another text\n")).unwrap();
        assert!(matches!(note.verify(&[signer(1).verifier()]), Err(Error::Signature { .. })));
    }

    #[test]
    fn a_signature_of_another_length_is_refused() {
        for len in [1, 63, 65, 72] {
            let mut note = Note::new(TEXT.to_owned()).unwrap();
            note.add(Signature::by(signer(1).verifier(), vec![0; len])).unwrap();
            assert!(matches!(note.verify(&[signer(1).verifier()]), Err(Error::Signature { .. })), "{len}");
        }
    }

    #[test]
    fn many_signatures_are_read_but_not_any_number() {
        for count in [16, 17, SIGNATURES_MAX as u8] {
            let note = signed_by(1..=count);
            assert_eq!(Note::parse(note.to_string().as_bytes()).as_ref(), Ok(&note));
            assert!(note.verify(&[signer(count).verifier()]).is_ok());
        }
        let line = signer(1).sign(TEXT).to_string();
        let too_many = format!("{TEXT}\n{}", format!("{line}\n").repeat(SIGNATURES_MAX + 1));
        assert!(matches!(Note::parse(too_many.as_bytes()), Err(Error::Range { .. })));
        assert!(matches!(Note::parse(&vec![b'\n'; NOTE_BYTES_MAX + 1]), Err(Error::Range { .. })));
    }

    #[test]
    fn the_longest_note_is_read_and_no_longer_one() {
        let of_bytes = |bytes: usize| {
            let line = format!("\n{}\n", signer(1).sign(TEXT));
            let note = format!("{}\n{line}", "x".repeat(bytes - line.len() - 1));
            assert_eq!(note.len(), bytes);
            Note::parse(note.as_bytes()).map(|read| read.text().len() + line.len())
        };
        assert_eq!(of_bytes(NOTE_BYTES_MAX), Ok(NOTE_BYTES_MAX));
        for bytes in [NOTE_BYTES_MAX + 1, NOTE_BYTES_MAX + 2] {
            assert!(matches!(of_bytes(bytes), Err(Error::Range { what: "note bytes", .. })), "{bytes}");
        }
    }

    #[test]
    fn an_empty_line_may_stand_in_the_text() {
        let mut note = Note::new("one\n\ntwo\n".to_owned()).unwrap();
        note.sign(&signer(1)).unwrap();
        assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let good = signed_by([1]).to_string();
        let line = signer(1).sign(TEXT).to_string();
        let refused = [
            String::new(),
            "\n".to_owned(),
            "\n\n".to_owned(),
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}more\n"),
            good.replace('\u{2014}', "-"),
            good.replace("\u{2014} ", "\u{2014}  "),
            good.replace("\u{2014} ", "\u{2014}\u{a0}"),
            good.replace('\n', "\r\n"),
            good.replace("\n5\n", "\n5\t\n"),
            format!("{TEXT}\n{line} \n"),
            format!("{TEXT}\n \n{line}\n"),
            format!("{TEXT}\n\u{2014} log.example/1 AAAAAA==\n"),
            format!("{TEXT}\n\u{2014} log.example/1 AAAA\n"),
            format!("{TEXT}\n\u{2014}  AAAAAAAA\n"),
        ];
        for note in refused {
            assert!(Note::parse(note.as_bytes()).is_err(), "{note:?}");
        }
        assert!(Note::parse(b"text\xff\n\n\xe2\x80\x94 a AAAAAAAA\n").is_err());
        for text in ["", "no end", "tab\t\n", "\u{1b}[2J\n", "\u{9b}\n"] {
            assert!(Note::new(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_log_of_an_archive_has_its_own_key() {
        let key = |origin: &str, secret: u8| NoteSigner::of_archive(origin, &[secret; 32]).unwrap().verifier().clone();
        // Fixed: another way to make them would change the keys of every archive.
        let expected = "a.example/x+6bca65f7+AcqMbZNvODWmAQoCdtoniStSFB1g+n0+swHyc5IRcIvr";
        assert_eq!(key("a.example/x", 1).to_string(), expected);
        assert_ne!(key("a.example/x", 1).public(), key("a.example/y", 1).public());
        assert_ne!(key("a.example/x", 1).public(), key("a.example/x", 2).public());
        assert!(NoteSigner::of_archive("a b", &[1; 32]).is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", signer(1)), format!("NoteSigner({})", signer(1).verifier()));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_printed_the_same(text in "(\\PC{0,20}\n){0,4}", lines in "(\u{2014} [a-z/+ ]{1,6} [A-Za-z0-9+/]{4,12}={0,2}\n){0,3}") {
            let note = format!("{text}\n{lines}");
            if let Ok(read) = Note::parse(note.as_bytes()) {
                prop_assert_eq!(read.to_string(), note);
            }
        }

        #[test]
        fn other_keys_never_verify(seed: [u8; 32]) {
            prop_assume!(seed != [1; 32]);
            let name = signer(1).verifier().name().to_owned();
            let other = NoteSigner::new(&name, &seed).unwrap();
            prop_assert!(signed_by([1]).verify(&[other.verifier()]).is_err());
        }
    }
}
