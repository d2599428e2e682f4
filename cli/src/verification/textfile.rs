//! A report as metrics for Prometheus, in a file that node_exporter's textfile collector reads (`docs/verify.md`).

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use logkeep_storage::DamageCode;

use crate::verification::{Report, Verdict};

/// Writes the file whole: whoever reads it finds the old or the new one.
pub(crate) fn write(report: &Report, path: &Path) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text(report).as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().inspect_err(|_| {
        // What is half written is of use to nobody; that it stays is no second error.
        let _ = fs::remove_file(&new);
    })
}

/// The metrics in Prometheus' text format.
fn text(report: &Report) -> String {
    let mut page = Page { archive: escaped(&report.archive), text: String::new() };
    let (verdict, checked) = (report.verdict(), &report.checked);
    let flag = |is: bool| f64::from(u8::from(is));
    page.metric(
        "success",
        "Whether the last verification ended with VERIFIED.",
        [(String::new(), flag(verdict == Verdict::Verified))],
    );
    let verdicts = Verdict::ALL.map(|it| (label("verdict", &it.word().to_lowercase()), flag(it == verdict)));
    page.metric("verdict", "The verdict of the last verification.", verdicts);
    let ended = report.started.0 as f64 / 1e9 + report.took.as_secs_f64();
    page.metric("end_timestamp_seconds", "When the last verification ended.", [(String::new(), ended)]);
    page.metric("duration_seconds", "How long it took.", [(String::new(), report.took.as_secs_f64())]);
    let count = |code: &DamageCode| checked.damage.iter().filter(|damage| damage.code == *code).count() as f64;
    let codes = DamageCode::ALL.iter().map(|code| (label("code", code.as_str()), count(code)));
    page.metric("findings", "Findings by code.", codes);
    page.metric("unchecked", "Things that could not be checked.", [(String::new(), checked.unchecked.len() as f64)]);
    page.metric(
        "notices",
        "Things that are worth a look and no damage.",
        [(String::new(), (checked.notes.len() + checked.notices.len()) as f64)],
    );
    page.metric("read_bytes", "Bytes of records that were read and hashed.", [(String::new(), checked.bytes as f64)]);
    let streams = || checked.streams.iter().map(|row| (label("stream", &row.name), row));
    let expected = streams().map(|(label, row)| (label, row.expected as f64));
    page.metric("expected_records", "Records there must be, by what was signed and acknowledged.", expected);
    let read = streams().map(|(label, row)| (label, row.checked as f64));
    page.metric("checked_records", "Records that were read and hashed.", read);
    if let Some(rolled) = &report.rolled {
        let ratio = if rolled.all == 0 { 1.0 } else { rolled.covered as f64 / rolled.all as f64 };
        page.metric(
            "covered_ratio",
            "Share of the records that were read within the nights asked for.",
            [(String::new(), ratio)],
        );
    }
    page.text
}

struct Page {
    archive: String,
    text: String,
}

impl Page {
    fn metric(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (String, f64)>) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "# HELP logkeep_verify_{name} {help}\n# TYPE logkeep_verify_{name} gauge");
        for (labels, value) in samples {
            let archive = &self.archive;
            let _ = writeln!(self.text, "logkeep_verify_{name}{{archive=\"{archive}\"{labels}}} {value}");
        }
    }
}

fn label(name: &str, value: &str) -> String {
    format!(",{name}=\"{}\"", escaped(value))
}

/// As the text format wants label values.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(label("stream", "a\"b\\c\nd"), ",stream=\"a\\\"b\\\\c\\nd\"");
        let mut page = Page { archive: "/x".to_owned(), text: String::new() };
        page.metric("findings", "Findings.", [(label("code", "chunk"), 2.0), (String::new(), 0.5)]);
        let lines: Vec<&str> = page.text.lines().collect();
        assert_eq!(lines[1], "# TYPE logkeep_verify_findings gauge");
        assert_eq!(lines[2], "logkeep_verify_findings{archive=\"/x\",code=\"chunk\"} 2");
        assert_eq!(lines[3], "logkeep_verify_findings{archive=\"/x\"} 0.5");
    }
}
