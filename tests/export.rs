//! Exact bytes into files and back; stopped and grown exports go on.

use std::fs;

use crate::records::{LINES, SIGNINS, archived};
use crate::sandbox::Sandbox;

fn read(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    fs::read(sandbox.path(name)).unwrap()
}

#[test]
fn files_hold_the_exact_bytes_and_can_be_imported() {
    let sandbox = archived();
    sandbox.write("deep.json", "[{\n \"a\": 1\n}, {\"b\":2}]");
    sandbox.run(["import", "deep.json", "--stream", "test/deep"]).expect_code(0);
    let run = sandbox.run(["export", "--to", "out"]).expect_code(0);
    assert_eq!(run.text(), "");
    let signins = SIGNINS.to_owned();
    assert_eq!(String::from_utf8(read(&sandbox, "out/test+signin.jsonl")).unwrap(), signins);
    assert_eq!(read(&sandbox, "out/test+lines.txt"), LINES);
    assert_eq!(read(&sandbox, "out/test+deep.json"), b"{\n \"a\": 1\n}\n{\"b\":2}\n");
    let manifest = String::from_utf8(read(&sandbox, "out/MANIFEST.json")).unwrap();
    assert!(manifest.contains("\"format\": \"logkeep export 1\"") && manifest.contains("\"records\": 4"), "{manifest}");
    sandbox.run(["import", "out", "--archive", "second"]).expect_code(0);
    sandbox.run(["export", "--to", "again", "--archive", "second"]).expect_code(0);
    for file in ["test+signin.jsonl", "test+lines.txt", "test+deep.json"] {
        assert_eq!(read(&sandbox, &format!("again/{file}")), read(&sandbox, &format!("out/{file}")), "{file}");
    }
}

#[test]
fn a_stream_without_records_at_these_times_has_no_file() {
    let sandbox = archived();
    let arguments = ["export", "--to", "out", "--until", "2024-09-03", "-v"];
    let run = sandbox.run(arguments).expect_code(0);
    assert!(run.stderr.contains("3 records (") && run.stderr.contains(" in 1 file in out"), "{}", run.stderr);
    assert!(run.stderr.contains("1 stream without a record at these times"), "{}", run.stderr);
    let names = fs::read_dir(sandbox.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["MANIFEST.json", "test+signin.jsonl"]);
    sandbox.run(arguments).expect_code(0);
    sandbox.run(["export", "--to", "none", "--until", "2000-01-01"]).expect_code(1);
}

/// Somebody changed the files after they were written: that is found, and still nothing is lost.
#[test]
fn an_export_that_was_changed_is_found_when_it_is_imported() {
    let sandbox = archived();
    sandbox.run(["export", "--to", "out"]).expect_code(0);
    let whole = String::from_utf8(read(&sandbox, "out/test+signin.jsonl")).unwrap();
    let manifest = read(&sandbox, "out/MANIFEST.json");
    let import = |archive: &str, code| sandbox.run(["import", "out", "--json", "--archive", archive]).expect_code(code);
    assert!(import("right", 0).text().contains("\"mismatches\":[]"));
    // One letter.
    sandbox.write("out/test+signin.jsonl", whole.replacen("anna", "hugo", 1));
    let run = import("letter", 3);
    let said = "warning: out/test+signin.jsonl is not what the manifest says: expected SHA-256 ";
    assert!(run.stderr.contains(said) && run.stderr.contains(", found "), "{}", run.stderr);
    assert!(run.text().contains("\"complete\":false") && run.text().contains("\"records\":7"), "{}", run.text());
    // A record more.
    sandbox.write("out/test+signin.jsonl", format!("{whole}{{}}\n"));
    let run = import("more", 3);
    assert!(run.stderr.contains(&format!("expected {} bytes, found {} bytes", whole.len(), whole.len() + 3)));
    assert!(run.text().contains("\"records\":8"), "{}", run.text());
    // A count, in the manifest.
    sandbox.write("out/test+signin.jsonl", &whole);
    sandbox.write(
        "out/MANIFEST.json",
        String::from_utf8(manifest.clone()).unwrap().replace("\"records\": 4", "\"records\": 5"),
    );
    assert!(import("count", 3).stderr.contains("expected 5 records, found 4 records"));
    // A file that is gone, and one that was put in.
    sandbox.write("out/MANIFEST.json", manifest);
    fs::remove_file(sandbox.path("out/test+signin.jsonl")).unwrap();
    sandbox.write("out/other.jsonl", "{}\n");
    let run = import("gone", 3);
    assert!(run.stderr.contains("out/test+signin.jsonl is not what the manifest says: expected 4 records in"));
    assert!(run.stderr.contains("found no such file") && run.stderr.contains("out/other.jsonl"), "{}", run.stderr);
    assert!(run.text().contains("\"records\":3"), "{}", run.text());
}

