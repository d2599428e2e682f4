//! A filter's text as tokens with their places.

use std::ops::Range;

use super::{Order, ParseError};

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Open,
    Close,
    And,
    Or,
    Not,
    /// A field's name with the operator after it.
    Field(String, Operator),
    /// `*`
    Star,
    Text(Text),
    /// What stood between slashes, flags written into it.
    Regex(String),
}

/// A word or a quoted text, with what its stars said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) star_before: bool,
    pub(crate) star_after: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `:`
    Finds,
    /// `=`, `==`
    Equals,
    /// `!=`
    Differs,
    Compares(Order),
}

impl Operator {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Operator::Finds => ":",
            Operator::Equals => "=",
            Operator::Differs => "!=",
            Operator::Compares(order) => order.as_str(),
        }
    }
}

/// Reads the whole text.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while lexer.skip_spaces() {
        lexer.token()?;
    }
    Ok(lexer.tokens)
}

/// Whether a bare word is an operator and not a text.
pub(crate) fn is_keyword(word: &str) -> bool {
    keyword(word).is_some()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether something follows.
    fn skip_spaces(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at < self.text.len()
    }

    fn push(&mut self, start: usize, kind: TokenKind) {
        self.tokens.push(Token { kind, at: start..self.at });
    }

    fn token(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        match self.peek() {
            Some('(') => self.sign(TokenKind::Open),
            Some(')') => self.sign(TokenKind::Close),
            Some('-' | '!') if operator_length(rest) == 0 => self.negation(),
            Some('"' | '\'') => self.quoted(),
            Some('`') => self.quoted_name(),
            Some('*') if rest.starts_with("*\"") || rest.starts_with("*'") => self.quoted(),
            Some('/') => self.regex(),
            _ if operator_length(rest) > 0 => Err(self.operator_without_field()),
            _ => self.word(),
        }
    }

    fn sign(&mut self, kind: TokenKind) -> Result<(), ParseError> {
        self.at += 1;
        self.push(self.at - 1, kind);
        Ok(())
    }

    fn negation(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        self.at += 1;
        if self.peek().is_none_or(|c| c.is_whitespace() || c == ')') {
            let sign = self.text.get(start..self.at).unwrap_or_default();
            return Err(ParseError::new(start..self.at, format!("`{sign}` stands before nothing"))
                .hint(format!("write it right before what must not be found: {sign}Teams; as a text: \"{sign}\"")));
        }
        self.push(start, TokenKind::Not);
        Ok(())
    }

    fn operator_without_field(&self) -> ParseError {
        let length = operator_length(self.rest());
        let operator = self.rest().get(..length).unwrap_or_default();
        ParseError::new(self.at..self.at + length, format!("no field's name before `{operator}`"))
            .hint(format!("write field{operator}value; as a text: \"{operator}\""))
    }

    /// A bare word: a text, a keyword or a field's name.
    fn word(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let word = self.rest();
        let word = word.get(..word_length(word)).unwrap_or_default();
        let length = if names_no_field(word) { word.len() } else { name_length(word) };
        self.at += length;
        let name = word.get(..length).unwrap_or_default();
        let adjacent = operator_length(self.rest()) > 0;
        match keyword(name) {
            Some(kind) if !adjacent => self.push(start, kind),
            _ if self.operator_follows() => return self.field(start, name.to_owned()),
            _ => {
                let token = bare_text(name, start)?;
                self.push(start, token);
            }
        }
        Ok(())
    }

    /// Whether an operator comes next, spaces aside.
    fn operator_follows(&self) -> bool {
        operator_length(self.rest().trim_start()) > 0
    }

    /// The operator after a field's name, and the value if that is one token.
    fn field(&mut self, start: usize, name: String) -> Result<(), ParseError> {
        if name.is_empty() {
            return Err(ParseError::new(start..self.at, "a field's name is empty"));
        }
        self.skip_spaces();
        let operator = self.operator()?;
        self.push(start, TokenKind::Field(name, operator));
        let operator_end = self.at;
        self.skip_spaces();
        match self.peek() {
            Some('(') => Ok(()),
            Some('"' | '\'') => self.quoted_value(),
            Some('*') if matches!(self.rest().as_bytes(), [b'*', b'"' | b'\'', ..]) => self.quoted_value(),
            Some('/') => self.regex(),
            Some(_) => self.bare_value(operator, operator_end),
            None => Err(value_missing(operator, operator_end)),
        }
    }

    fn operator(&mut self) -> Result<Operator, ParseError> {
        let start = self.at;
        self.at += operator_length(self.rest());
        let written = self.text.get(start..self.at).unwrap_or_default();
        match written {
            ":" => Ok(Operator::Finds),
            "=" | "==" => Ok(Operator::Equals),
            "!=" => Ok(Operator::Differs),
            "<" => Ok(Operator::Compares(Order::Less)),
            "<=" => Ok(Operator::Compares(Order::LessOrEqual)),
            ">" => Ok(Operator::Compares(Order::Greater)),
            ">=" => Ok(Operator::Compares(Order::GreaterOrEqual)),
            _ => Err(ParseError::new(start..self.at, format!("unknown operator `{written}`")).hint(nearest(written))),
        }
    }

    fn bare_value(&mut self, operator: Operator, operator_end: usize) -> Result<(), ParseError> {
        let start = self.at;
        let word = self.rest();
        let word = word.get(..word_length(word)).unwrap_or_default();
        if word.is_empty() || (start > operator_end && is_keyword(word)) {
            return Err(value_missing(operator, operator_end));
        }
        self.at += word.len();
        let token = if operator == Operator::Finds {
            bare_text(word, start)?
        } else if word.contains('*') {
            return Err(ParseError::new(start..self.at, format!("`{}` compares the whole value", operator.as_str()))
                .hint(format!("write field:{word} to find a part, or \"{word}\" if the star is meant")));
        } else {
            TokenKind::Text(Text { text: word.to_owned(), star_before: false, star_after: false })
        };
        self.push(start, token);
        Ok(())
    }

    /// A quoted text, or a quoted field's name if an operator follows.
    fn quoted(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let text = self.quoted_text()?;
        if !text.star_before && !text.star_after && self.operator_follows() {
            return self.field(start, text.text);
        }
        self.push(start, TokenKind::Text(text));
        Ok(())
    }

    fn quoted_value(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let text = self.quoted_text()?;
        self.push(start, TokenKind::Text(text));
        Ok(())
    }

    fn quoted_name(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let name = self.delimited('`')?;
        if !self.operator_follows() {
            return Err(ParseError::new(start..self.at, "backticks are for a field's name, and no operator follows")
                .hint(format!("write `{name}`:value, or \"{name}\" for a text")));
        }
        self.field(start, name)
    }

    fn quoted_text(&mut self) -> Result<Text, ParseError> {
        let star_before = self.skip_star();
        let text = self.delimited(if self.peek() == Some('\'') { '\'' } else { '"' })?;
        let star_after = self.skip_star();
        Ok(Text { text, star_before, star_after })
    }

    fn skip_star(&mut self) -> bool {
        let star = self.peek() == Some('*');
        self.at += usize::from(star);
        star
    }

    /// The text up to the next `quote`; a backslash escapes that and itself.
    fn delimited(&mut self, quote: char) -> Result<String, ParseError> {
        let start = self.at;
        let mut text = String::new();
        let mut rest = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = rest.next() {
            if c == quote {
                self.at = start + at + c.len_utf8();
                return Ok(text);
            }
            let escaped = if c == '\\' { rest.next_if(|&(_, next)| next == quote || next == '\\') } else { None };
            text.push(escaped.map_or(c, |(_, escaped)| escaped));
        }
        Err(ParseError::new(start..start + 1, format!("this {quote} is never closed"))
            .hint(format!("close it with another {quote}; inside, \\{quote} is a quote and \\\\ a backslash")))
    }

    fn regex(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        let length = self.regex_length().ok_or_else(|| {
            ParseError::new(start..start + 1, "this / begins a regular expression that is never closed")
                .hint("close it with another /; a text that begins with / must be quoted: \"/subscriptions/…\"")
        })?;
        let pattern = self.text.get(start + 1..start + length - 1).unwrap_or_default();
        self.at += length;
        let flags = self.rest();
        let flags = flags.get(..word_length(flags)).unwrap_or_default();
        self.at += flags.len();
        let pattern = match flags {
            "" if !pattern.is_empty() => pattern.to_owned(),
            "i" if !pattern.is_empty() => format!("(?i){pattern}"),
            _ => return Err(not_a_regex(start..self.at, pattern, flags)),
        };
        self.push(start, TokenKind::Regex(pattern));
        Ok(())
    }

    /// From the slash that opens to behind the one that closes.
    fn regex_length(&self) -> Option<usize> {
        let mut rest = self.rest().char_indices().skip(1);
        while let Some((at, c)) = rest.next() {
            match c {
                '/' => return Some(at + 1),
                '\\' => rest.next().map(drop)?,
                _ => {}
            }
        }
        None
    }
}

