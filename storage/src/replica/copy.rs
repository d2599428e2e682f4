//! Copying one stream: full blocks part by part, each proven before it is kept, then what is still open.

use std::collections::BTreeMap;
use std::sync::Arc;

use logkeep_proof::{Frontier, Hash};

use crate::archive::gap;
use crate::block::{self, BlockError};
use crate::blocks::{self, StoredHead, WholeBlock};
use crate::checkpoint::SignedCheckpoint;
use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::parallel::in_parallel;
use crate::prove::Prover;
use crate::recover;
use crate::replica::Copied;
use crate::store::{self, Changes, Family, Store};
use crate::streams::{self, Stream, StreamHead};
use crate::tail::{self, TailRow};
use crate::time::Timestamp;
use crate::tips::{self, Tip};
use crate::tree::{self, GROUP_RECORDS, Nodes};

/// Bytes of blocks that are read, proven and written together.
pub(super) const PART_BYTES: u64 = 16 << 20;
/// Blocks of a part; a power of two, so that parts stay aligned.
const PART_BLOCKS: usize = 64;

/// Changes that are not written yet, and the tips of the streams that grow by them.
pub(super) struct Pending<'a> {
    pub(super) changes: Changes<'a>,
    pub(super) tips: BTreeMap<u32, Tip>,
    bytes: u64,
    untold: Copied,
}

impl<'a> Pending<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self { changes: Changes::new(store), tips: BTreeMap::new(), bytes: 0, untold: Copied::default() }
    }

    /// Bytes of values that wait to be written.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was copied and not told; it is told now.
    pub(super) fn tell(&mut self) -> Copied {
        std::mem::take(&mut self.untold)
    }
}

/// A block as it lies in the archive, read whole.
struct Taken {
    stored: StoredHead,
    chunks: WholeBlock,
    leaves: Vec<Hash>,
}

impl Taken {
    fn bytes(&self) -> u64 {
        self.stored.bytes.len() as u64 + self.chunks.bytes()
    }

    fn end(&self) -> u64 {
        blocks::end(&self.stored.head)
    }
}

/// A stream on its way from an archive to its replica.
pub(super) struct Copying<'a> {
    store: &'a Store,
    from: &'a Arc<Store>,
    theirs: &'a Stream,
    ours: Option<Stream>,
    /// What the replica has after what is pending: whole blocks only.
    head: StreamHead,
    prover: Prover,
    threads: usize,
    part_bytes: u64,
    /// How many records were told already.
    told: u64,
    is_done: bool,
    /// What is damaged behind the last part.
    failed: Option<Error>,
}

/// What of a stream is in no full block.
struct Open {
    ragged: Option<Taken>,
    rows: Vec<TailRow>,
    received: Timestamp,
}

impl<'a> Copying<'a> {
    pub(super) fn new(
        store: &'a Arc<Store>,
        from: &'a Arc<Store>,
        ours: Option<Stream>,
        theirs: &'a Stream,
        (threads, part_bytes): (usize, u64),
    ) -> Result<Self> {
        let head = ours.as_ref().map_or_else(|| Ok(StreamHead::empty()), |ours| closed(store, ours))?;
        let is_done = ours.as_ref().is_some_and(|ours| is_same(&ours.head, &theirs.head));
        let prover = Prover::of(from.clone(), theirs.clone());
        let told = ours.as_ref().map_or(0, |ours| ours.head.size());
        Ok(Self { store, from, theirs, ours, head, prover, threads, part_bytes, told, is_done, failed: None })
    }

    /// Puts the next part into `pending` and returns the stream as it is then; `None` when the replica has it all.
    /// After an error nothing of the part was put.
    pub(super) fn next(&mut self, pending: &mut Pending<'_>) -> Result<Option<Stream>> {
        if let Some(error) = self.failed.take() {
            self.is_done = true;
            return Err(error);
        }
        if self.is_done {
            return Ok(None);
        }
        let taken = self.full()?;
        let mut nodes = Nodes::default();
        for block in &taken {
            self.push(block, &mut nodes);
        }
        let open = self.open(&mut nodes)?;
        self.clear(pending)?;
        for block in &taken {
            put(self.theirs.number, block, pending)?;
        }
        let received = taken.last().map(|block| block.stored.head.received.1).unwrap_or_default();
        match open {
            Some(open) => self.finish(&open, &nodes, pending).map(Some),
            None => self.keep(self.head.clone(), &nodes, received, pending).map(Some),
        }
    }

