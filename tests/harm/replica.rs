//! `kill -9` while a replica copies: what is on the disk verifies, and the same command completes it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::harm::{Kept, Random};

const KILLS: u32 = 40;

/// A replica beside an archive, and how long a copy takes.
struct Victim {
    kept: Kept,
    random: Random,
    took: Duration,
    kills: u32,
}

#[test]
fn a_replica_survives_kills_at_any_moment() {
    let mut victim =
        Victim { kept: Kept::new(), random: Random::seeded("replica"), took: Duration::from_millis(200), kills: 0 };
    for number in 0.. {
        if victim.kills >= KILLS {
            break;
        }
        victim.import(number);
        for _ in 0..4 {
            victim.kill();
            victim.look();
        }
        victim.complete();
    }
    victim.kept.verify();
    println!("replica: {} kills", victim.kills);
}

impl Victim {
    fn import(&mut self, number: u64) {
        let lines = if number.is_multiple_of(3) { 30_000 } else { 10 + self.random.below(3000) };
        let text: String = (0..lines).map(|_| self.random.signin(true)).collect();
        self.kept.sandbox.write(format!("in-{number}"), text);
        let (input, stream) = (format!("in-{number}"), ["app/a", "app/b"][self.random.below(2) as usize]);
        self.kept.run(["import", &input, "--stream", stream, "--time-path", "time", "--id-path", "id"]).expect_code(0);
    }

    fn kill(&mut self) {
        let mut command = self.kept.sandbox.logkeep();
        command.arg("--archive").arg(&self.kept.archive).args(["replicate", "copy"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("logkeep started");
        let time = self.took.as_micros() as u64;
        let until = Instant::now() + Duration::from_micros(self.random.below(time + time / 8));
        while Instant::now() < until && child.try_wait().expect("its state").is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        self.kills += u32::from(child.wait().expect("ended").signal() == Some(9));
    }

    /// Whatever was cut short, what is there is whole.
    fn look(&mut self) {
        if !fs::exists(self.kept.sandbox.path("copy/FORMAT")).expect("a look") {
            return;
        }
        let run = self.kept.sandbox.run(["verify", "--archive", "copy", "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        assert_eq!(report["findings"], serde_json::json!([]), "{}", run.transcript());
    }

    fn complete(&mut self) {
        let started = Instant::now();
        self.kept.run(["replicate", "copy"]).expect_code(0);
        self.took = started.elapsed().max(Duration::from_millis(50));
        let streams = ["streams", "--in", "*", "--in", "_meta", "-o", "json"];
        let ours = self.kept.sandbox.run([&streams[..], &["--archive", "copy"]].concat()).expect_code(0);
        assert_eq!(ours.text(), self.kept.run(streams).expect_code(0).text());
    }
}
