//! Rules about crates: dependencies go one way, each library has one home, the lock file stays small.

use std::collections::BTreeSet;

use super::{Findings, Tree, allows, finds, holds};

/// Our crates from left to right; each may know those to its left.
const CRATES: [(&str, &str); 7] = [
    ("storage/proof/Cargo.toml", "logkeep-proof"),
    ("storage/proof/check/Cargo.toml", "logkeep-check"),
    ("storage/Cargo.toml", "logkeep-storage"),
    ("index/Cargo.toml", "logkeep-index"),
    ("server/Cargo.toml", "logkeep-server"),
    ("cli/Cargo.toml", "logkeep"),
    ("tests/bench/Cargo.toml", "logkeep-bench"),
];

/// A library and the only manifest that may name it; `clap*` is every name that begins with `clap`.
const HOMES: [(&str, &str); 27] = [
    ("rocksdb", "storage/Cargo.toml"),
    ("librocksdb-sys", "storage/Cargo.toml"),
    ("zstd*", "storage/Cargo.toml"),
    ("crc32fast", "storage/Cargo.toml"),
    ("tantivy*", "index/Cargo.toml"),
    ("datafusion*", "index/Cargo.toml"),
    ("arrow*", "index/Cargo.toml"),
    ("axum*", "server/Cargo.toml"),
    ("tokio*", "server/Cargo.toml"),
    ("hyper*", "server/Cargo.toml"),
    ("tower*", "server/Cargo.toml"),
    ("reqwest*", "server/Cargo.toml"),
    ("ureq*", "server/Cargo.toml"),
    ("rustls*", "server/Cargo.toml"),
    ("object_store*", "server/Cargo.toml"),
    ("rsigma*", "server/Cargo.toml"),
    ("rskafka*", "server/Cargo.toml"),
    ("clap*", "cli/Cargo.toml"),
    ("indicatif*", "cli/Cargo.toml"),
    ("comfy-table*", "cli/Cargo.toml"),
    ("anstream*", "cli/Cargo.toml"),
    ("anstyle*", "cli/Cargo.toml"),
    // No home: they need OpenSSL, cmake or libclang on the user's machine, or read YAML unsafely.
    ("openssl*", ""),
    ("native-tls*", ""),
    ("aws-lc-*", ""),
    ("clang-sys", ""),
    ("serde_yml", ""),
];

/// A person raises it, after looking at what came in.
const LOCKED_PACKAGES_MAX: usize = 400;

/// No member of the workspace, which the root's Cargo.toml explains.
const STAND_IN: &str = "storage/bindgen/Cargo.toml";

const LOCK: &str = "Cargo.lock";
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn dependencies_go_one_way(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (manifest, text) in manifests(tree) {
        let Some(place) = CRATES.iter().position(|(path, _)| *path == manifest) else {
            if manifest != STAND_IN {
                findings.push(format!("{manifest}: a crate without a place in CRATES"));
            }
            continue;
        };
        let known = &CRATES[..place];
        findings.extend(
            dependencies(text)
                .into_iter()
                .filter(|name| name.starts_with("logkeep") && known.iter().all(|(_, left)| left != name))
                .map(|name| format!("{manifest}: knows {name}, which is not to its left")),
        );
    }
    findings
}

fn each_library_has_one_home(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (manifest, text) in manifests(tree) {
        for name in dependencies(text) {
            let home = HOMES.iter().find(|(library, _)| matches(library, name)).map(|(_, home)| *home);
            if home.is_some_and(|home| home != manifest) {
                findings.push(format!("{manifest}: names {name}, whose home is {:?}", home.unwrap_or_default()));
            }
        }
    }
    findings
}

fn crates_take_versions_and_lints_from_the_workspace(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (manifest, text) in manifests(tree).filter(|(manifest, _)| *manifest != STAND_IN) {
        if !text.contains("[lints]\nworkspace = true") {
            findings.push(format!("{manifest}: does not take the workspace's lints"));
        }
        let of_its_own = sections(text).filter(|(section, line)| {
            section.ends_with("dependencies") && line.contains('=') && !line.contains("workspace = true")
        });
        findings.extend(of_its_own.map(|(_, line)| format!("{manifest}: a version of its own: {line}")));
    }
    findings
}

fn the_lock_file_stays_small(tree: &Tree) -> Findings {
    let Some(lock) = tree.text(LOCK) else { return vec!["no Cargo.lock".to_owned()] };
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    let too_many =
        (packages >= LOCKED_PACKAGES_MAX).then(|| format!("{packages} packages, under {LOCKED_PACKAGES_MAX} wanted"));
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    let elsewhere =
        sources.filter(|source| source.trim_matches('"') != REGISTRY).map(|source| format!("from {source}"));
    too_many.into_iter().chain(elsewhere).collect()
}

/// Bindings of another RocksDB would compile, and call functions with the wrong arguments.
fn bindings_belong_to_the_locked_rocksdb(tree: &Tree) -> Findings {
    let stand_in = tree.text("storage/bindgen/src/lib.rs").unwrap_or_default();
    let quoted = |before: &str| stand_in.split_once(before).and_then(|(_, after)| after.split('"').next());
    let files: Vec<_> = tree.iter().filter_map(|(path, _)| path.strip_prefix("storage/bindgen/rocksdb-")).collect();
    let found = [
        ("the file", files.first().and_then(|name| name.strip_suffix(".rs"))),
        ("include_str!", quoted("include_str!(\"../rocksdb-").and_then(|name| name.strip_suffix(".rs"))),
        ("ROCKSDB_VERSION", quoted("pub const ROCKSDB_VERSION: &str = \"")),
    ];
    let Some(locked) = locked_rocksdb(tree) else { return vec!["Cargo.lock names no librocksdb-sys".to_owned()] };
    let several = (files.len() > 1).then(|| format!("several bindings: {files:?}"));
    let wrong = found.into_iter().filter(|(_, version)| *version != Some(locked));
    let wrong = wrong.map(|(place, version)| {
        format!("{place} of storage/bindgen is of RocksDB {version:?}, Cargo.lock of {locked}: run scripts/bindings.sh")
    });
    wrong.chain(several).collect()
}

