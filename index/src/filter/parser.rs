//! A filter's text as a tree.

use std::iter::Peekable;
use std::ops::Range;
use std::str::FromStr;
use std::vec::IntoIter;

use super::lexer::{Operator, Text, Token, TokenKind, tokens};
use super::{FieldName, Filter, Literal, ParseError, Pattern, Test};
use crate::terms::{Needle, NeedleKind};

/// The longest text of a filter, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most brackets and negations around one test.
pub const NESTING_MAX: usize = 64;
/// The most tests in one filter.
pub const CLAUSES_MAX: usize = 1024;
/// The most regular expressions in one filter: each may take 1 MiB.
pub const REGEXES_MAX: usize = 64;

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Filter, ParseError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ParseError::new(
                0..text.len(),
                format!("a filter of {} bytes; at most {TEXT_BYTES_MAX} are read", text.len()),
            ));
        }
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Err(ParseError::new(0..text.len(), "the filter is empty").hint("write * for everything"));
        }
        let mut parser =
            Parser { tokens: tokens.into_iter().peekable(), end: text.len(), depth: 0, clauses: 0, regexes: 0 };
        let filter = parser.expression(Power::Or, None)?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(token) => {
                Err(ParseError::new(token.at, "this bracket closes nothing").hint("open it before, or quote it: \")\""))
            }
        }
    }
}

/// How strongly an operator binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Or,
    And,
    Not,
}

/// The field that a value in brackets belongs to.
type Context<'a> = Option<&'a (String, Operator)>;

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    end: usize,
    depth: usize,
    clauses: usize,
    regexes: usize,
}

impl Parser {
    /// Everything that binds at least as strongly as `power`.
    fn expression(&mut self, power: Power, field: Context<'_>) -> Result<Filter, ParseError> {
        if power == Power::Not {
            return self.operand(field);
        }
        let tighter = if power == Power::Or { Power::And } else { Power::Not };
        let mut members = vec![self.expression(tighter, field)?];
        while self.continues(power) {
            members.push(self.expression(tighter, field)?);
        }
        Ok(if power == Power::Or { Filter::or(members) } else { Filter::and(members) })
    }

    /// Whether another member of an `or` or `and` follows; its sign is taken, if it has one.
    fn continues(&mut self, power: Power) -> bool {
        match (power, self.tokens.peek().map(|token| &token.kind)) {
            (_, None | Some(TokenKind::Close)) => false,
            (Power::Or, Some(kind)) => *kind == TokenKind::Or && self.tokens.next().is_some(),
            (_, Some(TokenKind::And)) => self.tokens.next().is_some(),
            (_, Some(kind)) => *kind != TokenKind::Or,
        }
    }

    /// A negation, a bracket or a test.
    fn operand(&mut self, field: Context<'_>) -> Result<Filter, ParseError> {
        let Some(token) = self.tokens.next() else {
            return Err(self.ends_early());
        };
        match token.kind {
            TokenKind::Not => self.deeper(&token.at, |parser| Ok(Filter::not(parser.operand(field)?))),
            TokenKind::Open => self.deeper(&token.at, |parser| parser.bracket(token.at.clone(), field)),
            TokenKind::Field(name, operator) if field.is_none() => self.field(token.at, name, operator),
            TokenKind::Field(name, operator) => {
                Err(ParseError::new(token.at, "a field within another field's brackets")
                    .hint(format!("a text with this sign must be quoted: \"{name}{}…\"", operator.as_str())))
            }
            TokenKind::And | TokenKind::Or | TokenKind::Close => Err(unexpected(&token)),
            _ => self.test(token, field),
        }
    }

    fn deeper(
        &mut self,
        at: &Range<usize>,
        inner: impl FnOnce(&mut Parser) -> Result<Filter, ParseError>,
    ) -> Result<Filter, ParseError> {
        if self.depth == NESTING_MAX {
            return Err(ParseError::new(
                at.clone(),
                format!("more than {NESTING_MAX} brackets and negations in each other"),
            ));
        }
        self.depth += 1;
        let filter = inner(self);
        self.depth -= 1;
        filter
    }

    /// What follows an opened bracket, up to the closing one.
    fn bracket(&mut self, opened: Range<usize>, field: Context<'_>) -> Result<Filter, ParseError> {
        let unclosed = || {
            ParseError::new(opened.clone(), "this bracket is never closed").hint("close it with ), or quote it: \"(\"")
        };
        match self.tokens.peek() {
            None => return Err(unclosed()),
            Some(token) if token.kind == TokenKind::Close => {
                return Err(ParseError::new(opened.start..token.at.end, "nothing between the brackets"));
            }
            Some(_) => {}
        }
        let filter = self.expression(Power::Or, field)?;
        match self.tokens.next() {
            Some(_) => Ok(filter),
            None => Err(unclosed()),
        }
    }

