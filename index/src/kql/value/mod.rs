//! The values of KQL: their types, how they are read, printed, compared, ordered and computed with.
//!
//! ```text
//! text  ── convert ──▶  Value  ── print ──▶  text            R1, R20
//! JSON  ── json ─────▶  Value::Dynamic, carried as JSON text  R9, R17
//! Value ── compare ──▶  equal, less, the order of `sort`      R2, R4, R6
//! Value ── arithmetic ▶ + - * / %, bin                        R8, R13
//! ```
//!
//! `R1` to `R26` are the rules that duckdb-kql measured on Kusto (its TRANSLATION.md). Everything here is total: a
//! value that has no answer is [`Value::Null`]. Only the standard library and foldhash are named.

pub mod arithmetic;
mod canonical;
pub mod codec;
pub mod compare;
pub mod convert;
mod decimal;
mod json;
pub mod moment;
mod print;
pub mod real;
pub mod scan;
pub mod timespan;
mod writer;

use std::borrow::Cow;

pub use canonical::canonical;
pub use decimal::Decimal;
pub use json::{Dynamic, DynamicKind, piece, unescape};
pub use scan::{Step, path};
pub use writer::Writer;

/// Ticks of 100 ns in a second: KQL counts time in them.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
/// The longest text that a function makes, in bytes; what would be longer is null.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// The longest array that a function makes.
pub const ELEMENTS_MAX: usize = 1 << 20;

/// The types of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// True or false.
    Bool,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// A double.
    Real,
    /// Decimal digits, 34 of them.
    Decimal,
    /// Text; it has no null.
    String,
    /// A moment, to 100 ns, UTC.
    DateTime,
    /// A duration, to 100 ns.
    Timespan,
    /// 16 bytes.
    Guid,
    /// JSON.
    Dynamic,
}

impl Type {
    /// As `typeof()`, `gettype()` and a datatable name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::Decimal => "decimal",
            Type::String => "string",
            Type::DateTime => "datetime",
            Type::Timespan => "timespan",
            Type::Guid => "guid",
            Type::Dynamic => "dynamic",
        }
    }

    /// By its name or one of the old ones; `None` if there is no such type.
    #[must_use]
    pub fn named(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "int" | "int32" => Type::Int,
            "long" | "int64" => Type::Long,
            "real" | "double" => Type::Real,
            "decimal" => Type::Decimal,
            "string" => Type::String,
            "datetime" | "date" => Type::DateTime,
            "timespan" | "time" => Type::Timespan,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            "dynamic" => Type::Dynamic,
            _ => return None,
        })
    }

    /// What a column without a value holds: null, and the empty text for strings (R4).
    #[must_use]
    pub const fn missing(self) -> Value<'static> {
        match self {
            Type::String => Value::EMPTY,
            _ => Value::Null,
        }
    }
}

/// One value. Texts are borrowed where that is possible.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// No value, of any type but string.
    #[default]
    Null,
    /// `true`
    Bool(bool),
    /// `int(1)`
    Int(i32),
    /// `1`
    Long(i64),
    /// `1.5`
    Real(f64),
    /// `decimal(1.5)`
    Decimal(Decimal),
    /// `"x"`
    String(Cow<'a, str>),
    /// Ticks since 0001-01-01T00:00:00Z.
    DateTime(i64),
    /// Ticks.
    Timespan(i64),
    /// The bytes in the order in which they are written.
    Guid([u8; 16]),
    /// An array, a property bag, or a single value that is held as JSON.
    Dynamic(Dynamic<'a>),
}

impl<'a> Value<'a> {
    /// `""`
    pub const EMPTY: Value<'static> = Value::String(Cow::Borrowed(""));

    /// A string value.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Value<'a> {
        Value::String(text.into())
    }

    /// Its type; null has none.
    #[must_use]
    pub fn kind(&self) -> Option<Type> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Long(_) => Type::Long,
            Value::Real(_) => Type::Real,
            Value::Decimal(_) => Type::Decimal,
            Value::String(_) => Type::String,
            Value::DateTime(_) => Type::DateTime,
            Value::Timespan(_) => Type::Timespan,
            Value::Guid(_) => Type::Guid,
            Value::Dynamic(_) => Type::Dynamic,
        })
    }

    /// Whether it is null. The empty text is not.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether it is null or the empty text, also one held as JSON: `isempty`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Dynamic(dynamic) => dynamic.text() == "\"\"",
            _ => false,
        }
    }

    /// What a dynamic holds: its single value as a value of that type, arrays and bags as they are.
    #[must_use]
    pub fn held(&self) -> Value<'_> {
        match self {
            Value::Dynamic(dynamic) => json::held(dynamic.text()),
            other => other.borrowed(),
        }
    }

    /// The same value, borrowing its text.
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::String(text) => Value::String(Cow::Borrowed(text)),
            Value::Dynamic(dynamic) => Value::Dynamic(dynamic.borrowed()),
            other => other.copied().unwrap_or_default(),
        }
    }

    /// The same value with its own text.
    #[must_use]
    pub fn owned(&self) -> Value<'static> {
        match self {
            Value::String(text) => Value::String(Cow::Owned(text.clone().into_owned())),
            Value::Dynamic(dynamic) => Value::Dynamic(dynamic.owned()),
            other => other.copied().unwrap_or_default(),
        }
    }

    /// The values that hold no text.
    fn copied(&self) -> Option<Value<'static>> {
        Some(match *self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Long(value) => Value::Long(value),
            Value::Real(value) => Value::Real(value),
            Value::Decimal(value) => Value::Decimal(value),
            Value::DateTime(value) => Value::DateTime(value),
            Value::Timespan(value) => Value::Timespan(value),
            Value::Guid(value) => Value::Guid(value),
            Value::String(_) | Value::Dynamic(_) => return None,
        })
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Long(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Real(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Cow::Owned(text))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_small() {
        assert!(size_of::<Value<'_>>() <= 32, "{}", size_of::<Value<'_>>());
    }

    #[test]
    fn types_are_found_by_their_names() {
        for name in ["bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"] {
            assert_eq!(Type::named(name).unwrap().name(), name);
        }
        assert_eq!(Type::named("String"), None);
        assert_eq!(Type::named("time"), Some(Type::Timespan));
    }

    #[test]
    fn only_strings_have_no_null() {
        assert_eq!(Type::String.missing(), Value::EMPTY);
        assert_eq!(Type::Long.missing(), Value::Null);
    }
}
