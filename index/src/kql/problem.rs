//! What is wrong with a query: the construct by name, the place, and what would be right.

use std::fmt;

use super::span::{Span, line_and_column};

/// Why a query does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// The kind of trouble.
    pub cause: Cause,
    /// The construct, by its name: ``operator `scan` ``, `table SigninLog`.
    pub construct: String,
    /// One sentence.
    pub message: String,
    /// What would be right, where something is known.
    pub help: Option<String>,
}

/// The kinds of trouble a query can have; the summary of `logkeep kql check` counts by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// It is not KQL.
    Syntax,
    /// It is KQL, and logkeep cannot run it.
    Unsupported,
    /// A table, column or function has a name that nobody knows.
    Unknown,
    /// A value has a type that does not fit.
    Type,
    /// Something is said that contradicts itself or the rules of the language.
    Meaning,
    /// It is larger than a limit.
    Limit,
}

impl Cause {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Syntax => "syntax",
            Cause::Unsupported => "not supported",
            Cause::Unknown => "unknown name",
            Cause::Type => "type",
            Cause::Meaning => "meaning",
            Cause::Limit => "limit",
        }
    }
}

impl Problem {
    /// A problem with no help.
    pub fn new(cause: Cause, span: Span, construct: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { span, cause, construct: construct.into(), message: message.into(), help: None }
    }

    /// Text that is not KQL.
    pub fn syntax(span: Span, construct: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem::new(Cause::Syntax, span, construct, message)
    }

    /// KQL that logkeep does not run.
    pub fn unsupported(span: Span, construct: impl Into<String>) -> Problem {
        let construct = construct.into();
        let message = format!("{construct} is not supported");
        Problem::new(Cause::Unsupported, span, construct, message)
    }

    /// The same, with what would be right.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The same, with help if there is some.
    #[must_use]
    pub fn or_help(mut self, help: Option<String>) -> Problem {
        self.help = self.help.or(help);
        self
    }

    /// For people: the message, line and column, the line itself with a caret below, the help.
    pub fn render(&self, source: &str) -> String {
        let start = self.span.range().start.min(source.len());
        let (line, column) = line_and_column(source, start);
        let shown = Excerpt::of(source, line, column, self.span.of(source));
        let margin = line.to_string().len();
        let mut text = format!("{}\n{:margin$}--> line {line}, column {column}\n", self.message, "");
        text.push_str(&format!(
            "{line} | {}\n{:margin$} | {}{}",
            shown.line,
            "",
            " ".repeat(shown.indent),
            shown.carets
        ));
        if let Some(help) = &self.help {
            text.push_str(&format!("\n{:margin$} = {help}", ""));
        }
        text
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Characters of a line that are shown, at most.
const WIDTH_MAX: usize = 100;

/// The line of a problem, cut to a width, and where the carets go.
struct Excerpt {
    line: String,
    indent: usize,
    carets: String,
}

impl Excerpt {
    fn of(source: &str, line: usize, column: usize, wrong: &str) -> Excerpt {
        let whole = source.split('\n').nth(line - 1).unwrap_or_default().trim_end();
        let skipped = if column > WIDTH_MAX { column - WIDTH_MAX / 2 } else { 0 };
        let shown: String = whole.chars().skip(skipped).take(WIDTH_MAX).map(plain).collect();
        let indent = column - 1 - skipped;
        let wide = wrong.lines().next().unwrap_or_default().chars().count();
        let wide = wide.min(shown.chars().count().saturating_sub(indent)).max(1);
        Excerpt { line: shown, indent, carets: "^".repeat(wide) }
    }
}

/// Tabs and control characters would move the caret away from its place.
fn plain(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}