    fn field(&mut self, at: Range<usize>, name: String, operator: Operator) -> Result<Filter, ParseError> {
        let field = (name, operator);
        match self.tokens.next() {
            Some(token) if token.kind == TokenKind::Open => {
                let inside =
                    |parser: &mut Parser| parser.bracket(token.at.clone(), Some(&(field.0, positive(operator))));
                let filter = self.deeper(&at, inside)?;
                Ok(if operator == Operator::Differs { Filter::not(filter) } else { filter })
            }
            Some(token) => self.test(token, Some(&field)),
            None => Err(self.ends_early()),
        }
    }

    /// One test, of the field if there is one.
    fn test(&mut self, token: Token, field: Context<'_>) -> Result<Filter, ParseError> {
        self.count(&token)?;
        let Some((name, operator)) = field else {
            return if token.kind == TokenKind::Star { Ok(Filter::All) } else { find(token).map(Filter::Text) };
        };
        let test = match operator {
            Operator::Finds => find(token)?,
            Operator::Compares(order) => Test::Compare(*order, literal(token, *operator)?),
            Operator::Equals | Operator::Differs => Test::Equals(literal(token, *operator)?),
        };
        let filter = Filter::Field(FieldName::new(name), test);
        Ok(if *operator == Operator::Differs { Filter::not(filter) } else { filter })
    }

    fn count(&mut self, token: &Token) -> Result<(), ParseError> {
        self.clauses += 1;
        self.regexes += usize::from(matches!(token.kind, TokenKind::Regex(_)));
        let over = |what: String| Err(ParseError::new(token.at.clone(), what));
        match () {
            () if self.clauses > CLAUSES_MAX => over(format!("more than {CLAUSES_MAX} tests in a filter")),
            () if self.regexes > REGEXES_MAX => {
                over(format!("more than {REGEXES_MAX} regular expressions in a filter"))
            }
            () => Ok(()),
        }
    }

    fn ends_early(&self) -> ParseError {
        ParseError::new(self.end..self.end, "the filter ends where something to find should follow")
    }
}

/// Within the brackets of `!=`, each value is compared with `=`, and the whole is negated.
fn positive(operator: Operator) -> Operator {
    if operator == Operator::Differs { Operator::Equals } else { operator }
}

/// A test for a part of a value.
fn find(token: Token) -> Result<Test, ParseError> {
    match token.kind {
        TokenKind::Star => Ok(Test::Exists),
        TokenKind::Text(text) if text.text.is_empty() => {
            Err(ParseError::new(token.at, "an empty text is found everywhere")
                .hint("write * for everything, field=\"\" for an empty value"))
        }
        TokenKind::Text(text) => Ok(Test::Find(needle(&text))),
        TokenKind::Regex(pattern) => Pattern::new(&pattern)
            .map(Test::Regex)
            .map_err(|error| ParseError::new(token.at, "this regular expression cannot be read").hint(error)),
        _ => Err(unexpected(&token)),
    }
}

fn needle(text: &Text) -> Needle {
    let kind = match (text.star_before, text.star_after) {
        (false, false) => NeedleKind::Has,
        (false, true) => NeedleKind::Prefix,
        (true, false) => NeedleKind::Suffix,
        (true, true) => NeedleKind::Contains,
    };
    Needle::new(kind, &text.text)
}

/// The right side of a comparison.
fn literal(token: Token, operator: Operator) -> Result<Literal, ParseError> {
    match token.kind {
        TokenKind::Text(text) if !text.star_before && !text.star_after => Ok(Literal::new(&text.text)),
        TokenKind::Text(_) | TokenKind::Star | TokenKind::Regex(_) => Err(ParseError::new(
            token.at,
            format!("`{}` compares with a whole value, not with stars or a regular expression", operator.as_str()),
        )
        .hint("write `:` before them; quote what is meant as text")),
        _ => Err(unexpected(&token)),
    }
}

fn unexpected(token: &Token) -> ParseError {
    let (what, hint) = match token.kind {
        TokenKind::And => ("`and` has nothing on one side", "as a text: \"and\""),
        TokenKind::Or => ("`or` has nothing on one side", "as a text: \"or\""),
        TokenKind::Close => {
            ("this bracket closes too early, or nothing", "something to find must stand before it; as a text: \")\"")
        }
        _ => ("a value is missing here", "as a text it must be quoted"),
    };
    ParseError::new(token.at.clone(), what).hint(hint)
}

#[cfg(test)]
mod tests;
