//! The archive's directory: files that do not belong there, rights that are too wide, owners that differ.
//!
//! A strange file changes no record and fails no night: it is worth a look. A signing key that others can read may have
//! signed something that is not the archive's, and is a finding.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::damage::{Damage, DamageCode};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::verify::Verification;

/// What lies in the archive's directory: names, and beginnings of names that end with `*`.
const KNOWN: [&str; 12] = [
    "FORMAT",
    "FORMAT.new",
    "REPLICA",
    "REPLICA.new",
    "LOCK",
    "db",
    "tips.log",
    "tips.log.new",
    "keys",
    "index",
    "rejected",
    "quarantine",
];
/// What logkeep keeps beside, and can do without.
const DERIVED: [&str; 2] = ["verify.state", "verify.state.new"];
/// What RocksDB writes: beginnings and endings of names.
const DATABASE: [&str; 6] = ["CURRENT", "IDENTITY", "LOCK", "LOG*", "MANIFEST-*", "OPTIONS-*"];
const DATABASE_ENDINGS: [&str; 3] = [".sst", ".log", ".dbtmp"];
/// Strange files that are named one by one.
const NAMED_MAX: usize = 20;
/// Rights of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Looks at every name in the directory and in the database's.
pub(super) fn check(directory: &Directory, store: &Store, report: &mut Verification) -> Result<()> {
    let root = directory.root();
    let owner = fs::metadata(root).map_err(|e| Error::io(root, e))?;
    let (mut strange, mut foreign) = (Vec::new(), Vec::new());
    each(root, &mut |name, path, file| {
        if !fits(name, &KNOWN) && !fits(name, &DERIVED) {
            strange.push(path.clone());
        }
        foreign.extend((file.uid() != owner.uid()).then_some((path, file.uid())));
    })?;
    let live = store.live_tables()?;
    each(&directory.database(), &mut |name, path, file| {
        let is_ours = fits(name, &DATABASE) || DATABASE_ENDINGS.iter().any(|ending| name.ends_with(ending));
        // A writer makes new tables with greater numbers at any time.
        let is_left =
            name.ends_with(".sst") && !live.iter().any(|live| live == name) && live.iter().any(|live| **live > *name);
        if !is_ours || is_left || !file.is_file() {
            strange.push(path.clone());
        }
        foreign.extend((file.uid() != owner.uid()).then_some((path, file.uid())));
    })?;
    for path in strange.iter().take(NAMED_MAX) {
        report.notices.push(format!("{} is none of the archive's files: see who put it there", path.display()));
    }
    if strange.len() > NAMED_MAX {
        report.notices.push(format!("and {} more files that are not the archive's", strange.len() - NAMED_MAX));
    }
    if let Some((path, uid)) = foreign.first() {
        let (count, owner) = (foreign.len(), owner.uid());
        let text = format!(
            "{} belongs to user {uid}, the archive to user {owner} ({count} such files): chown -R {owner} {}",
            path.display(),
            root.display()
        );
        report.notices.push(text);
    }
    if owner.mode() & OTHERS != 0 {
        let (path, mode) = (root.display(), owner.mode() & 0o777);
        report.notices.push(format!("others may look into {path} (mode {mode:03o}): chmod 700 {path}"));
    }
    check_key(&root.join("keys/log.key"), report)
}

/// The key must be its owner's alone.
fn check_key(path: &Path, report: &mut Verification) -> Result<()> {
    let file = match fs::metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(path, error)),
    };
    let mode = file.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        report.add(Damage::new(DamageCode::Mode, "mode 600", format!("mode {mode:03o}")).file(path));
    }
    Ok(())
}

fn each(folder: &Path, found: &mut dyn FnMut(&str, PathBuf, &Metadata)) -> Result<()> {
    let failed = |e| Error::io(folder, e);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry: DirEntry = entry.map_err(failed)?;
        match entry.metadata() {
            Ok(file) => found(&entry.file_name().to_string_lossy(), entry.path(), &file),
            // Beside a writer files go at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(&entry.path(), error)),
        }
    }
    Ok(())
}

fn fits(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *known,
    })
}
