//! Finding records: terms, the quick filter, the index that prunes, and the search over an archive.
//!
//! The archive decides what matches; the index only says where a match cannot be. A search gives the same answer
//! with the index, without it, and with one that is half made.

mod check;
mod dictionary;
mod entry;
mod error;
pub mod filter;
mod heads;
mod hit;
mod index;
mod indexer;
pub mod kql;
mod layout;
mod pass;
mod pattern;
mod plan;
mod position;
mod probe;
mod rows;
mod run;
mod scope;
mod search;
mod searcher;
pub mod terms;
mod text;

pub use check::Checked;
pub use error::{Error, Result};
pub use index::Index;
pub use indexer::{Indexed, Indexer};
pub use pattern::StreamPattern;
pub use rows::Rows;
pub use search::{Answered, Order, Search};
pub use searcher::Searcher;
pub use text::record_values;
