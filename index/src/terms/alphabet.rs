//! The characters of terms, and the runs they form in a text.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// The kinds of bytes that a run holds, as bits; 0 is a delimiter.
const DIGIT: u8 = 1;
const LOWER_HEX: u8 = 2;
const LOWER: u8 = 4;
const UPPER_HEX: u8 = 8;
const UPPER: u8 = 16;
/// A byte of a character outside ASCII: the character decides.
const WIDE: u8 = 32;

static KINDS: [u8; 256] = kinds();

/// One bit a character: whether it is a letter or a digit (general categories L and Nd).
static LETTERS: LazyLock<Vec<u64>> = LazyLock::new(letters);

/// Whether a character is part of terms: a Unicode letter or decimal digit.
#[must_use]
pub fn is_term_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    let at = c as usize;
    LETTERS.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// Whether some character of a range is part of terms.
pub(crate) fn holds_term_char(first: char, last: char) -> bool {
    let (first, last) = (first as usize, last as usize);
    (first / 64..=last / 64).any(|at| {
        let from = if at == first / 64 { u64::MAX << (first % 64) } else { u64::MAX };
        let to = if at == last / 64 { u64::MAX >> (63 - last % 64) } else { u64::MAX };
        LETTERS.get(at).is_some_and(|word| word & from & to != 0)
    })
}

/// The terms of a text in order, as written (not folded); a GUID's parts are five terms here.
#[must_use]
pub fn terms(text: &str) -> Terms<'_> {
    Terms { text, at: 0 }
}

/// The iterator of [`terms`].
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Terms<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let run = next_run(self.text, self.at)?;
        self.at = run.end;
        self.text.get(run.start..run.end)
    }
}

/// A maximal run of term characters: its place in bytes and the kinds of characters in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) start: usize,
    pub(crate) end: usize,
    kinds: u8,
}

impl Run {
    pub(crate) fn len(self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_digits(self) -> bool {
        self.kinds == DIGIT
    }

    pub(crate) fn is_hex(self) -> bool {
        self.kinds & (LOWER | UPPER | WIDE) == 0
    }

    /// Whether folding may change it.
    pub(crate) fn needs_folding(self) -> bool {
        self.kinds & (UPPER_HEX | UPPER | WIDE) != 0
    }
}

/// The first run that begins at or after byte `from`, which is the edge of a character.
#[inline]
pub(crate) fn next_run(text: &str, from: usize) -> Option<Run> {
    let start = skip_delimiters(text, from)?;
    let (mut end, mut kinds) = (start, 0);
    loop {
        for &byte in text.as_bytes().get(end..)? {
            if matches!(kind(byte), 0 | WIDE) {
                break;
            }
            kinds |= kind(byte);
            end += 1;
        }
        match char_at(text, end) {
            Some(c) if !c.is_ascii() && is_term_char(c) => end += c.len_utf8(),
            _ => return Some(Run { start, end, kinds }),
        }
        kinds |= WIDE;
    }
}

#[inline]
fn skip_delimiters(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.as_bytes().get(at..)?;
        at += rest.iter().position(|&byte| kind(byte) != 0)?;
        match char_at(text, at)? {
            c if is_term_char(c) => return Some(at),
            c => at += c.len_utf8(),
        }
    }
}

#[inline]
fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

#[inline]
#[expect(clippy::indexing_slicing, reason = "the table has an entry for every byte")]
fn kind(byte: u8) -> u8 {
    KINDS[byte as usize]
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn kinds() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => LOWER_HEX,
            b'g'..=b'z' => LOWER,
            b'A'..=b'F' => UPPER_HEX,
            b'G'..=b'Z' => UPPER,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// Taken from the tables that the `regex` crate matches `\w` with, so that both speak of the same
/// version of Unicode; the standard library knows no category Nd.
fn letters() -> Vec<u64> {
    let mut bits = vec![0_u64; 0x11_0000 / 64];
    let Ok(hir) = regex_syntax::parse(r"[\p{L}\p{Nd}]") else {
        return bits;
    };
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
        return bits;
    };
    for at in class.iter().flat_map(|range| range.start() as usize..=range.end() as usize) {
        if let Some(word) = bits.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(terms(text).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn every_other_character_delimits() {
        check("", &[]);
        check("...", &[]);
        check("a_b", &["a", "b"]);
        check("CONTOSO\\anna@x.com", &["CONTOSO", "anna", "x", "com"]);
        check("\r\nRule", &["Rule"]);
        check("größe-5 日本語、東京", &["größe", "5", "日本語", "東京"]);
        check("e\u{301}a", &["e", "a"]);
        check("x²y٣z", &["x", "y٣z"]);
        check("a\u{fffd}b", &["a", "b"]);
    }

    #[test]
    fn term_characters_are_words_to_the_regex_crate() {
        let word = regex::Regex::new(r"^\w$").unwrap();
        let mut buffer = [0; 4];
        for c in (char::MIN..=char::MAX).filter(|&c| is_term_char(c)) {
            assert!(word.is_match(c.encode_utf8(&mut buffer)), "{c:?}");
        }
        assert!(holds_term_char('\0', '0') && !holds_term_char('\0', '/') && !holds_term_char('{', '~'));
        assert!(holds_term_char('_', 'a') && holds_term_char('{', 'ª') && holds_term_char('一', '一'));
        assert!(is_term_char('é') && is_term_char('中') && is_term_char('٣'));
        assert!(!is_term_char('_') && !is_term_char('²') && !is_term_char('\u{301}'));
    }
}
