//! Every form gives the same elements with their exact bytes, whatever the portions in which the input comes.

use super::*;
use proptest::prelude::*;

const RECORD_BYTES_MAX: usize = 100_000;

#[derive(Debug, Default, PartialEq, Eq, Clone)]
struct Split {
    records: Vec<String>,
    /// Offset, line, text.
    rejected: Vec<(u64, u64, String)>,
    unfinished: Option<(u64, u64, String)>,
    empty_lines: u64,
    form: Option<Form>,
}

/// Gives a reader's bytes in portions of the given sizes, the last size again and again.
struct Portions<'a> {
    rest: &'a [u8],
    sizes: Vec<usize>,
}

impl Read for Portions<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = if self.sizes.len() > 1 { self.sizes.pop().unwrap() } else { self.sizes[0] };
        let size = size.max(1).min(self.rest.len()).min(into.len());
        into[..size].copy_from_slice(&self.rest[..size]);
        self.rest = &self.rest[size..];
        Ok(size)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn split_from(start: Position, bytes: &[u8], sizes: &[usize], ending: Ending, max: usize) -> Split {
    let mut scanner = Scanner::new(&[(0, "a".parse().unwrap())]);
    let mut splitter = Splitter::new(start, max);
    let mut reader = Portions { rest: bytes, sizes: sizes.to_vec() };
    let mut split = Split::default();
    loop {
        match splitter.next(&mut scanner) {
            Piece::Record(body) | Piece::Line(body) => split.records.push(text(body)),
            Piece::Rejected(cut) => split.rejected.push((cut.offset, cut.line, text(&cut.kept))),
            Piece::Unfinished(cut) => split.unfinished = Some((cut.offset, cut.line, text(&cut.kept))),
            Piece::NeedsMore => {
                if splitter.fill(&mut reader).unwrap() == 0 {
                    splitter.end(ending);
                }
            }
            Piece::Foreign(cut) => split.unfinished = Some((cut.offset, cut.line, text(&cut.kept))),
            Piece::End => break,
        }
    }
    split.empty_lines = splitter.take_empty_lines();
    split.form = Some(splitter.position().form);
    split
}

fn split(bytes: &[u8]) -> Split {
    split_from(Position::default(), bytes, &[1 << 20], Ending::Whole, RECORD_BYTES_MAX)
}

#[track_caller]
fn check(input: &str, records: &[&str], rejected: &[(u64, u64, &str)]) {
    for sizes in [&[1][..], &[3], &[7, 2, 1000]] {
        let found = split_from(Position::default(), input.as_bytes(), sizes, Ending::Whole, RECORD_BYTES_MAX);
        assert_eq!(found.records, records, "{input}");
        let rejected: Vec<_> = rejected.iter().map(|&(at, line, text)| (at, line, text.to_owned())).collect();
        assert_eq!(found.rejected, rejected, "{input}");
        assert_eq!(found.unfinished, None, "{input}");
    }
}

