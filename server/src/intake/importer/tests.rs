//! Each record once, whatever happens: every form and compression, going on at every append, cuts, growth, rotation.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize};
use std::sync::{Arc, Mutex};

use super::*;
use crate::intake::summary::RejectedSource;

/// Stream, body, event time, id.
type Stored = (String, Vec<u8>, Timestamp, Option<Vec<u8>>);

/// An archive in memory. It can fail at a given append.
#[derive(Default)]
struct Memory {
    records: Vec<Stored>,
    cursors: HashMap<String, Vec<u8>>,
    appends: usize,
    fail_at: Option<usize>,
    rests: Arc<AtomicUsize>,
}

impl Sink for Memory {
    fn append(&mut self, append: &Append) -> Result<Vec<Appended>, SinkError> {
        self.appends += 1;
        if self.fail_at == Some(self.appends) {
            return Err("No space left on device".into());
        }
        self.cursors.extend(append.cursors.iter().map(|cursor| (cursor.name.clone(), cursor.value.clone())));
        let mut answers = Vec::new();
        for batch in &append.batches {
            for record in batch.iter() {
                let stream = batch.stream().to_string();
                self.records.push((stream, record.body.to_vec(), record.event, record.id.map(<[u8]>::to_vec)));
            }
            answers.push(Appended { stream: batch.stream().clone(), indexes: 0..0, duplicates: 0, versions: 0 });
        }
        Ok(answers)
    }

    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        Ok(self.cursors.get(name).cloned())
    }

    fn rest(&mut self) -> Result<(), SinkError> {
        self.rests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Memory {
    fn bodies(&self) -> Vec<String> {
        self.records.iter().map(|(_, body, _, _)| String::from_utf8_lossy(body).into_owned()).collect()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    options: ImportOptions,
    memory: Memory,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ImportOptions::new(folder.path().join(".rejected"));
        Self { folder, options, memory: Memory::default() }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&mut self, path: &Path) -> Result<Summary, ImportError> {
        self.import_origins(vec![Origin::Path(path.to_owned())])
    }

    fn import_origins(&mut self, origins: Vec<Origin>) -> Result<Summary, ImportError> {
        let stop = AtomicBool::new(false);
        // A clock on which every look is a second later makes every read a portion of its own.
        let ticks = AtomicI64::new(0);
        let clock = || Timestamp(ticks.fetch_add(1_000_000_000, Ordering::Relaxed));
        let surroundings = Surroundings { clock: &clock, sleep: &|_| {}, stop: &stop };
        import(origins, &self.options, &surroundings, &mut self.memory, &mut |_| {})
    }

    fn rejected(&self) -> Vec<serde_json::Value> {
        let Ok(files) = fs::read_dir(&self.options.rejected) else { return Vec::new() };
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame of one raw block: the format allows it, and no compressor is needed to write it.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x58".to_vec();
    let mut chunks = bytes.chunks(100_000).peekable();
    while let Some(chunk) = chunks.next() {
        let header = (chunk.len() as u32) << 3 | u32::from(chunks.peek().is_none());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(chunk);
    }
    frame
}

fn objects(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            format!(
                "{{\"ts\": {}, \"n\" : {n}, \"text\":\"{}\"}}",
                1_725_318_000_000_i64 + n as i64,
                "x".repeat(n % 90)
            )
        })
        .collect()
}

#[test]
fn every_form_in_every_compression() {
    let elements = objects(700);
    let forms = [
        elements.join("\n") + "\n",
        elements.concat(),
        format!("[{}]", elements.join(" ,\n")),
        format!("{{\"records\":[{}]}}", elements.join(",")),
        format!("{{\"@odata.context\":\"x\",\"value\":[{}],\"@odata.nextLink\":\"y\"}}", elements.join(",")),
        elements.iter().map(|element| format!("{{\"records\":[{element}]}}\r\n")).collect(),
    ];
    for form in &forms {
        for packed in [form.clone().into_bytes(), gzip(form.as_bytes()), zstd(form.as_bytes())] {
            let mut bench = Bench::new();
            let path = bench.write("input", &packed);
            let summary = bench.import(&path).unwrap();
            assert!(!summary.is_partial(), "{summary:?}");
            assert_eq!(bench.memory.bodies(), elements);
            assert!(bench.memory.records.iter().all(|(stream, ..)| stream == "unknown/json"));
            assert_eq!(bench.memory.records[5].2, Timestamp(1_725_318_000_005_000_000));
            assert_eq!((summary.records, summary.without_time), (700, 0));
            assert_eq!(bench.import(&path).unwrap().records, 0, "again");
            let streamed = Origin::Stream { name: "-".to_owned(), reader: Box::new(io::Cursor::new(packed)) };
            assert_eq!(bench.import_origins(vec![streamed]).unwrap().records, 700);
        }
    }
}

