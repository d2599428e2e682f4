//! A filter together with what the index says of each of its tests: which blocks to read, and which rows match.

use logkeep_storage::{Block, BlockError, BlockHead, ColumnHead, Fields, mask};

use crate::error::Result;
use crate::filter::{FieldName, Filter, Test};
use crate::index::{Candidates, Columns, Index};
use crate::rows::Rows;
use crate::run::Place;
use crate::text::{text, value};

/// A filter ready to be run. It decides the same with and without an index; only the work differs.
#[derive(Debug)]
pub(crate) struct Plan {
    root: Node,
    filter: Filter,
    index: Option<Index>,
}

#[derive(Debug)]
enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test { field: Option<FieldName>, test: Test, candidates: Candidates },
}

impl Plan {
    /// Asks the index about every test of the filter.
    pub(crate) fn new(filter: &Filter, index: Option<&Index>) -> Result<Self> {
        Ok(Self { root: Node::new(filter, index)?, filter: filter.clone(), index: index.cloned() })
    }

    /// Whether every record matches.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.root, Node::All)
    }

    /// Whether a block may have a matching row; one that is not in the index may.
    pub(crate) fn may_match(&self, head: &BlockHead) -> bool {
        self.covered(head).is_none_or(|place| self.root.may_match(place))
    }

    /// The matching rows of a block.
    pub(crate) fn rows(&self, block: &Block<'_>) -> std::result::Result<Rows, BlockError> {
        self.root.rows(block, self.covered(block.head()))
    }

    /// The place of a block that the index covers.
    fn covered(&self, head: &BlockHead) -> Option<Place> {
        self.index.as_ref().filter(|index| index.covers(head)).map(|_| Place::of(head))
    }

    /// Whether a record that is in no block matches.
    pub(crate) fn matches(&self, body: &[u8], fields: &mut Fields) -> bool {
        let mut texts = Vec::new();
        fields.of(body, |path, raw, quoted| texts.push((path.to_owned(), text(raw, quoted), quoted)));
        let record: Vec<_> = texts.iter().map(|(path, text, quoted)| (path.as_str(), value(text, *quoted))).collect();
        self.filter.matches(&record)
    }
}

impl Node {
    fn new(filter: &Filter, index: Option<&Index>) -> Result<Self> {
        let all =
            |members: &[Filter]| members.iter().map(|member| Self::new(member, index)).collect::<Result<Vec<_>>>();
        let test = |field: Option<&FieldName>, test: &Test| {
            let candidates = index.map_or(Ok(Candidates::All), |index| index.candidates(&test.required()))?;
            Ok(Self::Test { field: field.cloned(), test: test.clone(), candidates })
        };
        match filter {
            Filter::All => Ok(Self::All),
            Filter::And(members) => all(members).map(Self::And),
            Filter::Or(members) => all(members).map(Self::Or),
            Filter::Not(inner) => Ok(Self::Not(Box::new(Self::new(inner, index)?))),
            Filter::Text(inner) => test(None, inner),
            Filter::Field(field, inner) => test(Some(field), inner),
        }
    }

    fn may_match(&self, place: Place) -> bool {
        match self {
            Self::All | Self::Not(_) => true,
            Self::And(members) => members.iter().all(|member| member.may_match(place)),
            Self::Or(members) => members.iter().any(|member| member.may_match(place)),
            Self::Test { candidates, .. } => candidates.columns(place).is_some(),
        }
    }

    fn rows(&self, block: &Block<'_>, covered: Option<Place>) -> std::result::Result<Rows, BlockError> {
        let count = block.head().count as usize;
        match self {
            Self::All => Ok(Rows::all(count)),
            Self::And(members) => {
                let mut rows = Rows::all(count);
                for member in members {
                    if rows.is_empty() {
                        break;
                    }
                    rows = rows.and(member.rows(block, covered)?);
                }
                Ok(rows)
            }
            Self::Or(members) => {
                let mut rows = Rows::none(count);
                for member in members {
                    rows = rows.or(member.rows(block, covered)?);
                }
                Ok(rows)
            }
            Self::Not(inner) => Ok(inner.rows(block, covered)?.complement()),
            Self::Test { field, test, candidates } => {
                let columns = covered.map_or(Some(&Columns::Any), |place| candidates.columns(place));
                match columns {
                    Some(columns) => test_rows(field.as_ref(), test, columns, block),
                    None => Ok(Rows::none(count)),
                }
            }
        }
    }
}

