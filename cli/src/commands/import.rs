//! `logkeep import`: files, directories and pipes into the archive.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use logkeep_server::intake::{
    Form, ImportError, ImportErrorKind, ImportOptions, Origin, Overrides, Sink, SinkError, Summary, Surroundings,
    Unfinished, import,
};
use logkeep_storage::{Append, Appended, Archive, Error, Writer};

use crate::args::{ImportArgs, InputForm};
use crate::commands;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::manifest::{self, Manifest};
use crate::moment;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::size;

/// How often a followed file is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

/// Imports what was named, says how it went.
pub(crate) fn run(args: &ImportArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let parts = parts(args, place)?;
    let interrupt =
        Interrupt::listen().map_err(|error| Failure::error(format!("cannot listen for Ctrl-C: {error}")))?;
    let (writer, is_new) = place.write()?;
    if is_new {
        output.say(&format!("made an archive in {}", place.path().display()));
    }
    let started = Instant::now();
    let mut store = Store { writer };
    let mut summary = Summary::default();
    for Part { origins, options } in parts {
        let imported = intake(origins, &options, &interrupt, &mut store, output);
        add(&mut summary, imported.map_err(|error| failure(&error))?);
    }
    store.writer.seal_tails().map_err(|error| place::failure(&error))?;
    if !interrupt.is_set() {
        index(&store.writer.archive(), place, output);
    }
    if args.json {
        output.line(&json(&summary))?;
    }
    report(&summary, place, started.elapsed(), output);
    Ok(Exit::complete(!summary.is_partial()))
}

/// Inputs that are read in one way.
struct Part {
    origins: Vec<Origin>,
    options: ImportOptions,
}

/// What is to be read: all inputs at once, but for exports, whose manifest says how each file is to be read.
fn parts(args: &ImportArgs, place: &Place) -> Result<Vec<Part>, Failure> {
    let mut plain = Vec::new();
    let mut parts = Vec::new();
    for input in &args.inputs {
        if input.as_os_str() == "-" {
            plain.push(Origin::Stream { name: "-".to_owned(), reader: Box::new(io::stdin()) });
            continue;
        }
        there(input)?;
        match Manifest::read(input)? {
            Some(export) => {
                for file in &export.files {
                    parts.push(exported(file, input, args, place)?);
                }
            }
            None if args.form == InputForm::Auto && is_framed(input) => {
                let options = ImportOptions { form: Form::Lengths, ..options(args, place) };
                parts.push(Part { origins: vec![Origin::Path(input.clone())], options });
            }
            None => plain.push(Origin::Path(input.clone())),
        }
    }
    if !plain.is_empty() {
        parts.insert(0, Part { origins: plain, options: options(args, place) });
    }
    Ok(parts)
}

/// A file that `export` wrote: its stream is known, and each of its records stands as it is.
fn exported(file: &manifest::File, folder: &Path, args: &ImportArgs, place: &Place) -> Result<Part, Failure> {
    let mut options = options(args, place);
    let path = file.path(folder);
    options.form = match file.form {
        manifest::Form::Values | manifest::Form::JsonLines => Form::Values,
        manifest::Form::Lines => Form::Text,
        manifest::Form::Lengths => Form::Lengths,
    };
    if options.overrides.stream.is_none() {
        let stream = file.stream.as_str().parse();
        options.overrides.stream = Some(stream.map_err(|error| Failure::error(format!("{}: {error}", file.stream)))?);
    }
    Ok(Part { origins: vec![Origin::Path(path)], options })
}

/// Whether a file's name says that it is one of an export's, with each record's length before it.
fn is_framed(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending == Some(manifest::Form::Lengths.ending()) && path.is_file()
}

