//! A set of rows of one block.

/// Rows of a block, 1,024 at most, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    words: [u64; WORDS],
    count: usize,
}

const WORDS: usize = 16;

impl Rows {
    /// No row of a block that has `count`.
    #[must_use]
    pub fn none(count: usize) -> Self {
        Self { words: [0; WORDS], count: count.min(WORDS * 64) }
    }

    /// Every row of a block that has `count`.
    #[must_use]
    pub fn all(count: usize) -> Self {
        let mut rows = Self::none(count);
        for (place, word) in rows.words.iter_mut().enumerate() {
            let bits = rows.count.saturating_sub(place * 64).min(64);
            *word = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        }
        rows
    }

    /// Adds a row.
    pub fn insert(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 64).filter(|_| row < self.count) {
            *word |= 1 << (row % 64);
        }
    }

    /// Whether a row is among them.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Rows in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// Rows in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// Rows that are not among these.
    #[must_use]
    pub fn complement(self) -> Self {
        Self::all(self.count).with(self, |a, b| a & !b)
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.into_iter().enumerate().flat_map(|(place, word)| Bits(word).map(move |bit| place * 64 + bit))
    }

    fn with(mut self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        for (mine, theirs) in self.words.iter_mut().zip(other.words) {
            *mine = join(*mine, theirs);
        }
        self
    }
}

struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (bit < 64).then_some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_as_a_set(count in 0_usize..1025, a: Vec<u16>, b: Vec<u16>) {
            let set = |rows: &[u16]| {
                let mut set = Rows::none(count);
                rows.iter().for_each(|row| set.insert(usize::from(*row) % 1100));
                set
            };
            let (a, b) = (set(&a), set(&b));
            for row in 0..1100 {
                prop_assert_eq!(a.and(b).contains(row), a.contains(row) && b.contains(row));
                prop_assert_eq!(a.or(b).contains(row), a.contains(row) || b.contains(row));
                prop_assert_eq!(a.complement().contains(row), row < count && !a.contains(row));
            }
            prop_assert_eq!(a.iter().count(), a.len());
            prop_assert!(a.iter().all(|row| a.contains(row)));
            prop_assert_eq!(Rows::all(count).len(), count);
        }
    }
}