#[test]
fn going_on_after_a_failure_at_every_append_takes_each_record_once() {
    let elements = objects(60_000);
    for form in [elements.join("\n"), format!("[{}]", elements.join(",")), format!("oops\n{}", elements.join("\n"))] {
        for packed in [false, true] {
            let bytes = if packed { gzip(form.as_bytes()) } else { form.clone().into_bytes() };
            let mut bench = Bench::new();
            let path = bench.write("input", bytes);
            let (mut failures, mut rejected) = (0, 0);
            // Every run fails at its second append.
            loop {
                bench.memory.fail_at = Some(bench.memory.appends + 2);
                match bench.import(&path) {
                    Ok(summary) => {
                        rejected += summary.rejected;
                        break;
                    }
                    Err(error) => {
                        assert!(matches!(error.kind, ImportErrorKind::Sink(_)));
                        assert!(error.to_string().contains("run the same command again"));
                        failures += 1;
                        rejected += error.summary.rejected;
                    }
                }
            }
            assert!(failures > 2, "{failures}");
            assert_eq!(bench.memory.bodies(), elements);
            assert_eq!(rejected, u64::from(form.starts_with("oops")));
        }
    }
}

#[test]
fn what_is_no_json_is_kept_aside_once_and_located() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", "{\"a\":1}\noops\n\n{\"b\":2}\n{\"c\":\n");
    let summary = bench.import(&path).unwrap();
    assert_eq!(bench.memory.bodies(), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!((summary.rejected, summary.skipped_empty, summary.unfinished.len()), (2, 1, 1));
    assert!(summary.is_partial());
    let rejected = bench.rejected();
    let found: Vec<_> =
        rejected.iter().map(|r| (r["offset"].as_u64(), r["line"].as_u64(), r["text"].as_str())).collect();
    assert_eq!(found, [(Some(8), Some(2), Some("oops")), (Some(22), Some(5), Some("{\"c\":\n"))]);
    assert_eq!(rejected[0]["source"].as_str(), path.to_str());
    // Again: nothing new is rejected, but the end is still missing.
    let summary = bench.import(&path).unwrap();
    assert_eq!((summary.records, summary.rejected, summary.unfinished.len()), (0, 0, 1));
    // The rest of the last record arrives.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"3}\n{\"d\":4}\n").unwrap();
    let summary = bench.import(&path).unwrap();
    assert_eq!((summary.records, summary.rejected, summary.rejected_before, summary.unfinished.len()), (2, 0, 1, 0));
    assert_eq!(bench.memory.bodies()[2..], ["{\"c\":\n3}", "{\"d\":4}"]);
    assert_eq!(bench.rejected().len(), 2);
}

#[test]
fn a_cut_at_every_byte_loses_nothing_before_it_and_the_whole_file_adds_the_rest() {
    let elements = objects(12);
    let text = elements.join("\n");
    for packed in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        for cut in 4..packed.len() {
            let mut bench = Bench::new();
            let path = bench.write("a.gz", &packed[..cut]);
            let summary = bench.import(&path).unwrap();
            assert_eq!(bench.memory.bodies(), elements[..bench.memory.records.len()], "{cut}");
            assert_eq!((summary.unfinished.len(), summary.rejected), (1, 1), "{cut}");
            assert_eq!(bench.import(&path).unwrap().rejected, 0, "{cut}");
            fs::write(&path, &packed).unwrap();
            assert!(!bench.import(&path).unwrap().is_partial(), "{cut}");
            assert_eq!(bench.memory.bodies(), elements, "{cut}");
        }
    }
}

