//! A filter as text that parses to the same filter.

use std::fmt;

use super::lexer::{is_keyword, names_no_field};
use super::{FieldName, Filter, Literal, Pattern, Test};
use crate::terms::{Needle, NeedleKind};

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::All => f.write_str("*"),
            Filter::And(members) => write_joined(f, members, " ", |member| matches!(member, Filter::Or(_))),
            Filter::Or(members) => write_joined(f, members, " or ", |_| false),
            Filter::Not(inner) => write_not(f, inner),
            Filter::Text(test) => write_test(f, "", test),
            Filter::Field(name, test) => write!(f, "{name}").and_then(|()| write_test(f, ":", test)),
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.as_str();
        let plain = |c: char| c.is_alphanumeric() || "_.@$[]-".contains(c);
        let begins_plainly = |c: char| c.is_alphabetic() || "_@$".contains(c);
        let bare = name.starts_with(begins_plainly) && name.chars().all(plain);
        if bare && !is_keyword(name) && !names_no_field(name) { f.write_str(name) } else { write_quoted(f, name) }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, self.text())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.as_str().replace('/', "\\/"))
    }
}

impl fmt::Display for Needle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = match self.kind() {
            NeedleKind::Has => ("", ""),
            NeedleKind::Prefix => ("", "*"),
            NeedleKind::Suffix => ("*", ""),
            NeedleKind::Contains => ("*", "*"),
        };
        f.write_str(before)?;
        write_text(f, self.text())?;
        f.write_str(after)
    }
}

fn write_joined(
    f: &mut fmt::Formatter<'_>,
    members: &[Filter],
    separator: &str,
    in_brackets: impl Fn(&Filter) -> bool,
) -> fmt::Result {
    for (place, member) in members.iter().enumerate() {
        f.write_str(if place == 0 { "" } else { separator })?;
        if in_brackets(member) { write!(f, "({member})") } else { write!(f, "{member}") }?;
    }
    Ok(())
}

fn write_not(f: &mut fmt::Formatter<'_>, inner: &Filter) -> fmt::Result {
    match inner {
        Filter::Field(name, Test::Equals(literal)) => write!(f, "{name}!={literal}"),
        Filter::And(_) | Filter::Or(_) => write!(f, "-({inner})"),
        _ => write!(f, "-{inner}"),
    }
}

fn write_test(f: &mut fmt::Formatter<'_>, colon: &str, test: &Test) -> fmt::Result {
    match test {
        Test::Find(needle) => write!(f, "{colon}{needle}"),
        Test::Regex(pattern) => write!(f, "{colon}{pattern}"),
        Test::Equals(literal) => write!(f, "={literal}"),
        Test::Compare(order, literal) => write!(f, "{}{literal}", order.as_str()),
        Test::Exists => write!(f, "{colon}*"),
    }
}

/// Bare where a bare word reads as itself wherever it stands.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let plain = |c: char| c.is_alphanumeric() || "_.@-".contains(c);
    let bare = text.chars().all(plain) && !text.is_empty() && !text.starts_with('-') && !is_keyword(text);
    if bare { f.write_str(text) } else { write_quoted(f, text) }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
