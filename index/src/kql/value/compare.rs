//! Equality, order, and what null does to them (R2, R4, R6).

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::{Decimal, Type, Value, convert};

/// `==` of two values, neither of which is null (a dynamic that holds none included): numbers by
/// value, a text is read as the other's type, a dynamic counts as what it holds, and as its text beside a text.
#[must_use]
pub fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Dynamic(_), Value::String(text)) => left.text() == *text,
        (Value::String(text), Value::Dynamic(_)) => right.text() == *text,
        (Value::Dynamic(left), Value::Dynamic(right)) => left == right,
        (Value::Dynamic(_), other) | (other, Value::Dynamic(_)) => {
            let held = if let Value::Dynamic(_) = left { left.held() } else { right.held() };
            match (&held, other) {
                (Value::Dynamic(_), _) => false,
                // Inside a dynamic, these three are texts.
                (Value::String(_), Value::DateTime(_) | Value::Timespan(_) | Value::Guid(_)) => equal(&held, other),
                (Value::String(_), _) => false,
                _ => order_of(&held, other) == Some(Ordering::Equal),
            }
        }
        _ => order_of(left, right) == Some(Ordering::Equal),
    }
}

/// The order of two values that can be compared: `<` and its relatives. `None` if one is null or NaN,
/// or their types have no common order.
#[must_use]
pub fn order_of(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Long(left), Value::Long(right))
        | (Value::DateTime(left), Value::DateTime(right))
        | (Value::Timespan(left), Value::Timespan(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.as_ref().cmp(right.as_ref())),
        (Value::Guid(left), Value::Guid(right)) => Some(left.cmp(right)),
        (Value::Dynamic(_), _) | (_, Value::Dynamic(_)) => {
            let (left, right) = (left.held(), right.held());
            if matches!((&left, &right), (Value::Dynamic(_), _) | (_, Value::Dynamic(_))) {
                return None;
            }
            order_of(&left, &right)
        }
        (Value::String(_), other) => order_of(&convert::to(other.kind()?, left), other),
        (other, Value::String(_)) => order_of(other, &convert::to(other.kind()?, right)),
        _ => numbers(left, right),
    }
}

fn numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (number(left)?, number(right)?) {
        (Number::Whole(left), Number::Whole(right)) => Some(left.cmp(&right)),
        (Number::Decimal(left), Number::Decimal(right)) => Some(left.cmp(&right)),
        (Number::Whole(left), Number::Decimal(right)) => Some(Decimal::from(left).cmp(&right)),
        (Number::Decimal(left), Number::Whole(right)) => Some(left.cmp(&Decimal::from(right))),
        (Number::Real(left), Number::Real(right)) => left.partial_cmp(&right),
        (Number::Real(left), Number::Whole(right)) => left.partial_cmp(&(right as f64)),
        (Number::Whole(left), Number::Real(right)) => (left as f64).partial_cmp(&right),
        (Number::Real(left), Number::Decimal(right)) => left.partial_cmp(&right.to_f64()),
        (Number::Decimal(left), Number::Real(right)) => left.to_f64().partial_cmp(&right),
    }
}

/// A number of any type.
pub(super) enum Number {
    Whole(i64),
    Real(f64),
    Decimal(Decimal),
}

/// A value as a number; a bool counts as 0 or 1.
pub(super) fn number(value: &Value<'_>) -> Option<Number> {
    Some(match value {
        Value::Bool(value) => Number::Whole(i64::from(*value)),
        Value::Int(value) => Number::Whole(i64::from(*value)),
        Value::Long(value) => Number::Whole(*value),
        Value::Real(value) => Number::Real(*value),
        Value::Decimal(value) => Number::Decimal(*value),
        _ => return None,
    })
}

/// The order of `sort`, `min` and `max`: null first, then NaN; any two values have one.
#[must_use]
pub fn sort_order(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Null => 0,
        Value::Real(value) if value.is_nan() => 1,
        _ => 2,
    };
    match (rank(left), rank(right)) {
        (2, 2) => order_of(left, right).unwrap_or_else(|| by_type(left, right)),
        (left, right) => left.cmp(&right),
    }
}

/// Values of types without a common order: numbers, then the others by their types and texts.
fn by_type(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let (held_left, held_right) = (left.held(), right.held());
    let rank = |value: &Value<'_>| match number(value) {
        Some(_) => None,
        None => value.kind(),
    };
    let nan = |value: &Value<'_>| matches!(value, Value::Real(value) if value.is_nan());
    nan(&held_right)
        .cmp(&nan(&held_left))
        .then(rank(&held_left).cmp(&rank(&held_right)))
        .then_with(|| left.text().cmp(&right.text()))
}

/// Equality that never is null: with one null operand `unequal`, with two null (R4).
#[must_use]
pub fn total(left: &Value<'_>, right: &Value<'_>, negated: bool, test: impl FnOnce() -> bool) -> Value<'static> {
    match (left.is_null(), right.is_null()) {
        (true, true) => Value::Null,
        (false, false) => Value::Bool(test() != negated),
        _ => Value::Bool(negated),
    }
}

