//! `logkeep man`: the man pages, made from the help texts.

use std::fs;

use clap::CommandFactory;

use crate::args::{Cli, ManArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Writes a page for logkeep and one for each command.
pub(crate) fn run(args: &ManArgs, output: &mut Output) -> Result<Exit, Failure> {
    let failed = |error| Failure::file("write", &args.dir, &error);
    fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(failed)?;
    output.say(&format!(
        "wrote the man pages into {}; read one: man {}/logkeep.1",
        args.dir.display(),
        args.dir.display()
    ));
    Ok(Exit::Success)
}
