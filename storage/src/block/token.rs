//! The typed pieces of a text: GUIDs, times, hexadecimal runs, decimal numbers, and the pattern that is left.
//!
//! A pattern is the text with each piece replaced by a mark, a byte below 0x09 that JSON strings cannot hold.

use crate::time::{civil_from_days, days_from_civil};

/// Marks in a pattern. A time's mark is followed by `0x30 + decimals`.
pub(crate) const GUID: u8 = 1;
pub(crate) const HEX_LOWER: u8 = 2;
pub(crate) const HEX_UPPER: u8 = 3;
pub(crate) const INTEGER: u8 = 4;
pub(crate) const TIME_T: u8 = 5;
pub(crate) const TIME_SPACE: u8 = 6;
/// Bytes from here on may stand in a pattern as they are.
pub(crate) const FIRST_PLAIN: u8 = 9;

/// Length of a GUID's text.
pub(crate) const GUID_TEXT_BYTES: usize = 36;
/// Shortest run of hexadecimal digits that is stored as bytes.
const HEX_DIGITS_MIN: usize = 8;
/// Most decimal digits of an integer.
const INTEGER_DIGITS_MAX: usize = 18;

/// A typed piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The 36 characters of a GUID in lower case.
    Guid(&'a [u8]),
    /// An even number of hexadecimal digits of one case.
    Hex { digits: &'a [u8], upper: bool },
    /// A decimal number without leading zeros.
    Integer(i64),
    /// A date and time: seconds since 1970 as spelled, and the fraction's digits.
    Time { ticks: i64, decimals: u8, space: bool },
}

impl Piece<'_> {
    /// The piece's mark in a pattern.
    pub(crate) fn mark(&self) -> u8 {
        match self {
            Piece::Guid(_) => GUID,
            Piece::Hex { upper: false, .. } => HEX_LOWER,
            Piece::Hex { upper: true, .. } => HEX_UPPER,
            Piece::Integer(_) => INTEGER,
            Piece::Time { space: false, .. } => TIME_T,
            Piece::Time { space: true, .. } => TIME_SPACE,
        }
    }
}

/// Cuts `text` into pieces: appends the pattern to `pattern` and hands each piece to `found`.
///
/// `false` if the text has a byte that is a mark: then it has no pattern.
pub(crate) fn cut<'a>(text: &'a [u8], pattern: &mut Vec<u8>, mut found: impl FnMut(Piece<'a>)) -> bool {
    let mut rest = text;
    while let Some(byte) = rest.first() {
        if *byte < FIRST_PLAIN {
            return false;
        }
        if !byte.is_ascii_alphanumeric() {
            pattern.push(*byte);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let run_length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (piece, before, length) = piece(rest, run_length);
        pattern.extend_from_slice(rest.get(..before).unwrap_or_default());
        if let Some(piece) = piece {
            pattern.push(piece.mark());
            if let Piece::Time { decimals, .. } = piece {
                pattern.push(b'0' + decimals);
            }
            found(piece);
        }
        rest = rest.get(before + length..).unwrap_or_default();
    }
    true
}

/// The piece in the run at the front of `text`: the plain bytes before it and its own length.
fn piece(text: &[u8], run_length: usize) -> (Option<Piece<'_>>, usize, usize) {
    let run = text.get(..run_length).unwrap_or_default();
    if run_length == 8
        && let Some(guid) = guid(text)
    {
        return (Some(Piece::Guid(guid)), 0, GUID_TEXT_BYTES);
    }
    if run_length == 4
        && let Some((time, length)) = time(text)
    {
        return (Some(time), 0, length);
    }
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == run_length {
        let zeros = run.iter().take_while(|byte| **byte == b'0').count().min(run_length - 1);
        return integer(run, zeros);
    }
    if digits == 0 {
        return (None, run_length, 0);
    }
    if run_length >= HEX_DIGITS_MIN && run_length.is_multiple_of(2) {
        for upper in [false, true] {
            if run.iter().all(|byte| is_hex(*byte, upper)) {
                return (Some(Piece::Hex { digits: run, upper }), 0, run_length);
            }
        }
    }
    let letters = run.iter().position(u8::is_ascii_digit).unwrap_or(run_length);
    if letters + digits == run_length {
        let zeros = run.get(letters..).unwrap_or_default().iter().take_while(|byte| **byte == b'0').count();
        return integer(run, letters + zeros.min(digits - 1));
    }
    (None, run_length, 0)
}

/// The number behind the first `before` bytes of `run`.
fn integer(run: &[u8], before: usize) -> (Option<Piece<'_>>, usize, usize) {
    let digits = run.get(before..).unwrap_or_default();
    if digits.len() > INTEGER_DIGITS_MAX {
        return (None, run.len(), 0);
    }
    let value = digits.iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
    (Some(Piece::Integer(value)), before, digits.len())
}

fn is_hex(byte: u8, upper: bool) -> bool {
    byte.is_ascii_digit() || if upper { (b'A'..=b'F').contains(&byte) } else { (b'a'..=b'f').contains(&byte) }
}

fn guid(text: &[u8]) -> Option<&[u8]> {
    let guid = text.get(..GUID_TEXT_BYTES)?;
    let bounded = !text.get(GUID_TEXT_BYTES).is_some_and(u8::is_ascii_alphanumeric);
    let fits = guid.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => is_hex(*byte, false),
    });
    (bounded && fits).then_some(guid)
}

