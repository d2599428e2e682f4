//! The files themselves: what RocksDB's checksums say of them, the log of writes, the database's identity.

use crate::archive::State;
use crate::damage::{Damage, DamageCode};
use crate::directory::{Directory, fingerprint};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::options::Options;
use crate::store::{Access, Store};
use crate::verify::Verification;
use crate::writer::with_causes;

/// Opens the database, with the strictest reading of its log of writes if that will do.
///
/// What is damaged in the middle of the log no way of opening accepts. At its end an unfinished record is what an
/// append leaves that was cut short: no damage, since nothing acknowledged is missing, but worth a note.
pub(super) fn open(directory: &Directory, options: &Options, report: &mut Verification) -> Result<State> {
    let before = fingerprint(directory)?;
    let refused = match State::open(directory, Access::ReadStrict, options) {
        Err(Error::Damaged(damage)) => damage,
        opened => return opened,
    };
    let opened = State::open(directory, Access::Read, options)?;
    // Beside a writer the last record may be unfinished because it is being written.
    if fingerprint(directory)? == before {
        report.notes.push(format!("the log of writes does not end in a whole record: {}", refused.found));
    }
    Ok(opened)
}

/// Lets the system forget what it keeps of the database's files in memory, so that they are read from the disk. Whether
/// it could: a writer beside goes on as before, and reads from the disk what it needs again.
pub(super) fn drop_from_cache(directory: &Directory) -> bool {
    let Ok(entries) = std::fs::read_dir(directory.database()) else { return false };
    let tables =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension() == Some("sst".as_ref()));
    let forget = |path: std::path::PathBuf| {
        let file = std::fs::File::open(path).ok()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).ok()
    };
    // Counted, because all of them are wanted, also behind one that cannot be forgotten.
    tables.map(forget).filter(Option::is_none).count() == 0
}

/// What the database says of its own files, and whether its identity is what its manifest says.
pub(super) fn check(directory: &Directory, store: &Store, whole: bool, report: &mut Verification) -> Result<()> {
    if whole {
        store.check_files().into_iter().for_each(|damage| report.add(damage));
    }
    let path = directory.database().join("IDENTITY");
    let found = match std::fs::read(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err(Error::io(&path, error)),
        Err(error) => {
            report.add(Damage::new(DamageCode::File, "the database's id", error.to_string()).file(path));
            return Ok(());
        }
    };
    let expected = match store.identity() {
        Ok(expected) => expected,
        // Of no use to the records: what else there is to say of them is worth more.
        Err(error) => {
            let failed = with_causes(&error);
            report.add(Damage::new(DamageCode::File, "the database's id", failed).file(path));
            return Ok(());
        }
    };
    if found.trim_ascii_end() != expected.trim_ascii_end() {
        report.add(Damage::new(DamageCode::File, shown(&expected), shown(&found)).file(path));
    }
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), |text| format!("{text:?}"))
}