#[test]
fn records_that_no_line_can_hold_come_back_byte_for_byte() {
    let sandbox = Sandbox::new();
    let framed = b"12\n two\nlines\n \n8\n{\n\"a\":1}\n3\n{} \n1\n\r\n5\n\xffjson\n";
    sandbox.write("odd.records", framed);
    sandbox.run(["import", "odd.records", "--stream", "test/odd"]).expect_code(0);
    sandbox.run(["export", "--to", "out"]).expect_code(0);
    assert_eq!(read(&sandbox, "out/test+odd.records"), framed);
    sandbox.run(["import", "out", "--archive", "second"]).expect_code(0);
    sandbox.run(["export", "--to", "again", "--archive", "second"]).expect_code(0);
    assert_eq!(read(&sandbox, "again/test+odd.records"), framed);
}

#[test]
fn an_export_goes_on() {
    let sandbox = archived();
    let export = || sandbox.run(["export", "--to", "out", "--in", "*/signin"]).expect_code(0).stderr;
    export();
    let whole = read(&sandbox, "out/test+signin.jsonl");
    // Stopped in the middle: a part, and no entry in the manifest.
    fs::remove_file(sandbox.path("out/test+signin.jsonl")).unwrap();
    sandbox.write("out/test+signin.part", &whole[..whole.len() / 2]);
    assert_eq!(export(), format!("4 records ({} B) in 1 file in out\n", whole.len()));
    assert_eq!(read(&sandbox, "out/test+signin.jsonl"), whole);
    assert!(!sandbox.path("out/test+signin.part").try_exists().unwrap());
    sandbox.run_with_input(["import", "-", "--stream", "test/signin", "--form", "text"], b"no json\n").expect_code(0);
    export();
    assert_eq!(read(&sandbox, "out/test+signin.txt"), [whole.as_slice(), b"no json\n"].concat());
    assert!(!sandbox.path("out/test+signin.jsonl").try_exists().unwrap());
}

#[test]
fn parts_of_an_archive_go_to_standard_output() {
    let sandbox = archived();
    let arguments = ["export", "--in", "test/signin", "--since", "2024-09-02T09:00", "--until", "2024-09-03"];
    let run = sandbox.run(arguments).expect_code(0);
    let lines: Vec<_> = SIGNINS.lines().collect();
    assert_eq!(run.text(), format!("{}\n{}\n", lines[1], lines[2]));
    sandbox.run(["export", "--in", "none"]).expect_code(1);
}

#[test]
fn other_folders_and_other_times_are_refused() {
    let sandbox = archived();
    sandbox.write("mine/x", "x");
    let run = sandbox.run(["export", "--to", "mine"]).expect_code(2);
    assert!(run.stderr.contains("is not empty and has no MANIFEST.json"), "{}", run.stderr);
    sandbox.run(["export", "--to", "out"]).expect_code(0);
    let run = sandbox.run(["export", "--to", "out", "--since", "2024-09-02"]).expect_code(2);
    assert!(run.stderr.contains("holds an export of other times"), "{}", run.stderr);
}
