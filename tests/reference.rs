//! Every help text in one snapshot: what a user can read of the commands changes on purpose only.

use std::fs;
use std::process::Command;

use crate::sandbox::{Sandbox, assert_snapshot, workspace};

const COMMANDS: [&[&str]; 22] = [
    &[],
    &["demo"],
    &["init"],
    &["import"],
    &["search"],
    &["show"],
    &["streams"],
    &["verify"],
    &["export"],
    &["prove"],
    &["key"],
    &["key", "show"],
    &["key", "export"],
    &["key", "new"],
    &["replicate"],
    &["restore"],
    &["index"],
    &["index", "status"],
    &["index", "rebuild"],
    &["index", "check"],
    &["completions"],
    &["man"],
];

#[test]
fn help() {
    let sandbox = Sandbox::new();
    let mut text = String::new();
    for command in COMMANDS {
        let run = sandbox.run(command.iter().chain(&["--help"])).expect_code(0);
        let title = ["logkeep"].iter().chain(command).copied().collect::<Vec<_>>().join(" ");
        text += &format!("# {title} --help\n\n{}\n", run.text());
        let teaches = [["index"], ["key"]].iter().any(|group| command == group) || run.text().contains("Exit codes:");
        assert!(teaches, "{title}: the help does not say the exit codes");
    }
    assert_snapshot("reference", &text);
}

#[test]
fn the_list_of_commands_is_complete() {
    let help = Sandbox::new().run(["--help"]).text().to_owned();
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| line.starts_with("  "));
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names: Vec<_> = names.filter(|name| *name != "help").collect();
    let ours: Vec<_> =
        COMMANDS.iter().filter_map(|command| command.first().filter(|_| command.len() == 1)).copied().collect();
    assert_eq!(names, ours);
}

#[test]
fn help_is_a_command_too() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(["help"]).expect_code(0).text(), sandbox.run(["--help"]).text());
    for command in COMMANDS {
        let run = sandbox.run(["help"].iter().chain(command)).expect_code(0);
        assert_eq!(run.text(), sandbox.run(command.iter().chain(&["--help"])).text());
    }
}

#[test]
fn the_version_names_the_commit() {
    let run = Sandbox::new().run(["--version"]).expect_code(0);
    let commit = run.text().trim().strip_prefix(concat!("logkeep ", env!("CARGO_PKG_VERSION"), " (")).unwrap();
    let commit = commit.strip_suffix(')').unwrap();
    assert!(
        commit == "unknown" || commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{commit}"
    );
}

/// In a fresh clone, after the build: the demo, then the tour in one shell, line by line as it stands there.
#[test]
fn the_readme_tour_works_as_written() {
    let sandbox = Sandbox::new();
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    assert!(readme.contains("cargo run --release -- demo\n"), "what the tour is about comes from the demo");
    sandbox.run(["demo", "--quiet"]).expect_code(0);
    fs::create_dir_all(sandbox.path("target/release")).unwrap();
    let binary = sandbox.logkeep().get_program().to_owned();
    std::os::unix::fs::symlink(binary, sandbox.path("target/release/logkeep")).unwrap();
    let tour = readme.split("## Five minutes").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let tour = tour.strip_prefix("sh\n").unwrap();
    assert!(tour.lines().filter(|line| line.starts_with("logkeep ")).count() >= 8, "{tour}");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-euxc").arg(tour).current_dir(sandbox.path("")).env("HOME", sandbox.path("home"));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // Whoever types it in sees something.
    assert!(!said.contains("nothing found") && !said.contains("warning:") && !said.contains("hint:"), "{said}");
}

#[test]
fn a_wrong_command_is_a_usage_error_with_a_tip() {
    let run = Sandbox::new().run(["serach", "x"]).expect_code(2);
    assert!(run.stderr.contains("search"), "{}", run.stderr);
    Sandbox::new().run(["search", "x", "-q", "-v"]).expect_code(2);
    Sandbox::new().run(["streams", "--memory", "lots"]).expect_code(2);
}
