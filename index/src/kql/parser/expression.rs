//! Expressions, by the strength of their operators.

use super::cursor::Cursor;
use super::{CHAIN_MAX, Parsed, clause, operator, source, text};
use crate::kql::problem::{Cause, Problem};
use crate::kql::span::Span;
use crate::kql::token::TokenKind;
use crate::kql::tree::literal::{self, Json, Literal};
use crate::kql::tree::{
    Argument, BinaryOperator, Call, Expression, ExpressionKind, LIST_TESTS, ListTest, Name, SYMBOL_OPERATORS,
    TEXT_TESTS, TextTest,
};

const EQUALITY: u8 = 3;

/// A value: anything but a pipeline.
pub(super) fn expression(cursor: &mut Cursor) -> Parsed<Expression> {
    chain(cursor, "or", |cursor| chain(cursor, "and", |cursor| binary(cursor, EQUALITY)))
}

/// A value without `in`, `and`, `or` outside parentheses, where `in` says something else.
pub(super) fn operand(cursor: &mut Cursor) -> Parsed<Expression> {
    binary(cursor, EQUALITY + 1)
}

/// Operands with one word between them.
fn chain(cursor: &mut Cursor, word: &str, operand: impl Fn(&mut Cursor) -> Parsed<Expression>) -> Parsed<Expression> {
    let start = cursor.peek().span;
    let first = operand(cursor)?;
    if !cursor.at_word(word) {
        return Ok(first);
    }
    let mut operands = vec![first];
    while cursor.take_word(word) {
        operands.push(operand(cursor)?);
    }
    let kind = if word == "or" { ExpressionKind::Or(operands) } else { ExpressionKind::And(operands) };
    Ok(Expression { span: cursor.since(start), kind })
}

/// Operators at least as strong as `strength`.
fn binary(cursor: &mut Cursor, strength: u8) -> Parsed<Expression> {
    let start = cursor.peek().span;
    let mut left = sign(cursor)?;
    let mut weakest = u8::MAX;
    for _ in 0..CHAIN_MAX {
        let Some(found) = test(cursor) else { return Ok(left) };
        if found.strength() < strength {
            return Ok(left);
        }
        // After `a == b` there may be no `< c`, and no second `==`.
        if weakest < found.strength() || (weakest == found.strength() && !found.chains()) {
            return Err(chained(cursor, &found.name()));
        }
        weakest = found.strength();
        left = found.finish(cursor, start, left)?;
    }
    Err(too_long(cursor, "an expression"))
}

fn chained(cursor: &Cursor, name: &str) -> Problem {
    let construct = format!("operator `{name}`");
    Problem::syntax(cursor.peek().span, construct, format!("`{name}` cannot follow another comparison"))
        .with_help("join comparisons by `and` or `or`, or put the first one in parentheses")
}

fn too_long(cursor: &Cursor, what: &str) -> Problem {
    let message = format!("{what} has more than {CHAIN_MAX} parts in a row");
    Problem::new(Cause::Limit, cursor.peek().span, format!("{what} that long"), message)
}

/// What may stand between two operands.
enum Test {
    Binary(BinaryOperator, usize),
    List(ListTest, usize),
    Between { negated: bool },
}

impl Test {
    fn strength(&self) -> u8 {
        match self {
            Test::Binary(operator, _) => operator.strength(),
            Test::List(..) | Test::Between { .. } => EQUALITY,
        }
    }

    fn chains(&self) -> bool {
        matches!(self, Test::Binary(operator, _) if operator.chains())
    }

    fn name(&self) -> String {
        match self {
            Test::Binary(operator, _) => operator.name(),
            Test::List(test, _) => test.name().to_owned(),
            Test::Between { negated } => if *negated { "!between" } else { "between" }.to_owned(),
        }
    }

    /// Takes the operator and what is right of it.
    fn finish(self, cursor: &mut Cursor, start: Span, left: Expression) -> Parsed<Expression> {
        let left = Box::new(left);
        let kind = match self {
            Test::Binary(operator, tokens) => {
                skip(cursor, tokens);
                let right = binary(cursor, operator.strength() + 1)?;
                ExpressionKind::Binary(operator, left, Box::new(right))
            }
            Test::List(test, tokens) => {
                skip(cursor, tokens);
                ExpressionKind::List(test, left, list(cursor, test)?)
            }
            Test::Between { negated } => {
                skip(cursor, 1 + usize::from(negated));
                let (low, high) = bounds(cursor)?;
                ExpressionKind::Between { negated, value: left, low: Box::new(low), high: Box::new(high) }
            }
        };
        Ok(Expression { span: cursor.since(start), kind })
    }
}

