//! Random filters and searches about records that are there, or nearly.

use logkeep_index::filter::{FieldName, Filter, Literal, Order as Side, Pattern, Test};
use logkeep_index::terms::{Needle, NeedleKind};
use logkeep_index::{Order, Search};
use logkeep_storage::Timestamp;

use crate::dice::Dice;
use crate::reference::Known;

/// A search of any kind.
pub(crate) fn search(dice: &mut Dice, all: &[Known]) -> Search {
    let mut search = Search::new(filter(dice, all, 3));
    if dice.once_in(3) {
        search.since = Some(moment(dice, all));
    }
    if dice.once_in(3) {
        search.until = Some(moment(dice, all));
    }
    if dice.once_in(2) {
        search.order = Order::Oldest;
    }
    if dice.once_in(2) {
        search.limit = Some(dice.below(30) as u64);
    }
    if dice.once_in(3) {
        let pattern = dice.pick(&["a/*", "*", "a/one", "b/*", "*o*", "none"]);
        search.streams = vec![pattern.parse().unwrap()];
    }
    search
}

/// A filter; half of those that the language can spell have gone through it.
pub(crate) fn filter(dice: &mut Dice, all: &[Known], depth: usize) -> Filter {
    let filter = tree(dice, all, depth);
    let spelled = filter.to_string().parse::<Filter>();
    spelled.ok().filter(|_| dice.once_in(2)).unwrap_or(filter)
}

fn tree(dice: &mut Dice, all: &[Known], depth: usize) -> Filter {
    let members =
        |dice: &mut Dice| -> Vec<Filter> { (0..2 + dice.below(2)).map(|_| tree(dice, all, depth - 1)).collect() };
    match dice.below(10) {
        0 | 1 if depth > 0 => Filter::and(members(dice)),
        2 if depth > 0 => Filter::or(members(dice)),
        3 if depth > 0 => Filter::not(tree(dice, all, depth - 1)),
        4 if dice.once_in(5) => Filter::All,
        _ => leaf(dice, all),
    }
}

fn leaf(dice: &mut Dice, all: &[Known]) -> Filter {
    let known = dice.one_of(all);
    let nothing = (String::new(), "anna".to_owned());
    let (path, text) = match known.values.is_empty() {
        true => nothing,
        false => {
            let (path, text, _) = dice.one_of(&known.values);
            (path.clone(), text.clone())
        }
    };
    let test = test(dice, &text);
    if dice.once_in(2) { Filter::Field(field(dice, &path), test) } else { Filter::Text(test) }
}

fn test(dice: &mut Dice, text: &str) -> Test {
    match dice.below(16) {
        0..=8 => {
            let kinds =
                [NeedleKind::Has, NeedleKind::Has, NeedleKind::Prefix, NeedleKind::Suffix, NeedleKind::Contains];
            let kind = dice.pick(&kinds);
            let part = part(dice, text);
            Test::Find(Needle::new(kind, &cased(dice, &part)))
        }
        9 | 10 => Test::Regex(Pattern::new(&expression(dice, text)).unwrap()),
        11 | 12 => Test::Equals(Literal::new(&whole(dice, text))),
        13 | 14 => {
            let side = dice.pick(&[Side::Less, Side::LessOrEqual, Side::Greater, Side::GreaterOrEqual]);
            Test::Compare(side, Literal::new(&whole(dice, text)))
        }
        _ => Test::Exists,
    }
}

/// A part of a text, often cut where its terms end.
fn part(dice: &mut Dice, text: &str) -> String {
    let characters: Vec<char> = text.chars().take(300).collect();
    if characters.is_empty() || dice.once_in(12) {
        return dice.pick(&["anna", "10.0.0.7", "50126", "größe", "", "\\", "k", "-", "zzz"]).to_owned();
    }
    if dice.once_in(3) {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            return dice.pick(&words).to_owned();
        }
    }
    let from = if dice.once_in(2) { 0 } else { dice.below(characters.len()) };
    let to = if dice.once_in(2) { characters.len() } else { from + 1 + dice.below(characters.len() - from) };
    characters[from..to].iter().collect()
}

fn cased(dice: &mut Dice, text: &str) -> String {
    match dice.below(4) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text.to_owned(),
    }
}

fn expression(dice: &mut Dice, text: &str) -> String {
    let (first, second) = (regex::escape(&part(dice, text)), regex::escape(&part(dice, text)));
    match dice.below(9) {
        0 => format!("(?i){first}"),
        1 => format!("^{first}"),
        2 => format!("{first}$"),
        3 => format!(r"\b{first}\b"),
        4 => format!("{first}.*{second}"),
        5 => format!("({first}|{second})"),
        6 => format!(r"{first}[0-9a-f]+"),
        7 => format!(r"(?i)\W{first}"),
        _ => first,
    }
}

/// A whole value, or a number in other words.
fn whole(dice: &mut Dice, text: &str) -> String {
    match dice.below(6) {
        0 => dice.pick(&["50126", "1", "1.00", "2024-09-15", "501260e-1", "anna", "null", ""]).to_owned(),
        1 => part(dice, text),
        2 if text.parse::<i64>().is_ok() => format!("{text}.0"),
        _ => text.to_owned(),
    }
}

fn field(dice: &mut Dice, path: &str) -> FieldName {
    let segments: Vec<&str> = path.split('.').collect();
    let name = match dice.below(5) {
        0 => path.to_owned(),
        1 => dice.pick(&["user", "status.errorCode", "nothing", "größe", "tags"]).to_owned(),
        _ => segments[dice.below(segments.len())..].join("."),
    };
    FieldName::new(&cased(dice, &name))
}

fn moment(dice: &mut Dice, all: &[Known]) -> Timestamp {
    Timestamp(dice.one_of(all).event.0.saturating_add(dice.below(3) as i64 - 1))
}
