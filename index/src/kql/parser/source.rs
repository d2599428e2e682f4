//! Sources of rows that are no tables: `datatable`, `externaldata`, and column lists.

use super::cursor::Cursor;
use super::statement::{column, separated};
use super::{Parsed, clause, expression};
use crate::kql::tree::{ColumnDeclaration, ExpressionKind, Name};

/// `datatable(a: long, b: string) [1, "x"]`
pub(super) fn datatable(cursor: &mut Cursor) -> Parsed<ExpressionKind> {
    cursor.next();
    let columns = declared(cursor, "`datatable`")?;
    cursor.expect("[", "`datatable`")?;
    let values = cursor.deeper(|cursor| separated(cursor, "]", "`datatable`", expression::expression))?;
    Ok(ExpressionKind::DataTable(columns, values))
}

/// `externaldata(a: string) [@"file"] with (format="csv")`
pub(super) fn externaldata(cursor: &mut Cursor) -> Parsed<ExpressionKind> {
    cursor.next();
    let columns = declared(cursor, "`externaldata`")?;
    cursor.expect("[", "`externaldata`")?;
    let places = separated(cursor, "]", "`externaldata`", expression::expression)?;
    let settings = if cursor.take_word("with") { clause::settings_in_parentheses(cursor)? } else { Vec::new() };
    Ok(ExpressionKind::ExternalData { columns, places, settings })
}

/// `typeof(long)`, `typeof(a: long, b: string)`
pub(super) fn typeof_columns(cursor: &mut Cursor) -> Parsed<Vec<ColumnDeclaration>> {
    cursor.next();
    cursor.expect("(", "`typeof`")?;
    if cursor.is(1, ")") && cursor.at_name() {
        let kind = cursor.name("`typeof`")?;
        cursor.next();
        let name = Name { text: String::new(), span: kind.span };
        return Ok(vec![ColumnDeclaration { name, kind }]);
    }
    separated(cursor, ")", "`typeof`", column)
}

/// `(a: long, b: string)`
pub(super) fn declared(cursor: &mut Cursor, within: &str) -> Parsed<Vec<ColumnDeclaration>> {
    cursor.expect("(", within)?;
    separated(cursor, ")", within, column)
}
