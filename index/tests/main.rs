//! The index as a whole: it only prunes, survives crashes and damage, and is right while others write.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "in a test a panic is the message, and its helpers are nobody's interface"
)]

mod agreement;
mod binding;
mod concurrency;
mod corpus;
mod damage;
mod dice;
mod questions;
mod reference;
mod samples;
mod shelf;
mod upkeep;
