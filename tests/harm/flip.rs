//! Bytes of a small archive's files changed, one at a time: verify says so, and no search gives another answer than
//! the right one without a word.
//!
//! A sample of bytes of every file is changed; with `LOGKEEP_HARM_ALL=NAME` it is every byte of the files with NAME in
//! their path, with `LOGKEEP_HARM_ALL=all` of all files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use super::{Kept, Random, copy_folder};
use crate::sandbox::Run;

/// Changed bytes, in files that matter.
const FLIPS: usize = 300;
/// At least so many in each file.
const FLIPS_PER_FILE: usize = 6;
const WORKERS: usize = 2;
const FILTER: &str = "errorCode:50126";

/// Files whose bytes tell nothing about records: beginnings of their names, and why.
const HARMLESS: [(&str, &str); 9] = [
    (
        "verify.state",
        "derived: changed, it counts as if nothing had been read, storage/src/verify/coverage.rs tests it",
    ),
    ("LOCK", "is locked, never read"),
    ("db/LOCK", "is locked, never read"),
    ("db/LOG", "RocksDB's messages for people"),
    ("db/OPTIONS-", "written for tools; logkeep opens with its own options"),
    ("db/IDENTITY", "the database's name: it is in the MANIFEST as well, and nothing depends on it"),
    ("index/LOCK", "is locked, never read"),
    ("index/dictionary/.tantivy-", "is locked, never read"),
    ("index/dictionary/.managed.json", "tantivy's list of files to remove some day; the commit names its files itself"),
];
/// What answers depend on in tantivy's `meta.json`; a schema that is read as another one is refused.
const COMMIT: [&str; 2] = ["segments", "payload"];

/// One changed byte.
struct Flip {
    file: PathBuf,
    offset: usize,
    mask: u8,
}

/// What the whole archive answers.
struct Truth {
    found: Vec<u8>,
    everything: Vec<u8>,
}

#[test]
fn no_changed_byte_passes() {
    let mut random = Random::seeded("flip");
    let whole = archive(&mut random);
    whole.verify();
    let truth = Truth { found: whole.search(FILTER), everything: whole.search("*") };
    let flips = flips(&whole.archive, &mut random);
    println!("flip: {} bytes", flips.len());
    let (next, findings) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let scratch = Kept::new();
                scratch.sandbox.write("more", "one more line of text\n");
                while let Some((number, flip)) = claim(&flips, &next) {
                    for finding in harm(&scratch, &whole.archive, flip, &truth, number % 3 == 0) {
                        // At once: all bytes take long, and someone may stop it.
                        println!("{finding}");
                        let kind = kind(&flip.file);
                        findings.lock().unwrap().entry(kind).or_insert_with(Vec::new).push(finding);
                    }
                }
            });
        }
    });
    let findings = findings.into_inner().unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
}

