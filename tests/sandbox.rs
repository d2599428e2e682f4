//! A fresh folder in which the real binary runs with a clean environment, and snapshots of what it says.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

/// A folder of one test's own; removed when dropped.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// A fresh folder, in which `home` and `tmp` exist.
    pub(crate) fn new() -> Sandbox {
        let folder = tempfile::Builder::new().prefix("logkeep-test-").tempdir().expect("a temporary folder");
        for name in ["home", "tmp"] {
            fs::create_dir(folder.path().join(name)).expect("a folder in the sandbox");
        }
        Sandbox { folder }
    }

    /// The path of `name` in the folder, whether it exists or not.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it; returns its path.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder above the file")).expect("folders in the sandbox");
        fs::write(&path, bytes).expect("a file in the sandbox");
        path
    }

    /// `logkeep` in this folder, not started yet, for a test that needs to kill it or talk to it.
    pub(crate) fn logkeep(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_logkeep"))
    }

    /// Runs `logkeep` to its end with an empty standard input.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.run_with_input(arguments, b"")
    }

    /// Runs `logkeep` to its end with `input` as its standard input.
    pub(crate) fn run_with_input(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Run {
        let mut command = self.logkeep();
        command.args(arguments);
        self.finish(command, input)
    }

    /// The environment is fixed, so that no variable, home folder, width or time zone of the machine changes a result.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.env("NO_COLOR", "1").env("COLUMNS", "100").env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
        command
    }

    fn finish(&self, mut command: Command, input: &[u8]) -> Run {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program started");
        let mut stdin = child.stdin.take().expect("its standard input");
        // From a thread of its own: the program may fill its output before it has read all of the input.
        let output = thread::scope(|scope| {
            // A program that does not read its input breaks the pipe, and is right to do so.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().expect("its output")
        });
        Run {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
            folder: self.folder.path().display().to_string(),
        }
    }
}

/// What a program said, and how it ended.
pub(crate) struct Run {
    /// The exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output; may be any bytes.
    pub(crate) stdout: Vec<u8>,
    /// Standard error.
    pub(crate) stderr: String,
    folder: String,
}

impl Run {
    /// Standard output, where it is text.
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.stdout).expect("standard output is UTF-8")
    }

    /// Fails with everything that was said unless the exit code is `code`.
    pub(crate) fn expect_code(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "exit code; it said:\n{}", self.transcript());
        self
    }

    /// Exit code, output and messages as one text, without what differs from run to run.
    pub(crate) fn transcript(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        let text = format!("exit: {code}\n--- stdout\n{stdout}--- stderr\n{}", self.stderr);
        without_keys(&steady(&text.replace(&self.folder, "[sandbox]")))
    }
}

/// Compares with `tests/snapshots/NAME.txt`; with `LOGKEEP_UPDATE=1` in the environment it is rewritten instead.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = workspace().join("tests/snapshots").join(name).with_extension("txt");
    if env::var_os("LOGKEEP_UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().expect("the folder of snapshots")).expect("the folder of snapshots");
        fs::write(&path, text).expect("the snapshot written");
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if let Some(difference) = difference(&kept, text) {
        panic!(
            "{} differs; if the new text is right, run the tests with LOGKEEP_UPDATE=1\n{difference}",
            path.display()
        );
    }
}

/// The folder of real records beside the checkout, `LOGKEEP_SHARED` or `../shared`; says so when there is none.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = env::var_os("LOGKEEP_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    if fs::metadata(&folder).is_ok_and(|found| found.is_dir()) {
        return Some(folder);
    }
    eprintln!("skipped: no ../shared");
    None
}

/// The root of the workspace: of the one that is tested, where clones share what was compiled in another.
pub(crate) fn workspace() -> PathBuf {
    let cli = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&cli).parent().expect("cli has a folder above it").to_owned()
}

/// The text with every number before a unit of time or a rate replaced: `12.5 ms` becomes `[n] ms`.
fn steady(text: &str) -> String {
    const UNITS: [&str; 9] = ["ns", "us", "µs", "ms", "s", "min", "MB/s", "kB/s", "records/s"];
    let mut steady = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|letter: char| !letter.is_ascii_digit() && !".,".contains(letter));
        let (number, after) = number.split_at(end.unwrap_or(number.len()));
        let word = after.trim_start_matches(' ');
        let unit = word.split(|letter: char| !letter.is_alphabetic() && letter != '/').next().unwrap_or_default();
        let part_of_a_name = before.ends_with(|letter: char| letter.is_alphanumeric() || "-_@".contains(letter));
        steady.push_str(before);
        steady.push_str(if UNITS.contains(&unit) && !part_of_a_name { "[n]" } else { number });
        rest = after;
    }
    steady + rest
}

