//! What parses, what is said about what does not, and that no text makes trouble.

use proptest::prelude::*;

use super::{CHAIN_MAX, DEPTH_MAX, parse};
use crate::kql::problem::Cause;

const FORMS: &str = include_str!("../display/forms.kql");

/// The first problem as people read it.
fn said(source: &str) -> String {
    parse(source).err().map(|problems| problems[0].render(source)).unwrap_or_default()
}

#[test]
fn a_problem_points_at_its_place() {
    let source = "SigninLogs\n| where a == 1\n| sumarize count() by b";
    let expected = "\
`sumarize` is no operator
 --> line 3, column 3
3 | | sumarize count() by b
  |   ^^^^^^^^
  = did you mean `summarize`?";
    assert_eq!(said(source), expected);
}

#[test]
fn a_problem_says_what_would_be_right() {
    let cases = [
        ("T | where a == 'x", "the same quote ends it"),
        ("T | where a == \"\\d\"", "begin the string with @"),
        ("T | extend a = int(b)", "`toint(…)` converts a value"),
        ("T | extend a = datetime(b)", "`todatetime(…)` converts a value"),
        ("T | where a == 1 == 2", "join comparisons by `and` or `or`"),
        ("T | where a == 1\nsummarize count()", "a `|` is missing before `summarize`"),
        ("T | project a b", "a comma or an operator may be missing"),
        ("T | project a,", "the comma before it is one too many"),
        ("T | where a == !b", "`not(…)` negates"),
        ("T | where {Name} == 1", "a placeholder has to be replaced"),
        ("T | | count", "after `|` comes an operator"),
        ("T | count )", "nothing is open"),
        ("T | sort a", "`by` wanted in operator `sort`"),
        ("T | where a in b", "`(` wanted in `in`"),
        ("T | join (U) where a", "`on` wanted in operator `join`"),
        ("print 99999999999999999999", "larger than a long can be"),
        ("T | where a == guid(1)", "`1` is no guid"),
        ("let x 1", "`=` wanted in a `let`"),
        ("T | take", "a value wanted in an expression, the query ends"),
    ];
    for (source, expected) in cases {
        let said = said(source);
        assert!(said.contains(expected), "{source}\n{said}\nwanted: {expected}");
    }
}

#[test]
fn several_problems_are_found_at_once() {
    let problems = parse("T | wher a | project b c | take; print (1; print 2").unwrap_err();
    let constructs: Vec<&str> = problems.iter().map(|problem| problem.construct.as_str()).collect();
    assert_eq!(constructs, ["operator `wher`", "operator `project`", "an expression", "parentheses"]);
}

