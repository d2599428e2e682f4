//! `logkeep restore`: a new archive from a replica, with the same records, heads and signatures.

use std::path::{Path, PathBuf};

use clap::Args;
use logkeep_proof::Note;
use logkeep_storage::{Archive, LogKey, Replica, ReplicaKind};

use crate::commands::replicate::{Copier, Pace, exit};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::place::{self, Place};
use crate::signing;
use crate::size;

/// Make a new archive from a replica
///
/// DEST gets what the replica has: the same records, the same heads, the same signatures, and the cursors of the
/// imports, which go on where they were. What was archived after the replica's last round is not in it: import it again.
///
/// The signing key is in no replica. Name the copy you kept with --key; without it nothing new is signed until it is put
/// back. Stop it whenever you want; the same command goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep restore --from /mnt/backup/logs /srv/logs --key /mnt/usb/log.key
  logkeep verify --archive /srv/logs --trust contoso.trust

Exit codes: 0 restored; 1 DEST has records that the replica has not; 2 error; 3 something of the replica is damaged, or
it was stopped: DEST is no archive yet.")]
pub(crate) struct RestoreArgs {
    /// The replica
    #[arg(long, value_name = "REPLICA")]
    pub(crate) from: PathBuf,
    /// The directory for the new archive: empty, or not there yet
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,
    /// The copy of keys/log.key that you kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

/// Copies everything, then makes an archive of it.
pub(crate) fn run(args: &RestoreArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let failed = |error| place::failure(&error);
    let source = place.at(&args.from).read()?;
    let key = args.key.as_deref().map(LogKey::read).transpose().map_err(failed)?;
    if let Some(key) = &key {
        has_signed(key, &source)?;
    }
    let interrupt = Interrupt::listen_aloud(output)?;
    let replica = Replica::open(&args.dest, &source, ReplicaKind::Restoring, place.options()).map_err(failed)?;
    let pace = Pace::new(None, &interrupt);
    let mut copier = Copier { source, replica, key, pace, told: Vec::new() };
    let round = copier.round(true, output)?;
    let Copier { replica, key, source, .. } = copier;
    if exit(&round) != Exit::Success {
        output.warn(&format!("{} is no archive yet", args.dest.display()));
        return Ok(exit(&round));
    }
    let new = place.at(&args.dest);
    keep(key.as_ref(), &new, output)?;
    replica.promote().map_err(failed)?;
    let records = source.streams().map_err(failed)?.iter().map(|stream| stream.records).sum();
    output.say(&format!("restored {} in {}", size::counted(records, "record"), args.dest.display()));
    output.say("next: logkeep verify with --archive and the trust file you kept; run your imports again");
    Ok(Exit::Success)
}

/// Refuses a key with which the archive was not signed: it could sign nothing that continues.
fn has_signed(key: &LogKey, source: &Archive) -> Result<(), Failure> {
    let meta = signing::meta()?;
    let Some(signed) = source.checkpoint(&meta).map_err(|error| place::failure(&error))? else { return Ok(()) };
    let verifier = key.verifier(&meta).map_err(|error| place::failure(&error))?;
    let verified = Note::parse(signed.note.as_bytes()).and_then(|note| note.verify(&[&verifier]).map(|_| ()));
    verified.map_err(|_| {
        Failure::usage(format!("this is not the key that signed the archive: it is the key of {}", key.name()))
    })
}

fn keep(key: Option<&LogKey>, new: &Place, output: &mut Output) -> Result<(), Failure> {
    let path: &Path = &new.key();
    match key {
        Some(key) if !path.try_exists().unwrap_or(true) => key.create(path).map_err(|error| place::failure(&error)),
        Some(_) => Ok(()),
        None => {
            output.hint(&format!(
                "nothing new is signed until your copy of the key is in {} (chmod 600)",
                path.display()
            ));
            Ok(())
        }
    }
}
