//! Finding records: terms, the quick filter, the index that prunes, and the search over an archive.

pub mod filter;
pub mod terms;
