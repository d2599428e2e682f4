//! The reading half of an import: opens inputs, finds where to go on, fills portions.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use logkeep_storage::{StreamName, Timestamp};

use crate::intake::follow::{self, Change};
use crate::intake::front::Front;
use crate::intake::importer::{ImportOptions, Message, Origin, Outlet, Surroundings, follow_interval, path_name};
use crate::intake::input::{Compression, Input};
use crate::intake::json_scan::Scanner;
use crate::intake::pipe::Named;
use crate::intake::place::{Imprint, Names, Place};
use crate::intake::portion::Gatherer;
use crate::intake::recognise::Recogniser;
use crate::intake::rejected::Rejection;
use crate::intake::splitter::{Cut, Ending, Piece, Position, Splitter};
use crate::intake::summary::{OtherManner, Unfinished};
use crate::intake::walk;

/// What was read is appended after so long, however little it is.
const PORTION_NS_MAX: i64 = 1_000_000_000;

/// The other thread has ended, and why is known there.
#[derive(Debug)]
pub(crate) struct Gone;

/// Reads all origins.
pub(crate) struct Reading<'a> {
    options: &'a ImportOptions,
    surroundings: &'a Surroundings<'a>,
    outlet: Outlet,
    names: Names,
    recogniser: Recogniser,
    scanner: Scanner,
    gatherer: Gatherer,
    /// Stored bytes of the inputs that are done.
    bytes_before: u64,
    sent: Timestamp,
}

/// The input that is being read.
struct Current {
    name: String,
    /// The stream of its lines, if it is text.
    text_stream: StreamName,
    splitter: Splitter,
    input: Input,
    /// The file to look at again when its end is reached.
    follow: Option<PathBuf>,
    /// Offset and length of the unfinished end that is in the rejected ones.
    noted: Option<(u64, u64)>,
    /// Pieces that could not be taken, an unfinished end apart.
    rejected: u64,
    /// The time of the last line of text that has one.
    line_time: Option<Timestamp>,
    /// Offset of the last cursor and what was noted then.
    saved: Option<(u64, Option<(u64, u64)>)>,
    /// Where an earlier import left it; 0 if it is new.
    entered: u64,
    /// Why reading failed, until that is told.
    fault: Option<String>,
    /// Bytes read when the end was last seen.
    end_seen: Option<u64>,
    /// Whether it gave way to another file of its name.
    replaced: bool,
}

/// Where to go on in a file, and the bytes before that place.
type Entry = (Place, Front);

impl<'a> Reading<'a> {
    pub(crate) fn new(options: &'a ImportOptions, surroundings: &'a Surroundings<'a>, outlet: Outlet) -> Self {
        let (recogniser, scanner) = Recogniser::new(options.overrides.clone());
        Self {
            options,
            surroundings,
            outlet,
            names: Names::new(&options.overrides, options.form),
            recogniser,
            scanner,
            gatherer: Gatherer::default(),
            bytes_before: 0,
            sent: (surroundings.clock)(),
        }
    }

    /// Reads all origins. When the other thread has ended there is nothing left to do.
    pub(crate) fn run(mut self, origins: Vec<Origin>) {
        let _ = self.read_all(origins).and_then(|()| self.send());
    }

