//! A verifier that cannot fail proves nothing: faults are put into scratch archives, and must be found by the same code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::archive::Archive;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::record::{Append, Batch};
use crate::store::{self, Access, Changes, Family, Store};
use crate::stream::StreamName;
use crate::time::Timestamp;
use crate::verify::Verification;
use crate::writer::Writer;

/// A fault that is put into an archive.
type Fault = fn(&Path) -> Result<()>;

/// The faults and what they are called.
pub const FAULTS: [&str; 3] = ["one bit of a file changed", "a stored value changed", "a record removed"];
const MADE_BY: [Fault; 3] = [flip_a_bit, change_a_value, remove_a_record];

const STREAM: &str = "self/test";
/// One full block, a block that is not full, and some in the tail.
const RECORDS: u64 = 1030;
const SEALED: u64 = 1026;

/// Makes a small archive in a folder of its own, puts each of [`FAULTS`] into a copy of it, and has each verified.
/// Returns what was not found, and what was found in the sound archive: nothing, if the verifier works.
///
/// # Errors
/// When the scratch archives cannot be made.
pub fn self_test(folder: &Path, verify: &dyn Fn(&Archive) -> Result<Verification>) -> Result<Vec<String>> {
    let whole = folder.join("whole");
    make(&whole)?;
    let finds = |path: &Path| -> Result<bool> {
        // What cannot be opened because of its damage is found.
        let found = Archive::open(path, &options()).and_then(|archive| verify(&archive));
        match found {
            Ok(found) => Ok(!found.damage.is_empty()),
            Err(Error::Damaged(_)) => Ok(true),
            Err(other) => Err(other),
        }
    };
    let mut wrong = Vec::new();
    if finds(&whole)? {
        wrong.push("damage was found where there is none".to_owned());
    }
    for (number, (name, fault)) in FAULTS.iter().zip(MADE_BY).enumerate() {
        let copy = folder.join(format!("fault-{number}"));
        copy_all(&whole, &copy)?;
        fault(&copy)?;
        if !finds(&copy)? {
            wrong.push(format!("not found: {name}"));
        }
    }
    Ok(wrong)
}

fn options() -> Options {
    Options { memory_bytes: 16 << 20, threads: 1, ..Options::default() }
}

fn make(path: &Path) -> Result<()> {
    let mut writer = Writer::create(path, &options())?;
    for records in [0..SEALED, SEALED..RECORDS] {
        let mut batch = Batch::new(name()?, Timestamp(1));
        for number in records {
            let body = format!(r#"{{"number":{number},"square":"{}"}}"#, number * number);
            batch.push(body.as_bytes(), Timestamp(number as i64), None);
        }
        writer.append(&Append { batches: vec![batch], cursors: Vec::new() })?;
        if writer.archive().head(&name()?)?.is_some_and(|head| head.size == SEALED) {
            writer.seal_tails()?;
        }
    }
    Ok(())
}

fn name() -> Result<StreamName> {
    STREAM.parse().map_err(|error| Error::Key(format!("{STREAM}: {error}")))
}

/// Bit rot: the database's own checksums tell.
fn flip_a_bit(path: &Path) -> Result<()> {
    let database = Directory::new(path).database();
    let failed = |e| Error::io(&database, e);
    let mut largest: (u64, PathBuf) = (0, PathBuf::new());
    for entry in fs::read_dir(&database).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let found = (entry.metadata().map_err(failed)?.len(), entry.path());
        if found.1.extension().is_some_and(|extension| extension == "sst") && found > largest {
            largest = found;
        }
    }
    let mut bytes = fs::read(&largest.1).map_err(failed)?;
    let middle = bytes.len() / 2;
    bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 4);
    fs::write(&largest.1, bytes).map_err(failed)
}

/// Someone who can write to the database: only our own checksums and hashes tell.
fn change_a_value(path: &Path) -> Result<()> {
    tamper(path, |store, changes| {
        let key = store::chunk_key(1, 0, 0);
        let mut chunk = store.get(Family::Chunk, &key)?.unwrap_or_default();
        chunk.last_mut().into_iter().for_each(|byte| *byte ^= 4);
        changes.put(Family::Chunk, &key, &[&chunk])
    })
}

fn remove_a_record(path: &Path) -> Result<()> {
    tamper(path, |_, changes| changes.delete(Family::Tail, &store::place_key(1, RECORDS - 2)))
}

fn tamper(path: &Path, change: impl FnOnce(&Store, &mut Changes<'_>) -> Result<()>) -> Result<()> {
    let store = Store::open(&Directory::new(path).database(), Access::Write, None, &options())?;
    let mut changes = Changes::new(&store);
    change(&store, &mut changes)?;
    store.commit(changes)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    let failed = |e| Error::io(from, e);
    fs::create_dir_all(to).map_err(|e| Error::io(to, e))?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).map_err(|e| Error::io(&target, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::{Damage, DamageCode};
    use crate::verify::verify;

    #[test]
    fn the_verifier_finds_all_faults_and_none_where_none_is() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = self_test(folder.path(), &|archive| verify(archive, None, None, &mut |_| {})).unwrap();
        assert_eq!(wrong, [] as [&str; 0]);
    }

    #[test]
    fn a_verifier_that_sees_nothing_or_too_much_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let blind = self_test(folder.path(), &|_| Ok(Verification::default())).unwrap();
        // The first keeps a database as small as this from being opened, which finds it as well.
        let unseen: Vec<String> = FAULTS.iter().skip(1).map(|fault| format!("not found: {fault}")).collect();
        assert_eq!(blind, unseen);
        let folder = tempfile::tempdir().unwrap();
        let anxious = |_: &Archive| {
            let damage = vec![Damage::new(DamageCode::Value, "all", "nothing")];
            Ok(Verification { damage, ..Verification::default() })
        };
        assert_eq!(self_test(folder.path(), &anxious).unwrap(), ["damage was found where there is none"]);
    }
}
