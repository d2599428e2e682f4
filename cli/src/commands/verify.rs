//! `logkeep verify`: nothing was lost, nothing was changed, or exactly where.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use logkeep_index::Index;
use logkeep_proof::Trust;
use logkeep_storage::{Archive, Damage, Depth, Error, LogKey, Request, Timestamp, Verification, Writer, verify_as};

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::moment;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::signing;
use crate::size;
use crate::verification::recorded::{self, Recorded};
use crate::verification::rolling::{self, Limit, Memory};
use crate::verification::trial::{self, Trial};
use crate::verification::{Report, Scope, Verdict, drill, json, page, textfile};

/// Records of the restore drill.
const DRILL_RECORDS: u64 = 8;
/// So long after the last report a night was missed: a day, and half of one for a night that began late.
const MISSED_AFTER_NS: i64 = 36 * 3_600_000_000_000;
/// How much a rolling verification gives way to everything else.
const NICENESS: i32 = 10;

/// Check that nothing was lost or changed
///
/// Reads every byte of the archive and compares everything with everything: checksums, records with their blocks,
/// blocks with the Merkle trees, trees with what was acknowledged and with the signed checkpoints, the index with the
/// archive; before that, it checks itself on scratch archives with faults, and after it, it proves some records as to a
/// stranger. Lists all damage, not only the first, and says what to do. An older copy of the archive is found only with
/// --trust, by a file that was kept elsewhere. The first line is VERIFIED, FAILED or INCOMPLETE; with -q there is nothing
/// to read when all is right. The report is written down in _meta, the archive's own stream, if it has a key.
///
/// A large archive need not be read whole each night: --budget reads what was read longest ago, and always so much that
/// everything is read within --nights.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep verify
  logkeep verify --budget 2h --nights 7 --textfile /var/lib/node_exporter/logkeep.prom
  logkeep verify --quick
  logkeep verify --json > report.json
  logkeep verify -q || mail -s 'logkeep: look at this' admin@contoso.com
  logkeep verify --trust contoso.trust
  logkeep verify --renew-ledger      # tips.log is damaged, all else is right: go on with a new one

Exit codes: 0 all checked and right; 1 damage; 2 error; 3 not everything could be checked, or nothing is there.")]
pub(crate) struct VerifyArgs {
    /// What is known from before (see `logkeep key export`): keys, streams, how far they had come at least
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Read every byte; what is done if nothing else is said
    #[arg(long, conflicts_with_all = ["quick", "budget", "since_report"])]
    pub(crate) full: bool,
    /// Leave out the contents of full blocks, the files' own checksums and the index
    #[arg(long, conflicts_with_all = ["budget", "since_report"])]
    pub(crate) quick: bool,
    /// Read contents for so long (2h, 90m, 30s), those read longest ago first, and at least what --nights needs
    #[arg(long, value_name = "TIME", value_parser = rolling::duration, conflicts_with = "since_report")]
    pub(crate) budget: Option<Duration>,
    /// With --budget: everything is read within so many nights
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(crate) nights: u32,
    /// Read only the contents that no verification has read yet
    #[arg(long)]
    pub(crate) since_report: bool,
    /// Print the report as JSON (docs/report.schema.json)
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the result as Prometheus metrics too, for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    pub(crate) textfile: Option<PathBuf>,
    /// Do not write the report down in _meta
    #[arg(long)]
    pub(crate) no_record: bool,
    /// Do not check the verifier itself first
    #[arg(long)]
    pub(crate) no_self_test: bool,
    /// If nothing but the ledger of acknowledgements (tips.log) is damaged, write it anew and keep the damaged one in
    /// quarantine/. It cannot tell any more whether the newest records are missing: look before you accept that
    #[arg(long)]
    pub(crate) renew_ledger: bool,
}

/// What to do, understood.
struct Task<'a> {
    trust: Option<&'a Trust>,
    scope: Scope,
    tests_itself: bool,
    /// Ends a verification in parts between two of them; any other is ended by the signal itself.
    interrupt: Interrupt,
}

