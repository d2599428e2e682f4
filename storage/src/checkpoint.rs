//! Signed checkpoints: how far each stream goes, in a C2SP signed note, and the record in `_meta` that names them all.
//!
//! Nothing is signed that was not read back: the records since the last signature are fetched from the database,
//! hashed again and put behind the tree that was signed last. So the new tree contains the old one, and a bit that
//! fell over between the hash and the disk is found before it is signed for ever.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use logkeep_proof::{Checkpoint, Frontier, Hash, Note, VerifierKey};

use crate::archive::Archive;
use crate::blocks;
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::log_key::LogKey;
use crate::record::{Append, Batch};
use crate::store::{Changes, Family, Store};
use crate::stream::StreamName;
use crate::streams::Stream;
use crate::tail;
use crate::time::Timestamp;
use crate::tree;
use crate::writer::Writer;

/// The stream in which the archive writes down what it does.
pub(crate) const META: &str = "_meta";
/// Meta key of a stream's newest checkpoint, before its number.
const CHECKPOINT_PREFIX: &[u8] = b"checkpoint/";

/// The newest checkpoint of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// The stream.
    pub stream: StreamName,
    /// Records it vouches for.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
    /// The C2SP signed note, signatures included.
    pub note: String,
}

/// What the database keeps of a checkpoint: `frontier length u16 | frontier | note`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The tree's edge at the checkpoint's size.
    pub(crate) frontier: Frontier,
    pub(crate) note: Vec<u8>,
}

impl Kept {
    /// What is wrong with the note, as far as its own stream's key can tell.
    pub(crate) fn check(&self, key: &VerifierKey) -> Result<Option<String>> {
        let checked = Note::parse(&self.note).and_then(|note| note.verify(&[key]).map(|_| note.text().to_owned()));
        let checkpoint = checked.and_then(|text| text.parse::<Checkpoint>());
        Ok(match checkpoint {
            Ok(found) if found.origin() != key.name() => Some(format!("one of {}", found.origin())),
            Ok(found) if (found.size(), *found.root()) != (self.frontier.size(), self.frontier.root()) => {
                Some(format!("one of {} records with root {}", found.size(), hex(found.root())))
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        })
    }
}

impl Writer {
    /// Signs a checkpoint of every stream that grew since its last one, and of `_meta`, in which they are written down
    /// before. Nothing is signed and nothing written if nothing grew.
    ///
    /// # Errors
    /// [`Error::Damaged`] if what is stored is not what was acknowledged, or does not continue what was signed last:
    /// then nothing is signed. Errors of the disk: see [`Writer`].
    pub fn sign(&mut self, key: &LogKey, now: Timestamp) -> Result<Vec<SignedCheckpoint>> {
        let store = self.archive().store();
        let is_meta = |stream: &Stream| stream.name.as_str() == META;
        let mut ready = Vec::new();
        for stream in self.streams().filter(|stream| !is_meta(stream)) {
            let kept = kept(&store, stream.number)?;
            if kept.as_ref().map(|kept| kept.frontier.size()) != Some(stream.head.size()) {
                ready.push((stream.clone(), read_back(&store, stream, kept, key)?));
            }
        }
        let meta: StreamName = META.parse().map_err(|e| Error::Key(format!("{META}: {e}")))?;
        let known = self.streams().find(|stream| is_meta(stream));
        let meta_size = known.map_or(0, |stream| stream.head.size());
        let signed = match known {
            Some(meta) => kept(&store, meta.number)?,
            None => None,
        };
        let is_signed = signed.is_some_and(|signed| signed.frontier.size() == meta_size);
        if ready.is_empty() && is_signed {
            return Ok(Vec::new());
        }
        self.write_down(&meta, meta_size == 0, key, &ready, now)?;
        let grown = self.streams().find(|stream| is_meta(stream)).cloned();
        if let Some(stream) = grown {
            let frontier = read_back(&store, &stream, kept(&store, stream.number)?, key)?;
            ready.push((stream, frontier));
        }
        self.keep(key, ready)
    }

