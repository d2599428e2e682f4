//! Numbers as spelled in JSON, compared exactly: no rounding, any length.

use std::cmp::Ordering;

/// The longest integer part that is spelled out as a term.
const INTEGER_DIGITS_MAX: i64 = 38;

/// A decimal number of a text, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// Digits before and after the point, as written.
    integer: &'a str,
    fraction: &'a str,
    exponent: Option<i64>,
}

impl<'a> Decimal<'a> {
    /// Reads `-?digits(.digits)?([eE][+-]?digits)?`, the whole text; leading zeros are let pass.
    pub(crate) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (integer, rest) = digits(rest)?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(exponent) => Some(parse_exponent(exponent)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(Decimal { negative, integer, fraction, exponent })
    }

    /// Whether it was spelled without exponent and leading zeros: its integer part is then a term
    /// of the text as it stands.
    pub(crate) fn is_plain(&self) -> bool {
        self.exponent.is_none() && (self.integer.len() == 1 || !self.integer.starts_with('0'))
    }

    /// The integer part without sign and leading zeros, `0` if there is none; nothing if it has
    /// more than 38 digits.
    pub(crate) fn integer_part(&self) -> Option<String> {
        let magnitude = self.magnitude();
        if magnitude > INTEGER_DIGITS_MAX {
            return None;
        }
        let count = usize::try_from(magnitude).unwrap_or(0);
        if count == 0 {
            return Some("0".to_owned());
        }
        let zeros = std::iter::repeat(b'0');
        Some(self.significant().chain(zeros).take(count).map(char::from).collect())
    }

    fn is_zero(&self) -> bool {
        self.significant().next().is_none()
    }

    /// The digits from the first that is not zero.
    fn significant(&self) -> impl Iterator<Item = u8> {
        self.integer.bytes().chain(self.fraction.bytes()).skip_while(|&digit| digit == b'0')
    }

    /// How many digits stand before the point once the exponent is applied; 0 or less for
    /// fractions, 0 for zero itself.
    fn magnitude(&self) -> i64 {
        if self.is_zero() {
            return 0;
        }
        let all = self.integer.bytes().chain(self.fraction.bytes());
        let leading_zeros = all.take_while(|&digit| digit == b'0').count();
        let places = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        (places(self.integer.len()) - places(leading_zeros)).saturating_add(self.exponent.unwrap_or(0))
    }

    fn cmp_absolute(&self, other: &Decimal<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        self.magnitude().cmp(&other.magnitude()).then_with(|| self.cmp_digits(other))
    }

    fn cmp_digits(&self, other: &Decimal<'_>) -> Ordering {
        let (mut ours, mut theirs) = (self.significant(), other.significant());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Ordering::Equal,
                (a, b) => match a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    decided => return decided,
                },
            }
        }
    }

    /// How the two numbers compare.
    pub(crate) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let negative = |number: &Decimal<'_>| number.negative && !number.is_zero();
        match (negative(self), negative(other)) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_absolute(other),
            (true, true) => other.cmp_absolute(self),
        }
    }
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 { None } else { text.split_at_checked(end) }
}

/// An exponent too large for 15 digits is as good as infinite.
fn parse_exponent(text: &str) -> Option<i64> {
    const FAR: i64 = 1_000_000_000_000_000;
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ("", found) = digits(rest).map(|(found, rest)| (rest, found))? else {
        return None;
    };
    Some(sign * found.parse::<i64>().unwrap_or(FAR).min(FAR))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compare(a: &str, b: &str) -> Ordering {
        Decimal::parse(a).unwrap().compare(&Decimal::parse(b).unwrap())
    }

    #[test]
    fn equal_numbers_in_other_words() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("0", "-0.00e7"),
            ("50126", "5.0126E+4"),
            ("007", "7"),
            ("0.001", "1e-3"),
            ("9007199254740993", "9007199254740993.000"),
        ] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn order_is_exact() {
        for (a, b) in [
            ("-1", "0"),
            ("-2", "-1"),
            ("0", "1e-999999999999999999999"),
            ("9", "10"),
            ("1.5", "1.51"),
            ("9007199254740992", "9007199254740993"),
            ("0.99999999999999999999", "1"),
            ("-0.5", "0.1"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(compare(b, a), Ordering::Greater, "{a} {b}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in ["", "-", "+1", ".5", "5.", "1e", "1e+", "0x1", "1 ", "NaN", "1.2.3", "１"] {
            assert!(Decimal::parse(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_integers(a: i64, b: i64, zeros in 0_usize..4) {
            let spelled = format!("{b}.{}", "0".repeat(zeros + 1));
            prop_assert_eq!(compare(&a.to_string(), &spelled), a.cmp(&b));
            let integer = b.unsigned_abs().to_string();
            prop_assert_eq!(Decimal::parse(&spelled).unwrap().integer_part().unwrap(), integer);
        }

        #[test]
        fn agrees_with_floats(a in -1e6..1e6_f64, b in -1e6..1e6_f64) {
            prop_assert_eq!(compare(&format!("{a}"), &format!("{b:e}")), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn never_panics(text in "[-+.eE0-9]{0,40}") {
            if let Some(number) = Decimal::parse(&text) {
                prop_assert_eq!(number.compare(&number), Ordering::Equal);
                number.integer_part();
            }
        }
    }
}