/// Verifies, and prints the report.
pub(crate) fn run(args: &VerifyArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let trust = args.trust.as_deref().map(trust).transpose()?;
    let scope = scope(args);
    let in_parts = matches!(scope, Scope::SinceReport | Scope::Rolling { .. });
    let interrupt = if in_parts { Interrupt::listen_aloud(output)? } else { Interrupt::default() };
    let task = Task { trust: trust.as_ref(), scope, tests_itself: !args.no_self_test, interrupt };
    let mut report = verified(&task, place, output)?;
    if args.renew_ledger && report.is_only_the_ledger() {
        let aside = Writer::renew_ledger(place.path(), place.options()).map_err(|error| place::failure(&error))?;
        let kept =
            aside.map_or_else(|| "there was none".to_owned(), |path| format!("the old one is {}", path.display()));
        output.say(&format!("the ledger of acknowledgements was written anew; {kept}"));
        report = verified(&task, place, output)?;
    } else if args.renew_ledger {
        output.warn("the ledger stays as it is: it is not damaged, or not the only damage");
    }
    report.recorded = match args.no_record {
        true => Recorded::Not("nobody wants it".to_owned()),
        false => recorded::record(&report, place, moment::now()),
    };
    tell(&report, args, output)?;
    if let Some(path) = &args.textfile {
        textfile::write(&report, path).map_err(|error| Failure::file("write", path, &error))?;
    }
    Ok(match report.verdict() {
        Verdict::Verified => Exit::Success,
        Verdict::Failed => Exit::Nothing,
        Verdict::Incomplete => Exit::Partial,
    })
}

fn tell(report: &Report, args: &VerifyArgs, output: &mut Output) -> Result<(), Failure> {
    if args.json {
        return output.line(&json::object(report).to_string());
    }
    if !output.is_quiet() {
        return page::print(report, output);
    }
    if report.verdict() != Verdict::Verified {
        output.line(&page::first_line(report))?;
        page::print_findings(report, output)?;
    }
    Ok(())
}

fn scope(args: &VerifyArgs) -> Scope {
    match args.budget {
        Some(budget) => Scope::Rolling { budget, nights: args.nights },
        None if args.quick => Scope::Quick,
        None if args.since_report => Scope::SinceReport,
        None => Scope::Full,
    }
}

/// Reads a trust file.
fn trust(path: &Path) -> Result<Trust, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Trust::parse(&text).map_err(|error| Failure::usage(format!("{} is no trust file: {error}", path.display())))
}

/// The whole archive of a place verified, without a self-test: what the demo does with its damaged copy.
pub(crate) fn report(place: &Place, output: &Output) -> Result<Report, Failure> {
    let task = Task { trust: None, scope: Scope::Full, tests_itself: false, interrupt: Interrupt::default() };
    verified(&task, place, output)
}

fn verified(task: &Task<'_>, place: &Place, output: &Output) -> Result<Report, Failure> {
    let (began, started) = (Instant::now(), moment::now());
    let mut report = Report {
        archive: place.path().display().to_string(),
        scope: task.scope,
        started,
        took: Duration::ZERO,
        checked: Verification::default(),
        opens: true,
        denied: false,
        trial: if task.tests_itself { trial::run(started) } else { Trial::Skipped },
        drill: None,
        rolled: None,
        previous: None,
        recorded: Recorded::Not("it was not asked for".to_owned()),
    };
    let read = |archive| check(&archive, task, place, output, &mut report).map(|key| (archive, key));
    let opened = place.try_read().and_then(read);
    match opened {
        Ok((archive, key)) => after(&archive, key.as_ref(), task, place, output, &mut report),
        Err(Error::Damaged(damage)) => {
            report.opens = false;
            report.checked.add(*damage);
            report.checked.unchecked.push("all else: the archive cannot be opened".to_owned());
        }
        Err(error @ Error::Denied { .. }) => {
            report.denied = true;
            report.checked.unchecked.push(Failure::of(&error).to_string());
        }
        Err(error) => return Err(place::failure(&error)),
    }
    if let Trial::Failed { problems, .. } = &report.trial {
        report
            .checked
            .unchecked
            .extend(problems.iter().map(|problem| format!("the verifier itself (self-test): {problem}")));
    }
    report.took = began.elapsed();
    Ok(report)
}

/// The archive itself; gives its key.
fn check(
    archive: &Archive,
    task: &Task<'_>,
    place: &Place,
    output: &Output,
    report: &mut Report,
) -> Result<Option<LogKey>, Error> {
    report.previous = match recorded::previous(archive) {
        // What is wrong with `_meta` is found below.
        Err(Error::Damaged(_)) => None,
        read => read?,
    };
    let (key, problem) = match signing::read(place) {
        Ok(key) => (key, None),
        // The records can be checked all the same.
        Err(error) => (None, Some(Failure::of(&error).to_string())),
    };
    let bar = Progress::things(output, Some(0));
    bar.say("verifying: records");
    let mut tell = |progress: logkeep_storage::Progress| {
        bar.set_total(progress.records_total);
        bar.set(progress.records);
    };
    let request = Request { key: key.as_ref(), trust: task.trust, ..Request::default() };
    let mut memory = Memory::load(place);
    report.checked = match task.scope {
        Scope::Full => verify_as(archive, &request, &mut tell)?,
        Scope::Quick => verify_as(archive, &Request { depth: Depth::Quick, files: false, ..request }, &mut tell)?,
        Scope::SinceReport | Scope::Rolling { .. } => {
            in_parts(archive, task, request, &mut memory, report.started, &mut tell)?
        }
    };
    memory.coverage.mark_all(&report.checked, report.started);
    remember(memory, archive, task.scope, report)?;
    report.checked.unchecked.extend(problem);
    Ok(key)
}

