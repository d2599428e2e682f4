//! A lost archive comes back from its replica: the same heads, the same key, imports that go on.

use std::fs;

use crate::records::archived;

const ARCHIVE: &str = "home/.local/share/logkeep";

#[test]
fn a_lost_archive_comes_back_and_goes_on() {
    let sandbox = archived();
    let trust = sandbox.run(["key", "export"]).expect_code(0);
    sandbox.write("trust", trust.text());
    sandbox.run(["replicate", "copy"]).expect_code(0);
    fs::copy(sandbox.path(format!("{ARCHIVE}/keys/log.key")), sandbox.path("kept.key")).unwrap();
    let before = sandbox.run(["streams", "-o", "json"]).expect_code(0);
    fs::remove_dir_all(sandbox.path(ARCHIVE)).unwrap();

    let run = sandbox.run(["restore", "--from", "copy", ARCHIVE, "--key", "kept.key"]).expect_code(0);
    assert!(run.stderr.contains("restored 10 records"), "{}", run.stderr);
    assert_eq!(sandbox.run(["streams", "-o", "json"]).expect_code(0).stdout, before.stdout);
    let report = sandbox.run(["verify", "--trust", "trust"]).expect_code(0);
    assert!(report.text().starts_with("VERIFIED"), "{}", report.text());

    let import = ["import", "signins.jsonl", "--stream", "test/signin", "--time-path", "time", "--id-path", "id"];
    sandbox.run([&import[..], &["--json"]].concat()).expect_code(0);
    assert_eq!(sandbox.run(["streams", "-o", "json"]).expect_code(0).stdout, before.stdout, "all of it is known");
    sandbox.write("new.jsonl", "{\"n\":1}\n");
    sandbox.run(["import", "new.jsonl", "--stream", "test/new"]).expect_code(0);
    sandbox.run(["verify", "--trust", "trust"]).expect_code(0);
    sandbox.run(["replicate", "copy"]).expect_code(0);
}

#[test]
fn another_key_and_another_place_are_refused() {
    let sandbox = archived();
    sandbox.run(["replicate", "copy"]).expect_code(0);
    sandbox.run(["init", "--archive", "other", "--name", "other.example"]).expect_code(0);
    let refused = sandbox.run(["restore", "--from", "copy", "new", "--key", "other/keys/log.key"]).expect_code(2);
    assert!(refused.stderr.contains("not the key that signed the archive"), "{}", refused.stderr);
    assert!(!sandbox.path("new").try_exists().unwrap());
    for taken in ["other", "copy", "home"] {
        let refused = sandbox.run(["restore", "--from", "copy", taken]).expect_code(2);
        assert!(refused.stderr.contains("hint: name a"), "{}", refused.stderr);
    }
    let run = sandbox.run(["restore", "--from", "copy", "new"]).expect_code(0);
    assert!(run.stderr.contains("nothing new is signed until your copy of the key"), "{}", run.stderr);
    sandbox.run(["import", "signins.jsonl", "--archive", "new", "--stream", "a/b"]).expect_code(0);
}
