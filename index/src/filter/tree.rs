//! The tree of a filter, and what it means for a value and for a record.

use super::{FieldName, Literal, Order, Pattern};
use crate::terms::{Needle, NeedleKind};

/// What a record must have. [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr) are
/// each other's inverse on trees made with [`Filter::and`] and [`Filter::or`], as the parser's are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every record.
    All,
    /// All of two or more, none of which is an `And`.
    And(Vec<Filter>),
    /// Any of two or more, none of which is an `Or`.
    Or(Vec<Filter>),
    /// Not this: no such value, be it that the field is missing. `a!=x` is `Not` of `a=x`.
    Not(Box<Filter>),
    /// Some value of the record passes. The language has only [`Test::Find`] and [`Test::Regex`] here.
    Text(Test),
    /// Some value at the field's paths passes.
    Field(FieldName, Test),
}

/// What one value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A text is found in it, in any case: has, prefix, suffix, contains, as the needle says.
    Find(Needle),
    /// An expression is found in it.
    Regex(Pattern),
    /// It is this, whole.
    Equals(Literal),
    /// It lies on this side of the literal: `value > literal`.
    Compare(Order, Literal),
    /// It is there: anything but `null`.
    Exists,
}

/// What a value is in JSON; a record that is no JSON has one value, a string without a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// A string, decoded.
    String,
    /// A number, as spelled.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
}

/// One value of a record: what tests are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// Strings decoded, all else as spelled; invalid UTF-8 replaced by U+FFFD.
    pub text: &'a str,
    /// What it is.
    pub kind: ValueKind,
}

impl Filter {
    /// All of these; `All` if there are none. An `And` among them gives its members.
    #[must_use]
    pub fn and(filters: impl IntoIterator<Item = Filter>) -> Filter {
        let mut members = Vec::new();
        for filter in filters {
            match filter {
                Filter::And(inner) => members.extend(inner),
                other => members.push(other),
            }
        }
        only(&mut members).unwrap_or_else(|| if members.is_empty() { Filter::All } else { Filter::And(members) })
    }

    /// Any of these; nothing (`Not` of `All`) if there are none. An `Or` among them gives its members.
    #[must_use]
    pub fn or(filters: impl IntoIterator<Item = Filter>) -> Filter {
        let mut members = Vec::new();
        for filter in filters {
            match filter {
                Filter::Or(inner) => members.extend(inner),
                other => members.push(other),
            }
        }
        only(&mut members)
            .unwrap_or_else(|| if members.is_empty() { Filter::not(Filter::All) } else { Filter::Or(members) })
    }

    /// Not this.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!filter` says less than `Filter::not(filter)`")]
    pub fn not(filter: Filter) -> Filter {
        Filter::Not(Box::new(filter))
    }

    /// Whether a record with these paths and values is found: the meaning of a filter, said plainly.
    #[must_use]
    pub fn matches(&self, record: &[(&str, Value<'_>)]) -> bool {
        match self {
            Filter::All => true,
            Filter::And(members) => members.iter().all(|member| member.matches(record)),
            Filter::Or(members) => members.iter().any(|member| member.matches(record)),
            Filter::Not(inner) => !inner.matches(record),
            Filter::Text(test) => record.iter().any(|(_, value)| test.matches(value)),
            Filter::Field(name, test) => record.iter().any(|(path, value)| name.matches(path) && test.matches(value)),
        }
    }
}

fn only(members: &mut Vec<Filter>) -> Option<Filter> {
    if members.len() == 1 { members.pop() } else { None }
}

impl Test {
    /// `has`: whole terms.
    #[must_use]
    pub fn has(text: &str) -> Test {
        Test::Find(Needle::new(NeedleKind::Has, text))
    }

    /// Whether a value passes. The one evaluator: whoever looks at values calls it.
    #[must_use]
    pub fn matches(&self, value: &Value<'_>) -> bool {
        match self {
            Test::Find(needle) => needle.matches(value.text),
            Test::Regex(pattern) => pattern.matches(value.text),
            Test::Equals(literal) => literal.equals(value),
            Test::Compare(order, literal) => literal.holds(*order, value),
            Test::Exists => value.kind != ValueKind::Null,
        }
    }
}

impl<'a> Value<'a> {
    /// A decoded string.
    #[must_use]
    pub fn string(text: &'a str) -> Value<'a> {
        Value { text, kind: ValueKind::String }
    }

    /// A number as spelled.
    #[must_use]
    pub fn number(text: &'a str) -> Value<'a> {
        Value { text, kind: ValueKind::Number }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(text: &'a str) -> Value<'a> {
        Value { text, kind: ValueKind::Bool }
    }

    /// `null`.
    #[must_use]
    pub fn null() -> Value<'static> {
        Value { text: "null", kind: ValueKind::Null }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, expected: bool) {
        let record = [
            ("id", Value::string("3f2504e0-4f89-11d3-9a0c-0305e82c3301")),
            ("properties.userPrincipalName", Value::string("anna.b@contoso.com")),
            ("properties.status.errorCode", Value::number("50126")),
            ("properties.status.failureReason", Value::string("Invalid username or password.")),
            ("properties.appDisplayName", Value::string("Microsoft Teams")),
            ("properties.riskDetail", Value::null()),
            ("durationMs", Value::number("750")),
            ("time", Value::string("2024-09-19T23:00:00.0000000Z")),
            ("tags[].name", Value::string("blue")),
            ("tags[].name", Value::string("green")),
        ];
        let filter: Filter = filter.parse().unwrap();
        assert_eq!(filter.matches(&record), expected, "{filter}");
    }

    #[test]
    fn tests_without_a_field_are_about_every_value() {
        check("*", true);
        check("anna 50126", true);
        check("anna 50127", false);
        check("errorCode", false);
        check("-Slack", true);
        check("-teams", false);
        check("null", true);
        check("\"username or pass\"*", true);
        check("*toso*", true);
        check("/^Invalid.*[.]$/", true);
        check("/^invalid/", false);
        check("/^invalid/i", true);
    }

    #[test]
    fn tests_with_a_field_are_about_its_values() {
        check("userPrincipalName:\"anna.b@contoso.com\" durationMs>500", true);
        check("status.errorCode=50126 errorCode:50126 properties.STATUS.errorcode=50126.0", true);
        check("durationMs>750", false);
        check("durationMs >= 750 and durationMs<=750", true);
        check("time>2024-09-19 time<2024-09-20", true);
        check("appDisplayName:microsoft appDisplayName=\"Microsoft Teams\"", true);
        check("appDisplayName=Teams", false);
        check("tags.name:(blue green) name:(red or green)", true);
        check("tags.name:(blue -green)", false);
    }

    #[test]
    fn not_is_no_such_value() {
        check("country!=DE -country:DE", true);
        check("name!=blue", false);
        check("-durationMs>750", true);
        check("id:* -nothing:* -riskDetail:*", true);
        check("-*", false);
    }
}