fn time(text: &[u8]) -> Option<(Piece<'_>, usize)> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    };
    let space = match text.get(10)? {
        b'T' => false,
        b' ' => true,
        _ => return None,
    };
    if [text.get(4)?, text.get(7)?, text.get(13)?, text.get(16)?] != [&b'-', &b'-', &b':', &b':'] {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut ticks = days * 86_400 + hour * 3600 + minute * 60 + second;
    let decimals = match text.get(19) {
        Some(b'.') => text.get(20..)?.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    // More than seven decimals (or a text that goes on) stay in the pattern as a number of their own.
    let decimals = if decimals > 7 { 0 } else { decimals };
    if decimals > 0 {
        ticks = ticks * 10_i64.pow(decimals as u32) + number(20, 20 + decimals)?;
    }
    let length = if decimals > 0 { 20 + decimals } else { 19 };
    Some((Piece::Time { ticks, decimals: decimals as u8, space }, length))
}

/// Whether a piece of this mark may have this character, in either case.
pub(crate) fn may_hold(mark: u8, byte: u8) -> bool {
    match mark {
        GUID => byte.is_ascii_hexdigit() || byte == b'-',
        HEX_LOWER | HEX_UPPER => byte.is_ascii_hexdigit(),
        INTEGER => byte.is_ascii_digit() || byte == b'-',
        TIME_T | TIME_SPACE => byte.is_ascii_digit() || b"-:. tT".contains(&byte),
        _ => true,
    }
}

/// Appends a time's text.
pub(crate) fn put_time(out: &mut Vec<u8>, ticks: i64, decimals: u8, space: bool) {
    let scale = 10_i64.pow(u32::from(decimals));
    let (seconds, fraction) = (ticks.div_euclid(scale), ticks.rem_euclid(scale));
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    put_padded(out, year, 4);
    out.push(b'-');
    put_padded(out, month, 2);
    out.push(b'-');
    put_padded(out, day, 2);
    out.push(if space { b' ' } else { b'T' });
    put_padded(out, second / 3600, 2);
    out.push(b':');
    put_padded(out, second / 60 % 60, 2);
    out.push(b':');
    put_padded(out, second % 60, 2);
    if decimals > 0 {
        out.push(b'.');
        put_padded(out, fraction, usize::from(decimals));
    }
}

/// Appends a number with leading zeros.
fn put_padded(out: &mut Vec<u8>, value: i64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = value;
    for digit in out.iter_mut().skip(start).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Appends a number without leading zeros.
pub(crate) fn put_integer(out: &mut Vec<u8>, value: i64) {
    let mut buffer = [0_u8; 20];
    let mut at = buffer.len();
    let mut rest = value.unsigned_abs();
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        at -= 1;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(buffer.get(at..).unwrap_or_default());
}

/// Appends the bytes that hexadecimal digits stand for.
pub(crate) fn put_bytes(out: &mut Vec<u8>, digits: &[u8]) {
    let (pairs, _) = digits.as_chunks::<2>();
    out.extend(pairs.iter().map(|[high, low]| digit_value(*high) << 4 | digit_value(*low)));
}

/// Appends the sixteen bytes of a GUID's text.
pub(crate) fn put_guid_bytes(out: &mut Vec<u8>, text: &[u8]) {
    for part in [0..8, 9..13, 14..18, 19..23, 24..36] {
        put_bytes(out, text.get(part).unwrap_or_default());
    }
}

/// Appends hexadecimal digits of `bytes`.
pub(crate) fn put_hex(out: &mut Vec<u8>, bytes: &[u8], upper: bool) {
    let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |value: u8| digits.get(usize::from(value & 15)).copied().unwrap_or_default();
    for byte in bytes {
        out.extend_from_slice(&[digit(byte >> 4), digit(*byte)]);
    }
}

/// Appends a GUID's text.
pub(crate) fn put_guid_text(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    let mut rest = bytes.as_slice();
    for (number, length) in [4, 2, 2, 2, 6].into_iter().enumerate() {
        if number > 0 {
            out.push(b'-');
        }
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        put_hex(out, part, false);
        rest = after;
    }
}

fn digit_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
