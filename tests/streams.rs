//! The list of streams: counts, sizes, times, and hours without an event.

use crate::records::{archived, steady};
use crate::sandbox::{Run, Sandbox, assert_snapshot};

#[test]
fn streams_are_listed() {
    let sandbox = archived();
    let table = sandbox.run(["streams"]).expect_code(0);
    let all = sandbox.run(["streams", "-v"]).expect_code(0);
    let json = sandbox.run(["streams", "--in", "*/signin", "-o", "json"]).expect_code(0);
    let text = format!("{}\n{}\n{}", steady(&table), steady(&all), steady(&json));
    assert_snapshot("streams", &without_stored_bytes(&text, &sandbox.run(["streams", "-o", "json"])));
}

/// A block takes a byte more or less with the time at which its records were received.
fn without_stored_bytes(text: &str, all: &Run) -> String {
    let streams: Vec<serde_json::Value> = serde_json::from_slice(&all.stdout).expect("JSON");
    let mut stored: Vec<u64> = streams.iter().map(|stream| stream["bytes_stored"].as_u64().expect("bytes")).collect();
    stored.push(stored.iter().sum());
    stored.into_iter().fold(text.to_owned(), |text, bytes| {
        text.replace(&format!(" {bytes} B"), " [n] B").replace(&format!("bytes_stored\":{bytes}"), "bytes_stored\":[n]")
    })
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
