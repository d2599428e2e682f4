//! A finding: something is not as it was written, where, what was expected and what was found.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::block::BlockError;
use crate::error::Error;
use crate::stream::StreamName;

/// What kind of damage it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DamageCode {
    /// The database's own checksums do not fit: a file of it was changed or is missing.
    Store,
    /// A value does not fit its checksum or cannot be read.
    Value,
    /// A key that nothing accounts for.
    Stray,
    /// A block that should be there is not.
    BlockMissing,
    /// A block lies where none may lie: over another one, or not aligned.
    BlockMisplaced,
    /// A block's head is not as it was written.
    BlockHead,
    /// A chunk of a block is missing, changed or too many.
    Chunk,
    /// A block's records do not have the root that its head names.
    BlockRoot,
    /// A stored node of the Merkle tree is missing or is not the one that the records give.
    Tree,
    /// A stream's head disagrees with its records.
    Head,
    /// A record waiting to be sealed is missing or changed.
    Tail,
    /// The ledger of acknowledgements is not as it was written.
    Tips,
    /// The archive has not what the ledger says was acknowledged.
    Acknowledged,
    /// A file of the archive is not as it was written.
    File,
    /// A signed checkpoint is not what the stream or its key says.
    Checkpoint,
    /// A stream that the archive's own log (`_meta`) or the trust file names is not there.
    StreamMissing,
    /// A stream is smaller than the trust file says it was: the archive was set back to an older state.
    Rollback,
    /// The file that makes the directory an archive (`FORMAT`) is missing or is another one.
    Format,
    /// The signing key can be used by others than its owner.
    Mode,
    /// A signed record cannot be proven to a stranger.
    Proof,
    /// The index does not say what the archive says.
    Index,
}

impl DamageCode {
    /// All codes, each explained in `docs/findings.md`.
    pub const ALL: [Self; 21] = [
        Self::Store,
        Self::Value,
        Self::Stray,
        Self::BlockMissing,
        Self::BlockMisplaced,
        Self::BlockHead,
        Self::Chunk,
        Self::BlockRoot,
        Self::Tree,
        Self::Head,
        Self::Tail,
        Self::Tips,
        Self::Acknowledged,
        Self::File,
        Self::Checkpoint,
        Self::StreamMissing,
        Self::Rollback,
        Self::Format,
        Self::Mode,
        Self::Proof,
        Self::Index,
    ];

    /// The code as it stands in reports: `block-missing`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Value => "value",
            Self::Stray => "stray",
            Self::BlockMissing => "block-missing",
            Self::BlockMisplaced => "block-misplaced",
            Self::BlockHead => "block-head",
            Self::Chunk => "chunk",
            Self::BlockRoot => "block-root",
            Self::Tree => "tree",
            Self::Head => "head",
            Self::Tail => "tail",
            Self::Tips => "tips",
            Self::Acknowledged => "acknowledged",
            Self::File => "file",
            Self::Checkpoint => "checkpoint",
            Self::StreamMissing => "stream-missing",
            Self::Rollback => "rollback",
            Self::Format => "format",
            Self::Mode => "mode",
            Self::Proof => "proof",
            Self::Index => "index",
        }
    }
}

impl fmt::Display for DamageCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The kind.
    pub code: DamageCode,
    /// The stream, where one is concerned and known.
    pub stream: Option<StreamName>,
    /// Index of the block's first record, where a block is concerned.
    pub block: Option<u64>,
    /// The column or chunk, where one is concerned.
    pub column: Option<String>,
    /// The file, where one is known.
    pub file: Option<PathBuf>,
    /// Where in the file, in bytes, where that is known.
    pub offset: Option<u64>,
    /// The records that are concerned.
    pub records: Option<Range<u64>>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Damage {
    /// A finding without a place.
    #[must_use]
    pub fn new(code: DamageCode, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { code, stream: None, block: None, column: None, file: None, offset: None, records: None, expected, found }
    }

    /// In this stream.
    #[must_use]
    pub fn stream(mut self, stream: &StreamName) -> Self {
        self.stream = Some(stream.clone());
        self
    }

    /// In the block that begins with this record.
    #[must_use]
    pub fn block(mut self, first: u64) -> Self {
        self.block = Some(first);
        self
    }

    /// About these records.
    #[must_use]
    pub fn records(mut self, records: Range<u64>) -> Self {
        self.records = Some(records);
        self
    }

    /// In this file.
    #[must_use]
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// At this place of the file.
    #[must_use]
    pub fn offset(mut self, offset: Option<u64>) -> Self {
        self.offset = offset;
        self
    }

    /// What is wrong with a head whose stream is not known by name here.
    pub(crate) fn of_head(head: &crate::block::BlockHead, error: &BlockError) -> Error {
        Self::new(DamageCode::BlockHead, "a block head", error.to_string()).block(head.first).into()
    }

    /// What a block's decoder refused, with its place; an error that is no damage stays as it is.
    pub(crate) fn of_block(stream: &StreamName, first: u64, error: BlockError) -> Error {
        let chunk = match &error {
            BlockError::Checksum { number, .. } | BlockError::Compression { number } => Some(chunk_name(*number)),
            _ => None,
        };
        let refused = match error {
            BlockError::Source(source) => match *source {
                Error::Damaged(damage) => *damage,
                other => return other,
            },
            BlockError::Head(problem) => Self::new(DamageCode::BlockHead, "a block head", problem),
            BlockError::Checksum { expected, found, .. } => {
                Self::new(DamageCode::Chunk, format!("CRC32 {expected:08x}"), format!("CRC32 {found:08x}"))
            }
            other => Self::new(DamageCode::Chunk, "what was sealed", other.to_string()),
        };
        let refused = Self { column: chunk.or(refused.column), ..refused };
        Self { stream: Some(stream.clone()), block: Some(first), ..refused }.into()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "damage ({})", self.code)?;
        if let Some(stream) = &self.stream {
            write!(f, " in {stream}")?;
        }
        if let Some(block) = self.block {
            write!(f, " block {block}")?;
        }
        if let Some(column) = &self.column {
            write!(f, " column {column}")?;
        }
        if let Some(records) = &self.records {
            write!(f, " records {}..{}", records.start, records.end)?;
        }
        if let Some(file) = &self.file {
            write!(f, " file {}", file.display())?;
        }
        if let Some(offset) = self.offset {
            write!(f, " byte {offset}")?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// A chunk that is not there.
pub(crate) fn missing_chunk(number: u16) -> Damage {
    let mut damage = Damage::new(DamageCode::Chunk, "a chunk", "nothing");
    damage.column = Some(chunk_name(number));
    damage
}

/// How findings name a chunk.
pub(crate) fn chunk_name(number: u16) -> String {
    format!("chunk {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page, with the headings of its codes.
    const PAGE: &str = include_str!("../../docs/findings.md");

    #[test]
    fn every_code_is_explained_and_every_explained_one_exists() {
        let explained: Vec<&str> =
            PAGE.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
        let codes: Vec<&str> = DamageCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(explained, codes, "in the order of the code");
        for part in PAGE.split("\n## `").skip(1) {
            assert!(part.contains("\n\nWhat to do: "), "{part}");
        }
    }

    #[test]
    fn a_finding_says_its_place() {
        let found = Damage::new(DamageCode::Chunk, "CRC32 1", "CRC32 2").block(1024).records(1024..2048);
        let found = found.file("db/000012.sst").offset(Some(17));
        let text =
            "damage (chunk) block 1024 records 1024..2048 file db/000012.sst byte 17: expected CRC32 1, found CRC32 2";
        assert_eq!(found.to_string(), text);
    }
}
