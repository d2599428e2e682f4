//! The files themselves: what RocksDB's checksums say of them, the log of writes, the database's identity.

use crate::damage::{Damage, DamageCode};
use crate::directory::{Directory, fingerprint};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::recover::hex;
use crate::store::{Access, Store};
use crate::verify::Verification;

/// Opens the database once with the strictest reading of its log of writes.
///
/// What is damaged in the middle of the log no way of opening accepts. At its end an unfinished record is what an
/// append leaves that was cut short: no damage, since nothing acknowledged is missing, but worth a note.
pub(super) fn check_log(directory: &Directory, options: &Options, report: &mut Verification) -> Result<()> {
    let before = fingerprint(directory)?;
    let opened = Store::open(&directory.database(), Access::ReadStrict, None, options);
    match opened {
        // Beside a writer the last record may be unfinished because it is being written.
        Err(Error::Damaged(damage)) if fingerprint(directory)? == before => {
            report.notes.push(format!("the log of writes does not end in a whole record: {}", damage.found));
        }
        _ => {}
    }
    Ok(())
}

/// What the database says of its own files, and whether its identity is what its manifest says.
pub(super) fn check(directory: &Directory, store: &Store, report: &mut Verification) -> Result<()> {
    store.check_files().into_iter().for_each(|damage| report.add(damage));
    let path = directory.database().join("IDENTITY");
    let found = match std::fs::read(&path) {
        Ok(found) => found,
        Err(error) => {
            report.add(Damage::new(DamageCode::File, "the database's id", error.to_string()).file(path));
            return Ok(());
        }
    };
    let Some(expected) = report.take(store.identity())? else { return Ok(()) };
    if found.trim_ascii_end() != expected.trim_ascii_end() {
        report.add(Damage::new(DamageCode::File, shown(&expected), shown(&found)).file(path));
    }
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), |text| format!("{text:?}"))
}
