//! The pieces a query's text falls into.

use super::span::Span;

/// A piece of the text and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or a word of the language, also `$left`.
    Name,
    /// `12`, `0x1F`.
    Long,
    /// `1.5`, `1e3`.
    Real,
    /// `7d`, `1.5h`, `100ms`.
    Timespan,
    /// A string in any of its spellings.
    Text,
    /// `datetime(…)`, `guid(…)`, `int(…)`: a literal with its type before it.
    Typed,
    /// One of [`SYMBOLS`].
    Symbol,
    /// A character that begins nothing.
    Unknown,
    /// The end of the text.
    End,
}

/// Longer ones before those they begin with.
pub const SYMBOLS: [&str; 33] = [
    "==", "=~", "=>", "!=", "!~", "<=", "<>", ">=", "..", "|", "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "=",
    "<", ">", "+", "-", "*", "/", "%", "!", "~", "?", "@", "#",
];

/// Types that may stand before a literal in parentheses.
pub const TYPES_OF_LITERALS: [&str; 14] = [
    "datetime", "date", "timespan", "time", "guid", "uuid", "uniqueid", "long", "int", "real", "double", "bool",
    "boolean", "decimal",
];
