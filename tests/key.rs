//! The signing key: made once, kept from others, and what is said where it is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::records::archived;
use crate::sandbox::Sandbox;

const KEY: &str = "home/.local/share/logkeep/keys/log.key";

fn mode(sandbox: &Sandbox, mode: u32) {
    fs::set_permissions(sandbox.path(KEY), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn init_makes_a_key_that_only_its_owner_reads() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(["init", "--name", "contoso.example/logs"]).expect_code(0);
    assert!(made.stderr.contains("  contoso.example/logs/_meta+"), "{}", made.stderr);
    assert_eq!(fs::metadata(sandbox.path(KEY)).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = sandbox.run(["key", "show"]).expect_code(0);
    let lines: Vec<_> = shown.text().lines().collect();
    assert_eq!(lines[0], "name  contoso.example/logs");
    let key = lines[2].strip_prefix("key   ").unwrap();
    assert!(made.stderr.contains(key), "what init printed is what there is");
    assert!(sandbox.run(["key", "new"]).expect_code(2).stderr.contains("there is a key"));
}

#[test]
fn a_name_that_is_none_makes_nothing() {
    let sandbox = Sandbox::new();
    for name in ["a b", "a+b", "", "/a", "a//b", "\u{e9}"] {
        let run = sandbox.run(["init", "--archive", "logs", "--name", name]).expect_code(2);
        assert!(run.stderr.contains("is no name for an archive: letters, digits"), "{}", run.stderr);
    }
    assert!(!sandbox.path("logs").try_exists().unwrap());
}

#[test]
fn import_signs_what_it_archived() {
    let sandbox = archived();
    let trust = sandbox.run(["key", "export"]).expect_code(0);
    assert!(trust.text().contains("/test/signin 4\n") && trust.text().contains("\nquorum none\n"), "{}", trust.text());
    sandbox.write("trust", trust.text());
    let report = sandbox.run(["verify", "--trust", "trust", "--json"]).expect_code(0);
    assert!(report.text().contains(r#""checkpoints":3"#), "{}", report.text());
}

#[test]
fn a_key_that_others_can_read_signs_nothing_and_the_records_are_kept() {
    let sandbox = archived();
    sandbox.write("more.jsonl", "{\"n\":1}\n");
    mode(&sandbox, 0o644);
    let run = sandbox.run(["import", "more.jsonl", "--stream", "test/n", "--json"]).expect_code(3);
    assert!(run.stderr.contains("kept and not signed") && run.stderr.contains("chmod 600 "), "{}", run.stderr);
    assert!(run.text().contains(r#""signed":false"#) && run.text().contains(r#""records":1"#), "{}", run.text());
    assert_eq!(sandbox.run(["search", "*", "--in", "test/n", "--count"]).expect_code(0).text(), "1\n");
    let report = sandbox.run(["verify"]).expect_code(1);
    assert!(report.text().starts_with("FAILED ") && report.text().contains("1. mode"), "{}", report.text());
    mode(&sandbox, 0o600);
    sandbox.run(["import", "more.jsonl", "--stream", "test/n"]).expect_code(0);
    assert!(sandbox.run(["verify", "--json"]).expect_code(0).text().contains(r#""checkpoints":4"#));
}

#[test]
fn without_a_key_everything_works_and_that_nothing_is_signed_is_said() {
    let sandbox = archived();
    let trust = sandbox.run(["key", "export"]).expect_code(0);
    sandbox.write("trust", trust.text());
    fs::rename(sandbox.path(KEY), sandbox.path("kept.key")).unwrap();
    sandbox.write("more.jsonl", "{\"n\":1}\n");
    let run = sandbox.run(["import", "more.jsonl", "--stream", "test/n"]).expect_code(0);
    assert!(run.stderr.contains("log.key is gone: put it back from your copy"), "{}", run.stderr);
    let report = sandbox.run(["verify"]).expect_code(3);
    assert!(report.text().starts_with("INCOMPLETE 3 things"), "{}", report.text());
    // What was kept elsewhere is as good as the key.
    sandbox.run(["verify", "--trust", "trust"]).expect_code(0);
    assert!(sandbox.run(["key", "new"]).expect_code(2).stderr.contains("another key cannot go on"));
    sandbox.run(["key", "show"]).expect_code(3);
    sandbox.run(["prove", "test/signin@0", "-o", "bundle"]).expect_code(2);
    sandbox.write(KEY, "logkeep log key v1\n");
    mode(&sandbox, 0o600);
    assert!(sandbox.run(["key", "show"]).expect_code(2).stderr.contains("is no key of logkeep"));
}

#[test]
fn an_archive_that_never_had_a_key_gets_one() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    fs::remove_dir_all(sandbox.path(KEY).parent().unwrap()).unwrap();
    sandbox.write("one.jsonl", "{\"n\":1}\n");
    // As if the making of the archive had been cut short.
    assert!(sandbox.run(["import", "one.jsonl"]).expect_code(0).stderr.contains("made the key that signs it"));
    sandbox.run(["verify"]).expect_code(0);
}

#[test]
fn our_own_log_is_seen_only_by_who_asks_for_it() {
    let sandbox = archived();
    for arguments in [&["search", "*", "--count"][..], &["search", "*", "--in", "*", "--count"]] {
        assert_eq!(sandbox.run(arguments).expect_code(0).text(), "7\n");
    }
    let own = sandbox.run(["search", "event=genesis", "--in", "_meta", "-o", "raw"]).expect_code(0);
    assert!(own.text().starts_with(r#"{"event":"genesis","name":"logkeep.local/"#), "{}", own.text());
    assert!(!sandbox.run(["streams", "-o", "json"]).expect_code(0).text().contains("_meta"));
    sandbox.run(["streams", "--in", "_meta"]).expect_code(0);
    sandbox.run(["export", "--to", "out"]).expect_code(0);
    assert!(!fs::read_to_string(sandbox.path("out/MANIFEST.json")).unwrap().contains("_meta"));
}

#[test]
fn an_older_copy_is_found_with_what_was_kept_elsewhere() {
    let sandbox = archived();
    let archive = sandbox.path("home/.local/share/logkeep");
    let copied = std::process::Command::new("cp").args(["-rp"]).arg(&archive).arg(sandbox.path("older")).status();
    assert!(copied.unwrap().success());
    sandbox.write("more.jsonl", "{\"id\":\"b\"}\n");
    sandbox.run(["import", "more.jsonl", "--stream", "test/signin"]).expect_code(0);
    sandbox.run(["import", "more.jsonl", "--stream", "test/new"]).expect_code(0);
    sandbox.write("trust", sandbox.run(["key", "export"]).expect_code(0).text());
    sandbox.run(["verify", "--trust", "trust"]).expect_code(0);
    sandbox.run(["verify", "--archive", "older"]).expect_code(0);
    let found = sandbox.run(["verify", "--archive", "older", "--trust", "trust", "--json"]).expect_code(1);
    for code in [r#""code":"rollback""#, r#""code":"stream-missing""#] {
        assert!(found.text().contains(code), "{code}: {}", found.text());
    }
    sandbox.write("broken", "# logkeep expect\nquorum none\n");
    assert!(sandbox.run(["verify", "--trust", "broken"]).expect_code(2).stderr.contains("broken is no trust file"));
}
