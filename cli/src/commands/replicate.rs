//! `logkeep replicate`: a second copy on another disk, which follows and is never written in another way.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use logkeep_storage::{Archive, Copied, LogKey, Replica, ReplicaKind, Round, on_one_device};

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::output::progress::Progress;
use crate::place::{self, Place};
use crate::signing;
use crate::size::{self, Size};

/// How often a followed archive is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);
/// The longest sleep without a look at Ctrl-C.
const NAP: Duration = Duration::from_millis(100);

/// Keep a second copy of the archive, on another disk or a mounted share
///
/// DEST is made if it does not exist. It takes what the archive has more, each block proven under the archive's own
/// tree first, and refuses an archive that was set back (ROLLBACK) or whose records became others (FORK). It can be
/// stopped or killed at any moment; the same command goes on.
///
/// The copy is an archive to read: `logkeep search --archive DEST`, `logkeep verify --archive DEST --trust FILE`. Nothing
/// else writes to it, and it has no signing key. `logkeep restore` makes a new archive of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep replicate /mnt/backup/logs
  logkeep replicate /mnt/backup/logs --follow --limit-rate 10MB
  logkeep verify --archive /mnt/backup/logs --trust contoso.trust

Exit codes: 0 the copy has everything; 1 ROLLBACK or FORK: nothing was copied; 2 error; 3 something of the archive is
damaged and was not copied, or it was stopped before the end.")]
pub(crate) struct ReplicateArgs {
    /// The copy's directory
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,
    /// Go on with what the archive gets, until stopped
    #[arg(long)]
    pub(crate) follow: bool,
    /// Copy so much in a second at most, such as 10MB
    #[arg(long, value_name = "SIZE")]
    pub(crate) limit_rate: Option<Size>,
}

/// Copies what is there, and with `--follow` what comes.
pub(crate) fn run(args: &ReplicateArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let source = place.read()?;
    let apart = apart(place.path(), &args.dest)?;
    if !apart {
        output.warn("the copy is on the same disk as the archive: it does not survive the disk");
    }
    let key = key(place, output);
    let interrupt = Interrupt::listen_aloud(output)?;
    let opened = Replica::open(&args.dest, &source, ReplicaKind::Following, place.options());
    let replica = opened.map_err(|error| place::failure(&error))?;
    let pace = Pace::new(args.limit_rate, &interrupt);
    let mut copier = Copier { source, replica, key, pace, told: Vec::new() };
    let first = copier.round(!args.follow, output)?;
    output.say(&copied(&first, &args.dest));
    if !args.follow || !first.divergences.is_empty() {
        return Ok(exit(&first));
    }
    copier.follow(first, output)
}

/// Reads of one archive, written to its replica, at a pace.
pub(super) struct Copier<'a> {
    pub(super) source: Archive,
    pub(super) replica: Replica,
    pub(super) key: Option<LogKey>,
    pub(super) pace: Pace<'a>,
    /// Damage that was said already.
    pub(super) told: Vec<String>,
}

