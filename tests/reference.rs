//! Every help text in one snapshot: what a user can read of the commands changes on purpose only.

use std::fs;
use std::process::Command;

use crate::sandbox::{Sandbox, assert_snapshot, workspace};

const COMMANDS: [&[&str]; 15] = [
    &[],
    &["demo"],
    &["init"],
    &["import"],
    &["search"],
    &["show"],
    &["streams"],
    &["verify"],
    &["export"],
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
        let teaches = *command == ["index"] || run.text().contains("Exit codes:");
        assert!(teaches, "{title}: the help does not say the exit codes");
    }
    assert_snapshot("reference", &text);
}

#[test]
fn the_list_of_commands_is_complete() {
    let help = Sandbox::new().run(["--help"]).text().to_owned();
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| line.starts_with("  "));
    let names: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    let ours: Vec<_> =
        COMMANDS.iter().filter_map(|command| command.first().filter(|_| command.len() == 1)).copied().collect();
    assert_eq!(names, ours);
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

#[test]
fn the_readme_tour_works_as_written() {
    let sandbox = Sandbox::new();
    sandbox.run(["demo", "--scale", "0.1", "--quiet"]).expect_code(0);
    fs::rename(sandbox.path("logkeep-demo/input"), sandbox.path("exports")).unwrap();
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let tour = readme.split("## Five minutes").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let lines: Vec<_> = tour.lines().filter(|line| line.starts_with("logkeep ")).collect();
    assert!(lines.len() >= 6, "{tour}");
    let binary = sandbox.logkeep().get_program().to_owned();
    for line in lines {
        let script = "logkeep() { \"$LOGKEEP\" \"$@\"; }\nexport LOGKEEP_ARCHIVE=$PWD/my-archive\n";
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{script}{line}")).env("LOGKEEP", &binary).current_dir(sandbox.path(""));
        let output = shell.output().unwrap();
        // What the tour searches for need not be in the demo's day: nothing found is an answer too.
        let right = output.status.success() || (line.contains(" search ") && output.status.code() == Some(1));
        assert!(right, "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_wrong_command_is_a_usage_error_with_a_tip() {
    let run = Sandbox::new().run(["serach", "x"]).expect_code(2);
    assert!(run.stderr.contains("search"), "{}", run.stderr);
    Sandbox::new().run(["search", "x", "-q", "-v"]).expect_code(2);
    Sandbox::new().run(["streams", "--memory", "lots"]).expect_code(2);
}
