//! `logkeep key`: the signing key, and the trust file for those who check.

use logkeep_proof::{Expected, VerifierKey};
use logkeep_storage::{Archive, Error, LogKey, StreamName};

use crate::args::{KeyAction, KeyArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::place::{self, Place};
use crate::signing::{self, Unsigned};
use crate::{doubts, moment};

/// Does what was asked with the key.
pub(crate) fn run(args: &KeyArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let archive = place.read()?;
    if let KeyAction::New { name } = &args.action {
        return new(&archive, name.as_deref(), place, output);
    }
    let Some(key) = signing::read(place).map_err(|error| place::failure(&error))? else {
        output.warn(&format!("there is no key: {} does not exist", place.key().display()));
        signing::without_key(&archive).map_err(|error| place::failure(&error))?.tell(place, output);
        return Ok(Exit::Partial);
    };
    match args.action {
        KeyAction::Export => export(&archive, &key, output),
        _ => show(&archive, &key, place, output),
    }
}

/// `log` lines of a policy for these streams, nobody else needed: what an archive can say of itself.
pub(crate) fn policy(key: &LogKey, streams: &[StreamName]) -> Result<String, Failure> {
    let logs = streams.iter().map(|stream| Ok(format!("log {}\n", verifier(key, stream)?)));
    Ok(logs.collect::<Result<String, Failure>>()? + "quorum none\n")
}

fn show(archive: &Archive, key: &LogKey, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    output.line(&format!("name  {}", key.name()))?;
    output.line(&format!("file  {}", place.key().display()))?;
    for stream in streams(archive)? {
        output.line(&format!("key   {}", verifier(key, &stream)?))?;
    }
    Ok(Exit::Success)
}

fn export(archive: &Archive, key: &LogKey, output: &mut Output) -> Result<Exit, Failure> {
    let doubted = doubts::tell(archive, output);
    let streams = streams(archive)?;
    output.line(&format!("# Trust file of the archive {}, as of {}.", key.name(), moment::now()))?;
    output.line("# For logkeep-check --policy and logkeep verify --trust. Keep it where the archive is not.")?;
    output.bytes(policy(key, &streams)?.as_bytes())?;
    for stream in &streams {
        // What is not signed yet cannot be asked for.
        if let Some(signed) = archive.checkpoint(stream).map_err(|error| place::failure(&error))? {
            output.line(&Expected { origin: key.origin(stream), size_min: signed.size }.to_string())?;
        }
    }
    Ok(Exit::complete(!doubted))
}

fn new(archive: &Archive, name: Option<&str>, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    if place.is_replica() {
        return Err(place::failure(&Error::ReplicaOnly(place.path().to_owned())));
    }
    let path = place.key();
    if path.try_exists().unwrap_or(true) {
        return Err(Failure::error(format!("there is a key, {}", path.display())).hint("`logkeep key show` prints it"));
    }
    if signing::without_key(archive).map_err(|error| place::failure(&error))? == Unsigned::KeyGone {
        let text = format!("{} is gone, and the archive was signed with it: another key cannot go on", path.display());
        return Err(Failure::error(text).hint("put the file back from your copy"));
    }
    signing::keep(&signing::generate(name)?, place, output)?;
    output.say("the next import signs with it");
    Ok(Exit::Success)
}

/// All streams and `_meta`, which is there as soon as something is signed.
fn streams(archive: &Archive) -> Result<Vec<StreamName>, Failure> {
    let found = archive.streams().map_err(|error| place::failure(&error))?;
    let mut names: Vec<StreamName> = found.into_iter().map(|stream| stream.name).collect();
    let meta = signing::meta()?;
    if !names.contains(&meta) {
        names.insert(0, meta);
    }
    Ok(names)
}

fn verifier(key: &LogKey, stream: &StreamName) -> Result<VerifierKey, Failure> {
    key.verifier(stream).map_err(|error: Error| place::failure(&error))
}
