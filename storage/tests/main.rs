//! The archive through its public door: one binary, one file a promise.

mod append;
mod lock;
mod readers;
mod sandbox;
