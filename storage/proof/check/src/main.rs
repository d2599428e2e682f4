//! `logkeep-check`: checks a proof bundle with nothing but the bundle and, better, your own policy.
//!
//! It reads the files it is given and nothing else: no archive, no network, no clock. What it does
//! is in `logkeep_proof::bundle`, what the answers mean in `docs/bundle.md`.

mod answer;
mod args;
mod export;
mod json;
mod text;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use answer::Answer;
use args::{Args, HELP, Order, Output};

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            // Where standard error is closed, the code still says it.
            let _ = writeln!(std::io::stderr(), "logkeep-check: {why}");
            ExitCode::from(2)
        }
    }
}

/// Gives the exit code; an error is wrong usage or a file that cannot be read or written.
fn run(args: impl Iterator<Item = OsString>) -> Result<u8, String> {
    match args::parse(args)? {
        Order::Help => print(HELP).map(|()| 0),
        Order::Version => print(concat!("logkeep-check ", env!("CARGO_PKG_VERSION"), "\n")).map(|()| 0),
        Order::Check(args) => check(&args),
    }
}

fn check(args: &Args) -> Result<u8, String> {
    let bundle = read(&args.bundle)?;
    let policy = args.policy.as_deref().map(read).transpose()?;
    let answer = Answer::of(&bundle, policy.as_deref())?;
    if let Some(folder) = &args.export {
        export::export(&answer, folder)?;
    }
    print(&match args.output {
        Output::Quiet => text::first_line(&answer) + "\n",
        Output::Text => text::page(&answer),
        Output::Json => json::object(&answer),
    })?;
    Ok(answer.verdict().code())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A reader that closes the pipe early (`| head`) is no failure.
fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}