#[test]
fn strings() {
    let text = |source: &str| parse(&format!("print {source}")).unwrap().to_string();
    assert_eq!(text(r#" "a\"b" "#), r#"print "a\"b""#);
    assert_eq!(text(r#" @"a\d""b" "#), r#"print "a\\d\"b""#);
    assert_eq!(text(r"'a' 'b'"), r#"print "ab""#);
    assert_eq!(text(r"h'x\x41\u00e9\101'"), r#"print "xAéA""#);
    assert_eq!(text("```\na\"b\n```"), r#"print "a\"b\n""#);
    for unclosed in ["print \"a\\\"", "print @\"a\"\"", "print '", "print ```a", "print \"a\nb\""] {
        assert!(parse(unclosed).is_err(), "{unclosed}");
    }
}

#[test]
fn numbers_times_and_names() {
    let printed = |source: &str| parse(&format!("print {source}")).unwrap().to_string();
    assert_eq!(
        printed("0x1F, 1e3, 1.5, 1d, 90m, 1.5h"),
        "print 31, 1000.0, 1.5, timespan(1.00:00:00), timespan(01:30:00), timespan(01:30:00)"
    );
    assert_eq!(printed("datetime(2021-03-04)"), "print datetime(2021-03-04T00:00:00.0000000Z)");
    assert_eq!(printed("datetime(3/4/2021 5:06 PM)"), "print datetime(2021-03-04T17:06:00.0000000Z)");
    assert_eq!(printed("datetime(2021-03-04T05:06:07.89+02:00)"), "print datetime(2021-03-04T03:06:07.8900000Z)");
    assert_eq!(printed("3rd, _x, $left.a"), "print [\"3rd\"], _x, $left.a");
    assert_eq!(printed("a between (1..2)"), "print a between (1 .. 2)");
    for wrong in ["datetime(2021-02-30)", "datetime(2021-13-01)", "timespan(25:00)", "guid(xyz)", "int(5000000000)"] {
        assert!(parse(&format!("print {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn depth_is_limited() {
    let deep =
        |open: &str, close: &str, levels: usize| format!("print {}1{}", open.repeat(levels), close.repeat(levels));
    let pairs = [("(", ")"), ("f(", ")"), ("a[", "]"), ("dynamic([", "])"), ("1 in (", ")"), ("(T | where ", ")")];
    for (open, close) in pairs {
        let problems = parse(&deep(open, close, 20_000)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.cause == Cause::Limit), "{open}");
    }
    assert!(parse(&deep("(", ")", DEPTH_MAX - 2)).is_ok());
    let functions = "let f = () { ".repeat(20_000);
    assert!(parse(&functions).is_err());
    assert!(parse(&deep("1 or 1 and 1 == 1 < 1 + 1 * -a[", "]", DEPTH_MAX - 2)).is_ok());
}

#[test]
fn chains_are_limited_but_not_those_of_words() {
    let chain = |operator: &str, times: usize| format!("print 1{}", format!(" {operator} 1").repeat(times));
    assert!(parse(&chain("or", 50_000)).is_ok());
    assert!(parse(&chain("and", 50_000)).is_ok());
    assert!(parse(&chain("+", CHAIN_MAX - 1)).is_ok());
    assert!(parse(&chain("+", 50_000)).is_err());
    assert!(parse(&format!("print a{}", ".b".repeat(50_000))).is_err());
    assert!(parse(&format!("T{}", " | count".repeat(CHAIN_MAX))).is_ok());
    assert!(parse(&format!("T{}", " | count".repeat(50_000))).is_err());
}

#[test]
fn long_texts_come_to_an_end() {
    let mut texts = vec![];
    for piece in
        ["(", "[", "{", "a.", "'", "\"\\", "|", "let a=", "x in (", "((a,", "dynamic({", "1 + ", "-", "!has ", "// x\n"]
    {
        texts.push(piece.repeat(400_000 / piece.len()));
    }
    texts.push(format!("T | where a in ({})", "'1.2.3.4', ".repeat(40_000)));
    texts.push("let a = 1;".repeat(40_000));
    texts.push("T | wher a".repeat(40_000));
    for text in texts {
        // Were its time more than linear in such a text, this would take minutes and more.
        drop(parse(&text));
    }
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,200}") {
        drop(parse(&text));
    }

    #[test]
    fn pieces_of_the_language(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)) {
        let text = pieces.join(" ");
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.render(&text).is_empty());
            }
        }
    }

    #[test]
    fn queries_cut_and_spliced(from in 0..FORMS.len(), to in 0..FORMS.len(), at in 0..FORMS.len()) {
        let cut = |place: usize| (0..=place).rev().find(|place| FORMS.is_char_boundary(*place)).unwrap_or(0);
        let (from, to, at) = (cut(from.min(to)), cut(from.max(to)), cut(at));
        drop(parse(&format!("{}{}", &FORMS[..at], &FORMS[from..to])));
    }
}

const PIECES: [&str; 40] = [
    "T",
    "|",
    "where",
    "a",
    "==",
    "1",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "let",
    "=",
    "join",
    "on",
    "kind",
    "by",
    "summarize",
    "'x'",
    "\"",
    "in",
    "!",
    "between",
    "..",
    "dynamic(",
    "union",
    "mv-expand",
    "mv-apply",
    "-",
    "*",
    ".",
    "with",
    "parse",
    ":",
    "long",
    "datetime(",
    "search",
];
