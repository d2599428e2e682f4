//! Whatever comes is archived once and byte for byte, or put aside and counted.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use crate::records::{SIGNINS, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

/// A hundred lines `{"n":1}` and `{"n":2}` in turn.
const PACKED: &str = "1f8b08000000000002ffab56ca53b232ace5aa06d146507a943fca1fe583f9009816eb1b20030000";
/// How they are told apart: without an id, each line is a record.
const ARGUMENTS: [&str; 5] = ["--stream", "test/n", "--form", "json", "--json"];

fn packed() -> Vec<u8> {
    let digits = PACKED.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn what_cannot_be_taken_is_kept_aside_and_said() {
    let sandbox = Sandbox::new();
    sandbox.write("mixed.jsonl", "{\"time\":\"2024-09-02T08:00:00Z\"}\noops\n{\"a\":1}\n\n{\"cut\":");
    let arguments = ["import", "mixed.jsonl", "--stream", "test/mixed", "--form", "json"];
    let first = sandbox.run(arguments).expect_code(3);
    let again = sandbox.run(arguments);
    assert_snapshot("import", &format!("{}\n{}", steady(&first), steady(&again)));
    let rejected = sandbox.path("home/.local/share/logkeep/rejected");
    let file = fs::read_dir(rejected).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read_to_string(file).unwrap();
    assert!(kept.contains(r#""source":"mixed.jsonl""#) && kept.contains(r#""text":"oops""#), "{kept}");
}

#[test]
fn the_same_file_is_archived_once() {
    let sandbox = Sandbox::new();
    sandbox.write("signins.jsonl", SIGNINS);
    let import = || {
        let run = sandbox.run(["import", "signins.jsonl", "--stream", "test/signin", "--json"]).expect_code(0);
        run.text().to_owned()
    };
    assert!(import().contains("\"records\":4"));
    assert!(import().contains("\"records\":0"));
    sandbox.write("signins.jsonl", format!("{SIGNINS}{{\"n\":5}}\n"));
    import();
    assert_eq!(sandbox.run(["search", "*", "--count"]).text(), "5\n");
}

#[test]
fn folders_pipes_and_packed_files() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a/1.jsonl", "{\"n\":1}\n");
    sandbox.write("in/b.json", "[{\"n\":2}, {\"n\":\n3}]");
    sandbox.write("in/c.dat", packed());
    sandbox.run(["import", "in", "--stream", "test/n"]).expect_code(0);
    sandbox.run_with_input(["import", "-", "--stream", "test/n"], b"{\"n\":4}\n").expect_code(0);
    let records = sandbox.run(["search", "n>2", "-o", "raw"]).text().to_owned();
    assert_eq!(records, "{\"n\":4}\n{\"n\":\n3}\n");
    assert_eq!(sandbox.run(["search", "*", "--count"]).text(), "104\n");
}

#[test]
fn a_cut_file_is_unfinished_and_goes_on_when_it_is_whole() {
    let sandbox = Sandbox::new();
    let whole = packed();
    let path = sandbox.write("n.gz", &whole[..whole.len() - 12]);
    let import = || sandbox.run(["import", "n.gz"].into_iter().chain(ARGUMENTS));
    let run = import().expect_code(3);
    assert!(run.text().contains("\"complete\":false"), "{}", run.text());
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(&whole[whole.len() - 12..]).unwrap();
    import().expect_code(0);
    assert_eq!(sandbox.run(["search", "*", "--count"]).text(), "100\n");
}

#[test]
fn a_name_that_does_not_exist_is_said_before_anything_is_done() {
    let sandbox = Sandbox::new();
    sandbox.write("there.jsonl", "{}\n");
    let run = sandbox.run(["import", "there.jsonl", "nowhere.jsonl"]).expect_code(2);
    assert_eq!(run.stderr, "error: nowhere.jsonl does not exist\n");
    assert!(!sandbox.path("home/.local/share/logkeep").try_exists().unwrap());
}

#[test]
fn names_and_paths_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("x", "{}");
    for (option, value) in
        [("--stream", "No Such"), ("--stream", "a/{b"), ("--stream", "_meta"), ("--time-path", "a..b")]
    {
        let run = sandbox.run(["import", "x", option, value]).expect_code(2);
        assert!(run.stderr.starts_with(&format!("error: invalid value '{value}' for '{option}")), "{}", run.stderr);
    }
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let sandbox = Sandbox::new();
    let mut first = sandbox
        .logkeep()
        .args(["import", "-", "--stream", "test/a"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The note comes when the archive is made, and so is locked.
    let mut note = String::new();
    let mut words = BufReader::new(first.stderr.take().unwrap());
    words.read_line(&mut note).unwrap();
    assert!(note.starts_with("made an archive"), "{note}");
    let second = sandbox.run_with_input(["import", "-", "--stream", "test/b"], b"{}").expect_code(2);
    assert!(second.stderr.contains("is being written by another process"), "{}", second.stderr);
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
}

#[test]
fn stopped_before_the_end_is_incomplete_and_goes_on() {
    let sandbox = Sandbox::new();
    let arguments = ["import", "-", "--stream", "test/n", "--json"];
    let mut command = sandbox.logkeep();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"n\":1}\n").unwrap();
    let mut note = String::new();
    let mut words = BufReader::new(child.stderr.take().unwrap());
    words.read_line(&mut note).unwrap();
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut said = String::new();
    words.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(3), "{output:?}\n{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"complete\":false"));
    assert!(said.contains("stopped before the end") && said.contains("the same command goes on from there"), "{said}");
}

#[test]
fn what_is_known_in_full_is_said_and_a_file_that_looks_like_it_is_taken() {
    let sandbox = Sandbox::new();
    let text = |middle: u32| format!("{}{{\"n\":{middle}}}\n{}", "{\"n\":1}\n".repeat(600), "{\"n\":3}\n".repeat(600));
    sandbox.write("monday", text(4));
    sandbox.write("tuesday", text(5));
    let import = |name: &str| sandbox.run(["import", name, "--stream", "test/n"]).expect_code(0).stderr;
    import("monday");
    assert!(import("monday").contains("1 file is in the archive already"));
    let said = import("tuesday");
    assert!(said.contains("1,201 new records") && !said.contains("already"), "{said}");
    assert!(import(".").contains("2 files are in the archive already"));
}

#[test]
fn a_growing_file_is_followed_until_interrupted() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("log.jsonl", "{\"n\":1}\n");
    let arguments = ["import", "log.jsonl", "--stream", "test/n", "--follow", "--json"];
    let child = sandbox.logkeep().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let counted = |wanted: &str| {
        let found = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            sandbox.run(["search", "*", "--count"]).stdout == wanted.as_bytes()
        });
        assert!(found, "never {wanted}");
    };
    counted("1\n");
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"n\":2}\n").unwrap();
    counted("2\n");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"stopped\":true"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the same command goes on from there"));
}
