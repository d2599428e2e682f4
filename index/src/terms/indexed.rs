//! The terms of a value that go into the index: words, and GUIDs and addresses whole.

use std::ops::Range;

use super::fold::fold_into;
use super::number::Decimal;
use super::{Run, is_term_char, next_run};

/// Where a GUID has its hyphens.
const GUID_BYTES: usize = 36;
const GUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// What a term of the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TermKind {
    /// A run of letters and digits that is no part of a GUID.
    Word,
    /// A GUID: 8-4-4-4-12 hexadecimal digits, no term character on either side.
    Guid,
    /// An IPv4 address: four terms of one to three digits, at most 255, joined by dots. Every four
    /// in a row are one: `1.2.3.4.5` holds two, so that what is found whole depends on nothing
    /// around it. (IPv6 addresses are their words: where one ends depends on what follows.)
    Address,
}

/// Calls `found` with each term that the index keeps of a value, folded; the same term may come
/// more than once. `scratch` is only room to fold in.
///
/// A value that is a number with an exponent or leading zeros also gives its integer part as a word
/// (`5.0126e4`: `50126`), so that a test for equality can ask for it however the number is spelled.
/// Terms are not cut, however long: who must cut them has to keep in mind which values have longer ones.
pub fn for_each_index_term(text: &str, scratch: &mut String, mut found: impl FnMut(TermKind, &str)) {
    for place in places(text) {
        let Some(term) = text.get(place.at) else {
            continue;
        };
        if place.fold {
            scratch.clear();
            fold_into(term, scratch);
            found(place.kind, scratch);
        } else {
            found(place.kind, term);
        }
    }
    if let Some(integer) = spelled_oddly(text) {
        found(TermKind::Word, &integer);
    }
}

/// The places of GUIDs and addresses, in order of their ends.
pub fn wholes(text: &str) -> impl Iterator<Item = (TermKind, Range<usize>)> {
    places(text).filter(|place| place.kind != TermKind::Word).map(|place| (place.kind, place.at))
}

/// Whether a term has the form of a part of a GUID (4, 8 or 12 hexadecimal digits): the index does
/// not cover such a term where values hold GUIDs.
#[must_use]
pub fn is_guid_part(term: &str) -> bool {
    matches!(term.len(), 4 | 8 | 12) && term.bytes().all(|byte| byte.is_ascii_hexdigit())
}

struct Place {
    kind: TermKind,
    at: Range<usize>,
    fold: bool,
}

struct Places<'a> {
    text: &'a str,
    at: usize,
    octets: Octets,
    address: Option<Range<usize>>,
}

fn places(text: &str) -> Places<'_> {
    Places { text, at: 0, octets: Octets::default(), address: None }
}

impl Iterator for Places<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        if let Some(at) = self.address.take() {
            return Some(Place { kind: TermKind::Address, at, fold: false });
        }
        let run = next_run(self.text, self.at)?;
        if let Some(at) = guid_at(self.text, run) {
            self.at = at.end;
            let fold = true;
            return Some(Place { kind: TermKind::Guid, at, fold });
        }
        self.at = run.end;
        self.address = self.octets.push(self.text, run);
        Some(Place { kind: TermKind::Word, at: run.start..run.end, fold: run.needs_folding() })
    }
}

/// The GUID that begins with this run.
#[inline]
pub(crate) fn guid_at(text: &str, run: Run) -> Option<Range<usize>> {
    if run.len() != 8 || !run.is_hex() {
        return None;
    }
    let at = run.start..run.start + GUID_BYTES;
    let guid = text.as_bytes().get(at.clone())?;
    let formed = guid.iter().enumerate().all(|(place, byte)| match byte {
        b'-' => GUID_HYPHENS.contains(&place),
        _ => byte.is_ascii_hexdigit() && !GUID_HYPHENS.contains(&place),
    });
    let ends = || text.get(at.end..).is_some_and(|rest| !rest.starts_with(is_term_char));
    (formed && ends()).then_some(at)
}

/// The last runs that may be an address's numbers.
#[derive(Default)]
pub(crate) struct Octets {
    starts: [usize; 4],
    count: usize,
    end: usize,
}

