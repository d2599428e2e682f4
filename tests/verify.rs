//! Verification: right is 0, damage is 1 and named, what could not be checked is 3.

use crate::records::{archived, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

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
}

#[test]
fn an_empty_archive_proves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    let run = sandbox.run(["verify"]).expect_code(3);
    assert_eq!(run.text(), "INCOMPLETE nothing to verify: the archive is empty\n");
}
