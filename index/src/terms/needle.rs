//! A prepared text to look for: Kusto's `has`, `hasprefix`, `hassuffix` and `contains`.

use std::fmt;

use memchr::{memchr, memchr2, memmem};

use super::{fold, is_term_char};

/// The folded bytes of the four products' values, the most frequent first; what is missing is rare.
const FREQUENT: &[u8] = br#"ae0scotdin2rl1bw m3\-4f:.5upg9867yhqv"kx+|jz=/_,{})(;$%[]'><@&?*#!"#;

/// Which edges of an occurrence must be edges of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NeedleKind {
    /// Both: whole terms (`has`).
    Has,
    /// The first (`hasprefix`).
    Prefix,
    /// The last (`hassuffix`).
    Suffix,
    /// Neither (`contains`).
    Contains,
}

/// A text prepared to be looked for in values, in any case.
///
/// An edge that must be a term's is only asked for where the needle's own character there is a term
/// character: `has "@contoso"` is found in `anna@contoso.com`, not in `anna@contoso2.com`. An empty
/// needle is found everywhere.
#[derive(Clone)]
pub struct Needle {
    text: String,
    folded: String,
    kind: NeedleKind,
    bounded: (bool, bool),
    search: Search,
}

#[derive(Clone)]
enum Search {
    /// ASCII without letters: case changes nothing.
    Exact(Box<memmem::Finder<'static>>),
    /// ASCII: look for its rarest byte, then compare.
    Rare { byte: u8, at: usize },
    /// Anything else, in the folded text.
    Folded(Box<memmem::Finder<'static>>),
}

impl Needle {
    /// Whole terms: Kusto's `has`, for one term or a phrase.
    #[must_use]
    pub fn has(text: &str) -> Needle {
        Needle::new(NeedleKind::Has, text)
    }

    /// Terms, the last of which may go on: `hasprefix`.
    #[must_use]
    pub fn prefix(text: &str) -> Needle {
        Needle::new(NeedleKind::Prefix, text)
    }

    /// Terms, the first of which may have begun before: `hassuffix`.
    #[must_use]
    pub fn suffix(text: &str) -> Needle {
        Needle::new(NeedleKind::Suffix, text)
    }

    /// A piece of text anywhere: `contains`.
    #[must_use]
    pub fn contains(text: &str) -> Needle {
        Needle::new(NeedleKind::Contains, text)
    }

    /// Any of the four.
    #[must_use]
    pub fn new(kind: NeedleKind, text: &str) -> Needle {
        let folded = fold(text).into_owned();
        let first = folded.starts_with(is_term_char);
        let last = folded.ends_with(is_term_char);
        let bounded = match kind {
            NeedleKind::Has => (first, last),
            NeedleKind::Prefix => (first, false),
            NeedleKind::Suffix => (false, last),
            NeedleKind::Contains => (false, false),
        };
        let search = Search::new(&folded);
        Needle { text: text.to_owned(), folded, kind, bounded, search }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Folded, as it is compared.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Which of the four it is.
    #[must_use]
    pub fn kind(&self) -> NeedleKind {
        self.kind
    }

    /// Whether the first and the last character must be edges of terms.
    #[must_use]
    pub fn bounded(&self) -> (bool, bool) {
        self.bounded
    }

    /// Whether it is found in a value. Allocates only if the needle is not ASCII and the value is not.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match &self.search {
            Search::Folded(_) if value.is_ascii() => false,
            Search::Folded(_) => self.find_bounded(&fold(value)),
            _ => self.find_bounded(value),
        }
    }

    /// Whether its bytes are found in any case, wherever terms begin and end: when not, no value
    /// that lies in these bytes matches. For quick tests of many values at once; may say yes wrongly.
    #[must_use]
    pub fn may_occur_in(&self, bytes: &[u8]) -> bool {
        match &self.search {
            Search::Folded(_) => !bytes.is_ascii(),
            _ => self.find(bytes, 0).is_some(),
        }
    }

    fn find_bounded(&self, value: &str) -> bool {
        let mut from = 0;
        while let Some(at) = self.find(value.as_bytes(), from) {
            if self.edges_fit(value, at) {
                return true;
            }
            from = at + 1;
        }
        false
    }

    /// The first occurrence at or after `from`, edges not looked at; in folded bytes if not ASCII.
    #[inline]
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match &self.search {
            Search::Exact(finder) | Search::Folded(finder) => finder.find(bytes.get(from..)?).map(|at| from + at),
            Search::Rare { byte, at } => self.find_by_rarest(bytes, from, *byte, *at),
        }
    }

    fn find_by_rarest(&self, bytes: &[u8], mut from: usize, rare: u8, at: usize) -> Option<usize> {
        let needle = self.folded.as_bytes();
        loop {
            let end = bytes.len().checked_sub(needle.len() - at - 1)?;
            let window = bytes.get(from + at..end)?;
            let found = if rare.is_ascii_lowercase() {
                memchr2(rare, rare.to_ascii_uppercase(), window)
            } else {
                memchr(rare, window)
            };
            let start = from + found?;
            if bytes.get(start..start + needle.len())?.eq_ignore_ascii_case(needle) {
                return Some(start);
            }
            from = start + 1;
        }
    }

