//! What was appended comes out byte for byte, in order, after any number of openings, whatever the batches were.

use logkeep_storage::{Append, Batch, Error, Options, RecordId, StoredRecord, Timestamp, Writer, verify};
use proptest::prelude::*;

use crate::sandbox::{Sandbox, append, batch, batch_with_ids, bodies, cursor, numbered, options, stream};

#[test]
fn an_empty_archive_has_nothing() {
    let sandbox = Sandbox::new();
    drop(sandbox.create());
    let archive = sandbox.reader();
    assert_eq!(archive.streams().unwrap(), []);
    assert_eq!(archive.head(&stream("a/b")).unwrap(), None);
    assert_eq!(archive.record(&RecordId { stream: stream("a/b"), index: 0 }).unwrap(), None);
    assert_eq!(archive.cursor("c").unwrap(), None);
    assert_eq!(archive.records(&stream("a/b"), 0..9).count(), 0);
}

#[test]
fn records_come_back_with_their_times() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one", b"", b"\xff\x00\n"]));
    drop(writer);
    let archive = sandbox.reader();
    let id = RecordId { stream: stream("a/b"), index: 2 };
    let record = archive.record(&id).unwrap().unwrap();
    let expected = StoredRecord { id, body: b"\xff\x00\n".to_vec(), event: Timestamp(2), received: Timestamp(1_000) };
    assert_eq!(record, expected);
    assert_eq!(archive.record(&RecordId { stream: stream("a/b"), index: 3 }).unwrap(), None);
    let stat = &archive.streams().unwrap()[0];
    assert_eq!((stat.records, stat.bytes_raw, stat.tail, stat.blocks), (3, 6, 3, 0));
    assert_eq!(stat.events, Some((Timestamp(0), Timestamp(2))));
}

#[test]
fn whole_blocks_are_sealed_at_once() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let appended = append(&mut writer, numbered("a/b", 0..3000));
    assert_eq!(appended.indexes, 0..3000);
    let archive = writer.archive();
    assert_eq!(archive.block_firsts(&stream("a/b"), 0).unwrap(), [0, 1024]);
    assert_eq!(archive.tail(&stream("a/b")).unwrap().len(), 3000 - 2048);
    append(&mut writer, numbered("a/b", 3000..3072));
    assert_eq!(archive.block_firsts(&stream("a/b"), 1500).unwrap(), [1024, 2048]);
    assert_eq!(archive.tail(&stream("a/b")).unwrap(), []);
    let expected: Vec<_> = numbered("a/b", 0..3072).iter().map(|record| record.body.to_vec()).collect();
    assert_eq!(bodies(&archive, "a/b"), expected);
}

#[test]
fn a_ragged_block_is_replaced_by_longer_ones_until_it_is_full() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let archive = writer.archive();
    let name = stream("a/b");
    let mut end = 0;
    for count in [1_u64, 1, 500, 3, 518, 1, 1023, 1, 2049] {
        append(&mut writer, numbered("a/b", end..end + count));
        end += count;
        writer.seal_tails().unwrap();
        assert_eq!(archive.tail(&name).unwrap(), []);
        let heads = archive.blocks(&name, 0).unwrap();
        let counts: Vec<_> = heads.iter().map(|head| (head.first, u64::from(head.count))).collect();
        let expected: Vec<_> = (0..end).step_by(1024).map(|first| (first, 1024.min(end - first))).collect();
        assert_eq!(counts, expected);
        let stat = &archive.streams().unwrap()[0];
        assert_eq!((stat.blocks, stat.sealed), (expected.len() as u64, end));
        assert!(stat.bytes_stored > heads.iter().map(|head| head.stored_bytes).sum::<u64>(), "chunks and heads");
    }
    let expected: Vec<_> = numbered("a/b", 0..end).iter().map(|record| record.body.to_vec()).collect();
    assert_eq!(bodies(&writer.archive(), "a/b"), expected);
    assert_eq!(writer.seal_tails().unwrap(), 0);
}

