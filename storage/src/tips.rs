//! `tips.log`: 64 bytes for each stream and acknowledged append, beside the database.
//!
//! RocksDB can lose what it had synced without noticing (a log of writes that was cut between two records). The
//! ledger remembers how far each stream was acknowledged; less than that in the database is lost.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use logkeep_proof::Hash;

use crate::damage::{Damage, DamageCode};
use crate::directory::rewrite_atomic;
use crate::error::{Error, Result};
use crate::recover;
use crate::streams::Stream;
use crate::time::Timestamp;

/// Bytes of one tip:
///
/// ```text
/// "TIP1" | stream u32 | size u64 | root [32] | received i64 | last field of the tip before | CRC32 of bytes 0..60
/// ```
///
/// Numbers are little-endian; the first tip of the file has 0 for the tip before. (A CRC32 over all 64 bytes of the
/// tip before would chain nothing: bytes that end with their own CRC32 all have the same one.)
pub(crate) const TIP_BYTES: usize = 64;
const MAGIC: [u8; 4] = *b"TIP1";
/// Most tips that are tried to be corrected: what is wrong in more places was not a bit that fell over.
const CORRECTED_MAX: usize = 16;
/// A longer ledger is rewritten with the newest tip of each stream.
const LEDGER_BYTES_MAX: u64 = 1 << 20;

/// What was acknowledged of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The stream's number.
    pub(crate) stream: u32,
    /// Number of records.
    pub(crate) size: u64,
    /// Root of the tree over them.
    pub(crate) root: Hash,
    /// When the last batch was received.
    pub(crate) received: Timestamp,
}

impl Tip {
    fn encode(&self, crc_before: u32) -> [u8; TIP_BYTES] {
        let mut bytes = [0; TIP_BYTES];
        let mut rest = bytes.as_mut_slice();
        let parts: [&[u8]; 6] = [
            &MAGIC,
            &self.stream.to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.root,
            &self.received.0.to_le_bytes(),
            &crc_before.to_le_bytes(),
        ];
        for part in parts {
            // The parts sum to 60 bytes, so this cannot fail.
            let _ = rest.write_all(part);
        }
        let (body, crc) = split(&bytes);
        let crc_at_end = crc32fast::hash(body).to_le_bytes();
        debug_assert_eq!(crc, [0; 4], "the checksum's place is free");
        if let Some(place) = bytes.last_chunk_mut::<4>() {
            *place = crc_at_end;
        }
        bytes
    }

    /// The tip and the checksum of the one before it.
    fn decode(bytes: &[u8; TIP_BYTES]) -> Option<(Self, u32)> {
        let (body, crc) = split(bytes);
        let (magic, body) = body.split_first_chunk()?;
        let (stream, body) = body.split_first_chunk()?;
        let (size, body) = body.split_first_chunk()?;
        let (root, body) = body.split_first_chunk()?;
        let (received, before) = body.split_first_chunk()?;
        let sound = *magic == MAGIC && crc32fast::hash(split(bytes).0) == u32::from_le_bytes(crc);
        let tip = Self {
            stream: u32::from_le_bytes(*stream),
            size: u64::from_le_bytes(*size),
            root: *root,
            received: Timestamp(i64::from_le_bytes(*received)),
        };
        sound.then_some((tip, u32::from_le_bytes(before.try_into().ok()?)))
    }
}