/// An archive of sealed blocks, whole and not, with an index, and records that wait in the tail and in the log of
/// writes because the process that took them was killed.
fn archive(random: &mut Random) -> Kept {
    let kept = Kept::new();
    let signins: String = (0..1300).map(|_| random.signin(true)).collect();
    kept.sandbox.write("signins", signins);
    kept.run(["import", "signins", "--stream", "app/ids", "--time-path", "time", "--id-path", "id"]).expect_code(0);
    let text: String = (0..1100).map(|_| random.text()).collect();
    kept.sandbox.write("text", text);
    kept.run(["import", "text", "--stream", "host/text", "--form", "text"]).expect_code(0);
    kept.sandbox.write("tail", (0..60).map(|_| random.signin(false)).collect::<String>());
    let acknowledged = kept.acknowledged().values().sum::<u64>();
    let mut command = kept.sandbox.logkeep();
    command.arg("--archive").arg(&kept.archive);
    command.args(["-q", "import", "tail", "--stream", "app/tail", "--time-path", "time", "--follow"]);
    let mut child = command.spawn().expect("logkeep started");
    let started = Instant::now();
    while kept.acknowledged().values().sum::<u64>() < acknowledged + 60 {
        assert!(started.elapsed() < Duration::from_secs(60), "a followed file is not archived");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(kept.counts().get("app/tail"), Some(&60));
    kept
}

/// Every byte, or a sample: some of each file, the others where the bytes are.
fn flips(archive: &Path, random: &mut Random) -> Vec<Flip> {
    let files = files(archive, Path::new(""));
    let total: usize = files.iter().filter(|(file, _)| harmless(file).is_none()).map(|(_, length)| length).sum();
    let mut flips = Vec::new();
    for (file, length) in files {
        if let Ok(name) = env::var("LOGKEEP_HARM_ALL") {
            if name != "all" && !file.to_str().unwrap().contains(&name) {
                continue;
            }
            let all = (0..length).map(|offset| Flip { file: file.clone(), offset, mask: 1 << random.below(8) });
            flips.extend(all);
            continue;
        }
        let share = if harmless(&file).is_some() { 0 } else { length * FLIPS / total };
        for _ in 0..share.max(FLIPS_PER_FILE).min(length) {
            let (offset, mask) = (random.below(length as u64) as usize, 1 << random.below(8));
            flips.push(Flip { file: file.clone(), offset, mask });
        }
    }
    flips
}

fn files(archive: &Path, below: &Path) -> Vec<(PathBuf, usize)> {
    let mut files_found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(archive.join(below)).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, metadata) = (below.join(entry.file_name()), entry.metadata().unwrap());
        if metadata.is_dir() {
            files_found.extend(files(archive, &name));
        } else {
            files_found.push((name, metadata.len() as usize));
        }
    }
    files_found
}

fn claim<'a>(flips: &'a [Flip], next: &AtomicUsize) -> Option<(usize, &'a Flip)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    flips.get(number).map(|flip| (number, flip))
}

/// Changes the byte in a copy; what went unnoticed there.
fn harm(scratch: &Kept, whole: &Path, flip: &Flip, truth: &Truth, write: bool) -> Vec<String> {
    // What is removed is a copy made by this test.
    let _ = fs::remove_dir_all(&scratch.archive);
    copy_folder(whole, &scratch.archive);
    let path = scratch.archive.join(&flip.file);
    let mut bytes = fs::read(&path).unwrap();
    bytes[flip.offset] ^= flip.mask;
    fs::write(&path, &bytes).unwrap();
    let place = format!("{} byte {} of {} ^ {:#04x}", flip.file.display(), flip.offset, bytes.len(), flip.mask);
    let mut findings = Vec::new();
    let verified = run(scratch, &["verify", "--no-self-test", "--no-record"], &mut findings);
    let mut unnoticed = verified.code == Some(0) && harmless(&flip.file).is_none();
    if unnoticed && flip.file.starts_with("index") {
        let checked = run(scratch, &["index", "check"], &mut findings);
        unnoticed = checked.code == Some(0) && !harmless_in_index(flip, &bytes);
    }
    unnoticed &= !torn_end(flip, &bytes);
    if unnoticed {
        findings.push("verify: exit 0".to_owned());
    }
    search(scratch, FILTER, &truth.found, &mut findings);
    if !flip.file.starts_with("index") {
        search(scratch, "*", &truth.everything, &mut findings);
        if write {
            written(scratch, verified.code, &truth.everything, &mut findings);
        }
    }
    findings.into_iter().map(|finding| format!("{place}: {finding}")).collect()
}

/// The right answer, or words.
fn search(scratch: &Kept, filter: &str, expected: &[u8], findings: &mut Vec<String>) {
    let found = run(scratch, &["search", filter, "-o", "raw"], findings);
    let right = found.stdout == expected && found.code == Some(0);
    let marked = matches!(found.code, Some(2 | 3)) && !found.stderr.is_empty();
    if !right && !marked {
        findings.push(format!(
            "SILENT: search {filter}: {} bytes for {}: {:?} {}",
            found.stdout.len(),
            expected.len(),
            found.code,
            found.stderr
        ));
    }
}

