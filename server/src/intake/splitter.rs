//! Cuts a stream of bytes into records, each with its exact bytes, in bounded memory.
//!
//! * JSON: values one after another (JSON lines, concatenated, printed over many lines); the elements of an array and
//!   of an envelope (`{"records":[…]}`, `{"Records":[…]}`, `{"value":[…]}`, with `@odata.…` and `nextLink` beside it)
//!   are the records. A record reaches from the value's first byte to its last; separators belong to none.
//! * Text: a record is a line without its LF. A CR before the LF is part of the record.
//! * Lengths: a record stands behind its length and before a line feed, and can be any bytes.
//!
//! Empty lines are counted and skipped. What is no JSON in a JSON input is cut out as rejected, and the next record
//! begins where the next line (in an array: the next element) begins, so that one bad record costs one record.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memmem};

use crate::intake::envelope::{self, Opening, Tail};
use crate::intake::front::Front;
use crate::intake::json_scan::{Fault, Scanner, skip_space};
use crate::intake::not_text;
use crate::intake::skip::{Skip, Until};

mod lengths;

/// Bytes read at once.
pub(crate) const CHUNK_BYTES: usize = 256 << 10;
/// A value of which more than this has been looked at in vain is looked at again when twice as much is there.
const RESCAN_BYTES: usize = 64 << 10;
/// The first bytes that decide between JSON and text.
const SNIFF_BYTES: usize = 64 << 10;
/// Bytes of the widest letter of any encoding.
const LETTER_BYTES_MAX: usize = 4;

/// How to cut an input into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// JSON if it begins like JSON or half of its first lines do, else text.
    #[default]
    Auto,
    /// JSON values; arrays and envelopes are opened, their elements are the records.
    Json,
    /// JSON values, each a record as it stands: for what was exported from an archive.
    Values,
    /// Lines.
    Text,
    /// For each record its length in decimal, a line feed, its bytes, a line feed: also from an archive.
    Lengths,
}

/// Inside of what the next record lies: needed, beside the offset, to go on in the middle of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// Nothing: values follow one another.
    Top,
    /// An array that is a document of its own.
    Array,
    /// The array of an envelope.
    EnvelopeArray,
    /// An envelope, behind its array.
    EnvelopeTail,
}

/// What comes next in an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A JSON record; the scanner holds its wanted values.
    Record(&'a [u8]),
    /// A record of text.
    Line(&'a [u8]),
    /// What could not be taken.
    Rejected(Cut),
    /// More bytes are needed: [`Splitter::fill`] or [`Splitter::end`].
    NeedsMore,
    /// The input ended inside of a record or a line that was cut off; these are its bytes.
    Unfinished(Cut),
    /// The input holds no text at all; its first bytes. Nothing of it was taken, and nothing will be.
    Foreign(Cut),
    /// The end, between records.
    End,
}

/// A part of an input that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where it begins, in decoded bytes.
    pub(crate) offset: u64,
    /// Its line, from 1.
    pub(crate) line: u64,
    /// Its length in bytes.
    pub(crate) length: u64,
    /// Its first bytes, [`crate::intake::skip::KEPT_BYTES_MAX`] at most.
    pub(crate) kept: Vec<u8>,
    /// Why it is no record.
    pub(crate) reason: &'static str,
}

/// Where a splitter is: enough to go on from here in another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: u64,
    pub(crate) line: u64,
    pub(crate) form: Form,
    pub(crate) within: Within,
}

impl Default for Position {
    fn default() -> Self {
        Self { offset: 0, line: 1, form: Form::Auto, within: Within::Top }
    }
}

/// Fed with bytes in any portions, it gives the same pieces.
#[derive(Debug)]
pub(crate) struct Splitter {
    form: Form,
    within: Within,
    record_bytes_max: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold input.
    filled: usize,
    /// The next byte to look at.
    at: usize,
    /// Offset in the input of the buffer's first byte.
    base: u64,
    /// A place in the buffer and the number of its line.
    counted: (usize, u64),
    ended: Option<Ending>,
    /// Whether it is known that there is text.
    is_text: bool,
    /// Whether the unfinished end was given out; it is not passed, because a later run may find more of it.
    finished: bool,
    /// The rest must be at least so long before it is looked at again.
    rescan_at: usize,
    skip: Option<Skip>,
    /// All bytes of the input before `hashed`.
    front: Front,
    /// A place in the buffer.
    hashed: usize,
    /// All bytes before what is being passed over.
    skip_front: Front,
    /// Decide the form from what is there: the reader has no more for now.
    sniff_now: bool,
    /// Whether something other than space has been seen in the present line.
    line_used: bool,
    empty_lines: u64,
}

