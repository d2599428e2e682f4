//! How fast records are appended, sealed and read back: `cargo bench -p logkeep-storage`.

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

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use logkeep_storage::{Append, Batch, Options, Timestamp, Writer, verify};

/// Records of one round: four full blocks.
const RECORDS: u64 = 4096;

fn batch() -> Batch {
    let mut batch = Batch::new("bench/signin".parse().expect("a name"), Timestamp(1_725_318_000_000_000_000));
    for i in 0..RECORDS {
        let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let body = format!(
            r#"{{"time":"2024-09-02T23:{:02}:{:02}.{:07}Z","category":"SignInLogs","properties":{{"id":"{mixed:08x}-1111-4222-8333-{mixed:012x}","userPrincipalName":"user{}@contoso.com","ipAddress":"203.0.113.{}","status":{{"errorCode":{}}},"isInteractive":true,"deviceDetail":{{"operatingSystem":"Windows10","browser":"Edge 128.0.0"}}}}}}"#,
            i / 60 % 60,
            i % 60,
            mixed % 10_000_000,
            mixed % 300,
            mixed % 250,
            if mixed % 9 == 0 { 50126 } else { 0 }
        );
        batch.push(body.as_bytes(), Timestamp(1_725_318_000_000_000_000 + i as i64 * 1_000_000_000), None);
    }
    batch
}

fn append(criterion: &mut Criterion) {
    let batch = batch();
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Bytes(batch.bytes())).sample_size(10);
    group.bench_function("4,096 records, synced", |bencher| {
        bencher.iter_batched(
            || {
                let folder = tempfile::tempdir().expect("a folder");
                let writer = Writer::create(&folder.path().join("archive"), &Options::default()).expect("an archive");
                (folder, writer, Append { batches: vec![batch.clone()], cursors: Vec::new() })
            },
            |(folder, mut writer, append)| {
                writer.append(&append).expect("appended");
                (folder, writer)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn check(criterion: &mut Criterion) {
    let batch = batch();
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(&folder.path().join("archive"), &Options::default()).expect("an archive");
    writer.append(&Append { batches: vec![batch.clone()], cursors: Vec::new() }).expect("appended");
    let archive = writer.archive();
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Bytes(batch.bytes())).sample_size(10);
    group.bench_function("4,096 records", |bencher| {
        bencher.iter(|| verify(&archive, None, None, &mut |_| {}).expect("verified"));
    });
    group.finish();
}

criterion_group!(benches, append, check);
criterion_main!(benches);
