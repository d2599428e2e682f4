//! Input that is cut, torn, too large or no input at all: what cannot be taken is put aside with its place and the
//! reason, everything else is archived byte for byte, and the same command again takes and rejects nothing twice.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Kept, Random};
use crate::sandbox::Run;

/// Largest record, in bytes.
const RECORD_BYTES_MAX: usize = 64 << 20;

#[test]
fn a_cut_file_goes_on_when_it_is_whole() {
    let mut random = Random::seeded("bad input: cut");
    for pack in [gzip, zstd] {
        let kept = Kept::new();
        let text: String = (0..400).map(|_| random.signin(false)).collect();
        let packed = pack(text.as_bytes());
        let cut = packed.len() / 3 + random.below(packed.len() as u64 / 2) as usize;
        let path = kept.sandbox.write("in", &packed[..cut]);
        let run = import(&kept, "in").expect_code(3);
        let taken = count(&run, "records");
        assert!(taken > 0 && taken < 400, "{}", run.transcript());
        assert!(run.stderr.contains("taken up to byte"), "{}", run.transcript());
        let exported = kept.export("bad/input");
        assert!(text.as_bytes().starts_with(&exported) && exported.ends_with(b"\n"));
        // The cut may stand just before the line feed of a record that is whole without it.
        let end = exported.len() as u64;
        let place = places(&kept, text.as_bytes());
        assert!(place == [end] || place == [end - 1], "{place:?} and {end}");
        // Still cut: it is said again, and nothing is kept twice.
        let again = import(&kept, "in").expect_code(3);
        assert_eq!((count(&again, "records"), count(&again, "rejected")), (0, 0), "{}", again.transcript());
        fs::write(path, packed).unwrap();
        assert_eq!(count(&import(&kept, "in").expect_code(0), "records"), 400 - taken);
        assert!(kept.export("bad/input") == text.as_bytes());
        kept.verify();
    }
}

#[test]
fn what_is_not_json_is_put_aside() {
    let mut random = Random::seeded("bad input: lines");
    let kept = Kept::new();
    let (mut good, mut input, mut bad) = (Vec::new(), Vec::new(), 0);
    for number in 0..200 {
        let record = random.signin(true);
        good.extend_from_slice(record.as_bytes());
        input.extend_from_slice(record.as_bytes());
        if number % 7 == 0 {
            let torn = &record.as_bytes()[..20 + random.below(60) as usize];
            let piece = random.one_of(&[
                &b"oops, not JSON"[..],
                b"\x00\xff\xfe\x01binary",
                b"}]",
                b"{\"open\": \"string",
                torn,
            ]);
            input.extend_from_slice(piece);
            input.push(b'\n');
            bad += 1;
        }
    }
    kept.sandbox.write("in", &input);
    let run = import(&kept, "in").expect_code(3);
    assert_eq!((count(&run, "records"), count(&run, "rejected")), (200, bad), "{}", run.transcript());
    assert!(kept.export("bad/input") == good);
    assert_eq!(places(&kept, &input).len() as u64, bad);
    let again = import(&kept, "in");
    assert_eq!((count(&again, "records"), count(&again, "rejected")), (0, 0), "{}", again.transcript());
    assert_eq!(places(&kept, &input).len() as u64, bad);
    kept.verify();
}

#[test]
fn odd_records_are_kept_as_they_are() {
    let kept = Kept::new();
    let huge = format!("{{\"text\":\"{} needle\"}}\n", "long and ".repeat(2_300_000));
    let wide: Vec<_> = (0..100_000).map(|number| format!("\"field{number}\":{number}")).collect();
    let deep = format!("{}1{}\n", "{\"a\":[".repeat(50_000), "]}".repeat(50_000));
    let records = [
        huge,
        format!("{{{}}}\n", wide.join(",")),
        deep,
        "{\"a\":\"\\u0000 nul \\u001b[31mred\\u001b]0;title\\u0007 \\u009b1m \\u202e\"}\n".to_owned(),
        "{\"twice\":1,\"twice\":2,\"\":{},\"twice\":[1,1.0,1e0,-0]}\n".to_owned(),
        "{\"lone\":\"\\ud800\",\"number\":123456789012345678901234567890.10}\n".to_owned(),
    ];
    let input = records.concat();
    kept.sandbox.write("in", &input);
    let run = import(&kept, "in").expect_code(0);
    assert_eq!(count(&run, "records"), records.len() as u64, "{}", run.transcript());
    assert!(kept.export("bad/input") == input.as_bytes(), "not what was imported");
    kept.verify();
    for filter in ["needle", "77777", "twice:2", "nul", "-needle"] {
        assert!(!kept.search(filter).is_empty(), "{filter}");
    }
    let text = "plain\x1b[2J\x1b]52;c;AAAA\x07 with a \x00 nul and \u{9b}31m and \r\r back\n";
    kept.sandbox.write("text", text);
    kept.run(["import", "text", "--stream", "bad/text", "--form", "text"]).expect_code(0);
    assert_eq!(kept.search("back"), text.as_bytes());
    // Text from outside does nothing to a terminal.
    for stream in ["bad/text", "bad/input"] {
        for form in ["table", "csv"] {
            let shown = kept.run(["search", "nul or twice", "--in", stream, "-o", form]).expect_code(0);
            let letter = shown.text().chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
            assert!(form == "csv" || letter.is_none(), "{stream}: {letter:?} in {:?}", shown.text());
        }
    }
    assert_eq!(count(&import(&kept, "in").expect_code(0), "records"), 0);
}

