//! Values as bytes, to be moved between the parts of a running query; no format that is kept.
//!
//! A kind of one byte, then little-endian numbers, or a length and bytes.

use std::borrow::Cow;

use super::{Decimal, Dynamic, Value};

/// All of them, one after the other.
#[must_use]
pub fn encode(values: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.iter().for_each(|value| push(value, &mut bytes));
    bytes
}

fn push(value: &Value<'_>, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(0),
        Value::Bool(value) => bytes.extend([1, u8::from(*value)]),
        Value::Int(value) => fixed(2, &value.to_le_bytes(), bytes),
        Value::Long(value) => fixed(3, &value.to_le_bytes(), bytes),
        Value::Real(value) => fixed(4, &value.to_le_bytes(), bytes),
        Value::Decimal(value) => variable(5, value.to_string().as_bytes(), bytes),
        Value::String(text) => variable(6, text.as_bytes(), bytes),
        Value::DateTime(ticks) => fixed(7, &ticks.to_le_bytes(), bytes),
        Value::Timespan(ticks) => fixed(8, &ticks.to_le_bytes(), bytes),
        Value::Guid(guid) => fixed(9, guid, bytes),
        Value::Dynamic(dynamic) => variable(10, dynamic.text().as_bytes(), bytes),
    }
}

fn fixed(kind: u8, content: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(kind);
    bytes.extend_from_slice(content);
}

fn variable(kind: u8, content: &[u8], bytes: &mut Vec<u8>) {
    fixed(kind, &(content.len() as u64).to_le_bytes(), bytes);
    bytes.extend_from_slice(content);
}

/// The values of [`encode`]; `None` if the bytes are not of its making.
#[must_use]
pub fn decode(mut bytes: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        values.push(pop(&mut bytes)?);
    }
    Some(values)
}

fn pop<'b>(bytes: &mut &'b [u8]) -> Option<Value<'b>> {
    let [kind] = take::<1>(bytes)?;
    Some(match kind {
        0 => Value::Null,
        1 => Value::Bool(take::<1>(bytes)? != [0]),
        2 => Value::Int(i32::from_le_bytes(take(bytes)?)),
        3 => Value::Long(i64::from_le_bytes(take(bytes)?)),
        4 => Value::Real(f64::from_le_bytes(take(bytes)?)),
        5 => Value::Decimal(text(bytes)?.parse::<Decimal>().ok()?),
        6 => Value::String(Cow::Borrowed(text(bytes)?)),
        7 => Value::DateTime(i64::from_le_bytes(take(bytes)?)),
        8 => Value::Timespan(i64::from_le_bytes(take(bytes)?)),
        9 => Value::Guid(take(bytes)?),
        10 => Dynamic::trusted(Cow::Borrowed(text(bytes)?)),
        _ => return None,
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(u64::from_le_bytes(take(bytes)?)).ok()?;
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(Value::Int),
            any::<i64>().prop_map(Value::Long),
            (-1e9_f64..1e9).prop_map(Value::Real),
            any::<i64>().prop_map(|value| Value::Decimal(value.into())),
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::DateTime),
            any::<[u8; 16]>().prop_map(Value::Guid),
            any::<String>().prop_map(|text| Value::Dynamic(Dynamic::string(&text))),
        ]
    }

    proptest! {
        #[test]
        fn values_come_back(values in prop::collection::vec(any_value(), 0..6)) {
            let bytes = encode(&values);
            prop_assert_eq!(decode(&bytes), Some(values));
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(0_u8..12, 0..60)) {
            let _ = decode(&bytes);
        }
    }
}