/// A value as a key of a group, a join or a set: null equals null, NaN equals NaN, a number is equal in any type.
#[derive(Debug, Clone)]
pub struct Key<'a>(pub Value<'a>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Key<'_>) -> bool {
        match (&self.0, &other.0) {
            (Value::Null, Value::Null) => true,
            (Value::Real(left), Value::Real(right)) => left == right || left.is_nan() && right.is_nan(),
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Dynamic(left), Value::Dynamic(right)) => left == right,
            (Value::Null, _) | (_, Value::Null) | (Value::String(_), _) | (_, Value::String(_)) => false,
            (Value::Dynamic(_), _) | (_, Value::Dynamic(_)) => false,
            (left, right) => order_of(left, right) == Some(Ordering::Equal),
        }
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Value::Null => 0_u8.hash(state),
            Value::String(text) => text.hash(state),
            Value::Dynamic(dynamic) => dynamic.hash(state),
            Value::DateTime(ticks) | Value::Timespan(ticks) => ticks.hash(state),
            Value::Guid(bytes) => bytes.hash(state),
            value => match number(value) {
                Some(Number::Whole(value)) => hash_number(value as f64, state),
                Some(Number::Real(value)) => hash_number(value, state),
                Some(Number::Decimal(value)) => hash_number(value.to_f64(), state),
                None => {}
            },
        }
    }
}

fn hash_number(value: f64, state: &mut impl Hasher) {
    let value = if value == 0.0 { 0.0 } else { value };
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    bits.hash(state);
}

/// The type in which two values of different types are compared or computed with.
#[must_use]
pub fn wider(left: Type, right: Type) -> Type {
    let number = |kind: Type| matches!(kind, Type::Bool | Type::Int | Type::Long | Type::Real | Type::Decimal);
    if number(left) && number(right) { left.max(right) } else { left }
}

#[cfg(test)]
mod tests {
    use super::super::Dynamic;
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> Value<'_> {
        Dynamic::parse(text.into())
    }

    #[test]
    fn values_are_equal_across_types() {
        let cases = [
            (Value::Int(1), Value::Long(1), true),
            (Value::Long(1), Value::Real(1.0), true),
            (Value::from("50053"), Value::Long(50053), true),
            (Value::from("x"), Value::Long(0), false),
            (Value::from("2020-01-01"), Value::DateTime(637_134_336_000_000_000), true),
            (Value::from("A"), Value::from("a"), false),
            (json("\"x\""), Value::from("x"), true),
            (json("5"), Value::from("5"), true),
            (json("5"), Value::Long(5), true),
            (json("5"), Value::Real(5.0), true),
            (json("\"5\""), Value::Long(5), false),
            (json("true"), Value::Bool(true), true),
            (json("[1]"), Value::from("[1]"), true),
            (Value::Real(f64::NAN), Value::Real(f64::NAN), false),
        ];
        for (left, right, expected) in cases {
            assert_eq!(equal(&left, &right), expected, "{left:?} {right:?}");
            assert_eq!(equal(&right, &left), expected, "{right:?} {left:?}");
        }
    }

    #[test]
    fn null_sorts_first_then_nan() {
        let mut values = [Value::Long(1), Value::Real(f64::NAN), Value::Null, Value::Real(-1.0), Value::Int(0)];
        values.sort_by(sort_order);
        assert_eq!(format!("{values:?}"), "[Null, Real(NaN), Real(-1.0), Int(0), Long(1)]");
    }

    #[test]
    fn comparisons_with_null() {
        let one = Value::Long(1);
        assert_eq!(total(&one, &Value::Null, false, || true), Value::Bool(false));
        assert_eq!(total(&one, &Value::Null, true, || true), Value::Bool(true));
        assert_eq!(total(&Value::Null, &Value::Null, true, || true), Value::Null);
        assert_eq!(order_of(&one, &Value::Null), None);
    }

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-3_i32..3).prop_map(Value::Int),
            (-3_i64..3).prop_map(Value::Long),
            prop_oneof![Just(f64::NAN), Just(0.0), Just(-0.0), Just(1.0), Just(0.5)].prop_map(Value::Real),
            "[ab1]{0,2}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn equal_keys_hash_alike(left in any_value(), right in any_value()) {
            let hash = |key: &Key<'_>| {
                let mut hasher = std::hash::DefaultHasher::new();
                key.hash(&mut hasher);
                hasher.finish()
            };
            let (left, right) = (Key(left), Key(right));
            prop_assert!(left == left.clone());
            if left == right {
                prop_assert_eq!(hash(&left), hash(&right));
            }
        }

        #[test]
        fn numbers_have_one_order(a in -3_i64..3, b in -3_i64..3) {
            let order = a.cmp(&b);
            for left in [Value::Long(a), Value::Real(a as f64), Value::Decimal(a.into())] {
                for right in [Value::Long(b), Value::Real(b as f64), Value::Decimal(b.into())] {
                    prop_assert_eq!(sort_order(&left, &right), order);
                }
            }
        }
    }
}
