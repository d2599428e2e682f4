//! `logkeep import`: files, directories and pipes into the archive.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use logkeep_server::intake::{
    Form, ImportError, ImportErrorKind, ImportOptions, Origin, Overrides, REJECTED_SOURCES_MAX, Sink, SinkError,
    Summary, Surroundings, import,
};
use logkeep_storage::{Append, Appended, Archive, Error, Recovery, Writer};

mod report;

use crate::args::{ImportArgs, InputForm};
use crate::commands;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::manifest::{self, Manifest};
use crate::mismatch::{self, Mismatch};
use crate::moment;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::signing::{self, Unsigned};
use crate::size;

/// How often a followed file is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

/// While a file is followed, so many new records are indexed together: 128 blocks.
const RECORDS_PER_INDEXING: u64 = 128 * 1024;

/// Imports what was named, says how it went.
pub(crate) fn run(args: &ImportArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    let Inputs { parts, strangers } = inputs(args, place)?;
    let interrupt = Interrupt::listen_aloud(output)?;
    let (writer, is_new) = place.write()?;
    if is_new {
        output.say(&format!("made an archive in {}", place.path().display()));
    }
    recovered(writer.recovery(), output);
    make_key(&writer, place, output)?;
    let mut store = Store { writer, place, output, unindexed: args.follow.then_some(0) };
    let from_stream = args.inputs.iter().any(|input| is_stream(input));
    let mut done = Done { mismatches: strangers, from_stream, ..Done::default() };
    for Part { origins, options, export } in parts {
        if let Some((entry, folder)) = export {
            done.mismatches.extend(mismatch::of_file(&entry, &folder, &interrupt));
        }
        let imported = intake(origins, &options, &interrupt, &mut store);
        add(&mut done.summary, imported.map_err(|error| failure(&error))?);
    }
    store.writer.seal_tails().map_err(|error| place::failure(&error))?;
    // What could not be signed while it rested is signed now, or it is said why not.
    done.unsigned = signing::sign(&mut store.writer, place).map_err(|error| place::failure(&error))?;
    let Store { writer, output, .. } = store;
    if args.json {
        output.line(&report::json(&done))?;
        output.flush()?;
    }
    report::print(&done, place, started.elapsed(), output);
    let exit = Exit::complete(done.is_complete());
    if !interrupt.is_set() {
        // Everything is in the archive: the index can be made later, and nobody has to wait for it.
        interrupt.end_at_once(exit.code()).map_err(|error| Failure::error(format!("cannot listen: {error}")))?;
        index(&writer.archive(), place, output);
    }
    Ok(exit)
}

/// What was done, and what was not as the manifest of an export says.
#[derive(Default)]
struct Done {
    summary: Summary,
    mismatches: Vec<Mismatch>,
    unsigned: Option<Unsigned>,
    /// Whether something was read that is no file.
    from_stream: bool,
}

impl Done {
    fn is_complete(&self) -> bool {
        let signed = !self.unsigned.as_ref().is_some_and(Unsigned::is_failure);
        !self.summary.is_partial() && self.mismatches.is_empty() && signed
    }
}

/// What is to be read, and files beside an export's that are not of it.
struct Inputs {
    parts: Vec<Part>,
    strangers: Vec<Mismatch>,
}

/// Inputs that are read in one way.
struct Part {
    origins: Vec<Origin>,
    options: ImportOptions,
    /// The file's entry in the manifest of the export, and the export's directory.
    export: Option<(manifest::File, PathBuf)>,
}

/// What is to be read: all inputs at once, but for exports, whose manifest says how each file is to be read.
fn inputs(args: &ImportArgs, place: &Place) -> Result<Inputs, Failure> {
    let mut plain = Vec::new();
    let (mut parts, mut strangers) = (Vec::new(), Vec::new());
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
                strangers.extend(beside(&export, input)?);
            }
            None if args.form == InputForm::Auto && is_framed(input) => {
                let options = ImportOptions { form: Form::Lengths, ..options(args, place) };
                parts.push(Part { origins: vec![Origin::Path(input.clone())], options, export: None });
            }
            None => plain.push(Origin::Path(input.clone())),
        }
    }
    // Last, because one of them may be followed.
    if !plain.is_empty() {
        parts.push(Part { origins: plain, options: options(args, place), export: None });
    }
    Ok(Inputs { parts, strangers })
}

/// A file that `export` wrote: its stream is known, and each of its records stands as it is.
fn exported(file: &manifest::File, folder: &Path, args: &ImportArgs, place: &Place) -> Result<Part, Failure> {
    let mut options = options(args, place);
    options.follow = None;
    options.form = match file.form {
        manifest::Form::Values | manifest::Form::JsonLines => Form::Values,
        manifest::Form::Lines => Form::Text,
        manifest::Form::Lengths => Form::Lengths,
    };
    if options.overrides.stream.is_none() {
        let stream = file.stream.as_str().parse();
        options.overrides.stream = Some(stream.map_err(|error| Failure::error(format!("{}: {error}", file.stream)))?);
    }
    let path = file.path(folder);
    // That a file is missing is told by its comparison with the manifest.
    let origins = if path.try_exists().unwrap_or(true) { vec![Origin::Path(path)] } else { Vec::new() };
    Ok(Part { origins, options, export: Some((file.clone(), folder.to_owned())) })
}

