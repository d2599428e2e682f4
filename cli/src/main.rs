//! The command line: parse, run, exit code.

mod args;
mod commands;
mod continued;
mod demo;
mod doubts;
mod exit;
mod fields;
mod hours;
mod interrupt;
mod manifest;
mod mismatch;
mod moment;
mod nearest;
mod output;
mod place;
mod selection;
mod signing;
mod size;
mod unfound;
mod unknown_fields;
mod verification;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new(&cli.global);
    let ended = commands::run(cli, &mut output).and_then(|exit| output.flush().map(|()| exit));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.is_silent() {
                output.failure(&failure);
            }
            failure.code()
        }
    }
}
