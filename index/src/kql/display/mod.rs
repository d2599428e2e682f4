//! The tree as text: what is printed parses to the same tree.

mod expression;
mod operator;

use std::fmt::{self, Display, Formatter, Write};

use super::tree::{
    ColumnDeclaration, FunctionValue, Name, ParameterDeclaration, ParameterKind, Query, Setting, Statement,
    StatementKind,
};

/// Words that a name must stand in brackets not to be taken for.
const RESERVED: [&str; 33] = [
    "and",
    "or",
    "by",
    "on",
    "in",
    "has",
    "has_any",
    "has_all",
    "contains",
    "startswith",
    "endswith",
    "matches",
    "between",
    "asc",
    "desc",
    "nulls",
    "true",
    "false",
    "True",
    "False",
    "TRUE",
    "FALSE",
    "limit",
    "to",
    "with",
    "as",
    "default",
    "step",
    "from",
    "of",
    "project",
    "where",
    "union",
];

/// Words that begin something else where a statement or a table may stand.
const LEADING: [&str; 15] = [
    "let",
    "set",
    "declare",
    "alias",
    "restrict",
    "print",
    "range",
    "search",
    "find",
    "evaluate",
    "view",
    "dynamic",
    "typeof",
    "datatable",
    "externaldata",
];

impl Display for Query {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        listed(formatter, &self.statements, ";\n")
    }
}

impl Display for Statement {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StatementKind::Let(name, value) => write!(formatter, "let {name} = {value}"),
            StatementKind::Set(name, Some(value)) => write!(formatter, "set {name} = {value}"),
            StatementKind::Set(name, None) => write!(formatter, "set {name}"),
            StatementKind::Query(query) => write!(formatter, "{query}"),
            StatementKind::Other(_, text) => formatter.write_str(text),
        }
    }
}

impl Display for Name {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        name(formatter, &self.text)
    }
}

impl Display for FunctionValue {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.view { "view (" } else { "(" })?;
        listed(formatter, &self.parameters, ", ")?;
        formatter.write_str(") { ")?;
        listed(formatter, &self.body, "; ")?;
        formatter.write_str(" }")
    }
}

impl Display for ParameterDeclaration {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ParameterKind::Scalar(kind, None) => write!(formatter, "{}: {kind}", self.name),
            ParameterKind::Scalar(kind, Some(default)) => write!(formatter, "{}: {kind} = {default}", self.name),
            ParameterKind::Table(columns) => {
                write!(formatter, "{}: (", self.name)?;
                listed(formatter, columns, ", ")?;
                formatter.write_char(')')
            }
        }
    }
}

impl Display for ColumnDeclaration {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match (self.name.text.as_str(), self.kind.text.as_str()) {
            ("", "*") => formatter.write_char('*'),
            ("", _) => write!(formatter, "{}", self.kind),
            _ => write!(formatter, "{}: {}", self.name, self.kind),
        }
    }
}

impl Display for Setting {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=", self.name.text)?;
        match &self.value.kind {
            super::tree::ExpressionKind::Name(word) => formatter.write_str(word),
            _ => write!(formatter, "{}", self.value),
        }
    }
}

/// A name, in brackets where it has to be.
fn name(formatter: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let mut letters = text.chars();
    let first = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$');
    let rest = letters.all(|letter| letter.is_alphanumeric() || letter == '_');
    let free = !RESERVED.contains(&text) && !LEADING.contains(&text);
    if first && rest && free {
        return formatter.write_str(text);
    }
    write!(formatter, "[{}]", super::tree::literal::quoted(text))
}

fn listed<T: Display>(formatter: &mut Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            formatter.write_str(between)?;
        }
        write!(formatter, "{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
