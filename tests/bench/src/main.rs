//! The benchmark's door to logkeep: `ingest DIR CORPUS` and `serve DIR`, as shared/bench's protocol 1 wants them.

mod answer;
mod ingest;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ingest", directory, corpus] => ingest::run(Path::new(directory), Path::new(corpus)),
        ["serve", directory] => answer::run(Path::new(directory)),
        _ => Err("usage: logkeep-bench ingest DIR CORPUS | serve DIR".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The harness keeps what a failed engine says.
            let _ = writeln!(std::io::stderr(), "logkeep-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
