//! A new archive: where it is, and that nothing that is there already is touched.

use crate::sandbox::{Sandbox, assert_snapshot};

#[test]
fn an_archive_is_made_once() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(["init", "--archive", "logs"]).expect_code(0);
    let again = sandbox.run(["init", "--archive", "logs"]).expect_code(2);
    assert_snapshot("init", &format!("{}\n{}", made.transcript(), again.transcript()));
}

#[test]
fn the_default_place_follows_the_environment() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).expect_code(0);
    assert!(sandbox.path("home/.local/share/logkeep/FORMAT").try_exists().unwrap());
    let with = |name: &str, value: &str| {
        let output = sandbox.logkeep().arg("init").env(name, sandbox.path(value)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    with("XDG_DATA_HOME", "data");
    assert!(sandbox.path("data/logkeep/FORMAT").try_exists().unwrap());
    with("LOGKEEP_ARCHIVE", "mine");
    assert!(sandbox.path("mine/FORMAT").try_exists().unwrap());
}

#[test]
fn quiet_is_quiet() {
    let run = Sandbox::new().run(["init", "-q"]).expect_code(0);
    assert_eq!((run.text(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("photos/cat.jpg", "x");
    let run = sandbox.run(["init", "--archive", "photos"]).expect_code(2);
    assert!(run.stderr.contains("is not empty"), "{}", run.stderr);
    assert!(!sandbox.path("photos/db").try_exists().unwrap());
}

#[test]
fn without_an_archive_every_command_says_what_to_do() {
    for command in [&["streams"][..], &["search", "x"], &["show", "a@0"], &["verify"], &["export"], &["index", "check"]]
    {
        let run = Sandbox::new().run(command).expect_code(2);
        assert!(run.stderr.contains("is no archive\nhint: make one with `logkeep init`"), "{}", run.stderr);
        assert_eq!(run.text(), "");
    }
}

#[test]
fn a_file_is_no_archive_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "--archive", "logs"]).expect_code(0);
    sandbox.write("signins.json", "{}");
    let run = sandbox.run(["search", "x", "--archive", "signins.json"]).expect_code(2);
    assert!(
        run.stderr.starts_with("error: signins.json is a file, and an archive is a directory\nhint: "),
        "{}",
        run.stderr
    );
    let run = sandbox.run(["verify", "--archive", "logs/FORMAT"]).expect_code(2);
    assert!(run.stderr.contains("hint: you may mean --archive logs\n"), "{}", run.stderr);
}

#[test]
fn too_little_memory_is_refused() {
    let run = Sandbox::new().run(["init", "--memory", "1"]).expect_code(2);
    assert!(run.stderr.contains("at least 64MiB"), "{}", run.stderr);
}
