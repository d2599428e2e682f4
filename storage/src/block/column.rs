//! The values of one path: the encoding that is byte-exact and small, as a tree of nodes over segments.
//!
//! A node says how to get the values back from its segments and from the nodes below it. Whatever fits no better
//! encoding is stored plain, so that every list of byte strings has one.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::hash::hash;
use super::ints;
use super::segment::SegmentWriter;
use super::token::{self, Piece};
use super::values;
use super::varint::{put, put_bytes};

/// No values.
pub(super) const EMPTY: u8 = 0;
/// One value, many times.
pub(super) const CONSTANT: u8 = 1;
/// Lengths and bytes.
pub(super) const PLAIN: u8 = 2;
/// Distinct values in a node of their own, and for each value which of them it is.
pub(super) const DICTIONARY: u8 = 3;
/// Patterns, and the typed pieces that fill them.
pub(super) const PATTERN: u8 = 4;
/// Strings and bare values apart.
pub(super) const KINDS: u8 = 5;
/// Base64 text as the bytes it stands for.
pub(super) const BASE64: u8 = 6;
/// Words between spaces, each place a list of its own.
pub(super) const FIELDS: u8 = 7;

/// Deepest tree of nodes that is decoded.
pub(super) const DEPTH_MAX: u8 = 10;
/// Most lists of pieces of one kind in a pattern; later pieces share the last.
pub(super) const PIECES_MAX: u8 = 24;
/// Most words that are cut off at spaces.
const FIELDS_MAX: usize = 16;
/// Shortest text that is tried as base64.
const BASE64_BYTES_MIN: usize = 16;

/// Writes the values of one path; `events` are the event times of their records, ns.
pub(crate) fn encode(
    values: &[&[u8]],
    quoted: &[bool],
    events: &[i64],
    node: &mut Vec<u8>,
    segments: &mut SegmentWriter,
) {
    let all = quoted.iter().all(|quoted| *quoted);
    if all || !quoted.iter().any(|quoted| *quoted) {
        node.push(u8::from(all));
        return encode_list(values, Some(events), DEPTH_MAX, node, segments);
    }
    let of = |kind: bool| -> (Vec<&[u8]>, Vec<i64>) {
        values.iter().zip(events).zip(quoted).filter(|(_, q)| **q == kind).map(|((v, e), _)| (*v, *e)).unzip()
    };
    node.push(KINDS);
    let kinds: Vec<u32> = quoted.iter().map(|quoted| u32::from(*quoted)).collect();
    ints::encode_codes(&kinds, node, segments);
    for kind in [true, false] {
        let (values, events) = of(kind);
        encode_list(&values, Some(&events), DEPTH_MAX, node, segments);
    }
}

/// Distinct values in order of their first occurrence, and for each value which one it is.
fn distinct<'a>(values: &[&'a [u8]]) -> (Vec<&'a [u8]>, Vec<u32>) {
    let mask = (values.len() * 2).next_power_of_two() - 1;
    let mut table = vec![u32::MAX; mask + 1];
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut codes = Vec::with_capacity(values.len());
    let mut before = u32::MAX;
    for value in values {
        if distinct.get(before as usize) == Some(value) {
            codes.push(before);
            continue;
        }
        let mut slot = hash(value) as usize & mask;
        before = loop {
            let Some(entry) = table.get_mut(slot) else { break before };
            if *entry == u32::MAX {
                *entry = distinct.len() as u32;
                distinct.push(value);
                break *entry;
            }
            if distinct.get(*entry as usize) == Some(value) {
                break *entry;
            }
            slot = (slot + 1) & mask;
        };
        codes.push(before);
    }
    (distinct, codes)
}

