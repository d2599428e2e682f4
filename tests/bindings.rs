//! The stand-in for bindgen refuses a RocksDB other than its own: its unit tests, run here.
//!
//! It is not a member of the workspace (see Cargo.toml), so `cargo test --workspace` would pass it by.

#[path = "../storage/bindgen/src/lib.rs"]
#[expect(unreachable_pub, dead_code, reason = "here it is a module, and only its tests are wanted")]
mod stand_in;
