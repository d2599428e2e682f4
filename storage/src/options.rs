//! How much memory and how many threads an archive may use, and how large a record may be.

/// Limits of one open archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Memory for caches and buffers; the database gets half of it.
    pub memory_bytes: u64,
    /// The largest record that is taken.
    pub record_bytes_max: u64,
    /// Threads that encode and verify blocks.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, record_bytes_max: 64 << 20, threads: 2 }
    }
}
