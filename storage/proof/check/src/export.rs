//! Writes the records of a bundle as single files for programs that are not ours.

use std::fs;
use std::path::Path;

use logkeep_proof::bundle::{Exported, ProvenLog};

use crate::answer::{Answer, Judged};

/// Makes the folder, which must not be there, and fills it; of what is no bundle nothing. File names are made of numbers only,
/// never of what the bundle says.
pub(crate) fn export(answer: &Answer<'_>, folder: &Path) -> Result<(), String> {
    let Answer::Judged(judged) = answer else { return Ok(()) };
    fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    write(&folder.join("policy.txt"), judged.policy)?;
    judged.bundle.logs.iter().enumerate().try_for_each(|(number, log)| log_files(judged, folder, number, log))
}

/// Ranges that are not proven have no proofs to write.
fn log_files(judged: &Judged<'_>, folder: &Path, number: usize, log: &ProvenLog<'_>) -> Result<(), String> {
    write(&folder.join(format!("{number}.checkpoint")), log.note.to_string().as_bytes())?;
    let flawed = judged.streams.get(number).is_none_or(|stream| !stream.flaws.is_empty());
    for range in log.ranges.iter().filter(|_| !flawed) {
        for exported in log.export(range).map_err(|error| error.to_string())? {
            record_files(folder, number, &exported.map_err(|error| error.to_string())?)?;
        }
    }
    Ok(())
}

fn record_files(folder: &Path, number: usize, exported: &Exported<'_>) -> Result<(), String> {
    let name = |kind: &str| folder.join(format!("{number}-{}.{kind}", exported.proof.index));
    write(&name("record"), exported.body)?;
    write(&name("leaf"), &exported.leaf)?;
    write(&name("tlog-proof"), exported.proof.to_string().as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
