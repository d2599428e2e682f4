//! The folder `rejected/`: what could not be taken, one JSON object a line, so that nothing is lost in silence.
//!
//! ```text
//! {"source":"/var/log/a.json","offset":8,"line":2,"length":4,"reason":"is no JSON value",
//!  "received":"2024-09-02T23:00:00.000000000Z","text":"oops"}
//! ```
//! `text` is `base64` where the bytes are not UTF-8. The first MiB of an item is kept; `length` is its whole length. Of
//! an input that is no text at all only the front is looked at and kept: 64 KiB or somewhat more.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logkeep_storage::Timestamp;

/// Files of one day are numbered up to this.
const FILES_PER_DAY_MAX: u32 = 1_000_000;

/// One thing that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Path of the input, or `-`.
    pub source: String,
    /// Where it begins, in bytes after decompression.
    pub offset: u64,
    /// The line it begins in, from 1.
    pub line: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its first bytes, a MiB at most.
    pub kept: Vec<u8>,
    /// Why it was not taken.
    pub reason: String,
    /// When that was.
    pub received: Timestamp,
}

/// Writes rejections durably. A run has a file of its own, made when there is something to write.
#[derive(Debug)]
pub(crate) struct RejectedFolder {
    path: PathBuf,
    file: Option<File>,
}

impl RejectedFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the rejections; they are on disk when this returns.
    pub(crate) fn append(&mut self, rejections: &[Rejection]) -> io::Result<()> {
        let Some(first) = rejections.first() else { return Ok(()) };
        if self.file.is_none() {
            self.file = Some(create(&self.path, first.received)?);
        }
        let Some(file) = &self.file else { return Ok(()) };
        let mut writer = BufWriter::new(file);
        rejections.iter().try_for_each(|rejection| write_line(&mut writer, rejection))?;
        writer.flush()?;
        drop(writer);
        file.sync_data()
    }
}

/// `<UTC date>-<n>.jsonl` with the first free number, durable in its folder.
fn create(folder: &Path, day: Timestamp) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let date = day.to_string();
    let date = date.get(..10).unwrap_or("undated");
    for number in 1..=FILES_PER_DAY_MAX {
        let path = folder.join(format!("{date}-{number}.jsonl"));
        match OpenOptions::new().append(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                File::open(folder)?.sync_all()?;
                return Ok(file);
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of rejected records for one day"))
}

fn write_line(writer: &mut dyn Write, rejection: &Rejection) -> io::Result<()> {
    let (name, content) = match std::str::from_utf8(&rejection.kept) {
        Ok(text) => ("text", quoted(text)),
        Err(_) => ("base64", quoted(&STANDARD.encode(&rejection.kept))),
    };
    let Rejection { offset, line, length, received, .. } = rejection;
    let (source, reason) = (quoted(&rejection.source), quoted(&rejection.reason));
    writeln!(
        writer,
        r#"{{"source":{source},"offset":{offset},"line":{line},"length":{length},"reason":{reason},"received":"{received}","{name}":{content}}}"#
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_lines_of_json_in_a_file_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected");
        let rejection = |kept: &[u8]| Rejection {
            source: "a \"b\"".to_owned(),
            offset: 8,
            line: 2,
            length: 9_999_999,
            kept: kept.to_vec(),
            reason: "is no JSON value".to_owned(),
            received: Timestamp(0),
        };
        let mut first = RejectedFolder::new(path.clone());
        first.append(&[]).unwrap();
        assert!(!path.try_exists().unwrap());
        first.append(&[rejection(b"oo\nps\xc3\xa4")]).unwrap();
        first.append(&[rejection(b"\xff")]).unwrap();
        RejectedFolder::new(path.clone()).append(&[rejection(b"x")]).unwrap();
        let lines = std::fs::read_to_string(path.join("1970-01-01-1.jsonl")).unwrap();
        let values: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(values[0]["text"], "oo\npsä");
        assert_eq!(values[0]["source"], "a \"b\"");
        assert_eq!(values[0]["length"], 9_999_999);
        assert_eq!(values[1]["base64"], "/w==");
        assert!(path.join("1970-01-01-2.jsonl").try_exists().unwrap());
    }
}