#[test]
fn every_form_gives_the_exact_bytes_of_its_elements() {
    let (a, b) = (r#"{"a": 1 , "b":[ ]}"#, "{\n  \"c\": \"}{][\\\"\"\n}");
    check(&format!("{a}\n{b}\n"), &[a, b], &[]);
    check(&format!("{a}{b}"), &[a, b], &[]);
    check(&format!("\u{feff}{a}\r\n\r\n  {b}"), &[a, b], &[]);
    check(&format!(" [ {a} ,{b}\n,\n{a}] "), &[a, b, a], &[]);
    check(&format!("[{a}]\n[]\n[{b}]\n"), &[a, b], &[]);
    check(&format!(r#"{{"records":[{a},{b}]}}"#), &[a, b], &[]);
    check(&format!("{{\"Records\" : [\n{a}\n]\n}}\n{{\"records\":[{b}]}}\n{a}\n"), &[a, b, a], &[]);
    check(&format!(r#"{{"@odata.context":"x[{{","value":[{a},{b}],"@odata.nextLink":"y]"}}"#), &[a, b], &[]);
    check(&format!(r#"{{"nextLink":"x","value":[{a}]}}{{"value":[],"nextLink":null}}{b}"#), &[a, b], &[]);
    check("[[1,\"x\",null],1,\"x\" ,null]", &["[1,\"x\",null]", "1", "\"x\"", "null"], &[]);
    check("{\"a\":1}\n12\n\"x\"\n", &["{\"a\":1}", "12", "\"x\""], &[]);
}

#[test]
fn what_only_looks_like_an_envelope_is_a_record() {
    for record in [
        r#"{"value":1}"#,
        r#"{"value":[1,2]}"#,
        r#"{"name":"x","value":[{"a":1}]}"#,
        r#"{"records":{"a":[]}}"#,
        r#"{"@odata.type":"t","id":"x"}"#,
        r#"{"result":[{}]}"#,
        r#"{"v":1}"#,
        r#"{"r":[]}"#,
    ] {
        check(record, &[record], &[]);
    }
}

#[test]
fn an_unknown_member_of_an_envelope_is_kept_aside() {
    check(r#"{"value":[{}],"more":{"x":1}}{"a":1}"#, &["{}", "{\"a\":1}"], &[(14, 1, r#""more":{"x":1}"#)]);
}

#[test]
fn one_bad_line_costs_one_record() {
    check("oops\n{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"], &[(0, 1, "oops")]);
    check("{\"a\":1}\noops\n\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"], &[(8, 2, "oops")]);
    check("{\"a\":\"1\n{\"b\":2}\n{\"c\":3}\n", &["{\"b\":2}", "{\"c\":3}"], &[(0, 1, "{\"a\":\"1")]);
    check("{\"a\":1,\n{\"b\":2}\n{\"c\":3}\n", &["{\"b\":2}", "{\"c\":3}"], &[(0, 1, "{\"a\":1,")]);
    check("{\"a\":\n{\"b\":2}\n{\"c\":3}\n", &["{\"b\":2}", "{\"c\":3}"], &[(0, 1, "{\"a\":")]);
    check("{\"a\":\n{\"b\":2}\n", &["{\"b\":2}"], &[(0, 1, "{\"a\":")]);
    check("{\"a\":1} x\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"], &[(8, 1, "x")]);
    check("{\"a\":NaN}\n{\"b\":2}\n", &["{\"b\":2}"], &[(0, 1, "{\"a\":NaN}")]);
    check("{\n \"a\": 1,\n oops\n}\n{\"b\":2}\n", &["{\"b\":2}"], &[(0, 1, "{\n \"a\": 1,\n oops\n}")]);
    check("{\"a\":1}\n12 x\n{}\n", &["{\"a\":1}", "{}"], &[(8, 2, "12 x")]);
}

#[test]
fn one_bad_element_costs_one_record() {
    check("[{\"a\":1},{\"b\":nul},{\"c\":3}]", &["{\"a\":1}", "{\"c\":3}"], &[(9, 1, "{\"b\":nul}")]);
    check("[{\"a\":1},\n {\"b\":\"x},\n {\"c\":3}]", &["{\"a\":1}", "{\"c\":3}"], &[(11, 2, "{\"b\":\"x},\n ")]);
}

#[test]
fn the_end_may_be_missing() {
    let cases = [
        ("{\"a\":1}\n{\"b\":", Some((8, 2, "{\"b\":"))),
        ("[{\"a\":1},{\"b", Some((9, 1, "{\"b"))),
        ("[{\"a\":1},", Some((9, 1, ""))),
        ("{\"value\":[{\"a\":1}", Some((17, 1, ""))),
        ("{\"value\":[{\"a\":1}],\"next", Some((19, 1, "\"next"))),
        ("{\"a\":1}\n", None),
    ];
    for (input, unfinished) in cases {
        let found = split(input.as_bytes());
        assert_eq!(found.records, ["{\"a\":1}"], "{input}");
        assert_eq!(found.unfinished, unfinished.map(|(at, line, text)| (at, line, text.to_owned())), "{input}");
        assert!(found.rejected.is_empty(), "{input}: {found:?}");
    }
}

#[test]
fn lines_of_text_keep_their_bytes() {
    let found = split(b"Sep  2 a\r\n\n\r\n  \xff b \nlast");
    assert_eq!(found.records, ["Sep  2 a\r", "  \u{fffd} b ", "last"]);
    assert_eq!((found.empty_lines, found.form), (2, Some(Form::Text)));
    let cut = split_from(Position::default(), b"a\nb", &[1], Ending::Cut, 100);
    assert_eq!((cut.records, cut.unfinished), (vec!["a".to_owned()], Some((2, 2, "b".to_owned()))));
}

#[test]
fn the_form_is_found() {
    for (input, form) in [
        ("{\"a\":1}", Form::Json),
        (" [ {\"a\":1}]", Form::Json),
        ("bad\n{\"a\":1}\n{\"b\":1}\n", Form::Json),
        ("[2024-09-02 23:00] x\n", Form::Text),
        ("{braces} in text\n", Form::Text),
        ("", Form::Text),
        ("plain\n{\"a\":1}\nplain\nplain\n", Form::Text),
    ] {
        assert_eq!(split(input.as_bytes()).form, Some(form), "{input}");
    }
}

#[test]
fn exported_values_are_never_opened() {
    let start = Position { form: Form::Values, ..Position::default() };
    let found = split_from(start, b"[1,[2]]\n{\"records\":[{}]}\n{}", &[2], Ending::Whole, 100);
    assert_eq!(found.records, ["[1,[2]]", "{\"records\":[{}]}", "{}"]);
}

#[test]
fn what_is_larger_than_a_record_is_passed_over() {
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(300_000));
    for (input, offset) in [
        (format!("{{\"a\":1}}\n{large}\n{{\"b\":2}}\n"), 8),
        (format!("[{{\"a\":1}},{large},{{\"b\":2}}]"), 9),
        (format!("{{\"a\":1}}{large}{{\"b\":2}}"), 7),
    ] {
        for sizes in [&[1 << 20][..], &[1000], &[150_000]] {
            let found = split_from(Position::default(), input.as_bytes(), sizes, Ending::Whole, RECORD_BYTES_MAX);
            assert_eq!(found.records, ["{\"a\":1}", "{\"b\":2}"]);
            assert_eq!(found.rejected.len(), 1);
            assert_eq!((found.rejected[0].0, &found.rejected[0].2), (offset, &large));
        }
    }
    let torn = format!("{{\"x\":\"{}\n{{\"b\":2}}\n", "y".repeat(300_000));
    let found = split_from(Position::default(), torn.as_bytes(), &[1000], Ending::Whole, RECORD_BYTES_MAX);
    assert_eq!((found.records, found.rejected[0].2.len()), (vec!["{\"b\":2}".to_owned()], 300_006));
    let lines = format!("a\n{}\nb\n", "y".repeat(300_000));
    let found = split_from(Position::default(), lines.as_bytes(), &[1000], Ending::Whole, RECORD_BYTES_MAX);
    assert_eq!((found.records.len(), found.rejected[0].0, found.rejected[0].2.len()), (2, 2, 300_000));
}

/// A JSON text with spaces in all places where they may be, and its compact form is of no interest.
fn json_text() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", "", " ", "\t", "\n", "\r\n", "\n  "]);
    let string = "\"([ -!#-\\[\\]-~äß€]|\\\\[\"\\\\/bfnrt]|\\\\u00[0-9a-f]{2}){0,12}\"";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        string
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let spaced = (space.clone(), inner, space.clone()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        let member =
            (space.clone(), string, space.clone(), spaced.clone()).prop_map(|(a, k, b, v)| format!("{a}{k}{b}:{v}"));
        prop_oneof![
            prop::collection::vec(spaced, 1..4).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(member, 1..4).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn json_object() -> impl Strategy<Value = String> {
    prop::collection::vec(json_text(), 0..3).prop_map(|values| {
        let members: Vec<_> = values.iter().enumerate().map(|(i, value)| format!("\"k{i}\" :{value}")).collect();
        format!("{{{}}}", members.join(", "))
    })
}

proptest! {
    #[test]
    fn all_forms_give_the_same_elements(
        elements in prop::collection::vec(json_object(), 0..6),
        gap in prop::sample::select(vec!["", "\n", " \n ", "\r\n"]),
        sizes in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let inputs = [
            elements.join(gap),
            elements.join("\n"),
            format!("[{gap}{}{gap}]", elements.join(&format!("{gap},{gap}"))),
            format!("{{\"records\":{gap}[{}]{gap}}}", elements.join(",")),
            format!("{{\"@odata.context\":\"c\"{gap},\"value\":[{}],\"nextLink\":\"x\"}}", elements.join(",")),
            elements.iter().map(|element| format!("{{\"records\":[{element}]}}{gap}")).collect(),
        ];
        for input in inputs {
            let start = Position { form: Form::Json, ..Position::default() };
            let found = split_from(start, input.as_bytes(), &sizes, Ending::Whole, RECORD_BYTES_MAX);
            prop_assert_eq!(&found.records, &elements, "{}", input);
            prop_assert!(found.rejected.is_empty() && found.unfinished.is_none());
        }
    }

    #[test]
    fn portions_do_not_matter(
        pieces in prop::collection::vec(prop_oneof![
            json_text(), "[ -~\n]{0,20}", Just("\n".to_owned()), Just(",".to_owned()), Just("]".to_owned()),
            Just("[".to_owned()), Just("{\"value\":[".to_owned()), Just("\"x\":{}}".to_owned()),
        ], 0..10),
        sizes in prop::collection::vec(1_usize..30, 1..20),
        form in prop::sample::select(vec![Form::Auto, Form::Json, Form::Values, Form::Text]),
        cut: bool,
        max in prop::sample::select(vec![12, 60, RECORD_BYTES_MAX]),
    ) {
        let input = pieces.concat();
        let start = Position { form, ..Position::default() };
        let ending = if cut { Ending::Cut } else { Ending::Whole };
        let whole = split_from(start, input.as_bytes(), &[1 << 20], ending, RECORD_BYTES_MAX);
        let parts = split_from(start, input.as_bytes(), &sizes, ending, RECORD_BYTES_MAX);
        prop_assert_eq!(&whole, &parts, "{:?}", input);
        // With a small limit, what comes in portions is cut in other places, but it must end and lose nothing.
        let _ = split_from(start, input.as_bytes(), &sizes, ending, max);
    }

    #[test]
    fn every_byte_is_in_a_piece_or_a_separator(input in prop::collection::vec(prop_oneof![
        prop::sample::select(b"{}[]\",:\n 1a\\".to_vec()), any::<u8>()], 0..60)) {
        prop_assume!(input.get(..4).is_none_or(|front| not_text::wide_letters(front).is_none()));
        let start = Position { form: Form::Json, ..Position::default() };
        let found = split_from(start, &input, &[5], Ending::Whole, RECORD_BYTES_MAX);
        let mut kept: Vec<u8> = found.records.concat().into_bytes();
        kept.extend(found.rejected.iter().chain(&found.unfinished).flat_map(|(_, _, text)| text.bytes()));
        let letters = |bytes: &[u8]| bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
        // An envelope's own words are not generated here, so that each letter belongs to a piece.
        prop_assert_eq!(letters(&kept), letters(&input));
    }
}
