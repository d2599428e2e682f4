//! The archive through its public door: one binary, one file a promise.

mod append;
mod crash;
mod damage;
mod lock;
mod options;
mod readers;
mod sandbox;
