//! End to end: the real binary in a fresh folder, and the architecture as tests.
//!
//! One line for each file; `tidy` fails when one is missing.
#![cfg(test)]

mod bindings; // the committed bindings are handed out for their own RocksDB only
mod harm; // killed processes, full disks, broken input, flipped bytes
mod sandbox; // the fresh folder, the clean environment, snapshots
mod tidy; // the architecture as tests
