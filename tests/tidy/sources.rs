//! Rules about code: who may name what, what hides errors, how files begin, how long they are, what they are called.

use super::lexer::{code, product_code};
use super::{Findings, Tree, allows, finds, holds};

const LINES_MAX: usize = 800;

/// What may be named in some places only. A pattern that begins with a letter has to begin a word.
const PLACES: [(&[&str], &[&str]); 6] = [
    (&["rocksdb::", "librocksdb_sys", "use rocksdb"], &["storage/src/store/"]),
    (&["raw_iterator", "DBIterator", "DBRawIterator", "iterator_cf"], &["storage/src/store/"]),
    (&["unsafe ", "unsafe{"], &["storage/src/store/raw.rs"]),
    (
        &["SystemTime::now", "Timestamp::now", "Zoned::now", "Instant::now"],
        &["server/src/", "cli/src/", "tests/bench/"],
    ),
    (&["env::var", "env::args"], &["cli/src/", "server/src/config", "storage/proof/check/src/main.rs", "tests/bench/"]),
    (&["println!", "eprintln!", "print!", "eprint!"], &["cli/src/output", "tests/bench/"]),
];

/// What may not be named in a folder: the language stands without what runs it.
const KEPT_OUT: [(&str, &[&str]); 1] = [("index/src/kql/", &["datafusion", "arrow::", "tantivy", "logkeep_storage"])];

/// Ways to lose the error of an iterator's item, so that an answer ends short and looks whole.
const HIDES_ERRORS: [&str; 9] = [
    ".flatten()",
    "(Result::ok)",
    ".flat_map(Result::",
    "(Result::unwrap_or_default)",
    ".take_while(Result::is_ok)",
    ".map_while(Result::",
    "while let Some(Ok(",
    "|result| result.ok()",
    ".flat_map(|result| result)",
];

/// On a line, or alone on the line before it: says why `.flatten()` hides no error there.
const EXCUSE: &str = "// tidy: no results here";

/// A file's name says which noun it holds; these say nothing.
const BANNED_NAMES: [&str; 10] =
    ["utils", "util", "common", "types", "models", "helpers", "helper", "misc", "core", "shared"];

fn named_in_its_place_only(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.rust().filter(|(path, _)| is_product(path)) {
        let code = product_code(text);
        for (patterns, places) in PLACES {
            if places.iter().all(|place| !path.starts_with(place)) {
                findings.extend(patterns.iter().flat_map(|pattern| at(path, &code, pattern)));
            }
        }
    }
    findings
}

fn kept_out_of_its_folder(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (folder, patterns) in KEPT_OUT {
        for (path, text) in tree.rust().filter(|(path, _)| path.starts_with(folder)) {
            findings.extend(patterns.iter().flat_map(|pattern| at(path, &code(text), pattern)));
        }
    }
    findings
}

fn no_error_is_hidden(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.rust().filter(|(path, _)| is_product(path)) {
        let lines: Vec<&str> = text.lines().collect();
        let excused = |number: usize| {
            let above = number.checked_sub(2).and_then(|above| lines.get(above));
            lines[number - 1].contains(EXCUSE) || above.is_some_and(|line| line.trim() == EXCUSE)
        };
        for (number, line) in numbered(&product_code(text)) {
            if HIDES_ERRORS.iter().any(|pattern| line.contains(pattern)) && !excused(number) {
                findings.push(format!("{path}:{number}: may hide an error: {}", line.trim()));
            }
        }
    }
    findings
}

fn nothing_is_left_undone(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.rust() {
        let code = code(text);
        findings.extend(["#[ignore", "todo!", "unimplemented!"].iter().flat_map(|pattern| at(path, &code, pattern)));
        let without_reason = code.split("[allow(").skip(1).filter(|after| {
            let attribute = after.split(")]").next().unwrap_or(after);
            !attribute.contains("reason")
        });
        findings.extend(without_reason.map(|_| format!("{path}: an allow without a reason")));
    }
    findings
}

fn files_begin_with_their_purpose(tree: &Tree) -> Findings {
    let without = tree.rust().filter(|(_, text)| {
        let purpose = text.lines().next().unwrap_or_default().strip_prefix("//! ");
        purpose.is_none_or(|purpose| purpose.split_whitespace().count() < 3)
    });
    without.map(|(path, _)| format!("{path}: the first line is not `//! ` and what the file is for")).collect()
}

fn files_are_short(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.rust() {
        let lines = text.lines().count();
        let says_why = text.lines().nth(1).is_some_and(|line| line.starts_with("// tidy: long because "));
        if lines > LINES_MAX && !says_why {
            findings.push(format!("{path}: {lines} lines, {LINES_MAX} without `// tidy: long because …` on line 2"));
        }
    }
    findings
}

fn names_say_what_is_inside(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, _) in tree.rust() {
        let banned = path
            .split('/')
            .map(|part| part.strip_suffix(".rs").unwrap_or(part))
            .find(|part| part.rsplit(['_', '-']).next().is_some_and(|last| BANNED_NAMES.contains(&last)));
        findings.extend(banned.map(|name| format!("{path}: the name {name:?} says nothing")));
    }
    findings
}

/// Code that ships, and the benchmark: no tests, no benches, no build scripts.
fn is_product(path: &str) -> bool {
    let tests = ["tests/", "benches/", "fuzz/", "examples/"];
    let in_tests = tests.iter().any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")));
    let test_module = path.ends_with("/tests.rs") || path.ends_with("_tests.rs");
    path.starts_with("tests/bench/") || !(in_tests || test_module || path.starts_with("storage/bindgen/"))
}

