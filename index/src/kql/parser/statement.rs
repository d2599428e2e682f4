//! Statements: `let`, `set`, functions, queries.

use super::cursor::Cursor;
use super::{Parsed, expression, operator};
use crate::kql::token::TokenKind;
use crate::kql::tree::{
    ColumnDeclaration, Expression, ExpressionKind, FunctionValue, Name, ParameterDeclaration, ParameterKind, Query,
    Statement, StatementKind,
};

/// All statements up to the end; problems are noted.
pub(super) fn query(cursor: &mut Cursor) -> Query {
    let mut statements = Vec::new();
    loop {
        while cursor.take(";") {}
        if cursor.at_end() {
            return Query { statements };
        }
        let parsed = statement(cursor).and_then(|statement| ended(cursor, statement));
        match parsed {
            Ok(statement) => statements.push(statement),
            Err(problem) => recover(cursor, problem),
        }
    }
}

/// After a statement there is `;` or the end.
fn ended(cursor: &mut Cursor, statement: Statement) -> Parsed<Statement> {
    if cursor.at(";") || cursor.at_end() {
        return Ok(statement);
    }
    let wanted = "`|`, `;` or the end";
    let problem = cursor.unexpected(wanted, "the query");
    let closing = [")", "]", "}"].into_iter().find(|symbol| cursor.at(symbol));
    Err(problem.or_help(closing.map(|symbol| format!("nothing is open that `{symbol}` could close"))))
}

fn recover(cursor: &mut Cursor, problem: crate::kql::problem::Problem) {
    cursor.note(problem);
    cursor.skip_to(&[";"]);
    if !cursor.at(";") && !cursor.at_end() {
        cursor.next();
    }
}

fn statement(cursor: &mut Cursor) -> Parsed<Statement> {
    let start = cursor.peek().span;
    let named = |ahead: usize, cursor: &Cursor| cursor.peek_at(ahead).kind == TokenKind::Name;
    let kind = if cursor.at_word("let") && (named(1, cursor) || cursor.is(1, "[")) {
        binding(cursor)?
    } else if cursor.at_word("set") && named(1, cursor) {
        setting(cursor)?
    } else if ["declare", "alias", "restrict"].iter().any(|word| cursor.at_word(word)) && named(1, cursor) {
        other(cursor)
    } else {
        StatementKind::Query(operator::pipeline(cursor)?)
    };
    Ok(Statement { span: cursor.since(start), kind })
}

fn binding(cursor: &mut Cursor) -> Parsed<StatementKind> {
    cursor.next();
    let name = cursor.name("a `let`")?;
    cursor.expect("=", "a `let`")?;
    let value = if at_function(cursor) { function(cursor)? } else { operator::pipeline(cursor)? };
    Ok(StatementKind::Let(name, value))
}

fn setting(cursor: &mut Cursor) -> Parsed<StatementKind> {
    cursor.next();
    let name = cursor.name("a `set`")?;
    let value = if cursor.take("=") { Some(expression::expression(cursor)?) } else { None };
    Ok(StatementKind::Set(name, value))
}

fn other(cursor: &mut Cursor) -> StatementKind {
    let first = cursor.next();
    let name = format!("{} {}", cursor.text(first), cursor.peek_text());
    cursor.skip_to(&[";"]);
    StatementKind::Other(name, cursor.since(first.span).of(cursor.source).to_owned())
}

/// `(a: long) {`, `() {`, `view () {`: parameters in parentheses with a body behind.
fn at_function(cursor: &Cursor) -> bool {
    let open = usize::from(cursor.at_word("view"));
    if !cursor.is(open, "(") {
        return false;
    }
    let empty = cursor.is(open + 1, ")") && cursor.is(open + 2, "{");
    // A bracketed name has three tokens.
    let after = if cursor.is(open + 1, "[") { open + 4 } else { open + 2 };
    empty || cursor.is(after, ":")
}

fn function(cursor: &mut Cursor) -> Parsed<Expression> {
    let start = cursor.peek().span;
    let view = cursor.take_word("view");
    cursor.expect("(", "a function")?;
    let parameters = separated(cursor, ")", "a function's parameters", parameter)?;
    cursor.expect("{", "a function")?;
    let body = cursor.deeper(body)?;
    let value = FunctionValue { view, parameters, body };
    Ok(Expression { span: cursor.since(start), kind: ExpressionKind::Function(Box::new(value)) })
}

/// Statements up to `}`.
fn body(cursor: &mut Cursor) -> Parsed<Vec<Statement>> {
    let mut statements = Vec::new();
    loop {
        while cursor.take(";") {}
        if cursor.take("}") {
            return Ok(statements);
        }
        statements.push(statement(cursor)?);
        if !cursor.at(";") && !cursor.at("}") {
            return Err(cursor.unexpected("`|`, `;` or `}`", "a function's body"));
        }
    }
}

fn parameter(cursor: &mut Cursor) -> Parsed<ParameterDeclaration> {
    let name = cursor.name("a function's parameters")?;
    cursor.expect(":", "a function's parameters")?;
    if cursor.take("(") {
        let columns = separated(cursor, ")", "a table parameter", column)?;
        return Ok(ParameterDeclaration { name, kind: ParameterKind::Table(columns) });
    }
    let kind = cursor.name("a parameter's type")?;
    let default = if cursor.take("=") { Some(expression::expression(cursor)?) } else { None };
    Ok(ParameterDeclaration { name, kind: ParameterKind::Scalar(kind, default) })
}

/// `name: type`, or `*`.
pub(super) fn column(cursor: &mut Cursor) -> Parsed<ColumnDeclaration> {
    let span = cursor.peek().span;
    if cursor.take("*") {
        let star = Name { text: "*".to_owned(), span };
        return Ok(ColumnDeclaration { name: Name { text: String::new(), span }, kind: star });
    }
    let name = cursor.name("a column's declaration")?;
    cursor.expect(":", "a column's declaration")?;
    let kind = cursor.name("a column's type")?;
    Ok(ColumnDeclaration { name, kind })
}

/// Elements with `,` between them, up to `close`, which is taken; a `,` may stand last.
pub(super) fn separated<'q, T>(
    cursor: &mut Cursor<'q>,
    close: &str,
    within: &str,
    element: fn(&mut Cursor<'q>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut elements = Vec::new();
    loop {
        if cursor.take(close) {
            return Ok(elements);
        }
        elements.push(element(cursor)?);
        if !cursor.take(",") && !cursor.at(close) {
            return Err(cursor.unexpected(&format!("`,` or `{close}`"), within));
        }
    }
}
