//! The commands, one file each: what was typed in, what happens out.

mod completions;
mod demo;
mod export;
mod import;
mod index;
mod init;
pub(crate) mod key;
mod man;
mod prove;
pub(crate) mod replicate;
pub(crate) mod restore;
mod search;
mod show;
mod streams;
pub(crate) mod verify;

use crate::args::{Cli, Command};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::Place;

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli, output: &mut Output) -> Result<Exit, Failure> {
    // These need no archive, and must work where none can be named.
    match &cli.command {
        Command::Completions(args) => return completions::run(args, output),
        Command::Man(args) => return man::run(args, output),
        _ => {}
    }
    let place = Place::of(&cli.global)?;
    run_at(cli.command, &place, output)
}

/// Runs a command on the archive of a place.
pub(crate) fn run_at(command: Command, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Completions(args) => completions::run(&args, output),
        Command::Man(args) => man::run(&args, output),
        Command::Demo(args) => demo::run(&args, place, output),
        Command::Init(args) => init::run(&args, place, output),
        Command::Import(args) => import::run(&args, place, output),
        Command::Search(args) => search::run(&args, place, output),
        Command::Show(args) => show::run(&args, place, output),
        Command::Streams(args) => streams::run(&args, place, output),
        Command::Verify(args) => verify::run(&args, place, output),
        Command::Export(args) => export::run(&args, place, output),
        Command::Prove(args) => prove::run(&args, place, output),
        Command::Key(args) => key::run(&args, place, output),
        Command::Replicate(args) => replicate::run(&args, place, output),
        Command::Restore(args) => restore::run(&args, place, output),
        Command::Index(args) => index::run(&args, place, output),
    }
}
