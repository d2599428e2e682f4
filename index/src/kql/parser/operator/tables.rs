//! Operators that bring tables together, search them, or pass them on.

use super::super::cursor::Cursor;
use super::super::{Parsed, clause, expression, source};
use super::{pipeline, subquery};
use crate::kql::token::TokenKind;
use crate::kql::tree::operator::{Find, Join};
use crate::kql::tree::{Call, Expression, ExpressionKind, OperatorKind, Setting};

pub(super) fn named(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    Ok(OperatorKind::As(settings, cursor.name("operator `as`")?))
}

pub(super) fn invoke(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    call(cursor, "operator `invoke`").map(OperatorKind::Invoke)
}

pub(super) fn evaluate(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    let call = call(cursor, "operator `evaluate`")?;
    let columns = if cursor.take(":") { Some(source::declared(cursor, "operator `evaluate`")?) } else { None };
    Ok(OperatorKind::Evaluate(settings, call, columns))
}

fn call(cursor: &mut Cursor, within: &str) -> Parsed<Call> {
    let name = cursor.name(within)?;
    let arguments = expression::arguments(cursor, &name)?;
    Ok(Call { name, arguments })
}

pub(super) fn join(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    joined(cursor, "operator `join`").map(OperatorKind::Join)
}

pub(super) fn lookup(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    joined(cursor, "operator `lookup`").map(OperatorKind::Lookup)
}

fn joined(cursor: &mut Cursor, within: &str) -> Parsed<Join> {
    let settings = clause::settings(cursor, &["kind", "withsource", "isfuzzy"])?;
    let right = table(cursor, within)?;
    cursor.expect_word("on", within)?;
    let on = clause::several(cursor, expression::expression)?;
    Ok(Join { settings, right, on })
}

/// A table's name, perhaps with `*`; a call; a pipeline in parentheses.
fn table(cursor: &mut Cursor, within: &str) -> Parsed<Expression> {
    let start = cursor.peek().span;
    if cursor.at("*") || cursor.peek().kind == TokenKind::Name && cursor.is(1, "*") {
        let name = clause::wildcard(cursor, within)?;
        return Ok(Expression { span: name.span, kind: ExpressionKind::Wildcard(name.text) });
    }
    if cursor.take("(") {
        let inner = pipeline(cursor)?;
        cursor.expect(")", within)?;
        return Ok(Expression { span: cursor.since(start), kind: inner.kind });
    }
    if !cursor.at_name() {
        return Err(cursor.unexpected("a table, or a query in parentheses", within));
    }
    expression::expression(cursor)
}

pub(super) fn union(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &["kind", "withsource", "with_source", "isfuzzy"])?;
    let tables = clause::several(cursor, |cursor| table(cursor, "operator `union`"))?;
    Ok(OperatorKind::Union(settings, tables))
}

/// `partition by column (…)`, `partition by column { … }`
pub(super) fn partition(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let within = "operator `partition`";
    let settings = clause::settings(cursor, &[])?;
    cursor.expect_word("by", within)?;
    let name = cursor.name(within)?;
    if cursor.at("{") {
        let start = cursor.peek().span;
        cursor.next();
        cursor.skip_to(&[]);
        cursor.expect("}", within)?;
        let text = format!("by {} {}", name.text, cursor.since(start).of(cursor.source));
        return Ok(OperatorKind::Other(text));
    }
    let column = Expression { span: name.span, kind: ExpressionKind::Name(name.text) };
    Ok(OperatorKind::Partition(settings, column, subquery(cursor, within)?))
}

/// `search kind=case_sensitive in (T, U*) predicate`
pub(super) fn search(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &["kind"])?;
    let tables = tables_in(cursor, "operator `search`")?;
    Ok(OperatorKind::Search(settings, tables, expression::expression(cursor)?))
}

/// `in (T, U*)`, if it stands here.
fn tables_in(cursor: &mut Cursor, within: &str) -> Parsed<Vec<Expression>> {
    if !cursor.at_word("in") || !cursor.is(1, "(") {
        return Ok(Vec::new());
    }
    cursor.next();
    cursor.next();
    let tables = clause::several(cursor, |cursor| table(cursor, within))?;
    cursor.expect(")", within)?;
    Ok(tables)
}

/// `find withsource=s in (T) where predicate project a, b`
pub(super) fn find(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &["withsource", "datascope"])?;
    let tables = tables_in(cursor, "operator `find`")?;
    cursor.take_word("where");
    let predicate = expression::expression(cursor)?;
    let project = if cursor.at_word("project") {
        let name = cursor.joined("-", "operator `find`")?;
        let columns = if name.text == "project-smart" { Vec::new() } else { projected(cursor)? };
        Some((name, columns))
    } else {
        None
    };
    Ok(OperatorKind::Find(Box::new(Find { settings, tables, predicate, project })))
}

fn projected(cursor: &mut Cursor) -> Parsed<Vec<crate::kql::tree::Argument>> {
    clause::several(cursor, |cursor| {
        let value = expression::expression(cursor)?;
        if cursor.take(":") {
            cursor.name("operator `find`")?;
        }
        Ok(crate::kql::tree::Argument { name: None, value })
    })
}

/// `render timechart with (title="x")`, and the older `render timechart title="x"`
pub(super) fn render(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let chart = cursor.name("operator `render`")?;
    let mut settings: Vec<Setting> = Vec::new();
    if cursor.take_word("with") {
        settings = clause::settings_in_parentheses(cursor)?;
    }
    while cursor.peek().kind == TokenKind::Name && cursor.is(1, "=") {
        settings.push(clause::setting(cursor)?);
        cursor.take(",");
    }
    Ok(OperatorKind::Render(chart, settings))
}
