//! Rules about pages and lists: what they name exists, what exists is named, constants have the values written down.

use super::{Findings, Tree, allows, finds, holds};

/// Commands whose tests are elsewhere than in a test file of the same name: command, where.
const TESTED_ELSEWHERE: [(&str, &str); 0] = [];

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const FORMAT: &str = "docs/format.md";

fn test_files_are_listed(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, _) in tree.rust().filter(|(path, _)| path.starts_with("tests/") && !path.starts_with("tests/bench/")) {
        let stem = path.trim_end_matches(".rs");
        let Some((folder, name)) = stem.rsplit_once('/') else { continue };
        let list = if folder == "tests" { "tests/main.rs".to_owned() } else { format!("{folder}.rs") };
        let line = format!("mod {name};");
        let listed = tree.text(&list).is_some_and(|text| text.lines().any(|found| found.trim().starts_with(&line)));
        if !listed && path != "tests/main.rs" {
            findings.push(format!("{path}: never run, {list} does not say `{line}`"));
        }
    }
    findings
}

fn commands_are_tested_and_named(tree: &Tree) -> Findings {
    let readme = tree.text("README.md").unwrap_or_default();
    let mut findings = Findings::new();
    for name in commands(tree) {
        let test = format!("tests/{name}.rs");
        let elsewhere = TESTED_ELSEWHERE.iter().find(|(command, _)| *command == name);
        if !tree.has(elsewhere.map_or(&test, |(_, place)| place)) {
            findings.push(format!("logkeep {name}: no {test}"));
        }
        if !readme.contains(&format!("logkeep {}", name.replace('_', "-"))) {
            findings.push(format!("logkeep {name}: README.md does not name it"));
        }
    }
    findings
}

fn paths_of_the_architecture_exist(tree: &Tree) -> Findings {
    let Some(page) = tree.text(ARCHITECTURE) else { return vec![format!("no {ARCHITECTURE}")] };
    let paths: Vec<String> = in_backticks(page).flat_map(braces).filter(|text| is_path(tree, text)).collect();
    if paths.is_empty() {
        return vec![format!("{ARCHITECTURE} names no path")];
    }
    let missing = paths.iter().filter(|path| !tree.has(path) && !is_end_of_a_path(tree, path));
    missing.map(|path| format!("{ARCHITECTURE} names {path}, which does not exist")).collect()
}

fn constants_are_as_written(tree: &Tree) -> Findings {
    let Some(page) = tree.text(FORMAT) else { return vec![format!("no {FORMAT}")] };
    let rows: Vec<_> = page.lines().filter_map(constant_row).collect();
    if rows.is_empty() {
        return vec![format!("{FORMAT} has no row `| `NAME` | value | `path.rs` |`")];
    }
    let differ = rows.into_iter().filter_map(|(name, written, path)| {
        let found = tree.text(path).and_then(|text| constant(text, name));
        let same = found.is_some_and(|found| value(found) == value(written));
        (!same).then(|| format!("{FORMAT}: {name} = {written}, in {path} {found:?}"))
    });
    differ.collect()
}

fn changes_are_written_down(tree: &Tree) -> Findings {
    let changelog = tree.text("CHANGELOG.md").unwrap_or_default();
    let unreleased = changelog.lines().any(|line| line == "## [Unreleased]" || line == "## Unreleased");
    if unreleased { Findings::new() } else { vec!["CHANGELOG.md has no part `## [Unreleased]`".to_owned()] }
}

/// Addresses and folders of the machine on which something was written.
fn nothing_names_a_machine(tree: &Tree) -> Findings {
    const FOLDERS: [&str; 4] = ["/root/", "/work/", "/home/", "/Users/"];
    const HOSTS: [&str; 5] =
        ["index.crates.io", "static.crates.io", "proxy.golang.org", "files.pythonhosted", "registry.npmjs"];
    let mut findings = Findings::new();
    for (path, text) in tree.iter().filter(|(path, _)| *path != "tests/tidy/documents.rs") {
        for (index, line) in text.lines().enumerate() {
            let folder = FOLDERS.iter().find(|folder| begins_a_path(line, folder));
            let host = HOSTS.iter().find(|host| line.contains(*host));
            findings.extend(folder.or(host).map(|name| format!("{path}:{}: names {name}", index + 1)));
        }
    }
    findings
}

