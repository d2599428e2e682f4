//! `logkeep import`: files, directories and pipes into the archive.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use logkeep_server::intake::{
    Form, ImportError, ImportErrorKind, ImportOptions, Origin, Overrides, Sink, SinkError, Summary, Surroundings, import,
};
use logkeep_storage::{Append, Appended, Archive, Error, Writer};

use crate::args::{ImportArgs, InputForm};
use crate::commands;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::moment;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::size;

/// How often a followed file is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

/// Imports what was named, says how it went.
pub(crate) fn run(args: &ImportArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let origins = origins(&args.inputs)?;
    let interrupt = Interrupt::listen().map_err(|error| Failure::error(format!("cannot listen for Ctrl-C: {error}")))?;
    let (writer, is_new) = place.write()?;
    if is_new {
        output.say(&format!("made an archive in {}", place.path().display()));
    }
    let started = Instant::now();
    let mut store = Store { writer };
    let imported = intake(origins, &options(args, place), &interrupt, &mut store, output);
    let summary = match imported {
        Ok(summary) => summary,
        Err(error) => return Err(failure(&error)),
    };
    store.writer.seal_tails().map_err(|error| place::failure(&error))?;
    index(&store.writer.archive(), place, &interrupt, output)?;
    if args.json {
        output.line(&json(&summary))?;
    }
    report(&summary, place, started.elapsed(), output);
    Ok(Exit::complete(!summary.is_partial()))
}

fn origins(inputs: &[PathBuf]) -> Result<Vec<Origin>, Failure> {
    let origin = |input: &PathBuf| match input.as_os_str() == "-" {
        true => Ok(Origin::Stream { name: "-".to_owned(), reader: Box::new(io::stdin()) }),
        false => there(input).map(|()| Origin::Path(input.clone())),
    };
    inputs.iter().map(origin).collect()
}

/// A name that does not exist is a slip of the fingers; better said before anything is imported.
fn there(path: &Path) -> Result<(), Failure> {
    match path.try_exists() {
        Ok(false) => Err(Failure::usage(format!("{} does not exist", path.display()))),
        // What cannot be looked at is counted as unfinished, and does not keep the others out.
        Ok(true) | Err(_) => Ok(()),
    }
}

fn options(args: &ImportArgs, place: &Place) -> ImportOptions {
    let form = match args.form {
        InputForm::Auto => Form::Auto,
        InputForm::Json => Form::Json,
        InputForm::Values => Form::Values,
        InputForm::Text => Form::Text,
    };
    let overrides = Overrides { stream: args.stream.clone(), time: args.time_path.clone(), id: args.id_path.clone() };
    let follow = args.follow.then_some(FOLLOW_INTERVAL);
    ImportOptions { form, overrides, follow, ..ImportOptions::new(place.rejected()) }
}

/// The archive as the intake sees it.
struct Store {
    writer: Writer,
}

impl Sink for Store {
    fn append(&mut self, append: &Append) -> Result<Vec<Appended>, SinkError> {
        Ok(self.writer.append(append)?)
    }

    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        Ok(self.writer.archive().cursor(name)?)
    }
}

fn intake(
    origins: Vec<Origin>,
    options: &ImportOptions,
    interrupt: &Interrupt,
    store: &mut Store,
    output: &Output,
) -> Result<Summary, ImportError> {
    let bar = Progress::bytes(output, None);
    bar.say("importing");
    let surroundings = Surroundings { clock: &moment::now, sleep: &std::thread::sleep, stop: interrupt.flag() };
    import(origins, options, &surroundings, store, &mut |progress| {
        if let Some(total) = progress.bytes_total {
            bar.set_total(total);
        }
        bar.set(progress.bytes_done);
        bar.say(format!("importing: {}", size::counted(progress.records, "record")));
    })
}

