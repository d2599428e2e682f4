//! Reads a bundle: each value has one spelling, and no input makes it panic or hold more than a few times its size.

use super::{Bundle, END, ProvenLog, ProvenRange, ProvenRecord, TITLE, is_in_order, stream_of};
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::hash::Hash;
use crate::key::check_name;
use crate::note::Note;
use crate::range::PATH_HASHES_MAX;
use crate::time::parse_time;
use crate::{base64, decimal};

impl<'a> Bundle<'a> {
    /// Reads a bundle; nothing in it is checked yet but the form.
    ///
    /// # Errors
    /// `Form` or `Range` with the line that is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut rest = Rest(bytes);
        rest.fixed(TITLE)?;
        let [archive] = rest.items("archive")?;
        let archive = text("archive", archive)?;
        check_name(archive)?;
        let [len] = rest.items("policy")?;
        let policy = rest.counted("policy", len)?;
        let logs = rest.logs(archive)?;
        rest.fixed(END)?;
        if !rest.0.is_empty() {
            return Err(Error::form("bundle", "nothing after `end`", rest.0));
        }
        Ok(Self { archive, policy, logs })
    }
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn logs(&mut self, archive: &str) -> Result<Vec<ProvenLog<'a>>, Error> {
        let mut logs: Vec<ProvenLog<'a>> = Vec::new();
        while self.begins("log") {
            let log = self.log()?;
            let origin = log.checkpoint.origin();
            if stream_of(archive, origin).is_none() {
                return Err(Error::form(
                    "bundle log",
                    "an origin of the archive: its name, / and a stream",
                    origin.as_bytes(),
                ));
            }
            let rises = logs.last().is_none_or(|before| before.checkpoint.origin() < origin);
            is_in_order(rises, "bundle log", "logs in the order of their origins, each once", origin)?;
            logs.push(log);
        }
        Ok(logs)
    }

    fn log(&mut self) -> Result<ProvenLog<'a>, Error> {
        let [len] = self.items("log")?;
        let note = Note::parse(self.counted("checkpoint", len)?)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        let mut ranges: Vec<ProvenRange<'a>> = Vec::new();
        while self.begins("range") {
            let range = self.range()?;
            let rises = ranges.last().is_none_or(|before| before.end() < range.first);
            is_in_order(rises, "bundle range", "ranges in order with a gap between two", &range.first.to_string())?;
            ranges.push(range);
        }
        Ok(ProvenLog { note, checkpoint, ranges })
    }

    fn range(&mut self) -> Result<ProvenRange<'a>, Error> {
        let [first, count] = self.items("range")?;
        let (first, count) = (decimal::parse("first index", first)?, decimal::parse("record count", count)?);
        if count == 0 || first.checked_add(count).is_none() {
            return Err(Error::range(
                "record count",
                count,
                format!("1 or more, and below 2^64 with the first index {first}"),
            ));
        }
        // No room is made by what the line says: the records have to be there.
        let mut records = Vec::new();
        for _ in 0..count {
            records.push(self.record()?);
        }
        Ok(ProvenRange { first, records, path: self.path()? })
    }

    fn record(&mut self) -> Result<ProvenRecord<'a>, Error> {
        let [event, received, salt, len] = self.items("record")?;
        let salt_bytes = base64::decode("record salt", salt)?;
        let record = ProvenRecord {
            event_ns: time("record event time", event)?,
            received_ns: time("record received time", received)?,
            salt: salt_bytes.try_into().map_err(|_| Error::form("record salt", "base64 of 16 bytes", salt))?,
            body: self.counted("record", len)?,
        };
        self.fixed("")?;
        Ok(record)
    }

    fn path(&mut self) -> Result<Vec<Hash>, Error> {
        let [count] = self.items("path")?;
        let count = decimal::parse("path hashes", count)?;
        if count > PATH_HASHES_MAX as u64 {
            return Err(Error::range("path hashes", count, format!("at most {PATH_HASHES_MAX}")));
        }
        let mut path = Vec::new();
        for _ in 0..count {
            path.push(base64::decode_hash("path hash", self.line()?)?);
        }
        Ok(path)
    }

    /// The words of a line after its first, which must be `keyword`, with single spaces between.
    fn items<const N: usize>(&mut self, keyword: &'static str) -> Result<[&'a [u8]; N], Error> {
        let line = self.line()?;
        let malformed = || Error::form("bundle line", keyword, line);
        let mut words = line.split(|byte| *byte == b' ');
        if words.next() != Some(keyword.as_bytes()) {
            return Err(malformed());
        }
        let words: Vec<&[u8]> = words.take(N + 1).collect();
        words.try_into().map_err(|_| malformed())
    }

    fn begins(&self, keyword: &str) -> bool {
        self.0.strip_prefix(keyword.as_bytes()).is_some_and(|after| after.starts_with(b" "))
    }

    fn fixed(&mut self, expected: &'static str) -> Result<(), Error> {
        let line = self.line()?;
        if line == expected.as_bytes() { Ok(()) } else { Err(Error::form("bundle line", expected, line)) }
    }

    fn line(&mut self) -> Result<&'a [u8], Error> {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let split = end.and_then(|end| self.0.split_at_checked(end));
        let (line, rest) = split.ok_or_else(|| Error::form("bundle", "more lines: it was cut off", self.0))?;
        self.0 = rest.strip_prefix(b"\n").unwrap_or(rest);
        Ok(line)
    }

    /// As many bytes as `len` says.
    fn counted(&mut self, what: &'static str, len: &[u8]) -> Result<&'a [u8], Error> {
        let len = decimal::parse("bundle length", len)?;
        let split = usize::try_from(len).ok().and_then(|len| self.0.split_at_checked(len));
        let left = self.0.len();
        let (taken, rest) =
            split.ok_or_else(|| Error::range(what, len, format!("at most the {left} bytes left: it was cut off")))?;
        self.0 = rest;
        Ok(taken)
    }
}

fn text<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    str::from_utf8(bytes).map_err(|_| Error::form(what, "UTF-8", bytes))
}

fn time(what: &'static str, text: &[u8]) -> Result<i64, Error> {
    parse_time(text).ok_or_else(|| Error::form(what, "RFC 3339 in UTC with 9 decimals, 1677 to 2262", text))
}