#[test]
fn a_cut_line_of_text_is_not_taken_for_a_line() {
    let mut bench = Bench::new();
    let text = "one line\nanother line\n".repeat(50);
    let packed = gzip(text.as_bytes());
    let path = bench.write("a.log.gz", &packed[..packed.len() - 9]);
    bench.import(&path).unwrap();
    assert!(bench.memory.bodies().iter().all(|line| line == "one line" || line == "another line"));
    fs::write(&path, &packed).unwrap();
    bench.import(&path).unwrap();
    assert_eq!(bench.memory.bodies().join("\n") + "\n", text);
    assert!(bench.memory.records.iter().all(|(stream, ..)| stream == "text/a"));
}

#[test]
fn files_are_known_again() {
    let elements = objects(300);
    let (front, all) = (elements[..200].join("\n") + "\n", elements.join("\n") + "\n");
    let mut bench = Bench::new();
    let path = bench.write("a.json", &front);
    assert_eq!(bench.import(&path).unwrap().records, 200);
    // It grows, is renamed, copied, compressed.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&all.as_bytes()[front.len()..]).unwrap();
    assert_eq!(bench.import(&path).unwrap().records, 100);
    let renamed = bench.folder.path().join("b.json");
    fs::rename(&path, &renamed).unwrap();
    let copy = bench.write("c.json", &all);
    let packed = bench.write("d.gz", gzip(all.as_bytes()));
    for path in [renamed, copy, packed] {
        let summary = bench.import(&path).unwrap();
        assert_eq!((summary.records, summary.known), (0, 1), "{path:?}");
    }
    // Another file that begins in the same way, but is another one before the place reached.
    let other = bench.write("e.json", all.replace("\"n\" : 299", "\"n\" : 777") + "{}\n");
    assert_eq!(bench.import(&other).unwrap().records, 301);
    // A file replaced by another one of the same name, without changing the inode.
    fs::write(&other, "{\"new\":1}\n").unwrap();
    assert_eq!(bench.import(&other).unwrap().records, 1);
    // The same file for another stream is another import.
    bench.options.overrides.stream = Some("x/y".parse().unwrap());
    assert_eq!(bench.import(&other).unwrap().records, 1);
    assert_eq!(bench.memory.records.last().unwrap().0, "x/y");
}

/// Same first 4 KiB, same length, same end; one byte between them differs, in another file and in the same one.
#[test]
fn files_that_differ_only_in_the_middle_are_both_taken() {
    let elements = objects(300);
    let all = elements.join("\n") + "\n";
    let other = all.replace("\"n\" : 150,", "\"n\" : 151,");
    assert!(all.len() == other.len() && all[..4096] == other[..4096] && all != other);
    for packed in [false, true] {
        let pack = |text: &str| if packed { gzip(text.as_bytes()) } else { text.as_bytes().to_vec() };
        let mut bench = Bench::new();
        let first = bench.write("monday", pack(&all));
        let second = bench.write("tuesday", pack(&other));
        for (path, records, known) in [(&first, 300, 0), (&second, 300, 0), (&first, 0, 1), (&second, 0, 1)] {
            let summary = bench.import(path).unwrap();
            assert_eq!((summary.records, summary.known), (records, known), "{path:?}");
        }
        // Written over in its place it keeps its inode.
        fs::write(&first, pack(&all.replace("\"n\" : 160,", "\"n\" : 161,"))).unwrap();
        assert_eq!(bench.import(&first).unwrap().records, 300);
    }
}

#[test]
fn stopped_before_the_end_is_not_complete() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", objects(10).join("\n"));
    let stop = AtomicBool::new(true);
    let surroundings = Surroundings { clock: &|| Timestamp(0), sleep: &|_| {}, stop: &stop };
    let origins = || vec![Origin::Path(path.clone())];
    let summary = import(origins(), &bench.options, &surroundings, &mut bench.memory, &mut |_| {}).unwrap();
    assert!(summary.stopped && summary.cut_short && summary.is_partial(), "{summary:?}");
    assert_eq!(bench.import(&path).unwrap().records, 10);
}

