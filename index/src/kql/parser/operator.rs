//! Pipelines and their operators.

mod columns;
mod expand;
mod ranked;
mod tables;

use super::cursor::Cursor;
use super::{CHAIN_MAX, Parsed, clause, expression};
use crate::kql::nearest::nearest;
use crate::kql::problem::{Cause, Problem};
use crate::kql::token::TokenKind;
use crate::kql::tree::{Expression, ExpressionKind, Name, Operator, OperatorKind, Pipeline};

/// Parses what follows an operator's name.
type Rest = fn(&mut Cursor) -> Parsed<OperatorKind>;

/// The operators that are parsed in full, by name; one name may stand for another.
const OPERATORS: [(&str, Rest); 42] = [
    ("as", tables::named),
    ("count", ranked::count),
    ("distinct", columns::distinct),
    ("evaluate", tables::evaluate),
    ("extend", columns::extend),
    ("filter", filter),
    ("find", tables::find),
    ("getschema", getschema),
    ("invoke", tables::invoke),
    ("join", tables::join),
    ("limit", ranked::take),
    ("lookup", tables::lookup),
    ("make-series", expand::make_series),
    ("mv-apply", expand::mv_apply),
    ("mvapply", expand::mv_apply),
    ("mv-expand", expand::mv_expand),
    ("mvexpand", expand::mv_expand),
    ("order", ranked::sort),
    ("parse", expand::parse),
    ("parse-kv", expand::parse_kv),
    ("parse-where", expand::parse),
    ("partition", tables::partition),
    ("print", columns::print),
    ("project", columns::project),
    ("project-away", columns::project_away),
    ("project-keep", columns::project_keep),
    ("project-rename", columns::project_rename),
    ("project-reorder", columns::project_reorder),
    ("range", columns::range),
    ("render", tables::render),
    ("sample", ranked::sample),
    ("sample-distinct", ranked::sample_distinct),
    ("search", tables::search),
    ("serialize", columns::serialize),
    ("sort", ranked::sort),
    ("summarize", columns::summarize),
    ("take", ranked::take),
    ("top", ranked::top),
    ("top-nested", ranked::top_nested),
    ("union", tables::union),
    ("where", filter),
    ("serialise", columns::serialize),
];

/// Operators of the language that are kept as text: the binder refuses them by name.
const OTHERS: [&str; 21] = [
    "assert-schema",
    "consume",
    "execute-and-cache",
    "facet",
    "fork",
    "graph-mark-components",
    "graph-match",
    "graph-merge",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "macro-expand",
    "make-graph",
    "materialized-view-combine",
    "project-by-names",
    "reduce",
    "scan",
    "top-hitters",
    "parse-json",
    "write-to",
];

/// A value, or a table and what is done with it.
pub(super) fn pipeline(cursor: &mut Cursor) -> Parsed<Expression> {
    cursor.deeper(|cursor| {
        let start = cursor.peek().span;
        let (source, first) = match source_operator(cursor)? {
            Some(operator) => (None, vec![operator]),
            None => (Some(expression::expression(cursor)?), Vec::new()),
        };
        match source {
            Some(value) if !cursor.at("|") => Ok(value),
            source => {
                let operators = piped(cursor, first)?;
                let kind = ExpressionKind::Pipeline(Box::new(Pipeline { source, operators }));
                Ok(Expression { span: cursor.since(start), kind })
            }
        }
    })
}

/// `| operator | operator`; one that cannot be parsed is noted and skipped.
fn piped(cursor: &mut Cursor, mut operators: Vec<Operator>) -> Parsed<Vec<Operator>> {
    while cursor.take("|") {
        match operator(cursor).and_then(|operator| complete(cursor, operator)) {
            Ok(operator) => operators.push(operator),
            Err(problem) => {
                cursor.note(problem);
                cursor.skip_to(&["|", ";"]);
            }
        }
        if operators.len() > CHAIN_MAX {
            let message = format!("a pipeline has more than {CHAIN_MAX} operators");
            return Err(Problem::new(Cause::Limit, cursor.peek().span, "a pipeline that long", message));
        }
    }
    Ok(operators)
}

/// The operators of a subquery such as `mv-apply … on (…)`, in the parentheses or braces that stand here.
fn subquery(cursor: &mut Cursor, within: &str) -> Parsed<Vec<Operator>> {
    cursor.expect("(", within)?;
    cursor.deeper(|cursor| {
        let operators = vec![operator(cursor).and_then(|first| complete(cursor, first))?];
        let operators = piped(cursor, operators)?;
        cursor.expect(")", within)?;
        Ok(operators)
    })
}