fn encode_list(values: &[&[u8]], events: Option<&[i64]>, depth: u8, node: &mut Vec<u8>, segments: &mut SegmentWriter) {
    let depth = depth.saturating_sub(1);
    let Some(first) = values.first() else { return node.push(EMPTY) };
    let (distinct, codes) = distinct(values);
    if distinct.len() == 1 {
        node.push(CONSTANT);
        return put_bytes(node, first);
    }
    if prefers_dictionary(&distinct, values.len()) {
        node.push(DICTIONARY);
        put(node, distinct.len() as u64);
        // The reader counts a dictionary's values as a level of their own.
        encode_distinct(&distinct, None, depth.saturating_sub(1), node, segments);
        return ints::encode_codes(&codes, node, segments);
    }
    encode_distinct(values, events, depth, node, segments);
}

/// Numbers and times are smaller as differences unless they repeat a lot; other values gain from any repetition.
fn prefers_dictionary(distinct: &[&[u8]], count: usize) -> bool {
    let numeric = distinct.iter().all(|value| is_integer(value)) || distinct.iter().take(4).all(|value| is_time(value));
    if numeric { distinct.len() * 16 <= count } else { distinct.len() * 10 <= count * 8 }
}

fn is_integer(value: &[u8]) -> bool {
    !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit)
}

fn is_time(value: &[u8]) -> bool {
    matches!(value, [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', ..])
}

fn encode_distinct(
    values: &[&[u8]],
    events: Option<&[i64]>,
    depth: u8,
    node: &mut Vec<u8>,
    segments: &mut SegmentWriter,
) {
    if let Some(cut) = Cut::of(values, events) {
        node.push(PATTERN);
        return cut.encode(node, segments);
    }
    // Two more levels may follow below these two kinds of node, a list and its dictionary.
    let nests = depth >= 2;
    if let Some((variant, decoded)) = base64_decoded(values).filter(|_| nests) {
        node.extend_from_slice(&[BASE64, variant]);
        let decoded: Vec<&[u8]> = decoded.iter().map(Vec::as_slice).collect();
        return encode_list(&decoded, None, depth, node, segments);
    }
    if let Some(fields) = fields(values).filter(|_| nests) {
        node.extend_from_slice(&[FIELDS, fields.len() as u8]);
        return fields.iter().for_each(|field| encode_list(field, events, depth, node, segments));
    }
    node.push(PLAIN);
    values::encode(values, node, segments);
}

/// Values cut into patterns and lists of pieces.
#[derive(Default)]
struct Cut {
    patterns: Vec<Vec<u8>>,
    codes: Vec<u32>,
    lists: Vec<((u8, u8), Pieces)>,
}

#[derive(Default)]
struct Pieces {
    lengths: Vec<u32>,
    bytes: Vec<u8>,
    numbers: Vec<i64>,
}

impl Cut {
    /// `None` where patterns would not help: too many of them, or nothing to cut out.
    fn of(values: &[&[u8]], events: Option<&[i64]>) -> Option<Self> {
        let patterns_max = (values.len() / 4).clamp(1, 255);
        let mut cut = Self::default();
        let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut pattern = Vec::new();
        for (index, value) in values.iter().enumerate() {
            pattern.clear();
            let event = events.and_then(|events| events.get(index)).copied().unwrap_or(0);
            let mut ordinals = [0_u8; token::FIRST_PLAIN as usize];
            if !token::cut(value, &mut pattern, |piece| cut.add(piece, &mut ordinals, event)) {
                return None;
            }
            let code = match numbers.get(pattern.as_slice()) {
                Some(code) => *code,
                None => {
                    let code = cut.patterns.len() as u32;
                    cut.patterns.push(pattern.clone());
                    numbers.insert(pattern.clone(), code);
                    code
                }
            };
            cut.codes.push(code);
            if cut.patterns.len() > patterns_max {
                return None;
            }
        }
        (!cut.lists.is_empty()).then_some(cut)
    }

    fn add(&mut self, piece: Piece<'_>, ordinals: &mut [u8; token::FIRST_PLAIN as usize], event: i64) {
        let mark = piece.mark();
        let Some(ordinal) = ordinals.get_mut(usize::from(mark)) else { return };
        let key = (mark, *ordinal);
        *ordinal = (*ordinal + 1).min(PIECES_MAX);
        let known = self.lists.iter().position(|(known, _)| *known == key);
        let place = known.unwrap_or_else(|| {
            self.lists.push((key, Pieces::default()));
            self.lists.len() - 1
        });
        let Some((_, list)) = self.lists.get_mut(place) else { return };
        match piece {
            Piece::Guid(text) => token::put_guid_bytes(&mut list.bytes, text),
            Piece::Hex { digits, .. } => {
                list.lengths.push(digits.len() as u32 / 2);
                token::put_bytes(&mut list.bytes, digits);
            }
            Piece::Integer(value) => list.numbers.push(value),
            Piece::Time { ticks, decimals, .. } => list.numbers.push(ticks.wrapping_sub(event_ticks(event, decimals))),
        }
    }

    fn encode(self, node: &mut Vec<u8>, segments: &mut SegmentWriter) {
        put(node, self.patterns.len() as u64);
        let patterns: Vec<&[u8]> = self.patterns.iter().map(Vec::as_slice).collect();
        if let [one] = patterns.as_slice() {
            put_bytes(node, one);
        } else {
            values::encode(&patterns, node, segments);
            ints::encode_codes(&self.codes, node, segments);
        }
        put(node, self.lists.len() as u64);
        for ((mark, ordinal), list) in self.lists {
            node.extend_from_slice(&[mark, ordinal]);
            match mark {
                token::GUID => put(node, u64::from(segments.put(list.bytes))),
                token::HEX_LOWER | token::HEX_UPPER => {
                    put(node, list.lengths.len() as u64);
                    ints::encode_codes(&list.lengths, node, segments);
                    put(node, u64::from(segments.put(list.bytes)));
                }
                _ => {
                    put(node, list.numbers.len() as u64);
                    ints::encode(&list.numbers, node, segments);
                }
            }
        }
    }
}

/// An event time in units of so many decimals of a second.
pub(super) fn event_ticks(event_ns: i64, decimals: u8) -> i64 {
    event_ns.div_euclid(10_i64.pow(9 - u32::from(decimals)))
}

pub(super) fn base64_engine(variant: u8) -> Option<&'static base64::engine::GeneralPurpose> {
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].get(usize::from(variant)).copied()
}