/// The tip that `bytes` were before one byte of them was changed, if only one fits both its own checksum and the
/// tip before.
fn corrected(bytes: &[u8; TIP_BYTES], crc_before: u32) -> Option<(Tip, [u8; TIP_BYTES])> {
    let changed = (0..TIP_BYTES).flat_map(|at| (1..=u8::MAX).map(move |mask| (at, mask)));
    let mut fitting = changed.filter_map(|(at, mask)| {
        let mut candidate = *bytes;
        candidate.get_mut(at).into_iter().for_each(|byte| *byte ^= mask);
        let (tip, before) = Tip::decode(&candidate)?;
        (before == crc_before).then_some((tip, candidate))
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// The tip of a stream as it is.
pub(crate) fn tip(stream: &Stream, received: Timestamp) -> Tip {
    Tip { stream: stream.number, size: stream.head.size(), root: stream.head.root(), received }
}

/// What a ledger says.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// All sound tips in order.
    pub(crate) tips: Vec<Tip>,
    /// Bytes at the end that an append left that was cut short before it was acknowledged: less than a tip, or zeros.
    pub(crate) torn_bytes: u64,
    /// What is wrong before that.
    pub(crate) damage: Vec<Damage>,
    /// How much of the damage is one byte of one tip, which its checksum has corrected: no tip is missing by it.
    pub(crate) corrected: usize,
    /// The newest tip of each stream.
    pub(crate) newest: BTreeMap<u32, Tip>,
    crc_of_last: u32,
    /// What stands before the first place that was never written, though tips follow it.
    before_hole: Option<Box<Ledger>>,
}

impl Ledger {
    /// Reads a ledger. One that is missing or cannot be read is damage.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| match e.kind() {
            // Nobody knows what is in it; its owner can look.
            std::io::ErrorKind::PermissionDenied => Error::io(path, e),
            std::io::ErrorKind::NotFound => Damage::new(DamageCode::Tips, "the ledger", "no file").file(path).into(),
            _ => Damage::new(DamageCode::Tips, "the ledger", e.to_string()).file(path).into(),
        })?;
        Ok(Self::parse(path, &bytes))
    }

    /// Of a ledger that cannot be read.
    pub(crate) fn unreadable(damage: Damage) -> Self {
        Self { damage: vec![damage], ..Self::default() }
    }

    fn parse(path: &Path, bytes: &[u8]) -> Self {
        let (tips, _) = bytes.as_chunks::<TIP_BYTES>();
        // A crash leaves a part of a tip, or zeros where the file had grown already; other bytes were changed.
        let whole = tips.iter().rposition(|tip| *tip != [0; TIP_BYTES]).map_or(0, |last| last + 1);
        let mut ledger = Self { torn_bytes: (bytes.len() - whole * TIP_BYTES) as u64, ..Self::default() };
        for (at, bytes) in tips.iter().take(whole).enumerate() {
            let decoded = Tip::decode(bytes);
            ledger.note_hole(at, bytes, decoded.is_some(), whole);
            if decoded.is_none()
                && ledger.damage.len() < CORRECTED_MAX
                && let Some((tip, bytes)) = corrected(bytes, ledger.crc_of_last)
            {
                ledger.take_corrected(path, at, tip, &bytes);
                continue;
            }
            ledger.take(path, at, decoded);
            ledger.crc_of_last = own_crc(bytes);
        }
        ledger
    }

    /// A power cut in the middle of an append of many tips can leave its later pages on the disk and an earlier one
    /// not: zeros, with sound tips behind them.
    fn note_hole(&mut self, at: usize, bytes: &[u8; TIP_BYTES], is_sound: bool, whole: usize) {
        if *bytes != [0; TIP_BYTES] {
            // Anything else that is no tip was changed.
            self.before_hole = self.before_hole.take().filter(|_| is_sound);
        } else if self.before_hole.is_none() && self.damage.is_empty() {
            let torn_bytes = self.torn_bytes + ((whole - at) * TIP_BYTES) as u64;
            let (tips, newest, crc_of_last) = (self.tips.clone(), self.newest.clone(), self.crc_of_last);
            self.before_hole = Some(Box::new(Self { tips, newest, crc_of_last, torn_bytes, ..Self::default() }));
        }
    }

    /// Without an append that was torn as [`Self::note_hole`] says. It was never acknowledged if what stands before it
    /// reaches all that the streams know to have been.
    pub(crate) fn without_torn_append(mut self, streams: &[Stream]) -> Self {
        let reaches = |before: &Self| streams.iter().all(|stream| recover::shorter(&before.newest, stream).is_none());
        match self.before_hole.take() {
            Some(before) if reaches(&before) => *before,
            _ => self,
        }
    }

    /// Whether no tip is missing, whatever else is wrong.
    pub(crate) fn is_complete(&self) -> bool {
        self.corrected == self.damage.len()
    }

    fn take_corrected(&mut self, path: &Path, at: usize, tip: Tip, bytes: &[u8; TIP_BYTES]) {
        let before = self.damage.len();
        self.take(path, at, Some((tip, self.crc_of_last)));
        self.crc_of_last = own_crc(bytes);
        if self.damage.len() == before {
            let damage = Damage::new(DamageCode::Tips, "a tip", "one with another byte, which its checksum tells");
            self.damage.push(damage.file(path).offset(Some((at * TIP_BYTES) as u64)));
            self.corrected += 1;
        }
    }

    fn take(&mut self, path: &Path, at: usize, decoded: Option<(Tip, u32)>) {
        let damage = |expected: String, found: String| {
            Damage::new(DamageCode::Tips, expected, found).file(path).offset(Some((at * TIP_BYTES) as u64))
        };
        let Some((tip, before)) = decoded else {
            return self.damage.push(damage("a tip".to_owned(), "other bytes".to_owned()));
        };
        if before != self.crc_of_last {
            let expected = format!("the tip before to have CRC32 {before:08x}");
            self.damage.push(damage(expected, format!("{:08x}", self.crc_of_last)));
        }
        if let Some(older) = self.newest.insert(tip.stream, tip)
            && older.size > tip.size
        {
            self.damage.push(damage(format!("{} records or more", older.size), tip.size.to_string()));
        }
        self.tips.push(tip);
    }
}