    /// The next full blocks, proven. Those before a damaged one are taken, and the damage is told next.
    fn full(&mut self) -> Result<Vec<Taken>> {
        let heads = self.heads()?;
        let (from, theirs) = (self.from, self.theirs);
        let mut taken = Vec::with_capacity(heads.len());
        for block in in_parallel(&heads, self.threads, |stored| read(from, theirs, stored)) {
            match block {
                Ok(block) => taken.push(block),
                Err(error) if taken.last().is_some_and(|last: &Taken| last.end() >= self.known()) => {
                    self.failed = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if !taken.is_empty() {
            self.prove(&taken)?;
        }
        Ok(taken)
    }

    /// Heads of the next full blocks: up to a part, but never less than the replica has already.
    fn heads(&self) -> Result<Vec<StoredHead>> {
        let (mut heads, mut at, mut bytes) = (Vec::new(), self.head.size(), 0);
        let open = self.theirs.head.open();
        while at < open && (at < self.known() || (heads.len() < PART_BLOCKS && bytes < self.part_bytes)) {
            let stored = blocks::containing(self.from, self.theirs, at)?;
            let stored = stored.filter(|stored| stored.head.first == at);
            let stored = stored.ok_or_else(|| gap(self.theirs, at..open))?;
            bytes += stored.head.stored_bytes;
            at = blocks::end(&stored.head);
            heads.push(stored);
        }
        Ok(heads)
    }

    /// How many records the replica has had.
    fn known(&self) -> u64 {
        self.ours.as_ref().map_or(0, |ours| ours.head.size())
    }

    /// Nothing is kept that is not under the root of the archive's own tree.
    fn prove(&self, taken: &[Taken]) -> Result<()> {
        let leaves: Vec<Hash> = taken.iter().flat_map(|block| block.leaves.iter().copied()).collect();
        let (stream, note) = (self.theirs.name.clone(), String::new());
        let (size, root) = (self.theirs.head.size(), self.theirs.head.root());
        let head = SignedCheckpoint { stream, size, root, note };
        self.prover.path(self.head.size(), &leaves, &head).map(|_| ())
    }

    fn push(&mut self, block: &Taken, nodes: &mut Nodes) {
        let (head, stored) = (&mut self.head, &block.stored.head);
        for leaf in &block.leaves {
            head.frontier.push(*leaf, &mut |level, node, hash| nodes.add(level, node, hash));
        }
        head.sealed = head.frontier.size();
        head.blocks += 1;
        head.raw_bytes += stored.raw_bytes;
        head.stored_bytes += block.bytes();
        head.events = (head.events.0.min(stored.events.0), head.events.1.max(stored.events.1));
        let is_open = !head.frontier.size().is_multiple_of(GROUP_RECORDS);
        head.open_salt = if is_open { stored.salt } else { [0; 32] };
    }

    /// What is open, if the full blocks are all here: the block that is not full, and the tail. If it is damaged, the
    /// full blocks before it are kept all the same, and the damage is told next.
    fn open(&mut self, nodes: &mut Nodes) -> Result<Option<Open>> {
        if self.head.size() < self.theirs.head.open() {
            return Ok(None);
        }
        let mut more = Nodes::default();
        match self.read_open(&mut more) {
            Ok(open) => {
                more.iter().for_each(|(level, node, hash)| nodes.add(*level, *node, *hash));
                Ok(Some(open))
            }
            Err(error) if self.head.size() > self.known() => {
                self.failed = Some(error);
                Ok(None)
            }
            Err(error) => {
                self.is_done = true;
                Err(error)
            }
        }
    }

    fn read_open(&self, nodes: &mut Nodes) -> Result<Open> {
        let theirs = &self.theirs.head;
        let ragged = self.ragged()?;
        let rows = tail::all(self.from, self.theirs, theirs.sealed, theirs.size())?;
        let mut frontier = self.head.frontier.clone();
        let of_tail = tree::leaves(theirs.sealed, rows.iter().map(TailRow::row), &theirs.open_salt);
        for leaf in ragged.iter().flat_map(|block| &block.leaves).chain(&of_tail) {
            frontier.push(*leaf, &mut |level, node, hash| nodes.add(level, node, hash));
        }
        self.check(&frontier)?;
        let received = recover::last_received(self.from, self.theirs)?;
        Ok(Open { ragged, rows, received })
    }

    /// Puts what is open. Then the replica's head is the archive's.
    fn finish(&mut self, open: &Open, nodes: &Nodes, pending: &mut Pending<'_>) -> Result<Stream> {
        self.is_done = true;
        if let Some(block) = &open.ragged {
            put(self.theirs.number, block, pending)?;
        }
        for row in &open.rows {
            tail::put(self.theirs.number, row.index, &row.row(), &mut pending.changes)?;
            pending.bytes += row.body.len() as u64;
            pending.untold.bytes += row.body.len() as u64;
        }
        self.keep(self.theirs.head.clone(), nodes, open.received, pending)
    }

    fn ragged(&self) -> Result<Option<Taken>> {
        let head = &self.theirs.head;
        if head.ragged == 0 {
            return Ok(None);
        }
        let stored = blocks::containing(self.from, self.theirs, head.open())?;
        let stored = stored.filter(|stored| stored.head.first == head.open() && stored.head.count == head.ragged);
        let stored = stored.ok_or_else(|| gap(self.theirs, head.open()..head.sealed))?;
        read(self.from, self.theirs, &stored).map(Some)
    }

    fn check(&self, frontier: &Frontier) -> Result<()> {
        let theirs = &self.theirs.head;
        if *frontier == theirs.frontier {
            return Ok(());
        }
        let expected = format!("{} records with root {}", theirs.size(), hex(&theirs.root()));
        let found = format!("{} with root {}", frontier.size(), hex(&frontier.root()));
        Err(Damage::new(DamageCode::Head, expected, found).stream(&self.theirs.name).into())
    }

    /// Deletes what was open in the replica: it comes anew, in whatever form it has in the archive now.
    fn clear(&mut self, pending: &mut Pending<'_>) -> Result<()> {
        let Some(ours) = self.ours.as_mut() else { return Ok(()) };
        let (number, head) = (ours.number, &ours.head);
        for index in head.sealed..head.size() {
            tail::delete(number, index, &mut pending.changes)?;
        }
        if head.ragged > 0 {
            let first = head.open();
            pending.changes.delete(Family::Block, &store::place_key(number, first))?;
            let (from, to) = (store::chunk_key(number, first, 0), store::place_key(number, head.sealed));
            let mut scan = self.store.scan(Family::Chunk, &from, &to)?;
            while let Some(entry) = scan.next()? {
                pending.changes.delete(Family::Chunk, entry.key)?;
            }
        }
        ours.head.ragged = 0;
        ours.head.sealed = ours.head.size();
        Ok(())
    }

    /// Puts nodes and head. The replica's ledger knows what it has acknowledged itself, not what the archive has.
    fn keep(
        &mut self,
        head: StreamHead,
        nodes: &Nodes,
        received: Timestamp,
        pending: &mut Pending<'_>,
    ) -> Result<Stream> {
        let (name, number) = (self.theirs.name.clone(), self.theirs.number);
        let stream = Stream { name, number, head: StreamHead { acknowledged: self.known(), ..head } };
        nodes.put(number, &mut pending.changes)?;
        streams::put(&stream, self.ours.is_none(), &mut pending.changes)?;
        pending.tips.insert(number, tips::tip(&stream, received));
        pending.untold.records += stream.head.size().saturating_sub(self.told);
        self.told = stream.head.size();
        Ok(stream)
    }
}

/// Reads a block whole, and hashes it again.
fn read(from: &Store, theirs: &Stream, stored: &StoredHead) -> Result<Taken> {
    let (name, head) = (&theirs.name, &stored.head);
    let chunks = WholeBlock::read(from, head)?;
    let decoded = block::decode(head, &chunks).and_then(|rows| match rows.len() == head.count as usize {
        true => Ok(rows),
        false => {
            let (expected, found) = (head.count as usize, rows.len());
            Err(BlockError::Length { what: "records of a block", expected, found })
        }
    });
    let rows = decoded.map_err(|error| Damage::of_block(name, head.first, error))?;
    let leaves = tree::leaves(head.first, rows.rows(), &head.salt);
    let root = logkeep_proof::root_of(&leaves);
    if root != head.root {
        let damage = Damage::new(DamageCode::BlockRoot, hex(&head.root), hex(&root));
        return Err(damage.stream(name).block(head.first).into());
    }
    Ok(Taken { stored: stored.clone(), chunks, leaves })
}

/// The head of a replica's stream without what is open: where the next full block goes.
fn closed(store: &Arc<Store>, ours: &Stream) -> Result<StreamHead> {
    let head = &ours.head;
    let open = head.open();
    let mut closed = StreamHead { sealed: open, ragged: 0, open_bytes: 0, ..head.clone() };
    closed.raw_bytes -= head.open_bytes.min(head.raw_bytes);
    if head.ragged > 0 {
        let missing = || gap(ours, open..head.sealed);
        let ragged = blocks::head(store, &ours.name, ours.number, open)?.ok_or_else(missing)?;
        let bytes = ragged.bytes.len() as u64 + WholeBlock::read(store, &ragged.head)?.bytes();
        closed.stored_bytes -= bytes.min(head.stored_bytes);
        closed.blocks -= 1;
    }
    closed.frontier = Prover::of(store.clone(), ours.clone()).frontier(open)?;
    Ok(closed)
}

/// Whether two heads say the same, but for what was acknowledged when.
fn is_same(one: &StreamHead, other: &StreamHead) -> bool {
    StreamHead { acknowledged: 0, ..one.clone() } == StreamHead { acknowledged: 0, ..other.clone() }
}

fn put(number: u32, block: &Taken, pending: &mut Pending<'_>) -> Result<()> {
    let (first, bytes) = (block.stored.head.first, block.bytes());
    pending.bytes += bytes;
    pending.untold.bytes += bytes;
    let changes = &mut pending.changes;
    changes.put(Family::Block, &store::place_key(number, first), &[&block.stored.bytes])?;
    for chunk in 0..u16::MAX {
        let Some(bytes) = block.chunks.get(chunk) else { break };
        changes.put(Family::Chunk, &store::chunk_key(number, first, chunk), &[bytes])?;
    }
    Ok(())
}
