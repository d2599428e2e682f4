//! `logkeep verify`: nothing was lost, nothing was changed, or exactly where.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use logkeep_index::Index;
use logkeep_proof::Trust;
use logkeep_storage::{Archive, Damage, DamageCode, Error, StreamStat, Verification, Writer, hex, verify};

use crate::args::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::output::progress::Progress;
use crate::output::table::{Side, Table};
use crate::place::{self, Place};
use crate::signing;
use crate::size;

/// What to do about damage.
const CURE: &str = "what to do: write nothing more into this archive, and take the files named above from a copy of it; or \
                    save what is sound into a new one, logkeep export --to DIR and logkeep import DIR";
/// What to do about a ledger that cannot say what was acknowledged.
const CURE_OF_LEDGER: &str = "what to do: nothing else is wrong; if the streams end where you expect them to, \
                              `logkeep verify --renew-ledger` writes the ledger anew and keeps the damaged one";
/// What to do about an index that disagrees.
const CURE_OF_INDEX: &str = "what to do: logkeep index rebuild makes the index anew; the records are not concerned";

/// What to do about checkpoints whose signatures nobody can check.
const CURE_OF_KEY: &str = "what to do: put keys/log.key back from your copy (chmod 600), or name the trust file that you \
                           kept elsewhere with --trust";

/// What came out, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything was checked and is right.
    Verified,
    /// Something is not as it was written.
    Failed,
    /// Not everything could be checked.
    Incomplete,
}

/// What a verification of archive and index found.
pub(crate) struct Report {
    checked: Verification,
    streams: Vec<StreamStat>,
    /// Where the index and the archive disagree.
    index: Vec<String>,
    took: Duration,
}

/// Verifies, and prints the report.
pub(crate) fn run(args: &VerifyArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let trust = args.trust.as_deref().map(trust).transpose()?;
    let trust = trust.as_ref();
    let mut report = report(place, trust, output)?;
    if args.renew_ledger && report.is_only_the_ledger() {
        let aside = Writer::renew_ledger(place.path(), place.options()).map_err(|error| place::failure(&error))?;
        let kept =
            aside.map_or_else(|| "there was none".to_owned(), |path| format!("the old one is {}", path.display()));
        output.say(&format!("the ledger of acknowledgements was written anew; {kept}"));
        report = self::report(place, trust, output)?;
    } else if args.renew_ledger {
        output.warn("the ledger stays as it is: it is not damaged, or not the only damage");
    }
    if args.json {
        output.line(&report.json())?;
    } else if !output.is_quiet() {
        report.print(output)?;
    } else if report.verdict() != Verdict::Verified {
        output.line(&report.first_line())?;
        report.print_findings(output)?;
    }
    Ok(match report.verdict() {
        Verdict::Verified => Exit::Success,
        Verdict::Failed => Exit::Nothing,
        Verdict::Incomplete => Exit::Partial,
    })
}

/// Reads a trust file.
fn trust(path: &Path) -> Result<Trust, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Trust::parse(&text).map_err(|error| Failure::usage(format!("{} is no trust file: {error}", path.display())))
}

/// Verifies the archive of a place, also against what is known from before.
pub(crate) fn report(place: &Place, trust: Option<&Trust>, output: &Output) -> Result<Report, Failure> {
    let started = Instant::now();
    let read = |archive| check(&archive, place, trust, output).map(|checked| (archive, checked));
    let opened = place.try_read().and_then(read);
    let mut report = match opened {
        Ok((archive, checked)) => {
            let index = check_index(&archive, place, output);
            // Heads that cannot be read are among the findings already.
            Report { checked, streams: archive.streams().unwrap_or_default(), index, took: Duration::ZERO }
        }
        Err(Error::Damaged(damage)) => Report::of(*damage),
        Err(error) => return Err(place::failure(&error)),
    };
    report.took = started.elapsed();
    Ok(report)
}

fn check(archive: &Archive, place: &Place, trust: Option<&Trust>, output: &Output) -> Result<Verification, Error> {
    let bar = Progress::things(output, Some(0));
    bar.say("verifying: records");
    let (key, problem) = match signing::read(place) {
        Ok(key) => (key, None),
        // The records can be checked all the same.
        Err(error) => (None, Some(Failure::of(&error).to_string())),
    };
    let mut checked = verify(archive, key.as_ref(), trust, &mut |progress| {
        bar.set_total(progress.records_total);
        bar.set(progress.records);
    })?;
    checked.unchecked.extend(problem);
    Ok(checked)
}

/// What the index has to say; an index that is not there needs no check.
fn check_index(archive: &Archive, place: &Place, output: &Output) -> Vec<String> {
    let checked = Index::open(&place.index()).and_then(|index| {
        let Some(index) = index else { return Ok(None) };
        // Beside a writer the index may know blocks that were made since the archive was opened.
        archive.refresh()?;
        let bar = Progress::things(output, Some(index.blocks() as u64));
        bar.say("verifying the index: blocks");
        index.check(archive, &mut |blocks| bar.set(blocks)).map(Some)
    });
    match checked {
        Ok(checked) => checked.map(|checked| checked.findings).unwrap_or_default(),
        Err(error) => vec![Failure::of(&error).to_string()],
    }
}

impl Report {
    /// An archive that cannot even be opened.
    fn of(damage: Damage) -> Report {
        let unchecked = vec!["all else: the archive cannot be opened".to_owned()];
        let checked = Verification { damage: vec![damage], unchecked, ..Verification::default() };
        Report { checked, streams: Vec::new(), index: Vec::new(), took: Duration::ZERO }
    }

