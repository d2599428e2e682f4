//! A value that a field is compared with.

use std::cmp::Ordering;

use super::moment;
use super::tree::{Value, ValueKind};
use crate::terms::number::Decimal;

/// Which way a comparison goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Order {
    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The right side of `=`, `!=`, `<`, `<=`, `>`, `>=`: a text that may read as a number or a time.
#[derive(Clone, Debug)]
pub struct Literal {
    text: String,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    /// A number that fits an i64: compared at once with its like.
    Integer(i64),
    Number,
    Moment(i128),
    Text,
}

impl Literal {
    /// What the text reads as is found here, once.
    #[must_use]
    pub fn new(text: &str) -> Literal {
        let meaning = match Decimal::parse(text) {
            Some(_) => text.parse().map_or(Meaning::Number, Meaning::Integer),
            None => moment::parse(text).map_or(Meaning::Text, Meaning::Moment),
        };
        Literal { text: text.to_owned(), meaning }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it reads as a number (`-1.5e3`).
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.number().is_some()
    }

    /// The time it reads as: nanoseconds since 1970 UTC.
    #[must_use]
    pub fn moment(&self) -> Option<i128> {
        match self.meaning {
            Meaning::Moment(moment) => Some(moment),
            _ => None,
        }
    }

    /// Whether it is the whole value: the same text, or, for a value that is a number, the same
    /// number (exactly: `1.0` is `1`, 2⁵³ is not 2⁵³ + 1).
    #[must_use]
    pub fn equals(&self, value: &Value<'_>) -> bool {
        self.text == value.text
            || (value.kind == ValueKind::Number && self.compare_number(value.text) == Some(Ordering::Equal))
    }

    /// Whether a value lies on this side of it.
    ///
    /// The literal says what is compared: a number is compared with numbers (and strings that read
    /// as numbers, as many exports have them), a time with strings that read as times, any other
    /// text with strings, by code points. What cannot be compared lies on no side.
    #[must_use]
    pub fn holds(&self, order: Order, value: &Value<'_>) -> bool {
        self.compare(value).is_some_and(|ordering| order.holds(ordering))
    }

    /// How the value compares with the literal.
    fn compare(&self, value: &Value<'_>) -> Option<Ordering> {
        let is_text = value.kind == ValueKind::String;
        match self.meaning {
            Meaning::Integer(_) | Meaning::Number if is_text || value.kind == ValueKind::Number => {
                self.compare_number(value.text)
            }
            Meaning::Moment(ours) if is_text => Some(moment::parse(value.text)?.cmp(&ours)),
            Meaning::Text if is_text => Some(value.text.cmp(self.text.as_str())),
            _ => None,
        }
    }

    fn compare_number(&self, value: &str) -> Option<Ordering> {
        let integer = || value.parse::<i64>().ok().filter(|_| !value.starts_with('+'));
        if let (Meaning::Integer(ours), Some(theirs)) = (self.meaning, integer()) {
            return Some(theirs.cmp(&ours));
        }
        let ours = self.number()?;
        Some(Decimal::parse(value)?.compare(&ours))
    }

    pub(crate) fn number(&self) -> Option<Decimal<'_>> {
        match self.meaning {
            Meaning::Integer(_) | Meaning::Number => Decimal::parse(&self.text),
            Meaning::Moment(_) | Meaning::Text => None,
        }
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Literal) -> bool {
        self.text == other.text
    }
}

impl Eq for Literal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_of_texts_or_of_numbers() {
        for (literal, value, expected) in [
            ("Success", Value::string("Success"), true),
            ("success", Value::string("Success"), false),
            ("50126", Value::number("50126"), true),
            ("50126", Value::string("50126"), true),
            ("1", Value::number("1.0"), true),
            ("1", Value::string("1.0"), false),
            ("1.50", Value::number("15e-1"), true),
            ("9007199254740993", Value::number("9007199254740992"), false),
            ("true", Value::boolean("true"), true),
            ("", Value::string(""), true),
            ("", Value::null(), false),
        ] {
            assert_eq!(Literal::new(literal).equals(&value), expected, "{literal} {value:?}");
        }
    }

    #[test]
    fn the_literal_says_what_is_compared() {
        for (order, literal, value, expected) in [
            (Order::Greater, "500", Value::number("501"), true),
            (Order::Greater, "500", Value::number("5.01e2"), true),
            (Order::Greater, "500", Value::string("1000"), true),
            (Order::Greater, "500", Value::string("abc"), false),
            (Order::Less, "500", Value::string("+1"), false),
            (Order::Greater, "500", Value::null(), false),
            (Order::GreaterOrEqual, "500", Value::number("500.0"), true),
            (Order::Less, "0.5", Value::number("-7"), true),
            (Order::Greater, "2024-09-19", Value::string("2024-09-19T00:00:00.0000001Z"), true),
            (Order::LessOrEqual, "2024-09-19T02:00:00+02:00", Value::string("2024-09-19T00:00:00"), true),
            (Order::Greater, "2024-09-19", Value::string("yesterday"), false),
            (Order::Greater, "2024-09-19", Value::number("3000"), false),
            (Order::Less, "b", Value::string("a"), true),
            (Order::Less, "b", Value::string("B"), true),
            (Order::Less, "b", Value::number("1"), false),
        ] {
            assert_eq!(Literal::new(literal).holds(order, &value), expected, "{order:?} {literal} {value:?}");
        }
    }
}
