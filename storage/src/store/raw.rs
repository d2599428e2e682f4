//! The two calls of RocksDB that its crate lacks: the only unsafe code of the product.
#![expect(unsafe_code, reason = "the crate has no safe door to these two functions")]

use std::ffi::{CStr, c_char};

use rocksdb::{AsRawPtr, DB};

/// Reads every block of every table file and compares its checksum; the text is RocksDB's.
pub(super) fn verify_checksum(db: &DB) -> Result<(), String> {
    let mut error = std::ptr::null_mut();
    // SAFETY: the pointer belongs to `db`, which is borrowed and open for the whole call; `error` is a valid place
    // for one pointer and holds null, as the C API wants it.
    unsafe { librocksdb_sys::rocksdb_verify_checksum(db.as_raw_ptr(), &raw mut error) };
    taken(error)
}

/// Compares every file with the whole-file checksum in the manifest; the text is RocksDB's.
pub(super) fn verify_file_checksums(db: &DB) -> Result<(), String> {
    let mut error = std::ptr::null_mut();
    // SAFETY: as above.
    unsafe { librocksdb_sys::rocksdb_verify_file_checksums(db.as_raw_ptr(), &raw mut error) };
    taken(error)
}

/// Copies and frees a message of RocksDB; null says that all is well.
fn taken(error: *mut c_char) -> Result<(), String> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: a message that is not null is a C string that was allocated for the caller.
    let text = unsafe { CStr::from_ptr(error) }.to_string_lossy().into_owned();
    // SAFETY: the message is ours to free, by RocksDB's own allocator, and nothing borrows it any more.
    unsafe { librocksdb_sys::rocksdb_free(error.cast()) };
    Err(text)
}