/// How far a word goes: to a space, a bracket or a quote.
fn word_length(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(text.len())
}

/// How much of a word is before its first operator.
fn name_length(word: &str) -> usize {
    let starts = word.char_indices().map(|(at, _)| at);
    starts
        .take_while(|&at| operator_length(word.get(at..).unwrap_or_default()) == 0)
        .last()
        .map_or(0, |last| last + word.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8))
}

/// The length of the operator, known or not, that a text begins with; 0 if it begins with none.
fn operator_length(text: &str) -> usize {
    let length = text.bytes().take_while(|byte| b":=!<>~".contains(byte)).count();
    match text.as_bytes() {
        [b':' | b'=' | b'<' | b'>', ..] | [b'!', b'=' | b'~', ..] => length,
        _ => 0,
    }
}

/// Whether a word with a colon is a text all the same: `https://x`, `a::b`, `12:30`, `404:x`,
/// `fe80:0::1`, `aa:bb:cc:00:11:22`.
pub(crate) fn names_no_field(word: &str) -> bool {
    let Some((name, rest)) = word.split_once(':') else {
        return false;
    };
    let before_operators = !name.contains(['=', '<', '>']);
    let colons = word.bytes().filter(|&byte| byte == b':').count();
    let is_hex = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '%' | '/');
    before_operators
        && (rest.starts_with("//")
            || rest.starts_with(':')
            || name.starts_with(|c: char| c.is_ascii_digit())
            || (colons >= 2 && word.chars().all(is_hex)))
}

