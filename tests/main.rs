//! End to end: the real binary in a fresh folder, and the architecture as tests.
//!
//! One line for each file; `tidy` fails when one is missing.
#![cfg(test)]

mod bindings; // the committed bindings are handed out for their own RocksDB only
mod completions; // scripts for shells
mod demo; // the README's first command
mod export; // exact bytes into files and back
mod harm; // killed processes, full disks, broken input, flipped bytes
mod import; // whatever comes is archived once, or put aside and counted
mod index; // the index can be looked at, checked, deleted and made anew
mod init; // a new archive, and where it is
mod key; // the signing key, and what is said without it
mod man; // pages for man
mod prove; // bundles, checked by the stand-alone checker
mod records; // the few records that most of these tests are about
mod reference; // every help text in one snapshot
mod replicate; // a second copy that follows
mod restore; // an archive made of it
mod sandbox; // the fresh folder, the clean environment, snapshots
mod search; // answers, their forms, and what is said beside them
mod show; // one record and all that is known of it
mod streams; // the list of streams
mod tidy; // the architecture as tests
mod verify; // right, damaged, incomplete: and the exit code says which