#[test]
fn large_records_make_small_blocks() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let large = |byte: u8, mib: usize| vec![byte; mib << 20];
    let records = [large(1, 3), large(2, 3), large(3, 3), large(4, 9), large(5, 1), vec![], large(6, 7)];
    let refs: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    append(&mut writer, batch("a/b", &refs));
    let heads = writer.archive().blocks(&stream("a/b"), 0).unwrap();
    let counts: Vec<_> = heads.iter().map(|head| (head.first, head.count)).collect();
    assert_eq!(counts, [(0, 2), (2, 1), (3, 1)]);
    writer.seal_tails().unwrap();
    append(&mut writer, batch("a/b", &[&large(7, 2)]));
    let heads = writer.archive().blocks(&stream("a/b"), 0).unwrap();
    let counts: Vec<_> = heads.iter().map(|head| (head.first, head.count)).collect();
    let expected = [(0, 2), (2, 1), (3, 1), (4, 2), (6, 1), (7, 1)];
    assert_eq!(counts, expected, "a ragged block shrinks to what an aligned one of 8 MiB can hold");
    let mut expected = records.to_vec();
    expected.push(large(7, 2));
    assert!(bodies(&writer.archive(), "a/b") == expected);
}

#[test]
fn records_and_cursors_over_the_limit_store_nothing() {
    let sandbox = Sandbox::new();
    let limited = Options { record_bytes_max: 10, ..options() };
    let mut writer = Writer::create(&sandbox.path(), &limited).unwrap();
    let append = Append { batches: vec![batch("a/b", &[b"fits", b"does not fit"])], cursors: vec![cursor("c", "1")] };
    assert!(matches!(writer.append(&append), Err(Error::RecordTooLarge { bytes: 12, max: 10 })));
    let append = Append { batches: vec![batch("a/b", &[b"fits"])], cursors: vec![cursor(&"c".repeat(513), "1")] };
    assert!(matches!(writer.append(&append), Err(Error::CursorTooLarge { part: "name", .. })));
    assert_eq!(writer.archive().streams().unwrap(), []);
    assert_eq!(writer.archive().cursor("c").unwrap(), None);
}

#[test]
fn the_same_id_with_the_same_bytes_is_kept_once() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let first = append(&mut writer, batch_with_ids("a/b", &[("1", "x"), ("2", "y"), ("1", "x")]));
    assert_eq!((first.indexes, first.duplicates, first.versions), (0..2, 1, 0));
    let again = append(&mut writer, batch_with_ids("a/b", &[("2", "y"), ("1", "x")]));
    assert_eq!((again.indexes, again.duplicates, again.versions), (2..2, 2, 0));
    let other_stream = append(&mut writer, batch_with_ids("a/c", &[("1", "x")]));
    assert_eq!((other_stream.indexes, other_stream.duplicates), (0..1, 0));
}

#[test]
fn the_same_id_with_other_bytes_is_a_version_and_the_first_is_still_known() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let appended = append(&mut writer, batch_with_ids("a/b", &[("1", "x"), ("1", "z")]));
    assert_eq!((appended.indexes, appended.duplicates, appended.versions), (0..2, 0, 1));
    let appended = append(&mut writer, batch_with_ids("a/b", &[("1", "w")]));
    assert_eq!((appended.indexes, appended.duplicates, appended.versions), (2..3, 0, 1));
    let appended = append(&mut writer, batch_with_ids("a/b", &[("1", "x"), ("1", "z"), ("1", "w")]));
    assert_eq!((appended.indexes, appended.duplicates, appended.versions), (3..3, 3, 0));
}

#[test]
fn duplicates_are_found_in_blocks_and_after_reopening() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, numbered("a/b", 0..3000));
    drop(writer);
    let mut writer = sandbox.open();
    let again = append(&mut writer, numbered("a/b", 500..3500));
    assert_eq!((again.indexes, again.duplicates, again.versions), (3000..3500, 2500, 0));
    let mut shuffled = Batch::new(stream("a/b"), Timestamp(1));
    let all = numbered("a/b", 0..3500);
    for record in all.iter().collect::<Vec<_>>().iter().rev() {
        shuffled.push(record.body, record.event, record.id);
    }
    let again = append(&mut writer, shuffled);
    assert_eq!((again.indexes, again.duplicates, again.versions), (3500..3500, 3500, 0));
}

#[test]
fn alike_records_without_id_are_all_kept() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let appended = append(&mut writer, batch("a/b", &[b"same".as_slice(); 26]));
    assert_eq!((appended.indexes, appended.duplicates, appended.versions), (0..26, 0, 0));
}

