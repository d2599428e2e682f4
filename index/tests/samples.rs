//! Real records, where they lie beside the repository: agreement once more.

use std::path::{Path, PathBuf};

use logkeep_storage::Timestamp;

use crate::dice::Dice;
use crate::questions;
use crate::reference::expected;
use crate::shelf::{Shelf, difference};

/// Files that are taken.
const FILES: usize = 12;
/// Bytes of a file that are taken.
const BYTES_MAX: usize = 3 << 20;

/// The largest files whose name speaks of alerts, then others.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_log =
                path.extension().is_some_and(|e| ["json", "jsonl", "log", "csv"].iter().any(|known| e == *known));
            match path.is_dir() {
                true => folders.push(path),
                false if is_log => found.push((!path.to_string_lossy().contains("SecurityAlert"), path)),
                false => {}
            }
        }
    }
    found.sort_by_key(|(other, path)| (*other, std::cmp::Reverse(path.metadata().map_or(0, |data| data.len()))));
    found.into_iter().map(|(_, path)| path).take(FILES).collect()
}

#[test]
fn real_records_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let files = files(&folder);
    if files.is_empty() {
        println!("skipped: no records in {}", folder.display());
        return;
    }
    let (mut shelf, mut dice) = (Shelf::new(21), Dice::new(22));
    for (number, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).unwrap();
        let bytes = &bytes[..bytes.len().min(BYTES_MAX)];
        let bodies: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).take(3000).collect();
        let events: Vec<Timestamp> = bodies.iter().map(|_| Timestamp(dice.below(9999) as i64)).collect();
        let name = format!("s/{}", number % 3).parse().unwrap();
        shelf.append_these(&name, &events, &bodies);
        if number == FILES / 2 {
            shelf.catch_up();
        }
    }
    let half = shelf.searcher(shelf.index());
    shelf.catch_up();
    let searchers = [shelf.searcher(None), half, shelf.searcher(shelf.index())];
    for _ in 0..30 {
        let search = questions::search(&mut dice, &shelf.all);
        let expected = expected(&shelf.all, &search);
        for searcher in &searchers {
            assert_eq!(difference(&expected, searcher, &search), None);
        }
    }
}
