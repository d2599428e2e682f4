//! Temporary codec: all rows in one zstd frame, cut into pieces.

use logkeep_proof::Hash;

use super::{BlockError, ChunkSource, EncodedBlock, Envelope, Row};
use crate::time::Timestamp;

const MAGIC: &[u8; 4] = b"NAIV";
const PIECE_BYTES: usize = 4 << 10;

/// The head of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHead {
    /// Index of the first record.
    pub first: u64,
    /// Number of records.
    pub count: u32,
    /// Bytes of the records' bodies.
    pub raw_bytes: u64,
    /// Bytes of head and chunks.
    pub stored_bytes: u64,
    /// Earliest and latest event time.
    pub events: (Timestamp, Timestamp),
    /// Earliest and latest received time.
    pub received: (Timestamp, Timestamp),
    /// Root of the subtree over the records' leaves.
    pub root: Hash,
    /// Salt of the records' leaves.
    pub salt: [u8; 32],
    /// The stream's number.
    pub stream: u32,
    unpacked: u64,
    chunks: Vec<(u32, u32)>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
    fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }
    fn time(&mut self) -> Option<Timestamp> {
        self.bytes().map(|b| Timestamp(i64::from_le_bytes(b)))
    }
}

impl BlockHead {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BlockError> {
        let wrong = |found: &str| BlockError::Head { expected: "a block head".into(), found: found.into() };
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(|| wrong("too few bytes"))?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(wrong("another CRC32"));
        }
        Self::fields(&mut Reader(body), bytes.len()).ok_or_else(|| wrong("other fields"))
    }

    fn fields(r: &mut Reader<'_>, length: usize) -> Option<Self> {
        (r.bytes::<4>()? == *MAGIC).then_some(())?;
        let mut head = Self {
            first: r.u64()?,
            count: r.u32()?,
            raw_bytes: r.u64()?,
            stored_bytes: 0,
            events: (r.time()?, r.time()?),
            received: (r.time()?, r.time()?),
            root: r.bytes()?,
            salt: r.bytes()?,
            stream: r.u32()?,
            unpacked: r.u64()?,
            chunks: Vec::new(),
        };
        while !r.0.is_empty() {
            head.chunks.push((r.u32()?, r.u32()?));
        }
        head.stored_bytes = length as u64 + head.chunks.iter().map(|c| u64::from(c.0)).sum::<u64>();
        Some(head)
    }

    pub(crate) fn chunk_count(&self) -> u16 {
        self.chunks.len() as u16
    }
}

pub(crate) fn encode(rows: &[Row<'_>], envelope: &Envelope) -> Result<EncodedBlock, BlockError> {
    let mut packed = Vec::new();
    for row in rows {
        packed.extend_from_slice(&row.event.0.to_le_bytes());
        packed.extend_from_slice(&row.received.0.to_le_bytes());
        packed.extend_from_slice(&(row.body.len() as u64).to_le_bytes());
        packed.extend_from_slice(row.body);
    }
    let failed = |e: std::io::Error| BlockError::Head { expected: "zstd".into(), found: e.to_string() };
    let frame = zstd::bulk::compress(&packed, 3).map_err(failed)?;
    let chunks: Vec<Vec<u8>> = frame.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect();
    let range = |times: &mut dyn Iterator<Item = Timestamp>| {
        times.fold((Timestamp(i64::MAX), Timestamp(i64::MIN)), |(a, b), t| (a.min(t), b.max(t)))
    };
    let (events, received) =
        (range(&mut rows.iter().map(|r| r.event)), range(&mut rows.iter().map(|r| r.received)));
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&envelope.first.to_le_bytes());
    head.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    head.extend_from_slice(&rows.iter().map(|r| r.body.len() as u64).sum::<u64>().to_le_bytes());
    for time in [events.0, events.1, received.0, received.1] {
        head.extend_from_slice(&time.0.to_le_bytes());
    }
    head.extend_from_slice(&envelope.root);
    head.extend_from_slice(&envelope.salt);
    head.extend_from_slice(&envelope.stream.to_le_bytes());
    head.extend_from_slice(&(packed.len() as u64).to_le_bytes());
    for chunk in &chunks {
        head.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
        head.extend_from_slice(&crc32fast::hash(chunk).to_le_bytes());
    }
    let crc = crc32fast::hash(&head);
    head.extend_from_slice(&crc.to_le_bytes());
    Ok(EncodedBlock { head, chunks })
}

/// The rows of a decoded block.
#[derive(Debug)]
pub(crate) struct DecodedRows {
    bytes: Vec<u8>,
    rows: Vec<(usize, usize, Timestamp, Timestamp)>,
}

impl DecodedRows {
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|(from, to, event, received)| Row {
            body: self.bytes.get(*from..*to).unwrap_or_default(),
            event: *event,
            received: *received,
        })
    }
}

pub(crate) fn decode(head: &BlockHead, chunks: &dyn ChunkSource) -> Result<DecodedRows, BlockError> {
    let mut frame = Vec::new();
    for (number, (length, crc)) in head.chunks.iter().enumerate() {
        let chunk = chunks.chunk(number as u16).map_err(BlockError::Source)?;
        let found = crc32fast::hash(&chunk);
        if chunk.len() != *length as usize || found != *crc {
            let (expected, found) = (format!("{length} bytes, CRC32 {crc:08x}"), format!("{found:08x}"));
            return Err(BlockError::Chunk { chunk: number.to_string(), expected, found });
        }
        frame.extend_from_slice(&chunk);
    }
    let wrong = |found: String| BlockError::Chunk { chunk: "all".into(), expected: "rows".into(), found };
    let bytes = zstd::bulk::decompress(&frame, head.unpacked as usize).map_err(|e| wrong(e.to_string()))?;
    let mut rows = Vec::new();
    let mut reader = Reader(&bytes);
    while !reader.0.is_empty() {
        let row = (|| Some((reader.time()?, reader.time()?, reader.u64()? as usize)))();
        let (event, received, length) = row.ok_or_else(|| wrong("a cut row".into()))?;
        let from = bytes.len() - reader.0.len();
        reader.0 = reader.0.get(length..).ok_or_else(|| wrong("a cut row".into()))?;
        rows.push((from, from + length, event, received));
    }
    Ok(DecodedRows { bytes, rows })
}
