//! Blocks as they lie in the database: found by index, read whole or chunk by chunk.

use crate::archive::gap;
use crate::block::{self, BlockError, BlockHead, ChunkSource, DecodedRows};
use crate::damage::{Damage, DamageCode, missing_chunk};
use crate::error::{Error, Result};
use crate::store::{self, Family, Store};
use crate::stream::StreamName;
use crate::streams::Stream;
use crate::tree::{self, GROUP_RECORDS};

/// How often a block is read again because a writer replaced it meanwhile.
const TRIES_MAX: usize = 16;

/// A block's head, read and as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredHead {
    pub(crate) head: BlockHead,
    pub(crate) bytes: Vec<u8>,
}

/// The head of the block that has this record, `None` if no block has it.
pub(crate) fn containing(store: &Store, stream: &Stream, index: u64) -> Result<Option<StoredHead>> {
    let (from, at) = (store::place_key(stream.number, 0), store::place_key(stream.number, index));
    let Some((key, bytes)) = store.last_at(Family::Block, &from, &at)? else { return Ok(None) };
    let first = store::parse_place(&key).map_or(index, |(_, first)| first);
    let found = parse(&stream.name, stream.number, first, bytes)?;
    Ok((index < end(&found.head)).then_some(found))
}

/// The sound heads of a stream's blocks from the one that has `from` on, and what is wrong with the others.
pub(crate) fn list(store: &Store, stream: &Stream, from: u64) -> Result<(Vec<BlockHead>, Vec<Damage>)> {
    let sealed = stream.head.sealed;
    // No block reaches over the end of a group, so this is the last place where the block may begin.
    let start = tree::group(from) * GROUP_RECORDS;
    let (key, end_key) = (store::place_key(stream.number, start), store::place_key(stream.number, sealed.max(start)));
    let mut scan = store.scan(Family::Block, &key, &end_key)?;
    let mut cover = Cover { stream, next: start, bad: None, heads: Vec::new(), damage: Vec::new() };
    loop {
        let parsed = match scan.next() {
            Ok(None) => break,
            Ok(Some(entry)) => {
                let first = store::parse_place(entry.key).map_or(cover.next, |(_, first)| first);
                (first, parse(&stream.name, stream.number, first, entry.value.to_vec()))
            }
            // The database cannot go on behind this: all the rest is unknown.
            Err(error) => {
                cover.take(cover.next, Err(error))?;
                break;
            }
        };
        cover.take(parsed.0, parsed.1)?;
    }
    cover.reach(sealed);
    cover.heads.retain(|head| end(head) > from);
    cover.damage.retain(|damage| damage.records.as_ref().is_none_or(|records| records.end > from));
    Ok((cover.heads, cover.damage))
}

/// How far heads that come in order account for the records of a stream.
struct Cover<'a> {
    stream: &'a Stream,
    /// The first record that nothing accounts for yet.
    next: u64,
    /// What is wrong with the head at `next`: its records end where the next block begins.
    bad: Option<Damage>,
    heads: Vec<BlockHead>,
    damage: Vec<Damage>,
}