/// The ledger, open to add to it.
#[derive(Debug)]
pub(crate) struct TipLog {
    path: PathBuf,
    file: File,
    bytes: u64,
    crc_of_last: u32,
    newest: BTreeMap<u32, Tip>,
}

impl TipLog {
    /// An empty ledger; one that is there must be empty.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Self::renew(path, BTreeMap::new())
    }

    /// Opens a ledger in which no tip is missing, and cuts off what was not written to its end.
    ///
    /// The caller has set a copy of a ledger with corrected tips aside; it is written anew.
    pub(crate) fn open(path: &Path, mut ledger: Ledger) -> Result<Self> {
        if !ledger.is_complete() {
            return Err(ledger.damage.pop().map_or_else(|| Error::NotAnArchive(path.to_owned()), Into::into));
        }
        if ledger.corrected > 0 {
            return Self::renew(path, ledger.newest);
        }
        let file = OpenOptions::new().append(true).open(path).map_err(|e| Error::io(path, e))?;
        let bytes = (ledger.tips.len() * TIP_BYTES) as u64;
        if ledger.torn_bytes > 0 {
            file.set_len(bytes).and_then(|()| file.sync_all()).map_err(|e| Error::io(path, e))?;
        }
        let Ledger { newest, crc_of_last, .. } = ledger;
        Ok(Self { path: path.to_owned(), file, bytes, crc_of_last, newest })
    }

    /// A ledger of these tips in the place of whatever is there.
    pub(crate) fn renew(path: &Path, newest: BTreeMap<u32, Tip>) -> Result<Self> {
        let (file, bytes, crc_of_last) = rewrite(path, &newest)?;
        Ok(Self { path: path.to_owned(), file, bytes, crc_of_last, newest })
    }

    /// The newest tip of each stream.
    pub(crate) fn newest(&self) -> &BTreeMap<u32, Tip> {
        &self.newest
    }

    /// Adds tips, durable on return. After an error the ledger must be opened again.
    pub(crate) fn add(&mut self, tips: &[Tip]) -> Result<()> {
        self.newest.extend(tips.iter().map(|tip| (tip.stream, *tip)));
        if self.bytes >= LEDGER_BYTES_MAX {
            return self.shorten();
        }
        let (bytes, crc) = encode_all(tips, self.crc_of_last);
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|e| Error::io(&self.path, e))?;
        self.bytes += bytes.len() as u64;
        self.crc_of_last = crc;
        Ok(())
    }

    /// Writes the ledger anew with the newest tips only.
    fn shorten(&mut self) -> Result<()> {
        (self.file, self.bytes, self.crc_of_last) = rewrite(&self.path, &self.newest)?;
        Ok(())
    }
}

/// Writes a ledger of the newest tips: the file, its bytes, its last checksum.
fn rewrite(path: &Path, newest: &BTreeMap<u32, Tip>) -> Result<(File, u64, u32)> {
    let tips: Vec<_> = newest.values().copied().collect();
    let (bytes, crc) = encode_all(&tips, 0);
    rewrite_atomic(path, &bytes)?;
    let file = OpenOptions::new().append(true).open(path).map_err(|e| Error::io(path, e))?;
    Ok((file, bytes.len() as u64, crc))
}

fn encode_all(tips: &[Tip], crc_before: u32) -> (Vec<u8>, u32) {
    let (mut bytes, mut crc) = (Vec::with_capacity(tips.len() * TIP_BYTES), crc_before);
    for tip in tips {
        let encoded = tip.encode(crc);
        crc = own_crc(&encoded);
        bytes.extend_from_slice(&encoded);
    }
    (bytes, crc)
}

/// A tip's checksum, which the next one repeats.
fn own_crc(bytes: &[u8; TIP_BYTES]) -> u32 {
    u32::from_le_bytes(split(bytes).1)
}

