//! The witness: what it answers to a new checkpoint, and how a log asks (C2SP tlog-witness, add-checkpoint).
//!
//! `docs/witness.md` has the protocol. Nothing here reads, writes, waits or knows the time.

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosigner;
use crate::error::Error;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::{Note, Signature};
use crate::{base64, consistency, decimal};

/// The most hashes of a consistency proof that may be sent.
const PROOF_HASHES_MAX: usize = 63;
/// The most bytes of a request: the largest note, a full proof, and the first line.
pub const REQUEST_BYTES_MAX: usize = (1 << 20) + 64 * (base64::HASH_CHARS + 1);
/// The content type of a body that is a tree's size.
const SIZE_TYPE: &str = "text/x.tlog.size";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// A request as it came, well-formed and **unchecked**.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// `Form` or `Range`: the answer is 400, see [`Answer::malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(Error::range("request bytes", body.len() as u64, format!("at most {REQUEST_BYTES_MAX}")));
        }
        let malformed = || Error::form("request", "`old`, a proof, an empty line and a checkpoint", body);
        let (head, note) = str::from_utf8(body).ok().and_then(|body| body.split_once("\n\n")).ok_or_else(malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or_else(malformed)?;
        let old = decimal::parse("old size", old.as_bytes())?;
        let proof = lines.take(PROOF_HASHES_MAX + 1).map(|line| base64::decode_hash("proof hash", line.as_bytes()));
        let proof = proof.collect::<Result<Vec<_>, _>>()?;
        proof_is_short(&proof)?;
        let note = Note::parse(note.as_bytes())?;
        let checkpoint = note.text().parse()?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// The log it says to come from: whose state the witness has to look up.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }
}

/// What a log sends: the size of the last checkpoint that this witness cosigned (0 if none), the
/// proof from there, and the new checkpoint.
///
/// # Errors
/// `Range` if the proof has more than 63 hashes.
pub fn request(old: u64, proof: &[Hash], checkpoint: &Note) -> Result<String, Error> {
    proof_is_short(proof)?;
    let proof: String = proof.iter().map(|hash| base64::encode(hash) + "\n").collect();
    Ok(format!("old {old}\n{proof}\n{checkpoint}"))
}

/// A witness: its key and the logs it knows.
#[derive(Debug)]
pub struct Witness {
    cosigner: Cosigner,
    logs: Vec<VerifierKey>,
}

impl Witness {
    /// A witness for these logs. A log that changes its key has two of the same name.
    #[must_use]
    pub fn new(cosigner: Cosigner, logs: Vec<VerifierKey>) -> Self {
        Self { cosigner, logs }
    }

    /// The public half of its key.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.cosigner.verifier()
    }

    /// Reads a state that was kept, as [`Answer::state`] gave it.
    ///
    /// # Errors
    /// `Form`, or `Signature` and `Unmet` if it is not what this witness cosigned. Then it must not
    /// answer for the log at all: an empty state would let an older history pass.
    pub fn recall(&self, origin: &str, state: &[u8]) -> Result<Checkpoint, Error> {
        let note = Note::parse(state)?;
        note.verify(&[self.cosigner.verifier()])?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin() != origin {
            let (expected, got) = (origin.to_owned(), checkpoint.origin().to_owned());
            return Err(Error::Origin { expected, got });
        }
        Ok(checkpoint)
    }

    /// Decides a request. `latest` is the last checkpoint cosigned for the request's origin, `None`
    /// only if there never was one; `time_s` is now, in seconds since 1970.
    ///
    /// The state of the answer has to be kept before the answer is sent, and no other request of
    /// the same origin may be decided between reading `latest` and keeping it.
    pub fn answer(&self, request: &Request, latest: Option<&Checkpoint>, time_s: u64) -> Answer {
        self.decide(request, latest, time_s).unwrap_or_else(|refused| refused)
    }

    fn decide(&self, request: &Request, latest: Option<&Checkpoint>, time_s: u64) -> Result<Answer, Answer> {
        self.is_signed(request)?;
        let (old, new) = (request.old, &request.checkpoint);
        if old > new.size() {
            return Err(Answer::refused(
                400,
                format!("the old size {old} is above the checkpoint's size {}", new.size()),
            ));
        }
        let known = latest.map_or(0, Checkpoint::size);
        if old != known {
            return Err(Answer { status: 409, content_type: SIZE_TYPE, body: format!("{known}\n"), state: None });
        }
        let old_root = latest.map_or_else(crate::empty_root, |latest| *latest.root());
        let consistent = consistency::verify(old, &old_root, new.size(), new.root(), &request.proof);
        consistent.map_err(|error| Answer::refused(422, error.to_string()))?;
        self.cosigned(request, time_s).map_err(|error| Answer::refused(500, error.to_string()))
    }

    fn is_signed(&self, request: &Request) -> Result<(), Answer> {
        let keys: Vec<&VerifierKey> = self.logs.iter().filter(|key| key.name() == request.origin()).collect();
        if keys.is_empty() {
            return Err(Answer::refused(404, format!("no log {} is known here", request.origin())));
        }
        let verified = request.note.verify(&keys);
        verified.map(|_| ()).map_err(|error| Answer::refused(403, error.to_string()))
    }

    /// The log's signatures that nobody checked are not kept.
    fn cosigned(&self, request: &Request, time_s: u64) -> Result<Answer, Error> {
        let signature = self.cosigner.cosign(&request.checkpoint, time_s)?;
        let mut state = Note::new(request.note.text().to_owned())?;
        let known = |signature: &&Signature| self.logs.iter().any(|key| signature.is_by(key));
        request.note.signatures().iter().filter(known).take(KEPT_MAX).try_for_each(|found| state.add(found.clone()))?;
        let body = format!("{signature}\n");
        state.add(signature)?;
        Ok(Answer { status: 200, content_type: TEXT_TYPE, body, state: Some(state.to_string()) })
    }
}

