//! A disk without space, at any step: nothing acknowledged is lost, the error says what to do, and when there is space
//! again the same command goes on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Kept, Random};
use crate::sandbox::Run;

const DISK_BYTES: u64 = 24 << 20;
/// What is left on the disk when the import begins, in KiB.
const LEFT_KIB: [u64; 18] = [0, 4, 8, 16, 32, 64, 96, 128, 192, 256, 320, 448, 640, 896, 1280, 1792, 2560, 5120];

/// A disk of our own, gone when dropped.
struct Disk(PathBuf);

#[test]
fn what_was_acknowledged_is_kept_and_the_rest_follows() {
    let mut random = Random::seeded("disk full");
    let (mut failed, mut passed) = (0, 0);
    for left in LEFT_KIB {
        let mut kept = Kept::new();
        let Some(disk) = Disk::mount(&kept.sandbox.path("disk")) else { return };
        kept.archive = disk.0.join("archive");
        let (first, second) = (signins(&mut random, 1500), signins(&mut random, 20_000 + left));
        kept.sandbox.write("first", &first);
        kept.sandbox.write("second", &second);
        import(&kept, "first").expect_code(0);
        disk.fill(left);
        let run = import(&kept, "second");
        println!("{left} KiB left: {:?} {}", run.code, run.stderr.trim_end());
        match run.code {
            Some(0) => passed += 1,
            _ => failed += 1,
        }
        let stored = after(&kept, &run, &first, &second);
        disk.clear();
        // What is missing, and no more.
        let again = import(&kept, "second").expect_code(0);
        let summary: serde_json::Value = serde_json::from_slice(&again.stdout).expect("JSON");
        assert_eq!(summary["records"], lines(&second) - (stored - lines(&first)), "{}", again.transcript());
        kept.verify();
        assert!(kept.export("app/disk") == [first, second].concat(), "{left} KiB left: not what was imported");
        kept.search("errorCode:50126 anna");
        kept.run(["index", "check"]).expect_code(0);
    }
    assert!(failed > 4 && passed > 0, "the disk was too small or too large: {failed} imports failed, {passed} did not");
}

#[test]
fn an_archive_is_made_when_there_is_space_again() {
    let mut random = Random::seeded("disk full from the start");
    for left in [0, 4, 16, 64, 128, 256, 512] {
        let mut kept = Kept::new();
        let Some(disk) = Disk::mount(&kept.sandbox.path("disk")) else { return };
        kept.archive = disk.0.join("archive");
        let input = signins(&mut random, 3000);
        kept.sandbox.write("input", &input);
        disk.fill(left);
        let run = import(&kept, "input");
        println!("{left} KiB left: {:?} {}", run.code, run.stderr.trim_end());
        if run.code != Some(0) {
            said(&run);
        }
        disk.clear();
        import(&kept, "input").expect_code(0);
        kept.verify();
        assert!(kept.export("app/disk") == input, "{left} KiB left: not what was imported");
    }
}

/// Looks at the archive on the full disk; how many records it has.
fn after(kept: &Kept, run: &Run, first: &[u8], second: &[u8]) -> u64 {
    let counts = kept.counts();
    let (stored, all) = (counts.get("app/disk").copied().unwrap_or(0), counts.values().sum::<u64>());
    let acknowledged = kept.acknowledged().values().sum::<u64>();
    assert!(stored >= lines(first) && all >= acknowledged, "{counts:?}, {acknowledged} acknowledged");
    let all = [first, second].concat();
    assert!(all.starts_with(&kept.export("app/disk")), "what is there is not what was imported");
    kept.verify();
    kept.search("errorCode:50126 anna");
    if run.code == Some(0) {
        assert_eq!(stored, lines(&all), "it said that everything is stored: {}", run.transcript());
    } else {
        said(run);
    }
    stored
}

/// The error names the cause and what to do about it.
fn said(run: &Run) {
    assert_eq!(run.code, Some(2), "{}", run.transcript());
    let words = ["no space is left", "free some, then run the same again"];
    assert!(words.iter().all(|word| run.stderr.contains(word)), "{}", run.transcript());
}

fn import(kept: &Kept, file: &str) -> Run {
    kept.run(["import", file, "--stream", "app/disk", "--time-path", "time", "--json"])
}

fn signins(random: &mut Random, count: u64) -> Vec<u8> {
    (0..count).map(|_| random.signin(true)).collect::<String>().into_bytes()
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

impl Disk {
    /// Says so when this machine does not let us.
    fn mount(path: &Path) -> Option<Disk> {
        fs::create_dir_all(path).unwrap();
        let size = format!("size={DISK_BYTES}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Disk(path.to_owned()));
        }
        println!("skipped: cannot mount a tmpfs");
        None
    }

    /// Fills the disk but for so many KiB.
    fn fill(&self, left_kib: u64) {
        let mut filler = File::create(self.filler()).unwrap();
        let mut length = 0;
        loop {
            match filler.write(&[0x55; 4096]) {
                Ok(written) => length += written as u64,
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        filler.set_len(length.saturating_sub(left_kib << 10)).unwrap();
    }

    fn clear(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} could not be unmounted", self.0.display());
        }
    }
}
