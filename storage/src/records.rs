//! The records of a stream in order, read block by block.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::archive::{gap, stored};
use crate::blocks::{self, StoredHead};
use crate::error::Result;
use crate::record::StoredRecord;
use crate::store::{self, Family, Store};
use crate::stream::{RecordId, StreamName};
use crate::streams::{self, Stream};
use crate::tail;

/// Records of the tail that are fetched at once.
const TAIL_PAGE_RECORDS: usize = 256;

/// Iterator over the records of a stream; see [`crate::Archive::records`].
pub struct Records {
    store: Arc<Store>,
    name: StreamName,
    stream: Option<Stream>,
    looked_up: bool,
    /// Index of the next record to be fetched.
    next: u64,
    end: u64,
    ready: VecDeque<StoredRecord>,
}

impl Iterator for Records {
    type Item = Result<StoredRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.ready.pop_front() {
            return Some(Ok(record));
        }
        match self.fill() {
            Ok(()) => self.ready.pop_front().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("stream", &self.name).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Records {
    pub(crate) fn new(store: Arc<Store>, name: StreamName, range: Range<u64>) -> Self {
        Self { store, name, stream: None, looked_up: false, next: range.start, end: range.end, ready: VecDeque::new() }
    }

    /// Fetches the next records; none are there at the end.
    fn fill(&mut self) -> Result<()> {
        let Some(stream) = self.known_stream()? else { return Ok(()) };
        // A block that was replaced by a shorter one while it was read may give nothing: the rest is in the tail again.
        while self.ready.is_empty() && self.next < self.end {
            self.fetch(&stream)?;
        }
        Ok(())
    }

    fn fetch(&mut self, stream: &Stream) -> Result<()> {
        if let Some(block) = self.block(stream)? {
            return self.take_block(block);
        }
        self.take_tail(stream)?;
        if self.ready.is_empty() {
            // A writer may have sealed it between the two reads.
            match self.block(stream)? {
                Some(block) => self.take_block(block)?,
                None => return self.skip_gap(stream),
            }
        }
        Ok(())
    }

    /// The stream, looked up once; if that fails, the error is the only thing that is told.
    fn known_stream(&mut self) -> Result<Option<Stream>> {
        if !self.looked_up {
            self.looked_up = true;
            self.stream = streams::find(&self.store, &self.name)?;
            self.end = self.end.min(self.stream.as_ref().map_or(0, |stream| stream.head.size()));
        }
        Ok(self.stream.clone())
    }

    /// The block of the next record. If its head is damaged, the next one is behind it.
    fn block(&mut self, stream: &Stream) -> Result<Option<StoredHead>> {
        let found = blocks::containing(&self.store, stream, self.next);
        if found.is_err() {
            self.next = self.behind_gap(stream)?;
        }
        found
    }

    fn take_block(&mut self, block: StoredHead) -> Result<()> {
        let (from, end) = (self.next, blocks::end(&block.head));
        self.next = end;
        let (head, rows) = blocks::rows(&self.store, &self.name, block)?;
        self.next = blocks::end(&head).max(from);
        let wanted = (head.first..self.end).zip(rows.rows()).filter(|(index, _)| *index >= from);
        self.ready.extend(wanted.map(|(index, row)| StoredRecord {
            id: RecordId { stream: self.name.clone(), index },
            body: row.body.to_vec(),
            event: row.event,
            received: row.received,
        }));
        Ok(())
    }

    fn take_tail(&mut self, stream: &Stream) -> Result<()> {
        let rows = tail::rows(&self.store, stream, self.next, self.end, TAIL_PAGE_RECORDS);
        if rows.is_err() {
            self.next += 1;
        }
        let rows = rows?;
        self.next += rows.len() as u64;
        self.ready.extend(rows.into_iter().map(|row| stored(&self.name, row)));
        Ok(())
    }

    fn skip_gap(&mut self, stream: &Stream) -> Result<()> {
        let from = self.next;
        self.next = self.behind_gap(stream)?;
        Err(gap(stream, from..self.next).into())
    }

    /// Where the next block or the tail begins.
    fn behind_gap(&self, stream: &Stream) -> Result<u64> {
        let key = store::place_key(stream.number, self.next.saturating_add(1));
        let end = store::after_stream(stream.number);
        for family in [Family::Block, Family::Tail] {
            let mut scan = self.store.scan(family, &key, &end)?;
            // Only the place counts, not whether what lies there is sound.
            let _ = scan.next();
            if let Some((_, index)) = scan.key().and_then(store::parse_place) {
                return Ok(index.min(self.end));
            }
        }
        Ok(self.end)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::{Append, Batch};
    use crate::time::Timestamp;
    use crate::writer::Writer;

    fn append(writer: &mut Writer, count: usize) {
        let mut batch = Batch::new("a/b".parse().unwrap(), Timestamp(1));
        for number in 0..count {
            let body = [vec![b'x'; 5 << 18], number.to_string().into_bytes()].concat();
            batch.push(&body, Timestamp(1), None);
        }
        writer.append(&Append { batches: vec![batch], cursors: vec![] }).unwrap();
    }

    #[test]
    fn a_block_replaced_by_a_shorter_one_ends_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path(), &crate::Options::default()).unwrap();
        append(&mut writer, 6);
        writer.seal_tails().unwrap();
        let mut records = writer.archive().records(&"a/b".parse().unwrap(), 5..6);
        let stream = records.known_stream().unwrap().unwrap();
        let block = records.block(&stream).unwrap().unwrap();
        append(&mut writer, 1);
        // The block was looked up before the writer made a shorter one of it, and is read behind that.
        records.take_block(block).unwrap();
        assert_eq!(records.map(|record| record.unwrap().id.index).collect::<Vec<_>>(), [5]);
    }
}