/// The commands, by their files or folders.
fn commands(tree: &Tree) -> Vec<String> {
    let inside = tree.rust().filter_map(|(path, _)| path.strip_prefix("cli/src/commands/"));
    let names = inside.map(|rest| rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs").to_owned());
    let mut names: Vec<_> = names.filter(|name| name != "mod").collect();
    names.dedup();
    names
}

fn in_backticks(page: &str) -> impl Iterator<Item = &str> {
    page.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn braces(text: &str) -> Vec<String> {
    let parts = text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (names, after))) = parts else { return vec![text.to_owned()] };
    names.split(',').flat_map(|name| braces(&format!("{before}{}{after}", name.trim()))).collect()
}

/// Something in backticks is one of our paths if it begins with a folder of ours or ends like a source file.
fn is_path(tree: &Tree, text: &str) -> bool {
    let letters = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    let Some((first, _)) = text.split_once('/') else { return letters && is_source(text) };
    letters
        && (is_source(text)
            || (!first.is_empty() && tree.files.keys().any(|file| file.split('/').next() == Some(first))))
}

fn is_source(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ["rs", "md", "toml", "sh"].contains(&ending))
}

/// `store/raw.rs` under a heading that says where.
fn is_end_of_a_path(tree: &Tree, end: &str) -> bool {
    let end = format!("/{end}");
    is_source(&end) && tree.files.keys().any(|file| file.ends_with(&end))
}

/// Name, value and file of a row `| `NAME` | value | `path.rs` |`.
fn constant_row(line: &str) -> Option<(&str, &str, &str)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let [name, value, path] = [cells.next()?, cells.next()?, cells.next()?];
    let unquoted = |cell: &'_ str| -> Option<(usize, usize)> {
        (cell.len() > 2 && cell.starts_with('`') && cell.ends_with('`')).then_some((1, cell.len() - 1))
    };
    let (name, path) =
        (name.get(unquoted(name).map(|(from, to)| from..to)?)?, path.get(unquoted(path).map(|(from, to)| from..to)?)?);
    let is_name = name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    (is_name && is_source(path)).then_some((name, value.trim_matches('`'), path))
}

/// The text of the value of `const name`.
fn constant<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("const {name}:"))?;
    let (_, value) = after.split_once(" = ").or_else(|| after.split_once(" =\n"))?;
    value.split(";\n").next().map(str::trim)
}

/// A value as it is compared: numbers computed, the rest without blanks and the marks of byte strings.
fn value(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '`').collect();
    number(&text)
        .map_or_else(|| text.trim_start_matches('*').trim_start_matches('b').to_owned(), |number| number.to_string())
}

/// `1_024`, `1,024`, `0x400`, `1<<10`, `4*256`, `1024u64`.
fn number(text: &str) -> Option<u128> {
    if let Some((left, right)) = text.split_once("<<") {
        return number(left)?.checked_shl(u32::try_from(number(right)?).ok()?);
    }
    if let Some((left, right)) = text.rsplit_once('*').filter(|(left, _)| !left.is_empty()) {
        return number(left)?.checked_mul(number(right)?);
    }
    let digits: String = text.chars().filter(|letter| !"_,".contains(*letter)).collect();
    if let Some(hexadecimal) = digits.strip_prefix("0x") {
        return u128::from_str_radix(hexadecimal, 16).ok();
    }
    digits.trim_end_matches("u64").trim_end_matches("u32").trim_end_matches("usize").parse().ok()
}

/// Whether the folder stands where a path from the root would begin, with a name in it.
fn begins_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + folder.len()..].chars().next();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-}$~*/".contains(letter))
            && after.is_some_and(char::is_alphanumeric)
    })
}

