//! What is required is met by every value that passes: the promise that the index only prunes.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::filter::{Filter, Order, Value, ValueKind};
use crate::terms::{NeedleKind, TermKind, for_each_index_term};

const GUID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

fn short(required: &Required) -> String {
    let join = |members: &[Required], sign| format!("({})", members.iter().map(short).collect::<Vec<_>>().join(sign));
    match required {
        Required::All => "all".to_owned(),
        Required::Term(text) => text.clone(),
        Required::Prefix(text) => format!("{text}*"),
        Required::Suffix(text) => format!("*{text}"),
        Required::Contains(text) => format!("*{text}*"),
        Required::Whole(text) => format!("whole:{text}"),
        Required::InGuid(text) => format!("guid:{text}"),
        Required::And(members) => join(members, " "),
        Required::Or(members) => join(members, "|"),
    }
}

fn check(filter: &str, expected: &str) {
    let (Filter::Text(test) | Filter::Field(_, test)) = filter.parse().unwrap() else { panic!("{filter}") };
    assert_eq!(short(&test.required()), expected, "{filter}");
}

#[test]
fn of_needles() {
    check("Anna", "anna");
    check("\"Invalid Password\"", "(invalid password)");
    check("anna@contoso.com", "(anna contoso com)");
    check("\"-Anna_\"", "anna");
    check("pre*", "pre*");
    check("*suf", "*suf");
    check("*mid*", "*mid*");
    check("*a.mid.b*", "((*a|guid:a) mid (b*|guid:b))");
    check("\"a phrase\"*", "(a phrase*)");
    check("10.0.0.1", "whole:10.0.0.1");
    check("*10.0.0.1*", "(*10 0 1*)".replace("*10", "(*10|guid:10)").replace("1*", "(1*|guid:1)").as_str());
    check("1.2.3.4.5", "(whole:1.2.3.4 whole:2.3.4.5)");
    check("\"from 10.0.0.1:443\"", "(from whole:10.0.0.1 443)");
    check("\"...\"", "all");
    check("größe", "größe");
}

#[test]
fn of_guids_and_their_parts() {
    check(&GUID.to_uppercase(), &format!("whole:{GUID}"));
    check(&format!("\"id={{{GUID}}}\""), &format!("(id whole:{GUID})"));
    check("4F89", "(4f89|guid:4f89)");
    check("50126", "50126");
    check("\"code 5012 now\"", "(code 5012 now)");
    check("4f89-11d3", "((4f89|guid:4f89) (11d3|guid:11d3))");
    check("bad*", "(bad*|guid:bad)");
    check("badge*", "badge*");
    check("id=50126123", "50126123");
    check("id=4f89", "4f89");
}

#[test]
fn of_literals() {
    check("a=Success", "success");
    check("a=\"Two words\"", "(two words)");
    check("a=50126", "50126");
    check("a=-1.5", "1");
    check("a=5.0126e4", "50126");
    check("a=1e99", "all");
    check("a=\"\"", "all");
    check("a>5", "all");
    check("a:*", "all");
}

#[test]
fn of_regexes() {
    check("/re.*gex/", "(*re* *gex*)");
    check(r"/Failed\s+login for \w+/", "(*failed login for)");
    check(r"/^anna@/", "anna");
    check(r"/\bpowershell(\.exe)?\b/i", "(powershell*|power\u{17f}hell*)");
    check("/anna|bob/", "(*anna*|*bob*)");
    check("/a|.*/", "all");
    check(r"/\d+/", "all");
    check(r"/^10\.0\.0\.1$/", "whole:10.0.0.1");
    check(r"/ip=(10|11)\.1/", "((*ip 10 (1*|guid:1))|(*ip 11 (1*|guid:1)))");
}

/// Whether a value's terms in the index meet what is required.
fn is_met(required: &Required, value: &str) -> bool {
    let (mut terms, mut scratch) = (Vec::new(), String::new());
    for_each_index_term(value, &mut scratch, |kind, term| terms.push((kind, term.to_owned())));
    let any_word =
        |found: &dyn Fn(&str) -> bool| terms.iter().any(|(kind, term)| *kind == TermKind::Word && found(term));
    required.is_met(&mut |leaf| match leaf {
        Required::Term(text) => any_word(&|word| word == text),
        Required::Prefix(text) => any_word(&|word| word.starts_with(text.as_str())),
        Required::Suffix(text) => any_word(&|word| word.ends_with(text.as_str())),
        Required::Contains(text) => any_word(&|word| word.contains(text.as_str())),
        Required::Whole(text) => terms.iter().any(|(kind, term)| *kind != TermKind::Word && term == text),
        Required::InGuid(text) => {
            terms.iter().any(|(kind, term)| *kind == TermKind::Guid && term.contains(text.as_str()))
        }
        Required::All | Required::And(_) | Required::Or(_) => panic!("not a leaf: {leaf:?}"),
    })
}

fn assert_sound(test: &Test, value: &Value<'_>) -> Result<bool, TestCaseError> {
    let required = test.required();
    let passes = test.matches(value);
    prop_assert!(!passes || is_met(&required, value.text), "{test:?} passes {value:?}, requires {required:?}");
    Ok(passes)
}

