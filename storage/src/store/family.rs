//! The column families: what each holds.

/// One column family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    /// The archive's id, the streams' names and numbers.
    Meta,
    /// Per stream: size, frontier of the tree, totals.
    Head,
    /// Records that are in no block yet.
    Tail,
    /// Block heads.
    Block,
    /// The chunks of the blocks.
    Chunk,
    /// Nodes of the Merkle trees, of every eighth level.
    Tree,
    /// Where sources go on.
    Cursor,
    /// Which provider ids were seen, for de-duplication.
    Seen,
}

impl Family {
    pub(crate) const ALL: [Self; 8] =
        [Self::Meta, Self::Head, Self::Tail, Self::Block, Self::Chunk, Self::Tree, Self::Cursor, Self::Seen];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Head => "head",
            Self::Tail => "tail",
            Self::Block => "block",
            Self::Chunk => "chunk",
            Self::Tree => "tree",
            Self::Cursor => "cursor",
            Self::Seen => "seen",
        }
    }

    /// Whether its values end with a CRC32 of key and value. Block heads carry their own, chunks have theirs in the head.
    /// Ids have none: it would be a quarter of all that is stored for them, RocksDB's own checksums cover them, and a
    /// wrong index only makes a record that came twice be kept twice.
    pub(crate) fn is_sealed(self) -> bool {
        !matches!(self, Self::Block | Self::Chunk | Self::Seen)
    }
}