/// The text with the public keys of archives that have no name of their own replaced.
fn without_keys(text: &str) -> String {
    const NAME: &str = "logkeep.local/";
    let mut parts = text.split(NAME);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let end = part.find(|letter: char| letter.is_whitespace() || letter == '"').unwrap_or(part.len());
        before + "[key]" + &part[end..]
    })
}

/// The first line that differs, with its number; `None` if none does.
fn difference(kept: &str, found: &str) -> Option<String> {
    if kept == found {
        return None;
    }
    let same = kept.split('\n').zip(found.split('\n')).take_while(|(kept, found)| kept == found).count();
    let line = |text: &str| text.split('\n').nth(same).map_or_else(|| "(end)".to_owned(), |line| format!("{line:?}"));
    Some(format!("line {}:\n  kept  {}\n  found {}\nwhole text found:\n{found}", same + 1, line(kept), line(found)))
}

#[test]
fn each_sandbox_is_fresh_and_goes_away() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("in/deep.txt", "text");
    assert_eq!(fs::read(&path).unwrap(), b"text");
    assert!(!Sandbox::new().path("in").try_exists().unwrap());
    drop(sandbox);
    assert!(!path.try_exists().unwrap());
}

#[test]
fn the_environment_is_the_sandbox_own() {
    let sandbox = Sandbox::new();
    let run = sandbox.finish(sandbox.command("/usr/bin/env"), b"").expect_code(0);
    let mut names: Vec<_> = run.text().lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["COLUMNS", "HOME", "LC_ALL", "NO_COLOR", "TMPDIR", "TZ"]);
    assert!(run.transcript().contains("HOME=[sandbox]/home\n"), "{}", run.transcript());
}

#[test]
fn input_goes_in_and_output_comes_out() {
    let sandbox = Sandbox::new();
    let input = vec![b'x'; 1 << 20]; // more than a pipe holds
    assert_eq!(sandbox.finish(sandbox.command("/bin/cat"), &input).stdout, input);
    assert_eq!(sandbox.finish(sandbox.command("/bin/false"), b"").code, Some(1));
}

#[test]
fn the_binary_runs() {
    let run = Sandbox::new().run(["--help"]).expect_code(0);
    assert_eq!(run.stderr, "");
    assert_eq!(Sandbox::new().run_with_input(["--help"], b"ignored").text(), run.text());
}

#[test]
fn only_times_and_rates_are_made_steady() {
    let cases = [
        ("37 of 1,000 records in 12.5 ms", "37 of 1,000 records in [n] ms"),
        ("took 3s at 210 MB/s, 5 streams", "took [n]s at [n] MB/s, 5 streams"),
        ("entra/signin@12 s, block-1 ms", "entra/signin@12 s, block-1 ms"),
        ("2026-09-02T23:00:00Z", "2026-09-02T23:00:00Z"),
    ];
    for (text, expected) in cases {
        assert_eq!(steady(text), expected);
    }
}

#[test]
fn keys_are_replaced() {
    assert_eq!(without_keys("a logkeep.local/1f/_meta+00+AZ/+=\nb"), "a [key]\nb");
}

#[test]
fn a_difference_is_shown_where_it_begins() {
    assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    let shown = difference("a\nb\n", "a\nc\n").unwrap();
    assert!(shown.starts_with("line 2:\n  kept  \"b\"\n  found \"c\"\n"), "{shown}");
    assert!(difference("a", "a\n").unwrap().contains("kept  (end)"));
}

#[test]
fn a_snapshot_is_kept_and_compared() {
    assert_snapshot("sandbox", "the sandbox compares this text\n");
    if env::var_os("LOGKEEP_UPDATE").is_none() {
        assert!(std::panic::catch_unwind(|| assert_snapshot("sandbox", "another text\n")).is_err());
    }
}

#[test]
fn shared_is_a_folder_or_none() {
    assert!(shared().is_none_or(|folder| folder.ends_with("shared") || env::var_os("LOGKEEP_SHARED").is_some()));
}
