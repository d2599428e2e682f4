//! `logkeep export`: records into files, byte for byte, with a manifest.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use logkeep_storage::{Archive, Error, StoredRecord, StreamName, StreamStat, Timestamp, hex};

use crate::args::ExportArgs;
use crate::continued::Continued;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::manifest::{self, File, Form, Manifest};
use crate::output::progress::Progress;
use crate::output::{Output, json};
use crate::place::{self, Place};
use crate::{doubts, moment, selection, size};

/// Events at or after the one, before the other.
pub(crate) type Times = (Option<Timestamp>, Option<Timestamp>);

/// What was written.
#[derive(Default)]
struct Total {
    files: u64,
    records: u64,
    bytes: u64,
    /// Streams of which there was nothing to write.
    empty: u64,
    damage: Vec<String>,
}

/// Exports into a directory or to standard output.
pub(crate) fn run(args: &ExportArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let now = moment::now();
    let since = moment::option("--since", args.since.as_deref(), now)?;
    let until = moment::option("--until", args.until.as_deref(), now)?;
    let archive = place.read()?;
    let doubted = doubts::tell(&archive, output);
    let streams = selection::streams(&archive, &args.streams)?;
    let interrupt = Interrupt::listen_aloud(output)?;
    let total = match &args.to {
        Some(folder) => to_folder(&archive, &streams, (since, until), folder, &interrupt, output)?,
        None => to_output(&archive, &streams, (since, until), output)?,
    };
    for damage in &total.damage {
        output.warn(&format!("missing: {damage}"));
    }
    if !total.damage.is_empty() {
        output.hint(doubts::VERIFY);
    }
    if total.empty > 0 {
        output
            .detail(&format!("{} without a record at these times have no file", size::counted(total.empty, "stream")));
    }
    let (records, files) = (size::counted(total.records, "record"), size::counted(total.files, "file"));
    let bytes = size::human(total.bytes);
    match &args.to {
        Some(folder) => output.say(&format!("{records} ({bytes}) in {files} in {}", folder.display())),
        None => output.say(&format!("{records} ({bytes})")),
    }
    if interrupt.is_set() {
        output.say("stopped; the same command goes on from there");
        return Ok(Exit::Partial);
    }
    let whole = total.damage.is_empty() && !doubted;
    Ok(if whole && total.records == 0 { Exit::Nothing } else { Exit::complete(whole) })
}

fn to_output(archive: &Archive, streams: &[StreamStat], times: Times, output: &mut Output) -> Result<Total, Failure> {
    let mut total = Total::default();
    let mut several_lines = 0_u64;
    for stream in streams {
        total.damage.extend(each_record(archive, stream, times, &mut |record| {
            total.records += 1;
            total.bytes += record.body.len() as u64 + 1;
            several_lines += u64::from(record.body.contains(&b'\n'));
            output.foreign(&record.body)?;
            output.bytes(b"\n")?;
            Ok(true)
        })?);
    }
    if several_lines > 0 {
        let records = size::counted(several_lines, "record");
        output.warn(&format!("{records} with line feeds inside: only --to DIR keeps such records apart"));
    }
    Ok(total)
}

fn to_folder(
    archive: &Archive,
    streams: &[StreamStat],
    times: Times,
    folder: &Path,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<Total, Failure> {
    let mut manifest = claim(folder, times)?;
    let bar = Progress::bytes(output, Some(streams.iter().map(|stream| stream.bytes_raw).sum()));
    let mut total = Total::default();
    let mut done = 0;
    for stream in streams {
        bar.say(format!("exporting {}", stream.name));
        if !is_finished(&manifest, stream, folder)? {
            let mut tell = |bytes| bar.set(done + bytes);
            match write_stream(archive, stream, times, folder, interrupt, &mut tell)? {
                Written::File(file) => {
                    remove_other(folder, manifest.file(&stream.name), &file)?;
                    manifest.put(file);
                    manifest.write(folder)?;
                }
                Written::Nothing => total.empty += 1,
                Written::Interrupted => break,
            }
        }
        done += stream.bytes_raw;
        bar.set(done);
        if let Some(file) = manifest.file(&stream.name) {
            total.files += 1;
            total.records += file.records;
            total.bytes += file.bytes;
            total.damage.extend(file.missing.iter().cloned());
        }
    }
    tell_others(&manifest, streams, folder, output);
    Ok(total)
}

/// What an earlier export wrote into the directory, and this one does not bring up to date.
fn tell_others(manifest: &Manifest, streams: &[StreamStat], folder: &Path, output: &mut Output) {
    let is_asked = |file: &&File| !streams.iter().any(|stream| stream.name == file.stream);
    let others = manifest.files.iter().filter(is_asked).count();
    if others > 0 {
        let others = size::counted(others as u64, "other stream");
        output.say(&format!("{others} in {} stay as an earlier export left them", folder.display()));
    }
}

/// Makes the directory with an empty manifest, or takes up what is there.
fn claim(folder: &Path, times: Times) -> Result<Manifest, Failure> {
    let failed = |error| Failure::file("make", folder, &error);
    if folder.is_file() {
        return Err(Failure::usage(format!("{} is a file; --to names a directory", folder.display()))
            .hint("one stream into one file: logkeep export --in STREAM > FILE"));
    }
    fs::create_dir_all(folder).map_err(failed)?;
    if let Some(found) = Manifest::read(folder)? {
        return if found.times == times {
            Ok(found)
        } else {
            Err(Failure::usage(format!("{} holds an export of other times", folder.display()))
                .hint("give the same --since and --until as RFC 3339 times, or another directory"))
        };
    }
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        let text = format!("{} is not empty and has no {}", folder.display(), manifest::NAME);
        return Err(Failure::usage(text).hint("name another directory with --to"));
    }
    let manifest = Manifest { times, files: Vec::new() };
    manifest.write(folder)?;
    Ok(manifest)
}

