//! Expressions as text, with parentheses only where they change the meaning.

use std::fmt::{self, Display, Formatter, Write};

use super::{listed, name};
use crate::kql::tree::{Argument, BinaryOperator, Call, Expression, ExpressionKind, Pipeline};

const WEAKEST: u8 = 0;
const PATH: u8 = 9;

impl Display for Expression {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExpressionKind::Name(text) => name(formatter, text),
            ExpressionKind::Literal(literal) => write!(formatter, "{literal}"),
            ExpressionKind::Dynamic(json) => write!(formatter, "dynamic({json})"),
            ExpressionKind::Star => formatter.write_char('*'),
            ExpressionKind::Wildcard(pattern) => formatter.write_str(pattern),
            ExpressionKind::Typeof(columns) => within(formatter, "typeof(", columns, ")"),
            ExpressionKind::Call(call) => write!(formatter, "{call}"),
            ExpressionKind::Member(base, member) => write!(formatter, "{}.{member}", At(PATH, base)),
            ExpressionKind::MemberCall(base, call) => write!(formatter, "{}.{call}", At(PATH, base)),
            ExpressionKind::Index(base, index) => write!(formatter, "{}[{index}]", At(PATH, base)),
            ExpressionKind::Sign { negative, operand } => {
                write!(formatter, "{}{}", if *negative { '-' } else { '+' }, At(PATH, operand))
            }
            ExpressionKind::Binary(operator, left, right) => binary(formatter, *operator, left, right),
            ExpressionKind::And(operands) => chain(formatter, " and ", 3, operands),
            ExpressionKind::Or(operands) => chain(formatter, " or ", 2, operands),
            ExpressionKind::List(test, value, list) => {
                within(formatter, &format!("{} {} (", At(4, value), test.name()), list, ")")
            }
            ExpressionKind::Between { negated, value, low, high } => {
                let word = if *negated { "!between" } else { "between" };
                write!(formatter, "{} {word} ({low} .. {high})", At(4, value))
            }
            ExpressionKind::Pipeline(pipeline) => write!(formatter, "{pipeline}"),
            ExpressionKind::DataTable(columns, values) => {
                within(formatter, "datatable(", columns, ") ")?;
                within(formatter, "[", values, "]")
            }
            ExpressionKind::ExternalData { columns, places, settings } => {
                within(formatter, "externaldata(", columns, ") ")?;
                within(formatter, "[", places, "]")?;
                if settings.is_empty() { Ok(()) } else { within(formatter, " with (", settings, ")") }
            }
            ExpressionKind::Function(function) => write!(formatter, "{function}"),
        }
    }
}

impl Display for Call {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        within(formatter, "(", &self.arguments, ")")
    }
}

impl Display for Argument {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name}={}", self.value),
            None => write!(formatter, "{}", self.value),
        }
    }
}

impl Display for Pipeline {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(formatter, "{}", At(1, source))?;
        }
        for (place, operator) in self.operators.iter().enumerate() {
            let first = place == 0 && self.source.is_none();
            write!(formatter, "{}{operator}", if first { "" } else { "\n| " })?;
        }
        Ok(())
    }
}

/// An expression as an operand: in parentheses if it binds weaker than `.0`.
struct At<'e>(u8, &'e Expression);

impl Display for At<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let At(strength, expression) = self;
        if binds(expression) < *strength {
            write!(formatter, "({expression})")
        } else {
            write!(formatter, "{expression}")
        }
    }
}

/// How strongly an expression holds together.
fn binds(expression: &Expression) -> u8 {
    match &expression.kind {
        ExpressionKind::Pipeline(_) | ExpressionKind::Function(_) => WEAKEST,
        ExpressionKind::Or(_) => 1,
        ExpressionKind::And(_) => 2,
        ExpressionKind::List(..) | ExpressionKind::Between { .. } => 3,
        ExpressionKind::Binary(operator, ..) => operator.strength(),
        ExpressionKind::Sign { .. } => 8,
        // A negative number would be taken for a sign before it.
        _ => PATH,
    }
}

fn binary(
    formatter: &mut Formatter<'_>,
    operator: BinaryOperator,
    left: &Expression,
    right: &Expression,
) -> fmt::Result {
    let strength = operator.strength();
    let left_strength = if operator.chains() { strength } else { strength + 1 };
    write!(formatter, "{} {} {}", At(left_strength, left), operator.name(), At(strength + 1, right))
}

fn chain(formatter: &mut Formatter<'_>, word: &str, strength: u8, operands: &[Expression]) -> fmt::Result {
    for (place, operand) in operands.iter().enumerate() {
        write!(formatter, "{}{}", if place > 0 { word } else { "" }, At(strength, operand))?;
    }
    Ok(())
}

/// Items with commas, between `open` and `close`.
pub(super) fn within<T: Display>(formatter: &mut Formatter<'_>, open: &str, items: &[T], close: &str) -> fmt::Result {
    formatter.write_str(open)?;
    listed(formatter, items, ", ")?;
    formatter.write_str(close)
}