#[test]
fn listed_tests() {
    let rule = test_files_are_listed;
    finds(rule, "tests/crash.rs", [("tests/main.rs", "mod crash_too;\n"), ("tests/crash.rs", "")]);
    finds(rule, "tests/tidy/x.rs", [("tests/main.rs", "mod tidy;"), ("tests/tidy.rs", ""), ("tests/tidy/x.rs", "")]);
    allows(rule, [("tests/main.rs", "mod crash; // it\n"), ("tests/crash.rs", ""), ("tests/bench/src/main.rs", "")]);
    holds(test_files_are_listed);
}

#[test]
fn commands_have_tests() {
    let rule = commands_are_tested_and_named;
    let (file, readme) = (("cli/src/commands/show.rs", ""), ("README.md", "`logkeep show entra/signin@1`"));
    finds(rule, "tests/show.rs", [file, readme]);
    finds(rule, "README.md", [file, ("tests/show.rs", "")]);
    finds(rule, "tests/index.rs", [("cli/src/commands/index/check.rs", ""), ("README.md", "logkeep index")]);
    allows(rule, [file, readme, ("tests/show.rs", ""), ("cli/src/commands/mod.rs", "")]);
    holds(commands_are_tested_and_named);
}

#[test]
fn architecture() {
    let rule = paths_of_the_architecture_exist;
    let file = ("storage/src/store/raw.rs", "");
    finds(rule, "no ARCHITECTURE.md", [file]);
    finds(rule, "names no path", [file, (ARCHITECTURE, "`entra/signin` and `Archive::open`, `tips.log`")]);
    finds(rule, "storage/src/gone", [file, (ARCHITECTURE, "`storage/src/gone`")]);
    finds(rule, "gone.rs", [file, (ARCHITECTURE, "`gone.rs` and `raw.rs`")]);
    finds(rule, "store/b.rs", [file, (ARCHITECTURE, "`storage/src/store/{raw,b}.rs`")]);
    allows(rule, [file, (ARCHITECTURE, "`storage/`, `storage/src/store`, `store/raw.rs`; `a/b` `<archive>/db/`")]);
    holds(paths_of_the_architecture_exist);
}

#[test]
fn format_constants() {
    let rule = constants_are_as_written;
    let code = "const BLOCK_RECORDS: u64 = 1 << 10;\npub(crate) const MAGIC: [u8; 4] = *b\"LKB1\";\nconst LIMIT: usize = 64 * 1024 * 1024;\n";
    let file = ("storage/src/block.rs", code);
    let row = |name: &str, value: &str| format!("| `{name}` | {value} | `storage/src/block.rs` | what |\n");
    let right = row("BLOCK_RECORDS", "1,024") + &row("MAGIC", "`\"LKB1\"`") + &row("LIMIT", "67_108_864");
    allows(rule, [file, (FORMAT, &right)]);
    finds(rule, "BLOCK_RECORDS", [file, (FORMAT, &row("BLOCK_RECORDS", "1,025"))]);
    finds(rule, "MAGIC", [file, (FORMAT, &row("MAGIC", "`\"LKB2\"`"))]);
    finds(rule, "GONE", [file, (FORMAT, &row("GONE", "1"))]);
    finds(rule, "no docs/format.md", [file]);
    finds(rule, "no row", [file, (FORMAT, "| a | b | c |")]);
    holds(constants_are_as_written);
}

#[test]
fn changelog() {
    finds(changes_are_written_down, "Unreleased", [("CHANGELOG.md", "## 0.1.0\n")]);
    allows(changes_are_written_down, [("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n")]);
    holds(changes_are_written_down);
}

#[test]
fn machines() {
    let rule = nothing_names_a_machine;
    finds(rule, "a.md:2: names /home/", [("docs/a.md", "x\nsee /home/anna/x")]);
    finds(rule, "static.crates.io", [("docs/a.md", "https://static.crates.io/crates/x")]);
    allows(rule, [("docs/a.md", "$HOME/x, ~/work/x, sandbox/home/x, PWD=/home/{user}, https://example.com/work/x")]);
    holds(nothing_names_a_machine);
}
