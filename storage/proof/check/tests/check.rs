//! The binary: what it says of good bundles and of bad ones, with which exit code, and what it exports.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use logkeep_proof::bundle::{Bundle, ProvenLog, ProvenRange, ProvenRecord, Writer};
use logkeep_proof::{Checkpoint, Cosigner, Error, Frontier, Hash, Note, NoteSigner, SaltKey, range};

const ORIGIN: &str = "archive.example/contoso/entra-signin";
const SIZE: u64 = 300;

/// A folder with `bundle.lkb`, five records of 300 under a cosigned checkpoint, and `trust.txt`.
struct Sandbox {
    folder: tempfile::TempDir,
    bundle: Vec<u8>,
    trust: String,
}

impl Sandbox {
    fn new() -> Self {
        let sandbox =
            Self { folder: tempfile::tempdir().unwrap(), bundle: bundle(&[(72, 76), (299, 300)]), trust: trust() };
        sandbox.put("bundle.lkb", &sandbox.bundle);
        sandbox.put("trust.txt", sandbox.trust.as_bytes());
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Exit code, standard output, standard error.
    fn run(&self, args: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logkeep-check"));
        let output = command.args(args.split_whitespace()).current_dir(self.folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn check(&self, args: &str, code: i32, expected: &str) {
        let output = self.run(args);
        assert_eq!(output, (code, expected.to_owned(), String::new()), "{args}");
    }

    fn check_line(&self, args: &str, code: i32, expected: &str) {
        let (got, out, errors) = self.run(args);
        assert_eq!((got, errors.as_str()), (code, ""), "{args} {out}");
        assert_eq!(out.lines().next(), Some(expected), "{args}");
    }
}

fn log() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[1; 32]).unwrap()
}

fn witness() -> Cosigner {
    Cosigner::new("replica.example/w1", &[2; 32]).unwrap()
}

fn trust() -> String {
    format!(
        "log {}\nwitness replica {}\nquorum replica\n# logkeep expect {ORIGIN} 300\n",
        log().verifier(),
        witness().verifier()
    )
}

fn bodies() -> Vec<Vec<u8>> {
    (0..SIZE).map(|n| format!(r#"{{"n":{n},"op":"Sign-in"}}"#).into_bytes()).collect()
}

fn record<'b>(bodies: &'b [Vec<u8>], index: u64) -> ProvenRecord<'b> {
    let event_ns = 1_788_390_000_000_000_000 + index as i64;
    let salt = SaltKey::new(&[3; 32]).salt(index);
    ProvenRecord { event_ns, received_ns: event_ns + 1_000_000_000, salt, body: &bodies[index as usize] }
}

/// Records of these ranges.
fn bundle(ranges: &[(u64, u64)]) -> Vec<u8> {
    let (bodies, mut tree, mut nodes) = (bodies(), Frontier::new(), HashMap::new());
    for index in 0..SIZE {
        let hash = record(&bodies, index).leaf(index).hash(&mut Vec::new());
        tree.push(hash, &mut |level, index, hash| {
            nodes.insert((level, index), hash);
        });
    }
    let checkpoint = Checkpoint::new(ORIGIN, SIZE, tree.root()).unwrap();
    let mut note = Note::new(checkpoint.to_string()).unwrap();
    note.sign(&log()).unwrap();
    note.cosign(&witness(), 1_788_390_060).unwrap();
    let node = |level: u8, index: u64| -> Result<Hash, Error> { Ok(nodes[&(level, index)]) };
    let range = |(first, end): &(u64, u64)| ProvenRange {
        first: *first,
        records: (*first..*end).map(|index| record(&bodies, index)).collect(),
        path: range::prove(*first, *end, SIZE, node).unwrap(),
    };
    let ranges = ranges.iter().map(range).collect();
    let policy = trust();
    let logs = vec![ProvenLog { note, checkpoint, ranges }];
    Bundle { archive: "archive.example/contoso", policy: policy.as_bytes(), logs }.write(Vec::new()).unwrap()
}

const NOT_PROVEN: &str = "Not proven by any bundle
  that what the provider said is true, and that both times of a record are: they are what the archive
  wrote down. That no other records exist: a range has no gap, but what lies outside it is not shown.
";

#[test]
fn a_good_bundle_under_your_own_policy() {
    let expected = format!(
        "VERIFIED: all 5 records of archive.example/contoso proven

archive.example/contoso/entra-signin
  checkpoint  300 records in all
  proven      4 records, 72 to 75, none left out between
  proven      record 299
  signed by   {}
  cosigned by replica.example/w1 at 2026-09-02T23:01:00Z

Policy
  yours, with the quorum replica; the one in the bundle was not looked at

{NOT_PROVEN}",
        log().verifier().label()
    );
    Sandbox::new().check("--policy trust.txt bundle.lkb", 0, &expected);
    Sandbox::new().check(
        "-q --policy trust.txt bundle.lkb",
        0,
        "VERIFIED: all 5 records of archive.example/contoso proven\n",
    );
}

#[test]
fn without_a_policy_the_keys_are_the_bundles_own_word() {
    let sandbox = Sandbox::new();
    let (code, out, _) = sandbox.run("bundle.lkb");
    assert_eq!(code, 3);
    let first = "INCOMPLETE: 5 records fit their signatures, but whose keys these are was not checked";
    assert_eq!(out.lines().next(), Some(first));
    let own_word = format!(
        "The keys are the bundle's own word
  Nobody but the bundle says whose keys these are: anybody could make keys and a history to go with
  them. Compare them with keys that you got another way, or give your own policy with --policy:
  {}
  {}
",
        log().verifier(),
        witness().verifier()
    );
    assert!(out.contains(&own_word), "{out}");
    assert!(out.contains("\n  fits        record 299\n") && !out.contains("\n  proven"), "{out}");
    sandbox.check("-q bundle.lkb", 3, &format!("{first}\n"));
}

#[test]
fn a_changed_bundle_fails_and_says_where() {
    let sandbox = Sandbox::new();
    let changed = String::from_utf8(sandbox.bundle.clone()).unwrap().replace(r#"{"n":73,"#, r#"{"n":74,"#);
    sandbox.put("changed.lkb", changed.as_bytes());
    let (code, out, _) = sandbox.run("--policy trust.txt changed.lkb");
    assert_eq!(code, 1);
    for line in [
        "FAILED: 1 of 5 records of archive.example/contoso proven\n",
        "\n  checkpoint  says 300 records in all, see what is WRONG\n",
        "\n  NOT PROVEN  4 records, 72 to 75, none left out between\n",
        "\n  proven      record 299\n",
        "\n  WRONG       UNPROVEN: 4 records from 72: range proof: expected root ",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
    // That is said without a policy as well, and wins over INCOMPLETE.
    sandbox.check_line("changed.lkb", 1, "FAILED: 1 of 5 records of archive.example/contoso fit");
    sandbox.put("cut.lkb", &sandbox.bundle[..sandbox.bundle.len() - 1]);
    let cut = "FAILED: not a proof bundle: bundle: expected more lines: it was cut off, got \"end\"";
    sandbox.check("--policy trust.txt cut.lkb", 1, &format!("{cut}\n"));
    sandbox.check("--export out cut.lkb", 1, &format!("{cut}\n"));
    assert!(!sandbox.path("out").try_exists().unwrap());
    sandbox.put("none.lkb", b"");
    sandbox.check_line(
        "none.lkb",
        1,
        "FAILED: not a proof bundle: bundle: expected more lines: it was cut off, got \"\"",
    );
}

#[test]
fn another_key_a_missing_quorum_and_a_rollback_fail() {
    let sandbox = Sandbox::new();
    let failed = "FAILED: 0 of 5 records of archive.example/contoso proven";
    let cases = [
        (
            sandbox.trust.replace(
                &log().verifier().to_string(),
                &NoteSigner::new(ORIGIN, &[9; 32]).unwrap().verifier().to_string(),
            ),
            "UNSIGNED: policy: expected a signature of",
        ),
        (
            sandbox.trust.replace(
                &witness().verifier().to_string(),
                &Cosigner::new("replica.example/w1", &[9; 32]).unwrap().verifier().to_string(),
            ),
            "UNWITNESSED: policy: expected quorum replica",
        ),
        (
            sandbox.trust.replace("signin 300", "signin 301"),
            "ROLLBACK: archive.example/contoso/entra-signin has 300 records, at least 301 expected",
        ),
        (
            "quorum none\n".to_owned(),
            "UNSIGNED: policy: expected a key of entra-signin, or a record of _meta that repeats its checkpoint",
        ),
    ];
    for (policy, flaw) in cases {
        sandbox.put("other.txt", policy.as_bytes());
        let (code, out, _) = sandbox.run("--policy other.txt bundle.lkb");
        assert_eq!((code, out.lines().next()), (1, Some(failed)), "{policy}");
        assert!(out.contains(&format!("\n  WRONG       {flaw}")), "{out}");
    }
}

#[test]
fn a_policy_without_witnesses_says_that_nobody_saw_it() {
    let sandbox = Sandbox::new();
    sandbox.put("log.txt", format!("log {}\nquorum none\n", log().verifier()).as_bytes());
    let (code, out, _) = sandbox.run("--policy log.txt bundle.lkb");
    assert_eq!(code, 0);
    assert!(
        out.contains("\n  cosigned by nobody: only the log itself says when, and that it shows this history to all\n")
    );
}

#[test]
fn nothing_to_check_is_never_verified() {
    let sandbox = Sandbox::new();
    sandbox.put("empty.lkb", &bundle(&[]));
    sandbox.check_line("--policy trust.txt empty.lkb", 3, "INCOMPLETE: there is no record to check");
    let none = Writer::new(Vec::new(), "archive.example", b"quorum none\n").unwrap().end().unwrap();
    sandbox.put("none.lkb", &none);
    sandbox.check_line("--policy trust.txt none.lkb", 3, "INCOMPLETE: there is no record to check");
}

#[test]
fn json_says_the_same() {
    let sandbox = Sandbox::new();
    let object = |args: &str| serde_json::from_str::<serde_json::Value>(&sandbox.run(args).1).unwrap();
    let good = object("--json --policy trust.txt bundle.lkb");
    assert_eq!(
        (good["verdict"].as_str(), good["records"].as_u64(), good["proven"].as_u64()),
        (Some("VERIFIED"), Some(5), Some(5))
    );
    assert_eq!((good["policy"].as_str(), good["keys"].as_array().unwrap().len()), (Some("given"), 2));
    let stream = &good["streams"][0];
    assert_eq!((stream["origin"].as_str(), stream["size"].as_u64()), (Some(ORIGIN), Some(300)));
    assert_eq!(stream["signed"][0], log().verifier().label());
    assert_eq!(stream["cosigned"][0]["time"], "2026-09-02T23:01:00Z");
    assert_eq!(stream["ranges"][0].to_string(), r#"{"count":4,"first":72,"proven":true}"#);
    assert!(stream["anchored"].is_null() && stream["flaws"].as_array().unwrap().is_empty());
    let own = object("--json bundle.lkb");
    assert_eq!((own["verdict"].as_str(), own["policy"].as_str()), (Some("INCOMPLETE"), Some("the bundle's own")));
    sandbox.put("none.lkb", b"\x1b\"");
    let none = object("--json none.lkb");
    assert_eq!((none["verdict"].as_str(), none["streams"].as_array().unwrap().len()), (Some("FAILED"), 0));
    assert!(none["error"].as_str().unwrap().contains("u{1b}"), "{none}");
}

#[test]
fn wrong_usage_and_unreadable_files_are_no_verdict() {
    let sandbox = Sandbox::new();
    sandbox.put("bad.txt", b"quorum none");
    for args in [
        "",
        "--nothing",
        "a b",
        "nowhere.lkb",
        "--policy nowhere.txt bundle.lkb",
        "--policy bad.txt bundle.lkb",
        "--export . bundle.lkb",
    ] {
        let (code, out, errors) = sandbox.run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args}");
        assert!(errors.starts_with("logkeep-check: ") && errors.ends_with('\n'), "{args} {errors}");
    }
    assert!(sandbox.run("--help").1.starts_with("Check a proof bundle"));
    assert_eq!(
        sandbox.run("--version"),
        (0, concat!("logkeep-check ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), String::new())
    );
}

#[test]
fn exported_files_are_exact_and_only_what_is_proven() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("--policy trust.txt --export out bundle.lkb").0, 0);
    let read = |name: &str| fs::read(sandbox.path("out").join(name)).unwrap();
    assert_eq!(files(&sandbox.path("out")).len(), 2 + 3 * 5);
    assert_eq!(read("0-73.record"), bodies()[73]);
    assert_eq!(read("policy.txt"), sandbox.trust.as_bytes());
    let proof = logkeep_proof::RecordProof::parse(&read("0-73.tlog-proof")).unwrap();
    let leaf = logkeep_proof::Leaf::parse(&read("0-73.leaf")).unwrap();
    assert!(proof.verify(&leaf, &logkeep_proof::Policy::parse(&read("policy.txt")).unwrap()).is_ok());
    assert_eq!(read("0.checkpoint"), proof.checkpoint.to_string().as_bytes());
    // The folder is not written into twice.
    assert_eq!(sandbox.run("--policy trust.txt --export out bundle.lkb").0, 2);
    sandbox.put("other.txt", b"quorum none\n");
    assert_eq!(sandbox.run("--policy other.txt --export unproven bundle.lkb").0, 1);
    assert_eq!(files(&sandbox.path("unproven")), ["0.checkpoint", "policy.txt"]);
}

/// Programs that are not ours check what is exported: `LOGKEEP_INTEROP_PYTHON` names a Python with
/// the packages of `storage/proof/tests/interop/requirements.txt`; else one is made with
/// `venv` if a registry can be reached, else this says that it was skipped, and why.
#[test]
fn other_programs_check_what_is_exported() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("--policy trust.txt --export out bundle.lkb").0, 0);
    let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop");
    let python = match python(&interop, Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(python) => python,
        Err(why) => return println!("skipped: {why}"),
    };
    let check = |folder: &Path| {
        let output = Command::new(&python).arg(interop.join("check.py")).arg(folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    };
    let (code, text) = check(&sandbox.path("out"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("5 records right"), "{text}");
    assert!(text.contains("aics-tlog") && text.contains("pymerkle"), "{text}");
    println!("{text}");
    // All records at once, so that another program computes the root.
    sandbox.put("all.lkb", &bundle(&[(0, SIZE)]));
    assert_eq!(sandbox.run("--policy trust.txt --export all all.lkb").0, 0);
    let (code, text) = check(&sandbox.path("all"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("pymerkle: the same root of all 300 records"), "{text}");
    println!("{text}");
    // They refuse what we refuse: each kind of file with one bit changed.
    for name in ["0-73.record", "0-73.leaf", "0-73.tlog-proof", "0.checkpoint", "policy.txt"] {
        let path = sandbox.path("out").join(name);
        let good = fs::read(&path).unwrap();
        for at in [good.len() / 3, good.len() / 2, good.len() * 2 / 3] {
            let mut harmed = good.clone();
            harmed[at] ^= 1;
            fs::write(&path, &harmed).unwrap();
            let (code, text) = check(&sandbox.path("out"));
            assert_eq!(code, Some(1), "{name} byte {at}: {text}");
        }
        fs::write(&path, &good).unwrap();
    }
}

/// A Python that has the packages, or why there is none.
fn python(interop: &Path, tmp: &Path) -> Result<PathBuf, &'static str> {
    if let Some(python) = std::env::var_os("LOGKEEP_INTEROP_PYTHON") {
        return Ok(python.into());
    }
    let python = tmp.join("interop-venv/bin/python");
    let runs = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let has_packages = || runs(Command::new(&python).args(["-c", "import aics_tlog, pymerkle, cryptography"]));
    if has_packages() {
        return Ok(python);
    }
    // aics-tlog needs Python 3.12.
    let is_new = "import sys; sys.exit(sys.version_info < (3, 12))";
    let names = ["python3.14", "python3.13", "python3.12", "python3"];
    let Some(found) = names.into_iter().find(|name| runs(Command::new(name).args(["-c", is_new]))) else {
        return Err("no Python 3.12 or newer (LOGKEEP_INTEROP_PYTHON names one)");
    };
    let made = runs(Command::new(found).args(["-m", "venv"]).arg(tmp.join("interop-venv")));
    let requirements = interop.join("requirements.txt");
    let options =
        ["-m", "pip", "install", "--quiet", "--timeout", "10", "--retries", "1", "--require-virtualenv", "-r"];
    if made && runs(Command::new(&python).args(options).arg(requirements)) && has_packages() {
        return Ok(python);
    }
    Err("the packages of tests/interop/requirements.txt cannot be installed")
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
