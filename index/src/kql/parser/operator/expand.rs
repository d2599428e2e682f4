//! Operators that take values apart: arrays, texts, series.

use super::super::cursor::Cursor;
use super::super::{Parsed, clause, expression, source};
use super::subquery;
use crate::kql::token::TokenKind;
use crate::kql::tree::operator::{Expand, Item, MakeSeries, PatternPart};
use crate::kql::tree::{ColumnDeclaration, Expression, ExpressionKind, Literal, OperatorKind};

const SETTINGS: [&str; 3] = ["bagexpansion", "with_itemindex", "kind"];

pub(super) fn mv_expand(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    expand(cursor).map(OperatorKind::MvExpand)
}

pub(super) fn mv_apply(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let expand = expand(cursor)?;
    cursor.expect_word("on", "operator `mv-apply`")?;
    Ok(OperatorKind::MvApply(expand, subquery(cursor, "operator `mv-apply`")?))
}

fn expand(cursor: &mut Cursor) -> Parsed<Expand> {
    let settings = clause::settings(cursor, &SETTINGS)?;
    let items = clause::several(cursor, expanded)?;
    let limit = if cursor.take_word("limit") { Some(expression::expression(cursor)?) } else { None };
    Ok(Expand { settings, items, limit })
}

/// `x = a to typeof(long)`
fn expanded(cursor: &mut Cursor) -> Parsed<(Item, Option<Vec<ColumnDeclaration>>)> {
    let item = clause::item(cursor)?;
    if !cursor.take_word("to") {
        return Ok((item, None));
    }
    if !cursor.at_word("typeof") {
        return Err(cursor.unexpected("`typeof(…)`", "`to`"));
    }
    Ok((item, Some(source::typeof_columns(cursor)?)))
}

/// `parse kind=regex flags=i text with "a" b:long *`
pub(super) fn parse(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &["kind", "flags"])?;
    let text = expression::expression(cursor)?;
    cursor.expect_word("with", "operator `parse`")?;
    let mut parts = Vec::new();
    while let Some(part) = pattern_part(cursor)? {
        parts.push(part);
    }
    if parts.is_empty() {
        return Err(cursor.unexpected("a pattern", "operator `parse`"));
    }
    Ok(OperatorKind::Parse(settings, text, parts))
}

fn pattern_part(cursor: &mut Cursor) -> Parsed<Option<PatternPart>> {
    if cursor.take("*") {
        return Ok(Some(PatternPart::Star));
    }
    if cursor.peek().kind == TokenKind::Text {
        return Ok(clause::text_here(cursor)?.map(PatternPart::Text));
    }
    if !cursor.at_name() {
        return Ok(None);
    }
    let name = cursor.name("operator `parse`")?;
    let kind = if cursor.take(":") { Some(cursor.name("operator `parse`")?) } else { None };
    Ok(Some(PatternPart::Column(name, kind)))
}

/// `parse-kv text as (a: string) with (pair_delimiter = ";")`
pub(super) fn parse_kv(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let text = expression::expression(cursor)?;
    cursor.expect_word("as", "operator `parse-kv`")?;
    let columns = source::declared(cursor, "operator `parse-kv`")?;
    let settings = if cursor.take_word("with") { clause::settings_in_parentheses(cursor)? } else { Vec::new() };
    Ok(OperatorKind::ParseKv(text, columns, settings))
}

/// `make-series n = count() default=0 on t from a to b step c by k`
pub(super) fn make_series(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let within = "operator `make-series`";
    let settings = clause::settings(cursor, &["kind"])?;
    let aggregates = clause::several(cursor, aggregate)?;
    cursor.expect_word("on", within)?;
    let axis = expression::operand(cursor)?;
    let (from, to, step) = if cursor.take_word("in") { old_range(cursor)? } else { range(cursor)? };
    let keys = if cursor.take_word("by") { clause::items(cursor)? } else { Vec::new() };
    Ok(OperatorKind::MakeSeries(Box::new(MakeSeries { settings, aggregates, axis, from, to, step, keys })))
}

type Range = (Option<Expression>, Option<Expression>, Expression);

fn range(cursor: &mut Cursor) -> Parsed<Range> {
    let from = if cursor.take_word("from") { Some(expression::expression(cursor)?) } else { None };
    let to = if cursor.take_word("to") { Some(expression::expression(cursor)?) } else { None };
    cursor.expect_word("step", "operator `make-series`")?;
    Ok((from, to, expression::expression(cursor)?))
}

/// `in range(a, b, c)`, the older form.
fn old_range(cursor: &mut Cursor) -> Parsed<Range> {
    let within = "operator `make-series`";
    cursor.expect_word("range", within)?;
    cursor.expect("(", within)?;
    let mut bounds = clause::several(cursor, expression::expression)?.into_iter();
    cursor.expect(")", within)?;
    match (bounds.next(), bounds.next(), bounds.next(), bounds.next()) {
        (from, to, Some(step), None) => Ok((from, to, step)),
        _ => Err(cursor.unexpected("three bounds in `range(…)`", within)),
    }
}

/// `x = count() default=0`
fn aggregate(cursor: &mut Cursor) -> Parsed<(Item, Option<Expression>)> {
    let item = clause::item(cursor)?;
    if !cursor.at_word("default") {
        return Ok((item, None));
    }
    cursor.next();
    cursor.expect("=", "operator `make-series`")?;
    let default = expression::expression(cursor)?;
    let span = default.span;
    let kind = match default.kind {
        ExpressionKind::Name(name) if name == "null" => ExpressionKind::Literal(Literal::Null("real".to_owned())),
        kind => kind,
    };
    let default = Expression { span, kind };
    Ok((item, Some(default)))
}
