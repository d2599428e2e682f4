//! Proofs for others: a bundle, the trust file, and the stand-alone checker that has nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::records::{SIGNINS, archived};
use crate::sandbox::{Sandbox, workspace};

/// The checker is a program of another package: it is built where this one was.
fn checker() -> PathBuf {
    let cargo = env::var_os("CARGO").expect("these tests are run by cargo");
    let arguments = ["build", "--release", "-q", "-p", "logkeep-check"];
    let built = Command::new(cargo).args(arguments).current_dir(workspace()).status().expect("cargo runs");
    assert!(built.success());
    let target = Path::new(env!("CARGO_BIN_EXE_logkeep")).parent().and_then(Path::parent).expect("the target folder");
    target.join("release/logkeep-check")
}

/// The checker's exit code and first line.
fn check(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(checker()).args(arguments).current_dir(sandbox.path("")).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

fn with_trust() -> Sandbox {
    let sandbox = archived();
    sandbox.write("trust", sandbox.run(["key", "export"]).expect_code(0).text());
    sandbox
}

#[test]
fn what_is_proven_is_checked_without_the_archive() {
    let sandbox = with_trust();
    let run = sandbox.run(["prove", "test/signin@3", "test/lines@2", "test/signin@0", "-o", "bundle"]).expect_code(0);
    assert!(run.stderr.starts_with("3 records with proofs in bundle\n"), "{}", run.stderr);
    let (code, first) = check(&sandbox, &["bundle", "--policy", "trust"]);
    assert!(code == Some(0) && first.starts_with("VERIFIED"), "{code:?} {first}");
    assert_eq!(check(&sandbox, &["bundle"]).0, Some(3), "nobody said whose keys count");
    let bundle = fs::read(sandbox.path("bundle")).unwrap();
    let line = SIGNINS.lines().next().unwrap().as_bytes();
    let at = bundle.windows(line.len()).position(|window| window == line).expect("the exact bytes are in it");
    for changed in [at + 7, at - 10, bundle.len() - 20] {
        let mut bundle = bundle.clone();
        bundle[changed] ^= 1;
        sandbox.write("changed", bundle);
        assert_eq!(check(&sandbox, &["changed", "--policy", "trust"]).0, Some(1), "byte {changed}");
    }
}

#[test]
fn a_stream_younger_than_the_trust_file_is_proven_by_meta() {
    let sandbox = with_trust();
    sandbox.write("more.jsonl", "{\"n\":1}\n{\"n\":2}\n");
    sandbox.run(["import", "more.jsonl", "--stream", "test/young"]).expect_code(0);
    sandbox.run(["prove", "--in", "test/young", "-o", "bundle"]).expect_code(0);
    assert_eq!(check(&sandbox, &["bundle", "--policy", "trust"]).0, Some(0));
    sandbox.run(["verify", "--trust", "trust"]).expect_code(0);
}

#[test]
fn records_of_a_time_are_proven() {
    let sandbox = with_trust();
    let times = ["--since", "2024-09-02T09:00", "--until", "2024-09-02T12:00"];
    let run = sandbox.run(["prove", "--in", "test/signin", "-o", "bundle"].iter().chain(&times)).expect_code(0);
    assert!(run.stderr.starts_with("2 records with proofs"), "{}", run.stderr);
    let text = fs::read_to_string(sandbox.path("bundle")).unwrap();
    assert!(text.contains("range 1 2\n") && !text.contains("range 0"), "{text}");
    assert_eq!(check(&sandbox, &["bundle", "--policy", "trust"]).0, Some(0));
    let none = ["prove", "--in", "test/signin", "--since", "2030-01-01", "-o", "none"];
    assert_eq!(sandbox.run(none).expect_code(1).stderr, "nothing to prove\n");
    assert!(!sandbox.path("none").try_exists().unwrap());
}

#[test]
fn what_is_not_there_or_not_signed_is_said() {
    let sandbox = with_trust();
    let run = sandbox.run(["prove", "test/signin@0", "test/signin@9", "-o", "bundle"]).expect_code(1);
    assert!(run.stderr.contains("there is no record test/signin@9"), "{}", run.stderr);
    assert!(!sandbox.path("bundle").try_exists().unwrap());
    sandbox.run(["prove", "-o", "bundle"]).expect_code(2);
    // Records that came while the key was away are signed before they are proven.
    let key = sandbox.path("home/.local/share/logkeep/keys/log.key");
    fs::rename(&key, sandbox.path("away")).unwrap();
    sandbox.write("more.jsonl", "{\"n\":1}\n");
    sandbox.run(["import", "more.jsonl", "--stream", "test/late"]).expect_code(0);
    fs::rename(sandbox.path("away"), &key).unwrap();
    sandbox.run(["prove", "test/late@0", "-o", "bundle"]).expect_code(0);
    assert_eq!(check(&sandbox, &["bundle", "--policy", "trust"]).0, Some(0));
}
