//! Strings: what their quotes and escapes stand for.

use std::ops::Range;

use super::Parsed;
use super::cursor::Cursor;
use crate::kql::problem::Problem;
use crate::kql::span::Span;
use crate::kql::token::TokenKind;

/// One or more strings side by side, which are one.
pub(super) fn text(cursor: &mut Cursor) -> Parsed<String> {
    let mut whole = String::new();
    while cursor.peek().kind == TokenKind::Text {
        let token = cursor.next();
        whole.push_str(&content(cursor.text(token), token.span)?);
    }
    Ok(whole)
}

/// What a string token stands for.
fn content(token: &str, span: Span) -> Parsed<String> {
    let plain = token.strip_prefix(['h', 'H']).unwrap_or(token);
    for fence in ["```", "~~~"] {
        if let Some(inside) = plain.strip_prefix(fence) {
            return inside.strip_suffix(fence).map(fenced).ok_or_else(|| unclosed(span, fence));
        }
    }
    if let Some(verbatim) = plain.strip_prefix('@') {
        let quote = verbatim.get(..1).unwrap_or_default();
        let inside = closed_verbatim(verbatim, quote).ok_or_else(|| unclosed(span, quote))?;
        return Ok(inside.replace(&quote.repeat(2), quote));
    }
    let quote = plain.get(..1).unwrap_or_default();
    let inside = closed(plain, quote).ok_or_else(|| unclosed(span, quote))?;
    unescaped(inside, span)
}

/// The first line end after the fence is not content.
fn fenced(inside: &str) -> String {
    inside.strip_prefix("\r\n").or_else(|| inside.strip_prefix('\n')).unwrap_or(inside).to_owned()
}

/// What is between two quotes, if the second is there and not escaped.
fn closed<'t>(token: &'t str, quote: &str) -> Option<&'t str> {
    let inside = token.get(1..)?.strip_suffix(quote)?;
    let backslashes = inside.bytes().rev().take_while(|byte| *byte == b'\\').count();
    (backslashes % 2 == 0).then_some(inside)
}

/// The same for strings in which a doubled quote is one and a backslash is itself.
fn closed_verbatim<'t>(token: &'t str, quote: &str) -> Option<&'t str> {
    let inside = token.get(1..)?.strip_suffix(quote)?;
    (inside.matches(quote).count() % 2 == 0).then_some(inside)
}

fn unclosed(span: Span, quote: &str) -> Problem {
    Problem::syntax(span, "a string", format!("a string that begins with {quote} does not end on its line"))
        .with_help("the same quote ends it; before a quote inside write \\, or begin the string with @ and double it")
}

/// Escapes: `\n`, `\"`, `\x41`, `\u0041`, `\101`.
fn unescaped(inside: &str, span: Span) -> Parsed<String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (letter, length) = escape(after).ok_or_else(|| no_escape(inside, after, span))?;
        text.push(letter);
        rest = after.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Ok(text)
}

/// What the escape stands for, and its bytes after the backslash.
fn escape(after: &str) -> Option<(char, usize)> {
    let plain = |letter| Some((letter, 1));
    match after.chars().next()? {
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'f' => plain('\u{c}'),
        'v' => plain('\u{b}'),
        letter @ ('\\' | '"' | '\'') => plain(letter),
        'x' => coded(after, 1..3, 16),
        'u' => coded(after, 1..5, 16),
        'U' => coded(after, 1..9, 16),
        '0'..='7' => {
            let digits = after.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            coded(after, 0..digits, 8)
        }
        _ => None,
    }
}

fn coded(after: &str, digits: Range<usize>, radix: u32) -> Option<(char, usize)> {
    let length = digits.end;
    let code = u32::from_str_radix(after.get(digits)?, radix).ok()?;
    Some((char::from_u32(code)?, length))
}

/// Points at the escape itself.
fn no_escape(inside: &str, after: &str, span: Span) -> Problem {
    let place = span.start as usize + 1 + (inside.len() - after.len()).saturating_sub(1);
    let letter = after.chars().next().unwrap_or(' ');
    let place = Span::new(place, place + 1 + letter.len_utf8());
    Problem::syntax(place, "a string", format!("`\\{letter}` stands for nothing in a string"))
        .with_help("double the backslash, or begin the string with @: @\"\\d+\"")
}