/// Whether the file of a stream is what it would be if it were written now.
fn is_finished(manifest: &Manifest, stream: &StreamStat, folder: &Path) -> Result<bool, Failure> {
    let Some(file) = manifest.file(&stream.name) else { return Ok(false) };
    let path = file.path(folder);
    let bytes = match fs::metadata(&path) {
        Ok(found) => Some(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::file("read", &path, &error)),
    };
    let same_head = file.head == (stream.records, hex(&stream.root));
    Ok(same_head && file.missing.is_empty() && bytes == Some(file.bytes))
}

/// What became of a stream.
enum Written {
    File(File),
    /// It has no record at these times, and so no file.
    Nothing,
    /// What is written until then is used the next time.
    Interrupted,
}

/// Writes the file of a stream.
fn write_stream(
    archive: &Archive,
    stream: &StreamStat,
    times: Times,
    folder: &Path,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(u64),
) -> Result<Written, Failure> {
    let mut forms = Forms::default();
    // Most streams need no lengths; that one does is seen only when its record comes.
    loop {
        match attempt(archive, stream, times, folder, interrupt, forms, tell)? {
            Attempt::Done(written) => return Ok(written),
            Attempt::OtherForm => forms = Forms { values: false, lines: false },
        }
    }
}

enum Attempt {
    Done(Written),
    OtherForm,
}

fn attempt(
    archive: &Archive,
    stream: &StreamStat,
    times: Times,
    folder: &Path,
    interrupt: &Interrupt,
    mut forms: Forms,
    tell: &mut dyn FnMut(u64),
) -> Result<Attempt, Failure> {
    let lengths = forms.form() == Form::Lengths;
    let part = part_path(folder, &stream.name);
    let failed = |error: io::Error| Failure::file("write", &part, &error);
    adopt(folder, &stream.name, &part).map_err(failed)?;
    let mut file = Continued::open(&part).map_err(failed)?;
    let (mut records, mut bytes, mut stopped) = (0, 0, false);
    let missing = each_record(archive, stream, times, &mut |record| {
        forms.take(&record.body);
        stopped = interrupt.is_set();
        if stopped || (forms.form() == Form::Lengths) != lengths {
            return Ok(false);
        }
        if lengths {
            file.put(format!("{}\n", record.body.len()).as_bytes()).map_err(failed)?;
        }
        file.put(&record.body).and_then(|()| file.put(b"\n")).map_err(failed)?;
        records += 1;
        bytes += record.body.len() as u64;
        tell(bytes);
        Ok(true)
    })?;
    let (bytes, sha256) = file.finish().map_err(failed)?;
    if stopped {
        return Ok(Attempt::Done(Written::Interrupted));
    }
    let form = forms.form();
    if (form == Form::Lengths) != lengths {
        return Ok(Attempt::OtherForm);
    }
    if records == 0 && missing.is_empty() {
        fs::remove_file(&part).map_err(failed)?;
        return Ok(Attempt::Done(Written::Nothing));
    }
    let name = format!("{}.{}", file_stem(&stream.name), form.ending());
    fs::rename(&part, folder.join(&name)).map_err(failed)?;
    let head = (stream.records, hex(&stream.root));
    let stream = stream.name.clone();
    Ok(Attempt::Done(Written::File(File { stream, name, form, records, bytes, sha256, head, missing })))
}

/// Which forms the records seen so far can be written in; text with line feeds needs lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Forms {
    values: bool,
    lines: bool,
}

