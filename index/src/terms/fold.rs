//! Case folding: the one notion of "in any case".

use std::borrow::Cow;

use super::is_term_char;

/// A text with every character folded; borrowed when nothing changes.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    let changes = if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_uppercase())
    } else {
        text.chars().any(|c| fold_char(c) != c)
    };
    if !changes {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    Cow::Owned(folded)
}

/// A character's lower case, one for one.
///
/// Nothing outside ASCII folds into ASCII (the Kelvin sign is no `k`, `İ` no `i`), as in Kusto's
/// ordinal comparison: an ASCII needle can so be looked for among the bytes of any text. A letter
/// stays a letter, so that folding moves no term's edge (the standard library may know newer
/// letters than the tables of `is_term_char`: those do not fold).
#[must_use]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) if !only.is_ascii() && is_term_char(only) == is_term_char(c) => only,
        _ => c,
    }
}

/// Appends the folded text.
pub(crate) fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        if let Some(new) = folded.get_mut(start..) {
            new.make_ascii_lowercase();
        }
    } else {
        folded.extend(text.chars().map(fold_char));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_one_for_one() {
        assert_eq!(fold("ANNA Größe ΣΑΣ"), "anna größe σασ");
        assert_eq!(fold("\u{212a}İ"), "\u{212a}İ");
        assert!(matches!(fold("already größe"), Cow::Borrowed(_)));
        assert!(matches!(fold("already"), Cow::Borrowed(_)));
    }

    #[test]
    fn folding_moves_no_edge_of_a_term_and_is_done_once() {
        for c in char::MIN..=char::MAX {
            let folded = fold_char(c);
            assert_eq!(is_term_char(c), is_term_char(folded), "{c:?}");
            assert_eq!(fold_char(folded), folded, "{c:?}");
            assert_eq!(c.is_ascii(), folded.is_ascii(), "{c:?}");
        }
    }
}
