//! The list of streams: counts, sizes, times, and hours without an event.

use crate::records::{archived, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

#[test]
fn streams_are_listed() {
    let sandbox = archived();
    let table = sandbox.run(["streams"]).expect_code(0);
    let all = sandbox.run(["streams", "-v"]).expect_code(0);
    let json = sandbox.run(["streams", "--in", "*/signin", "-o", "json"]).expect_code(0);
    assert_snapshot("streams", &format!("{}\n{}\n{}", steady(&table), steady(&all), steady(&json)));
}

#[test]
fn the_list_fits_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.run(["demo", "--scale", "0.1", "-q"]).expect_code(0);
    let table = sandbox.run(["streams", "--archive", "logkeep-demo/archive"]).expect_code(0);
    assert!(table.text().lines().count() > 10);
    let widest = table.text().lines().max_by_key(|line| line.len()).unwrap();
    assert!(widest.len() <= 100, "{widest}");
}

#[test]
fn there_may_be_none() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    let run = sandbox.run(["streams"]).expect_code(1);
    assert_eq!((run.text(), run.stderr.as_str()), ("", "the archive is empty; next: logkeep import FILE\n"));
    assert_eq!(sandbox.run(["streams", "-o", "json"]).expect_code(1).text(), "[]\n");
    assert_eq!(archived().run(["streams", "--in", "x"]).expect_code(1).stderr, "no such stream\n");
}