/// The bytes under the checksum, and the checksum.
fn split(bytes: &[u8; TIP_BYTES]) -> (&[u8], [u8; 4]) {
    let (body, crc) = bytes.split_at(TIP_BYTES - 4);
    (body, std::array::from_fn(|i| crc.get(i).copied().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(stream: u32, size: u64) -> Tip {
        Tip { stream, size, root: [size as u8; 32], received: Timestamp(-1) }
    }

    fn ledger(count: u64) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tips.log");
        let mut log = TipLog::create(&path).unwrap();
        for size in 1..=count {
            log.add(&[made(1, size), made(2, size * 2)]).unwrap();
        }
        (directory, path)
    }

    #[test]
    fn tips_come_back() {
        let (_directory, path) = ledger(3);
        let read = Ledger::read(&path).unwrap();
        assert_eq!(read.tips.len(), 6);
        assert_eq!((read.damage.len(), read.torn_bytes), (0, 0));
        assert_eq!(read.newest[&2], made(2, 6));
        let mut log = reopen(&path).unwrap();
        log.add(&[made(1, 9)]).unwrap();
        let read = Ledger::read(&path).unwrap();
        assert_eq!((read.damage.len(), read.tips[6]), (0, made(1, 9)));
    }

    #[test]
    fn a_cut_at_every_byte_loses_only_the_tips_behind_it() {
        let (_directory, path) = ledger(2);
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(Ledger::read(&path).unwrap().torn_bytes, (length % TIP_BYTES) as u64);
            let log = reopen(&path).unwrap();
            assert_eq!(log.bytes, (length - length % TIP_BYTES) as u64);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), log.bytes);
        }
    }

    fn reopen(path: &Path) -> Result<TipLog> {
        TipLog::open(path, Ledger::read(path)?)
    }

    #[test]
    fn every_flipped_bit_is_found_and_corrected() {
        let (_directory, path) = ledger(2);
        let bytes = std::fs::read(&path).unwrap();
        let tips = Ledger::read(&path).unwrap().tips;
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &changed).unwrap();
            let read = Ledger::read(&path).unwrap();
            assert_eq!(read.torn_bytes, 0, "bit {bit}");
            assert_eq!((read.damage.len(), read.corrected), (1, 1), "bit {bit}");
            assert_eq!(read.tips, tips, "bit {bit}");
            assert_eq!(reopen(&path).unwrap().newest(), &read.newest);
            assert!(Ledger::read(&path).unwrap().damage.is_empty(), "written anew");
        }
    }

    #[test]
    fn a_tip_with_two_changed_bytes_is_missing() {
        let (_directory, path) = ledger(2);
        let bytes = std::fs::read(&path).unwrap();
        for (one, other) in (0..TIP_BYTES).flat_map(|one| [(one, (one + 1) % TIP_BYTES), (one, (one + 17) % TIP_BYTES)])
        {
            let mut changed = bytes.clone();
            changed[TIP_BYTES + one] ^= 0x10;
            changed[TIP_BYTES + other] ^= 0x81;
            std::fs::write(&path, &changed).unwrap();
            let read = Ledger::read(&path).unwrap();
            assert!(!read.damage.is_empty() && !read.is_complete(), "bytes {one} and {other}");
            assert!(reopen(&path).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), changed, "nothing is cut off");
        }
    }

    #[test]
    fn a_removed_or_swapped_tip_breaks_the_chain() {
        let (_directory, path) = ledger(2);
        let bytes = std::fs::read(&path).unwrap();
        let tips: Vec<&[u8]> = bytes.chunks(TIP_BYTES).collect();
        for order in [[1, 2, 3].as_slice(), &[0, 2, 3], &[0, 1, 3], &[1, 0, 2, 3], &[0, 1, 3, 2]] {
            let changed: Vec<u8> = order.iter().flat_map(|at| tips[*at].to_vec()).collect();
            std::fs::write(&path, &changed).unwrap();
            assert!(!Ledger::read(&path).unwrap().damage.is_empty(), "{order:?}");
        }
    }

    #[test]
    fn a_long_ledger_is_shortened_and_keeps_the_newest() {
        let (_directory, path) = ledger(0);
        let mut log = reopen(&path).unwrap();
        let many: Vec<_> = (1..=LEDGER_BYTES_MAX / TIP_BYTES as u64).map(|size| made(1, size)).collect();
        log.add(&many).unwrap();
        log.add(&[made(2, 5)]).unwrap();
        let read = Ledger::read(&path).unwrap();
        assert_eq!(read.tips, [*many.last().unwrap(), made(2, 5)]);
        assert!(read.damage.is_empty());
        log.add(&[made(2, 6)]).unwrap();
        assert!(Ledger::read(&path).unwrap().damage.is_empty());
    }
}
