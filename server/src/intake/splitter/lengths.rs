//! Records of any bytes, each with its length before it: what `export` writes where lines cannot keep them apart.

use memchr::memchr;

use super::{Piece, Splitter};
use crate::intake::json_scan::Scanner;
use crate::intake::skip::Until;

/// Most digits of a length.
const DIGITS_MAX: usize = 19;
/// Lengths are all that tells where a record begins: behind a wrong one nothing can be told apart.
const LOST: &str = "is no length with a record and a line feed behind it; all that follows is put aside";

/// What stands at the front of some bytes.
enum Frame {
    /// Length of the digits and their line feed, and of the record.
    Record(usize, usize),
    Incomplete,
    Wrong,
}

impl Splitter {
    pub(super) fn next_with_length(&mut self, scanner: &mut Scanner) -> Piece<'_> {
        match frame(self.rest()) {
            Frame::Record(before, length) if length > self.record_bytes_max => {
                let all = (before as u64).saturating_add(length as u64).saturating_add(1);
                self.reject(Until::Bytes(all), "is larger than a record may be")
            }
            Frame::Record(before, length) => self.framed(before, length, scanner),
            Frame::Wrong => self.reject(Until::InputEnd, LOST),
            Frame::Incomplete => self.frame_needs_more(),
        }
    }

    fn framed(&mut self, before: usize, length: usize, scanner: &mut Scanner) -> Piece<'_> {
        match self.rest().get(before + length) {
            None => return self.frame_needs_more(),
            Some(b'\n') => {}
            Some(_) => return self.reject(Until::InputEnd, LOST),
        }
        let start = self.at + before;
        self.at = start + length + 1;
        let body = self.buffer.get(start..start + length).unwrap_or_default();
        if is_value(body, scanner) { Piece::Record(body) } else { Piece::Line(body) }
    }

    fn frame_needs_more(&mut self) -> Piece<'_> {
        match self.ended {
            None => Piece::NeedsMore,
            Some(_) if self.rest().is_empty() => Piece::End,
            Some(_) => self.unfinished("the input ends within a record"),
        }
    }
}

/// Whether a record is JSON from its first byte to its last; the scanner then holds its wanted values.
fn is_value(body: &[u8], scanner: &mut Scanner) -> bool {
    let spaced = body.is_empty() || body.trim_ascii() != body;
    !spaced && scanner.scan(body, true).is_ok_and(|length| length == body.len())
}

fn frame(bytes: &[u8]) -> Frame {
    let front = bytes.get(..bytes.len().min(DIGITS_MAX + 1)).unwrap_or_default();
    let digits = memchr(b'\n', front);
    let text = front.get(..digits.unwrap_or(front.len())).unwrap_or_default();
    if !text.iter().all(u8::is_ascii_digit) {
        return Frame::Wrong;
    }
    match digits {
        None if front.len() <= DIGITS_MAX => Frame::Incomplete,
        None => Frame::Wrong,
        Some(digits) => {
            let length = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            length.map_or(Frame::Wrong, |length| Frame::Record(digits + 1, length))
        }
    }
}
