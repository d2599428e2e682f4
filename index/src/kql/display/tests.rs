//! What is printed parses to the same tree: examples of every form, random trees, and real queries where they are.

use proptest::prelude::*;

use crate::kql::parser::parse;

/// One of every form; each is a query of its own.
const FORMS: &str = include_str!("forms.kql");

fn comes_back(source: &str) {
    let Ok(tree) = parse(source) else { panic!("does not parse: {source}") };
    let printed = tree.to_string();
    let again = parse(&printed).unwrap_or_else(|problems| {
        panic!("printed as\n{printed}\nwhich does not parse: {}", problems[0].render(&printed))
    });
    // NaN is not equal to itself, its text is.
    assert_eq!(without_places(&tree), without_places(&again), "{source}\nprinted as\n{printed}");
}

fn without_places(tree: &crate::kql::tree::Query) -> String {
    let places = regex::Regex::new(r"Span \{ start: \d+, end: \d+ \}").unwrap();
    places.replace_all(&format!("{tree:?}"), "").into_owned()
}

#[test]
fn every_form() {
    for form in FORMS.split("\n\n") {
        comes_back(form);
    }
}

#[test]
fn parentheses_stay_where_they_matter() {
    let printed = |source: &str| parse(source).unwrap().to_string();
    assert_eq!(printed("print (1+2)*3"), "print (1 + 2) * 3");
    assert_eq!(printed("print (1*2)+3-(4-5)"), "print 1 * 2 + 3 - (4 - 5)");
    assert_eq!(printed("print (a or b) and not(c)"), "print (a or b) and not(c)");
    assert_eq!(printed("print (a and b) or c"), "print a and b or c");
    assert_eq!(printed("print ((a == b)) == c"), "print (a == b) == c");
    assert_eq!(printed("print -(1)"), "print -1");
    assert_eq!(printed("T | where ['a b'] == 'x'"), "T\n| where [\"a b\"] == \"x\"");
}

/// Random expressions, as text: the printer decides about parentheses, not this.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("['b c']".to_owned()),
        Just("\"x\\n\"".to_owned()),
        (0..i64::MAX).prop_map(|number| number.to_string()),
        Just("1.5e300".to_owned()),
        Just("7d".to_owned()),
        Just("real(nan)".to_owned()),
        Just("long(-5)".to_owned()),
        Just("datetime(2020-02-29T10:20:30.1234567Z)".to_owned()),
        Just("dynamic({\"a\": [1, -2, null, true]})".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "==",
            "!=",
            "<",
            ">=",
            "=~",
            "has",
            "!contains",
            "startswith_cs",
            "matches regex",
            "and",
            "or",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})")),
            inner.clone().prop_map(|operand| format!("-({operand})")),
            inner.clone().prop_map(|base| format!("({base}).m[0]['k']")),
            (inner.clone(), inner.clone()).prop_map(|(value, item)| format!("({value}) !in~ ({item}, {item})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(value, low, high)| format!("({value}) between (({low}) .. ({high}))")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("iff({left}, n={right}, (T | where {left}))")),
        ]
    })
}

proptest! {
    #[test]
    fn random_expressions(expression in expression()) {
        comes_back(&format!("T | extend x = {expression}, {expression}"));
    }
}