#[test]
fn records_of_any_bytes_with_their_lengths() {
    let records: [&[u8]; 6] = [b"", b" \n blank \r\n", b"{\n\"ts\":1725318000}", b" {}", b"\xff\x00", b"7\n7"];
    let framed = |records: &[&[u8]]| -> Vec<u8> {
        records.iter().flat_map(|r| [format!("{}\n", r.len()).as_bytes(), r, b"\n"].concat()).collect()
    };
    let bench = || {
        let mut bench = Bench::new();
        bench.options.form = Form::Lengths;
        bench.options.overrides.stream = Some("a/b".parse().unwrap());
        bench
    };
    let whole = framed(&records);
    for cut in 0..=whole.len() {
        let mut bench = bench();
        let path = bench.write("a.records", &whole[..cut]);
        bench.import(&path).unwrap();
        fs::write(&path, &whole).unwrap();
        assert!(!bench.import(&path).unwrap().is_partial(), "{cut}");
        let bodies: Vec<_> = bench.memory.records.iter().map(|(_, body, ..)| body.as_slice()).collect();
        assert_eq!(bodies, records, "{cut}");
        assert_eq!(bench.memory.records[2].2, Timestamp(1_725_318_000_000_000_000));
    }
    for wrong in ["x\n", "1\nabc\n", "-1\n", "18446744073709551616\n", "1 \na\n", "\n\n"] {
        let mut bench = bench();
        let path = bench.write("a.records", [framed(&records[..2]), wrong.into()].concat());
        let summary = bench.import(&path).unwrap();
        assert_eq!((summary.records, summary.rejected), (2, 1), "{wrong}");
    }
}

/// Real records, where they lie beside the project: a record is a line, and its bytes are the line's.
#[test]
fn real_records_keep_their_bytes() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    for file in crate::intake::walk::files(folder).into_iter().filter(|file| file.bytes.is_ok()) {
        if !file.path.extension().is_some_and(|name| name == "jsonl" || name == "log") {
            continue;
        }
        let bytes = fs::read(&file.path).unwrap();
        let lines: Vec<_> = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
        let mut bench = Bench::new();
        bench.options.overrides.stream = Some("all/records".parse().unwrap());
        let packed = bench.write("packed.gz", gzip(&bytes));
        for path in [file.path, packed] {
            bench.memory = Memory::default();
            let summary = bench.import(&path).unwrap();
            assert!(!summary.is_partial(), "{path:?}: {summary:?}");
            let bodies = bench.memory.records.iter().map(|(_, body, ..)| body.as_slice());
            assert!(bodies.eq(lines.iter().copied()), "{path:?}");
        }
    }
}

#[test]
fn a_folder_with_unreadable_things() {
    let mut bench = Bench::new();
    bench.write("b.json", "{\"b\":1}");
    bench.write("a.log", "2024-09-02T23:00:00Z started\n");
    bench.write("c.json", "");
    std::os::unix::fs::symlink("nowhere", bench.folder.path().join("d")).unwrap();
    std::os::unix::fs::symlink(bench.folder.path().join("b.json"), bench.folder.path().join("e")).unwrap();
    let folder = bench.folder.path().to_owned();
    let summary = bench.import(&folder).unwrap();
    assert_eq!(bench.memory.bodies(), ["2024-09-02T23:00:00Z started", "{\"b\":1}"]);
    assert_eq!(bench.memory.records[0].2, Timestamp(1_725_318_000_000_000_000));
    assert_eq!((summary.inputs, summary.rejected, summary.unfinished.len()), (4, 1, 1));
    assert!(summary.unfinished[0].source.ends_with('d'));
    assert_eq!(summary.streams.keys().map(|s| s.as_str()).collect::<Vec<_>>(), ["text/a", "unknown/json"]);
}

#[test]
fn an_array_that_grows_is_gone_on_with() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", "{\"value\":[{\"a\":1},{\"b\":2}");
    assert_eq!(bench.import(&path).unwrap().records, 2);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b",{\"c\":3}],\"nextLink\":1}{\"d\":4}")
        .unwrap();
    let summary = bench.import(&path).unwrap();
    assert_eq!((summary.records, summary.is_partial()), (2, false));
    assert_eq!(bench.memory.bodies(), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"d\":4}"]);
}

#[test]
fn odd_records_are_taken_and_counted() {
    let mut bench = Bench::new();
    let deep = format!("{{\"ts\":1725318000,\"a\":{}{}}}", "[".repeat(600), "]".repeat(600));
    let path = bench.write("a.json", [deep.as_bytes(), b"\n{\"a\":\"\xff\"}\n{\"a\":\"\xc3\xa4\"}\n"].concat());
    let summary = bench.import(&path).unwrap();
    assert_eq!((summary.records, summary.opaque, summary.without_time, summary.rejected), (3, 2, 2, 0));
    assert_eq!(bench.memory.records[1].1, b"{\"a\":\"\xff\"}");
}

