//! Passes over bytes that are no record, keeping the first of them and finding where records go on.

use memchr::memchr;

use crate::intake::splitter::Cut;

/// How much of a rejected item is kept; its length tells how much there was.
pub(crate) const KEPT_BYTES_MAX: usize = 1 << 20;

/// Where to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After so many bytes.
    Bytes(u64),
    /// Before the next LF.
    LineEnd,
    /// Before the LF of a line whose next line opens an object or array in its first column.
    OpenerLine,
    /// Before the comma or bracket that ends an element of an array.
    ElementEnd,
    /// Behind the bracket that closes the value.
    ValueEnd,
    /// At the end of the input.
    InputEnd,
}

/// What has been passed over so far.
#[derive(Debug)]
pub(crate) struct Skip {
    until: Until,
    cut: Cut,
    depth: u64,
    in_string: bool,
    escaped: bool,
    after_line_end: bool,
    /// Whether a string had no closing quote in its line, so that counting brackets leads nowhere.
    torn: bool,
    /// Whether only spaces stand before in this line.
    indented: bool,
}

impl Skip {
    pub(crate) fn new(until: Until, offset: u64, line: u64, reason: &'static str) -> Self {
        let cut = Cut { offset, line, length: 0, kept: Vec::new(), reason };
        Self {
            until,
            cut,
            depth: 0,
            in_string: false,
            escaped: false,
            after_line_end: false,
            torn: false,
            indented: false,
        }
    }

    /// Takes bytes; how many of them belong to the item, and whether it ends there.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> (usize, bool) {
        let end = match self.until {
            Until::Bytes(length) => Some((length - self.cut.length) as usize).filter(|&end| end <= bytes.len()),
            Until::LineEnd => memchr(b'\n', bytes),
            Until::OpenerLine => self.opener_line(bytes),
            Until::ElementEnd | Until::ValueEnd => self.structure_end(bytes),
            Until::InputEnd => None,
        };
        let passed = end.unwrap_or(bytes.len());
        self.keep(bytes.get(..passed).unwrap_or_default());
        (passed, end.is_some())
    }

    /// Where the item begins.
    pub(crate) fn offset(&self) -> u64 {
        self.cut.offset
    }

    /// The line in which the item begins.
    pub(crate) fn line(&self) -> u64 {
        self.cut.line
    }

    pub(crate) fn into_cut(mut self) -> Cut {
        // The last line end of an item that ends before a line belongs to nothing.
        if self.until == Until::OpenerLine && self.cut.length as usize == self.cut.kept.len() {
            let trimmed = self.cut.kept.trim_ascii_end().len();
            self.cut.kept.truncate(trimmed);
            self.cut.length = trimmed as u64;
        }
        self.cut
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT_BYTES_MAX.saturating_sub(self.cut.kept.len());
        self.cut.kept.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.cut.length += bytes.len() as u64;
    }

    fn opener_line(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.after_line_end && matches!(byte, b'{' | b'[') {
                return Some(at);
            }
            self.after_line_end = byte == b'\n';
        }
        None
    }

    fn structure_end(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().enumerate().find_map(|(at, &byte)| self.ends_at(byte).map(|behind| at + behind))
    }

    /// Whether the item ends before (0) or behind (1) this byte.
    fn ends_at(&mut self, byte: u8) -> Option<usize> {
        if self.in_string {
            self.in_string(byte);
            // Outside of an array a record begins with the next line.
            return (self.torn && self.until == Until::ValueEnd).then_some(0);
        }
        let element = self.until == Until::ElementEnd;
        let indented = self.indented;
        self.indented = byte == b'\n' || (indented && byte == b' ');
        match byte {
            b'{' if element && self.torn && indented => return Some(0),
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' if element && self.depth == 0 => return Some(0),
            b']' if element && self.depth == 0 => return Some(0),
            b'}' | b']' if !element && self.depth <= 1 => return Some(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        None
    }

    fn in_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            // A line end cannot be in a string: its closing quote is missing.
            b'\n' => (self.in_string, self.torn, self.indented) = (false, true, true),
            _ => {}
        }
    }
}
