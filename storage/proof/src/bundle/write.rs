//! Writes a bundle record by record, so that it may be larger than memory.

use std::io::{self, Write};

use super::{Bundle, END, ProvenLog, ProvenRange, ProvenRecord, TITLE};
use crate::hash::Hash;
use crate::note::Note;
use crate::time::push_time;
use crate::{base64, decimal};

/// Writes the parts in their order: for each log [`log`](Writer::log) and its ranges, for each
/// range [`range`](Writer::range), its records and [`path`](Writer::path), at last
/// [`end`](Writer::end). It does not look at the order; [`Bundle::parse`] does.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a bundle.
    ///
    /// # Errors
    /// Those of `out`, here and below.
    pub fn new(mut out: W, archive: &str, policy: &[u8]) -> io::Result<Self> {
        write!(out, "{TITLE}\narchive {archive}\npolicy {}\n", policy.len())?;
        out.write_all(policy)?;
        Ok(Self { out, line: Vec::new() })
    }

    /// Begins a log, above all before in the order of origins.
    ///
    /// # Errors
    /// Those of the output.
    pub fn log(&mut self, checkpoint: &Note) -> io::Result<()> {
        let note = checkpoint.to_string();
        write!(self.out, "log {}\n{note}", note.len())
    }

    /// Begins a range of so many records, not next to the range before.
    ///
    /// # Errors
    /// Those of the output.
    pub fn range(&mut self, first: u64, count: u64) -> io::Result<()> {
        writeln!(self.out, "range {first} {count}")
    }

    /// The next record of the range.
    ///
    /// # Errors
    /// Those of the output.
    pub fn record(&mut self, record: &ProvenRecord<'_>) -> io::Result<()> {
        let line = &mut self.line;
        line.clear();
        line.extend_from_slice(b"record ");
        push_time(record.event_ns, line);
        line.push(b' ');
        push_time(record.received_ns, line);
        line.push(b' ');
        line.extend_from_slice(base64::encode(&record.salt).as_bytes());
        line.push(b' ');
        decimal::push(record.body.len() as u64, line);
        line.push(b'\n');
        self.out.write_all(line)?;
        self.out.write_all(record.body)?;
        self.out.write_all(b"\n")
    }

    /// Ends a range with the path of [`crate::range::prove`].
    ///
    /// # Errors
    /// Those of the output.
    pub fn path(&mut self, path: &[Hash]) -> io::Result<()> {
        writeln!(self.out, "path {}", path.len())?;
        path.iter().try_for_each(|hash| writeln!(self.out, "{}", base64::encode(hash)))
    }

    /// Ends the bundle and gives the output back, not flushed.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(mut self) -> io::Result<W> {
        writeln!(self.out, "{END}")?;
        Ok(self.out)
    }
}

impl Bundle<'_> {
    /// Writes the whole; of a bundle that was read the same bytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<W: Write>(&self, out: W) -> io::Result<W> {
        let mut writer = Writer::new(out, self.archive, self.policy)?;
        self.logs.iter().try_for_each(|log| log.write(&mut writer))?;
        writer.end()
    }
}

impl ProvenLog<'_> {
    fn write<W: Write>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        writer.log(&self.note)?;
        self.ranges.iter().try_for_each(|range| range.write(writer))
    }
}

impl ProvenRange<'_> {
    fn write<W: Write>(&self, writer: &mut Writer<W>) -> io::Result<()> {
        writer.range(self.first, self.records.len() as u64)?;
        self.records.iter().try_for_each(|record| writer.record(record))?;
        writer.path(&self.path)
    }
}
