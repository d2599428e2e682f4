//! Answers: which records, in which form, what is said beside them, and the exit code.

use std::io::Read;
use std::process::Stdio;

use crate::records::{archived, steady};
use crate::sandbox::{Run, Sandbox, assert_snapshot};

fn search(arguments: &[&str]) -> Run {
    archived().run(["search"].iter().chain(arguments))
}

/// The ids of the sign-ins that are found, in order.
fn found(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run =
        sandbox.run(["search"].iter().chain(arguments).chain(&["--in", "test/signin", "--fields", "id", "-o", "csv"]));
    run.text().lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect::<Vec<_>>().join(" ")
}

#[test]
fn records_are_found_newest_first() {
    let sandbox = archived();
    for (filter, expected) in [
        ("*", "a4 a2 a3 a1"),
        ("anna", "a3 a1"),
        ("anna 50126 -203.0.113.7", "a3"),
        ("user:ann*", "a3 a1"),
        ("status.errorCode=0 or user:/^eve/", "a4 a2"),
        ("errorCode>100", "a3 a1"),
        ("\"x, \\\"y\\\"\"", "a4"),
        ("not errorCode:*", "a4"),
        ("-anna", "a4 a2"),
        ("nobody", ""),
    ] {
        assert_eq!(found(&sandbox, &[filter]), expected, "{filter}");
        assert_eq!(found(&sandbox, &[filter, "--no-index"]), expected, "{filter} without the index");
    }
}

#[test]
fn times_and_limits() {
    let sandbox = archived();
    for (arguments, expected) in [
        (&["*", "--since", "2024-09-02T09:15:00Z"][..], "a4 a2 a3"),
        (&["*", "--until", "2024-09-03"], "a2 a3 a1"),
        (&["*", "--since", "2024-09-02T09:00", "--until", "2024-09-02T10:00"], "a3"),
        (&["*", "--limit", "2"], "a4 a2"),
        (&["*", "--limit", "0"], "a4 a2 a3 a1"),
        (&["*", "--as-of", "yesterday"], ""),
        (&["*", "--as-of", "now", "-n", "1"], "a4"),
    ] {
        assert_eq!(found(&sandbox, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn every_form() {
    let sandbox = archived();
    let mut shown = String::new();
    for arguments in [
        &["*", "-o", "table"][..],
        &["*", "-o", "table", "--fields", "user,errorCode,note"],
        &["anna", "--in", "test/signin"],
        &["anna", "--in", "test/signin", "-o", "json"],
        &["nobody", "-o", "json"],
        &["*", "-o", "csv", "--in", "test/signin", "--fields", "user,n"],
        &["anna", "--in", "test/signin", "--fields", "n,errorCode,none"],
        &["ben", "-C", "1", "-o", "table"],
        &["anna", "--count"],
        &["*", "--limit", "2", "-o", "raw", "--in", "test/signin"],
    ] {
        shown += &format!(
            "$ logkeep search {}\n{}\n",
            arguments.join(" "),
            steady(&sandbox.run(["search"].iter().chain(arguments)))
        );
    }
    assert_snapshot("search", &shown);
}

#[test]
fn raw_gives_the_exact_bytes() {
    let run = search(&["*", "--in", "test/lines", "-o", "raw"]).expect_code(0);
    let mut lines: Vec<_> = run.stdout.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    assert!(lines.contains(&&b"\xffnot text\xfe"[..]), "{lines:?}");
}

#[test]
fn the_exit_code_says_whether_something_was_found() {
    let run = search(&["nobody"]).expect_code(1);
    assert_eq!(run.text(), "");
    assert!(run.stderr.starts_with("nothing found among 7 "), "{}", run.stderr);
    search(&["nobody", "--count"]).expect_code(1);
    search(&["anna", "-q"]).expect_code(0);
}

#[test]
fn what_makes_no_sense_is_refused_with_a_hint() {
    let mut shown = String::new();
    let sandbox = archived();
    for arguments in [
        &["user:(anna"][..],
        &["*", "--since", "soon"],
        &["*", "--since", "2024-09-02", "--until", "2024-09-01"],
        &["*", "-o", "raw", "--fields", "a"],
        &["*", "-o", "xml"],
        &["*", "--in", "nowhere/*"],
        &["--cuont"],
        &["--cuont", "anna"],
        &["anna", "--cuont"],
        &["anna", "50126"],
        &["*", "--fields", ""],
        &["*", "--fields", "user,ip,user"],
        &["usr:anna"],
        &["staus.errorCode:50126 or whatever:x"],
        &["-errorCod:0", "--count"],
        &["ben", "--fields", "user,erorCode", "-o", "csv", "--in", "test/signin"],
    ] {
        shown += &format!(
            "$ logkeep search {}\n{}\n",
            arguments.join(" "),
            steady(&sandbox.run(["search"].iter().chain(arguments)))
        );
    }
    assert_snapshot("search-refused", &shown);
}

#[test]
fn nobody_reading_to_the_end_is_no_error() {
    let sandbox = Sandbox::new();
    let many: String = (0..40_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    sandbox.write("many.jsonl", many);
    sandbox.run(["import", "many.jsonl", "--stream", "test/many"]).expect_code(0);
    let mut child =
        sandbox.logkeep().args(["search", "*"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // then it is closed
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_filter_may_begin_with_hyphens_behind_two() {
    let sandbox = Sandbox::new();
    sandbox.write("n.jsonl", "{\"run\":\"logkeep search --count\"}\n{\"run\":\"logkeep\"}\n");
    sandbox.run(["import", "n.jsonl"]).expect_code(0);
    assert_eq!(sandbox.run(["search", "--count", "--", "--count"]).expect_code(0).text(), "1\n");
}

#[test]
fn following_ends_when_nobody_reads() {
    let sandbox = archived();
    let arguments = ["search", "anna", "-f", "-o", "raw", "--in", "test/signin"];
    let mut child = sandbox.logkeep().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // then it is closed, and nothing new comes
    let ended = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        child.try_wait().unwrap()
    });
    if ended.is_none() {
        child.kill().unwrap();
    }
    assert_eq!(ended.map(|status| status.code()), Some(Some(0)));
}

#[test]
fn new_records_are_followed_until_interrupted() {
    let sandbox = archived();
    let child = sandbox.logkeep().args(["search", "needle", "-f", "-o", "raw"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let import = ["import", "-", "--stream", "test/new"];
    sandbox.run_with_input(import, b"{\"n\":\"needle\"}\n{\"n\":\"hay\"}\n").expect_code(0);
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()),
        (Some(0), "{\"n\":\"needle\"}\n")
    );
}
