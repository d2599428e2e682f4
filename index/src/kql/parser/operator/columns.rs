//! Operators that make, keep, drop and group columns.

use super::super::cursor::Cursor;
use super::super::{Parsed, clause, expression};
use crate::kql::tree::operator::ColumnPattern;
use crate::kql::tree::{Expression, OperatorKind};

pub(super) fn extend(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    clause::items(cursor).map(OperatorKind::Extend)
}

pub(super) fn project(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    clause::items(cursor).map(OperatorKind::Project)
}

pub(super) fn print(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    clause::items(cursor).map(OperatorKind::Print)
}

pub(super) fn project_rename(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    clause::items(cursor).map(OperatorKind::ProjectRename)
}

pub(super) fn distinct(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    Ok(OperatorKind::Distinct(settings, clause::items(cursor)?))
}

pub(super) fn serialize(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let alone = ["|", ")", ";", "}"].iter().any(|symbol| cursor.at(symbol)) || cursor.at_end();
    let items = if alone { Vec::new() } else { clause::items(cursor)? };
    Ok(OperatorKind::Serialize(items))
}

pub(super) fn project_away(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    patterns(cursor).map(OperatorKind::ProjectAway)
}

pub(super) fn project_keep(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    patterns(cursor).map(OperatorKind::ProjectKeep)
}

pub(super) fn project_reorder(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    patterns(cursor).map(OperatorKind::ProjectReorder)
}

fn patterns(cursor: &mut Cursor) -> Parsed<Vec<ColumnPattern>> {
    clause::several(cursor, clause::pattern)
}

pub(super) fn summarize(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let settings = clause::settings(cursor, &[])?;
    let alone = ["|", ")", ";", "}"].iter().any(|symbol| cursor.at(symbol)) || cursor.at_end();
    let aggregates = if alone || cursor.at_word("by") { Vec::new() } else { clause::items(cursor)? };
    let keys = if cursor.take_word("by") { clause::items(cursor)? } else { Vec::new() };
    Ok(OperatorKind::Summarize(settings, aggregates, keys))
}

/// `range x from a to b step c`
pub(super) fn range(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    let within = "operator `range`";
    let name = cursor.name(within)?;
    let mut bound = |word: &str| -> Parsed<Expression> {
        cursor.expect_word(word, within)?;
        expression::expression(cursor)
    };
    let bounds = [bound("from")?, bound("to")?, bound("step")?];
    Ok(OperatorKind::Range(name, Box::new(bounds)))
}