impl Octets {
    /// Takes the next run of the text; the place of the address that ends with it, if one does.
    #[inline]
    pub(crate) fn push(&mut self, text: &str, run: Run) -> Option<Range<usize>> {
        if !is_octet(text, run) {
            self.count = 0;
            return None;
        }
        let joined = self.count > 0 && run.start == self.end + 1 && text.as_bytes().get(self.end) == Some(&b'.');
        self.count = if joined { self.count + 1 } else { 1 };
        self.end = run.end;
        self.starts.rotate_left(1);
        let [first, _, _, last] = &mut self.starts;
        *last = run.start;
        (self.count >= 4).then_some(*first..run.end)
    }
}

fn is_octet(text: &str, run: Run) -> bool {
    let number = || text.get(run.start..run.end).and_then(|digits| digits.parse::<u16>().ok());
    run.is_digits() && run.len() <= 3 && number().is_some_and(|number| number <= 255)
}

/// The integer part of a value that is a number but does not begin with that part's digits.
fn spelled_oddly(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let number = Decimal::parse(text)?;
    if number.is_plain() { None } else { number.integer_part() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "3F2504E0-4F89-11D3-9A0C-0305E82C3301";

    fn check(text: &str, expected: &str) {
        let (mut found, mut scratch) = (Vec::new(), String::new());
        for_each_index_term(text, &mut scratch, |kind, term| {
            found.push(match kind {
                TermKind::Word => term.to_owned(),
                TermKind::Guid => format!("guid:{term}"),
                TermKind::Address => format!("address:{term}"),
            });
        });
        assert_eq!(found.join(" "), expected, "{text:?}");
    }

    #[test]
    fn words_are_folded() {
        check("Failed LOGIN_Größe ÄB", "failed login größe äb");
    }

    #[test]
    fn guids_are_only_whole() {
        let folded = GUID.to_lowercase();
        check(GUID, &format!("guid:{folded}"));
        check(&format!("/x/{GUID}/y"), &format!("x guid:{folded} y"));
        check(&format!("-{GUID}-"), &format!("guid:{folded}"));
        check(&format!("{GUID}-{GUID}"), &format!("guid:{folded} guid:{folded}"));
        check(&format!("{GUID}_a"), &format!("guid:{folded} a"));
        check(&format!("x{GUID}"), "x3f2504e0 4f89 11d3 9a0c 0305e82c3301");
        check(&format!("{GUID}é"), "3f2504e0 4f89 11d3 9a0c 0305e82c3301é");
        check("3F2504E0-4F-9-11D3-9A0C-0305E82C3301", "3f2504e0 4f 9 11d3 9a0c 0305e82c3301");
        check("3F2504E0-4F89-11D3-9A0C", "3f2504e0 4f89 11d3 9a0c");
        check("3F2504E0-4F89-11D3-9A0C_0305E82C3301", "3f2504e0 4f89 11d3 9a0c 0305e82c3301");
    }

    #[test]
    fn addresses_are_whole_and_in_words() {
        check("10.0.0.7", "10 0 0 7 address:10.0.0.7");
        check("a:10.0.0.7:443", "a 10 0 0 7 address:10.0.0.7 443");
        check("1.2.3.4.5", "1 2 3 4 address:1.2.3.4 5 address:2.3.4.5");
        check("1.2.3.256 1.2..3.4 1.2.3", "1 2 3 256 1 2 3 4 1 2 3");
        check("10.0.19045.3803", "10 0 19045 3803");
        check("2001:db8::1", "2001 db8 1");
    }

    #[test]
    fn odd_numbers_give_their_integer_part() {
        check("5.0126e4", "5 0126e4 50126");
        check("-15E-1", "15e 1 1");
        check("15e-4", "15e 4 0");
        check("1e999", "1e999");
        check("50126", "50126");
        check("-0.5", "0 5");
        check("007.5", "007 5 7");
        check("5e4x", "5e4x");
    }

    #[test]
    fn wholes_are_places() {
        let text = format!("a {GUID} 1.2.3.4");
        let found: Vec<_> = wholes(&text).collect();
        assert_eq!(found, [(TermKind::Guid, 2..38), (TermKind::Address, 39..46)]);
        assert!(is_guid_part("4f89") && is_guid_part("0305E82C3301") && is_guid_part("50126123"));
        assert!(!is_guid_part("50126") && !is_guid_part("4f8g"));
    }
}
