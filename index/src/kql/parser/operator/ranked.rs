//! Operators that count, order and choose rows.

use super::super::cursor::Cursor;
use super::super::{Parsed, clause, expression};
use crate::kql::tree::OperatorKind;
use crate::kql::tree::operator::TopNested;

pub(super) fn count(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let name = if cursor.take_word("as") { Some(cursor.name("operator `count`")?) } else { None };
    Ok(OperatorKind::Count(name))
}

pub(super) fn take(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    expression::expression(cursor).map(OperatorKind::Take)
}

pub(super) fn sample(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    expression::expression(cursor).map(OperatorKind::Sample)
}

pub(super) fn sample_distinct(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let count = expression::expression(cursor)?;
    cursor.expect_word("of", "operator `sample-distinct`")?;
    Ok(OperatorKind::SampleDistinct(count, expression::expression(cursor)?))
}

pub(super) fn sort(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    cursor.expect_word("by", "operator `sort`")?;
    Ok(OperatorKind::Sort(settings, clause::several(cursor, clause::ordered)?))
}

pub(super) fn top(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    let count = expression::expression(cursor)?;
    cursor.expect_word("by", "operator `top`")?;
    Ok(OperatorKind::Top(settings, count, clause::several(cursor, clause::ordered)?))
}

pub(super) fn top_nested(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let mut levels = vec![level(cursor)?];
    while cursor.take(",") {
        let name = cursor.joined("-", "operator `top-nested`")?;
        if name.text != "top-nested" {
            return Err(cursor.unexpected("`top-nested` after the comma", "operator `top-nested`"));
        }
        levels.push(level(cursor)?);
    }
    Ok(OperatorKind::TopNested(levels))
}

/// `3 of a with others = "x" by count() desc`
fn level(cursor: &mut Cursor) -> Parsed<TopNested> {
    let within = "operator `top-nested`";
    let count = if cursor.at_word("of") { None } else { Some(expression::expression(cursor)?) };
    cursor.expect_word("of", within)?;
    let of = clause::item(cursor)?;
    let mut others = None;
    if cursor.take_word("with") {
        cursor.expect_word("others", within)?;
        cursor.expect("=", within)?;
        others = Some(expression::expression(cursor)?);
    }
    cursor.expect_word("by", within)?;
    let by = clause::item(cursor)?;
    Ok(TopNested { count, of, others, by, descending: clause::direction(cursor) })
}
