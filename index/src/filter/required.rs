//! The index terms without which no value can pass a test: what pruning may ask for.

use super::pieces::{Piece, ways};
use super::{Literal, Pattern, Test};
use crate::terms::{Needle, Octets, Run, fold, guid_at, next_run};

/// Terms that every value which passes a test has in the index, as
/// [`for_each_index_term`](crate::terms::for_each_index_term) gives them: folded.
///
/// It only prunes: a value that has them may still fail the test, one that lacks them cannot pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// Nothing is required: every value may pass.
    All,
    /// This word.
    Term(String),
    /// A word that begins with this.
    Prefix(String),
    /// A word that ends with this.
    Suffix(String),
    /// A word that holds this.
    Contains(String),
    /// This GUID or address.
    Whole(String),
    /// A GUID that holds this text: 1 to 12 hexadecimal digits within one of its parts, which are
    /// no words of the index. Who does not look into GUIDs takes it as true where a column has any.
    InGuid(String),
    /// All of two or more.
    And(Vec<Required>),
    /// Any of two or more.
    Or(Vec<Required>),
}

impl Required {
    /// All of these.
    #[must_use]
    pub fn and(members: impl IntoIterator<Item = Required>) -> Required {
        let mut all = Vec::new();
        for member in members {
            match member {
                Required::All => {}
                Required::And(inner) => inner.into_iter().for_each(|member| push_new(&mut all, member)),
                other => push_new(&mut all, other),
            }
        }
        match all.len() {
            0 | 1 => all.pop().unwrap_or(Required::All),
            _ => Required::And(all),
        }
    }

    /// Any of these, of which there is at least one.
    #[must_use]
    pub fn or(members: impl IntoIterator<Item = Required>) -> Required {
        let mut any = Vec::new();
        for member in members {
            match member {
                Required::All => return Required::All,
                Required::Or(inner) => inner.into_iter().for_each(|member| push_new(&mut any, member)),
                other => push_new(&mut any, other),
            }
        }
        match any.len() {
            0 | 1 => any.pop().unwrap_or(Required::All),
            _ => Required::Or(any),
        }
    }

    /// Whether it is met, when `leaf` says so of terms; `leaf` never sees `All`, `And` and `Or`.
    pub fn is_met(&self, leaf: &mut dyn FnMut(&Required) -> bool) -> bool {
        match self {
            Required::All => true,
            Required::And(members) => members.iter().all(|member| member.is_met(leaf)),
            Required::Or(members) => members.iter().any(|member| member.is_met(leaf)),
            term => leaf(term),
        }
    }
}

impl Test {
    /// The index terms of every value that passes.
    #[must_use]
    pub fn required(&self) -> Required {
        match self {
            Test::Find(needle) => of_needle(needle),
            Test::Regex(pattern) => of_pattern(pattern),
            Test::Equals(literal) => of_literal(literal),
            Test::Compare(..) | Test::Exists => Required::All,
        }
    }
}

fn push_new(members: &mut Vec<Required>, member: Required) {
    if !members.contains(&member) {
        members.push(member);
    }
}

fn of_needle(needle: &Needle) -> Required {
    let side = |bounded| if bounded { Side::Bounded } else { Side::Open };
    let (first, last) = needle.bounded();
    of_text(needle.folded(), side(first), side(last))
}

fn of_pattern(pattern: &Pattern) -> Required {
    Required::or(ways(pattern.as_str()).iter().map(|way| {
        Required::and(way.iter().enumerate().map(|(at, piece)| match piece {
            Piece::Text(text) => {
                let before = at.checked_sub(1).and_then(|before| way.get(before));
                of_text(text, Side::of(before), Side::of(way.get(at + 1)))
            }
            _ => Required::All,
        }))
    }))
}

/// What equals a number, as a text or as a number however spelled, has its integer part as a word.
fn of_literal(literal: &Literal) -> Required {
    match literal.number() {
        Some(number) => number.integer_part().map_or(Required::All, Required::Term),
        None => of_text(&fold(literal.text()), Side::Edge, Side::Edge),
    }
}

