//! One record, exactly, and all that is known of it.

use crate::records::{SIGNINS, archived, steady};
use crate::sandbox::assert_snapshot;

#[test]
fn exact_bytes_where_they_are_asked_for() {
    let sandbox = archived();
    let lines: Vec<_> = SIGNINS.lines().collect();
    let one = sandbox.run(["show", "test/signin@2", "-o", "raw"]).expect_code(0);
    assert_eq!((one.text(), one.stderr.as_str()), (lines[2], ""));
    let two = sandbox.run(["show", "test/signin@0", "test/signin@3", "--raw"]).expect_code(0);
    assert_eq!(two.text(), format!("{}\n{}", lines[0], lines[3]));
    assert_eq!(sandbox.run(["show", "test/lines@2", "--raw"]).stdout, b"\xffnot text\xfe");
}

#[test]
fn a_pipe_gets_a_line_for_each_record() {
    let sandbox = archived();
    let piped = sandbox.run(["show", "test/signin@3", "test/lines@2"]).expect_code(0);
    assert_eq!((piped.text().lines().count(), piped.text().ends_with('\n')), (2, true));
    assert_eq!(piped.text(), sandbox.run(["show", "test/signin@3", "test/lines@2", "-o", "json"]).text());
    assert!(piped.text().starts_with(r#"{"_id":"test/signin@3""#), "{}", piped.text());
}

#[test]
fn what_is_known_of_it() {
    let sandbox = archived();
    let text = sandbox.run(["show", "test/signin@2", "test/signin@3", "test/lines@0", "-o", "text"]).expect_code(0);
    let json = sandbox.run(["show", "test/signin@3", "test/lines@2", "-o", "json"]).expect_code(0);
    assert_snapshot("show", &format!("{}\n{}", steady(&text), steady(&json)));
    assert_eq!(json.text().lines().filter(|line| line.contains("\"leaf\":\"")).count(), 2);
}

#[test]
fn what_does_not_exist() {
    let sandbox = archived();
    let runs = [
        sandbox.run(["show", "test/signin@4"]).expect_code(1),
        sandbox.run(["show", "no/such@0"]).expect_code(1),
        sandbox.run(["show", "test/signin"]).expect_code(2),
        sandbox.run(["show"]).expect_code(2),
    ];
    assert_snapshot("show-missing", &runs.map(|run| run.transcript()).join("\n"));
}