/// The lines on which `pattern` begins a word.
fn at(path: &str, code: &str, pattern: &str) -> Findings {
    let found = numbered(code).filter(|(_, line)| {
        line.match_indices(pattern).any(|(start, _)| {
            let before = line[..start].chars().next_back();
            !pattern.starts_with(char::is_alphabetic)
                || before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
        })
    });
    found.map(|(number, _)| format!("{path}:{number}: {} does not belong here", pattern.trim())).collect()
}

fn numbered(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[test]
fn places() {
    let rule = named_in_its_place_only;
    finds(rule, "archive.rs:2: rocksdb::", [("storage/src/archive.rs", "//! x\nlet db = rocksdb::DB::open(path);")]);
    finds(rule, "use rocksdb", [("storage/src/archive.rs", "use rocksdb as r;")]);
    finds(rule, "librocksdb_sys", [("server/src/a.rs", "librocksdb_sys::f();")]);
    finds(rule, "iterator_cf", [("storage/src/tail.rs", "db.iterator_cf(tail, mode)")]);
    finds(rule, "unsafe", [("storage/src/store/mod.rs", "unsafe { f() }")]);
    finds(rule, "SystemTime::now", [("storage/src/archive.rs", "let now = SystemTime::now();")]);
    finds(rule, "env::var", [("server/src/intake.rs", "std::env::var(\"HOME\")")]);
    finds(rule, "println!", [("cli/src/main.rs", "fn main() { println!(\"x\"); }")]);
    finds(rule, "eprintln!", [("index/src/search.rs", "eprintln!(\"x\");")]);
    allows(
        rule,
        [
            ("storage/src/store/mod.rs", "use rocksdb::DB; db.raw_iterator_cf(x);"),
            ("storage/src/store/raw.rs", "#[expect(unsafe_code)] fn f() { unsafe { g() } }"),
            (
                "storage/src/archive.rs",
                "// no rocksdb:: here\nlet a = \"println!\";\n#[cfg(test)]\nmod tests { use rocksdb::DB; }",
            ),
            ("storage/tests/damage.rs", "println!(\"seed\"); SystemTime::now();"),
            ("cli/src/output/table.rs", "println!(\"x\");"),
            ("cli/src/args.rs", "std::env::var(\"HOME\"); my_rocksdb::x();"),
        ],
    );
    holds(named_in_its_place_only);
}

#[test]
fn folders() {
    let rule = kept_out_of_its_folder;
    finds(rule, "datafusion", [("index/src/kql/binder.rs", "use datafusion::prelude::Expr;")]);
    finds(rule, "tantivy", [("index/src/kql/functions/text.rs", "tantivy::Term::x()")]);
    allows(rule, [("index/src/lower.rs", "use datafusion::prelude::Expr;"), ("index/src/kql/a.rs", "// no tantivy")]);
    holds(kept_out_of_its_folder);
}

#[test]
fn hidden_errors() {
    let rule = no_error_is_hidden;
    for code in HIDES_ERRORS {
        finds(rule, "a.rs:2:", [("index/src/a.rs", &format!("\nrecords{code}\n"))]);
    }
    finds(rule, "a.rs:2:", [("index/src/a.rs", &format!("{EXCUSE}, or so; f();\nrows.flatten()"))]);
    allows(
        rule,
        [
            ("index/src/a.rs", &*format!("rows.flatten() {EXCUSE}: options\n    {EXCUSE}\nrows.flatten()")),
            ("index/tests/a.rs", "rows.flatten()"),
        ],
    );
    holds(no_error_is_hidden);
}

#[test]
fn undone() {
    let rule = nothing_is_left_undone;
    finds(rule, "ignore", [("tests/crash.rs", "#[ignore = \"slow\"]\nfn t() {}")]);
    finds(rule, "todo!", [("cli/src/main.rs", "todo!()")]);
    finds(rule, "unimplemented!", [("cli/src/main.rs", "unimplemented!()")]);
    finds(rule, "allow", [("cli/src/main.rs", "#![allow(dead_code)]\n#[expect(x, reason = \"y\")]")]);
    allows(rule, [("cli/src/main.rs", "#[allow(dead_code, reason = \"read by tests\")]\n// todo! #[ignore]")]);
    holds(nothing_is_left_undone);
}

#[test]
fn purpose() {
    let rule = files_begin_with_their_purpose;
    finds(rule, "a.rs", [("cli/src/a.rs", "// what it is for\n")]);
    finds(rule, "a.rs", [("cli/src/a.rs", "//! placeholder\n")]);
    finds(rule, "a.rs", [("cli/src/a.rs", "")]);
    allows(rule, [("cli/src/a.rs", "//! What it is for.\n"), ("storage/bindgen/rocksdb-1.2.3.rs", "/* generated */")]);
    holds(files_begin_with_their_purpose);
}

#[test]
fn length() {
    let long = "\n".repeat(LINES_MAX + 1);
    finds(files_are_short, "801 lines", [("cli/src/a.rs", &long)]);
    allows(
        files_are_short,
        [("cli/src/a.rs", &long[1..]), ("cli/src/b.rs", &*format!("//! x\n// tidy: long because it is a table{long}"))],
    );
    holds(files_are_short);
}

#[test]
fn names() {
    let rule = names_say_what_is_inside;
    finds(rule, "util", [("cli/src/string_util.rs", "")]);
    finds(rule, "common", [("storage/src/common/clock.rs", "")]);
    finds(rule, "core", [("index/src/core.rs", "")]);
    allows(rule, [("storage/src/score.rs", ""), ("index/src/utilisation.rs", "")]);
    holds(names_say_what_is_inside);
}