/// What stands beside a text or a run of it, at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Anything, also more of the same term.
    Open,
    /// No term character.
    Bounded,
    /// Neither a term character nor a hyphen.
    Edge,
    /// A hyphen.
    Hyphen,
}

impl Side {
    fn of(neighbour: Option<&Piece>) -> Side {
        match neighbour {
            Some(Piece::Delimiter | Piece::WordEdge) => Side::Bounded,
            Some(Piece::Edge) => Side::Edge,
            Some(Piece::Gap | Piece::Text(_)) | None => Side::Open,
        }
    }

    /// Of a run within the text: the character there is known.
    fn of_delimiter(byte: u8) -> Side {
        if byte == b'-' { Side::Hyphen } else { Side::Edge }
    }

    /// Whether the next part of a GUID may follow.
    fn may_be_hyphen(self) -> bool {
        self != Side::Edge
    }
}

/// The terms of a folded text that stands between these sides.
fn of_text(text: &str, left: Side, right: Side) -> Required {
    let mut requirements = Requirements { text, left, right, found: Vec::new() };
    let (mut at, mut octets) = (0, Octets::default());
    while let Some(run) = next_run(text, at) {
        at = run.end;
        let guid = guid_at(text, run).map(|guid| guid.end).filter(|&end| requirements.bounded(run.start, end));
        if let Some(end) = guid {
            at = end;
            requirements.whole(run.start, end);
            continue;
        }
        requirements.run(run);
        let address = octets.push(text, run);
        if let Some(address) = address.filter(|address| requirements.bounded(address.start, address.end)) {
            requirements.whole(address.start, address.end);
        }
    }
    Required::and(requirements.found.into_iter().map(|(_, required)| required))
}

struct Requirements<'a> {
    text: &'a str,
    left: Side,
    right: Side,
    /// With the place where each begins.
    found: Vec<(usize, Required)>,
}

impl Requirements<'_> {
    fn sides(&self, start: usize, end: usize) -> (Side, Side) {
        let byte = |at: usize| self.text.as_bytes().get(at).copied().unwrap_or_default();
        let left = start.checked_sub(1).map_or(self.left, |before| Side::of_delimiter(byte(before)));
        let right = if end == self.text.len() { self.right } else { Side::of_delimiter(byte(end)) };
        (left, right)
    }

    fn bounded(&self, start: usize, end: usize) -> bool {
        let (left, right) = self.sides(start, end);
        left != Side::Open && right != Side::Open
    }

    /// A whole makes the words within it needless.
    fn whole(&mut self, start: usize, end: usize) {
        let whole = self.text.get(start..end).unwrap_or_default().to_owned();
        self.found.retain(|&(at, _)| at < start);
        self.found.push((start, Required::Whole(whole)));
    }

    fn run(&mut self, run: Run) {
        let term = self.text.get(run.start..run.end).unwrap_or_default().to_owned();
        let (left, right) = self.sides(run.start, run.end);
        let in_guid = may_be_in_guid(run, left, right).then(|| Required::InGuid(term.clone()));
        let word = match (left == Side::Open, right == Side::Open) {
            (false, false) => Required::Term(term),
            (false, true) => Required::Prefix(term),
            (true, false) => Required::Suffix(term),
            (true, true) => Required::Contains(term),
        };
        self.found.push((run.start, Required::or([word].into_iter().chain(in_guid))));
    }
}

/// Whether a run can lie within the first, a middle or the last part of a GUID.
fn may_be_in_guid(run: Run, left: Side, right: Side) -> bool {
    let open = left == Side::Open || right == Side::Open;
    let fits = |digits| {
        if open { run.len() <= digits } else { run.len() == digits }
    };
    let (after, before) = (left.may_be_hyphen(), right.may_be_hyphen());
    run.is_hex() && ((before && fits(8)) || (after && before && fits(4)) || (after && fits(12)))
}

#[cfg(test)]
mod tests;
