//! One test of a filter, held against the columns of a block: most are passed over without being read.

use logkeep_storage::{Block, BlockError, ColumnHead, Distinct, Fragment, mask};

use crate::filter::{FieldName, Test};
use crate::index::Columns;
use crate::rows::Rows;
use crate::terms::Needle;
use crate::text::{text, value};

/// A test, prepared.
#[derive(Debug)]
pub(crate) struct Probe {
    field: Option<FieldName>,
    test: Test,
    wanted: Option<Wanted>,
}

/// A text that each value which passes holds.
#[derive(Debug)]
struct Wanted {
    needle: Needle,
    /// The kinds of its characters.
    kinds: u64,
    /// Whether it has no character that JSON spells with an escape, unless that is an odd one.
    is_plain: bool,
}

impl Probe {
    pub(crate) fn new(field: Option<FieldName>, test: Test) -> Self {
        let needle = match &test {
            Test::Find(needle) => Some(needle.clone()),
            Test::Equals(literal) if !literal.is_number() => Some(Needle::contains(literal.text())),
            _ => None,
        };
        let wanted = needle.map(|needle| {
            let folded = needle.folded().as_bytes();
            let is_plain = folded.iter().all(|byte| matches!(byte, b' '..0x7f) && !br#""\/"#.contains(byte));
            Wanted { kinds: mask(folded), is_plain, needle }
        });
        Self { field, test, wanted }
    }

    /// The rows of a block that have a value which passes, in one of these columns.
    pub(crate) fn rows(&self, columns: &Columns, block: &Block<'_>) -> Result<Rows, BlockError> {
        let mut rows = Rows::none(block.head().count as usize);
        for (number, head) in block.head().columns()?.iter().enumerate() {
            let is_wanted = self.field.as_ref().is_none_or(|field| field.matches(&head.path));
            if !is_wanted || !self.may_pass(head) || !columns.holds(&head.path) {
                continue;
            }
            let Some((distinct, passes)) = self.in_column(block, number, head)? else { continue };
            if head.dense && !passes.contains(&false) {
                return Ok(Rows::all(block.head().count as usize));
            }
            if passes.contains(&true) {
                block.column_of(number, distinct)?.rows_with(&passes, |row| rows.insert(row));
            }
        }
        Ok(rows)
    }

    /// What the head alone tells: a column without a letter of the text has no value with the text.
    fn may_pass(&self, head: &ColumnHead) -> bool {
        let Some(Wanted { needle, kinds, .. }) = &self.wanted else { return true };
        if *kinds == u64::MAX {
            // A backslash: spelled as an escape, it is in columns whose mask is everything.
            return head.mask == u64::MAX;
        }
        let wanted = needle.folded();
        let has_room = || head.longest as usize >= wanted.len();
        head.mask & kinds == *kinds && (!wanted.is_ascii() || head.mask == u64::MAX || has_room())
    }

    /// A column's distinct values, and which of them pass; `None` where it is seen earlier that none does.
    fn in_column(
        &self,
        block: &Block<'_>,
        number: usize,
        head: &ColumnHead,
    ) -> Result<Option<(Distinct, Vec<bool>)>, BlockError> {
        let has_escapes = head.mask == u64::MAX;
        // Where there are no escapes, raw bytes are text.
        let wanted = self.wanted.as_ref().filter(|wanted| !has_escapes || wanted.is_plain);
        let occurs = |wanted: &Wanted, bytes: &[u8]| {
            wanted.needle.may_occur_in(bytes) || (has_escapes && has_odd_escapes(bytes))
        };
        let occurs_in = |bytes: &[u8]| wanted.is_none_or(|wanted| occurs(wanted, bytes));
        let folded = wanted.map(|wanted| wanted.needle.folded().as_bytes()).filter(|folded| folded.is_ascii());
        let fragment = folded.map(|folded| Fragment { folded, occurs_in: &occurs_in, has_escapes });
        let Some(distinct) = block.distinct(number, fragment.as_ref())? else { return Ok(None) };
        let passes = |code| {
            let (raw, quoted) = distinct.get(code).unwrap_or_default();
            occurs_in(raw) && self.test.matches(&value(&text(raw, quoted), quoted))
        };
        let passes: Vec<bool> = (0..distinct.len()).map(passes).collect();
        Ok(Some((distinct, passes)))
    }
}

/// Whether strings, one right after another, have escapes other than for quotes, slashes and control characters.
fn has_odd_escapes(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found + 2;
        if !bytes.get(at - 1).is_some_and(|escaped| br#""\/bfnrt"#.contains(escaped)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use logkeep_storage::{Append, Batch, Options, Timestamp, Writer};
    use proptest::prelude::*;

    use super::*;
    use crate::filter::{Literal, Pattern};
    use crate::terms::NeedleKind;

    /// Calls `check` with each column of the blocks that hold these bodies.
    fn each_column(bodies: &[String], check: &mut dyn FnMut(&Block<'_>, usize, &ColumnHead)) {
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
                    check(block, number, column);
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

    /// The tests about a value which pass, but pass its column over.
    fn wrong(block: &Block<'_>, number: usize, head: &ColumnHead) -> Vec<String> {
        let mut wrong = Vec::new();
        let column = block.column(number).unwrap();
        for code in 0..column.distinct_len() {
            let (raw, quoted) = column.distinct(code).unwrap();
            let decoded = text(raw, quoted);
            for test in tests_about(&decoded).into_iter().filter(|test| test.matches(&value(&decoded, quoted))) {
                let probe = Probe::new(None, test);
                let passes =
                    probe.in_column(block, number, head).unwrap().is_some_and(|(_, passes)| passes.contains(&true));
                if !probe.may_pass(head) || !passes {
                    wrong.push(format!("{:?} and {decoded:?} in {head:?}", probe.test));
                }
            }
        }
        wrong
    }

    /// Values that columns keep in each of their ways.
    fn typed() -> impl Strategy<Value = String> {
        let guid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
        prop_oneof![
            guid,
            "/subs/[0-9a-f]{8}-1111-2222-3333-[0-9a-f]{12}/x[0-9]{1,3}",
            "[a-f0-9]{8,12}",
            "user[0-9]{1,5}@contoso\\.com",
            "2024-09-1[0-9]T0[0-9]:1[0-9]:00\\.[0-9]{3}Z",
            "[0-9]{1,9}",
            "ab [a-c]{1,3} [0-9]{1,3} x",
            r"C:\\\\(Win|\\u0057in|\\x)[0-9]{1,2} [a-c]\\n[a-c]{1,2}",
            r"a[0-9]\\ \\u004[0-9a-f] b",
        ]
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
            let mut all = Vec::new();
            each_column(&bodies, &mut |block, number, head| all.extend(wrong(block, number, head)));
            prop_assert_eq!(all, Vec::<String>::new());
        }

        #[test]
        fn no_column_of_typed_values_with_a_match_is_passed_over(
            columns in prop::collection::vec(prop::collection::vec(typed(), 8), 1..3),
            same in prop::collection::vec(prop_oneof!["[0-9a-f]{12}", "7[0-9]{2}"], 8),
        ) {
            let body = |row: usize| format!(
                r#"{{"a":"{}","b":"{}","s":"x{}","t":[{row},"{}"]}}"#,
                columns[0][row], columns[columns.len() - 1][row], same[row], columns[0][row]
            );
            let bodies: Vec<String> = (0..8).map(body).collect();
            let mut all = Vec::new();
            each_column(&bodies, &mut |block, number, head| all.extend(wrong(block, number, head)));
            prop_assert_eq!(all, Vec::<String>::new());
        }
    }
}
