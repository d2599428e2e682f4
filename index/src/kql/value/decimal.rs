//! Decimal numbers: digits that stay exact, 34 of them at most.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most digits that a number keeps.
const DIGITS_MAX: u32 = 34;

/// A whole number divided by a power of ten. `1.5` and `1.50` are equal and print differently.
#[derive(Clone, Copy, Default)]
// Without this, a value would grow by half for a type that is hardly used.
#[repr(Rust, packed(8))]
pub struct Decimal {
    digits: i128,
    scale: u8,
}

impl Decimal {
    /// A whole number divided by ten to the power of `scale`; `None` beyond 34 digits.
    #[must_use]
    pub fn new(digits: i128, scale: u32) -> Option<Decimal> {
        let (mut digits, mut scale) = (digits, scale);
        // Digits behind the point are given up before the number is.
        while scale > 0 && (scale > DIGITS_MAX || digits.unsigned_abs() >= 10_u128.pow(DIGITS_MAX)) {
            digits = rounded(digits, 10);
            scale -= 1;
        }
        let fits = digits.unsigned_abs() < 10_u128.pow(DIGITS_MAX);
        u8::try_from(scale).ok().filter(|_| fits).map(|scale| Decimal { digits, scale })
    }

    /// The nearest decimal with the digits that the double prints.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Decimal> {
        if value.is_finite() { format!("{value:e}").parse().ok() } else { None }
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Without its fraction.
    #[must_use]
    pub fn truncated(self) -> i128 {
        self.digits / power(u32::from(self.scale))
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let (left, right, scale) = self.aligned(other)?;
        Decimal::new(left.checked_add(right)?, scale)
    }

    /// The number with its other sign.
    #[must_use]
    pub fn negated(self) -> Decimal {
        Decimal { digits: -self.digits, scale: self.scale }
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        let scale = u32::from(self.scale) + u32::from(other.scale);
        match self.digits.checked_mul(other.digits) {
            Some(digits) => Decimal::new(digits, scale),
            None => Decimal::from_f64(self.to_f64() * other.to_f64()),
        }
    }

    /// The quotient to as many digits as there are, without zeros at its end.
    #[must_use]
    pub fn divided_by(self, other: Decimal) -> Option<Decimal> {
        if other.digits == 0 {
            return None;
        }
        let (mut digits, mut scale) = (self.digits, i64::from(self.scale) - i64::from(other.scale));
        while scale < i64::from(DIGITS_MAX)
            && let Some(more) = digits.checked_mul(10)
        {
            digits = more;
            scale += 1;
        }
        let mut quotient = rounded(digits, other.digits);
        while scale > 0 && quotient % 10 == 0 {
            quotient /= 10;
            scale -= 1;
        }
        Decimal::new(quotient, u32::try_from(scale).ok()?)
    }

    /// The remainder, with the sign of this number.
    #[must_use]
    pub fn remainder(self, other: Decimal) -> Option<Decimal> {
        let (left, right, scale) = self.aligned(other)?;
        Decimal::new(left.checked_rem(right)?, scale)
    }

    /// The digits of both with as many behind the point.
    fn aligned(self, other: Decimal) -> Option<(i128, i128, u32)> {
        let scale = u32::from(self.scale.max(other.scale));
        let left = self.digits.checked_mul(power(scale - u32::from(self.scale)))?;
        let right = other.digits.checked_mul(power(scale - u32::from(other.scale)))?;
        Some((left, right, scale))
    }
}

fn power(exponent: u32) -> i128 {
    10_i128.pow(exponent.min(38))
}

/// The quotient, half away from zero.
fn rounded(digits: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (digits / divisor, digits % divisor);
    let up = rest.unsigned_abs().saturating_mul(2) >= divisor.unsigned_abs();
    quotient + if up { digits.signum() * divisor.signum() } else { 0 }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal { digits: i128::from(value), scale: 0 }
    }
}

impl FromStr for Decimal {
    type Err = ();

    /// Digits with a point and an exponent.
    fn from_str(text: &str) -> Result<Decimal, ()> {
        let text = text.trim();
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().map_err(|_| ())?),
            None => (text, 0),
        };
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let text = if negative { text } else { text.strip_prefix('+').unwrap_or(text) };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !plain || fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
            return Err(());
        }
        // 38 digits are all that 128 bits are sure to hold; later ones behind the point cannot count.
        let fraction = fraction
            .get(..fraction.len().min(36_usize.saturating_sub(whole.trim_start_matches('0').len())))
            .ok_or(())?;
        let digits: i128 = format!("0{whole}{fraction}").parse().map_err(|_| ())?;
        let digits = if negative { -digits } else { digits };
        let scale = i64::try_from(fraction.len()).map_err(|_| ())? - i64::from(exponent);
        if scale < 0 {
            let factor = u32::try_from(-scale).ok().filter(|factor| *factor <= 34).ok_or(())?;
            return digits.checked_mul(power(factor)).and_then(|digits| Decimal::new(digits, 0)).ok_or(());
        }
        let scale = u32::try_from(scale).ok().filter(|scale| *scale < 1000).ok_or(())?;
        Decimal::new(digits, scale).ok_or(())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, scale) = (self.digits, usize::from(self.scale));
        let sign = if digits < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = text.split_at(text.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "decimal({self})")
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if let Some((left, right, _)) = self.aligned(*other) {
            return left.cmp(&right);
        }
        // Too far apart for a common scale: the whole parts tell.
        self.truncated().cmp(&other.truncated()).then(self.to_f64().total_cmp(&other.to_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn digits_stay_exact() {
        assert_eq!(decimal("0.1").plus(decimal("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(decimal("1.50").to_string(), "1.50");
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert_eq!(decimal("-0.05").to_string(), "-0.05");
        assert_eq!(decimal("1e3").to_string(), "1000");
        assert_eq!(decimal("1.25").times(decimal("-4")).unwrap().to_string(), "-5.00");
        assert_eq!(decimal("1").divided_by(decimal("8")).unwrap().to_string(), "0.125");
        assert_eq!(decimal("1").divided_by(decimal("3")).unwrap().to_string(), format!("0.{}", "3".repeat(34)));
        assert_eq!(decimal("7.5").remainder(decimal("2")).unwrap().to_string(), "1.5");
        assert_eq!(decimal("1").divided_by(decimal("0")), None);
        assert_eq!(decimal("-2.7").truncated(), -2);
        for text in ["", ".", "-", "1.2.3", "1e", "abc", "1e99", &"9".repeat(40), "--1"] {
            assert_eq!(text.parse::<Decimal>(), Err(()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn doubles_order_alike(left in -1e12_f64..1e12, right in -1e12_f64..1e12) {
            let order = Decimal::from_f64(left).unwrap().cmp(&Decimal::from_f64(right).unwrap());
            prop_assert_eq!(Some(order), left.partial_cmp(&right));
        }

        #[test]
        fn any_text_is_read(text in "[0-9.eE+\\-]{0,60}", other: i64) {
            if let Ok(value) = text.parse::<Decimal>() {
                let other = Decimal::from(other);
                let _ = (value.plus(other), value.times(other), value.divided_by(other), value.remainder(other));
                prop_assert_eq!(value.to_string().parse::<Decimal>(), Ok(value));
            }
        }
    }
}
