//! `+ - * / %` and `bin`: numbers, moments and durations (R8, R13).

use super::compare::{Number, number};
use super::{Decimal, Value, moment};

/// `left + right`
#[must_use]
pub fn add(left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left.held(), right.held()) {
        (Value::DateTime(moment), Value::Timespan(span)) | (Value::Timespan(span), Value::DateTime(moment)) => {
            at(moment.checked_add(span))
        }
        (Value::Timespan(left), Value::Timespan(right)) => span(left.checked_add(right)),
        (left, right) => compute(&left, &right, i64::wrapping_add, |a, b| a + b, Decimal::plus),
    }
}

/// `left - right`
#[must_use]
pub fn subtract(left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left.held(), right.held()) {
        (Value::DateTime(moment), Value::Timespan(span)) => at(moment.checked_sub(span)),
        (Value::DateTime(left), Value::DateTime(right)) => span(left.checked_sub(right)),
        (Value::Timespan(left), Value::Timespan(right)) => span(left.checked_sub(right)),
        (left, right) => compute(&left, &right, i64::wrapping_sub, |a, b| a - b, |a, b| a.plus(b.negated())),
    }
}

/// `left * right`
#[must_use]
pub fn multiply(left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left.held(), right.held()) {
        (Value::Timespan(span), factor) | (factor, Value::Timespan(span)) => scaled(span, &factor),
        (left, right) => compute(&left, &right, i64::wrapping_mul, |a, b| a * b, Decimal::times),
    }
}

/// `left / right`: whole numbers truncate toward zero and by zero are null; two durations give a real.
#[must_use]
pub fn divide(left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left.held(), right.held()) {
        (Value::Timespan(left), Value::Timespan(right)) => Value::Real(left as f64 / right as f64),
        (Value::Timespan(ticks), divisor) => match number(&divisor) {
            Some(Number::Whole(0)) | None => Value::Null,
            Some(Number::Whole(divisor)) => span(ticks.checked_div(divisor)),
            Some(Number::Real(divisor)) => ticks_of(ticks as f64 / divisor),
            Some(Number::Decimal(divisor)) => ticks_of(ticks as f64 / divisor.to_f64()),
        },
        (left, right) if is_whole_zero(&right) && is_whole(&left) => Value::Null,
        (left, right) => compute(&left, &right, i64::wrapping_div, |a, b| a / b, Decimal::divided_by),
    }
}

/// `left % right`: never negative.
#[must_use]
pub fn remainder(left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left.held(), right.held()) {
        (Value::Timespan(left) | Value::DateTime(left), Value::Timespan(right)) => span(left.checked_rem_euclid(right)),
        (left, right) if is_whole_zero(&right) && is_whole(&left) => Value::Null,
        (left, right) => compute(&left, &right, i64::wrapping_rem_euclid, f64::rem_euclid, |a, b| {
            let rest = a.remainder(b)?;
            let size = if b < 0.into() { b.negated() } else { b };
            if rest < 0.into() { rest.plus(size) } else { Some(rest) }
        }),
    }
}

/// `-value`
#[must_use]
pub fn negate(value: &Value<'_>) -> Value<'static> {
    match value.held() {
        Value::Timespan(ticks) => span(ticks.checked_neg()),
        other => subtract(&Value::Long(0), &other),
    }
}

/// `bin(value, size)`: the largest multiple of the size that is not above the value.
#[must_use]
pub fn bin(value: &Value<'_>, size: &Value<'_>) -> Value<'static> {
    match (value.held(), size.held()) {
        (Value::DateTime(ticks), Value::Timespan(size)) => at(floor_to(ticks, size)),
        (Value::Timespan(ticks), Value::Timespan(size)) => span(floor_to(ticks, size)),
        (value, size) => match (number(&value), number(&size)) {
            (Some(Number::Whole(value)), Some(Number::Whole(size))) => floor_to(value, size).into(),
            (Some(value), Some(size)) => {
                let real = |number| match number {
                    Number::Whole(value) => value as f64,
                    Number::Real(value) => value,
                    Number::Decimal(value) => value.to_f64(),
                };
                let (value, size) = (real(value), real(size));
                Value::Real(if size == 0.0 { f64::NAN } else { (value / size).floor() * size })
            }
            _ => Value::Null,
        },
    }
}

/// `bin_at(value, size, fixed)`: bins of which one begins at the fixed point.
#[must_use]
pub fn bin_at(value: &Value<'_>, size: &Value<'_>, fixed: &Value<'_>) -> Value<'static> {
    add(&bin(&subtract(value, fixed), size), fixed)
}

fn floor_to(value: i64, size: i64) -> Option<i64> {
    let (value, size) = (i128::from(value), i128::from(size));
    if size == 0 {
        return None;
    }
    let floor = value.div_euclid(size) - i128::from(size < 0 && value.rem_euclid(size) != 0);
    i64::try_from(floor * size).ok()
}

fn compute(
    left: &Value<'_>,
    right: &Value<'_>,
    whole: fn(i64, i64) -> i64,
    real: fn(f64, f64) -> f64,
    decimal: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Value<'static> {
    let (Some(left), Some(right)) = (number(left), number(right)) else { return Value::Null };
    let exact = |value: Option<Decimal>| value.map_or(Value::Null, Value::Decimal);
    match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => Value::Long(whole(left, right)),
        (Number::Real(left), Number::Real(right)) => Value::Real(real(left, right)),
        (Number::Real(left), Number::Whole(right)) => Value::Real(real(left, right as f64)),
        (Number::Whole(left), Number::Real(right)) => Value::Real(real(left as f64, right)),
        (Number::Decimal(left), Number::Decimal(right)) => exact(decimal(left, right)),
        (Number::Decimal(left), Number::Whole(right)) => exact(decimal(left, right.into())),
        (Number::Whole(left), Number::Decimal(right)) => exact(decimal(left.into(), right)),
        (Number::Decimal(left), Number::Real(right)) => Value::Real(real(left.to_f64(), right)),
        (Number::Real(left), Number::Decimal(right)) => Value::Real(real(left, right.to_f64())),
    }
}

