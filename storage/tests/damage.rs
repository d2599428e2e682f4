//! Every byte of a small archive's files is changed, one at a time: verify or opening says so, and no read gives a wrong
//! answer as if it were right.
//!
//! `LOGKEEP_FLIP_STRIDE` sets how many bytes are skipped after each (1: none); `LOGKEEP_FLIP_SEED` where to begin.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use logkeep_storage::{Append, Archive, RecordId, verify};

use crate::sandbox::{Sandbox, append, batch, bodies, cursor, numbered, options, stream};

/// Files of RocksDB that nothing is read from: its log for people, the list of its options, empty lock files.
const NOT_READ: [&str; 3] = ["LOG", "OPTIONS-", "LOCK"];

/// The problem of damage that nothing complains of, while all answers are right.
const SILENT: &str = "nothing noticed";

/// What reading gives.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answers {
    streams: Vec<(String, Vec<Vec<u8>>)>,
    cursor: Option<Vec<u8>>,
}

fn answers(archive: &Archive) -> Answers {
    let streams = ["a/b", "c/d"].map(|name| (name.to_owned(), bodies(archive, name)));
    Answers { streams: streams.to_vec(), cursor: archive.cursor("file").unwrap() }
}

/// Where a changed byte went unnoticed, or what was read wrong.
fn check(path: &Path, expected: &Answers) -> Result<(), String> {
    let Ok(archive) = Archive::open(path, &options()) else { return Ok(()) };
    let mut complained = !archive.lost().is_empty();
    for (name, expected) in &expected.streams {
        let mut next = 0;
        for record in archive.records(&stream(name), 0..u64::MAX) {
            match record {
                Err(_) => complained = true,
                Ok(record) => {
                    let index = record.id.index as usize;
                    if index < next || expected.get(index) != Some(&record.body) {
                        return Err(format!("{name}@{index} is wrong"));
                    }
                    complained |= index != next;
                    next = index + 1;
                }
            }
        }
        let id = RecordId { stream: stream(name), index: 2 };
        match archive.record(&id) {
            Ok(Some(record)) if record.body != expected[2] => return Err(format!("{id} is wrong")),
            _ => {}
        }
        if next != expected.len() && !complained {
            return Err(format!("{name} ends at {next} without a word"));
        }
    }
    match archive.cursor("file") {
        Ok(cursor) if cursor != expected.cursor && !complained => return Err("the cursor is wrong".to_owned()),
        _ => {}
    }
    let found = verify(&archive, None, None, &mut |_| {});
    let silent =
        found.is_ok_and(|found| found.damage.is_empty() && found.notes.is_empty() && found.unchecked.is_empty());
    if silent { Err(SILENT.to_owned()) } else { Ok(()) }
}

fn fill(sandbox: &Sandbox) -> logkeep_storage::Writer {
    let mut writer = sandbox.create();
    append(&mut writer, numbered("a/b", 0..12));
    writer.seal_tails().unwrap();
    let batches = vec![batch("c/d", &[b"x", b"", b"z"]), numbered("a/b", 12..15)];
    writer.append(&Append { batches, cursors: vec![cursor("file", "42")] }).unwrap();
    writer
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn is_read(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    !NOT_READ.iter().any(|prefix| name.starts_with(prefix))
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Flips one bit of every byte, or of every few bytes, on two threads with a copy each.
fn flip_all(sandbox: &Sandbox, expected: &Answers, stride: usize, seed: usize) {
    let root = sandbox.path();
    let mut places = Vec::new();
    for file in files(&root).into_iter().filter(|file| is_read(file)) {
        let length = fs::metadata(&file).unwrap().len() as usize;
        let file = file.strip_prefix(&root).unwrap().to_owned();
        places.extend((seed % stride..length).step_by(stride).map(|at| (file.clone(), at)));
    }
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let copy = sandbox.copy();
                while let Some((file, at)) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let path = copy.path().join(file);
                    let before = fs::read(&path).unwrap();
                    let mut changed = before.clone();
                    changed[*at] ^= 1 << (at % 8);
                    fs::write(&path, changed).unwrap();
                    if let Err(problem) = check(&copy.path(), expected) {
                        failures.lock().unwrap().push(format!("{} byte {at}: {problem}", file.display()));
                    }
                    fs::write(&path, before).unwrap();
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), places.len(), failures.join("\n"));
}