fn keyword(word: &str) -> Option<TokenKind> {
    let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
    match () {
        () if is("and") => Some(TokenKind::And),
        () if is("or") => Some(TokenKind::Or),
        () if is("not") => Some(TokenKind::Not),
        () => None,
    }
}

fn bare_text(word: &str, start: usize) -> Result<TokenKind, ParseError> {
    let at = start..start + word.len();
    let hint = match word {
        "*" => return Ok(TokenKind::Star),
        "&&" | "&" => "write `and`, or nothing: what stands side by side must all be found",
        "||" => "write `or`",
        "|" => "the quick filter has no pipes; as a text: \"|\"",
        _ => "",
    };
    if !hint.is_empty() {
        return Err(ParseError::new(at, format!("unknown operator `{word}`")).hint(hint));
    }
    let (star_before, inner) = word.strip_prefix('*').map_or((false, word), |inner| (true, inner));
    let (star_after, inner) = inner.strip_suffix('*').map_or((false, inner), |inner| (true, inner));
    if inner.contains('*') || inner.is_empty() {
        return Err(ParseError::new(at, "a star can only stand first and last in a word").hint(format!(
            "write a regular expression: /{}/; or \"{word}\" if the star is meant",
            regex::escape(inner).replace("\\*", ".*").replace('/', "\\/")
        )));
    }
    Ok(TokenKind::Text(Text { text: inner.to_owned(), star_before, star_after }))
}

fn not_a_regex(at: Range<usize>, pattern: &str, flags: &str) -> ParseError {
    if pattern.is_empty() {
        return ParseError::new(at, "an empty regular expression").hint("a text that begins with / must be quoted");
    }
    ParseError::new(at, format!("`{flags}` cannot follow a regular expression")).hint(
        "a text that begins with / must be quoted: \"/subscriptions/…\"; \
         within a regular expression write \\/; the only flag is i",
    )
}

fn value_missing(operator: Operator, at: usize) -> ParseError {
    let operator = operator.as_str();
    ParseError::new(at..at, format!("no value after `{operator}`")).hint(
        "write field:* if the field must only be there, field=\"\" if it must be empty; \
         a text with this sign must be quoted",
    )
}

