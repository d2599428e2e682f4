//! A query's text to tokens with positions. Nothing is refused here but text that is too long.

use memchr::memmem;

use super::problem::{Cause, Problem};
use super::span::Span;
use super::token::{SYMBOLS, TYPES_OF_LITERALS, Token, TokenKind};

/// Bytes of a query, at most: ten times the longest of 3,209 real ones.
pub const QUERY_BYTES_MAX: usize = 1 << 20;

/// Units a number may carry to be a timespan.
const UNITS: [&str; 33] = [
    "d",
    "day",
    "days",
    "h",
    "hr",
    "hrs",
    "hour",
    "hours",
    "m",
    "min",
    "minute",
    "minutes",
    "s",
    "sec",
    "second",
    "seconds",
    "ms",
    "milli",
    "millis",
    "millisec",
    "millisecond",
    "milliseconds",
    "micro",
    "micros",
    "microsec",
    "microsecond",
    "microseconds",
    "nano",
    "nanos",
    "nanosecond",
    "nanoseconds",
    "tick",
    "ticks",
];

/// The tokens of `source`, an [`TokenKind::End`] last. White space and comments are between them.
pub fn tokens(source: &str) -> Result<Vec<Token>, Problem> {
    if source.len() > QUERY_BYTES_MAX {
        let message = format!("the query has {} bytes; {QUERY_BYTES_MAX} are the limit", source.len());
        return Err(Problem::new(Cause::Limit, Span::new(0, 0), "a query that long", message));
    }
    let mut lexer = Lexer { source, place: 0 };
    let mut tokens = Vec::with_capacity(source.len() / 4);
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens.push(Token { kind: TokenKind::End, span: Span::new(source.len(), source.len()) });
    Ok(tokens)
}

struct Lexer<'q> {
    source: &'q str,
    place: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let start = self.place;
        let first = self.rest().chars().next()?;
        let (kind, length) = self.token(first);
        self.place = start + length;
        Some(Token { kind, span: Span::new(start, self.place) })
    }

    fn rest(&self) -> &str {
        self.source.get(self.place..).unwrap_or_default()
    }

    /// What begins here and how many bytes it has, never 0.
    fn token(&self, first: char) -> (TokenKind, usize) {
        let rest = self.rest();
        if let Some(length) = text_length(rest) {
            return (TokenKind::Text, length);
        }
        if first.is_ascii_digit() {
            return number(rest);
        }
        if is_name_start(first) {
            return name_or_typed(rest);
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => (TokenKind::Symbol, symbol.len()),
            None => (TokenKind::Unknown, first.len_utf8()),
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(is_blank).len();
            let comment = rest.get(blank..).filter(|after| after.starts_with("//")).map(line_length);
            self.place += blank + comment.unwrap_or_default();
            if comment.is_none() {
                return;
            }
        }
    }
}

/// White space, and the marks that pages leave in copied text.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

fn is_name_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || letter == '$'
}

fn is_name_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Bytes up to the end of the line, without it.
fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The bytes of a string that begins here; one that does not end goes to the end of its line.
fn text_length(rest: &str) -> Option<usize> {
    let hidden = usize::from(rest.starts_with(['h', 'H']));
    let after = rest.get(hidden..)?;
    if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| after.starts_with(fence)) {
        let inside = after.get(fence.len()..)?;
        let length = memmem::find(inside.as_bytes(), fence.as_bytes()).map_or(inside.len(), |end| end + fence.len());
        return Some(hidden + fence.len() + length);
    }
    let verbatim = usize::from(after.starts_with('@'));
    let quote = after.get(verbatim..)?.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let inside = after.get(verbatim + 1..)?;
    let length = if verbatim == 1 { verbatim_length(inside, quote) } else { escaped_length(inside, quote) };
    Some(hidden + verbatim + 1 + length)
}

/// A doubled quote stands for itself; lines may end inside.
fn verbatim_length(inside: &str, quote: u8) -> usize {
    let mut bytes = inside.bytes().enumerate().peekable();
    while let Some((place, byte)) = bytes.next() {
        if byte == quote && bytes.next_if(|(_, next)| *next == quote).is_none() {
            return place + 1;
        }
    }
    inside.len()
}

fn escaped_length(inside: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (place, byte) in inside.bytes().enumerate() {
        match byte {
            b'\n' => return place,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return place + 1,
            _ => {}
        }
    }
    inside.len()
}

/// `12`, `0x1F`, `1.5`, `1e-3`, `7d`; a name may begin with digits, such as `3rd`.
fn number(rest: &str) -> (TokenKind, usize) {
    if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        let digits = leading(hex, |letter| letter.is_ascii_hexdigit());
        if digits > 0 {
            return (TokenKind::Long, 2 + digits);
        }
    }
    let whole = leading(rest, |letter| letter.is_ascii_digit());
    let fraction = fraction(rest.get(whole..).unwrap_or_default());
    let mantissa = whole + fraction;
    let after = rest.get(mantissa..).unwrap_or_default();
    if let Some(exponent) = exponent(after) {
        return (TokenKind::Real, mantissa + exponent);
    }
    let word = leading(after, is_name_part);
    match after.get(..word).unwrap_or_default() {
        "" => (if fraction > 0 { TokenKind::Real } else { TokenKind::Long }, mantissa),
        unit if UNITS.contains(&unit) => (TokenKind::Timespan, mantissa + word),
        _ if fraction == 0 => (TokenKind::Name, mantissa + word),
        _ => (TokenKind::Real, mantissa),
    }
}

/// `.5`, but neither `..` nor a member.
fn fraction(after: &str) -> usize {
    let digits = after.strip_prefix('.').map_or(0, |digits| leading(digits, |letter| letter.is_ascii_digit()));
    if digits > 0 { 1 + digits } else { 0 }
}

fn exponent(after: &str) -> Option<usize> {
    let rest = after.strip_prefix(['e', 'E'])?;
    let sign = usize::from(rest.starts_with(['+', '-']));
    let rest = rest.get(sign..)?;
    let digits = leading(rest, |letter| letter.is_ascii_digit());
    let ends = rest.get(digits..).and_then(|rest| rest.chars().next()).is_none_or(|next| !is_name_part(next));
    (digits > 0 && ends).then_some(1 + sign + digits)
}

fn name_or_typed(rest: &str) -> (TokenKind, usize) {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let length = first + leading(rest.get(first..).unwrap_or_default(), is_name_part);
    let typed = rest.get(..length).filter(|name| TYPES_OF_LITERALS.contains(name));
    match typed.and_then(|_| in_parentheses(rest.get(length..)?)) {
        Some(more) => (TokenKind::Typed, length + more),
        None => (TokenKind::Name, length),
    }
}

/// The bytes of `(…)` with nothing but a literal inside.
fn in_parentheses(after: &str) -> Option<usize> {
    let blank = leading(after, |letter| letter == ' ' || letter == '\t');
    let inside = after.get(blank..)?.strip_prefix('(')?;
    let end = inside.find([')', '(', '\n', '|', ';'])?;
    let closed = inside.get(end..)?.starts_with(')');
    closed.then_some(blank + 1 + end + 1)
}

fn leading(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !is_part(letter)).unwrap_or(text.len())
}
