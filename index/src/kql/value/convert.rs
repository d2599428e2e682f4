//! Conversions between types: what cannot be converted is null (R1).

use std::borrow::Cow;

use super::{Decimal, Dynamic, Type, Value, moment, real, timespan};

/// The value as one of a type.
#[must_use]
pub fn to<'a>(kind: Type, value: &Value<'a>) -> Value<'a> {
    match kind {
        Type::Bool => to_bool(value).into(),
        Type::Int => to_int(value).map_or(Value::Null, Value::Int),
        Type::Long => to_long(value).into(),
        Type::Real => to_real(value).into(),
        Type::Decimal => to_decimal(value).map_or(Value::Null, Value::Decimal),
        Type::String => Value::String(value.clone().into_text()),
        Type::DateTime => to_datetime(value).map_or(Value::Null, Value::DateTime),
        Type::Timespan => to_timespan(value).map_or(Value::Null, Value::Timespan),
        Type::Guid => to_guid(value).map_or(Value::Null, Value::Guid),
        Type::Dynamic => to_dynamic(value),
    }
}

/// `tobool`: numbers by being zero, texts `true`, `false` or a whole number.
#[must_use]
pub fn to_bool(value: &Value<'_>) -> Option<bool> {
    match value.held() {
        Value::Bool(value) => Some(value),
        Value::Int(value) => Some(value != 0),
        Value::Long(value) => Some(value != 0),
        Value::Real(value) => (!value.is_nan()).then_some(value != 0.0),
        Value::Decimal(value) => Some(value != Decimal::default()),
        Value::String(text) => match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            text => parse_long(text).map(|value| value != 0),
        },
        _ => None,
    }
}

/// `toint`: a long wraps, a real saturates, a text must fit.
#[must_use]
pub fn to_int(value: &Value<'_>) -> Option<i32> {
    match value.held() {
        Value::Int(value) => Some(value),
        Value::Real(value) => value.is_finite().then_some(value as i32),
        Value::String(text) => parse_int(text.trim()),
        other => to_long(&other).map(|value| value as i32),
    }
}

/// `tolong`: moments and durations are their ticks.
#[must_use]
pub fn to_long(value: &Value<'_>) -> Option<i64> {
    match value.held() {
        Value::Bool(value) => Some(i64::from(value)),
        Value::Int(value) => Some(i64::from(value)),
        Value::Long(value) | Value::DateTime(value) | Value::Timespan(value) => Some(value),
        Value::Real(value) => value.is_finite().then_some(value as i64),
        Value::Decimal(value) => i64::try_from(value.truncated()).ok(),
        Value::String(text) => parse_long(text.trim()),
        Value::Null | Value::Guid(_) | Value::Dynamic(_) => None,
    }
}

/// `todouble`, `toreal`.
#[must_use]
pub fn to_real(value: &Value<'_>) -> Option<f64> {
    match value.held() {
        Value::Real(value) => Some(value),
        Value::Decimal(value) => Some(value.to_f64()),
        Value::String(text) => real::parse(&text),
        other => to_long(&other).map(|value| value as f64),
    }
}

/// `todecimal`.
#[must_use]
pub fn to_decimal(value: &Value<'_>) -> Option<Decimal> {
    match value.held() {
        Value::Decimal(value) => Some(value),
        Value::Real(value) => Decimal::from_f64(value),
        Value::String(text) => text.parse().ok(),
        other => to_long(&other).map(Decimal::from),
    }
}

/// `todatetime`: a number is ticks since 0001-01-01.
#[must_use]
pub fn to_datetime(value: &Value<'_>) -> Option<i64> {
    match value.held() {
        Value::String(text) => moment::parse(&text),
        Value::Bool(_) => None,
        other => to_long(&other).and_then(moment::checked),
    }
}

/// `totimespan`: a number is ticks.
#[must_use]
pub fn to_timespan(value: &Value<'_>) -> Option<i64> {
    match value.held() {
        Value::String(text) => timespan::parse(&text),
        other => to_long(&other),
    }
}

/// `toguid`: 32 digits with or without hyphens, also in braces.
#[must_use]
pub fn to_guid(value: &Value<'_>) -> Option<[u8; 16]> {
    match value.held() {
        Value::Guid(bytes) => Some(bytes),
        Value::String(text) => parse_guid(text.trim()),
        _ => None,
    }
}

/// `todynamic`, `parse_json`: text is read as JSON, everything else is held as it is.
#[must_use]
pub fn to_dynamic<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::String(Cow::Borrowed(text)) => Dynamic::parse(Cow::Borrowed(text)),
        Value::String(Cow::Owned(text)) => Dynamic::parse(Cow::Owned(text.clone())),
        other => Dynamic::of(other),
    }
}

/// A sign and digits, or `0x` and digits that wrap.
#[must_use]
pub fn parse_long(text: &str) -> Option<i64> {
    if let Some(digits) = hex_digits(text) {
        return u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
    }
    text.parse().ok()
}

