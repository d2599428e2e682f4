//! The list of streams: counts, sizes, times, and hours without an event.

use crate::records::{archived, steady};
use crate::sandbox::{Sandbox, assert_snapshot};

#[test]
fn streams_are_listed() {
    let sandbox = archived();
    let table = sandbox.run(["streams"]).expect_code(0);
    let json = sandbox.run(["streams", "--in", "*/signin", "-o", "json"]).expect_code(0);
    assert_snapshot("streams", &format!("{}\n{}", steady(&table), steady(&json)));
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
