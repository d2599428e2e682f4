//! The name that was probably meant.

/// The candidate nearest to `wrong`: a few letters away at most, case aside.
pub fn nearest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = wrong.to_lowercase();
    let allowed = (lower.chars().count() / 3).clamp(1, 4);
    let distances = candidates.into_iter().filter_map(|candidate| {
        let other = candidate.to_lowercase();
        let near = other.chars().count().abs_diff(lower.chars().count()) <= allowed;
        near.then(|| (distance(&lower, &other), candidate))
    });
    distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|found| found.1)
}

/// Letters to change, add, drop, or swap with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for letter in left.chars() {
        let next = next_row(&row, &before, &right, letter, previous);
        before = std::mem::replace(&mut row, next);
        previous = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

fn next_row(row: &[usize], before: &[usize], right: &[char], letter: char, previous: Option<char>) -> Vec<usize> {
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
    let mut next = vec![at(row, 0) + 1];
    let mut last = None;
    for (place, other) in right.iter().enumerate() {
        let changed = at(row, place) + usize::from(*other != letter);
        let swapped = place > 0 && last == Some(letter) && previous == Some(*other);
        let swapped = if swapped { at(before, place - 1) + 1 } else { usize::MAX };
        next.push(changed.min(at(row, place + 1) + 1).min(at(&next, place) + 1).min(swapped));
        last = Some(*other);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near() {
        assert_eq!(nearest("sumarize", ["summarize", "sort"]), Some("summarize"));
        assert_eq!(nearest("tiemgenerated", ["TimeGenerated", "Type"]), Some("TimeGenerated"));
        assert_eq!(nearest("has", ["contains"]), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
        assert_eq!(nearest("ab", ["ba"]), Some("ba"));
    }
}
