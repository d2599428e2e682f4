//! A regular expression as the texts that a match must hold, and what stands beside each.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};

use crate::terms::{fold, fold_char, holds_term_char};

/// How many alternatives are told apart; of more, nothing is known.
const ALTERNATIVES_MAX: usize = 128;
/// How many combinations of alternatives in a row are told apart.
const COMBINATIONS_MAX: usize = 32;
/// Classes of at most this many characters are taken apart: `[Aa]`, `(?i)k`.
const CLASS_CHARS_MAX: usize = 6;
/// Repetitions of at most this many times are written out.
const REPEATS_MAX: u32 = 8;

/// A part of what a match is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This text, folded; never two in a row.
    Text(String),
    /// One or more characters, none of which is a term character.
    Delimiter,
    /// No character: the edge of a word, where a term character beside it is the edge of its term.
    WordEdge,
    /// No character: the edge of the value or of a line.
    Edge,
    /// Anything, or nothing.
    Gap,
}

/// What a match is made of, in order.
pub(crate) type Way = Vec<Piece>;

/// The ways in which a value can match an expression; a match is one of them.
pub(crate) fn ways(pattern: &str) -> Vec<Way> {
    regex_syntax::parse(pattern).map_or_else(|_| vec![vec![Piece::Gap]], |hir| of_hir(&hir))
}

fn of_hir(hir: &Hir) -> Vec<Way> {
    match hir.kind() {
        HirKind::Empty => vec![Way::new()],
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => one(Piece::Text(fold(text).into_owned())),
            Err(_) => one(Piece::Gap),
        },
        HirKind::Class(Class::Unicode(class)) => of_class(class),
        HirKind::Class(Class::Bytes(_)) => one(Piece::Gap),
        HirKind::Look(look) => of_look(*look),
        HirKind::Repetition(repetition) => of_repetition(repetition),
        HirKind::Capture(capture) => of_hir(&capture.sub),
        HirKind::Concat(members) => members.iter().fold(vec![Way::new()], |ways, member| then(ways, &of_hir(member))),
        HirKind::Alternation(members) => of_alternation(members),
    }
}

fn one(piece: Piece) -> Vec<Way> {
    vec![vec![piece]]
}

fn of_class(class: &ClassUnicode) -> Vec<Way> {
    if class.iter().all(|range| !holds_term_char(range.start(), range.end())) {
        return one(Piece::Delimiter);
    }
    if class.iter().map(|range| range.len()).sum::<usize>() > CLASS_CHARS_MAX {
        return one(Piece::Gap);
    }
    let mut chars: Vec<char> = class.iter().flat_map(|range| range.start()..=range.end()).map(fold_char).collect();
    chars.sort_unstable();
    chars.dedup();
    chars.into_iter().map(|c| vec![Piece::Text(c.to_string())]).collect()
}

/// Word edges count only where Unicode decides them: what is no word character to them is no term
/// character to us. Of an ASCII edge, and of no edge, nothing follows.
fn of_look(look: Look) -> Vec<Way> {
    match look {
        Look::Start | Look::End | Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF => one(Piece::Edge),
        Look::WordUnicode
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => one(Piece::WordEdge),
        _ => vec![Way::new()],
    }
}

fn of_repetition(repetition: &Repetition) -> Vec<Way> {
    if repetition.min == 0 {
        return one(Piece::Gap);
    }
    let once = of_hir(&repetition.sub);
    if once.iter().all(|way| matches!(way.as_slice(), [Piece::Delimiter])) {
        return one(Piece::Delimiter);
    }
    if repetition.max == Some(repetition.min) && repetition.min <= REPEATS_MAX {
        return (0..repetition.min).fold(vec![Way::new()], |ways, _| then(ways, &once));
    }
    then(once, &one(Piece::Gap))
}

fn of_alternation(members: &[Hir]) -> Vec<Way> {
    let mut ways = Vec::new();
    for member in members {
        ways.extend(of_hir(member));
        if ways.len() > ALTERNATIVES_MAX {
            return one(Piece::Gap);
        }
    }
    ways
}

/// Each way followed by each of the next; by anything if those were too many.
fn then(mut ways: Vec<Way>, next: &[Way]) -> Vec<Way> {
    let combinations = ways.len().saturating_mul(next.len());
    match next {
        [only] => ways.iter_mut().for_each(|way| append(way, only)),
        _ if combinations > COMBINATIONS_MAX && ways.len() > 1 => {
            ways.iter_mut().for_each(|way| append(way, &[Piece::Gap]));
        }
        _ => {
            return ways.iter().flat_map(|way| next.iter().map(|next| joined(way, next))).collect();
        }
    }
    ways
}

fn joined(way: &Way, next: &Way) -> Way {
    let mut way = way.clone();
    append(&mut way, next);
    way
}

fn append(way: &mut Way, next: &[Piece]) {
    for piece in next {
        match (way.last_mut(), piece) {
            (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(more),
            (Some(Piece::Gap), Piece::Gap) => {}
            _ => way.push(piece.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `_` gap, `|` delimiter, `<>` word edge, `^` edge; ways joined by ` or `.
    fn check(pattern: &str, expected: &str) {
        let short = |way: Way| {
            way.into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => format!("'{text}'"),
                    Piece::Delimiter => "|".to_owned(),
                    Piece::WordEdge => "<>".to_owned(),
                    Piece::Edge => "^".to_owned(),
                    Piece::Gap => "_".to_owned(),
                })
                .collect::<String>()
        };
        let found: Vec<String> = ways(pattern).into_iter().map(short).collect();
        assert_eq!(found.join(" or "), expected, "{pattern}");
    }

    #[test]
    fn pieces_of_expressions() {
        check("re.*gex", "'re'_'gex'");
        check(r"^Failed\s+login\b", "^'failed'|'login'<>");
        check("(anna|bob)@contoso[.]com", "'anna@contoso.com' or 'bob@contoso.com'");
        check("(?i)admin", "'admin'");
        check("(?i)dusk", "'dusk' or 'dus\u{212a}' or 'duſk' or 'duſ\u{212a}'");
        check(r"a?b+c{2}\W\w\d", "_'b'_'cc'|_");
        check(r"(ab)+-(?-u:\b)x", "'ab'_'-x'");
        check(r"[0-9]{1,3}\.[0-9]{1,3}", "_'.'_");
        check("", "");
    }

    #[test]
    fn what_would_be_too_much_is_anything() {
        let found = ways(&"(a|b)".repeat(20));
        assert_eq!(found.len(), 32);
        assert_eq!(found[0], [Piece::Text("aaaaa".to_owned()), Piece::Gap]);
        let names: Vec<String> = (0..128).map(|name| format!("{name}.")).collect();
        assert_eq!(ways(&format!("x({})y", names.join("|"))).len(), 128);
        assert_eq!(ways(&format!("({}|more)", names.join("|"))), [[Piece::Gap]]);
    }
}