    #[inline]
    fn edges_fit(&self, value: &str, start: usize) -> bool {
        let (first, last) = self.bounded;
        let end = start + self.folded.len();
        (!first || !ends_in_term(value, start)) && (!last || !begins_with_term(value, end))
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Needle) -> bool {
        (self.kind, &self.text) == (other.kind, &other.text)
    }
}

impl Eq for Needle {}

impl fmt::Debug for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.kind, self.text)
    }
}

impl Search {
    fn new(folded: &str) -> Search {
        let finder = || Box::new(memmem::Finder::new(folded.as_bytes()).into_owned());
        if !folded.is_ascii() {
            return Search::Folded(finder());
        }
        if !folded.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Search::Exact(finder());
        }
        match folded.bytes().enumerate().max_by_key(|&(_, byte)| rarity(byte)) {
            Some((at, byte)) => Search::Rare { byte, at },
            None => Search::Exact(finder()),
        }
    }
}

fn rarity(byte: u8) -> usize {
    FREQUENT.iter().position(|&frequent| frequent == byte).unwrap_or(FREQUENT.len())
}

#[inline]
fn ends_in_term(text: &str, end: usize) -> bool {
    match end.checked_sub(1).and_then(|last| text.as_bytes().get(last)) {
        None => false,
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => text.get(..end).is_some_and(|before| before.ends_with(is_term_char)),
    }
}

#[inline]
fn begins_with_term(text: &str, start: usize) -> bool {
    match text.as_bytes().get(start) {
        None => false,
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => text.get(start..).is_some_and(|after| after.starts_with(is_term_char)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn has_finds_whole_terms() {
        for (value, text, expected) in [
            ("a_b", "a", true),
            ("anna.b@contoso.com", "ANNA", true),
            ("hanna", "anna", false),
            ("annas", "anna", false),
            ("hanna anna", "anna", true),
            ("Invalid  password", "invalid password", false),
            ("the Invalid Password.", "invalid password", true),
            ("anna@contoso.com", "@contoso", true),
            ("anna@contoso2.com", "@contoso", false),
            ("x ab y", " ab ", true),
            ("10.0.0.10", "10.0.0.1", false),
            ("110.0.0.1 10.0.0.1", "10.0.0.1", true),
            ("21 1 1", "1 1", true),
            ("Größe", "gröSSe", false),
            ("DIE GRÖSSE", "größe", false),
            ("die GRÖßE.", "Größe", true),
            ("éanna annaé", "anna", false),
            ("²anna²", "anna", true),
            ("\u{212a}elvin", "kelvin", false),
            ("", "a", false),
            ("", "", true),
        ] {
            assert_eq!(Needle::has(text).matches(value), expected, "{value:?} has {text:?}");
        }
    }

    #[test]
    fn one_edge_or_none() {
        assert!(Needle::prefix("ann").matches("x anna"));
        assert!(!Needle::prefix("nn").matches("x anna"));
        assert!(Needle::prefix(" a").matches("x ab y"));
        assert!(Needle::suffix("nna").matches("anna x"));
        assert!(!Needle::suffix("nn").matches("anna x"));
        assert!(Needle::contains("NN").matches("anna x"));
        assert!(Needle::contains("a@X").matches("anna@x.com"));
    }

    #[test]
    fn quick_test_of_bytes_never_says_no_wrongly() {
        assert!(Needle::has("anna").may_occur_in(b"\xff hANNAh"));
        assert!(!Needle::has("anna").may_occur_in(b"hana"));
        assert!(Needle::has("größe").may_occur_in("GRÖßE".as_bytes()));
        assert!(!Needle::has("größe").may_occur_in(b"grosse"));
    }

    /// The same said slowly: every place in the folded characters.
    fn matches_slowly(kind: NeedleKind, text: &str, value: &str) -> bool {
        let text: Vec<char> = fold(text).chars().collect();
        let value: Vec<char> = fold(value).chars().collect();
        let is_term = |at: Option<&char>| at.copied().is_some_and(is_term_char);
        let left = matches!(kind, NeedleKind::Has | NeedleKind::Prefix) && is_term(text.first());
        let right = matches!(kind, NeedleKind::Has | NeedleKind::Suffix) && is_term(text.last());
        (0..=value.len().saturating_sub(text.len())).any(|at| {
            value[at..].starts_with(&text)
                && !(left && is_term(value[..at].last()))
                && !(right && is_term(value.get(at + text.len())))
        })
    }

    fn kinds() -> impl Strategy<Value = NeedleKind> {
        use NeedleKind::{Contains, Has, Prefix, Suffix};
        prop::sample::select(vec![Has, Prefix, Suffix, Contains])
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            kind in kinds(),
            text in "[aAbé1._Kß ]{0,4}",
            value in "[aAbÉ1._\u{212a}ß ]{0,12}",
        ) {
            let needle = Needle::new(kind, &text);
            let expected = matches_slowly(kind, &text, &value);
            prop_assert_eq!(needle.matches(&value), expected);
            prop_assert!(!expected || needle.may_occur_in(value.as_bytes()));
        }

        #[test]
        fn agrees_on_any_text(kind in kinds(), value: String, from in 0_usize..20, count in 0_usize..6) {
            let text: String = value.chars().skip(from).take(count).collect();
            prop_assert_eq!(Needle::new(kind, &text).matches(&value), matches_slowly(kind, &text, &value));
        }
    }
}
