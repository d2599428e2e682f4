//! What texts read as, what is said of those that cannot be read, and that neither panics.

use proptest::prelude::*;

use super::*;
use crate::filter::Order;

fn check(text: &str, expected: &str) {
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(filter.to_string(), expected, "{text}");
}

/// The text at fault, between marks, and what is said.
fn check_error(text: &str, expected: &str) {
    let error = text.parse::<Filter>().unwrap_err();
    let (before, rest) = text.split_at(error.at.start);
    let (fault, after) = rest.split_at(error.at.len());
    assert_eq!(format!("{before}«{fault}»{after}: {}", error.message), expected);
}

#[test]
fn and_binds_closer_than_or() {
    check("a b or c and not d", "a b or c -d");
    check("a (b or c)", "a (b or c)");
    check("(a b) (c and (d))", "a b c d");
    check("-(a b) !(a or b)", "-(a b) -(a or b)");
    check("not not a --b", "--a --b");
    check("not a b", "-a b");
    check("a OR b Or c", "a or b or c");
}

#[test]
fn all_that_the_issue_shows() {
    check(
        r#"anna 50126 -Teams userPrincipalName:"anna@contoso.com" "invalid password" prefix* /re.*gex/ durationMs>500"#,
        r#"anna 50126 -Teams userPrincipalName:anna@contoso.com "invalid password" prefix* /re.*gex/ durationMs>500"#,
    );
}

#[test]
fn values_of_fields() {
    check("a:(b or \"c d\" -e*)", "a:b or a:\"c d\" -a:e*");
    check("a:(b c) d", "a:b a:c d");
    check("a=(b or c) a!=(b or c)", "(a=b or a=c) -(a=b or a=c)");
    check("a != b not a=b -a!=b", "a!=b a!=b -a!=b");
    check("a:((b or *) (/c/))", "(a:b or a:*) a:/c/");
    check("a>=-5 a<\"x y\"", "a>=\"-5\" a<\"x y\"");
    check("\"odd \\\"name\":x `and`:y not:z", "\"odd \\\"name\":x \"and\":y \"not\":z");
    check("\"and\" \"-a\" \"a:b\" \"\\\\\"", "\"and\" \"-a\" \"a:b\" \"\\\\\"");
}

#[test]
fn errors_teach() {
    check_error("", "«»: the filter is empty");
    check_error("  ", "«  »: the filter is empty");
    check_error("a \"b c", "a «\"»b c: this \" is never closed");
    check_error("a (b (c)", "a «(»b (c): this bracket is never closed");
    check_error("a (", "a «(»: this bracket is never closed");
    check_error("a )", "a «)»: this bracket closes nothing");
    check_error("a ()", "a «()»: nothing between the brackets");
    check_error("a and", "a and«»: the filter ends where something to find should follow");
    check_error("or a", "«or» a: `or` has nothing on one side");
    check_error("(a or)", "(a or«)»: this bracket closes too early, or nothing");
    check_error("a - b", "a «-» b: `-` stands before nothing");
    check_error("name =~ x", "name «=~» x: unknown operator `=~`");
    check_error("durationMs=>500", "durationMs«=>»500: unknown operator `=>`");
    check_error("a && b", "a «&&» b: unknown operator `&&`");
    check_error("T | where x", "T «|» where x: unknown operator `|`");
    check_error("a:", "a:«»: no value after `:`");
    check_error("(a:)", "(a:«»): no value after `:`");
    check_error("a: and b", "a:«» and b: no value after `:`");
    check_error("YWJj==", "YWJj==«»: no value after `=`");
    check_error(":b", "«:»b: no field's name before `:`");
    check_error("\"\":b", "«\"\"»:b: a field's name is empty");
    check_error("co*so", "«co*so»: a star can only stand first and last in a word");
    check_error("a=co*", "a=«co*»: `=` compares the whole value");
    check_error("a>/x/", "a>«/x/»: `>` compares with a whole value, not with stars or a regular expression");
    check_error("/a", "«/»a: this / begins a regular expression that is never closed");
    check_error("/a/b/c", "«/a/b/c»: `b/c` cannot follow a regular expression");
    check_error("//", "«//»: an empty regular expression");
    check_error("x /a(/", "x «/a(/»: this regular expression cannot be read");
    check_error("a:(b:c)", "a:(«b:»c): a field within another field's brackets");
    check_error("\"\"", "«\"\"»: an empty text is found everywhere");
    check_error("`a b` c", "«`a b`» c: backticks are for a field's name, and no operator follows");
}

