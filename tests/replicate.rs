//! A second copy that follows, refuses what does not continue it, and is written by nobody else.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::records::archived;
use crate::sandbox::Sandbox;

const ARCHIVE: &str = "home/.local/share/logkeep";

/// Records of all streams, as a command on an archive says.
fn heads(sandbox: &Sandbox, archive: &str) -> String {
    let run = sandbox.run(["streams", "--archive", archive, "--in", "*", "--in", "_meta", "-o", "json"]);
    run.expect_code(0).text().to_owned()
}

fn more(sandbox: &Sandbox, name: &str, lines: u64) {
    let text: String = (0..lines).map(|number| format!("{{\"from\":\"{name}\",\"n\":{number}}}\n")).collect();
    sandbox.write(name, text);
    sandbox.run(["import", name, "--stream", "test/n"]).expect_code(0);
}

#[test]
fn a_replica_has_everything_and_can_be_read_and_verified() {
    let sandbox = archived();
    let first = sandbox.run(["replicate", "copy"]).expect_code(0);
    assert!(
        first.stderr.contains("on the same disk") && first.stderr.contains("copied 10 records"),
        "{}",
        first.stderr
    );
    assert_eq!(heads(&sandbox, "copy"), heads(&sandbox, ARCHIVE));
    more(&sandbox, "more", 3000);
    sandbox.run(["replicate", "copy"]).expect_code(0);
    assert_eq!(heads(&sandbox, "copy"), heads(&sandbox, ARCHIVE));
    let again = sandbox.run(["replicate", "copy"]).expect_code(0);
    assert!(again.stderr.contains("has everything already"), "{}", again.stderr);
    let trust = sandbox.run(["key", "export"]).expect_code(0);
    sandbox.write("trust", trust.text());
    let verified = sandbox.run(["verify", "--archive", "copy", "--trust", "trust"]).expect_code(0);
    assert!(verified.text().starts_with("VERIFIED"), "{}", verified.text());
    let search = |archive| sandbox.run(["search", "anna", "-o", "raw", "--archive", archive]).expect_code(0).stdout;
    assert_eq!(search("copy"), search(ARCHIVE));
}

#[test]
fn nothing_else_is_written_to_a_replica() {
    let sandbox = archived();
    sandbox.run(["replicate", "copy"]).expect_code(0);
    for arguments in [&["import", "signins.jsonl", "--stream", "a/b"][..], &["key", "new"]] {
        let refused = sandbox.run([arguments, &["--archive", "copy"]].concat()).expect_code(2);
        assert!(refused.stderr.contains("is a replica, which nothing is written to"), "{}", refused.stderr);
    }
    assert!(!sandbox.path("copy/keys").try_exists().unwrap());
    let refused = sandbox.run(["replicate", &format!("{ARCHIVE}/copy")]).expect_code(2);
    assert!(refused.stderr.contains("cannot be inside the archive"), "{}", refused.stderr);
    let refused = sandbox.run(["replicate", ARCHIVE, "--archive", "copy"]).expect_code(2);
    assert!(refused.stderr.contains("is no replica"), "{}", refused.stderr);
    sandbox.run(["init", "--archive", "other"]).expect_code(0);
    let refused = sandbox.run(["replicate", "copy", "--archive", "other"]).expect_code(2);
    assert!(refused.stderr.contains("is a replica of another archive"), "{}", refused.stderr);
}

#[test]
fn an_archive_that_was_set_back_is_refused() {
    let sandbox = archived();
    copy(&sandbox, ARCHIVE, "older");
    more(&sandbox, "more", 10);
    sandbox.run(["replicate", "copy"]).expect_code(0);
    let before = heads(&sandbox, "copy");
    fs::remove_dir_all(sandbox.path(ARCHIVE)).unwrap();
    copy(&sandbox, "older", ARCHIVE);
    let refused = sandbox.run(["replicate", "copy"]).expect_code(1);
    assert!(refused.stderr.contains("ROLLBACK: test/n: the archive has no such stream"), "{}", refused.stderr);
    assert!(refused.stderr.contains("ROLLBACK: _meta: the archive has "), "{}", refused.stderr);
    more(&sandbox, "others", 20);
    let refused = sandbox.run(["replicate", "copy"]).expect_code(1);
    assert!(refused.stderr.contains("FORK: test/n: "), "{}", refused.stderr);
    assert!(refused.stderr.contains("; they differ from record 0 on"), "{}", refused.stderr);
    assert_eq!(heads(&sandbox, "copy"), before);
}

#[test]
fn what_is_archived_follows_within_seconds() {
    let sandbox = archived();
    let mut command = sandbox.logkeep();
    command.args(["replicate", "copy", "--follow"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_for(&sandbox, "copy/FORMAT");
    more(&sandbox, "more", 2500);
    let started = Instant::now();
    let wanted = heads(&sandbox, ARCHIVE);
    while heads(&sandbox, "copy") != wanted {
        assert!(started.elapsed() < Duration::from_secs(20), "not within seconds");
        thread::sleep(Duration::from_millis(100));
    }
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_limited_rate_takes_its_time() {
    let sandbox = archived();
    more(&sandbox, "more", 30_000);
    let started = Instant::now();
    sandbox.run(["replicate", "copy", "--limit-rate", "4kB"]).expect_code(0);
    assert!(started.elapsed() > Duration::from_secs(1), "{:?}", started.elapsed());
}

fn wait_for(sandbox: &Sandbox, name: &str) {
    let started = Instant::now();
    while !sandbox.path(name).try_exists().unwrap() {
        assert!(started.elapsed() < Duration::from_secs(20), "no {name}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(sandbox: &Sandbox, from: &str, to: &str) {
    fs::create_dir_all(sandbox.path(to)).unwrap();
    for entry in fs::read_dir(sandbox.path(from)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(sandbox, &format!("{from}/{name}"), &format!("{to}/{name}")),
            false => drop(fs::copy(entry.path(), sandbox.path(format!("{to}/{name}"))).unwrap()),
        }
    }
}
