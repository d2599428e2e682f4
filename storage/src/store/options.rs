//! How RocksDB is set: everything that it offers for integrity is on, memory is bounded.

use rocksdb::{
    BlockBasedOptions, Cache, ChecksumType, DBCompressionType, DBRecoveryMode, LogLevel, Options, WriteBufferManager,
};

use super::family::Family;

/// Integrity options that have no setter in the crate. The last three are a column family's; the database's defaults do
/// not reach the families, so each has to be made from these.
const INTEGRITY: &str = "track_and_verify_wals=true;file_checksum_gen_factory=FileChecksumGenCrc32cFactory;\
    verify_sst_unique_id_in_manifest=true;paranoid_file_checks=true;memtable_protection_bytes_per_key=8;\
    block_protection_bytes_per_key=8";

/// The log of writes is cut at this size; a reader that opens has to replay at most this much.
const WAL_BYTES_MAX: u64 = 32 << 20;
/// Table files that a writer holds open.
const OPEN_FILES_MAX: i32 = 512;

/// What all options of one open database are made from: integrity, and the memory that they share.
pub(super) struct Base {
    integrity: Options,
    cache: Cache,
    buffers: WriteBufferManager,
    buffer_bytes: usize,
}

impl Base {
    /// Half of the archive's memory: a third of that for what was written last, the rest for what is read.
    pub(super) fn new(options: &crate::Options) -> Result<Self, rocksdb::Error> {
        // RocksDB takes long to read such a text: once for all families.
        let integrity = Options::default().get_options_from_string(INTEGRITY)?;
        let bytes = usize::try_from(options.memory_bytes / 2).unwrap_or(usize::MAX);
        let buffer_bytes = (bytes / 3).max(1 << 20);
        // The buffers are charged to the cache, so that both together stay under the limit.
        let cache = Cache::new_lru_cache(bytes.max(4 << 20));
        let buffers = WriteBufferManager::new_write_buffer_manager_with_cache(buffer_bytes, false, cache.clone());
        Ok(Self { integrity, cache, buffers, buffer_bytes })
    }
}

/// Options of the database. `recovery` matters to a writer only.
pub(super) fn database(base: &Base, recovery: DBRecoveryMode) -> Options {
    let mut options = base.integrity.clone();
    options.set_paranoid_checks(true);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_write_dbid_to_manifest(true);
    options.set_wal_recovery_mode(recovery);
    // A reader that opens beside a writer sees all families as of one moment only if they are flushed as one.
    options.set_atomic_flush(true);
    options.set_max_open_files(OPEN_FILES_MAX);
    // A family with files starts this many threads when it is opened: with the default of 16, most of a reader's time.
    options.set_max_file_opening_threads(1);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_write_buffer_manager(&base.buffers);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(1 << 20);
    options
}

/// Options of one column family.
///
/// Chunks lie in tables, not in blob files: written and read at the same cost (measured on 1 GB in five streams), and
/// RocksDB opens blob files late, so that one whose chunks were all replaced would be deleted under a reader, to whom
/// that looks like damage. Compaction rewrites little: new blocks have the greatest keys of their stream, so only the
/// last table of each stream is merged with.
pub(super) fn family(family: Family, base: &Base) -> Options {
    let mut options = base.integrity.clone();
    options.set_block_based_table_factory(&tables(family, &base.cache));
    options.set_write_buffer_size(base.buffer_bytes.min(32 << 20));
    // RocksDB would rewrite files that are older than 30 days, the whole archive once a month.
    options.set_ttl(0);
    options.set_compression_type(compression(family));
    options.set_bottommost_compression_type(compression(family));
    options
}

fn tables(family: Family, cache: &Cache) -> BlockBasedOptions {
    let mut tables = BlockBasedOptions::default();
    tables.set_checksum_type(ChecksumType::XXH3);
    tables.set_block_cache(cache);
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    tables.set_format_version(6);
    tables.set_block_size(16 << 10);
    if matches!(family, Family::Seen | Family::Block | Family::Chunk) {
        tables.set_bloom_filter(10.0, false);
        tables.set_whole_key_filtering(true);
    }
    tables
}

/// Blocks and chunks are compressed already, hashes cannot be; records of the tail and ids can.
fn compression(family: Family) -> DBCompressionType {
    match family {
        Family::Tail | Family::Seen => DBCompressionType::Zstd,
        _ => DBCompressionType::None,
    }
}