/// Brings the index up to date. If that fails the records are kept all the same, and searches read them.
fn index(archive: &Archive, place: &Place, interrupt: &Interrupt, output: &mut Output) -> Result<(), Failure> {
    if interrupt.is_set() {
        return Ok(());
    }
    if let Err(error) = commands::index::catch_up(archive, place, output) {
        output.warn(&format!("{}; searches work, but slower", Failure::of(&error)));
        output.warn("`logkeep index rebuild` makes the index anew");
    }
    Ok(())
}

fn failure(error: &ImportError) -> Failure {
    if let ImportErrorKind::Sink(source) = &error.kind
        && let Some(source) = source.downcast_ref::<Error>()
    {
        let failure = place::failure(source);
        return failure.hint(format!(
            "{} before it are stored; the same command goes on from there",
            size::counted(error.summary.records, "record")
        ));
    }
    Failure::of(error)
}

fn report(summary: &Summary, place: &Place, took: Duration, output: &mut Output) {
    let Summary { inputs, records, bytes, duplicates, versions, rejected, .. } = summary;
    let seconds = took.as_secs_f64();
    output.say(&format!(
        "archived {} ({}) of {} from {} in {seconds:.1} s, {:.0} MB/s",
        size::counted(records - duplicates, "new record"),
        size::human(*bytes),
        size::counted(*records, "record"),
        size::counted(*inputs, "file"),
        *bytes as f64 / 1e6 / seconds.max(1e-3),
    ));
    for (stream, count) in &summary.streams {
        let known = if count.duplicates > 0 { format!(", {} known", size::grouped(count.duplicates)) } else { String::new() };
        output.say(&format!("  {stream}: {}{known}", size::counted(count.records - count.duplicates, "new record")));
    }
    let noted = |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", size::grouped(count)));
    for line in [
        noted(*duplicates, "records were there already and are not stored twice"),
        noted(*versions, "records have an id that is known but other content: kept as new versions"),
        noted(summary.without_time, "records without a time that we know: their time is when they came (--time-path)"),
        noted(summary.opaque, "records are stored, but not taken apart: nested too deep or not UTF-8"),
    ]
    .into_iter()
    .flatten() // tidy: no results here
    {
        output.say(&line);
    }
    if summary.skipped_empty > 0 {
        output.detail(&format!("{} left out", size::counted(summary.skipped_empty, "empty line")));
    }
    if *rejected > 0 {
        let what = size::counted(*rejected, "thing");
        output.warn(&format!("{what} could not be taken; each is in {} with its reason", place.rejected().display()));
    }
    for unfinished in &summary.unfinished {
        let (source, offset) = (&unfinished.source, size::grouped(unfinished.offset));
        output.warn(&format!("{source}: taken up to byte {offset}, then: {}", unfinished.reason));
    }
    if summary.stopped {
        output.say("stopped; what is counted above is kept, and the same command goes on from there");
    }
}

fn json(summary: &Summary) -> String {
    let Summary { inputs, records, bytes, duplicates, versions, rejected, skipped_empty, .. } = summary;
    let streams: serde_json::Map<String, serde_json::Value> = summary
        .streams
        .iter()
        .map(|(name, count)| {
            let numbers = serde_json::json!({
                "records": count.records, "bytes": count.bytes, "duplicates": count.duplicates, "versions": count.versions
            });
            (name.to_string(), numbers)
        })
        .collect();
    let unfinished: Vec<_> = summary
        .unfinished
        .iter()
        .map(|found| serde_json::json!({ "source": found.source, "offset": found.offset, "reason": found.reason }))
        .collect();
    serde_json::json!({
        "inputs": inputs, "records": records, "bytes": bytes, "duplicates": duplicates, "versions": versions,
        "rejected": rejected, "skipped_empty": skipped_empty, "without_time": summary.without_time,
        "opaque": summary.opaque, "streams": streams, "unfinished": unfinished, "stopped": summary.stopped,
        "complete": !summary.is_partial(),
    })
    .to_string()
}
