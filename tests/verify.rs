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
        json.text().contains(r#""verdict":"VERIFIED""#) && json.text().contains(r#""records":11"#),
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
    let cure = "what to do: write nothing more into the stream";
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
    assert!(run.text().starts_with("INCOMPLETE nothing to verify: the archive is empty\n"), "{}", run.text());
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

/// The members of an object that the schema's page demands, and those that it knows.
fn members(schema: &serde_json::Value) -> (Vec<String>, Vec<String>) {
    let mut required: Vec<String> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let mut known: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    required.sort();
    known.sort();
    (required, known)
}

#[test]
fn a_report_is_what_its_schema_says() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&page).unwrap();
    let sandbox = Sandbox::new();
    sandbox.run(["demo", "--scale", "0.2", "--keep"]).expect_code(0);
    for archive in ["logkeep-demo/archive", "logkeep-demo/damaged"] {
        let run = sandbox.run(["verify", "--json", "--archive", archive]);
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let names = |object: &serde_json::Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let (required, known) = members(&schema);
        assert_eq!((names(&report), &required), (known, &names(&report)), "{archive}");
        for list in ["streams", "findings"] {
            let (required, known) = members(&schema["properties"][list]["items"]);
            for item in report[list].as_array().unwrap() {
                assert_eq!((names(item), &required), (known.clone(), &names(item)), "{archive} {list}");
            }
        }
        assert_eq!(report["findings"].as_array().unwrap().is_empty(), archive.ends_with("archive"));
    }
}

#[test]
fn less_can_be_read_and_the_report_says_so() {
    let sandbox = Sandbox::new();
    sandbox.run(["demo", "--scale", "0.2"]).expect_code(0);
    let verify = |more: &[&str]| {
        let run = sandbox.run([&["verify", "--json", "--archive", "logkeep-demo/archive"], more].concat());
        let report: serde_json::Value = serde_json::from_slice(&run.expect_code(0).stdout).unwrap();
        report
    };
    let quick = verify(&["--quick"]);
    assert_eq!((quick["scope"]["mode"].as_str(), quick["files"].as_bool()), (Some("quick"), Some(false)));
    assert!(quick["recorded"].as_str().unwrap().starts_with("_meta@"));
    let rolling = verify(&["--budget", "0s", "--textfile", "metrics.prom"]);
    assert_eq!(rolling["scope"]["mode"].as_str(), Some("rolling"));
    assert_eq!(rolling["previous"]["id"], quick["recorded"]);
    let metrics = fs::read_to_string(sandbox.path("metrics.prom")).unwrap();
    assert!(metrics.contains("logkeep_verify_success{archive=\"logkeep-demo/archive\"} 1\n"), "{metrics}");
    let unread = verify(&["--since-report", "--no-record", "--no-self-test"]);
    assert!(unread["recorded"].is_null() && unread["self_test"].is_null());
    assert!(sandbox.run(["verify", "--quick", "--budget", "1h"]).expect_code(2).stderr.contains("cannot be used"));
}

#[test]
fn a_lost_format_is_damage_with_a_way_to_mend_it() {
    let sandbox = archived();
    fs::remove_file(sandbox.path("home/.local/share/logkeep/FORMAT")).unwrap();
    let run = sandbox.run(["verify"]).expect_code(1);
    assert!(run.text().contains("1. format") && run.text().contains("printf 'logkeep archive 1"), "{}", run.text());
    fs::write(sandbox.path("home/.local/share/logkeep/FORMAT"), "logkeep archive 1\n").unwrap();
    sandbox.run(["verify"]).expect_code(0);
}

#[test]
fn a_strange_file_is_worth_a_look_and_no_damage() {
    let sandbox = archived();
    sandbox.write("home/.local/share/logkeep/strange", "x");
    let run = sandbox.run(["verify"]).expect_code(0);
    assert!(run.text().contains("note: ") && run.text().contains("strange"), "{}", run.text());
}
