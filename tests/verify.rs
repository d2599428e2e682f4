//! Verification: right is 0, damage is 1 and named, what could not be checked is 3.

use std::fs;

use crate::records::{archived, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

#[test]
fn all_is_right() {
    let sandbox = archived();
    let (report, json) = (sandbox.run(["verify"]).expect_code(0), sandbox.run(["verify", "--json"]).expect_code(0));
    assert_snapshot("verify", &steady(&report));
    assert!(
        json.text().contains(r#""verdict":"VERIFIED""#) && json.text().contains(r#""records":10"#),
        "{}",
        json.text()
    );
}

#[test]
fn one_bit_is_found_and_searches_say_that_they_are_incomplete() {
    let sandbox = Sandbox::new();
    sandbox.run(["demo", "--scale", "0.2", "--keep"]).expect_code(0);
    let damaged = |arguments: &[&str]| sandbox.run(arguments.iter().chain(&["--archive", "logkeep-demo/damaged"]));
    let report = damaged(&["verify"]).expect_code(1);
    assert!(report.text().starts_with("FAILED "), "{}", report.transcript());
    assert!(report.text().contains(" block ") && report.text().contains(".sst"), "{}", report.transcript());
    let json = damaged(&["verify", "--json"]).expect_code(1);
    assert!(json.text().contains(r#""verdict":"FAILED""#), "{}", json.text());
    let answer = damaged(&["search", "*", "-o", "raw"]).expect_code(3);
    assert!(answer.stderr.contains("warning: the answer is not complete"), "{}", answer.stderr);
    let export = damaged(&["export", "--to", "out"]).expect_code(3);
    assert!(export.stderr.contains("warning: missing: damage"), "{}", export.stderr);
    // What the user can do is said, and said by name.
    let cure = "what to do: write nothing more into this archive";
    assert!(report.text().contains(cure) && json.text().contains(cure), "{}", report.transcript());
    for run in [&answer, &export] {
        assert!(run.stderr.contains("hint: `logkeep verify` lists all damage"), "{}", run.stderr);
    }
    // Only what is wrong.
    let quiet = damaged(&["verify", "-q"]).expect_code(1);
    assert!(quiet.text().starts_with("FAILED ") && quiet.text().contains("what to do"), "{}", quiet.transcript());
    assert!(!quiet.text().contains("STREAM"), "{}", quiet.transcript());
}

#[test]
fn quiet_says_nothing_when_all_is_right() {
    let run = archived().run(["verify", "-q"]).expect_code(0);
    assert_eq!((run.text(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_ledger_that_is_gone_makes_every_answer_doubtful() {
    let sandbox = archived();
    fs::remove_file(sandbox.path("home/.local/share/logkeep/tips.log")).unwrap();
    let commands: [&[&str]; 6] = [
        &["search", "*"],
        &["search", "*", "--count"],
        &["show", "test/signin@0"],
        &["streams"],
        &["export", "--to", "out"],
        &["export"],
    ];
    for command in commands {
        let run = sandbox.run(command).expect_code(3);
        assert!(!run.stdout.is_empty() || command.contains(&"--to"), "{}", run.transcript());
        assert!(run.stderr.contains("warning: records may be missing"), "{}", run.transcript());
        assert!(run.stderr.contains("hint: `logkeep verify`"), "{}", run.transcript());
    }
    let import = sandbox.run(["import", "signins.jsonl"]).expect_code(2);
    assert!(import.stderr.contains("error: damage (tips)"), "{}", import.transcript());
}

#[test]
fn an_empty_archive_proves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    let run = sandbox.run(["verify"]).expect_code(3);
    assert_eq!(run.text(), "INCOMPLETE nothing to verify: the archive is empty\n");
}

#[test]
fn a_damaged_ledger_is_written_anew_when_nothing_else_is_wrong() {
    let sandbox = archived();
    let warned = sandbox.run(["verify", "--renew-ledger"]).expect_code(0);
    assert!(warned.stderr.contains("the ledger stays as it is"), "{}", warned.transcript());
    let ledger = sandbox.path("home/.local/share/logkeep/tips.log");
    fs::write(&ledger, b"").unwrap();
    let failed = sandbox.run(["verify"]).expect_code(1);
    assert!(failed.text().contains("`logkeep verify --renew-ledger`"), "{}", failed.transcript());
    sandbox.write("more.jsonl", "{\"a\":1}\n");
    sandbox.run(["import", "more.jsonl", "--stream", "test/more"]).expect_code(2);
    let renewed = sandbox.run(["verify", "--renew-ledger"]).expect_code(0);
    assert!(renewed.stderr.contains("quarantine/tips.log.1"), "{}", renewed.transcript());
    sandbox.run(["import", "more.jsonl", "--stream", "test/more"]).expect_code(0);
}