impl Cover<'_> {
    fn take(&mut self, first: u64, parsed: Result<StoredHead>) -> Result<()> {
        if first < self.next {
            let found = format!("a block at {first}");
            let over = Damage::new(DamageCode::BlockMisplaced, format!("none before {}", self.next), found);
            self.damage.push(over.stream(&self.stream.name).block(first).records(first..self.next));
            return Ok(());
        }
        self.reach(first);
        match parsed {
            Ok(stored) => {
                self.next = end(&stored.head);
                self.heads.push(stored.head);
            }
            Err(Error::Damaged(damage)) => self.bad = Some(damage.stream(&self.stream.name)),
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Names the records up to `first` that no head accounts for.
    fn reach(&mut self, first: u64) {
        let records = self.next..first;
        match self.bad.take() {
            Some(damage) => self.damage.push(damage.records(records)),
            None if !records.is_empty() => self.damage.push(gap(self.stream, records)),
            None => {}
        }
        self.next = self.next.max(first);
    }
}

/// The head of the block that begins with this record.
pub(crate) fn head(store: &Store, name: &StreamName, number: u32, first: u64) -> Result<Option<StoredHead>> {
    let bytes = store.get(Family::Block, &store::place_key(number, first))?;
    bytes.map(|bytes| parse(name, number, first, bytes)).transpose()
}

/// Reads a head and holds it against its key, so that a head under another block's key is found.
pub(crate) fn parse(name: &StreamName, number: u32, first: u64, bytes: Vec<u8>) -> Result<StoredHead> {
    let head = BlockHead::parse(&bytes).map_err(|error| Damage::of_block(name, first, error))?;
    if (head.stream, head.first) != (number, first) || head.count == 0 {
        let expected = format!("records of stream {number} from {first} on");
        let found = format!("{} records of stream {} from {} on", head.count, head.stream, head.first);
        let damage = Damage::new(DamageCode::BlockHead, expected, found);
        return Err(damage.stream(name).block(first).into());
    }
    Ok(StoredHead { head, bytes })
}

/// The index behind a block's last record.
pub(crate) fn end(head: &BlockHead) -> u64 {
    head.first.saturating_add(u64::from(head.count))
}

/// A block's rows. A block that a writer replaced while it was read is read again.
pub(crate) fn rows(store: &Store, name: &StreamName, mut stored: StoredHead) -> Result<(BlockHead, DecodedRows)> {
    let (number, first) = (stored.head.stream, stored.head.first);
    for _ in 0..TRIES_MAX {
        let decoded = decode(store, &stored.head);
        let error = match decoded {
            Ok(rows) => return Ok((stored.head, rows)),
            Err(error) => Damage::of_block(name, first, error),
        };
        match head(store, name, number, first)? {
            Some(now) if now.bytes != stored.bytes => stored = now,
            _ => return Err(error),
        }
    }
    let damage = Damage::new(DamageCode::BlockHead, "a block at rest", "one that changes at every read");
    Err(damage.stream(name).block(first).into())
}

fn decode(store: &Store, head: &BlockHead) -> std::result::Result<DecodedRows, BlockError> {
    let chunks = WholeBlock::read(store, head).map_err(|error| BlockError::Source(Box::new(error)))?;
    let rows = block::decode(head, &chunks)?;
    let found = rows.rows().len();
    if found == head.count as usize {
        return Ok(rows);
    }
    Err(BlockError::Length { what: "records of a block", expected: head.count as usize, found })
}

/// All chunks of a block, fetched with one range scan.
#[derive(Debug)]
pub(crate) struct WholeBlock {
    chunks: Vec<Option<Vec<u8>>>,
    /// Block and number of chunks that stand between this block and the next and are not of it.
    pub(crate) extra: Vec<(u64, u16)>,
}

impl WholeBlock {
    /// A block of which nothing was fetched yet.
    pub(crate) fn empty(head: &BlockHead) -> Result<Self> {
        let chunks = head.chunk_count().map_err(|error| Damage::of_head(head, &error))?;
        Ok(Self { chunks: vec![None; usize::from(chunks)], extra: Vec::new() })
    }

    pub(crate) fn read(store: &Store, head: &BlockHead) -> Result<Self> {
        let from = store::chunk_key(head.stream, head.first, 0);
        let to = store::place_key(head.stream, end(head));
        let mut scan = store.scan(Family::Chunk, &from, &to)?;
        let mut whole = Self::empty(head)?;
        while let Some(entry) = scan.next()? {
            let (_, first, number) = store::parse_chunk(entry.key).unwrap_or((head.stream, u64::MAX, u16::MAX));
            match whole.chunks.get_mut(usize::from(number)) {
                Some(place) if first == head.first => *place = Some(entry.value.to_vec()),
                _ => whole.extra.push((first, number)),
            }
        }
        Ok(whole)
    }

    /// Fetches one chunk; one that is not there stays away.
    pub(crate) fn fetch(&mut self, store: &Store, head: &BlockHead, number: u16) -> Result<()> {
        let chunk = store.get(Family::Chunk, &store::chunk_key(head.stream, head.first, number))?;
        if let Some(place) = self.chunks.get_mut(usize::from(number)) {
            *place = chunk;
        }
        Ok(())
    }

    /// One chunk, if it is there.
    pub(crate) fn get(&self, number: u16) -> Option<&[u8]> {
        self.chunks.get(usize::from(number))?.as_deref()
    }

    /// Bytes of all chunks.
    pub(crate) fn bytes(&self) -> u64 {
        // tidy: no results here
        self.chunks.iter().flatten().map(|chunk| chunk.len() as u64).sum()
    }
}

impl ChunkSource for WholeBlock {
    fn chunk(&self, number: u16) -> Result<Vec<u8>> {
        // tidy: no results here
        let chunk = self.chunks.get(usize::from(number)).cloned().flatten();
        chunk.ok_or_else(|| missing_chunk(number).into())
    }
}

/// The chunks of one block, each fetched when it is asked for.
pub(crate) struct BlockChunks<'a> {
    store: &'a Store,
    stream: u32,
    first: u64,
}

impl<'a> BlockChunks<'a> {
    pub(crate) fn new(store: &'a Store, head: &BlockHead) -> Self {
        Self { store, stream: head.stream, first: head.first }
    }
}

impl ChunkSource for BlockChunks<'_> {
    fn chunk(&self, number: u16) -> Result<Vec<u8>> {
        let chunk = self.store.get(Family::Chunk, &store::chunk_key(self.stream, self.first, number))?;
        chunk.ok_or_else(|| missing_chunk(number).into())
    }
}
