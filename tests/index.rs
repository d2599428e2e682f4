//! The index: looked at, checked, deleted, made anew; the answers stay the same.

use std::fs;

use crate::records::archived;
use crate::sandbox::Sandbox;

fn with_full_blocks() -> Sandbox {
    let sandbox = Sandbox::new();
    let records: String = (0..3_000).map(|n| format!("{{\"n\":{n},\"word\":\"w{}\"}}\n", n % 7)).collect();
    sandbox.write("n.jsonl", records);
    sandbox.run(["import", "n.jsonl", "--stream", "test/n"]).expect_code(0);
    sandbox
}

#[test]
fn it_can_be_deleted_and_made_anew() {
    let sandbox = with_full_blocks();
    let count = || sandbox.run(["search", "w3", "--count"]).expect_code(0).text().to_owned();
    let before = count();
    assert!(sandbox.run(["index", "status"]).expect_code(0).text().starts_with("2 of 3 blocks in the index"));
    sandbox.run(["index", "check"]).expect_code(0);
    fs::remove_dir_all(sandbox.path("home/.local/share/logkeep/index")).unwrap();
    assert_eq!(count(), before);
    let none = sandbox.run(["index", "status"]).expect_code(3);
    assert_eq!(none.text(), "there is no index: searches read everything\n");
    sandbox.run(["index", "check"]).expect_code(3);
    let rebuilt = sandbox.run(["index", "rebuild"]).expect_code(0);
    assert_eq!(rebuilt.stderr, "indexed 2 blocks with 2,048 records\n");
    sandbox.run(["index", "check"]).expect_code(0);
    assert_eq!(count(), before);
}

#[test]
fn an_archive_without_a_full_block_has_an_index_all_the_same() {
    let sandbox = archived();
    let is_there = || {
        let status = sandbox.run(["index", "status"]).expect_code(0);
        assert!(status.text().starts_with("0 of 3 blocks in the index"), "{}", status.transcript());
        sandbox.run(["index", "check"]).expect_code(0);
    };
    is_there();
    let rebuilt = sandbox.run(["index", "rebuild"]).expect_code(0);
    assert_eq!(rebuilt.stderr, "indexed 0 blocks with 0 records\n");
    is_there();
}

#[test]
fn a_damaged_index_is_said_and_the_answer_stays_right() {
    let sandbox = with_full_blocks();
    let runs = fs::read_dir(sandbox.path("home/.local/share/logkeep/index/runs")).unwrap();
    for run in runs.map(|entry| entry.unwrap().path()) {
        let mut bytes = fs::read(&run).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(run, bytes).unwrap();
    }
    let check = sandbox.run(["index", "check"]).expect_code(1);
    assert!(check.text().contains("damaged"), "{}", check.transcript());
    let verify = sandbox.run(["verify"]).expect_code(1);
    assert!(verify.text().contains("1. index"), "{}", verify.transcript());
    let answer = sandbox.run(["search", "w3", "--count"]).expect_code(0);
    assert_eq!(answer.text(), "429\n");
    assert!(answer.stderr.contains("warning: the index cannot be used, everything is read"), "{}", answer.stderr);
    sandbox.run(["index", "rebuild"]).expect_code(0);
    sandbox.run(["verify"]).expect_code(0);
}
