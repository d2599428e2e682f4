//! The only place that prints: data to standard output, words to standard error.
//!
//! What comes out of records is escaped on a terminal ([`escape`]); through a pipe go the bytes as they are.

pub(crate) mod csv;
pub(crate) mod escape;
pub(crate) mod json;
pub(crate) mod narrate;
pub(crate) mod progress;
pub(crate) mod records;
pub(crate) mod table;

use std::env;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::args::Global;
use crate::exit::Failure;

/// What a terminal is taken for that does not say.
const WIDTH_UNKNOWN: usize = 100;
/// Narrower ones are treated as if they were this wide.
const WIDTH_MIN: usize = 40;

/// Where a command's data and words go.
pub(crate) struct Output {
    data: BufWriter<Stdout>,
    /// Whether data go to a terminal.
    pub(crate) to_terminal: bool,
    words_to_terminal: bool,
    coloured: bool,
    quiet: bool,
    verbose: bool,
    /// Whether data are dropped.
    muted: bool,
}

impl Output {
    /// The output as the command line and the environment want it.
    pub(crate) fn new(global: &Global) -> Output {
        let coloured = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|term| term != "dumb");
        Output {
            data: BufWriter::with_capacity(64 << 10, io::stdout()),
            to_terminal: io::stdout().is_terminal(),
            words_to_terminal: io::stderr().is_terminal(),
            coloured,
            quiet: global.quiet,
            verbose: global.verbose,
            muted: false,
        }
    }

    /// Data as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.muted {
            return Ok(());
        }
        Ok(self.data.write_all(bytes)?)
    }

    /// Data out of records: as they are, but on a terminal without what acts on it.
    pub(crate) fn foreign(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.to_terminal {
            return self.bytes(escape::lines(&String::from_utf8_lossy(bytes)).as_bytes());
        }
        self.bytes(bytes)
    }

    /// A line of data.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    /// A line of data, dim on a terminal.
    pub(crate) fn dim_line(&mut self, line: &str) -> Result<(), Failure> {
        let line = self.styled(Style::new().dimmed(), line);
        self.line(&line)
    }

    /// The text in a style, if data go to a terminal that shows colours.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        painted(self.to_terminal && self.coloured, style, text)
    }

    /// Sends the data on their way.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.data.flush()?)
    }

    /// Words: what was done, unless nobody wants to know.
    pub(crate) fn say(&mut self, text: &str) {
        if !self.quiet {
            self.words(text);
        }
    }

    /// Words for who wants to know more.
    pub(crate) fn detail(&mut self, text: &str) {
        if self.verbose {
            self.words(text);
        }
    }

    /// What the user can do about what was said before.
    pub(crate) fn hint(&mut self, text: &str) {
        let label = self.label(AnsiColor::Cyan, "hint:");
        self.say(&format!("{label} {text}"));
    }

    /// Words that have to be read.
    pub(crate) fn warn(&mut self, text: &str) {
        let label = self.label(AnsiColor::Yellow, "warning:");
        self.words(&format!("{label} {text}"));
    }

    /// Why it did not work, and what to do about it.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let label = self.label(AnsiColor::Red, "error:");
        self.words(&format!("{label} {failure}"));
        for hint in failure.hints() {
            let label = self.label(AnsiColor::Cyan, "hint:");
            self.words(&format!("{label} {hint}"));
        }
    }

    /// Whether only what is wrong is to be said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether more is to be said than most want to know.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Drops all data from now on; warnings and failures are still said.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    /// Waits so long, or until nobody can read the data any more; whether somebody can.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let stdout = io::stdout();
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        let timeout = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
        // An error is a signal that came meanwhile: whoever waits looks for that by itself.
        let polled = poll(&mut watched, Some(&timeout));
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        polled.is_err() || !watched.iter().any(|watched| watched.revents().intersects(gone))
    }

    /// Whether progress is worth showing.
    pub(crate) fn shows_progress(&self) -> bool {
        self.words_to_terminal && !self.quiet
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> usize {
        let said = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let found = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        said.or_else(found).unwrap_or(WIDTH_UNKNOWN).max(WIDTH_MIN)
    }

    fn label(&self, colour: AnsiColor, text: &str) -> String {
        let style = Style::new().bold().fg_color(Some(colour.into()));
        painted(self.words_to_terminal && self.coloured, style, text)
    }

    /// Data first, so that on a terminal both come in the order in which they were said. Nobody is left to be told
    /// if standard error cannot be written.
    fn words(&mut self, text: &str) {
        let _ = self.data.flush();
        let text = if self.words_to_terminal { escape::words(text) } else { text.to_owned() };
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Words from beside the command's own thread: they begin a line of their own, after the `^C` of a terminal.
pub(crate) fn aside(text: &str) {
    let start = if io::stderr().is_terminal() { "\n" } else { "" };
    let _ = writeln!(io::stderr(), "{start}{text}");
}

fn painted(coloured: bool, style: Style, text: &str) -> String {
    if coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