#[test]
fn a_folder_for_rejected_records_that_cannot_be_written_stops_before_anything_is_lost() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", "{\"a\":1}\noops\n");
    bench.options.rejected = bench.write("file", "x").join("rejected");
    let error = bench.import(&path).unwrap_err();
    assert!(matches!(error.kind, ImportErrorKind::Rejected { .. }));
    assert!(bench.memory.records.is_empty() && bench.memory.cursors.is_empty());
}

type Step = Box<dyn Fn(&Path) + Send>;

/// What happens to a followed file, one step each time the import waits.
fn follow(steps: Vec<Step>, first: Option<&str>) -> Vec<String> {
    let mut bench = Bench::new();
    bench.options.follow = Some(Duration::from_millis(1));
    let path = bench.folder.path().join("a.log");
    if let Some(first) = first {
        fs::write(&path, first).unwrap();
    }
    let stop = AtomicBool::new(false);
    let steps = Mutex::new(steps.into_iter());
    let sleep = |_| match steps.lock().unwrap().next() {
        Some(step) => step(&path),
        None => stop.store(true, Ordering::Relaxed),
    };
    let surroundings = Surroundings { clock: &|| Timestamp(0), sleep: &sleep, stop: &stop };
    let summary =
        import(vec![Origin::Path(path.clone())], &bench.options, &surroundings, &mut bench.memory, &mut |_| {})
            .unwrap();
    assert!(summary.stopped && !summary.is_partial(), "{summary:?}");
    // All of it is known afterwards.
    bench.options.follow = None;
    let before = bench.memory.records.len();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\n\"last\"\n").unwrap();
    bench.import(&path).unwrap();
    assert_eq!(bench.memory.bodies()[before..].last().unwrap(), "\"last\"");
    bench.memory.bodies()[..before].to_vec()
}

fn append(text: &'static str) -> Step {
    Box::new(move |path| {
        fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    })
}

fn rename() -> Step {
    Box::new(|path| fs::rename(path, path.with_extension("1")).unwrap())
}

