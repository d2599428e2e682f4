//! The nearest of several names to one that was misspelt.

/// Of so many letters one may be wrong, and one in any case.
const LETTERS_PER_SLIP: usize = 3;

/// The name that takes the fewest slips of the fingers, in any case; `None` if all are other words.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let slips_max = (word.len() / LETTERS_PER_SLIP).max(1);
    let measured = names.into_iter().map(|name| (slips(&word, &name.to_lowercase().chars().collect::<Vec<_>>()), name));
    measured.filter(|(slips, _)| *slips <= slips_max).min().map(|(_, name)| name)
}

/// Letters left out, put in, replaced, or swapped with their neighbour.
fn slips(word: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in word.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, with) in other.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j) + usize::from(letter != with)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && word.get(i - 1) == Some(with) && other.get(j - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_fingers() {
        let names = ["count", "context", "until", "userPrincipalName", "id"];
        for (word, expected) in [
            ("cuont", Some("count")),
            ("contxt", Some("context")),
            ("untill", Some("until")),
            ("userprincipalnmae", Some("userPrincipalName")),
            ("ip", Some("id")),
            ("count", Some("count")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}