fn stride_and_seed() -> (usize, usize) {
    (number("LOGKEEP_FLIP_STRIDE", 11), number("LOGKEEP_FLIP_SEED", 0))
}

#[test]
fn a_changed_byte_in_an_archive_at_rest() {
    let sandbox = Sandbox::new();
    drop(fill(&sandbox));
    let expected = answers(&sandbox.reader());
    let found = verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap();
    assert_eq!((found.damage, found.notes), (vec![], vec![]));
    let (stride, seed) = stride_and_seed();
    flip_all(&sandbox, &expected, stride, seed);
}

#[test]
fn a_changed_byte_in_an_archive_after_a_crash() {
    let sandbox = Sandbox::new();
    let writer = fill(&sandbox);
    let crashed = sandbox.copy();
    drop(writer);
    let expected = answers(&crashed.reader());
    let (stride, seed) = stride_and_seed();
    flip_all(&crashed, &expected, stride, seed);
}

#[test]
fn a_removed_file_is_noticed() {
    let sandbox = Sandbox::new();
    drop(fill(&sandbox));
    let expected = answers(&sandbox.reader());
    for file in files(&sandbox.path()).into_iter().filter(|file| is_read(file)) {
        let copy = sandbox.copy();
        let name = file.strip_prefix(sandbox.path()).unwrap();
        fs::remove_file(copy.path().join(name)).unwrap();
        check(&copy.path(), &expected).unwrap_or_else(|problem| panic!("{} removed: {problem}", name.display()));
    }
}

#[test]
fn a_file_cut_short_is_noticed() {
    let sandbox = Sandbox::new();
    drop(fill(&sandbox));
    let expected = answers(&sandbox.reader());
    // The log of writes holds no record in an archive at rest; `crash.rs` cuts one that does.
    let is_log =
        |file: &Path| file.extension().is_some_and(|end| end == "log") && file.parent().unwrap().ends_with("db");
    for file in files(&sandbox.path()).into_iter().filter(|file| is_read(file) && !is_log(file)) {
        let copy = sandbox.copy();
        let name = file.strip_prefix(sandbox.path()).unwrap();
        let bytes = fs::read(&file).unwrap();
        // Behind the first few bytes any length is as good as any other.
        for length in (0..bytes.len()).filter(|length| *length < 8 || length % 61 == 0 || length + 4 > bytes.len()) {
            fs::write(copy.path().join(name), &bytes[..length]).unwrap();
            match check(&copy.path(), &expected) {
                // The end of the manifest may say no more than that a file moved to another level: all answers are
                // right and complete, and a later write says the same again.
                Err(problem) if problem == SILENT && name.to_string_lossy().contains("MANIFEST") => {}
                checked => checked.unwrap_or_else(|problem| panic!("{} cut at {length}: {problem}", name.display())),
            }
        }
    }
}

#[test]
fn two_files_swapped_are_noticed() {
    let sandbox = Sandbox::new();
    drop(fill(&sandbox));
    let expected = answers(&sandbox.reader());
    let tables: Vec<_> =
        files(&sandbox.path()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "sst")).collect();
    assert!(tables.len() > 3);
    for pair in tables.windows(2) {
        let copy = sandbox.copy();
        let place = |file: &Path| copy.path().join(file.strip_prefix(sandbox.path()).unwrap());
        fs::copy(&pair[0], place(&pair[1])).unwrap();
        fs::copy(&pair[1], place(&pair[0])).unwrap();
        check(&copy.path(), &expected).unwrap_or_else(|problem| panic!("{pair:?}: {problem}"));
    }
}