impl Default for Forms {
    fn default() -> Forms {
        Forms { values: true, lines: true }
    }
}

impl Forms {
    fn take(&mut self, body: &[u8]) {
        let blank_edge = body.trim_ascii() != body || body.is_empty();
        self.values = self.values && !blank_edge && json::is_json(body).is_some();
        self.lines = self.lines && !blank_edge && !body.contains(&b'\n') && !body.contains(&b'\r');
    }

    fn form(self) -> Form {
        match (self.values, self.lines) {
            (true, true) => Form::JsonLines,
            (true, false) => Form::Values,
            (false, true) => Form::Lines,
            (false, false) => Form::Lengths,
        }
    }
}

/// Calls `take` with each record of a stream in these times until it says no; gives the damage that it met.
pub(crate) fn each_record(
    archive: &Archive,
    stream: &StreamStat,
    (since, until): Times,
    take: &mut dyn FnMut(&StoredRecord) -> Result<bool, Failure>,
) -> Result<Vec<String>, Failure> {
    let mut damage = Vec::new();
    let wanted = |event| since.is_none_or(|since| event >= since) && until.is_none_or(|until| event < until);
    for range in ranges(archive, stream, (since, until)) {
        for record in archive.records(&stream.name, range) {
            match record {
                Ok(record) if !wanted(record.event) => {}
                Ok(record) => {
                    if !take(&record)? {
                        return Ok(damage);
                    }
                }
                Err(Error::Damaged(found)) => damage.push(found.to_string()),
                Err(error) => return Err(place::failure(&error)),
            }
        }
    }
    Ok(damage)
}

/// Where records of these times can be: blocks whose head says that they have none are left out.
fn ranges(archive: &Archive, stream: &StreamStat, (since, until): Times) -> Vec<Range<u64>> {
    let all = 0..stream.records;
    if since.is_none() && until.is_none() {
        return vec![all];
    }
    // With a damaged head everything is read; the damage is told there.
    let Ok(heads) = archive.blocks(&stream.name, 0) else { return vec![all] };
    let end = |first: u64, count: u32| first.saturating_add(u64::from(count));
    let sealed = heads.iter().map(|head| end(head.first, head.count)).max().unwrap_or(0);
    let overlaps = |events: (Timestamp, Timestamp)| {
        since.is_none_or(|since| events.1 >= since) && until.is_none_or(|until| events.0 < until)
    };
    let blocks = heads.iter().filter(|head| overlaps(head.events));
    let blocks = blocks.map(|head| head.first..end(head.first, head.count).min(stream.records));
    blocks.chain(std::iter::once(sealed..stream.records)).filter(|range| !range.is_empty()).collect()
}

/// A stream's name as a file's: `+` is in no stream's name, so that no two streams have one file.
fn file_stem(stream: &StreamName) -> String {
    stream.as_str().replace('/', "+")
}

fn part_path(folder: &Path, stream: &StreamName) -> PathBuf {
    folder.join(format!("{}.part", file_stem(stream)))
}

/// A finished file to which records are added becomes a part again.
fn adopt(folder: &Path, stream: &StreamName, part: &Path) -> io::Result<()> {
    let stem = file_stem(stream);
    for ending in [Form::JsonLines, Form::Values, Form::Lines, Form::Lengths].map(Form::ending) {
        let finished = folder.join(format!("{stem}.{ending}"));
        if finished.try_exists()? && !part.try_exists()? {
            fs::rename(finished, part)?;
        }
    }
    Ok(())
}

/// Removes the file that a stream had under another name before.
fn remove_other(folder: &Path, old: Option<&File>, new: &File) -> Result<(), Failure> {
    let Some(old) = old.filter(|old| old.name != new.name) else { return Ok(()) };
    match fs::remove_file(old.path(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::file("remove", &old.path(folder), &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(bodies: &[&str]) -> Form {
        let mut forms = Forms::default();
        bodies.iter().for_each(|body| forms.take(body.as_bytes()));
        forms.form()
    }

    #[test]
    fn the_plainest_form_that_keeps_the_records_apart() {
        assert_eq!(form(&[]), Form::JsonLines);
        assert_eq!(form(&["{}", "[1]"]), Form::JsonLines);
        assert_eq!(form(&["{}", "{\n}"]), Form::Values);
        assert_eq!(form(&["{}", "text"]), Form::Lines);
        assert_eq!(form(&["text\r"]), Form::Lengths);
        assert_eq!(form(&[" {}"]), Form::Lengths);
        assert_eq!(form(&[""]), Form::Lengths);
        assert_eq!(form(&["{\n}", "text"]), Form::Lengths);
    }
}
