//! Harm on purpose: processes killed, disks full, input broken, bytes flipped. The promise that is tested:
//! acknowledged means kept, once and byte for byte, and what is damaged is said.
//!
//! Each test prints its seed; `LOGKEEP_HARM_SEED` runs it with that one again.

mod bad_input; // input that is cut, torn, too large, or no input at all
mod disk_full; // an archive on a disk without space
mod flip; // bytes of a small archive's files, changed one at a time
mod kill; // `kill -9` at any moment
mod replica; // `kill -9` of a copy

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use crate::sandbox::{Run, Sandbox};

/// An archive in a sandbox of its own.
struct Kept {
    sandbox: Sandbox,
    archive: PathBuf,
}

impl Kept {
    fn new() -> Kept {
        let sandbox = Sandbox::new();
        let archive = sandbox.path("archive");
        Kept { sandbox, archive }
    }

    /// Runs a command on the archive. Whatever happens, it must end by itself and not panic.
    fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.run_with_input(arguments, b"")
    }

    fn run_with_input(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Run {
        let mut all = vec![OsStr::new("--archive").to_owned(), self.archive.clone().into()];
        all.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        let run = self.sandbox.run_with_input(&all, input);
        let ended = run.code.is_some_and(|code| code <= 3) && !run.stderr.contains("panicked");
        assert!(ended, "{all:?} did not end in order:\n{}", run.transcript());
        run
    }

    /// Records by stream, as `logkeep streams` says; none while there is no archive yet.
    fn counts(&self) -> BTreeMap<String, u64> {
        let run = self.run(["streams", "--in", "*", "--in", "_meta", "-o", "json"]);
        let made = self.archive.join("FORMAT").try_exists().unwrap();
        assert!(matches!((run.code, made), (Some(0 | 1), true) | (Some(2), false)), "{}", run.transcript());
        if !made {
            return BTreeMap::new();
        }
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&run.stdout).expect("JSON");
        let count =
            |row: &serde_json::Value| (row["stream"].as_str().unwrap().to_owned(), row["records"].as_u64().unwrap());
        rows.iter().map(count).collect()
    }

    /// The newest acknowledged size of each stream, read from the tip ledger without logkeep. Numbers of streams are
    /// given in the order in which the streams came.
    fn acknowledged(&self) -> BTreeMap<u32, u64> {
        let ledger = fs::read(self.archive.join("tips.log")).unwrap_or_default();
        let mut newest = BTreeMap::new();
        for tip in ledger.chunks_exact(64) {
            assert_eq!(&tip[..4], b"TIP1");
            newest.insert(
                u32::from_le_bytes(tip[4..8].try_into().unwrap()),
                u64::from_le_bytes(tip[8..16].try_into().unwrap()),
            );
        }
        newest
    }

    /// The exact bytes of a stream, as `export` writes them.
    fn export(&self, stream: &str) -> Vec<u8> {
        self.run(["export", "--in", stream]).expect_code(0).stdout
    }

    /// Everything is right, index included.
    fn verify(&self) {
        let run = self.run(["verify"]).expect_code(0);
        assert!(run.text().starts_with("VERIFIED"), "{}", run.transcript());
    }

    /// The newest records that `filter` finds; the answer must be the same with the index and without it.
    fn search(&self, filter: &str) -> Vec<u8> {
        let pruned = self.run(["search", filter, "-o", "raw"]);
        let whole = self.run(["search", filter, "-o", "raw", "--no-index"]);
        assert_eq!((pruned.code, &pruned.stdout), (whole.code, &whole.stdout), "{filter}: {}", pruned.stderr);
        assert!(matches!(pruned.code, Some(0 | 1)), "{}", pruned.transcript());
        pruned.stdout
    }
}

/// Numbers that a seed makes (splitmix64).
struct Random(u64);

impl Random {
    /// A seed of this run's own, or the one that is asked for; it is printed.
    fn seeded(test: &str) -> Random {
        let fresh = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
        let seed = env::var("LOGKEEP_HARM_SEED").map_or_else(|_| fresh(), |seed| seed.parse().expect("a number"));
        println!("{test}: LOGKEEP_HARM_SEED={seed}");
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A record like a sign-in, as a line.
    fn signin(&mut self, with_id: bool) -> String {
        let id =
            if with_id { format!(r#""id":"{:016x}-{:08x}","#, self.next(), self.next() as u32) } else { String::new() };
        let (second, number) = (self.below(60), self.below(1 << 40));
        let time = format!(
            "2024-09-{:02}T{:02}:{:02}:{second:02}.{:03}Z",
            1 + self.below(28),
            self.below(24),
            self.below(60),
            self.below(1000)
        );
        let user = self.one_of(&["anna", "ben", "carla", "dmitri", "eve"]);
        let (code, address) = (self.one_of(&["0", "0", "0", "50126", "50053"]), self.below(250));
        format!(
            "{{{id}\"time\":\"{time}\",\"user\":\"{user}@contoso.com\",\"ip\": \"10.1.{}.{address}\",\"status\":{{\"errorCode\":{code}}},\"number\":{number}}}\n",
            address % 3,
        )
    }

    /// A record as a line of text.
    fn text(&mut self) -> String {
        let (name, action) = (self.one_of(&["sshd", "cron", "sudo"]), self.one_of(&["opened", "closed", "refused"]));
        format!("host {name}[{}]: session {action} for user {}\n", self.below(9999), self.below(1 << 30))
    }
}

/// Copies a folder with everything below it.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        let copy = to.join(path.file_name().unwrap());
        if kind.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}
