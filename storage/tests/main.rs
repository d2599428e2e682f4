//! The archive through its public door: one binary, one file a promise.

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

mod append;
mod checkpoints;
mod crash;
mod damage;
mod lock;
mod options;
mod readers;
mod sandbox;