/// A share of the contents, or those that were never read.
fn in_parts(
    archive: &Archive,
    task: &Task<'_>,
    request: Request<'_>,
    memory: &mut Memory,
    now: Timestamp,
    tell: &mut dyn FnMut(logkeep_storage::Progress),
) -> Result<Verification, Error> {
    let streams = rolling::sealed(archive)?;
    let interrupt = task.interrupt.clone();
    let (parts, limit) = match task.scope {
        Scope::Rolling { budget, nights } => {
            // Only a wish: where it is not granted the work is done all the same.
            let _ = rustix::process::nice(NICENESS);
            let limit = Limit::new(budget, nights, &memory.coverage, &streams, now, interrupt);
            (memory.coverage.parts(&streams), limit)
        }
        _ => {
            let limit = Limit::new(Duration::MAX, 1, &memory.coverage, &streams, now, interrupt);
            (memory.coverage.unread(&streams), limit)
        }
    };
    let memory = Mutex::new(memory);
    let go_on = |records| limit.go_on(records);
    let done = |part: &logkeep_storage::Part| memory.lock().unwrap_or_else(PoisonError::into_inner).note(part, now);
    let files = matches!(task.scope, Scope::Rolling { .. });
    let request = Request { depth: Depth::Parts(&parts), files, go_on: &go_on, done: &done, ..request };
    let mut checked = verify_as(archive, &request, tell)?;
    if limit.interrupt.is_set() {
        checked.unchecked.push("what was left when it was stopped; the same command goes on from there".to_owned());
    }
    Ok(checked)
}

/// Keeps what was read for the next time, and says how far it is.
fn remember(mut memory: Memory, archive: &Archive, scope: Scope, report: &mut Report) -> Result<(), Error> {
    let rolls = matches!(scope, Scope::Rolling { .. } | Scope::SinceReport);
    if let Err(error) = memory.save()
        && rolls
    {
        report.checked.notes.push(format!("what was read cannot be remembered for the next time: {error}"));
    }
    if let Scope::Rolling { nights, .. } = scope {
        let streams = rolling::sealed(archive)?;
        report.rolled = Some(rolling::rolled(&memory.coverage, &streams, nights, report.started));
    }
    Ok(())
}

/// The index, the drill, and whether a night was missed.
fn after(
    archive: &Archive,
    key: Option<&LogKey>,
    task: &Task<'_>,
    place: &Place,
    output: &Output,
    report: &mut Report,
) {
    if task.scope != Scope::Quick {
        check_index(archive, place, output).into_iter().for_each(|damage| report.checked.add(damage));
    }
    if let Some(key) = key {
        drilled(archive, key, report);
    }
    if let Some(previous) = &report.previous {
        let passed = report.started.0.saturating_sub(previous.time.0);
        if passed > MISSED_AFTER_NS {
            let hours = size::counted((passed / 3_600_000_000_000) as u64, "hour");
            report
                .checked
                .notices
                .push(format!("the last report, {}, is {hours} old: a night was missed", previous.id));
        }
    }
}

/// Records are proven as to a stranger; which ones, the day decides.
fn drilled(archive: &Archive, key: &LogKey, report: &mut Report) {
    let seed = report.started.0.unsigned_abs();
    match drill::run(archive, key, (DRILL_RECORDS, seed), &mut report.checked) {
        Ok(drill) => report.drill = drill,
        Err(error) => report.checked.unchecked.push(drill::unchecked(&error)),
    }
}

/// What the index has to say; an index that is not there needs no check.
fn check_index(archive: &Archive, place: &Place, output: &Output) -> Vec<Damage> {
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
        Err(error) => {
            let found = Failure::of(&error).to_string();
            vec![
                Damage::new(logkeep_storage::DamageCode::Index, "an index that can be read", found).file(place.index()),
            ]
        }
    }
}
