//! Verification: right is 0, damage is 1 and named, what could not be checked is 3.

use std::fs;
use std::path::PathBuf;

use crate::records::{archived, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

/// The largest file of the database with records in it.
fn data_file(sandbox: &Sandbox) -> PathBuf {
    let entries = fs::read_dir(sandbox.path("home/.local/share/logkeep/db")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "blob"));
    files.sort_by_key(|path| fs::metadata(path).unwrap().len());
    files.pop().unwrap()
}

#[test]
fn all_is_right() {
    let sandbox = archived();
    let (report, json) = (sandbox.run(["verify"]).expect_code(0), sandbox.run(["verify", "--json"]).expect_code(0));
    assert_snapshot("verify", &steady(&report));
    assert!(
        json.text().contains(r#""verdict":"VERIFIED""#) && json.text().contains(r#""records":7"#),
        "{}",
        json.text()
    );
}

#[test]
fn one_bit_is_found_and_searches_say_that_they_are_incomplete() {
    let sandbox = archived();
    let file = data_file(&sandbox);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let run = sandbox.run(["verify"]).expect_code(1);
    assert!(run.text().starts_with("FAILED "), "{}", run.transcript());
    assert!(run.text().contains("test/"), "the stream is named: {}", run.transcript());
    let json = sandbox.run(["verify", "--json"]).expect_code(1);
    assert!(json.text().contains(r#""verdict":"FAILED""#), "{}", json.text());
    let answer = sandbox.run(["search", "*", "--count"]).expect_code(3);
    assert!(answer.stderr.contains("the answer is not complete"), "{}", answer.stderr);
}

#[test]
fn an_empty_archive_proves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    let run = sandbox.run(["verify"]).expect_code(3);
    assert_eq!(run.text(), "INCOMPLETE nothing to verify: the archive is empty\n");
}