/// How an input ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// At its real end: a last line without LF is a line.
    Whole,
    /// It was cut, or goes on later: a last line without LF is unfinished.
    Cut,
}

impl Splitter {
    pub(crate) fn new(position: Position, record_bytes_max: usize) -> Self {
        Self {
            form: position.form,
            within: position.within,
            record_bytes_max,
            buffer: Vec::new(),
            filled: 0,
            at: 0,
            base: position.offset,
            counted: (0, position.line),
            ended: None,
            // Whoever says that it is text, or gives lengths, may import any bytes.
            is_text: position.offset > 0 || matches!(position.form, Form::Text | Form::Lengths),
            finished: false,
            rescan_at: 0,
            skip: None,
            front: Front::default(),
            hashed: 0,
            skip_front: Front::default(),
            sniff_now: false,
            line_used: position.within != Within::Top,
            empty_lines: 0,
        }
    }

    /// Reads the next bytes; 0 means that the reader has no more, which is not yet [`Splitter::end`].
    pub(crate) fn fill(&mut self, reader: &mut dyn Read) -> io::Result<usize> {
        self.make_room();
        let read = loop {
            match reader.read(self.buffer.get_mut(self.filled..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.filled += read;
        Ok(read)
    }

    /// No bytes follow for now: what is there is to be looked at, however little it is.
    pub(crate) fn pause(&mut self) {
        self.rescan_at = 0;
        self.sniff_now |= self.form != Form::Auto || memchr(b'\n', self.rest()).is_some();
    }

    /// No bytes will follow.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ended = Some(ending);
        self.rescan_at = 0;
    }

    /// The next piece.
    pub(crate) fn next(&mut self, scanner: &mut Scanner) -> Piece<'_> {
        if self.finished {
            return Piece::End;
        }
        if !(self.is_text && self.form != Form::Auto) {
            if !self.shows_enough() {
                return Piece::NeedsMore;
            }
            if let Some(reason) = self.foreign() {
                return self.refuse(reason);
            }
            self.sniff();
        }
        if self.skip.is_some() {
            return self.skip_on();
        }
        match self.form {
            Form::Text => self.next_line(),
            Form::Lengths => self.next_with_length(scanner),
            Form::Auto | Form::Json | Form::Values => self.next_value(scanner),
        }
    }

    /// Where the next piece begins, or the one that is being passed over.
    pub(crate) fn position(&mut self) -> Position {
        let (form, within) = (self.form, self.within);
        if let Some(skip) = &self.skip {
            return Position { offset: skip.offset(), line: skip.line(), form, within };
        }
        Position { offset: self.base + self.at as u64, line: self.line(), form, within }
    }

    /// All bytes of the input before the position.
    pub(crate) fn front(&mut self) -> &Front {
        if self.skip.is_some() {
            return &self.skip_front;
        }
        self.hash_passed();
        &self.front
    }

    /// Gives the splitter all bytes before its start, if [`Splitter::front`] is wanted. Only before the first fill.
    pub(crate) fn set_front(&mut self, front: Front) {
        self.front = front;
    }

    /// Empty lines passed since the last call.
    pub(crate) fn take_empty_lines(&mut self) -> u64 {
        std::mem::take(&mut self.empty_lines)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..self.filled).unwrap_or_default()
    }