/// Signatures of a log that are kept: both of a key's change, and some room for more.
const KEPT_MAX: usize = 16;

/// What a witness answers, and what it keeps before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type of the body.
    pub content_type: &'static str,
    /// The whole body.
    pub body: String,
    /// With 200: what is kept for the origin from now on, **on disk before the answer is sent**.
    pub state: Option<String>,
}

impl Answer {
    /// The answer to what [`Request::parse`] refused.
    pub fn malformed(error: &Error) -> Self {
        Self::refused(400, error.to_string())
    }

    fn refused(status: u16, why: String) -> Self {
        Self { status, content_type: TEXT_TYPE, body: why + "\n", state: None }
    }
}

/// A witness's answer as a log reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// 200: these signatures, by witnesses that are known and over this checkpoint, may be added to it.
    Cosigned(Vec<Signature>),
    /// 409: the last checkpoint that the witness cosigned has this size.
    Conflict(u64),
    /// 422: the witness has seen another history, or the proof was wrong.
    Fork(String),
    /// Anything else: the status, and what was said.
    Refused(u16, String),
}

impl Reply {
    /// Reads status and body of the answer to a request with this checkpoint.
    ///
    /// # Errors
    /// `Form` if a body is not of its form; `Unmet` if no known witness has signed; `Signature` if
    /// one has signed something else.
    pub fn parse(status: u16, body: &[u8], checkpoint: &Note, witnesses: &[&VerifierKey]) -> Result<Self, Error> {
        match status {
            200 => Self::cosigned(body, checkpoint, witnesses).map(Self::Cosigned),
            409 => {
                let size = body.strip_suffix(b"\n").ok_or_else(|| Error::form("size of a witness", "a line", body))?;
                decimal::parse("size of a witness", size).map(Self::Conflict)
            }
            422 => Ok(Self::Fork(said(body))),
            other => Ok(Self::Refused(other, said(body))),
        }
    }

    /// Whether the witness has seen more of the log than there is: it was set back.
    #[must_use]
    pub fn is_rollback(&self, size: u64) -> bool {
        matches!(self, Self::Conflict(seen) if *seen > size)
    }

    /// The signatures by known witnesses; those of others are left out.
    fn cosigned(body: &[u8], checkpoint: &Note, witnesses: &[&VerifierKey]) -> Result<Vec<Signature>, Error> {
        let answered = Note::parse(&[checkpoint.text().as_bytes(), b"\n", body].concat())?;
        answered.verify(witnesses)?;
        let known = |signature: &&Signature| witnesses.iter().any(|key| signature.is_by(key));
        Ok(answered.signatures().iter().filter(known).cloned().collect())
    }
}

/// The start of what a stranger says, escaped.
fn said(body: &[u8]) -> String {
    crate::error::quote(body.trim_ascii_end())
}

fn proof_is_short(proof: &[Hash]) -> Result<(), Error> {
    let hashes = proof.len();
    if hashes <= PROOF_HASHES_MAX {
        return Ok(());
    }
    Err(Error::range("consistency proof hashes", hashes as u64, format!("at most {PROOF_HASHES_MAX}")))
}

#[cfg(test)]
mod tests;
