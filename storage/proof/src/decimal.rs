//! Decimal numbers as all formats here spell them: no sign, no leading zeros.

use crate::error::Error;

/// Digits of the largest u64.
const DIGITS_MAX: usize = 20;

/// Appends a number.
pub(crate) fn push(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; DIGITS_MAX];
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(DIGITS_MAX - used));
}

/// Reads a number; refuses other spellings of it.
pub(crate) fn parse(what: &'static str, text: &[u8]) -> Result<u64, Error> {
    let refused = || Error::form(what, "a decimal number below 2^64 without leading zeros", text);
    let spelled_once = text == b"0" || text.first().is_some_and(|first| *first != b'0');
    if !spelled_once || !text.iter().all(u8::is_ascii_digit) {
        return Err(refused());
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    text.iter().try_fold(0, add).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 9, 10, 99, 100, 1_788_390_060, u64::MAX - 1, u64::MAX] {
            let mut text = Vec::new();
            push(number, &mut text);
            assert_eq!(text, number.to_string().into_bytes());
            assert_eq!(parse("x", &text), Ok(number));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "١", "18446744073709551616"] {
            assert!(parse("x", text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