fn skip(cursor: &mut Cursor, tokens: usize) {
    for _ in 0..tokens {
        cursor.next();
    }
}

/// The operator that stands here, which is not taken yet.
fn test(cursor: &Cursor) -> Option<Test> {
    let token = cursor.peek();
    let text = cursor.text(token);
    match token.kind {
        TokenKind::Name => word_test(cursor, 0),
        TokenKind::Symbol if text == "!" && cursor.touches(token.span, 1) => word_test(cursor, 1),
        TokenKind::Symbol if text == "<>" => Some(Test::Binary(BinaryOperator::NotEqual, 1)),
        TokenKind::Symbol => {
            let found = SYMBOL_OPERATORS.iter().find(|(symbol, _)| *symbol == text);
            found.map(|(_, operator)| Test::Binary(*operator, 1))
        }
        _ => None,
    }
}

/// An operator that is a word, after a `!` if `bang` is 1.
fn word_test(cursor: &Cursor, bang: usize) -> Option<Test> {
    let token = cursor.peek_at(bang);
    let word = cursor.text(token);
    let negated = bang == 1;
    let tilde = cursor.is(bang + 1, "~") && cursor.touches(token.span, bang + 1);
    let spelled = format!("{}{word}{}", if negated { "!" } else { "" }, if tilde { "~" } else { "" });
    if let Some((_, test)) = LIST_TESTS.iter().find(|(name, _)| *name == spelled) {
        return Some(Test::List(*test, bang + 1 + usize::from(tilde)));
    }
    if word == "between" {
        return Some(Test::Between { negated });
    }
    let text = |test, tokens| Some(Test::Binary(BinaryOperator::Text { test, negated }, tokens));
    if word == "matches" && cursor.is_word(bang + 1, "regex") {
        return text(TextTest::MatchesRegex, bang + 2);
    }
    if word == "notcontains" {
        return Some(Test::Binary(BinaryOperator::Text { test: TextTest::Contains, negated: !negated }, bang + 1));
    }
    let (_, test) = TEXT_TESTS.iter().find(|(name, _)| *name == word)?;
    text(*test, bang + 1)
}

fn list(cursor: &mut Cursor, test: ListTest) -> Parsed<Vec<Expression>> {
    let within = format!("`{}`", test.name());
    cursor.expect("(", &within)?;
    let items = clause::several(cursor, operator::pipeline)?;
    cursor.expect(")", &within)?;
    Ok(items)
}

/// `(low .. high)`
fn bounds(cursor: &mut Cursor) -> Parsed<(Expression, Expression)> {
    cursor.expect("(", "`between`")?;
    cursor.deeper(|cursor| {
        let low = expression(cursor)?;
        cursor.expect("..", "`between`")?;
        let high = expression(cursor)?;
        cursor.expect(")", "`between`")?;
        Ok((low, high))
    })
}

fn sign(cursor: &mut Cursor) -> Parsed<Expression> {
    let start = cursor.peek().span;
    let negative = cursor.at("-");
    if !negative && !cursor.at("+") {
        return path(cursor);
    }
    cursor.next();
    let operand = Box::new(path(cursor)?);
    Ok(Expression { span: cursor.since(start), kind: ExpressionKind::Sign { negative, operand } })
}

/// `a.b["c"][0].d()`
fn path(cursor: &mut Cursor) -> Parsed<Expression> {
    let start = cursor.peek().span;
    let mut base = primary(cursor)?;
    for _ in 0..CHAIN_MAX {
        let kind = if cursor.at(".") {
            cursor.next();
            member(cursor, base)?
        } else if cursor.at("[") && cursor.touches(base.span, 0) || cursor.at("[") && is_indexable(&base) {
            index(cursor, base)?
        } else {
            return Ok(base);
        };
        base = Expression { span: cursor.since(start), kind };
    }
    Err(too_long(cursor, "a path"))
}

/// After these a `[` is an index even after a blank.
fn is_indexable(base: &Expression) -> bool {
    use ExpressionKind::{Call, Dynamic, Index, Member, MemberCall, Name};
    matches!(base.kind, Name(_) | Call(_) | Member(..) | MemberCall(..) | Index(..) | Dynamic(_))
}

fn member(cursor: &mut Cursor, base: Expression) -> Parsed<ExpressionKind> {
    // `a.[0]` is an older spelling of `a[0]`.
    if cursor.at("[") && cursor.name_length() == 0 {
        return index(cursor, base);
    }
    let name = cursor.name("a path")?;
    if cursor.at("(") {
        let arguments = arguments(cursor, &name)?;
        return Ok(ExpressionKind::MemberCall(Box::new(base), Call { name, arguments }));
    }
    Ok(ExpressionKind::Member(Box::new(base), name))
}

