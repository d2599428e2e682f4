//! `MANIFEST.json` of an export: which file holds which stream, how much of it, and its SHA-256.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use logkeep_storage::{StreamName, Timestamp};
use serde_json::{Value, json};

use crate::exit::Failure;

/// The manifest's name.
pub(crate) const NAME: &str = "MANIFEST.json";
/// What the manifest says it is.
const FORMAT: &str = "logkeep export 1";

/// What an export holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The events' times, where only some were wanted: at or after, before.
    pub(crate) times: (Option<Timestamp>, Option<Timestamp>),
    /// The files that are finished.
    pub(crate) files: Vec<File>,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The file's name.
    pub(crate) name: String,
    /// How the records lie in it.
    pub(crate) form: Form,
    /// Number of records.
    pub(crate) records: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
    /// Of the whole file, in hexadecimal.
    pub(crate) sha256: String,
    /// Records the stream had, and its root then, in hexadecimal.
    pub(crate) head: (u64, String),
    /// What is missing because it is damaged.
    pub(crate) missing: Vec<String>,
}

/// How records lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON values, each followed by a line feed; there may be line feeds in them.
    Values,
    /// JSON values, one a line.
    JsonLines,
    /// Lines of text.
    Lines,
    /// For each record its length in decimal, a line feed, its bytes, a line feed.
    Lengths,
}

impl Form {
    const ALL: [Form; 4] = [Form::Values, Form::JsonLines, Form::Lines, Form::Lengths];

    /// The form's name in the manifest.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Form::Values => "json-values",
            Form::JsonLines => "json-lines",
            Form::Lines => "text-lines",
            Form::Lengths => "lengths",
        }
    }

    /// The ending of such a file's name.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Form::Values => "json",
            Form::JsonLines => "jsonl",
            Form::Lines => "txt",
            Form::Lengths => "records",
        }
    }
}

impl Manifest {
    /// The manifest in a directory, `None` if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Manifest>, Failure> {
        let path = folder.join(NAME);
        match fs::read(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(Failure::file("read", &path, &error)),
            Ok(bytes) => {
                let wrong = || {
                    Failure::error(format!("{} is no manifest of an export that logkeep can read", path.display()))
                        .hint("remove or rename it: then the files beside it are imported like any others")
                };
                parse(&bytes).map(Some).ok_or_else(wrong)
            }
        }
    }

    /// Replaces the manifest in a directory: after a crash the old or the new one is there, whole.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let (path, new) = (folder.join(NAME), folder.join("MANIFEST.json.new"));
        let written = || -> io::Result<()> {
            let mut file = fs::File::create(&new)?;
            file.write_all(self.json().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            fs::File::open(folder)?.sync_all()
        };
        written().map_err(|error| Failure::file("write", &path, &error))
    }

    /// The finished file of a stream.
    pub(crate) fn file(&self, stream: &StreamName) -> Option<&File> {
        self.files.iter().find(|file| file.stream == *stream)
    }

    /// Adds a finished file, or replaces the one that was there of this stream.
    pub(crate) fn put(&mut self, file: File) {
        self.files.retain(|other| other.stream != file.stream);
        self.files.push(file);
        self.files.sort_by(|one, other| one.stream.cmp(&other.stream));
    }

    fn json(&self) -> String {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let files: Vec<_> = self.files.iter().map(File::json).collect();
        let (since, until) = (time(self.times.0), time(self.times.1));
        let value = json!({ "format": FORMAT, "since": since, "until": until, "files": files });
        format!("{value:#}\n")
    }
}

impl File {
    /// Where the file is.
    pub(crate) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(&self.name)
    }

    fn json(&self) -> Value {
        json!({
            "stream": self.stream.as_str(), "file": self.name, "form": self.form.as_str(), "records": self.records,
            "bytes": self.bytes, "sha256": self.sha256, "size": self.head.0, "root": self.head.1, "missing": self.missing,
        })
    }
}

fn parse(bytes: &[u8]) -> Option<Manifest> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    if value.get("format")?.as_str()? != FORMAT {
        return None;
    }
    let time = |name| match value.get(name)? {
        Value::Null => Some(None),
        time => time.as_str()?.parse().ok().map(Some),
    };
    let files = value.get("files")?.as_array()?.iter().map(parse_file).collect::<Option<Vec<_>>>()?;
    Some(Manifest { times: (time("since")?, time("until")?), files })
}

fn parse_file(value: &Value) -> Option<File> {
    let text = |name| value.get(name)?.as_str().map(str::to_owned);
    let number = |name| value.get(name)?.as_u64();
    let form = text("form")?;
    let missing = value.get("missing")?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
    let name = text("file")?;
    // The name comes from a file that anyone may have written; it must not lead out of the directory.
    let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
    plain.then_some(())?;
    Some(File {
        stream: text("stream")?.parse().ok()?,
        name,
        form: Form::ALL.into_iter().find(|known| known.as_str() == form)?,
        records: number("records")?,
        bytes: number("bytes")?,
        sha256: text("sha256")?,
        head: (number("size")?, text("root")?),
        missing: missing.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = File {
            stream: "entra/signin".parse().unwrap(),
            name: "entra+signin.jsonl".to_owned(),
            form: Form::JsonLines,
            records: 3,
            bytes: 99,
            sha256: "ab".to_owned(),
            head: (4, "cd".to_owned()),
            missing: vec!["record 2".to_owned()],
        };
        Manifest { times: (Some(Timestamp(1)), None), files: vec![file] }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        manifest().write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Some(manifest()));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let text = manifest().json();
        assert!(parse(text.as_bytes()).is_some());
        for (from, to) in [
            ("export 1", "export 2"),
            ("entra+signin", "../signin"),
            ("\"lengths\"", "\"x\""),
            ("json-lines", "x"),
            ("entra/signin", "Entra"),
            ("99", "\"99\""),
        ] {
            let changed = text.replace(from, to);
            assert_eq!(parse(changed.as_bytes()).is_some(), changed == text, "{from}");
        }
    }
}