const FRAGMENTS: &[&str] = &[
    GUID,
    "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
    "3f2504e0",
    "-4f89",
    "-11d3-9a0c",
    "-0305e82c3301",
    "10.0.0.1",
    "1.2.3.4.5",
    "255",
    "256",
    ".",
    "-",
    "_",
    " ",
    "\\",
    "/",
    "\n",
    "\"",
    "anna",
    "ANNA",
    "Ωmega",
    "GRÖßE",
    "ſK\u{212a}",
    "İi",
    "é",
    "e\u{301}",
    "²",
    "٣",
    "中文",
    "\u{fffd}",
    "50126",
    "1e3",
    "-0.50",
    "0007",
    "2001:db8::1",
    "a",
    "f",
    "0",
    "k",
    "s",
];

/// Pieces of which values are made: what terms, GUIDs, addresses and folding trip over.
fn fragments() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(FRAGMENTS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[0-9a-f-]{1,9}",
    ]
}

fn values() -> impl Strategy<Value = String> {
    prop::collection::vec(fragments(), 0..7).prop_map(|fragments| fragments.concat())
}

/// A piece of a value, by character.
fn slice(value: &str, from: Index, count: usize) -> String {
    let from = from.index(value.chars().count() + 1);
    value.chars().skip(from).take(count).collect()
}

fn other_case(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_lowercase() { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() })
        .collect()
}

/// A piece of a value as some expression that matches it, most of the time.
fn as_regex(text: &str, how: u8) -> String {
    let escaped = regex::escape(text);
    match how {
        0..6 => escaped,
        6 => format!("(?i:{})", regex::escape(&other_case(text))),
        7 => format!("(?:zz|{escaped}|4f89)"),
        8 => format!("(?:{escaped})+"),
        9 => format!("(?:{escaped}){{1}}x?"),
        10 => format!(r"\b{escaped}"),
        11 => format!(r"{escaped}\b"),
        12 => format!(r"(?s:.{{{}}})", text.chars().count()),
        13 => r"\W+".to_owned(),
        14 => r"\w*".to_owned(),
        15 => format!("^{escaped}"),
        16 => format!("{escaped}$"),
        17 => format!(r"(?m:^{escaped}$)"),
        18 => format!(r"(?-u:\b){escaped}\B"),
        19 => format!(r"\b{{start}}{escaped}\b{{end}}"),
        20 => text.chars().map(|c| format!("[{}]", regex::escape(&c.to_string()))).collect(),
        21 => text.chars().map(|c| format!("[{}kx]", regex::escape(&c.to_string()))).collect(),
        _ => r"[\W_]".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn needles_are_sound(value in values(), from: Index, count in 0_usize..40, kind in 0_usize..4, case: bool) {
        let text = slice(&value, from, count);
        let text = if case { other_case(&text) } else { text };
        let kind = [NeedleKind::Has, NeedleKind::Prefix, NeedleKind::Suffix, NeedleKind::Contains][kind];
        let value = Value::string(&value);
        let passes = assert_sound(&Test::Find(Needle::new(kind, &text)), &value)?;
        prop_assert!(passes || case || kind != NeedleKind::Contains);
    }

    #[test]
    fn needles_made_of_fragments_are_sound(value in values(), fragment in fragments(), kind in 0_usize..4) {
        let kind = [NeedleKind::Has, NeedleKind::Prefix, NeedleKind::Suffix, NeedleKind::Contains][kind];
        assert_sound(&Test::Find(Needle::new(kind, &fragment)), &Value::string(&value))?;
    }

    #[test]
    fn regexes_are_sound(value in values(), cuts in prop::collection::vec((any::<Index>(), 0_u8..23), 1..6)) {
        let chars = value.chars().count();
        let mut places: Vec<(usize, u8)> = cuts.iter().map(|(cut, how)| (cut.index(chars + 1), *how)).collect();
        places.sort_unstable();
        let mut pattern = String::new();
        for pair in places.windows(2) {
            let text: String = value.chars().skip(pair[0].0).take(pair[1].0 - pair[0].0).collect();
            pattern += &as_regex(&text, pair[0].1);
        }
        if let Ok(pattern) = Pattern::new(&pattern) {
            assert_sound(&Test::Regex(pattern), &Value::string(&value))?;
        }
    }

    #[test]
    fn equality_is_sound(a in "-?0{0,2}(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2}0{0,2})?", zeros in 0_usize..6, plain: bool) {
        // The same number with its point moved to the end, behind some zeros, and back by an exponent.
        let decimals = a.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let moved = format!("{}{}e-{}", a.replace('.', ""), "0".repeat(zeros), decimals + zeros);
        let value = if plain { a.clone() } else { moved };
        let literal = Literal::new(&a);
        let value = Value { text: &value, kind: ValueKind::Number };
        prop_assert!(assert_sound(&Test::Equals(literal.clone()), &value)?, "{a} {value:?}");
        prop_assert!(Test::Compare(Order::LessOrEqual, Literal::new(value.text)).matches(&Value::number(&a)));
        prop_assert!(assert_sound(&Test::Equals(Literal::new(value.text)), &Value::number(&a))?);
    }

    #[test]
    fn equality_of_texts_is_sound(value in values()) {
        prop_assert!(assert_sound(&Test::Equals(Literal::new(&value)), &Value::string(&value))?);
        assert_sound(&Test::Equals(Literal::new(&value)), &Value::number(&value))?;
    }
}
