//! How fast filters are read and records found: `cargo bench -p logkeep-index`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "in a test a panic is the message, and its helpers are nobody's interface"
)]

use std::ops::ControlFlow;

use criterion::{Criterion, criterion_group, criterion_main};
use logkeep_index::filter::Filter;
use logkeep_index::{Index, Indexer, Search, Searcher};
use logkeep_storage::{Append, Batch, Options, Timestamp, Writer};

/// Sixteen full blocks.
const RECORDS: u64 = 16_384;

fn parse(criterion: &mut Criterion) {
    let text = r#"anna 50126 -Teams userPrincipalName:"anna@contoso.com" "invalid password" prefix* durationMs>500"#;
    criterion.bench_function("parse a filter", |bencher| bencher.iter(|| text.parse::<Filter>().expect("a filter")));
}

fn search(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(&folder.path().join("archive"), &Options::default()).expect("an archive");
    let mut batch = Batch::new("bench/signin".parse().expect("a name"), Timestamp(0));
    for i in 0..RECORDS {
        let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let body = format!(
            r#"{{"id":"{mixed:08x}-1111-4222-8333-{mixed:012x}","user":"user{}@contoso.com","ip":"203.0.113.{}","code":{}}}"#,
            mixed % 300,
            mixed % 250,
            if mixed % 9 == 0 { 50126 } else { 0 }
        );
        batch.push(body.as_bytes(), Timestamp(i as i64 * 1_000_000_000), None);
    }
    writer.append(&Append { batches: vec![batch], cursors: Vec::new() }).expect("appended");
    let path = folder.path().join("index");
    let mut indexer = Indexer::open(&path, Options::default().memory_bytes, 2).expect("an index");
    indexer.catch_up(&writer.archive(), &mut |_| {}).expect("indexed");
    let index = Index::open(&path).expect("an index");
    let mut group = criterion.benchmark_group("search 16,384 records");
    for (name, index) in [("with the index", index), ("without it", None)] {
        let searcher = Searcher::new(writer.archive(), index, 2);
        for text in ["user7", "\"203.0.113.77\"", "code=50126 user:user3*", "*13.7*"] {
            let mut search = Search::new(text.parse().expect("a filter"));
            search.limit = Some(100);
            group.bench_function(format!("{text} {name}"), |bencher| {
                bencher.iter(|| searcher.search(&search, &mut |_| ControlFlow::Continue(())).expect("an answer"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, parse, search);
criterion_main!(benches);