/// What to write for an operator of another language.
fn nearest(operator: &str) -> &'static str {
    match operator {
        "=~" => "write `:` to find words in any case, `=` for the whole value in this case",
        "!~" | "!:" | ":!" => "write -field:value",
        "=>" | ":>=" => "write `>=`",
        "=<" | ":<=" => "write `<=`",
        ":>" => "write `>`",
        ":<" => "write `<`",
        "<>" | "=!" | "!==" => "write `!=`",
        "===" | ":=" | ":==" => "write `=`",
        _ => "known are : = != > >= < <=; a value that begins with one of their signs must be quoted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens in short: `T` text, `F` field, `R` regex, stars where they stand.
    fn check(text: &str, expected: &str) {
        let short = |token: Token| match token.kind {
            TokenKind::Open => "(".to_owned(),
            TokenKind::Close => ")".to_owned(),
            TokenKind::And => "AND".to_owned(),
            TokenKind::Or => "OR".to_owned(),
            TokenKind::Not => "NOT".to_owned(),
            TokenKind::Star => "*".to_owned(),
            TokenKind::Field(name, operator) => format!("F[{name}]{}", operator.as_str()),
            TokenKind::Regex(pattern) => format!("R[{pattern}]"),
            TokenKind::Text(text) => {
                let star = |star| if star { "*" } else { "" };
                format!("T{}[{}]{}", star(text.star_before), text.text, star(text.star_after))
            }
        };
        let found: Vec<String> = tokens(text).unwrap().into_iter().map(short).collect();
        assert_eq!(found.join(" "), expected, "{text:?}");
    }

    #[test]
    fn words_and_quotes() {
        check("anna 50126 -Teams !x", "T[anna] T[50126] NOT T[Teams] NOT T[x]");
        check("a AND b Or not c", "T[a] AND T[b] OR NOT T[c]");
        check("pre* *suf *mid* *", "T[pre]* T*[suf] T*[mid]* *");
        check(r#""a \"b\" \\ C:\new" 'x y'*"#, r#"T[a "b" \ C:\new] T[x y]*"#);
        check(r"CONTOSO\anna o'brien a-b hello!", r"T[CONTOSO\anna] T[o'brien] T[a-b] T[hello!]");
        check("*\"a b\"* (a)", "T*[a b]* ( T[a] )");
    }

    #[test]
    fn fields() {
        check("a.b:c a=b a==b a!=b", "F[a.b]: T[c] F[a]= T[b] F[a]= T[b] F[a]!= T[b]");
        check("d>500 d >= -5 d<x d<= 1", "F[d]> T[500] F[d]>= T[-5] F[d]< T[x] F[d]<= T[1]");
        check("a: b  a : \"b c\"*", "F[a]: T[b] F[a]: T[b c]*");
        check("a:* a:(x or y) a:/r/", "F[a]: * F[a]: ( T[x] OR T[y] ) F[a]: R[r]");
        check("\"odd name\":x `a b`=y", "F[odd name]: T[x] F[a b]= T[y]");
        check("a:not a:b:c=d/e t>2024-09-19T10:00:00Z", "F[a]: T[not] F[a]: T[b:c=d/e] F[t]> T[2024-09-19T10:00:00Z]");
        check("and:x x[].y:z @odata.type:q", "F[and]: T[x] F[x[].y]: T[z] F[@odata.type]: T[q]");
    }

    #[test]
    fn colons_that_are_text() {
        check("https://x.com/?a=b 12:30:00 404:x", "T[https://x.com/?a=b] T[12:30:00] T[404:x]");
        check("fe80:0::1 2001:db8::/32 aa:bb:cc:dd:ee:ff", "T[fe80:0::1] T[2001:db8::/32] T[aa:bb:cc:dd:ee:ff]");
        check("Micro::soft a=b::c", "T[Micro::soft] F[a]= T[b::c]");
    }

    #[test]
    fn regexes() {
        check(r"/re.*gex/ /a\/b c/i /[(]x/)", r"R[re.*gex] R[(?i)a\/b c] R[[(]x] )");
    }

    #[test]
    fn places_are_bytes() {
        let found = tokens("é a:\"b\"").unwrap();
        let places: Vec<_> = found.into_iter().map(|token| token.at).collect();
        assert_eq!(places, [0..2, 3..5, 5..8]);
    }
}