#[test]
fn hints_say_what_to_write() {
    let hint = |text: &str| text.parse::<Filter>().unwrap_err().hint.unwrap();
    assert_eq!(hint("a=>5"), "write `>=`");
    assert_eq!(hint("co*s/o"), "write a regular expression: /co.*s\\/o/; or \"co*s/o\" if the star is meant");
    assert!(hint("/a(/").contains("unclosed group"));
    assert!(hint("/subscriptions/x").contains("must be quoted"));
}

#[test]
fn limits_are_said() {
    let message = |text: String| text.parse::<Filter>().unwrap_err().message;
    assert!("(".repeat(64).parse::<Filter>().unwrap_err().message.contains("never closed"));
    assert!(message("(".repeat(65)).contains("64 brackets"));
    assert!(message("-".repeat(16_000) + "a").contains("64 brackets"));
    assert!(message("a ".repeat(1025)).contains("1024 tests"));
    assert!(message("/a/ ".repeat(65)).contains("64 regular expressions"));
    assert!(message("a".repeat(16 * 1024 + 1)).contains("16384"));
    assert!(message("/\\w{5000}/".to_owned()).contains("cannot be read"));
    assert!("a ".repeat(1024).parse::<Filter>().is_ok());
    assert!(format!("{}a{}", "(".repeat(64), ")".repeat(64)).parse::<Filter>().is_ok());
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9._@-]{1,8}",
        "[ -~é中]{1,8}",
        any::<String>().prop_filter("not empty", |text| !text.is_empty()),
        prop::sample::select(vec![
            "and",
            "OR",
            "not",
            "*",
            "-",
            "a:b:c",
            "fe80::1",
            "/",
            "\\",
            "\"",
            "'",
            "(",
            "https://x"
        ])
        .prop_map(str::to_owned),
    ]
}

fn finds() -> impl Strategy<Value = Test> {
    use NeedleKind::{Contains, Has, Prefix, Suffix};
    let regexes = prop::sample::select(vec!["re.*gex", "/a/", r"a\\", r"[/\]]", "(?i)x y", r"\/\\\/", "[\"'(]"]);
    prop_oneof![
        3 => (prop::sample::select(vec![Has, Prefix, Suffix, Contains]), texts())
            .prop_map(|(kind, text)| Test::Find(Needle::new(kind, &text))),
        1 => regexes.prop_map(|regex| Test::Regex(Pattern::new(regex).unwrap())),
    ]
}

fn tests() -> impl Strategy<Value = Test> {
    use Order::{Greater, GreaterOrEqual, Less, LessOrEqual};
    let literals = || prop_oneof![texts(), Just(String::new()), any::<f64>().prop_map(|number| number.to_string())];
    prop_oneof![
        finds(),
        literals().prop_map(|text| Test::Equals(Literal::new(&text))),
        (prop::sample::select(vec![Less, LessOrEqual, Greater, GreaterOrEqual]), literals())
            .prop_map(|(order, text)| Test::Compare(order, Literal::new(&text))),
        Just(Test::Exists),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    let leaves = prop_oneof![
        1 => Just(Filter::All),
        4 => finds().prop_map(Filter::Text),
        4 => (texts(), tests()).prop_map(|(name, test)| Filter::Field(FieldName::new(&name), test)),
    ];
    leaves.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::and),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::or),
            inner.prop_map(Filter::not),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_displayed_reads_as_the_same(filter in filters()) {
        let text = filter.to_string();
        let parsed: Result<Filter, _> = text.parse();
        prop_assert_eq!(parsed.as_ref(), Ok(&filter), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn any_text_of_our_signs_is_read_or_refused(text in "[ab:=!<>~()\"'`*/\\\\ é|&i-]{0,24}") {
        read(&text)?;
    }
}

/// Errors point into the text, filters are displayed as themselves.
fn read(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Filter>() {
        Ok(filter) => prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter)),
        Err(error) => prop_assert!(text.get(error.at.clone()).is_some(), "{:?}", error),
    }
    Ok(())
}
