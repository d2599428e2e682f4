//! The architecture as tests: every rule reads the tracked files and says what breaks it.
//!
//! A rule is a function from a [`Tree`] to what it found, so that each is shown here to fail on a tree that breaks it,
//! and to pass on this one. Rules about crates are in `crates`, about code in `sources`, about pages in `documents`.

mod crates;
mod documents;
mod lexer;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{fs, str};

use crate::sandbox::workspace;

/// The files of the workspace: path with `/` from the root, and text.
struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// What git tracks or would add; without git, all files but those of builds.
    fn workspace() -> Tree {
        let root = workspace();
        let names = tracked(&root).unwrap_or_else(|| walked(&root));
        let files = names.into_iter().filter_map(|name| {
            let bytes = fs::read(root.join(&name)).ok()?; // deleted and not yet committed
            Some((name, String::from_utf8_lossy(&bytes).into_owned()))
        });
        Tree { files: files.collect() }
    }

    /// A small tree that breaks a rule, or nearly does.
    fn of<const N: usize>(files: [(&str, &str); N]) -> Tree {
        Tree { files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Rust files but for the generated bindings.
    fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(path, _)| path.ends_with(".rs") && !path.starts_with("storage/bindgen/rocksdb-"))
    }

    /// Whether `path` is a file, or a folder with a file in it.
    fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }
}

/// What breaks a rule, one line each.
type Findings = Vec<String>;

type Rule = fn(&Tree) -> Findings;

/// Fails with all that `rule` finds in the workspace.
fn holds(rule: Rule) {
    let findings = rule(&Tree::workspace());
    assert!(findings.is_empty(), "{} found:\n  {}", findings.len(), findings.join("\n  "));
}

/// Fails unless `rule` finds one thing in the tree, with `expected` in its text.
fn finds<const N: usize>(rule: Rule, expected: &str, files: [(&str, &str); N]) {
    let findings = rule(&Tree::of(files));
    assert!(findings.len() == 1 && findings[0].contains(expected), "wanted one with {expected:?}, found {findings:?}");
}

/// Fails if `rule` finds anything in the tree.
fn allows<const N: usize>(rule: Rule, files: [(&str, &str); N]) {
    assert_eq!(rule(&Tree::of(files)), Findings::new());
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names: Vec<_> = str::from_utf8(&listed.stdout).ok()?.split_terminator('\0').map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn walked(root: &Path) -> Vec<String> {
    const NOT_OURS: [&str; 3] = [".git", "target", "logkeep-demo"];
    let mut names = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder of the workspace") {
            let entry = entry.expect("an entry of a folder");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let is_folder = entry.file_type().expect("the type of an entry").is_dir();
            match is_folder {
                true if NOT_OURS.contains(&name.as_str()) => {}
                true => folders.push(format!("{folder}{name}/")),
                false => names.push(format!("{folder}{name}")),
            }
        }
    }
    names
}

#[test]
fn git_and_a_walk_see_the_same_sources() {
    let root = workspace();
    let sources = |names: Vec<String>| {
        let mut names: Vec<_> = names.into_iter().filter(|name| name.ends_with(".rs")).collect();
        names.retain(|name| fs::metadata(root.join(name)).is_ok());
        names.sort_unstable();
        names
    };
    let walked = sources(walked(&root));
    assert!(walked.iter().any(|name| name == "tests/tidy.rs"), "{walked:?}");
    if let Some(tracked) = tracked(&root) {
        assert_eq!(sources(tracked), walked);
    }
}