fn index(cursor: &mut Cursor, base: Expression) -> Parsed<ExpressionKind> {
    cursor.next();
    let index = cursor.deeper(expression)?;
    cursor.expect("]", "an index")?;
    Ok(ExpressionKind::Index(Box::new(base), Box::new(index)))
}

fn primary(cursor: &mut Cursor) -> Parsed<Expression> {
    let token = cursor.peek();
    let kind = match token.kind {
        TokenKind::Long => ExpressionKind::Literal(long(cursor)?),
        TokenKind::Real => ExpressionKind::Literal(real(cursor)?),
        TokenKind::Timespan => ExpressionKind::Literal(timespan(cursor)?),
        TokenKind::Text => ExpressionKind::Literal(Literal::Text(text::text(cursor)?)),
        TokenKind::Typed => ExpressionKind::Literal(typed(cursor)?),
        TokenKind::Name => named(cursor)?,
        TokenKind::Symbol if cursor.at("(") => return parenthesised(cursor),
        TokenKind::Symbol if cursor.at("*") => {
            cursor.next();
            ExpressionKind::Star
        }
        TokenKind::Symbol if cursor.at_name() => ExpressionKind::Name(cursor.name("an expression")?.text),
        _ => return Err(no_value(cursor)),
    };
    Ok(Expression { span: cursor.since(token.span), kind })
}

fn no_value(cursor: &Cursor) -> Problem {
    let problem = cursor.unexpected("a value", "an expression");
    let help = match cursor.peek_text() {
        _ if cursor.last_span().of(cursor.source) == "," => Some("the comma before it is one too many"),
        "|" | ")" | "]" | ";" => Some("something is missing before it"),
        "{" => Some("a placeholder has to be replaced by a value"),
        "!" => Some("`not(…)` negates a condition"),
        _ => None,
    };
    problem.or_help(help.map(str::to_owned))
}

fn parenthesised(cursor: &mut Cursor) -> Parsed<Expression> {
    cursor.next();
    let inner = operator::pipeline(cursor)?;
    cursor.expect(")", "parentheses")?;
    Ok(inner)
}

fn named(cursor: &mut Cursor) -> Parsed<ExpressionKind> {
    let token = cursor.peek();
    let name = cursor.text(token);
    match name {
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => {
            cursor.next();
            Ok(ExpressionKind::Literal(Literal::Bool(name.eq_ignore_ascii_case("true"))))
        }
        "dynamic" if cursor.is(1, "(") => dynamic(cursor),
        "typeof" if cursor.is(1, "(") => source::typeof_columns(cursor).map(ExpressionKind::Typeof),
        "datatable" if cursor.is(1, "(") => source::datatable(cursor),
        "externaldata" | "external_data" if cursor.is(1, "(") => source::externaldata(cursor),
        _ => {
            let name = cursor.name("an expression")?;
            if !cursor.at("(") {
                return Ok(ExpressionKind::Name(name.text));
            }
            let arguments = arguments(cursor, &name)?;
            Ok(ExpressionKind::Call(Call { name, arguments }))
        }
    }
}

/// `(a, name=b, T | count)`
pub(super) fn arguments(cursor: &mut Cursor, function: &Name) -> Parsed<Vec<Argument>> {
    let within = format!("the arguments of `{}`", function.text);
    cursor.expect("(", &within)?;
    if cursor.take(")") {
        return Ok(Vec::new());
    }
    let arguments = clause::several(cursor, argument)?;
    cursor.expect(")", &within)?;
    Ok(arguments)
}

fn argument(cursor: &mut Cursor) -> Parsed<Argument> {
    let name = if cursor.peek().kind == TokenKind::Name && cursor.is(1, "=") {
        let name = cursor.name("an argument")?;
        cursor.next();
        Some(name)
    } else {
        None
    };
    Ok(Argument { name, value: operator::pipeline(cursor)? })
}

fn long(cursor: &mut Cursor) -> Parsed<Literal> {
    let token = cursor.next();
    let digits = cursor.text(token);
    let out_of_range = || {
        let message = format!("{digits} is larger than a long can be, {}", i64::MAX);
        Problem::syntax(token.span, "a number", message).with_help("write it as a real, with a point")
    };
    literal::long(digits).map(Literal::Long).ok_or_else(out_of_range)
}

fn real(cursor: &mut Cursor) -> Parsed<Literal> {
    let token = cursor.next();
    let value = cursor.text(token).parse().ok().filter(|value: &f64| value.is_finite());
    value.map(Literal::Real).ok_or_else(|| Problem::syntax(token.span, "a number", "the number is out of range"))
}