/// The rows that have a value which passes a test.
fn test_rows(
    field: Option<&FieldName>,
    test: &Test,
    columns: &Columns,
    block: &Block<'_>,
) -> std::result::Result<Rows, BlockError> {
    let mut rows = Rows::none(block.head().count as usize);
    for (number, head) in block.head().columns()?.iter().enumerate() {
        let wanted = field.is_none_or(|field| field.matches(&head.path));
        if !wanted || !columns.holds(&head.path) || !may_pass(test, head) {
            continue;
        }
        let column = block.column(number)?;
        if cannot_pass(test, head, column.distinct_bytes()) {
            continue;
        }
        let passes: Vec<bool> = (0..column.distinct_len())
            .map(|code| {
                let (raw, quoted) = column.distinct(code).unwrap_or_default();
                test.matches(&value(&text(raw, quoted), quoted))
            })
            .collect();
        if passes.contains(&true) {
            let passing = column.entries().filter(|(_, code)| passes.get(*code).copied().unwrap_or(false));
            passing.for_each(|(row, _)| rows.insert(row));
        }
    }
    Ok(rows)
}

/// What the head alone tells: a column without a letter of the needle has no value with the needle.
fn may_pass(test: &Test, head: &ColumnHead) -> bool {
    let wanted = match test {
        Test::Find(needle) => needle.folded().as_bytes(),
        Test::Equals(literal) if !literal.is_number() => literal.text().as_bytes(),
        _ => return true,
    };
    let kinds = mask(wanted);
    if kinds == u64::MAX {
        // A backslash: spelled as an escape, it is in columns whose mask is everything.
        return head.mask == u64::MAX;
    }
    head.mask & kinds == kinds && (!wanted.is_ascii() || head.mask == u64::MAX || head.longest as usize >= wanted.len())
}

/// One search over all values of a column at once. Only for columns without escapes, whose raw bytes are their text.
fn cannot_pass(test: &Test, head: &ColumnHead, bytes: &[u8]) -> bool {
    match test {
        Test::Find(needle) if head.mask != u64::MAX => !needle.may_occur_in(bytes),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Literal, Pattern};
    use crate::terms::{Needle, NeedleKind};
    use logkeep_storage::{Append, Batch, Options, Timestamp, Writer};
    use proptest::prelude::*;

    /// Calls `check` with each column of a block that holds these bodies.
    fn each_column(bodies: &[String], check: &mut dyn FnMut(&ColumnHead, &logkeep_storage::Column)) {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { memory_bytes: 16 << 20, ..Options::default() };
        let mut writer = Writer::create(&folder.path().join("archive"), &options).unwrap();
        let name: logkeep_storage::StreamName = "a".parse().unwrap();
        let mut batch = Batch::new(name.clone(), Timestamp(0));
        bodies.iter().for_each(|body| batch.push(body.as_bytes(), Timestamp(0), None));
        writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).unwrap();
        writer.seal_tails().unwrap();
        let archive = writer.archive();
        for head in archive.blocks(&name, 0).unwrap() {
            let read = archive.read_block(&name, &head, |block| {
                for (number, column) in block.head().columns()?.iter().enumerate() {
                    check(column, &block.column(number)?);
                }
                Ok(())
            });
            read.unwrap();
        }
    }

    fn tests_about(text: &str) -> Vec<Test> {
        let part: String = text.chars().skip(1).take(3).collect();
        let kinds = [NeedleKind::Has, NeedleKind::Prefix, NeedleKind::Suffix, NeedleKind::Contains];
        let texts = [text.to_owned(), part, text.to_uppercase(), text.to_lowercase()];
        let mut tests = Vec::new();
        for text in &texts {
            tests.extend(kinds.iter().map(|kind| Test::Find(Needle::new(*kind, text))));
            tests.push(Test::Equals(Literal::new(text)));
            tests.extend(Pattern::new(&regex::escape(text)).map(Test::Regex));
        }
        tests
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_column_with_a_match_is_passed_over(
            texts in prop::collection::vec("([aB1é\u{212a}ßẞ/. -]|\\\\|\\\\u0041|\\\\n|\\\\ud83d|日){0,7}", 1..12),
            plain: bool,
        ) {
            let spelled = |text: &String| if plain { text.clone() } else { format!(r#"{{"a":"{text}","b":["{text}",1.0]}}"#) };
            let bodies: Vec<String> = texts.iter().map(spelled).collect();
            let mut wrong = Vec::new();
            each_column(&bodies, &mut |head, column| {
                for code in 0..column.distinct_len() {
                    let (raw, quoted) = column.distinct(code).unwrap();
                    let decoded = text(raw, quoted);
                    for test in tests_about(&decoded).iter().filter(|test| test.matches(&value(&decoded, quoted))) {
                        if !may_pass(test, head) || cannot_pass(test, head, column.distinct_bytes()) {
                            wrong.push(format!("{test:?} and {decoded:?} in {head:?}"));
                        }
                    }
                }
            });
            prop_assert_eq!(wrong, Vec::<String>::new());
        }
    }
}