    /// What came out.
    pub(crate) fn verdict(&self) -> Verdict {
        let Verification { damage, unchecked, .. } = &self.checked;
        if !damage.is_empty() || !self.index.is_empty() {
            return Verdict::Failed;
        }
        if !unchecked.is_empty() || self.checked.is_empty() {
            return Verdict::Incomplete;
        }
        Verdict::Verified
    }

    /// Prints the report for people.
    pub(crate) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        output.line(&self.first_line())?;
        if !self.streams.is_empty() {
            output.line("")?;
            self.table().lines(None).iter().try_for_each(|line| output.line(line))?;
        }
        self.print_findings(output)?;
        output.detail(&self.speed());
        Ok(())
    }

    fn print_findings(&self, output: &mut Output) -> Result<(), Failure> {
        let Verification { damage, unchecked, notes, .. } = &self.checked;
        list(output, damage.iter().map(ToString::to_string))?;
        list(output, self.index.iter().map(|finding| format!("index: {finding}")))?;
        list(output, unchecked.iter().map(|what| format!("not checked: {what}")))?;
        list(output, notes.iter().map(|note| format!("note: {note}")))?;
        list(output, self.cures().into_iter().map(str::to_owned))
    }

    /// What the user can do about the findings.
    fn cures(&self) -> Vec<&'static str> {
        let archive = (!self.checked.damage.is_empty()).then_some(CURE);
        let archive = if self.is_only_the_ledger() { Some(CURE_OF_LEDGER) } else { archive };
        let index = (!self.index.is_empty()).then_some(CURE_OF_INDEX);
        let without_key = |what: &String| what.ends_with(": no key") || what.contains("signing key");
        let key = self.checked.unchecked.iter().any(without_key).then_some(CURE_OF_KEY);
        archive.into_iter().chain(index).chain(key).collect()
    }

    /// Whether the ledger is damaged and nothing else.
    fn is_only_the_ledger(&self) -> bool {
        let Verification { damage, unchecked, .. } = &self.checked;
        let tips = damage.iter().all(|damage| damage.code == DamageCode::Tips);
        tips && !damage.is_empty() && unchecked.is_empty() && self.index.is_empty()
    }

    fn first_line(&self) -> String {
        let Verification { records, bytes, streams, blocks, tips, checkpoints, .. } = &self.checked;
        let findings = self.checked.damage.len() + self.index.len();
        match self.verdict() {
            Verdict::Verified => format!(
                "VERIFIED {} ({}) of {} in {}, against {}{}",
                size::counted(*records, "record"),
                size::human(*bytes),
                size::counted(*streams, "stream"),
                size::counted(*blocks, "block"),
                size::counted(*tips, "acknowledged state"),
                if *checkpoints > 0 {
                    format!(" and {}", size::counted(*checkpoints, "signed checkpoint"))
                } else {
                    String::new()
                },
            ),
            Verdict::Failed => format!(
                "FAILED {}; checked {}",
                size::counted(findings as u64, "finding"),
                size::counted(*records, "record")
            ),
            Verdict::Incomplete if self.checked.is_empty() => {
                "INCOMPLETE nothing to verify: the archive is empty".to_owned()
            }
            Verdict::Incomplete => format!(
                "INCOMPLETE {} could not be checked; no damage in {}",
                size::counted(self.checked.unchecked.len() as u64, "thing"),
                size::counted(*records, "record"),
            ),
        }
    }

    fn table(&self) -> Table {
        let columns = [("STREAM", Side::Left), ("RECORDS", Side::Right), ("ROOT", Side::Left), ("", Side::Left)];
        let mut table = Table::new(columns);
        for stream in &self.streams {
            let findings =
                self.checked.damage.iter().filter(|damage| damage.stream.as_ref() == Some(&stream.name)).count();
            let verdict = if findings == 0 { "ok".to_owned() } else { size::counted(findings as u64, "finding") };
            table.push([stream.name.to_string(), size::grouped(stream.records), hex(&stream.root), verdict]);
        }
        table
    }

    fn speed(&self) -> String {
        let seconds = self.took.as_secs_f64();
        format!("took {seconds:.2} s, {:.0} MB/s", self.checked.bytes as f64 / 1e6 / seconds.max(1e-6))
    }

    fn json(&self) -> String {
        let Verification { streams, records, bytes, blocks, tips, checkpoints, unchecked, notes, .. } = &self.checked;
        let verdict = match self.verdict() {
            Verdict::Verified => "VERIFIED",
            Verdict::Failed => "FAILED",
            Verdict::Incomplete => "INCOMPLETE",
        };
        let heads: Vec<_> = self
            .streams
            .iter()
            .map(|stream| serde_json::json!({ "stream": stream.name.as_str(), "size": stream.records, "root": hex(&stream.root) }))
            .collect();
        serde_json::json!({
            "verdict": verdict, "streams": streams, "records": records, "bytes": bytes, "blocks": blocks, "tips": tips,
            "checkpoints": checkpoints, "heads": heads, "damage": self.checked.damage.iter().map(finding).collect::<Vec<_>>(), "index": self.index,
            "unchecked": unchecked, "notes": notes, "cures": self.cures(),
            "milliseconds": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
        .to_string()
    }
}

fn finding(damage: &Damage) -> serde_json::Value {
    let Damage { code, stream, block, column, file, records, expected, found } = damage;
    serde_json::json!({
        "code": code.as_str(), "stream": stream.as_ref().map(ToString::to_string), "block": block, "column": column,
        "file": file.as_ref().map(|file| file.display().to_string()),
        "records": records.as_ref().map(|records| [records.start, records.end]), "expected": expected, "found": found,
    })
}

fn list(output: &mut Output, items: impl Iterator<Item = String>) -> Result<(), Failure> {
    for (number, item) in items.enumerate() {
        if number == 0 {
            output.line("")?;
        }
        output.foreign(format!("{item}\n").as_bytes())?;
    }
    Ok(())
}
