//! Building a dynamic's text piece by piece.

use std::borrow::Cow;

use super::json::quote;
use super::{Dynamic, Value, real};

/// Builds a dynamic's text.
#[derive(Debug, Default)]
pub struct Writer {
    json: String,
}

impl Writer {
    /// Nothing written.
    #[must_use]
    pub fn new() -> Writer {
        Writer::default()
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.separate();
        self.json.push('[');
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.json.push(']');
    }

    /// `{`
    pub fn begin_bag(&mut self) {
        self.separate();
        self.json.push('{');
    }

    /// `}`
    pub fn end_bag(&mut self) {
        self.json.push('}');
    }

    /// A member's name.
    pub fn key(&mut self, name: &str) {
        self.separate();
        quote(name, &mut self.json);
        self.json.push(':');
    }

    /// A member's name as it is spelled between quotes.
    pub fn spelled_key(&mut self, spelled: &str) {
        self.separate();
        self.json.push('"');
        self.json.push_str(spelled);
        self.json.push_str("\":");
    }

    /// A value that is canonical JSON already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.json.push_str(json);
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.separate();
        quote(text, &mut self.json);
    }

    /// Any value, as it is held in a dynamic.
    pub fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.raw("null"),
            Value::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Value::Int(value) => self.number(i64::from(*value)),
            Value::Long(value) => self.number(*value),
            Value::Real(value) if value.is_finite() => self.raw(&real::print(*value)),
            Value::Decimal(value) => self.string(&value.to_string()),
            Value::String(text) => self.string(text),
            Value::Dynamic(dynamic) => self.raw(dynamic.text()),
            other => self.string(&other.text()),
        }
    }

    /// Bytes written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The JSON.
    #[must_use]
    pub fn finish(self) -> String {
        self.json
    }

    /// The JSON as a value; null where it became too long.
    #[must_use]
    pub fn into_value<'a>(self) -> Value<'a> {
        if self.json.len() > super::TEXT_BYTES_MAX {
            return Value::Null;
        }
        Dynamic::trusted(Cow::Owned(self.json))
    }

    fn number(&mut self, value: i64) {
        use std::fmt::Write as _;
        self.separate();
        let _ = write!(self.json, "{value}");
    }

    fn separate(&mut self) {
        if !matches!(self.json.as_bytes().last(), None | Some(b'[' | b'{' | b':')) {
            self.json.push(',');
        }
    }
}