    /// Appends to `_meta` what is about to be signed.
    fn write_down(
        &mut self,
        meta: &StreamName,
        is_first: bool,
        key: &LogKey,
        ready: &[(Stream, Frontier)],
        now: Timestamp,
    ) -> Result<()> {
        let mut batch = Batch::new(meta.clone(), now);
        let time = now;
        if is_first {
            let genesis = format!(r#"{{"event":"genesis","name":"{}","time":"{time}","version":1}}"#, key.name());
            batch.push(genesis.as_bytes(), now, None);
        }
        let tips = ready.iter().map(|(stream, tree)| tip(&key.origin(&stream.name), tree));
        let tips = tips.collect::<Result<Vec<String>>>()?;
        if !tips.is_empty() {
            let tips = format!(r#"{{"event":"tips","time":"{time}","tips":[{}]}}"#, tips.join(","));
            batch.push(tips.as_bytes(), now, None);
        }
        self.append(&Append { batches: vec![batch], cursors: Vec::new() }).map(|_| ())
    }

    /// Signs, and stores all notes in one write.
    fn keep(&mut self, key: &LogKey, ready: Vec<(Stream, Frontier)>) -> Result<Vec<SignedCheckpoint>> {
        let store = self.archive().store();
        let mut changes = Changes::new(&store);
        let mut signed = Vec::with_capacity(ready.len());
        for (stream, frontier) in ready {
            let (size, root) = (frontier.size(), frontier.root());
            let failed = |e: logkeep_proof::Error| Error::Key(e.to_string());
            let checkpoint = Checkpoint::new(&key.origin(&stream.name), size, root).map_err(failed)?;
            let mut note = Note::new(checkpoint.to_string()).map_err(failed)?;
            note.sign(&key.signer(&stream.name)?).map_err(failed)?;
            let note = note.to_string();
            let edge = frontier.encode();
            let length = (edge.len() as u16).to_le_bytes();
            changes.put(Family::Meta, &checkpoint_key(stream.number), &[&length, &edge, note.as_bytes()])?;
            signed.push(SignedCheckpoint { stream: stream.name, size, root, note });
        }
        self.commit(changes, &[])?;
        Ok(signed)
    }
}

impl Archive {
    /// The newest signed checkpoint of a stream, `None` if none was signed.
    ///
    /// # Errors
    /// Damage in the database.
    pub fn checkpoint(&self, stream: &StreamName) -> Result<Option<SignedCheckpoint>> {
        let Some(found) = self.stream(stream)? else { return Ok(None) };
        let Some(kept) = kept(&self.store(), found.number)? else { return Ok(None) };
        let (size, root) = (kept.frontier.size(), kept.frontier.root());
        let note = String::from_utf8(kept.note).map_err(|_| unreadable(stream))?;
        Ok(Some(SignedCheckpoint { stream: stream.clone(), size, root, note }))
    }
}

/// The newest checkpoint of the stream with this number.
pub(crate) fn kept(store: &Store, number: u32) -> Result<Option<Kept>> {
    let Some(value) = store.get(Family::Meta, &checkpoint_key(number))? else { return Ok(None) };
    let parse = || -> Option<Kept> {
        let (length, rest) = value.split_first_chunk()?;
        let (frontier, note) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        Some(Kept { frontier: Frontier::decode(frontier).ok()?, note: note.to_vec() })
    };
    let damage = || Damage::new(DamageCode::Checkpoint, "a signed checkpoint", "other bytes").into();
    parse().map_or_else(|| Err(damage()), |kept| Ok(Some(kept)))
}

/// Meta key of a stream's checkpoint.
pub(crate) fn checkpoint_key(number: u32) -> Vec<u8> {
    [CHECKPOINT_PREFIX, &number.to_be_bytes()].concat()
}

/// What `_meta` says of a stream; RFC 8785 has one spelling for it.
fn tip(origin: &str, tree: &Frontier) -> Result<String> {
    let checkpoint = Checkpoint::new(origin, tree.size(), tree.root()).map_err(|e| Error::Key(e.to_string()))?;
    Ok(checkpoint.json())
}

/// The tree over all records of a stream: what was signed last, continued with what is in the database.
fn read_back(store: &Store, stream: &Stream, kept: Option<Kept>, key: &LogKey) -> Result<Frontier> {
    if let Some(kept) = &kept
        && let Some(problem) = kept.check(&key.verifier(&stream.name)?)?
    {
        return Err(damage(stream, "a checkpoint signed with the archive's key".to_owned(), problem));
    }
    let mut tree = kept.map(|kept| kept.frontier).unwrap_or_default();
    if tree.size() > stream.head.size() {
        let expected = format!("{} records, which were signed", tree.size());
        return Err(damage(stream, expected, stream.head.size().to_string()));
    }
    while tree.size() < stream.head.sealed {
        let stored = blocks::containing(store, stream, tree.size())?;
        let stored = stored.ok_or_else(|| crate::archive::gap(stream, tree.size()..tree.size() + 1))?;
        let (head, rows) = blocks::rows(store, &stream.name, stored)?;
        let known = (tree.size() - head.first) as usize;
        push(&mut tree, tree::leaves(head.first, rows.rows(), &head.salt).into_iter().skip(known));
    }
    let (from, size) = (tree.size(), stream.head.size());
    let rows = tail::all(store, stream, from, size)?;
    push(&mut tree, tree::leaves(from, rows.iter().map(tail::TailRow::row), &stream.head.open_salt).into_iter());
    if (tree.size(), tree.root()) == (size, stream.head.root()) {
        return Ok(tree);
    }
    Err(damage(stream, format!("root {}", hex(&stream.head.root())), hex(&tree.root())))
}

fn push(tree: &mut Frontier, leaves: impl Iterator<Item = Hash>) {
    leaves.for_each(|leaf| tree.push(leaf, &mut |_, _, _| {}));
}

fn damage(stream: &Stream, expected: String, found: String) -> Error {
    Damage::new(DamageCode::Checkpoint, expected, found).stream(&stream.name).into()
}

fn unreadable(stream: &StreamName) -> Error {
    Damage::new(DamageCode::Checkpoint, "a signed checkpoint", "other bytes").stream(stream).into()
}

/// A stream as `_meta` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedTip {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// The tips in a record of `_meta`; our own records have one spelling, so they are cut, not parsed.
pub(crate) fn tips_of(record: &[u8]) -> Vec<NamedTip> {
    let Ok(text) = std::str::from_utf8(record) else { return Vec::new() };
    if !text.starts_with(r#"{"event":"tips","#) {
        return Vec::new();
    }
    text.split(r#"{"origin":""#).skip(1).filter_map(named_tip).collect()
}

fn named_tip(text: &str) -> Option<NamedTip> {
    let (origin, rest) = text.split_once(r#"","root":""#)?;
    let (root, rest) = rest.split_once(r#"","size":"#)?;
    let (size, _) = rest.split_once('}')?;
    let root = STANDARD.decode(root).ok()?.as_slice().try_into().ok()?;
    Some(NamedTip { origin: origin.to_owned(), size: size.parse().ok()?, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meta_says_is_read_back() {
        let mut tree = Frontier::new();
        push(&mut tree, [[7; 32], [8; 32]].into_iter());
        let tip = |origin: &str| tip(origin, &tree).unwrap();
        let record = format!(r#"{{"event":"tips","time":"t","tips":[{},{}]}}"#, tip("a/b"), tip("a/c"));
        let found = tips_of(record.as_bytes());
        let expected = |origin: &str| NamedTip { origin: origin.to_owned(), size: 2, root: tree.root() };
        assert_eq!(found, [expected("a/b"), expected("a/c")]);
        assert_eq!(tips_of(br#"{"event":"genesis"}"#), []);
        assert_eq!(tips_of(b"\xff"), []);
    }
}