#[test]
fn a_growing_file_is_followed() {
    let steps = vec![append("two\nthr"), append("ee"), append("\nfour\nfiv")];
    assert_eq!(follow(steps, Some("one\n")), ["one", "two", "three", "four"]);
    let steps = vec![append("{\"a\":1}\n{\"b\""), append(":2}"), append("\n{\"c\":3}\n")];
    assert_eq!(follow(steps, None), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
}

#[test]
fn rotation_is_followed() {
    let late: Step = Box::new(|path| append("late\n")(&path.with_extension("1")));
    let steps = vec![append("two\n"), rename(), late, append("three\n"), append("four\n")];
    assert_eq!(follow(steps, Some("one\n")), ["one", "two", "late", "three", "four"]);
    let cut: Step = Box::new(|path| fs::write(path, "new\n").unwrap());
    assert_eq!(
        follow(vec![append("two, and more\n"), cut, append("x\n")], Some("one\n")),
        ["one", "two, and more", "new", "x"]
    );
    let same: Step = Box::new(|path| {
        fs::rename(path, path.with_extension("1")).unwrap();
        fs::write(path, "one\n").unwrap();
    });
    assert_eq!(follow(vec![same], Some("one\n")), ["one", "one"]);
}

#[test]
fn the_sink_rests_once_whenever_a_followed_file_is_quiet() {
    let mut bench = Bench::new();
    bench.options.follow = Some(Duration::from_millis(1));
    bench.options.rest_after = Duration::from_millis(5);
    let path = bench.write("a.log", "one\n");
    let (stop, rests) = (AtomicBool::new(false), Arc::clone(&bench.memory.rests));
    let (waits, grown) = (AtomicUsize::new(0), AtomicBool::new(false));
    let sleep = |_| {
        std::thread::sleep(Duration::from_millis(1));
        match (rests.load(Ordering::Relaxed), grown.load(Ordering::Relaxed)) {
            (1, false) => {
                append("two\n")(&path);
                grown.store(true, Ordering::Relaxed);
            }
            // It has rested twice: were it to rest without an append between, it would within these waits.
            (2.., true) if waits.fetch_add(1, Ordering::Relaxed) > 30 => stop.store(true, Ordering::Relaxed),
            _ => {}
        }
    };
    let surroundings = Surroundings { clock: &|| Timestamp(0), sleep: &sleep, stop: &stop };
    let origins = vec![Origin::Path(path.clone())];
    import(origins, &bench.options, &surroundings, &mut bench.memory, &mut |_| {}).unwrap();
    assert_eq!((bench.memory.bodies(), rests.load(Ordering::Relaxed)), (vec!["one".to_owned(), "two".to_owned()], 2));
}

#[test]
fn what_holds_no_text_is_refused_as_a_whole_and_told_each_time() {
    let utf_16: Vec<u8> = "2024-09-02 one\r\ntwo\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".to_vec(), utf_16.clone()].concat();
    let binary: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_769) >> 11) as u8).collect();
    for (bytes, form, reason) in [
        (&utf_16, Form::Auto, "looks like UTF-16: convert it first, iconv -f UTF-16LE"),
        (&marked, Form::Auto, "looks like UTF-16: convert it first, iconv -f UTF-16 "),
        (&marked, Form::Json, "looks like UTF-16"),
        (&binary, Form::Auto, "looks binary"),
    ] {
        let mut bench = Bench::new();
        bench.options.form = form;
        let path = bench.write("a", bytes);
        for rejected in [1, 0] {
            let summary = bench.import(&path).unwrap();
            assert_eq!((summary.records, summary.rejected, summary.known), (0, rejected, 0), "{reason}");
            let told = &summary.unfinished[0];
            assert!(told.offset == 0 && told.reason.starts_with(reason), "{told:?}");
            assert!(told.reason.contains("--form text"));
        }
        let kept = bench.rejected();
        assert_eq!((kept.len(), kept[0]["length"].as_u64()), (1, Some(bytes.len() as u64)));
        // Another such file at the same place is another one.
        fs::write(&path, [&bytes[..], &bytes[..]].concat()).unwrap();
        assert_eq!(bench.import(&path).unwrap().rejected, 1);
        fs::write(&path, bytes).unwrap();
        // A stream is not there the next time.
        for _ in 0..2 {
            let stream = Origin::Stream { name: "-".to_owned(), reader: Box::new(io::Cursor::new(bytes.clone())) };
            assert_eq!(bench.import_origins(vec![stream]).unwrap().rejected, 1);
        }
        bench.options.form = Form::Text;
        let summary = bench.import(&path).unwrap();
        assert!(summary.records > 0 && !summary.is_partial(), "{summary:?}");
    }
}

#[test]
fn what_was_not_taken_is_told_by_its_source() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        bench.write(name, format!("{{\"{name}\":1}}\noops\n{{\"a\":2}}\nagain\n"));
    }
    let folder = bench.folder.path().to_owned();
    let summary = bench.import(&folder).unwrap();
    assert_eq!((summary.rejected, summary.rejected_sources.len()), (12, 5));
    let first = RejectedSource {
        source: folder.join("a").display().to_string(),
        line: 2,
        reason: "is no JSON value".to_owned(),
        count: 2,
    };
    assert_eq!(summary.rejected_sources[0], first);
}

#[test]
fn a_stream_that_stands_still_is_appended() {
    let mut bench = Bench::new();
    bench.options.patience = Duration::from_millis(1);
    let (reader, mut writer) = io::pipe().unwrap();
    let stop = AtomicBool::new(false);
    writer.write_all(b"{\"a\":1}\n{\"b\"").unwrap();
    let surroundings = Surroundings { clock: &|| Timestamp(0), sleep: &|_| {}, stop: &stop };
    let origins = vec![Origin::Stream { name: "-".to_owned(), reader: Box::new(reader) }];
    // The first progress comes although the writer holds the pipe open; then the import is told to stop.
    let summary = import(origins, &bench.options, &surroundings, &mut bench.memory, &mut |progress| {
        assert_eq!(progress.records, 1);
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!((summary.unwrap().records, bench.memory.bodies()), (1, vec!["{\"a\":1}".to_owned()]));
    drop(writer);
}

#[test]
fn what_an_earlier_run_could_not_take_is_told_again() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", "{\"a\":1}\noops\n{\"b\":2}\n");
    assert_eq!(bench.import(&path).unwrap().rejected, 1);
    let again = bench.import(&path).unwrap();
    assert_eq!((again.rejected, again.rejected_before, again.known), (0, 1, 1));
    assert!(again.is_partial());
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"oops again\n{}\n").unwrap();
    let grown = bench.import(&path).unwrap();
    assert_eq!((grown.rejected, grown.rejected_before, grown.records), (1, 1, 1));
    assert_eq!(bench.import(&path).unwrap().rejected_before, 2);
    assert_eq!(bench.rejected().len(), 2);
}