impl Copier<'_> {
    /// One round, and what was found in it said. `whole` takes what a following replica leaves for later, too.
    pub(super) fn round(&mut self, whole: bool, output: &mut Output) -> Result<Round, Failure> {
        let failed = |error| place::failure(&error);
        let bar = Progress::bytes(output, None);
        bar.say("copying");
        let (mut bytes, pace) = (0, &mut self.pace);
        let mut tell = |copied: Copied| {
            bytes += copied.bytes;
            bar.set(bytes);
            pace.wait(copied.bytes)
        };
        let mut round = self.replica.take(&self.source, self.key.as_ref(), &mut tell).map_err(failed)?;
        if whole && round.divergences.is_empty() && !round.stopped {
            let ids = self.replica.take_ids(&self.source, &mut tell).map_err(failed)?;
            round.damage.extend(ids.damage);
            round.stopped |= ids.stopped;
        }
        drop(bar);
        self.say(&round, output);
        Ok(round)
    }

    fn say(&mut self, round: &Round, output: &mut Output) {
        for divergence in &round.divergences {
            output.warn(&divergence.to_string());
        }
        if !round.divergences.is_empty() {
            output.hint(
                "nothing was copied. If the archive is the wrong one, `logkeep restore` makes a new one of the copy",
            );
            output.hint("if the copy is the wrong one, keep it aside and replicate into a new directory");
        }
        for damage in round.damage.iter().map(ToString::to_string) {
            if !self.told.contains(&damage) {
                output.warn(&format!("not copied: {damage}"));
                self.told.push(damage);
            }
        }
    }

    fn follow(mut self, mut last: Round, output: &mut Output) -> Result<Exit, Failure> {
        while self.pace.sleep(FOLLOW_INTERVAL) {
            self.source.refresh().map_err(|error| place::failure(&error))?;
            last = self.round(false, output)?;
            if !last.divergences.is_empty() {
                return Ok(exit(&last));
            }
            if last.copied.records > 0 {
                output.detail(&format!("copied {}", size::counted(last.copied.records, "record")));
            }
        }
        // The ids of the last records; quick, or a second Ctrl-C ends it.
        let rest = self.replica.take_ids(&self.source, &mut |_| true).map_err(|error| place::failure(&error))?;
        last.damage.extend(rest.damage);
        // Stopped while it waited it has everything.
        last.stopped = self.replica.is_partial();
        Ok(exit(&last))
    }
}

/// How a round ends the command.
pub(super) fn exit(round: &Round) -> Exit {
    if !round.divergences.is_empty() {
        return Exit::Nothing;
    }
    Exit::complete(round.damage.is_empty() && !round.stopped)
}

/// The archive's key, if it is there and can be used: then only what it has signed is copied as signed.
fn key(place: &Place, output: &mut Output) -> Option<LogKey> {
    signing::read(place).unwrap_or_else(|error| {
        output.warn(&format!("signatures are copied unchecked: {error}"));
        None
    })
}

/// Whether the copy lies on another device; refuses one inside the archive.
fn apart(archive: &Path, dest: &Path) -> Result<bool, Failure> {
    let whole =
        |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    if whole(dest).starts_with(whole(archive)) {
        return Err(Failure::usage("the copy cannot be inside the archive itself"));
    }
    Ok(on_one_device(archive, dest) != Some(true))
}

fn copied(round: &Round, dest: &Path) -> String {
    let Copied { records, bytes } = round.copied;
    if *round == Round::default() {
        return format!("{} has everything already", dest.display());
    }
    format!("copied {} ({}) to {}", size::counted(records, "record"), size::human(bytes), dest.display())
}

/// Waits so that no more than so many bytes are copied in a second.
pub(super) struct Pace<'a> {
    limit: Option<u64>,
    interrupt: &'a Interrupt,
    /// When everything that was copied so far is paid for.
    due: Instant,
}

impl<'a> Pace<'a> {
    pub(super) fn new(limit: Option<Size>, interrupt: &'a Interrupt) -> Self {
        Self { limit: limit.map(|limit| limit.0.max(1)), interrupt, due: Instant::now() }
    }

    /// Whether to go on.
    fn wait(&mut self, bytes: u64) -> bool {
        if let Some(limit) = self.limit {
            let cost = Duration::from_secs_f64(bytes as f64 / limit as f64);
            self.due = self.due.max(Instant::now()) + cost;
            return self.sleep(self.due.saturating_duration_since(Instant::now()));
        }
        !self.interrupt.is_set()
    }

    /// Sleeps unless it is interrupted; whether to go on.
    fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.interrupt.is_set() && Instant::now() < until {
            std::thread::sleep(NAP.min(until.saturating_duration_since(Instant::now())));
        }
        !self.interrupt.is_set()
    }
}