/// Adds what one part of an import did to what the others did.
fn add(sum: &mut Summary, part: Summary) {
    for (sum, part) in [
        (&mut sum.inputs, part.inputs),
        (&mut sum.known, part.known),
        (&mut sum.records, part.records),
        (&mut sum.bytes, part.bytes),
        (&mut sum.duplicates, part.duplicates),
        (&mut sum.versions, part.versions),
        (&mut sum.rejected, part.rejected),
        (&mut sum.skipped_empty, part.skipped_empty),
        (&mut sum.without_time, part.without_time),
        (&mut sum.opaque, part.opaque),
    ] {
        *sum += part;
    }
    for (name, count) in part.streams {
        let stream = sum.streams.entry(name).or_default();
        stream.records += count.records;
        stream.bytes += count.bytes;
        stream.duplicates += count.duplicates;
        stream.versions += count.versions;
    }
    sum.unfinished.extend(part.unfinished);
    sum.stopped |= part.stopped;
    sum.cut_short |= part.cut_short;
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
fn index(archive: &Archive, place: &Place, output: &mut Output) {
    if let Err(error) = commands::index::catch_up(archive, place, output) {
        output.warn(&format!("{}; searches work, but slower", Failure::of(&error)));
        output.warn("`logkeep index rebuild` makes the index anew");
    }
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
    output.say(&headline(summary, took));
    for (stream, count) in &summary.streams {
        let known = (count.duplicates > 0).then(|| format!(", {} known", size::grouped(count.duplicates)));
        let new = size::counted(count.records - count.duplicates, "new record");
        output.say(&format!("  {stream}: {new}{}", known.unwrap_or_default()));
    }
    if summary.known > 0 {
        let are = if summary.known == 1 { "is" } else { "are" };
        output.say(&format!("{} {are} in the archive already, every byte", size::counted(summary.known, "file")));
    }
    for (count, what) in [
        (summary.duplicates, "there already and not stored twice"),
        (summary.versions, "with an id that is known but other content: kept as new versions"),
        (summary.without_time, "without a time that we know: the time is when they came (--time-path)"),
        (summary.opaque, "stored but not taken apart: nested too deep, or not UTF-8"),
    ] {
        if count > 0 {
            output.say(&format!("{} {what}", size::counted(count, "record")));
        }
    }
    if summary.skipped_empty > 0 {
        output.detail(&format!("{} left out", size::counted(summary.skipped_empty, "empty line")));
    }
    if summary.rejected > 0 {
        let (what, folder) = (size::counted(summary.rejected, "piece"), place.rejected());
        output.warn(&format!("{what} could not be taken, kept in {} with place and reason", folder.display()));
    }
    for Unfinished { source, offset, reason } in &summary.unfinished {
        output.warn(&format!("{source}: taken up to byte {}, then: {reason}", size::grouped(*offset)));
    }
    if summary.cut_short {
        output.warn("stopped before the end; what is counted above is kept, and the same command goes on from there");
    } else if summary.stopped {
        output.say("stopped; what is counted above is kept, and the same command goes on from there");
    }
}

/// `archived 12,074 new records (28.1 MB) from 29 files in 0.4 s, 67 MB/s`.
fn headline(summary: &Summary, took: Duration) -> String {
    let Summary { inputs, records, bytes, duplicates, .. } = summary;
    let (seconds, megabytes) = (took.as_secs_f64(), *bytes as f64 / 1e6);
    // A rate of a few records says nothing.
    let rate = (megabytes >= 1.0).then(|| format!(", {:.0} MB/s", megabytes / seconds.max(1e-3)));
    let (new, files) = (size::counted(records - duplicates, "new record"), size::counted(*inputs, "file"));
    format!("archived {new} ({}) from {files} in {seconds:.1} s{}", size::human(*bytes), rate.unwrap_or_default())
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
        "inputs": inputs, "known": summary.known, "records": records, "bytes": bytes, "duplicates": duplicates, "versions": versions,
        "rejected": rejected, "skipped_empty": skipped_empty, "without_time": summary.without_time,
        "opaque": summary.opaque, "streams": streams, "unfinished": unfinished, "stopped": summary.stopped,
        "cut_short": summary.cut_short,
        "complete": !summary.is_partial(),
    })
    .to_string()
}