/// `11.8.1` of `0.19.0+11.8.1`.
fn locked_rocksdb(tree: &Tree) -> Option<&str> {
    let (_, entry) = tree.text(LOCK)?.split_once("name = \"librocksdb-sys\"\nversion = \"")?;
    entry.split('"').next()?.split_once('+').map(|(_, rocksdb)| rocksdb)
}

fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.iter().filter(|(path, _)| path.ends_with("/Cargo.toml"))
}

/// The names in all dependency tables of a manifest: normal, dev, build, and of targets.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let named = sections(manifest).filter_map(|(section, line)| match section.rsplit_once("dependencies") {
        Some((_, "")) => line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()),
        Some((_, named)) => named.strip_prefix('.'), // [dependencies.NAME]
        None => None,
    });
    named.collect()
}

/// Each line of a manifest with the section it stands in; its heading is an empty line.
fn sections(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.scan("", |section, line| {
        let heading = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        *section = heading.unwrap_or(section);
        Some((*section, if heading.is_some() { "" } else { line }))
    })
}

fn matches(library: &str, name: &str) -> bool {
    library.strip_suffix('*').map_or(library == name, |prefix| name.starts_with(prefix))
}

#[test]
fn one_way() {
    let rule = dependencies_go_one_way;
    finds(rule, "logkeep-index", [("storage/Cargo.toml", "[dependencies]\nlogkeep-index.workspace = true\n")]);
    finds(rule, "logkeep-server", [("index/Cargo.toml", "[dev-dependencies.logkeep-server]\nworkspace = true\n")]);
    finds(
        rule,
        "logkeep-storage",
        [("storage/proof/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nlogkeep-storage = {}\n")],
    );
    finds(rule, "without a place", [("collect/Cargo.toml", "[package]\n")]);
    allows(rule, [("server/Cargo.toml", "[dependencies]\nlogkeep-index.workspace = true\n# logkeep = 1\n")]);
    holds(dependencies_go_one_way);
}

#[test]
fn one_home() {
    let rule = each_library_has_one_home;
    finds(rule, "rocksdb", [("index/Cargo.toml", "[dependencies]\nrocksdb.workspace = true\n")]);
    finds(rule, "clap_complete", [("server/Cargo.toml", "[dependencies]\nclap_complete = \"4\"\n")]);
    finds(rule, "zstd", [("server/Cargo.toml", "[dev-dependencies]\nzstd.workspace = true\n")]);
    finds(rule, "openssl-sys", [("server/Cargo.toml", "[dependencies]\nopenssl-sys = \"1\"\n")]);
    allows(rule, [("storage/Cargo.toml", "[dependencies]\nzstd.workspace = true\n[features]\nclap = []\n")]);
    holds(each_library_has_one_home);
}

#[test]
fn workspace_versions() {
    let rule = crates_take_versions_and_lints_from_the_workspace;
    finds(rule, "lints", [("index/Cargo.toml", "[dependencies]\nregex.workspace = true\n")]);
    let own = "[dependencies]\nregex = \"1\"\n[lints]\nworkspace = true\n";
    finds(rule, "regex", [("index/Cargo.toml", own)]);
    holds(crates_take_versions_and_lints_from_the_workspace);
}

#[test]
fn lock_file() {
    let rule = the_lock_file_stays_small;
    let many = "[[package]]\n".repeat(LOCKED_PACKAGES_MAX);
    finds(rule, "400 packages", [(LOCK, &many)]);
    finds(rule, "git+https", [(LOCK, "[[package]]\nsource = \"git+https://example.com/x\"\n")]);
    finds(rule, "no Cargo.lock", []);
    allows(rule, [(LOCK, &many[13..])]);
    holds(the_lock_file_stays_small);
}

#[test]
fn bindings() {
    let rule = bindings_belong_to_the_locked_rocksdb;
    let lock = (LOCK, "name = \"librocksdb-sys\"\nversion = \"0.19.0+11.8.1\"\n");
    let file = ("storage/bindgen/rocksdb-11.8.1.rs", "");
    let lib = |included: &str, version: &str| {
        format!(
            "const B: &str = include_str!(\"../rocksdb-{included}.rs\");\npub const ROCKSDB_VERSION: &str = \"{version}\";\n"
        )
    };
    let path = "storage/bindgen/src/lib.rs";
    allows(rule, [lock, file, (path, &lib("11.8.1", "11.8.1"))]);
    finds(rule, "include_str!", [lock, file, (path, &lib("11.8.0", "11.8.1"))]);
    finds(rule, "ROCKSDB_VERSION", [lock, file, (path, &lib("11.8.1", "11.8.2"))]);
    finds(rule, "the file", [lock, ("storage/bindgen/rocksdb-11.7.0.rs", ""), (path, &lib("11.8.1", "11.8.1"))]);
    finds(rule, "several", [lock, file, ("storage/bindgen/rocksdb-11.9.0.rs", ""), (path, &lib("11.8.1", "11.8.1"))]);
    finds(rule, "no librocksdb-sys", [file]);
    holds(bindings_belong_to_the_locked_rocksdb);
}