/// A writer that opens the damaged archive must not make the damage disappear.
fn written(scratch: &Kept, verified: Option<i32>, everything: &[u8], findings: &mut Vec<String>) {
    let imported = run(scratch, &["import", "more", "--stream", "host/more", "--form", "text"], findings);
    let after = run(scratch, &["verify", "--no-self-test", "--no-record"], findings);
    if verified == Some(0) || after.code != Some(0) {
        return;
    }
    // It repaired itself, which is right only if everything is there.
    let all = run(scratch, &["search", "*", "--in", "app/*", "--in", "host/text", "-o", "raw"], findings);
    if all.code != Some(0) || all.stdout != everything {
        findings.push(format!(
            "SILENT: import ({:?}) hid the damage: {} bytes of {}",
            imported.code,
            all.stdout.len(),
            everything.len()
        ));
    }
}

/// Runs a command; that it panics or is killed is a finding.
fn run(scratch: &Kept, arguments: &[&str], findings: &mut Vec<String>) -> Run {
    let mut all = vec!["--archive", scratch.archive.to_str().unwrap()];
    all.extend(arguments);
    let run = scratch.sandbox.run(&all);
    if run.code.is_none_or(|code| code > 3) || run.stderr.contains("panicked") {
        findings.push(format!("{arguments:?}: {:?} {}", run.code, run.stderr));
    }
    run
}

fn harmless(file: &Path) -> Option<&'static str> {
    let name = file.to_str().unwrap();
    HARMLESS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, why)| *why)
}

/// Whether the byte is in the length of a record of a MANIFEST. RocksDB cannot tell that from an end that a crash has
/// torn, and goes on without that record and those behind it. It is unnoticed only where they tell nothing that any
/// answer needs: otherwise blocks or acknowledged records are missing, which verify finds (and the searches here).
fn torn_end(flip: &Flip, bytes: &[u8]) -> bool {
    let name = flip.file.to_str().unwrap();
    // The same is true of the last record of a log of writes; one that was acknowledged is in the ledger, and missed.
    let is_log = name.starts_with("db/") && name.ends_with(".log");
    let is_manifest = name.starts_with("db/MANIFEST-");
    // CRC32 (4 bytes), length (2), kind (1); the MANIFEST of a small archive is shorter than one block of its format.
    let mut at = 0;
    while (is_manifest || is_log) && at + 7 <= bytes.len() {
        if (at + 4..at + 6).contains(&flip.offset) {
            let end = at + 7 + usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
            return is_manifest || end > bytes.len();
        }
        at += 7 + usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
    }
    false
}

/// Whether the byte tells nothing of what is indexed: tantivy's own version at the end of each of its files, and in
/// `meta.json` what is not part of the commit.
fn harmless_in_index(flip: &Flip, bytes: &[u8]) -> bool {
    let mut before = bytes.to_vec();
    before[flip.offset] ^= flip.mask;
    if flip.file.ends_with("meta.json") {
        return commit(&before).is_some_and(|before| commit(bytes) == Some(before));
    }
    let last = |text: &[u8]| before.windows(text.len()).rposition(|found| found == text).unwrap_or(usize::MAX);
    (last(b"{\"version\":")..last(b",\"crc\":")).contains(&flip.offset)
}

/// The commit that a `meta.json` describes, without what is null; ids of segments may be written in capitals.
fn commit(bytes: &[u8]) -> Option<Vec<serde_json::Value>> {
    let mut meta: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    for segment in meta["segments"].as_array_mut()? {
        segment.as_object_mut()?.retain(|_, value| !value.is_null());
        segment["segment_id"] = segment["segment_id"].as_str()?.to_ascii_lowercase().into();
    }
    Some(COMMIT.iter().map(|key| meta[*key].clone()).collect())
}

/// The kind of a file, without what differs from archive to archive.
fn kind(file: &Path) -> String {
    let ending = file.extension().map(|ending| ending.to_string_lossy().into_owned());
    let folder = file.parent().unwrap().display();
    match ending {
        Some(ending) => format!("{folder}/*.{ending}"),
        None => file.display().to_string().trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned(),
    }
}