fn parse_int(text: &str) -> Option<i32> {
    if let Some(digits) = hex_digits(text) {
        return u32::from_str_radix(digits, 16).ok().map(u32::cast_signed);
    }
    text.parse().ok()
}

fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)
}

fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let inside = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    let text = inside('{', '}').or_else(|| inside('(', ')')).unwrap_or(text);
    let hyphens = [8, 13, 18, 23];
    let shaped = match text.len() {
        32 => true,
        36 => hyphens.iter().all(|at| text.as_bytes().get(*at) == Some(&b'-')),
        _ => false,
    };
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(&digits, 16).ok().filter(|_| shaped && hex).map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value<'_> {
        Dynamic::parse(text.into())
    }

    #[test]
    fn texts_are_whole_numbers_only_in_kqls_spelling() {
        let cases = [
            ("5.7", None, None, Some(5.7)),
            ("1e3", None, None, Some(1000.0)),
            (" 7 ", Some(7), Some(7), Some(7.0)),
            ("-3", Some(-3), Some(-3), Some(-3.0)),
            ("0x10", Some(16), Some(16), None),
            ("1,000", None, None, None),
            ("+4", Some(4), Some(4), Some(4.0)),
            ("", None, None, None),
            ("9999999999", Some(9_999_999_999), None, Some(9_999_999_999.0)),
            ("0xFFFFFFFF", Some(4_294_967_295), Some(-1), None),
        ];
        for (text, long, int, real) in cases {
            let value = Value::from(text);
            assert_eq!((to_long(&value), to_int(&value), to_real(&value)), (long, int, real), "{text}");
        }
    }

    #[test]
    fn a_long_wraps_and_a_real_saturates() {
        let int = |value: Value<'_>| to_int(&value);
        assert_eq!(int(Value::Long(9_999_999_999)), Some(1_410_065_407));
        assert_eq!(int(Value::Long(2_147_483_648)), Some(-2_147_483_648));
        assert_eq!(int(Value::Timespan(864_000_000_000)), Some(711_573_504));
        assert_eq!(int(Value::DateTime(637_134_336_000_000_000)), Some(-1_954_807_808));
        assert_eq!(int(Value::Real(1e10)), Some(i32::MAX));
        assert_eq!(int(Value::Real(-5.7)), Some(-5));
        assert_eq!(to_long(&Value::Real(1e30)), Some(i64::MAX));
        assert_eq!(to_long(&Value::Real(f64::NAN)), None);
    }

    #[test]
    fn a_dynamic_converts_as_what_it_holds() {
        let cases = [
            ("5.7", Some(5), Some(5), Some(5.7)),
            ("\"5.7\"", None, None, Some(5.7)),
            ("9999999999", Some(9_999_999_999), Some(1_410_065_407), Some(9_999_999_999.0)),
            ("\" 7 \"", Some(7), Some(7), Some(7.0)),
            ("true", Some(1), Some(1), Some(1.0)),
            ("[1]", None, None, None),
        ];
        for (text, long, int, real) in cases {
            assert_eq!((to_long(&json(text)), to_int(&json(text)), to_real(&json(text))), (long, int, real), "{text}");
        }
        assert_eq!(to_timespan(&json("\"01:00:00\"")), Some(36_000_000_000));
        assert_eq!(to_timespan(&json("20.5")), Some(20));
        assert_eq!(to_timespan(&Value::from("10")), None);
        assert_eq!(to_timespan(&Value::Real(f64::INFINITY)), None);
    }

    #[test]
    fn truth_is_read_from_words_and_whole_numbers() {
        for (text, expected) in [
            ("true", Some(true)),
            ("FALSE", Some(false)),
            ("\ttrue ", Some(true)),
            ("0002", Some(true)),
            ("0", Some(false)),
            ("-1", Some(true)),
            ("1.5", None),
            ("yes", None),
            ("t", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(to_bool(&Value::from(text)), expected, "{text}");
        }
        assert_eq!(to_bool(&Value::Real(1.5)), Some(true));
        assert_eq!(to_bool(&json("\"true\"")), Some(true));
    }

    #[test]
    fn guids_are_read() {
        let expected = u128::to_be_bytes(0x74be_27de_1e4e_49d9_b579_fe0b_331d_3642);
        for text in [
            "74be27de-1e4e-49d9-b579-fe0b331d3642",
            "{74BE27DE-1e4e-49d9-b579-fe0b331d3642}",
            "74be27de1e4e49d9b579fe0b331d3642",
        ] {
            assert_eq!(to_guid(&Value::from(text)), Some(expected), "{text}");
        }
        for text in [
            "",
            "74be27de-1e4e-49d9-b579-fe0b331d364",
            "74be27de-1e4e-49d9-b579fe0b-331d3642-",
            "+4be27de1e4e49d9b579fe0b331d3642",
        ] {
            assert_eq!(to_guid(&Value::from(text)), None, "{text}");
        }
    }
}