#[test]
fn a_file_imported_with_other_options_is_told() {
    let mut bench = Bench::new();
    let path = bench.write("a.json", "{\"when\":\"2024-09-02T23:00:00Z\"}\n");
    let first = bench.import(&path).unwrap();
    assert!(first.taken_otherwise.is_empty() && first.known_otherwise.is_empty());
    // Another stream: it comes in again, and that is said.
    bench.options.overrides.stream = Some("x/y".parse().unwrap());
    let second = bench.import(&path).unwrap();
    assert_eq!((second.records, second.taken_otherwise.len()), (1, 1));
    assert_eq!(second.taken_otherwise[0].options, "no options");
    // Only another time: nothing comes in, and that is said.
    bench.options.overrides.time = Some("when".parse().unwrap());
    let third = bench.import(&path).unwrap();
    assert_eq!((third.records, third.known, third.known_otherwise.len()), (0, 1, 1));
    assert_eq!(third.known_otherwise[0].options, "--stream x/y");
    // Another file that begins in the same way is no such file.
    let other = bench.write("b.json", "{\"when\":\"2024-09-02T23:00:01Z\"}\n");
    bench.options.overrides.stream = None;
    assert!(bench.import(&other).unwrap().taken_otherwise.is_empty());
}

#[test]
fn lines_without_a_time_have_that_of_the_line_before() {
    let mut bench = Bench::new();
    let path = bench.write("a.log", "  no time yet\n2024-09-02T23:00:00Z boom\n  at main\n");
    let summary = bench.import(&path).unwrap();
    assert_eq!((summary.lines_without_time, summary.without_time), (1, 0));
    // Also those that a later run reads.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"  at start\n").unwrap();
    assert_eq!(bench.import(&path).unwrap().lines_without_time, 0);
    let times: Vec<_> = bench.memory.records.iter().skip(1).map(|(_, _, time, _)| *time).collect();
    assert_eq!(times, [Timestamp(1_725_318_000_000_000_000); 3]);
}

#[test]
fn records_without_the_named_id_are_counted() {
    let mut bench = Bench::new();
    bench.options.overrides.id = Some("idd".parse().unwrap());
    let path = bench.write("a.json", "{\"id\":1}\n{\"idd\":2}\n");
    assert_eq!(bench.import(&path).unwrap().without_id, 1);
}

#[test]
fn a_folder_without_files_is_no_success() {
    let mut bench = Bench::new();
    let folder = bench.folder.path().join("empty");
    fs::create_dir(&folder).unwrap();
    let summary = bench.import(&folder).unwrap();
    assert_eq!(summary.unfinished.len(), 1);
    assert!(summary.is_partial() && bench.rejected().is_empty());
}

#[test]
fn a_named_pipe_that_nobody_writes_can_be_stopped() {
    let mut bench = Bench::new();
    let path = bench.folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let stop = AtomicBool::new(true);
    bench.options.patience = Duration::from_millis(1);
    let surroundings = Surroundings { clock: &|| Timestamp(0), sleep: &|_| {}, stop: &stop };
    let summary =
        import(vec![Origin::Path(path)], &bench.options, &surroundings, &mut bench.memory, &mut |_| {}).unwrap();
    assert!(summary.cut_short);
    // Stopped while it waits, not before.
    stop.store(false, Ordering::Relaxed);
    let path = bench.folder.path().join("fifo");
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            stop.store(true, Ordering::Relaxed);
        });
        import(vec![Origin::Path(path)], &bench.options, &surroundings, &mut bench.memory, &mut |_| {}).unwrap()
    });
    assert!(summary.cut_short);
}
