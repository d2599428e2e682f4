//! `kill -9` in the middle of import, seal and index: nothing acknowledged is lost, nothing is there twice.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::{Kept, Random};

/// Processes killed in their work, by both workers together.
const KILLS: u32 = 200;
const KILLS_OF_REBUILD: u32 = 24;
const WORKERS: u32 = 2;
const IMPORTS_PER_ARCHIVE: u64 = 8;
/// An archive is to open in 2 s; a loaded machine may take longer.
const REOPEN_MAX: Duration = Duration::from_secs(10);
const FILTERS: [&str; 3] = ["errorCode:50126 anna", "refused", "number>900000000000"];

/// One import: its input, and what comes out of it.
struct Import {
    stream: &'static str,
    arguments: Vec<&'static str>,
    input: Vec<u8>,
    records: u64,
    /// Through a pipe there is no place to go on from: ids keep records from being stored twice.
    piped: bool,
}

/// When to kill.
enum Moment {
    After(Duration),
    /// So long after this file of the archive changed.
    Changed(&'static str, Duration),
}

/// One archive under harm, with what it must hold.
struct Victim {
    kept: Kept,
    random: Random,
    /// The bytes of each stream.
    expected: BTreeMap<&'static str, Vec<u8>>,
    /// The records of each stream at the last look.
    seen: BTreeMap<String, u64>,
    duration: Duration,
    kills: u32,
    /// Kills that found nothing, a part and all of their import stored.
    stored: [u32; 3],
    slowest: Duration,
}

#[test]
fn killed_at_any_moment() {
    let mut random = Random::seeded("kill");
    let seeds: Vec<u64> = (0..WORKERS).map(|_| random.next()).collect();
    let slowest = thread::scope(|scope| {
        let workers: Vec<_> = seeds.into_iter().map(|seed| scope.spawn(move || kill_imports(seed))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker's promise holds")).max()
    });
    println!("kill: {KILLS} processes killed, slowest reopening {slowest:?}");
}

#[test]
fn killed_while_the_index_is_made_anew() {
    let mut victim = Victim::new(Random::seeded("kill rebuild").0);
    for _ in 0..3 {
        let import = victim.import(40_000);
        victim.expect(&import);
        victim.complete(&import);
    }
    let answers = FILTERS.map(|filter| victim.kept.search(filter));
    let started = Instant::now();
    victim.kept.run(["index", "rebuild"]).expect_code(0);
    victim.duration = started.elapsed();
    while victim.kills < KILLS_OF_REBUILD {
        let moment = victim.moment();
        victim.kill(&["index", "rebuild"], &[], &moment);
        let filter = victim.random.below(FILTERS.len() as u64) as usize;
        assert_eq!(victim.kept.search(FILTERS[filter]), answers[filter], "{}", FILTERS[filter]);
        if victim.random.below(4) == 0 {
            victim.kept.verify();
        }
    }
    victim.kept.run(["index", "rebuild"]).expect_code(0);
    victim.kept.run(["index", "check"]).expect_code(0);
    victim.whole();
}

/// One worker's archives.
fn kill_imports(seed: u64) -> Duration {
    let (mut random, mut kills, mut slowest) = (Random(seed), 0, Duration::ZERO);
    while kills < KILLS / WORKERS {
        let mut victim = Victim::new(random.next());
        for number in 0..IMPORTS_PER_ARCHIVE {
            // Some archives get one import of several appends.
            let size =
                if number == 5 && victim.random.below(3) == 0 { 140_000 } else { 100 + victim.random.below(3000) };
            let import = victim.import(size);
            victim.harm(&import);
        }
        victim.whole();
        println!("kill: nothing, a part, all was stored: {:?}", victim.stored);
        (kills, slowest) = (kills + victim.kills, slowest.max(victim.slowest));
    }
    slowest
}

impl Victim {
    fn new(seed: u64) -> Victim {
        println!("kill: an archive of seed {seed}");
        Victim {
            kept: Kept::new(),
            random: Random(seed),
            expected: BTreeMap::new(),
            seen: BTreeMap::new(),
            duration: Duration::from_millis(150),
            kills: 0,
            stored: [0; 3],
            slowest: Duration::ZERO,
        }
    }

    fn import(&mut self, records: u64) -> Import {
        let kind = if records > 10_000 { 3 } else { self.random.below(4) };
        let (stream, arguments): (_, &[&str]) = match kind {
            0 => ("app/ids", &["--time-path", "time", "--id-path", "id"]),
            1 => ("app/plain", &["--time-path", "time"]),
            2 => ("app/piped", &["--time-path", "time", "--id-path", "id"]),
            _ => ("host/text", &["--form", "text"]),
        };
        let line = |_| if kind == 3 { self.random.text() } else { self.random.signin(kind != 1) };
        let input: String = (0..records).map(line).collect();
        Import { stream, arguments: arguments.to_vec(), input: input.into_bytes(), records, piped: kind == 2 }
    }

    /// Kills an import a few times, then lets it end.
    fn harm(&mut self, import: &Import) {
        self.expect(import);
        for _ in 0..2 + self.random.below(5) {
            let moment = self.moment();
            let arguments = self.arguments(import);
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let killed = self.kill(&arguments, &import.input, &moment);
            self.look();
            self.count(import, killed);
            if !killed {
                break;
            }
        }
        self.complete(import);
    }

    /// From now on the archive may, and in the end must, hold the records of this import.
    fn expect(&mut self, import: &Import) {
        self.expected.entry(import.stream).or_default().extend_from_slice(&import.input);
        // Each import reads a new file: a name that was used before would be another file of that name.
        let number = self.expected.values().map(Vec::len).sum::<usize>();
        self.kept.sandbox.write(format!("in-{number}"), &import.input);
    }

    fn arguments(&self, import: &Import) -> Vec<String> {
        let number = self.expected.values().map(Vec::len).sum::<usize>();
        let input = if import.piped { "-".to_owned() } else { format!("in-{number}") };
        let mut arguments = vec!["import".to_owned(), input, "--stream".to_owned(), import.stream.to_owned()];
        arguments.extend(["--json".to_owned()]);
        arguments.extend(import.arguments.iter().map(|&argument| argument.to_owned()));
        arguments
    }

    fn moment(&mut self) -> Moment {
        let time = self.duration.as_micros() as u64;
        let anywhere = Duration::from_micros(self.random.below(time));
        // Shortly behind an acknowledgement, between the parts of a seal, or in the index.
        let shortly = Duration::from_micros(self.random.below(time / 16 + 1));
        match self.random.below(6) {
            0 => Moment::Changed("tips.log", shortly),
            1 => Moment::Changed("index", shortly),
            2 => Moment::Changed("index/dictionary/meta.json", shortly),
            _ => Moment::After(anywhere),
        }
    }

    /// Starts logkeep and kills it; whether it was still at work.
    fn kill(&mut self, arguments: &[&str], input: &[u8], moment: &Moment) -> bool {
        let before = moment.look(&self.kept);
        let mut command = self.kept.sandbox.logkeep();
        command.arg("--archive").arg(&self.kept.archive).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("logkeep started");
        let mut stdin = child.stdin.take().expect("its standard input");
        let killed = thread::scope(|scope| {
            // The pipe breaks when the reader is killed.
            scope.spawn(move || drop(std::io::Write::write_all(&mut stdin, input)));
            moment.wait(&self.kept, before, &mut child);
            child.kill().expect("killed");
            child.wait().expect("ended").signal() == Some(9)
        });
        self.kills += u32::from(killed);
        killed
    }

    /// Notes how far the import had come.
    fn count(&mut self, import: &Import, killed: bool) {
        let lines = lines(&self.expected[import.stream]);
        let missing = lines - self.seen.get(import.stream).unwrap_or(&0);
        let state = if missing == import.records { 0 } else { 1 + usize::from(missing == 0) };
        self.stored[state] += u32::from(killed);
    }

    /// What was acknowledged is there.
    fn look(&mut self) {
        let tips = self.kept.acknowledged();
        let started = Instant::now();
        let counts = self.kept.counts();
        let took = started.elapsed();
        assert!(took < REOPEN_MAX, "reopening took {took:?}");
        self.slowest = self.slowest.max(took);
        for (stream, seen) in &self.seen {
            assert!(counts.get(stream) >= Some(seen), "{stream} had {seen} records, then {counts:?}");
        }
        // The ledger knows streams by number: as many of them must be as large.
        let (mut acknowledged, mut found): (Vec<_>, Vec<_>) = (tips.values().collect(), counts.values().collect());
        acknowledged.sort_unstable_by(|a, b| b.cmp(a));
        found.sort_unstable_by(|a, b| b.cmp(a));
        let kept =
            acknowledged.len() <= found.len() && acknowledged.iter().zip(&found).all(|(tip, count)| count >= tip);
        assert!(kept, "acknowledged {acknowledged:?}, found {found:?}");
        if self.random.below(4) == 0 && counts.values().sum::<u64>() > 0 {
            self.kept.verify();
            self.kept.search(FILTERS[self.random.below(FILTERS.len() as u64) as usize]);
        }
        self.seen = counts;
    }

    /// The same command again takes what is missing, and nothing else.
    fn complete(&mut self, import: &Import) {
        let lines = lines(&self.expected[import.stream]);
        let missing = lines - self.seen.get(import.stream).unwrap_or(&0);
        assert!(missing <= import.records, "{missing} of {} records of {} are missing", lines, import.stream);
        let started = Instant::now();
        let run = self.kept.run_with_input(self.arguments(import), &import.input).expect_code(0);
        self.duration = started.elapsed();
        let summary: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        let count = |name: &str| summary[name].as_u64().expect("a count");
        assert_eq!(count("records") - count("duplicates"), missing, "{}", run.transcript());
        assert_eq!(
            count("duplicates"),
            if import.piped { import.records - missing } else { 0 },
            "{}",
            run.transcript()
        );
        self.seen.insert(import.stream.to_owned(), lines);
    }

    /// Every record is there, once and in order, and all views of the archive agree.
    fn whole(&self) {
        self.kept.verify();
        for (stream, bytes) in &self.expected {
            assert!(self.kept.export(stream) == *bytes, "{stream} is not what was imported");
        }
        for filter in FILTERS {
            self.kept.search(filter);
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

impl Moment {
    fn look(&self, kept: &Kept) -> Option<(u64, SystemTime)> {
        let Moment::Changed(name, _) = self else { return None };
        let file = fs::metadata(kept.archive.join(name)).ok()?;
        Some((file.len(), file.modified().expect("a time")))
    }

    /// Returns when it has come, or the process has ended.
    fn wait(&self, kept: &Kept, before: Option<(u64, SystemTime)>, child: &mut Child) {
        let delay = match self {
            Moment::After(delay) => *delay,
            Moment::Changed(_, delay) => {
                while self.look(kept) == before && child.try_wait().expect("its state").is_none() {
                    thread::sleep(Duration::from_millis(1));
                }
                *delay
            }
        };
        let until = Instant::now() + delay;
        while Instant::now() < until && child.try_wait().expect("its state").is_none() {
            thread::sleep(Duration::from_millis(1).min(until - Instant::now().min(until)));
        }
    }
}
