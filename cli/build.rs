//! Tells the program which git commit it was built from, for `logkeep --version`.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

fn main() -> io::Result<()> {
    let mut cargo = io::stdout();
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    writeln!(cargo, "cargo:rustc-env=LOGKEEP_COMMIT={commit}")?;
    writeln!(cargo, "cargo:rerun-if-changed=build.rs")?;
    for file in what_names_the_commit() {
        // Cargo takes a file that does not exist as changed, and would build anew every time.
        if Path::new(&file).try_exists().unwrap_or(false) {
            writeln!(cargo, "cargo:rerun-if-changed={file}")?;
        }
    }
    Ok(())
}

/// The files of which one changes with every commit or checkout.
fn what_names_the_commit() -> Vec<String> {
    let branch = git(&["symbolic-ref", "-q", "HEAD"]);
    let names = ["HEAD".to_owned(), "packed-refs".to_owned()].into_iter().chain(branch);
    names.filter_map(|name| git(&["rev-parse", "--git-path", &name])).collect()
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
