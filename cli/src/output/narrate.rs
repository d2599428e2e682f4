//! The voice of the demo: steps, what the user would type, and whether it came out right.

use anstyle::{AnsiColor, Style};

use crate::exit::Failure;
use crate::output::Output;

/// Tells a story in numbered steps.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    step: u32,
    wrong: Vec<String>,
}

impl Narrator {
    /// The next step, and what it is about.
    pub(crate) fn step(&mut self, output: &mut Output, title: &str) -> Result<(), Failure> {
        self.step += 1;
        let title = output.styled(Style::new().bold(), &format!("{}. {title}", self.step));
        output.line("")?;
        output.line(&title)
    }

    /// Why, in words.
    pub(crate) fn why(&self, output: &mut Output, text: &str) -> Result<(), Failure> {
        output.line(&format!("   {text}"))
    }

    /// What the user would type.
    pub(crate) fn command(&self, output: &mut Output, command: &str) -> Result<(), Failure> {
        let prompt = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
        let line = output.styled(prompt, &format!("   $ {command}"));
        output.line(&line)?;
        // What the command says next on standard error stands below it.
        output.flush()
    }

    /// What must have come out; what did not is remembered.
    pub(crate) fn check(&mut self, output: &mut Output, right: bool, claim: &str) -> Result<(), Failure> {
        let (colour, mark) = if right { (AnsiColor::Green, "ok") } else { (AnsiColor::Red, "WRONG") };
        if !right {
            self.wrong.push(claim.to_owned());
        }
        let mark = output.styled(Style::new().bold().fg_color(Some(colour.into())), mark);
        output.line(&format!("   {mark}: {claim}"))
    }

    /// What did not come out right.
    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }
}