fn timespan(cursor: &mut Cursor) -> Parsed<Literal> {
    let token = cursor.next();
    let ticks = literal::number_with_unit(cursor.text(token));
    ticks.map(Literal::Timespan).ok_or_else(|| Problem::syntax(token.span, "a timespan", "the timespan is too long"))
}

/// `datetime(…)` and the like.
fn typed(cursor: &mut Cursor) -> Parsed<Literal> {
    let token = cursor.next();
    let whole = cursor.text(token);
    let (name, content) = whole.split_once('(').unwrap_or((whole, ""));
    let (name, content) = (name.trim_end(), content.strip_suffix(')').unwrap_or(content));
    literal::typed(name, content).ok_or_else(|| {
        let message = format!("`{}` is no {name}", content.trim());
        let problem = Problem::syntax(token.span, format!("a literal of type {name}"), message);
        problem.or_help(conversion(name))
    })
}

/// `int(x)` is written by people who mean `toint(x)`.
fn conversion(name: &str) -> Option<String> {
    let function = match name {
        "date" => "todatetime",
        "time" => "totimespan",
        "uuid" | "uniqueid" => "toguid",
        "boolean" => "tobool",
        "double" => "toreal",
        name => return Some(format!("`{name}(…)` takes a constant; `to{name}(…)` converts a value")),
    };
    Some(format!("`{name}(…)` takes a constant; `{function}(…)` converts a value"))
}

fn dynamic(cursor: &mut Cursor) -> Parsed<ExpressionKind> {
    cursor.next();
    cursor.expect("(", "`dynamic`")?;
    let value = cursor.deeper(json)?;
    cursor.expect(")", "`dynamic`")?;
    Ok(ExpressionKind::Dynamic(value))
}

fn json(cursor: &mut Cursor) -> Parsed<Json> {
    if cursor.take("[") {
        return cursor.deeper(|cursor| members(cursor, "]", json)).map(Json::Array);
    }
    if cursor.take("{") {
        return cursor.deeper(|cursor| members(cursor, "}", pair)).map(Json::Bag);
    }
    if cursor.take_word("null") {
        return Ok(Json::Value(None));
    }
    let negative = cursor.at("-");
    if negative || cursor.at("+") {
        cursor.next();
    }
    let value = match cursor.peek().kind {
        TokenKind::Long => long(cursor)?,
        TokenKind::Real => real(cursor)?,
        TokenKind::Timespan => timespan(cursor)?,
        TokenKind::Text => Literal::Text(text::text(cursor)?),
        TokenKind::Typed => typed(cursor)?,
        TokenKind::Name if cursor.peek_text().eq_ignore_ascii_case("true") => boolean(cursor),
        TokenKind::Name if cursor.peek_text().eq_ignore_ascii_case("false") => boolean(cursor),
        TokenKind::Name if cursor.at_word("dynamic") && cursor.is(1, "(") => return nested_dynamic(cursor),
        _ => return Err(cursor.unexpected("a JSON value", "`dynamic(…)`")),
    };
    match value {
        Literal::Long(value) if negative => Ok(Json::Value(Some(Literal::Long(-value)))),
        Literal::Real(value) if negative => Ok(Json::Value(Some(Literal::Real(-value)))),
        _ if negative => Err(cursor.unexpected("a number after `-`", "`dynamic(…)`")),
        value => Ok(Json::Value(Some(value))),
    }
}

fn nested_dynamic(cursor: &mut Cursor) -> Parsed<Json> {
    match dynamic(cursor)? {
        ExpressionKind::Dynamic(json) => Ok(json),
        _ => Err(cursor.unexpected("a JSON value", "`dynamic(…)`")),
    }
}

fn boolean(cursor: &mut Cursor) -> Literal {
    let token = cursor.next();
    Literal::Bool(cursor.text(token).eq_ignore_ascii_case("true"))
}

fn pair(cursor: &mut Cursor) -> Parsed<(String, Json)> {
    let name = match cursor.peek().kind {
        TokenKind::Text => text::text(cursor)?,
        _ => cursor.name("a property of `dynamic(…)`")?.text,
    };
    cursor.expect(":", "a property of `dynamic(…)`")?;
    Ok((name, json(cursor)?))
}

fn members<'q, T>(cursor: &mut Cursor<'q>, close: &str, member: fn(&mut Cursor<'q>) -> Parsed<T>) -> Parsed<Vec<T>> {
    if cursor.take(close) {
        return Ok(Vec::new());
    }
    let members = clause::several(cursor, member)?;
    cursor.expect(close, "`dynamic(…)`")?;
    Ok(members)
}