#[test]
fn one_id_for_all_records_is_slow_for_no_one() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let texts: Vec<_> = (0..2000).map(|number| number.to_string()).collect();
    let records: Vec<_> = texts.iter().map(|text| ("tenant", text.as_str())).collect();
    let appended = append(&mut writer, batch_with_ids("a/b", &records));
    assert_eq!((appended.indexes, appended.duplicates, appended.versions), (0..2000, 0, 1999));
    let appended = append(&mut writer, batch_with_ids("a/b", &[("tenant", "1999")]));
    assert_eq!(appended.duplicates, 1);
}

#[test]
fn cursors_move_with_their_records() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let both = Append { batches: vec![batch("a/b", &[b"x"])], cursors: vec![cursor("file", "1"), cursor("api", "")] };
    writer.append(&both).unwrap();
    writer.append(&Append { batches: vec![], cursors: vec![cursor("file", "2")] }).unwrap();
    writer.append(&Append::default()).unwrap();
    drop(writer);
    let archive = sandbox.reader();
    assert_eq!(archive.cursor("file").unwrap().unwrap(), b"2");
    assert_eq!(archive.cursor("api").unwrap().unwrap(), b"");
    assert_eq!(archive.cursor("other").unwrap(), None);
    assert_eq!(bodies(&archive, "a/b"), [b"x"]);
}

#[test]
fn several_batches_and_streams_in_one_append() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let batches = vec![
        numbered("b/b", 0..1500),
        numbered("a/a", 0..10),
        numbered("b/b", 1400..1600),
        batch("c/c", &[]),
        numbered("a/a", 5..12),
    ];
    let appended = writer.append(&Append { batches, cursors: vec![] }).unwrap();
    let got: Vec<_> = appended.iter().map(|a| (a.stream.as_str(), a.indexes.clone(), a.duplicates)).collect();
    let expected =
        [("b/b", 0..1500, 0), ("a/a", 0..10, 0), ("b/b", 1500..1600, 100), ("c/c", 0..0, 0), ("a/a", 10..12, 5)];
    assert_eq!(got, expected);
    let names: Vec<_> =
        writer.archive().streams().unwrap().into_iter().map(|s| (s.name.to_string(), s.records)).collect();
    assert_eq!(names, [("a/a".to_owned(), 12), ("b/b".to_owned(), 1600)]);
}

/// A step in the life of an archive.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u8, Vec<u8>)>),
    Many(u8, u16),
    Seal,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec((0..3_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..60).prop_map(Step::Append),
        2 => (0..3_u8, 1..1500_u16).prop_map(|(stream, count)| Step::Many(stream, count)),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_records_are_those_that_were_appended(steps in prop::collection::vec(step(), 1..14)) {
        let sandbox = Sandbox::new();
        let mut writer = sandbox.create();
        let mut model: [Vec<Vec<u8>>; 3] = Default::default();
        for step in &steps {
            match step {
                Step::Append(records) => {
                    let mut batches = Vec::new();
                    for (stream, body) in records {
                        batches.push(batch(&format!("s/{stream}"), &[body]));
                        model[usize::from(*stream)].push(body.clone());
                    }
                    writer.append(&Append { batches, cursors: vec![] }).unwrap();
                }
                Step::Many(stream, count) => {
                    let texts: Vec<_> = (0..*count).map(|n| format!("{{\"n\":{n}}}").into_bytes()).collect();
                    append(&mut writer, batch(&format!("s/{stream}"), &texts.iter().map(Vec::as_slice).collect::<Vec<_>>()));
                    model[usize::from(*stream)].extend(texts);
                }
                Step::Seal => {
                    writer.seal_tails().unwrap();
                }
                Step::Reopen => {
                    drop(writer);
                    writer = sandbox.open();
                }
            }
            for (stream, expected) in model.iter().enumerate() {
                let got = bodies(&writer.archive(), &format!("s/{stream}"));
                prop_assert!(&got == expected);
            }
        }
        drop(writer);
        let archive = sandbox.reader();
        for (stream, expected) in model.iter().enumerate() {
            let got = bodies(&archive, &format!("s/{stream}"));
            prop_assert!(&got == expected);
        }
        let found = verify(&archive, None, None, &mut |_| {}).unwrap();
        let records: usize = model.iter().map(Vec::len).sum();
        prop_assert_eq!((found.damage, found.unchecked, found.notes), (vec![], vec![], vec![]), "a false alarm");
        prop_assert_eq!(found.records, records as u64);
    }
}
