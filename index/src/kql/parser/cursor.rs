//! The place in the tokens, and the questions a parser asks there.

use super::{DEPTH_MAX, PROBLEMS_MAX, Parsed};
use crate::kql::nearest::nearest;
use crate::kql::problem::{Cause, Problem};
use crate::kql::span::Span;
use crate::kql::token::{Token, TokenKind};
use crate::kql::tree::Name;

const END: Token = Token { kind: TokenKind::End, span: Span { start: 0, end: 0 } };

pub(super) struct Cursor<'q> {
    pub(super) source: &'q str,
    tokens: &'q [Token],
    place: usize,
    depth: usize,
    problems: Vec<Problem>,
}

impl<'q> Cursor<'q> {
    pub(super) fn new(source: &'q str, tokens: &'q [Token]) -> Cursor<'q> {
        Cursor { source, tokens, place: 0, depth: 0, problems: Vec::new() }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn note(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    pub(super) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The token so many places ahead.
    pub(super) fn peek_at(&self, ahead: usize) -> Token {
        self.tokens.get(self.place + ahead).or(self.tokens.last()).copied().unwrap_or(END)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.place = (self.place + 1).min(self.tokens.len());
        token
    }

    /// The last token that was taken.
    pub(super) fn last_span(&self) -> Span {
        self.place.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(END.span, |token| token.span)
    }

    /// From the start of `span` to the last token that was taken.
    pub(super) fn since(&self, span: Span) -> Span {
        let end = self.last_span();
        if end.end < span.start { span } else { span.to(end) }
    }

    pub(super) fn text(&self, token: Token) -> &'q str {
        token.span.of(self.source)
    }

    pub(super) fn peek_text(&self) -> &'q str {
        self.text(self.peek())
    }

    pub(super) fn at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    pub(super) fn at(&self, symbol: &str) -> bool {
        self.is(0, symbol)
    }

    /// Whether that symbol stands so many places ahead.
    pub(super) fn is(&self, ahead: usize, symbol: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == TokenKind::Symbol && self.text(token) == symbol
    }

    /// Whether that word stands so many places ahead.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == TokenKind::Name && self.text(token) == word
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.is_word(0, word)
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.at(symbol);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect(&mut self, symbol: &str, within: &str) -> Parsed<Span> {
        if self.at(symbol) {
            return Ok(self.next().span);
        }
        Err(self.unexpected(&format!("`{symbol}`"), within))
    }

    pub(super) fn expect_word(&mut self, word: &str, within: &str) -> Parsed<Span> {
        if self.at_word(word) {
            return Ok(self.next().span);
        }
        let problem = self.unexpected(&format!("`{word}`"), within);
        Err(problem.or_help(nearest(self.peek_text(), [word]).map(|word| format!("did you mean `{word}`?"))))
    }

    /// What stands here is not what has to.
    pub(super) fn unexpected(&self, wanted: &str, within: &str) -> Problem {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the query ends".to_owned(),
            _ => format!("found `{}`", shortened(self.text(token))),
        };
        Problem::syntax(token.span, within, format!("{wanted} wanted in {within}, {found}"))
    }

    /// A name, in brackets or not.
    pub(super) fn name(&mut self, within: &str) -> Parsed<Name> {
        if self.at("[") && self.peek_at(1).kind == TokenKind::Text && self.is(2, "]") {
            return self.bracketed();
        }
        let token = self.peek();
        if token.kind != TokenKind::Name {
            return Err(self.unexpected("a name", within));
        }
        self.next();
        Ok(Name { text: self.text(token).to_owned(), span: token.span })
    }

    pub(super) fn at_name(&self) -> bool {
        self.name_length() > 0
    }

    /// Tokens of the name that begins here: 1, with brackets 3, or 0.
    pub(super) fn name_length(&self) -> usize {
        let bracketed = self.at("[") && self.peek_at(1).kind == TokenKind::Text && self.is(2, "]");
        if bracketed { 3 } else { usize::from(self.peek().kind == TokenKind::Name) }
    }

    fn bracketed(&mut self) -> Parsed<Name> {
        let start = self.next().span;
        let text = super::text::text(self)?;
        let end = self.expect("]", "a name in brackets")?;
        Ok(Name { text, span: start.to(end) })
    }

    /// `mv-expand`, `hint.shufflekey`, `granny-asc`: words joined by `-` or `.` without blanks.
    pub(super) fn joined(&mut self, joint: &str, within: &str) -> Parsed<Name> {
        let first = self.peek();
        if first.kind != TokenKind::Name {
            return Err(self.unexpected("a word", within));
        }
        let mut last = self.next();
        while self.at(joint) && self.touches(last.span, 0) && self.touches(self.peek().span, 1) {
            if self.peek_at(1).kind != TokenKind::Name {
                break;
            }
            self.next();
            last = self.next();
        }
        let span = first.span.to(last.span);
        Ok(Name { text: span.of(self.source).to_owned(), span })
    }

    /// Whether the token so many places ahead begins where `before` ends.
    pub(super) fn touches(&self, before: Span, ahead: usize) -> bool {
        self.peek_at(ahead).span.start == before.end
    }

    /// Runs `inner` one level deeper, or says that this is too deep.
    pub(super) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Cursor<'q>) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} levels of parentheses, functions and pipelines");
            return Err(Problem::new(Cause::Limit, self.peek().span, "nesting that deep", message));
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    /// Skips to a `symbols` token of this level, or to what closes the level.
    pub(super) fn skip_to(&mut self, symbols: &[&str]) {
        let mut open = 0_usize;
        loop {
            let token = self.peek();
            match (token.kind, self.text(token)) {
                (TokenKind::End, _) => return,
                (TokenKind::Symbol, text) if open == 0 && symbols.contains(&text) => return,
                (TokenKind::Symbol, "(" | "[" | "{") => open += 1,
                (TokenKind::Symbol, ")" | "]" | "}") if open == 0 => return,
                (TokenKind::Symbol, ")" | "]" | "}") => open -= 1,
                _ => {}
            }
            self.next();
        }
    }
}

/// A token as a message shows it.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 40 { line.to_owned() } else { line.chars().take(39).chain(['…']).collect() }
}
