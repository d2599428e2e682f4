//! The README's first command: every step gives what it must, and nothing of the user's is touched.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn every_step_gives_what_it_must() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["demo", "--scale", "0.2"]).expect_code(0);
    for text in [
        "1. A day of logs",
        "$ logkeep import logkeep-demo/input",
        "VERIFIED ",
        "FAILED ",
        "Every step gave what it must",
    ] {
        assert!(run.text().contains(text), "{text}: {}", run.transcript());
    }
    assert!(!sandbox.path("logkeep-demo/damaged").try_exists().unwrap());
    assert!(!sandbox.path("home/.local").try_exists().unwrap(), "the user's own archive is left alone");
    sandbox.run(["verify", "--archive", "logkeep-demo/archive"]).expect_code(0);
    sandbox.run(["demo", "--scale", "0", "--keep"]).expect_code(0);
    sandbox.run(["verify", "--archive", "logkeep-demo/damaged"]).expect_code(1);
}

#[test]
fn quiet_says_nothing_when_every_step_was_right() {
    let run = Sandbox::new().run(["-q", "demo", "--scale", "0.1"]).expect_code(0);
    assert_eq!((run.text(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_folder_of_that_name_is_left_alone() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("logkeep-demo/mine.txt", "mine");
    let run = sandbox.run(["demo"]).expect_code(2);
    assert_eq!(
        run.stderr,
        "error: logkeep-demo is there already and was not made by the demo\nhint: name another with --dir DIR; it is left as it is\n"
    );
    assert_eq!(fs::read_to_string(path).unwrap(), "mine");
}