fn scaled(ticks: i64, factor: &Value<'_>) -> Value<'static> {
    match number(factor) {
        Some(Number::Whole(factor)) => span(ticks.checked_mul(factor)),
        Some(Number::Real(factor)) => ticks_of(ticks as f64 * factor),
        Some(Number::Decimal(factor)) => ticks_of(ticks as f64 * factor.to_f64()),
        None => Value::Null,
    }
}

fn ticks_of(ticks: f64) -> Value<'static> {
    if ticks.abs() < 9.2e18 { Value::Timespan(ticks as i64) } else { Value::Null }
}

fn is_whole(value: &Value<'_>) -> bool {
    matches!(number(value), Some(Number::Whole(_)))
}

fn is_whole_zero(value: &Value<'_>) -> bool {
    matches!(number(value), Some(Number::Whole(0)))
}

fn span(ticks: Option<i64>) -> Value<'static> {
    ticks.map_or(Value::Null, Value::Timespan)
}

fn at(ticks: Option<i64>) -> Value<'static> {
    ticks.and_then(moment::checked).map_or(Value::Null, Value::DateTime)
}

#[cfg(test)]
mod tests {
    use super::super::{Dynamic, TICKS_PER_DAY};
    use super::*;

    const HOUR: i64 = TICKS_PER_DAY / 24;

    #[test]
    fn whole_numbers_stay_whole() {
        let long = |value| Value::Long(value);
        let cases = [
            (divide(&long(7), &long(2)), long(3)),
            (divide(&long(-7), &long(2)), long(-3)),
            (divide(&long(7), &long(0)), Value::Null),
            (remainder(&long(7), &long(0)), Value::Null),
            (remainder(&long(-7), &long(3)), long(2)),
            (remainder(&long(-10), &long(-4)), long(2)),
            (remainder(&long(i64::MIN), &long(-1)), long(0)),
            (add(&Value::Int(i32::MAX), &Value::Int(1)), long(2_147_483_648)),
            (add(&long(i64::MAX), &long(1)), long(i64::MIN)),
            (divide(&long(i64::MIN), &long(-1)), long(i64::MIN)),
            (divide(&long(1), &Value::Real(0.0)), Value::Real(f64::INFINITY)),
            (divide(&Value::Real(1.0), &long(0)), Value::Real(f64::INFINITY)),
            (multiply(&long(2), &Value::Real(1.5)), Value::Real(3.0)),
            (add(&Dynamic::parse("1".into()), &long(1)), long(2)),
            (add(&Value::Null, &long(1)), Value::Null),
            (add(&Value::from("1"), &long(1)), Value::Null),
            (negate(&long(5)), long(-5)),
        ];
        for (at, (found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found, expected, "case {at}");
        }
    }

    #[test]
    fn moments_and_durations() {
        let (day, hour) = (Value::Timespan(TICKS_PER_DAY), Value::Timespan(HOUR));
        let noon = Value::DateTime(moment::UNIX_EPOCH + 12 * HOUR);
        assert_eq!(subtract(&noon, &hour), Value::DateTime(moment::UNIX_EPOCH + 11 * HOUR));
        assert_eq!(subtract(&noon, &noon), Value::Timespan(0));
        assert_eq!(add(&day, &noon), add(&noon, &day));
        assert_eq!(divide(&day, &hour), Value::Real(24.0));
        assert_eq!(divide(&day, &Value::Long(24)), hour);
        assert_eq!(multiply(&Value::Real(0.5), &day), Value::Timespan(12 * HOUR));
        assert_eq!(add(&noon, &noon), Value::Null);
        assert_eq!(subtract(&Value::DateTime(0), &hour), Value::Null);
        assert_eq!(divide(&day, &Value::Long(0)), Value::Null);
        assert_eq!(multiply(&day, &Value::Real(1e300)), Value::Null);
    }

    #[test]
    fn bins_floor_from_a_fixed_origin() {
        let long = |value| Value::Long(value);
        assert_eq!(bin(&long(7), &long(5)), long(5));
        assert_eq!(bin(&long(-7), &long(5)), long(-10));
        assert_eq!(bin(&long(2_147_483_648), &long(-3)), long(2_147_483_649));
        assert_eq!(bin(&long(-9), &long(-3)), long(-9));
        assert_eq!(bin(&long(9_007_199_254_740_993), &long(1)), long(9_007_199_254_740_993));
        assert_eq!(bin(&Value::Real(0.3), &Value::Real(0.1)), Value::Real(0.2));
        assert_eq!(bin(&Value::Real(-7.5), &long(1)), Value::Real(-8.0));
        assert_eq!(bin(&long(7), &long(0)), Value::Null);
        assert!(matches!(bin(&Value::Real(7.0), &long(0)), Value::Real(value) if value.is_nan()));
        assert_eq!(bin(&Value::Timespan(-1), &Value::Timespan(HOUR)), Value::Timespan(-HOUR));
        let noon = Value::DateTime(moment::UNIX_EPOCH + 12 * HOUR);
        assert_eq!(bin(&noon, &Value::Timespan(TICKS_PER_DAY)), Value::DateTime(moment::UNIX_EPOCH));
        assert_eq!(bin_at(&Value::Real(6.5), &Value::Real(2.5), &long(7)), Value::Real(4.5));
        assert_eq!(bin(&long(i64::MIN), &long(3)), Value::Null);
    }
}
