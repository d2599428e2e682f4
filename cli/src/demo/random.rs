//! Repeatable choices: one seed gives one day, on every machine.

/// A SplitMix64 sequence (Steele, Lea, Flood 2014). Not for secrets.
pub(crate) struct Random(u64);

impl Random {
    /// A sequence of its own for `part`, so that a change in one product leaves the others as they were.
    pub(crate) fn of(seed: u64, part: &str) -> Random {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Random(part.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, fold))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low) + 1) as i64
    }

    /// True in `per_mille` of 1,000 cases.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`, which must not be empty (all tables of the demo are constants).
    #[expect(clippy::indexing_slicing, reason = "below(len) is less than len, and no table of the demo is empty")]
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// One of `items`, by value.
    pub(crate) fn choice<T: Copy>(&mut self, items: &[T]) -> T {
        *self.pick(items)
    }

    /// One of `items` by its weight, by value.
    pub(crate) fn weighted_choice<T: Copy>(&mut self, items: &[(T, u64)]) -> T {
        *self.weighted(items)
    }

    /// One of `items` by its weight (the second member).
    pub(crate) fn weighted<'a, T>(&mut self, items: &'a [(T, u64)]) -> &'a T {
        let mut left = self.below(items.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in items {
            if left < *weight {
                return item;
            }
            left -= weight;
        }
        &self.pick(items).0
    }

    /// A GUID of version 4, in lower case with hyphens.
    pub(crate) fn guid(&mut self) -> String {
        let version = (self.next() & !0xf000) | 0x4000;
        let variant = (self.next() & !(0b11 << 62)) | (0b10 << 62);
        hyphenated(version, variant)
    }

    /// A request id of Entra: shaped like a GUID, its last byte is zero.
    pub(crate) fn request(&mut self) -> String {
        hyphenated(self.next(), self.next() & !0xff)
    }

    /// `digits` hexadecimal digits in lower case.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        self.letters(digits, b"0123456789abcdef")
    }

    /// `letters` letters of base64url, as in token identifiers.
    pub(crate) fn token(&mut self, letters: usize) -> String {
        self.letters(letters, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    }

    fn letters(&mut self, count: usize, alphabet: &[u8]) -> String {
        (0..count).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}

fn hyphenated(high: u64, low: u64) -> String {
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    let (d, e) = (low >> 48, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_and_part_give_one_sequence() {
        let first = |seed, part| Random::of(seed, part).next();
        assert_eq!(first(7, "entra"), first(7, "entra"));
        assert_ne!(first(7, "entra"), first(8, "entra"));
        assert_ne!(first(7, "entra"), first(7, "m365"));
    }

    #[test]
    fn choices_stay_in_their_bounds() {
        let mut random = Random::of(1, "bounds");
        for _ in 0..10_000 {
            assert!((-3..=4).contains(&random.between(-3, 4)));
            assert_ne!(*random.weighted(&[("never", 0), ("always", 5)]), "never");
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn ids_have_their_shapes() {
        let mut random = Random::of(2, "ids");
        for _ in 0..1000 {
            let guid = random.guid();
            assert_eq!((guid.len(), &guid[14..15]), (36, "4"));
            assert!("89ab".contains(&guid[19..20]), "{guid}");
            assert!(random.request().ends_with("00"));
        }
        assert_eq!(random.token(22).len(), 22);
    }
}
