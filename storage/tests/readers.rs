//! Readers of their own see what was acknowledged, while the writer goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use logkeep_storage::RecordId;

use crate::sandbox::{Sandbox, append, batch, bodies, numbered, stream};

#[test]
fn a_reader_sees_after_a_refresh_what_was_acknowledged() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    let reader = sandbox.reader();
    assert_eq!(bodies(&reader, "a/b"), [b"one"]);
    append(&mut writer, batch("a/b", &[b"two"]));
    append(&mut writer, batch("new/stream", &[b"three"]));
    reader.refresh().unwrap();
    assert_eq!(bodies(&reader, "a/b"), [b"one", b"two"]);
    assert_eq!(bodies(&reader, "new/stream"), [b"three".as_slice()]);
    assert_eq!(reader.lost(), []);
    assert_eq!(reader.head(&stream("a/b")).unwrap(), writer.archive().head(&stream("a/b")).unwrap());
}

#[test]
fn a_reader_keeps_up_with_blocks_ragged_blocks_and_reopened_writers() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let reader = sandbox.reader();
    let mut end = 0;
    for round in 0..12 {
        append(&mut writer, numbered("a/b", end..end + 700));
        end += 700;
        if round % 2 == 0 {
            writer.seal_tails().unwrap();
        }
        if round % 5 == 4 {
            drop(writer);
            writer = sandbox.open();
        }
        reader.refresh().unwrap();
        let expected: Vec<_> = numbered("a/b", 0..end).iter().map(|record| record.body.to_vec()).collect();
        let got = bodies(&reader, "a/b");
        assert!(got == expected, "round {round}: {} of {}, {:?}", got.len(), expected.len(), reader.lost());
        let last = RecordId { stream: stream("a/b"), index: end - 1 };
        assert!(reader.record(&last).unwrap().is_some());
    }
}

#[test]
fn a_handle_of_the_writer_reads_right_while_it_writes() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, numbered("a/b", 0..10));
    let (archive, follower) = (writer.archive(), sandbox.reader());
    let expected: Vec<_> = numbered("a/b", 0..20_000).iter().map(|record| record.body.to_vec()).collect();
    let done = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        for archive in [archive, follower] {
            let expected = &expected;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    archive.refresh().unwrap();
                    let got = bodies(&archive, "a/b");
                    assert!(got.len() >= 10 && got == expected[..got.len()], "{}", got.len());
                }
            });
        }
        for first in (10..20_000).step_by(333) {
            append(&mut writer, numbered("a/b", first..(first + 333).min(20_000)));
            writer.seal_tails().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn readers_write_nothing() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, numbered("a/b", 0..2000));
    let names = || {
        let database = std::fs::read_dir(sandbox.path().join("db")).unwrap();
        let all = std::fs::read_dir(sandbox.path()).unwrap().chain(database);
        let mut names: Vec<_> = all.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let reader = sandbox.reader();
    assert_eq!(bodies(&reader, "a/b").len(), 2000);
    assert_eq!(names(), before);
}

#[test]
fn an_iterator_goes_on_over_what_it_saw() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, numbered("a/b", 0..2000));
    let reader = sandbox.reader();
    let mut records = reader.records(&stream("a/b"), 0..u64::MAX);
    assert!(records.next().unwrap().is_ok());
    append(&mut writer, numbered("a/b", 2000..4000));
    reader.refresh().unwrap();
    assert_eq!(records.map(Result::unwrap).count(), 1999);
    assert_eq!(bodies(&reader, "a/b").len(), 4000);
}
