//! Any bytes in, the same bytes out; damaged bytes are refused.

use proptest::prelude::*;

use super::segment::{SegmentWriter, Segments};
use super::*;
use crate::time::Timestamp;

/// Segments in memory.
pub(super) struct Memory(Vec<Vec<u8>>);

impl From<SegmentWriter> for Memory {
    fn from(writer: SegmentWriter) -> Self {
        Self(writer.into_segments().into_iter().map(|segment| segment.raw).collect())
    }
}

impl Memory {
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

impl Segments for Memory {
    fn segment(&self, number: u32) -> Result<&[u8], BlockError> {
        self.0.get(number as usize).map(Vec::as_slice).ok_or(BlockError::Directory("segment"))
    }
}

fn envelope() -> Envelope {
    Envelope { stream: 1, first: 2048, salt: [7; 32], root: [9; 32] }
}

fn rows(bodies: &[Vec<u8>]) -> Vec<Row<'_>> {
    let time = |i: usize| Timestamp(1_725_318_000_123_000_000 + i as i64 * 1_000_000_007);
    bodies.iter().enumerate().map(|(i, body)| Row { body, event: time(i), received: time(i / 3) }).collect()
}

/// Encodes (which decodes and compares) and gives the stored size.
fn check(bodies: &[Vec<u8>]) -> usize {
    let encoded = encode(&rows(bodies), &envelope()).unwrap();
    encoded.head.len() + encoded.chunks.iter().map(Vec::len).sum::<usize>()
}