/// The variant of base64 in which all values are spelled, and what they stand for.
fn base64_decoded(values: &[&[u8]]) -> Option<(u8, Vec<Vec<u8>>)> {
    let plausible = |value: &&[u8]| {
        value.len() >= BASE64_BYTES_MIN
            && value.iter().any(u8::is_ascii_digit)
            && value.iter().any(u8::is_ascii_uppercase)
            && value.iter().any(u8::is_ascii_lowercase)
    };
    if values.iter().take(16).filter(|value| plausible(value)).count() * 10 < values.len().min(16) * 9 {
        return None;
    }
    (0..4).find_map(|variant| {
        let engine = base64_engine(variant)?;
        let decoded: Option<Vec<Vec<u8>>> = values.iter().map(|value| engine.decode(value).ok()).collect();
        let decoded = decoded?;
        let exact = decoded.iter().zip(values).all(|(bytes, text)| engine.encode(bytes).as_bytes() == *text);
        exact.then_some((variant, decoded))
    })
}

/// Values cut at their first spaces, as often as each has them; `None` below three words.
fn fields<'a>(values: &[&'a [u8]]) -> Option<Vec<Vec<&'a [u8]>>> {
    let spaces = |value: &&[u8]| memchr::memchr_iter(b' ', value).take(FIELDS_MAX - 1).count();
    let cuts = values.iter().map(spaces).min().filter(|cuts| *cuts >= 2)?;
    let mut fields: Vec<Vec<&[u8]>> = vec![Vec::with_capacity(values.len()); cuts + 1];
    for value in values {
        for (field, part) in fields.iter_mut().zip(value.splitn(cuts + 1, |byte| *byte == b' ')) {
            field.push(part);
        }
    }
    Some(fields)
}
