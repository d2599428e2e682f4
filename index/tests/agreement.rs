//! With the index, without it, and with half of it: the same records in the same order as one by one.

use logkeep_index::Searcher;
use proptest::prelude::*;

use crate::dice::Dice;
use crate::questions;
use crate::reference::expected;
use crate::shelf::{Shelf, difference};

/// Filters asked of each archive.
const QUESTIONS: usize = 25;

/// What happens to an archive while it grows.
#[derive(Debug, Clone)]
enum Step {
    Append { stream: usize, count: usize },
    SealTails,
    CatchUp,
}

fn step() -> impl Strategy<Value = Step> {
    let count = prop_oneof![1_usize..20, 1_usize..500, Just(1024), 1000_usize..1400];
    prop_oneof![
        4 => (0_usize..3, count).prop_map(|(stream, count)| Step::Append { stream, count }),
        1 => Just(Step::SealTails),
        1 => Just(Step::CatchUp),
    ]
}

/// More cases than usual: `LOGKEEP_TEST_CASES`.
fn cases() -> u32 {
    std::env::var("LOGKEEP_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10)
}

fn agree(seed: u64, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut shelf = Shelf::new(seed);
    let mut dice = Dice::new(seed ^ 2);
    shelf.append(0, 5);
    let mut searchers: Vec<(&str, Searcher)> = vec![("without", shelf.searcher(None))];
    for step in steps {
        match step {
            Step::Append { stream, count } => shelf.append(*stream, *count),
            Step::SealTails => {
                shelf.writer.seal_tails().unwrap();
            }
            Step::CatchUp => {
                shelf.catch_up();
                searchers.truncate(2);
                searchers.push(("half-built", shelf.searcher(shelf.index())));
            }
        }
        ask(&shelf, &searchers, &mut dice, 2)?;
    }
    shelf.catch_up();
    searchers.push(("built", shelf.searcher(shelf.index())));
    ask(&shelf, &searchers, &mut dice, QUESTIONS)?;
    if let Some(index) = shelf.index() {
        let checked = index.check(&shelf.archive(), &mut |_| {}).unwrap();
        prop_assert_eq!(&checked.findings, &vec![]);
    }
    Ok(())
}

fn ask(shelf: &Shelf, searchers: &[(&str, Searcher)], dice: &mut Dice, count: usize) -> Result<(), TestCaseError> {
    for _ in 0..count {
        let search = questions::search(dice, &shelf.all);
        let expected = expected(&shelf.all, &search);
        for (name, searcher) in searchers {
            if let Some(difference) = difference(&expected, searcher, &search) {
                return Err(TestCaseError::fail(format!("{name} the index: {difference}")));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 30, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_index_only_prunes(seed: u64, steps in prop::collection::vec(step(), 1..8)) {
        agree(seed, &steps)?;
    }
}