    fn make_room(&mut self) {
        let drop = self.at;
        if drop > 0 && (drop >= CHUNK_BYTES || self.at == self.filled) {
            let line = self.line();
            self.hash_passed();
            self.counted = (0, line);
            self.hashed = 0;
            self.buffer.copy_within(drop..self.filled, 0);
            (self.at, self.filled) = (0, self.filled - drop);
            self.base += drop as u64;
        }
        let wanted = self.filled + CHUNK_BYTES;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted.max(self.filled * 2), 0);
        }
    }

    /// Bytes are hashed when they leave the buffer or a place is asked for: in large portions, still in the cache.
    fn hash_passed(&mut self) {
        self.front.pass(self.buffer.get(self.hashed..self.at).unwrap_or_default());
        self.hashed = self.at;
    }

    /// The line of the next byte to look at; each byte is counted once.
    fn line(&mut self) -> u64 {
        let (from, line) = self.counted;
        let passed = self.buffer.get(from..self.at).unwrap_or_default();
        let line = line + memchr_iter(b'\n', passed).count() as u64;
        self.counted = (self.at, line);
        line
    }

    /// Whether the bytes that are there can tell what the input is.
    fn shows_enough(&self) -> bool {
        let wanted = if self.form == Form::Auto { SNIFF_BYTES } else { LETTER_BYTES_MAX };
        self.ended.is_some() || self.sniff_now || self.rest().len() >= wanted
    }

    /// Why there is no text, if that is so. Of what is said to be JSON only the encoding is questioned.
    fn foreign(&self) -> Option<&'static str> {
        match self.form {
            _ if self.is_text => None,
            Form::Auto => not_text::reason(self.rest()),
            _ => not_text::wide_letters(self.rest().get(..LETTER_BYTES_MAX)?),
        }
    }

    /// Decides the form.
    fn sniff(&mut self) {
        self.is_text = true;
        if self.form == Form::Auto {
            self.pass_byte_order_mark();
            self.form = if looks_like_json(self.rest()) { Form::Json } else { Form::Text };
        }
    }

    /// The mark that some programs put before UTF-8 belongs to the file, not to its first record.
    fn pass_byte_order_mark(&mut self) {
        if self.base + self.at as u64 == 0 && self.rest().starts_with(b"\xef\xbb\xbf") {
            self.at += 3;
        }
    }

    fn needs_more(&mut self) -> Piece<'_> {
        let length = self.rest().len();
        self.rescan_at = if length > RESCAN_BYTES { length * 2 } else { 0 };
        Piece::NeedsMore
    }

    // Text.

    fn next_line(&mut self) -> Piece<'_> {
        self.pass_byte_order_mark();
        loop {
            let rest = self.rest();
            let searched = self.rescan_at.min(rest.len());
            let Some(length) = memchr(b'\n', rest.get(searched..).unwrap_or_default()).map(|n| n + searched) else {
                return self.last_line();
            };
            self.rescan_at = 0;
            let start = self.at;
            if length > self.record_bytes_max {
                return self.reject(Until::Bytes(length as u64), "is larger than a record may be");
            }
            self.at += length + 1;
            let line = self.buffer.get(start..start + length).unwrap_or_default();
            if !line.is_empty() && line != b"\r" {
                return Piece::Line(self.buffer.get(start..start + length).unwrap_or_default());
            }
            self.empty_lines += 1;
        }
    }

    fn last_line(&mut self) -> Piece<'_> {
        let length = self.rest().len();
        if length > self.record_bytes_max {
            return self.reject(Until::LineEnd, "is larger than a record may be");
        }
        match self.ended {
            // The LF was looked for in all of it.
            None => {
                self.rescan_at = length;
                Piece::NeedsMore
            }
            Some(_) if length == 0 => Piece::End,
            Some(Ending::Cut) => self.unfinished("the input ends within a line"),
            Some(Ending::Whole) => {
                let start = self.at;
                self.at = self.filled;
                Piece::Line(self.buffer.get(start..start + length).unwrap_or_default())
            }
        }
    }

    // JSON.

    fn next_value(&mut self, scanner: &mut Scanner) -> Piece<'_> {
        loop {
            self.pass_space();
            if self.ended.is_none() && self.rest().len() < self.rescan_at {
                return Piece::NeedsMore;
            }
            let Some(&first) = self.rest().first() else { return self.nothing_left() };
            let step = match (self.within, first) {
                (Within::Top, b'[') if self.form == Form::Json => self.go(1, Within::Array),
                (Within::Top, b'{') if self.form == Form::Json => self.object(scanner),
                (Within::Top, b'{' | b'[') => self.value(scanner),
                (Within::Top, _) => self.scalar_line(scanner),
                (Within::EnvelopeTail, _) => self.envelope_tail(scanner),
                (_, b',') => self.go(1, self.within),
                (Within::Array, b']') => self.go(1, Within::Top),
                (Within::EnvelopeArray, b']') => self.go(1, Within::EnvelopeTail),
                (_, b'}' | b':') => Step::Reject(Until::ElementEnd, "is no element of an array"),
                (_, _) => self.value(scanner),
            };
            match step {
                Step::On => {}
                Step::Record(length) => return self.record(length),
                Step::Reject(until, reason) => return self.reject(until, reason),
                Step::NeedsMore => return self.needs_more(),
                Step::Unfinished(reason) => return self.unfinished(reason),
            }
        }
    }

    fn record(&mut self, length: usize) -> Piece<'_> {
        if length > self.record_bytes_max {
            return self.reject(Until::Bytes(length as u64), "is larger than a record may be");
        }
        let start = self.at;
        self.at += length;
        self.line_used = true;
        self.rescan_at = 0;
        Piece::Record(self.buffer.get(start..start + length).unwrap_or_default())
    }

    fn go(&mut self, bytes: usize, within: Within) -> Step {
        self.at += bytes;
        self.within = within;
        self.line_used = true;
        Step::On
    }

    fn pass_space(&mut self) {
        self.pass_byte_order_mark();
        let from = self.at;
        self.at = skip_space(self.buffer.get(..self.filled).unwrap_or_default(), self.at);
        let mut line_ends = memchr_iter(b'\n', self.buffer.get(from..self.at).unwrap_or_default()).count() as u64;
        if line_ends > 0 && self.line_used {
            self.line_used = false;
            line_ends -= 1;
        }
        self.empty_lines += line_ends;
    }

    fn nothing_left(&mut self) -> Piece<'_> {
        match (self.ended, self.within) {
            (None, _) => Piece::NeedsMore,
            (Some(_), Within::Top) => Piece::End,
            (Some(_), _) => self.unfinished("the input ends before its array is closed"),
        }
    }

    fn object(&mut self, scanner: &mut Scanner) -> Step {
        match envelope::opening(self.rest(), scanner) {
            Opening::Open(length) => self.go(length, Within::EnvelopeArray),
            Opening::Record => self.value(scanner),
            Opening::Incomplete if self.ended.is_some() => self.value(scanner),
            Opening::Incomplete => Step::NeedsMore,
        }
    }

    fn value(&mut self, scanner: &mut Scanner) -> Step {
        match scanner.scan(self.rest(), false) {
            Ok(length) => Step::Record(length),
            Err(Fault::Invalid { at, reason }) => self.after_fault(at, reason),
            Err(Fault::Incomplete) if self.rest().len() > self.record_bytes_max => {
                Step::Reject(Until::ValueEnd, "is larger than a record may be")
            }
            Err(Fault::Incomplete) if self.ended.is_some() => self.cut_value(),
            Err(Fault::Incomplete) => Step::NeedsMore,
        }
    }

    /// Where the next record may begin after an invalid one whose fault is `at` bytes behind its start.
    fn after_fault(&self, at: usize, reason: &'static str) -> Step {
        if self.within != Within::Top {
            return Step::Reject(Until::ElementEnd, reason);
        }
        let line_end = memchr(b'\n', self.rest());
        if line_end.is_none_or(|end| at <= end) {
            return Step::Reject(Until::LineEnd, reason);
        }
        // The fault is in a later line: either the first line was cut and whole records follow it, or one value is
        // printed over many lines. Only the former begin at the front of a line.
        Step::Reject(Until::OpenerLine, reason)
    }

    /// The input ends within a value: maybe an earlier line was cut, and records follow it.
    fn cut_value(&self) -> Step {
        let broken_line = self.within == Within::Top && opener_line(self.rest()).is_some();
        if broken_line {
            return Step::Reject(Until::OpenerLine, "ends within a value");
        }
        Step::Unfinished("the input ends within a value")
    }

    /// A number, string or literal is a record if it has a line of its own; all else is no JSON.
    fn scalar_line(&mut self, scanner: &mut Scanner) -> Step {
        let line_end = memchr(b'\n', self.rest());
        if line_end.is_none() && self.ended.is_none() {
            let too_long = self.rest().len() > self.record_bytes_max;
            return if too_long { Step::Reject(Until::LineEnd, "is no JSON value") } else { Step::NeedsMore };
        }
        let rest = self.rest();
        let line = rest.get(..line_end.unwrap_or(rest.len())).unwrap_or_default().trim_ascii_end();
        match scanner.scan(line, true) {
            Ok(length) if length == line.len() => Step::Record(length),
            _ if line_end.is_none() && self.ended == Some(Ending::Cut) => {
                Step::Unfinished("the input ends within a line")
            }
            _ => Step::Reject(Until::LineEnd, "is no JSON value"),
        }
    }

    fn envelope_tail(&mut self, scanner: &mut Scanner) -> Step {
        match envelope::tail(self.rest(), scanner) {
            Tail::Skip(length) => self.go(length, Within::EnvelopeTail),
            Tail::Array(length) => self.go(length, Within::EnvelopeArray),
            Tail::Close(length) => self.go(length, Within::Top),
            Tail::Foreign(length) => {
                Step::Reject(Until::Bytes(length as u64), "is a member of an envelope that logkeep does not know")
            }
            Tail::Incomplete if self.ended.is_some() => {
                Step::Unfinished("the input ends before its envelope is closed")
            }
            Tail::Incomplete if self.rest().len() > self.record_bytes_max => self.leave_envelope(),
            Tail::Incomplete => Step::NeedsMore,
            Tail::Invalid => self.leave_envelope(),
        }
    }

    fn leave_envelope(&mut self) -> Step {
        self.within = Within::Top;
        Step::Reject(Until::LineEnd, "is no JSON after the records of an envelope")
    }

    // What is no record.

    fn unfinished(&mut self, reason: &'static str) -> Piece<'_> {
        Piece::Unfinished(self.all_there_is(reason))
    }

    fn refuse(&mut self, reason: &'static str) -> Piece<'_> {
        Piece::Foreign(self.all_there_is(reason))
    }

    /// The rest, which is not passed; nothing follows it.
    fn all_there_is(&mut self, reason: &'static str) -> Cut {
        let (offset, line) = (self.base + self.at as u64, self.line());
        let mut skip = Skip::new(Until::InputEnd, offset, line, reason);
        skip.advance(self.rest());
        self.finished = true;
        skip.into_cut()
    }

    fn reject(&mut self, until: Until, reason: &'static str) -> Piece<'_> {
        let (offset, line) = (self.base + self.at as u64, self.line());
        self.hash_passed();
        self.skip_front = self.front.clone();
        self.skip = Some(Skip::new(until, offset, line, reason));
        self.rescan_at = 0;
        self.line_used = true;
        self.skip_on()
    }

    fn skip_on(&mut self) -> Piece<'_> {
        let Some(mut skip) = self.skip.take() else { return Piece::NeedsMore };
        let (passed, done) = skip.advance(self.rest());
        self.at += passed;
        if done || self.ended.is_some() {
            return Piece::Rejected(skip.into_cut());
        }
        self.skip = Some(skip);
        Piece::NeedsMore
    }
}

enum Step {
    On,
    Record(usize),
    Reject(Until, &'static str),
    NeedsMore,
    Unfinished(&'static str),
}

/// The start of the first line after the first one that opens an object or array without being indented.
fn opener_line(text: &[u8]) -> Option<usize> {
    let object = memmem::find(text, b"\n{");
    let array = memmem::find(text, b"\n[");
    // tidy: no results here
    [object, array].into_iter().flatten().min().map(|end| end + 1)
}

fn looks_like_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let start = text.get(skip_space(text, 0)..).unwrap_or_default();
    let next = start.get(1..).and_then(|rest| rest.get(skip_space(rest, 0)));
    let opens = matches!(
        (start.first(), next),
        (Some(b'{'), Some(b'"' | b'}') | None) | (Some(b'['), Some(b'{' | b'[' | b']') | None)
    );
    opens || mostly_objects(text)
}

/// Whether at least half of the lines look like objects: a JSON file whose first line is damaged is still JSON.
fn mostly_objects(text: &[u8]) -> bool {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (objects, all) = lines.fold((0, 0), |(objects, all), line| {
        (objects + usize::from(line.starts_with(b"{\"") && line.ends_with(b"}")), all + 1)
    });
    objects > 0 && objects * 2 >= all
}

#[cfg(test)]
mod tests;