#[test]
fn a_column_is_found_by_its_path() {
    let bodies: Vec<Vec<u8>> =
        (0..100).map(|i| format!(r#"{{"id":"x{i}","n":{},"tags":["a{}","b"]}}"#, i * 7, i % 3).into_bytes()).collect();
    let encoded = encode(&rows(&bodies), &envelope()).unwrap();
    let head = BlockHead::parse(&encoded.head).unwrap();
    let paths: Vec<&str> = head.columns().unwrap().iter().map(|column| column.path.as_str()).collect();
    assert_eq!(paths, ["id", "n", "tags[]"]);
    let block = Block::new(&head, &encoded.chunks).unwrap();
    let tags = block.column(2).unwrap();
    let value = |(row, code): (usize, usize)| (row, tags.distinct(code).unwrap().0.to_vec());
    let found: Vec<_> = tags.entries().map(value).collect();
    assert_eq!(found.len(), 200);
    assert_eq!(found[8], (4, b"a1".to_vec()));
    assert_eq!(found[9], (4, b"b".to_vec()));
}

#[test]
fn repeated_ids_cost_their_bytes_once() {
    let guid =
        |i: u64| format!("{:08x}-1234-4abc-8def-{:012x}", i.wrapping_mul(2_654_435_761) as u32, i * 7_777_777_777);
    let once: Vec<Vec<u8>> = (0..1000).map(|i| format!(r#"{{"a":"{}"}}"#, guid(i)).into_bytes()).collect();
    let twice: Vec<Vec<u8>> =
        (0..1000).map(|i| format!(r#"{{"a":"{0}","b":{{"c":"{0}"}}}}"#, guid(i)).into_bytes()).collect();
    let (once, twice) = (check(&once), check(&twice));
    assert!(twice < once + 100, "{twice} against {once}");
}

#[test]
fn every_flipped_byte_is_found() {
    let bodies: Vec<Vec<u8>> =
        (0..200).map(|i| format!(r#"{{"id":"x{}","n":{}}}"#, i * 991, i * 7).into_bytes()).collect();
    let encoded = encode(&rows(&bodies), &envelope()).unwrap();
    for at in 0..encoded.head.len() {
        let mut head = encoded.head.clone();
        head[at] ^= 0x10;
        assert!(BlockHead::parse(&head).is_err(), "byte {at} of the head");
    }
    let head = BlockHead::parse(&encoded.head).unwrap();
    for number in 0..encoded.chunks.len() {
        for at in 0..encoded.chunks[number].len() {
            let mut chunks = encoded.chunks.clone();
            chunks[number][at] ^= 1;
            assert!(decode(&head, &chunks).is_err(), "byte {at} of chunk {number}");
        }
    }
}

#[test]
fn a_value_cannot_hide_behind_another_with_its_hash() {
    // Found by search: both have one value of `hash`, and lie in one slot of the cache of values seen.
    let bodies = [b"56489292Yr$+uF<O".to_vec(), b"mimikatzzqj.exe ".to_vec()];
    let encoded = encode(&rows(&bodies), &envelope()).unwrap();
    let head = BlockHead::parse(&encoded.head).unwrap();
    let wanted = mask(b"mimikatz");
    assert_eq!(head.columns().unwrap()[0].mask & wanted, wanted);
}

#[test]
fn a_head_that_sums_its_columns_up_wrongly_is_found() {
    let bodies = [b"{\"a\":\"xyz\"}".to_vec(), b"{\"a\":\"12\"}".to_vec()];
    let encoded = encode(&rows(&bodies), &envelope()).unwrap();
    let head = BlockHead::parse(&encoded.head).unwrap();
    let changed = |change: fn(&mut ColumnHead)| {
        let mut head = head.clone();
        let mut directory = head.directory.get().unwrap().clone();
        directory.columns.iter_mut().for_each(change);
        head.directory = directory.into();
        decode(&BlockHead::parse(&head.encode().unwrap()).unwrap(), &encoded.chunks)
    };
    assert!(changed(|_| {}).is_ok());
    assert!(changed(|column| column.mask &= !mask(b"x")).is_err(), "records with an x would not be found");
    assert!(changed(|column| column.longest = 2).is_err());
}

#[test]
fn a_head_that_names_its_columns_wrongly_is_found() {
    let bodies = [b"{\"a\":\"x\",\"b\":[1,2]}".to_vec(), b"{\"a\":\"y\"}".to_vec(), b"no json".to_vec()];
    let bodies: Vec<Vec<u8>> =
        bodies.into_iter().chain((0..5).map(|n| format!("{{\"a\":{n}}}").into_bytes())).collect();
    for only_json in [false, true] {
        let bodies: Vec<Vec<u8>> = bodies.iter().filter(|body| !only_json || body[0] == b'{').cloned().collect();
        let encoded = encode(&rows(&bodies), &envelope()).unwrap();
        let head = BlockHead::parse(&encoded.head).unwrap();
        let changed = |change: fn(&mut ColumnHead)| {
            let mut head = head.clone();
            let mut directory = head.directory.get().unwrap().clone();
            directory.columns.iter_mut().filter(|column| column.path == "a").for_each(change);
            head.directory = directory.into();
            decode(&BlockHead::parse(&head.encode().unwrap()).unwrap(), &encoded.chunks)
        };
        assert!(changed(|_| {}).is_ok());
        assert!(changed(|column| column.path = "c".to_owned()).is_err(), "a search for a would not find it");
        assert!(changed(|column| column.dense = !column.dense).is_err());
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        "[0-9]{1,20}",
        "\"[a-zA-Z0-9 +/=_:.-]{0,40}\"",
        "\"(\\\\\\\\|\\\\\"|\\\\u00e4|[^\"\\\\\\x00-\\x1f]){0,12}\"",
        "\"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\"",
        "\"20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|\\+00:00|)\"",
    ];
    let space = "[ \\t\\r\\n]{0,2}";
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            (proptest::collection::vec((inner.clone(), space), 0..6)).prop_map(|members| {
                let members: Vec<String> = members.into_iter().map(|(m, s)| format!("{s}{m}{s}")).collect();
                format!("[{}]", members.join(","))
            }),
            (proptest::collection::vec(("\"[a-c]{0,2}\"", inner, space), 0..6)).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(k, m, s)| format!("{s}{k}{s}:{s}{m}{s}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_comes_back(bodies in proptest::collection::vec(json(), 1..60)) {
        check(&bodies.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_come_back(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..40)) {
        check(&bodies);
    }

    #[test]
    fn any_values_of_one_column_come_back(
        values in proptest::collection::vec("([a-z]{1,3}|[0-9]{1,21}|[0-9a-f]{6,40}|[A-F0-9]{8,12}|-|\\.| |[A-Za-z0-9+/]{16,24}=?){1,6}", 1..80)
    ) {
        check(&values.into_iter().map(|value| format!("{{\"a\":\"{value}\"}}").into_bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn lines_of_text_come_back(bodies in proptest::collection::vec("([A-Za-z]{1,8} |[0-9]{1,4}[ :.]){0,12}\r?", 1..80)) {
        check(&bodies.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }
}
