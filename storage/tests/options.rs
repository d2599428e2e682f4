//! RocksDB's integrity options are on: read from the file in which RocksDB writes down what it runs with.

use std::collections::BTreeMap;
use std::fs;

use crate::sandbox::{Sandbox, append, numbered};

/// Section → option → value.
fn written_options(sandbox: &Sandbox) -> BTreeMap<String, BTreeMap<String, String>> {
    let files = fs::read_dir(sandbox.path().join("db")).unwrap().map(|entry| entry.unwrap().path());
    let newest =
        files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("OPTIONS-")).max().unwrap();
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut section = String::new();
    for line in fs::read_to_string(newest).unwrap().lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((name, value)) = line.split_once('=') {
            sections.entry(section.clone()).or_default().insert(name.to_owned(), value.to_owned());
        }
    }
    sections
}

fn check(options: &BTreeMap<String, String>, expected: &[(&str, &str)], section: &str) {
    for (name, value) in expected {
        assert_eq!(options.get(*name).map(String::as_str), Some(*value), "{name} in {section}");
    }
}

#[test]
fn everything_for_integrity_is_on() {
    let sandbox = Sandbox::new();
    drop(sandbox.create());
    let mut writer = sandbox.open();
    append(&mut writer, numbered("a/b", 0..10));
    let sections = written_options(&sandbox);
    let database = [
        ("paranoid_checks", "true"),
        ("track_and_verify_wals", "true"),
        ("track_and_verify_wals_in_manifest", "true"),
        ("verify_sst_unique_id_in_manifest", "true"),
        ("write_dbid_to_manifest", "true"),
        ("file_checksum_gen_factory", "FileChecksumGenCrc32cFactory"),
        ("wal_recovery_mode", "kAbsoluteConsistency"),
        ("atomic_flush", "true"),
        ("flush_verify_memtable_count", "true"),
        ("compaction_verify_record_count", "true"),
        ("allow_mmap_reads", "false"),
        ("allow_mmap_writes", "false"),
        ("use_fsync", "false"),
        ("manual_wal_flush", "false"),
        ("recycle_log_file_num", "0"),
    ];
    check(&sections["DBOptions"], &database, "the database");
    let family = [
        ("paranoid_file_checks", "true"),
        ("memtable_protection_bytes_per_key", "8"),
        ("block_protection_bytes_per_key", "8"),
        ("force_consistency_checks", "true"),
        ("ttl", "0"),
    ];
    let names = ["default", "meta", "head", "tail", "block", "chunk", "tree", "cursor", "seen"];
    for name in names {
        let section = format!("CFOptions \"{name}\"");
        check(&sections[&section], &family, name);
        let compression = if matches!(name, "tail" | "seen") { "kZSTD" } else { "kNoCompression" };
        check(&sections[&section], &[("compression", compression), ("bottommost_compression", compression)], name);
        let tables = &sections[&format!("TableOptions/BlockBasedTable \"{name}\"")];
        check(tables, &[("checksum", "kXXH3"), ("no_block_cache", "false")], name);
    }
    let families = sections.keys().filter(|section| section.starts_with("CFOptions")).count();
    assert_eq!(families, names.len(), "a new family needs the options as well");
}
