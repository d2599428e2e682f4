//! The query language, KQL (Kusto): text → tree → bound tree.

mod display;
pub mod lexer;
pub mod nearest;
pub mod parser;
pub mod problem;
pub mod span;
pub mod token;
pub mod tree;
pub mod value;
