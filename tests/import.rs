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

/// Each with reason and cure; a second run says it again, and keeps nothing twice.
#[test]
fn what_is_no_text_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    sandbox.write("in/1.json", utf_16("\u{feff}{\"a\":1}\r\n"));
    sandbox.write("in/2.log", utf_16("2024-09-02 one\r\n"));
    sandbox.write("in/3.bin", (0..9_000_u32).map(|n| (n.wrapping_mul(2_654_435_769) >> 11) as u8).collect::<Vec<_>>());
    sandbox.write("in/4.log", "good\n");
    std::os::unix::fs::symlink("nowhere", sandbox.path("in/5.link")).unwrap();
    sandbox.write("in/6.json", "{\"a\":1}\noops\n{\"b\":1}\nagain\n");
    let first = sandbox.run(["import", "in"]).expect_code(3);
    let again = sandbox.run(["import", "in"]).expect_code(3);
    let forced = sandbox.run(["import", "in/2.log", "--form", "text"]).expect_code(0);
    assert_snapshot("import-refused", &[first, again, forced].map(|run| steady(&run)).join("\n"));
}

#[test]
fn lines_have_the_times_that_they_tell() {
    let sandbox = Sandbox::new();
    let lines = "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - five\n\
                 <34>Oct 11 2004 22:14:15 host su: three\n\
                 127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 23\n\
                 2024-09-02 23:00:00,123 INFO started\n";
    sandbox.write("app.log", lines);
    sandbox.run(["import", "app.log"]).expect_code(0);
    let found = sandbox.run(["search", "*", "-o", "csv", "--until", "2025-01-01"]).expect_code(0);
    let times: Vec<_> = found.text().lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    let expected = [
        "2024-09-02T23:00:00.123000000Z",
        "2004-10-11T22:14:15.000000000Z",
        "2003-10-11T22:14:15.003000000Z",
        "2000-10-10T20:55:36.000000000Z",
    ];
    assert_eq!(times, expected);
    // Without a year it is one of the last twelve months.
    sandbox.run_with_input(["import", "-", "--stream", "test/old"], b"Jan  1 12:00:00 host su: x\n").expect_code(0);
    let ago = ["search", "*", "--in", "test/old", "--since", "53w", "--count"];
    assert_eq!(sandbox.run(ago).expect_code(0).text(), "1\n");
}

#[test]
fn what_is_there_already_is_counted() {
    let sandbox = Sandbox::new();
    let import = |more: &str| {
        sandbox.write("signins.jsonl", format!("{more}{SIGNINS}"));
        sandbox.run(["import", "signins.jsonl", "--stream", "test/signin", "--id-path", "id"]).expect_code(0).stderr
    };
    import("");
    let said = import("{\"id\":\"a5\"}\n");
    assert!(said.contains("archived 1 new record (") && said.contains(" of 5 read; 4 there already"), "{said}");
    assert!(said.contains("  test/signin: 1 new record, 4 there already\n"), "{said}");
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
fn what_opening_the_archive_found_is_said() {
    let sandbox = Sandbox::new();
    let import =
        |input: &[u8]| sandbox.run_with_input(["import", "-", "--stream", "test/n"], input).expect_code(0).stderr;
    import(b"{\"n\":1}\n");
    import(b"{\"n\":2}\n");
    let ledger = sandbox.path("home/.local/share/logkeep/tips.log");
    let mut bytes = fs::read(&ledger).unwrap();
    let place = bytes.len() - 40;
    bytes[place] ^= 1;
    fs::write(&ledger, bytes).unwrap();
    let said = import(b"{\"n\":3}\n");
    assert!(said.contains("warning: a byte of the ledger had changed") && said.contains("quarantine"), "{said}");
    assert!(!import(b"{\"n\":4}\n").contains("ledger"));
    sandbox.run(["verify"]).expect_code(0);
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
    assert!(said.contains("stopped before the end") && said.contains("stopping at the next safe place"), "{said}");
}

#[test]
fn an_input_that_says_nothing_can_be_stopped() {
    let sandbox = Sandbox::new();
    for said in [&b""[..], b"\x1f\x8b"] {
        let mut command = sandbox.logkeep();
        command.args(["import", "-", "-v"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(said).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(700));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ended = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            child.try_wait().unwrap()
        });
        if ended.is_none() {
            child.kill().unwrap();
        }
        assert_eq!(ended.map(|status| status.code()), Some(Some(3)));
    }
}

/// What is in the archive is there; nobody has to wait for the index.
#[test]
fn the_index_can_be_left_for_later() {
    let sandbox = Sandbox::new();
    let lines: String = (0..200_000).map(|n| format!("{{\"n\":{n},\"text\":\"a{n} b{n} c{n} d{n}\"}}\n")).collect();
    sandbox.write("log.jsonl", lines);
    let arguments = ["import", "log.jsonl", "--json", "-q"];
    let mut child = sandbox.logkeep().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut summary = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut summary).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(summary.contains("\"records\":200000") && summary.contains("\"complete\":true"), "{summary}");
    sandbox.run(["index", "status"]).expect_code(3);
    sandbox.run(["import", "log.jsonl"]).expect_code(0);
    sandbox.run(["index", "status"]).expect_code(0);
}

/// A search over what is followed for weeks must not read all of it.
#[test]
fn what_is_followed_is_indexed_meanwhile() {
    let sandbox = Sandbox::new();
    let lines: String = (0..140_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    sandbox.write("log.jsonl", lines);
    let mut child = sandbox.logkeep().args(["import", "log.jsonl", "--follow", "-q"]).spawn().unwrap();
    let indexed = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let status = sandbox.run(["index", "status"]);
        let blocks = status.text().split(' ').next().and_then(|number| number.parse::<u32>().ok());
        blocks.is_some_and(|blocks| blocks >= 128)
    });
    let is_following = child.try_wait().unwrap().is_none();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert!(indexed && is_following);
    assert_eq!(child.wait().unwrap().code(), Some(0));
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