#[test]
fn a_record_over_the_limit_is_put_aside() {
    let kept = Kept::new();
    let good = ["{\"number\":1}\n", "{\"number\":2}\n"];
    let large = format!("{{\"large\":\"{}\"}}\n", "x".repeat(RECORD_BYTES_MAX));
    let input = [good[0], &large, good[1]].concat();
    kept.sandbox.write("in", &input);
    let run = import(&kept, "in").expect_code(3);
    assert_eq!((count(&run, "records"), count(&run, "rejected")), (2, 1), "{}", run.transcript());
    assert_eq!(kept.export("bad/input"), good.concat().as_bytes());
    assert_eq!(places(&kept, input.as_bytes()), [good[0].len() as u64]);
    assert_eq!(count(&import(&kept, "in"), "rejected"), 0);
    kept.verify();
}

#[test]
fn what_cannot_be_read_keeps_nothing_else_out() {
    let mut random = Random::seeded("bad input: unreadable");
    let kept = Kept::new();
    let good: String = (0..50).map(|_| random.signin(true)).collect();
    // No digit, or a line of it could be a number by chance.
    let garbage: Vec<u8> =
        (0..50_000).map(|_| if random.below(99) == 0 { b'\n' } else { random.next() as u8 | 0x80 }).collect();
    kept.sandbox.write("in/empty", "");
    kept.sandbox.write("in/garbage", &garbage);
    kept.sandbox.write("in/only-gzip's-start", b"\x1f\x8b\x08\x00");
    kept.sandbox.write("in/sub/good", &good);
    symlink("nowhere", kept.sandbox.path("in/dangling")).unwrap();
    symlink("itself", kept.sandbox.path("in/itself")).unwrap();
    symlink("..", kept.sandbox.path("in/sub/up")).unwrap();
    let arguments = ["import", "in", "--stream", "bad/input", "--form", "json", "--json"];
    let run = kept.run(arguments).expect_code(3);
    assert_eq!(count(&run, "records"), 50, "{}", run.transcript());
    assert!(kept.export("bad/input") == good.as_bytes());
    for name in ["dangling", "itself", "only-gzip"] {
        assert!(run.stderr.contains(name), "{name}: {}", run.transcript());
    }
    let rejected = rejections(&kept);
    for name in ["dangling", "itself", "garbage"] {
        assert!(rejected.iter().any(|line| line["source"].as_str().unwrap().ends_with(name)), "{name}: {rejected:?}");
    }
    let again = kept.run(arguments).expect_code(3);
    assert_eq!((count(&again, "records"), count(&again, "rejected")), (0, 0), "{}", again.transcript());
    assert_eq!(rejections(&kept).len(), rejected.len());
    kept.verify();
    kept.run(["import", "not-there"]).expect_code(2);
}

fn import(kept: &Kept, file: &str) -> Run {
    kept.run(["import", file, "--stream", "bad/input", "--json"])
}

fn count(run: &Run, name: &str) -> u64 {
    let summary: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    summary[name].as_u64().expect("a count")
}

/// What lies in `rejected/`; each has a source and a reason.
fn rejections(kept: &Kept) -> Vec<serde_json::Value> {
    let Ok(folder) = fs::read_dir(kept.archive.join("rejected")) else { return Vec::new() };
    let files = folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let lines: Vec<serde_json::Value> = files
        .flat_map(|file| file.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect();
    for line in &lines {
        assert!(!line["source"].as_str().unwrap().is_empty() && line["reason"].as_str().unwrap().len() > 5, "{line}");
    }
    lines
}

/// The places of what lies in `rejected/`, which must hold the bytes that stand there in the input.
fn places(kept: &Kept, input: &[u8]) -> Vec<u64> {
    let place = |line: &serde_json::Value| {
        let (offset, length) = (line["offset"].as_u64().unwrap(), line["length"].as_u64().unwrap());
        let there = &input[offset as usize..(offset + length.min(1 << 20)) as usize];
        if let Some(text) = line["text"].as_str() {
            assert!(text.as_bytes() == there, "{line} is not what stands there");
        }
        offset
    };
    rejections(kept).iter().map(place).collect()
}

/// Packed as gzip, without making it smaller.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    let blocks: Vec<_> = bytes.chunks(5000).collect();
    for (number, block) in blocks.iter().enumerate() {
        let length = block.len() as u16;
        packed.push(u8::from(number + 1 == blocks.len()));
        packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        packed.extend_from_slice(block);
    }
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

/// Packed as zstd, without making it smaller.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed = b"\x28\xb5\x2f\xfd\x00\x58".to_vec();
    let blocks: Vec<_> = bytes.chunks(5000).collect();
    for (number, block) in blocks.iter().enumerate() {
        let head = (block.len() as u32) << 3 | u32::from(number + 1 == blocks.len());
        packed.extend_from_slice(&head.to_le_bytes()[..3]);
        packed.extend_from_slice(block);
    }
    packed
}

fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), shift))
}