/// Files in an export's directory that its manifest does not name.
fn beside(export: &Manifest, folder: &Path) -> Result<Vec<Mismatch>, Failure> {
    let failed = |error| Failure::file("read", folder, &error);
    let mut strangers = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let is_known = export.files.iter().any(|file| file.name == name);
        if !is_known && !name.starts_with('.') && !name.starts_with(manifest::NAME) {
            strangers.push(folder.join(name).display().to_string());
        }
    }
    strangers.sort();
    Ok(strangers.iter().map(|path| Mismatch::stranger(path)).collect())
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
        (&mut sum.rejected_before, part.rejected_before),
        (&mut sum.without_time, part.without_time),
        (&mut sum.lines_without_time, part.lines_without_time),
        (&mut sum.without_id, part.without_id),
        (&mut sum.beyond_streams, part.beyond_streams),
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
    let room = REJECTED_SOURCES_MAX.saturating_sub(sum.rejected_sources.len());
    sum.rejected_sources.extend(part.rejected_sources.into_iter().take(room));
    sum.unfinished.extend(part.unfinished);
    sum.known_otherwise.extend(part.known_otherwise);
    sum.taken_otherwise.extend(part.taken_otherwise);
    sum.stopped |= part.stopped;
    sum.cut_short |= part.cut_short;
}

/// Standard input, a pipe: what has no place to go on from.
fn is_stream(input: &Path) -> bool {
    input.as_os_str() == "-" || fs::metadata(input).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// A name that does not exist is a slip of the fingers; better said before anything is imported.
fn there(path: &Path) -> Result<(), Failure> {
    match path.try_exists() {
        Ok(false) if path.is_symlink() => {
            Err(Failure::usage(format!("{} is a link to something that does not exist", path.display())))
        }
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
struct Store<'a> {
    writer: Writer,
    place: &'a Place,
    output: &'a mut Output,
    /// While a file is followed: records appended since the index was brought up to date.
    unindexed: Option<u64>,
}

impl Sink for Store<'_> {
    fn append(&mut self, append: &Append) -> Result<Vec<Appended>, SinkError> {
        let appended = self.writer.append(append)?;
        if let Some(unindexed) = &mut self.unindexed {
            *unindexed += appended.iter().map(|appended| appended.indexes.end - appended.indexes.start).sum::<u64>();
            if *unindexed >= RECORDS_PER_INDEXING {
                self.index();
            }
        }
        Ok(appended)
    }

    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        Ok(self.writer.archive().cursor(name)?)
    }

    fn rest(&mut self) -> Result<(), SinkError> {
        self.writer.seal_tails()?;
        // Why it could not is said at the end.
        signing::sign(&mut self.writer, self.place)?;
        self.index();
        Ok(())
    }
}

impl Store<'_> {
    fn index(&mut self) {
        self.unindexed = Some(0);
        let indexed = commands::index::catch_up(&self.writer.archive(), self.place, &Progress::hidden());
        not_indexed(indexed.err(), self.output);
    }
}

/// A new archive gets its key; also one whose making was cut short before it had one.
fn make_key(writer: &Writer, place: &Place, output: &mut Output) -> Result<(), Failure> {
    let failed = |error| place::failure(&error);
    if writer.archive().streams().map_err(failed)?.is_empty() && !place.key().try_exists().unwrap_or(true) {
        let key = signing::generate(None)?;
        signing::keep(&key, place, output)?;
    }
    Ok(())
}

/// What opening the archive found: a writer that was killed, and what became of its last append.
fn recovered(recovery: &Recovery, output: &mut Output) {
    let Recovery { torn_log, torn_tip_bytes, adopted, ledger_set_aside } = recovery;
    if let Some(path) = ledger_set_aside {
        output.warn(&format!(
            "a byte of the ledger had changed: it was corrected, and what was there is kept in {}",
            path.display()
        ));
        output.hint("one changed byte may not be the only one: `logkeep verify` looks at all");
    }
    if *adopted > 0 {
        let records = size::counted(*adopted, "record");
        output.say(&format!("{records} were stored when an earlier run was killed, and are acknowledged now"));
    }
    if *torn_log || *torn_tip_bytes > 0 {
        output.detail("an earlier run was killed while it wrote: its last, unacknowledged write was cut off");
    }
}

fn intake(
    origins: Vec<Origin>,
    options: &ImportOptions,
    interrupt: &Interrupt,
    store: &mut Store<'_>,
) -> Result<Summary, ImportError> {
    let bar = Progress::bytes(store.output, None);
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

/// Brings the index up to date.
fn index(archive: &Archive, place: &Place, output: &mut Output) {
    let bar = Progress::things(output, None);
    bar.say("indexing (Ctrl-C leaves it for the next time): blocks");
    let indexed = commands::index::catch_up(archive, place, &bar);
    drop(bar);
    not_indexed(indexed.err(), output);
}

/// If indexing fails the records are kept all the same, and searches read them.
fn not_indexed(error: Option<logkeep_index::Error>, output: &mut Output) {
    if let Some(error) = error {
        output.warn(&format!("{}; searches work, but slower", Failure::of(&error)));
        output.hint("`logkeep index rebuild` makes the index anew");
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