    fn read_all(&mut self, origins: Vec<Origin>) -> Result<(), Gone> {
        let (sources, total) = sources(origins, self.options.follow.is_some());
        self.outlet.send(Message::Total(total))?;
        let last = sources.len().saturating_sub(1);
        for (index, source) in sources.into_iter().enumerate() {
            if self.stopped() {
                return self.outlet.send(Message::CutShort);
            }
            match source {
                Source::Empty(path) => self.outlet.send(Message::Unfinished(no_files(&path)))?,
                Source::Unreadable(path, error) => self.unreadable(&path_name(&path), &error)?,
                Source::Stream(name, reader) => self.read_stream(name, reader)?,
                Source::File(path) if self.options.follow.is_some() && index == last => self.follow(&path)?,
                Source::File(path) => self.read_file(&path)?,
            }
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.surroundings.stop.load(Ordering::Relaxed)
    }

    fn now(&self) -> Timestamp {
        (self.surroundings.clock)()
    }

    fn wait(&self) {
        (self.surroundings.sleep)(follow_interval(self.options));
    }

    fn read_stream(&mut self, name: String, reader: Box<dyn io::Read + Send>) -> Result<(), Gone> {
        let input = match Input::stream(reader, self.options.patience, self.surroundings.stop) {
            Ok(Some(input)) => input,
            Ok(None) => return self.outlet.send(Message::CutShort),
            Err(error) => return self.unreadable(&name, &error),
        };
        let text_stream = StreamName::sanitised("text/stdin");
        self.read(&mut self.current(name, text_stream, input, None))
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Gone> {
        match self.open(path, true)? {
            Ok((input, entry)) => self.read(&mut self.current(path_name(path), text_stream(path), input, entry)),
            Err(error) => self.unreadable(&path_name(path), &error),
        }
    }

    /// Reads a file, and again the file that takes its name, until told to stop.
    fn follow(&mut self, path: &Path) -> Result<(), Gone> {
        let mut copies = true;
        while !self.stopped() {
            match self.open(path, copies)? {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.wait(),
                Err(error) => return self.unreadable(&path_name(path), &error),
                Ok((input, entry)) => {
                    let mut current = self.current(path_name(path), text_stream(path), input, entry);
                    let plain = current.input.compression() == Compression::None;
                    current.follow = plain.then(|| path.to_owned());
                    self.read(&mut current)?;
                    if !current.replaced {
                        return Ok(());
                    }
                    // A new file that begins like an old one is no copy of it.
                    copies = false;
                }
            }
        }
        Ok(())
    }

    fn current(&self, name: String, text_stream: StreamName, input: Input, entry: Option<Entry>) -> Current {
        let start = Position { form: self.options.form, ..Position::default() };
        let position = entry.as_ref().map_or(start, |(place, _)| place.position);
        let mut splitter = Splitter::new(position, self.options.record_bytes_max);
        let (before, front) = match entry {
            Some((place, front)) => (Some(place), front),
            // A stream has no cursors.
            None if input.inode().is_none() => (None, Front::default()),
            None => (None, Front::start()),
        };
        splitter.set_front(front);
        let noted = before.as_ref().and_then(|place| place.noted);
        let saved = (position.offset > 0).then_some((position.offset, noted));
        Current {
            name,
            text_stream,
            splitter,
            input,
            follow: None,
            noted,
            rejected: before.as_ref().map_or(0, |place| place.rejected),
            line_time: before.as_ref().and_then(|place| place.line_time),
            saved,
            entered: position.offset,
            fault: None,
            end_seen: None,
            replaced: false,
        }
    }

    /// Opens a file where an earlier import left it, or left what it is a copy of.
    fn open(&mut self, path: &Path, copies: bool) -> Result<io::Result<(Input, Option<Entry>)>, Gone> {
        let input = match Input::open(path) {
            Ok(input) => input,
            Err(error) => return Ok(Err(error)),
        };
        let names = self.cursor_names(&input, copies);
        let mut fresh = Some(input);
        for name in names {
            let Some(place) = self.cursor(&name)? else { continue };
            let input = match fresh.take().map_or_else(|| Input::open(path), Ok) {
                Ok(mut input) => match place.enter(&mut input, self.surroundings.stop) {
                    Ok(Some(front)) => return Ok(Ok((input, Some((place, front))))),
                    Ok(None) => continue,
                    // What cannot be decompressed up to the place is told when it is read from the start.
                    Err(_) if input.compression() != Compression::None => continue,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            return Ok(input);
        }
        let input = fresh.map_or_else(|| Input::open(path), Ok);
        if copies && let Ok(input) = &input {
            self.tell_of_other_manner(path, input)?;
        }
        Ok(input.map(|input| (input, None)))
    }

    /// Says so if the file is in the archive already, read in another manner: its records come in once more.
    fn tell_of_other_manner(&mut self, path: &Path, input: &Input) -> Result<(), Gone> {
        let head = input.head();
        let Some(value) = self.stored(&Names::manner(head))? else { return Ok(()) };
        let Some(manner) = self.names.other_manner(&value, head) else { return Ok(()) };
        let Some(place) = self.cursor(&manner.cursor)? else { return Ok(()) };
        // Whether it is that very file is told by its bytes; what cannot be read is told when it is imported.
        let entered = Input::open(path).and_then(|mut input| place.enter(&mut input, self.surroundings.stop));
        if matches!(entered, Ok(Some(_))) {
            let source = path_name(path);
            return self.outlet.send(Message::TakenOtherwise(OtherManner { source, options: manner.options }));
        }
        Ok(())
    }

    fn cursor(&mut self, name: &str) -> Result<Option<Place>, Gone> {
        Ok(self.stored(name)?.and_then(|value| Place::decode(&value)))
    }

    fn stored(&mut self, name: &str) -> Result<Option<Vec<u8>>, Gone> {
        match self.gatherer.pending_cursor(name) {
            Some(value) => Ok(Some(value.to_vec())),
            None => self.outlet.cursor(name),
        }
    }

    /// The cursors of a file: none for a stream.
    fn cursor_names(&self, input: &Input, copies: bool) -> Vec<String> {
        let Some(inode) = input.inode() else { return Vec::new() };
        let content = (copies && !input.head().is_empty()).then(|| self.names.content(input.head()));
        // tidy: no results here
        [Some(self.names.inode(inode)), content].into_iter().flatten().collect()
    }

    /// Takes everything from an input.
    fn read(&mut self, current: &mut Current) -> Result<(), Gone> {
        self.outlet.send(Message::Opened)?;
        if current.rejected > 0 {
            self.outlet.send(Message::RejectedBefore(current.rejected))?;
        }
        loop {
            match current.splitter.next(&mut self.scanner) {
                Piece::Record(body) => self.take_record(body),
                Piece::Line(line) => {
                    let mut found = self.recogniser.line(line, &current.text_stream, || (self.surroundings.clock)());
                    // A stack trace, a message of several lines: what has no time goes on with the line before.
                    found.event = found.event.or(current.line_time);
                    current.line_time = found.event;
                    self.gatherer.counts().lines_without_time += u64::from(found.event.is_none());
                    self.gatherer.push(line, &found, || (self.surroundings.clock)());
                }
                Piece::Rejected(cut) => {
                    current.rejected += 1;
                    self.reject(&current.name, cut, None);
                }
                Piece::Unfinished(cut) => self.unfinished(current, cut)?,
                Piece::Foreign(cut) => self.foreign(current, cut)?,
                Piece::End => {
                    self.ended(current)?;
                    break;
                }
                Piece::NeedsMore => {
                    if self.fill(current)? {
                        break;
                    }
                }
            }
            if self.gatherer.is_full() {
                self.checkpoint(current)?;
            }
        }
        self.close(current)
    }

    /// Says so if an earlier import had all of it.
    fn ended(&mut self, current: &mut Current) -> Result<(), Gone> {
        let offset = current.splitter.position().offset;
        if offset == 0 || offset != current.entered || current.noted.is_some() {
            return Ok(());
        }
        let source = current.name.clone();
        let head = current.input.head();
        let manner = self.stored(&Names::manner(head))?;
        let other = manner.and_then(|value| self.names.other_manner(&value, head));
        self.outlet.send(Message::Known(other.map(|manner| OtherManner { source, options: manner.options })))
    }

    fn take_record(&mut self, body: &[u8]) {
        let not_utf8 = self.scanner.beyond_ascii() && std::str::from_utf8(body).is_err();
        self.gatherer.counts().opaque += u64::from(not_utf8 || self.scanner.too_deep());
        let found = self.recogniser.record(body, &self.scanner);
        self.gatherer.counts().without_time += u64::from(found.event.is_none());
        self.gatherer.counts().without_id += u64::from(found.id.is_none() && self.options.overrides.id.is_some());
        self.gatherer.push(body, &found, || (self.surroundings.clock)());
    }

    /// Gets more bytes, or finds that there are none; whether to leave the input as it is.
    fn fill(&mut self, current: &mut Current) -> Result<bool, Gone> {
        if self.stopped() {
            // A followed file is over when it is stopped, if all of it that is there was read.
            let at_end = current.end_seen == Some(current.input.offset());
            return if at_end { Ok(true) } else { self.outlet.send(Message::CutShort).map(|()| true) };
        }
        if self.now().0.saturating_sub(self.sent.0) >= PORTION_NS_MAX {
            self.checkpoint(current)?;
        }
        match current.splitter.fill(&mut current.input) {
            Ok(0) if current.follow.is_some() => return self.at_end_for_now(current),
            Ok(0) => current.splitter.end(Ending::Whole),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                current.splitter.pause();
                self.checkpoint(current)?;
            }
            Err(error) => fail(current, &error),
        }
        Ok(false)
    }

    fn at_end_for_now(&mut self, current: &mut Current) -> Result<bool, Gone> {
        let read = current.input.offset();
        // First look at what is there already, then wait.
        if current.end_seen.replace(read) != Some(read) {
            current.splitter.pause();
            return Ok(false);
        }
        self.checkpoint(current)?;
        let Some(path) = &current.follow else { return Ok(true) };
        match follow::wait(path, &current.input, read, self.surroundings.stop, &|| self.wait()) {
            Ok(Change::Grown) => {}
            Ok(Change::Stopped) => return Ok(true),
            Ok(Change::Replaced | Change::Cut) => {
                current.replaced = true;
                current.splitter.end(Ending::Whole);
            }
            Err(error) => fail(current, &error),
        }
        Ok(false)
    }

    fn close(&mut self, current: &mut Current) -> Result<(), Gone> {
        if current.fault.is_some() {
            let Position { offset, line, .. } = current.splitter.position();
            let reason = "the input ends between records";
            self.unfinished(current, Cut { offset, line, length: 0, kept: Vec::new(), reason })?;
        }
        self.save_place(current);
        self.bytes_before += current.input.stored_bytes();
        self.gatherer.counts().bytes_done = self.bytes_before;
        if current.replaced { self.send() } else { Ok(()) }
    }

    /// An end that is no end: told each time, kept aside once.
    fn unfinished(&mut self, current: &mut Current, cut: Cut) -> Result<(), Gone> {
        let fault = current.fault.take();
        let reason = whole_reason(cut.reason, fault.as_deref());
        let unfinished = Unfinished { source: current.name.clone(), offset: cut.offset, reason };
        let seen = Some((cut.offset, cut.length));
        if current.noted != seen {
            current.noted = seen;
            self.reject(&current.name, cut, fault.as_deref());
        }
        self.outlet.send(Message::Unfinished(unfinished))
    }

    /// What holds no text: told each time; a file, which stays where it is, is kept aside once.
    fn foreign(&mut self, current: &Current, mut cut: Cut) -> Result<(), Gone> {
        if let Ok(Some(length)) = current.input.plain_length() {
            cut.length = length;
        }
        // Another file at the same place is another thing not taken.
        let file = current.input.inode().map(|inode| format!("{inode:?} {}", cut.length));
        self.not_taken(&current.name, cut, None, file.as_deref())
    }

    /// What cannot even be opened: told each time, kept aside once for the same reason.
    fn unreadable(&mut self, name: &str, error: &io::Error) -> Result<(), Gone> {
        let cut = Cut { offset: 0, line: 0, length: 0, kept: Vec::new(), reason: "cannot be read" };
        self.not_taken(name, cut, Some(&error.to_string()), Some(""))
    }

    /// Of a whole input nothing was taken. The cursor remembers that this `file` was kept aside for this reason;
    /// nothing is remembered of a stream.
    fn not_taken(&mut self, name: &str, cut: Cut, fault: Option<&str>, file: Option<&str>) -> Result<(), Gone> {
        let reason = whole_reason(cut.reason, fault);
        let cursor = self.names.unreadable(name);
        let told = file.map(|file| format!("{reason} {file}").into_bytes());
        if told.is_none() || self.stored(&cursor)? != told {
            self.reject(name, cut, fault);
            told.into_iter().for_each(|told| self.gatherer.set_cursor(cursor.clone(), told));
        }
        self.outlet.send(Message::Unfinished(Unfinished { source: name.to_owned(), offset: 0, reason }))
    }

    fn reject(&mut self, source: &str, cut: Cut, fault: Option<&str>) {
        let reason = whole_reason(cut.reason, fault);
        let Cut { offset, line, length, kept, .. } = cut;
        let received = self.now();
        self.gatherer.reject(Rejection { source: source.to_owned(), offset, line, length, kept, reason, received });
    }

    /// Hands over what was read, with the place reached.
    fn checkpoint(&mut self, current: &mut Current) -> Result<(), Gone> {
        self.save_place(current);
        self.gatherer.counts().bytes_done = self.bytes_before + current.input.stored_bytes();
        self.send()
    }

    fn save_place(&mut self, current: &mut Current) {
        self.gatherer.counts().empty_lines += current.splitter.take_empty_lines();
        let position = current.splitter.position();
        let here = (position.offset, current.noted);
        let Some(inode) = current.input.inode() else { return };
        if current.saved == Some(here) || here == (0, None) {
            return;
        }
        current.saved = Some(here);
        let front = current.splitter.front().digest();
        let head = current.input.head();
        let Current { noted, rejected, line_time, .. } = *current;
        let place = Place { position, head: Imprint::of(head), front, noted, rejected, line_time };
        let value = place.encode();
        self.gatherer.set_cursor(self.names.content(head), value.clone());
        self.gatherer.set_cursor(Names::manner(head), self.names.this_manner());
        self.gatherer.set_cursor(self.names.inode(inode), value);
    }

    fn send(&mut self) -> Result<(), Gone> {
        self.sent = self.now();
        if self.gatherer.is_empty() {
            return Ok(());
        }
        self.outlet.send(Message::Portion(self.gatherer.take()))
    }
}

fn no_files(path: &Path) -> Unfinished {
    Unfinished { source: path_name(path), offset: 0, reason: "there is no file in it".to_owned() }
}

fn whole_reason(reason: &str, fault: Option<&str>) -> String {
    fault.map_or_else(|| reason.to_owned(), |fault| format!("{reason}: {fault}"))
}

fn fail(current: &mut Current, error: &io::Error) {
    current.fault = Some(error.to_string());
    current.splitter.end(Ending::Cut);
}

/// One thing to read.
enum Source {
    File(PathBuf),
    Stream(String, Box<dyn io::Read + Send>),
    /// A folder without files: whoever names one expects some.
    Empty(PathBuf),
    Unreadable(PathBuf, io::Error),
}

/// All files of all origins, and their bytes; no total if something has no length.
fn sources(origins: Vec<Origin>, follow: bool) -> (Vec<Source>, Option<u64>) {
    let (mut sources, mut total) = (Vec::new(), Some(0_u64));
    for origin in origins {
        let path = match origin {
            Origin::Path(path) => path,
            Origin::Stream { name, reader } => {
                sources.push(Source::Stream(name, reader));
                total = None;
                continue;
            }
        };
        let found = walk::files(&path);
        if found.is_empty() {
            sources.push(Source::Empty(path));
        }
        for found in found {
            sources.push(match found.bytes {
                Ok(bytes) => {
                    total = total.zip(bytes).map(|(total, bytes)| total + bytes);
                    match bytes {
                        Some(_) => Source::File(found.path),
                        None => Source::Stream(path_name(&found.path), Box::new(Named::Unopened(found.path))),
                    }
                }
                // Whoever follows a file may do so before there is one.
                Err(error) if follow && error.kind() == io::ErrorKind::NotFound => Source::File(found.path),
                Err(error) => Source::Unreadable(found.path, error),
            });
        }
    }
    (sources, total)
}

/// `text/` and the file's name up to its first dot, so that rotated and compressed files come to the same stream.
fn text_stream(path: &Path) -> StreamName {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or("unnamed");
    StreamName::sanitised(&format!("text/{stem}"))
}