/// After an operator the pipeline goes on or ends; anything else belongs to it and is wrong.
fn complete(cursor: &Cursor, operator: Operator) -> Parsed<Operator> {
    let ends = ["|", ")", ";", "}", "]", ","].iter().any(|symbol| cursor.at(symbol)) || cursor.at_end();
    if ends {
        return Ok(operator);
    }
    let name = format!("operator `{}`", operator.name.text);
    let problem = cursor.unexpected("`|` or the end", &name);
    Err(problem.or_help(missing_pipe(cursor).or_else(|| missing_comma(cursor))))
}

fn missing_pipe(cursor: &Cursor) -> Option<String> {
    let word = cursor.peek_text();
    let known = OPERATORS.iter().any(|(name, _)| *name == word);
    known.then(|| format!("a `|` is missing before `{word}`"))
}

fn missing_comma(cursor: &Cursor) -> Option<String> {
    let value = matches!(cursor.peek().kind, TokenKind::Name | TokenKind::Text | TokenKind::Long);
    value.then(|| "a comma or an operator may be missing before it".to_owned())
}

fn operator(cursor: &mut Cursor) -> Parsed<Operator> {
    let name = cursor.joined("-", "a pipeline").map_err(|problem| problem.with_help(AFTER_A_PIPE))?;
    operator_named(cursor, name)
}

const AFTER_A_PIPE: &str = "after `|` comes an operator, such as `where`, `project` or `summarize`";

fn operator_named(cursor: &mut Cursor, name: Name) -> Parsed<Operator> {
    if let Some((_, rest)) = OPERATORS.iter().find(|(known, _)| *known == name.text) {
        let kind = rest(cursor)?;
        return Ok(Operator { span: cursor.since(name.span), name, kind });
    }
    if OTHERS.contains(&name.text.as_str()) {
        return Ok(other(cursor, name));
    }
    Err(no_operator(&name))
}

/// Everything up to the next `|` of this level, as text.
fn other(cursor: &mut Cursor, name: Name) -> Operator {
    let start = cursor.peek().span;
    cursor.skip_to(&["|", ";"]);
    let text = cursor.since(start).of(cursor.source).to_owned();
    let text = if cursor.last_span().start == name.span.start { String::new() } else { text };
    Operator { span: cursor.since(name.span), name, kind: OperatorKind::Other(text) }
}

fn no_operator(name: &Name) -> Problem {
    let message = format!("`{}` is no operator", name.text);
    let names = OPERATORS.iter().map(|(name, _)| *name).chain(OTHERS);
    let near = nearest(&name.text.to_lowercase(), names).map(|near| format!("did you mean `{near}`?"));
    Problem::syntax(name.span, format!("operator `{}`", name.text), message).or_help(near)
}

/// An operator that needs no rows before it: `print`, `range`, `union`, `search`, `find`, `evaluate`.
fn source_operator(cursor: &mut Cursor) -> Parsed<Option<Operator>> {
    let begins = match cursor.peek_text() {
        "print" => begins_value(cursor),
        "range" => cursor.peek_at(1).kind == TokenKind::Name && cursor.is_word(2, "from"),
        "union" => begins_table(cursor),
        "search" => begins_value(cursor) || cursor.is(1, "*"),
        "find" => begins_value(cursor),
        "evaluate" => cursor.peek_at(1).kind == TokenKind::Name,
        "macro" => cursor.is(1, "-") && cursor.is_word(2, "expand"),
        _ => false,
    };
    let begins = begins && cursor.peek().kind == TokenKind::Name;
    if begins { operator(cursor).and_then(|operator| complete(cursor, operator)).map(Some) } else { Ok(None) }
}

/// After `print` and `search`: a value, and not an operator that makes the word a name.
fn begins_value(cursor: &Cursor) -> bool {
    let next = cursor.peek_at(1);
    match next.kind {
        TokenKind::Symbol => cursor.is(1, "(") || cursor.is(1, "-") || cursor.is(1, "["),
        TokenKind::Name => !["has", "contains", "and", "or"].contains(&cursor.text(next)),
        TokenKind::Unknown | TokenKind::End => false,
        _ => true,
    }
}

fn begins_table(cursor: &Cursor) -> bool {
    let next = cursor.peek_at(1);
    next.kind == TokenKind::Name || cursor.is(1, "(") || cursor.is(1, "[") || cursor.is(1, "*")
}

fn filter(cursor: &mut Cursor) -> Parsed<OperatorKind> {
    clause::settings(cursor, &[])?;
    clause::item(cursor).map(OperatorKind::Where)
}

fn getschema(_: &mut Cursor) -> Parsed<OperatorKind> {
    Ok(OperatorKind::GetSchema)
}
