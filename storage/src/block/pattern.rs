//! A list of values that are patterns filled with typed pieces, read back.

use super::column::{PIECES_MAX, event_ticks};
use super::list::Events;
use super::segment::Segments;
use super::values::{self, Values};
use super::varint::Reader;
use super::{BlockError, Fragment, ints, token};

/// The node of such a list; slices are parts of it that are decoded when they are wanted.
pub(super) struct Pattern<'a> {
    patterns: Patterns<'a>,
    lists: Vec<Pieces<'a>>,
}

enum Patterns<'a> {
    /// All values have this one.
    One(&'a [u8]),
    /// The patterns, and which one each value has.
    Several { count: usize, patterns: &'a [u8], codes: &'a [u8] },
}

/// The node of a list of pieces.
struct Pieces<'a> {
    mark: u8,
    ordinal: u8,
    content: &'a [u8],
}

/// A list of pieces by its mark and ordinal.
type Filling<'a> = ((u8, u8), Fill<'a>);

/// A list of pieces being read.
enum Fill<'a> {
    Guids(&'a [u8]),
    Hex { lengths: std::vec::IntoIter<u32>, bytes: &'a [u8] },
    Numbers(std::vec::IntoIter<i64>),
}

impl<'a> Pattern<'a> {
    pub(super) fn parse(node: &mut Reader<'a>) -> Result<Self, BlockError> {
        let count = node.size().ok_or(BlockError::Directory("patterns"))?;
        let patterns = if count == 1 {
            Patterns::One(node.bytes().ok_or(BlockError::Directory("pattern"))?)
        } else {
            let patterns = node.part(values::skip).ok_or(BlockError::Directory("patterns"))?;
            let codes = node.part(ints::skip_codes).ok_or(BlockError::Directory("codes of patterns"))?;
            Patterns::Several { count, patterns, codes }
        };
        let lists = node.size().ok_or(BlockError::Directory("lists of pieces"))?;
        let lists = (0..lists).map(|_| Pieces::parse(node)).collect::<Option<_>>();
        Ok(Self { patterns, lists: lists.ok_or(BlockError::Directory("list of pieces"))? })
    }

    /// The `count` values.
    pub(super) fn decode(
        &self,
        count: usize,
        events: Option<Events<'_>>,
        segments: &dyn Segments,
    ) -> Result<Values, BlockError> {
        let patterns = self.patterns(count, segments)?;
        let codes = match &self.patterns {
            Patterns::One(_) => vec![0; count],
            Patterns::Several { codes, .. } => ints::decode_codes(count, &mut Reader(codes), segments)?,
        };
        let events = match events.filter(|_| self.lists.iter().any(|list| list.mark > token::INTEGER)) {
            Some(events) => events()?,
            None => Vec::new(),
        };
        let mut fills = self.lists.iter().map(|list| list.decode(segments)).collect::<Result<Vec<_>, _>>()?;
        let mut values = Values::default();
        for (index, code) in codes.iter().enumerate() {
            let pattern = patterns.get(*code as usize).ok_or(BlockError::Directory("code of a pattern"))?;
            let event = events.get(index).copied().unwrap_or(0);
            values.push_with(|out| fill(pattern, event, &mut fills, out))?;
        }
        Ok(values)
    }

    /// Whether one of the patterns, filled with whatever pieces, may hold the fragment.
    pub(super) fn may_hold(
        &self,
        count: usize,
        fragment: &Fragment<'_>,
        segments: &dyn Segments,
    ) -> Result<bool, BlockError> {
        let spells = |pattern: &[u8]| fragment.has_escapes && (fragment.occurs_in)(pattern);
        let holds = |pattern: &[u8]| may_hold(pattern, fragment.folded) || spells(pattern);
        Ok(self.patterns(count, segments)?.iter().any(holds))
    }

    fn patterns(&self, count: usize, segments: &dyn Segments) -> Result<Values, BlockError> {
        match &self.patterns {
            Patterns::One(pattern) => {
                let mut one = Values::default();
                one.push(pattern);
                Ok(one)
            }
            Patterns::Several { count: number, patterns, .. } if *number <= count => {
                values::decode(*number, &mut Reader(patterns), segments)
            }
            Patterns::Several { .. } => Err(BlockError::Directory("patterns")),
        }
    }
}

impl<'a> Pieces<'a> {
    fn parse(node: &mut Reader<'a>) -> Option<Self> {
        let (mark, ordinal) = (node.byte()?, node.byte()?);
        let content = node.part(|node| match mark {
            token::GUID => node.number().map(|_| ()),
            token::HEX_LOWER | token::HEX_UPPER => {
                node.number()?;
                values::skip(node)
            }
            _ => {
                node.number()?;
                ints::skip(node)
            }
        })?;
        Some(Self { mark, ordinal, content })
    }

    fn decode<'s>(&self, segments: &'s dyn Segments) -> Result<Filling<'s>, BlockError> {
        let mut node = Reader(self.content);
        let segment = |node: &mut Reader<'_>| {
            node.number().and_then(|n| u32::try_from(n).ok()).ok_or(BlockError::Directory("segment of pieces"))
        };
        let count = |node: &mut Reader<'_>| {
            node.size().filter(|n| *n <= PIECES_TOTAL_MAX).ok_or(BlockError::Directory("pieces"))
        };
        let fill = match self.mark {
            token::GUID => Fill::Guids(segments.segment(segment(&mut node)?)?),
            token::HEX_LOWER | token::HEX_UPPER => {
                let count = count(&mut node)?;
                let lengths = ints::decode_codes(count, &mut node, segments)?.into_iter();
                Fill::Hex { lengths, bytes: segments.segment(segment(&mut node)?)? }
            }
            _ => {
                let count = count(&mut node)?;
                Fill::Numbers(ints::decode(count, &mut node, segments)?.into_iter())
            }
        };
        Ok(((self.mark, self.ordinal), fill))
    }
}

/// Whether a value of this pattern may hold a text (ASCII, lower case), in any case: pieces are taken for any number
/// of the characters that they can have.
fn may_hold(pattern: &[u8], text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else { return true };
    let steps = steps(pattern);
    let mut places: Vec<usize> = Vec::new();
    for place in 0..steps.len() {
        advance(&steps, place, *first, &mut places);
    }
    let mut next = Vec::new();
    for byte in rest {
        places.drain(..).for_each(|place| advance(&steps, place, *byte, &mut next));
        next.dedup();
        std::mem::swap(&mut places, &mut next);
        if places.is_empty() {
            return false;
        }
    }
    !places.is_empty()
}

/// One step of a pattern: a character, or the mark of a piece.
fn steps(pattern: &[u8]) -> Vec<u8> {
    let mut steps = Vec::with_capacity(pattern.len());
    let mut rest = pattern.iter();
    while let Some(byte) = rest.next() {
        steps.push(byte.to_ascii_lowercase());
        if matches!(*byte, token::TIME_T | token::TIME_SPACE) {
            // Its decimals.
            rest.next();
        }
    }
    steps
}

/// Adds the places behind `byte` if it can stand at this place: behind a piece's character may come another.
fn advance(steps: &[u8], place: usize, byte: u8, next: &mut Vec<usize>) {
    match steps.get(place) {
        Some(mark) if *mark < token::FIRST_PLAIN && token::may_hold(*mark, byte) => {
            push(next, place);
            push(next, place + 1);
        }
        Some(character) if *character == byte => push(next, place + 1),
        _ => {}
    }
}

fn push(places: &mut Vec<usize>, place: usize) {
    if !places.contains(&place) {
        places.push(place);
    }
}

/// Most pieces in one list: a block's raw bytes hold no more.
const PIECES_TOTAL_MAX: usize = 256 << 20;

/// Writes `pattern` with its marks replaced by the next pieces.
fn fill(pattern: &[u8], event: i64, fills: &mut [((u8, u8), Fill<'_>)], out: &mut Vec<u8>) -> Result<(), BlockError> {
    let missing = || BlockError::Directory("piece of a pattern");
    let mut ordinals = [0_u8; token::FIRST_PLAIN as usize];
    let mut rest = pattern.iter();
    while let Some(byte) = rest.next() {
        let Some(ordinal) = ordinals.get_mut(usize::from(*byte)) else {
            out.push(*byte);
            continue;
        };
        let key = (*byte, *ordinal);
        *ordinal = (*ordinal + 1).min(PIECES_MAX);
        let list = fills.iter_mut().find(|(known, _)| *known == key);
        let Some((_, list)) = list else { return Err(missing()) };
        match list {
            Fill::Guids(bytes) => {
                let Some((guid, after)) = bytes.split_first_chunk::<16>() else { return Err(missing()) };
                token::put_guid_text(out, guid);
                *bytes = after;
            }
            Fill::Hex { lengths, bytes } => {
                let length = lengths.next().map(|length| length as usize);
                let parts = length.and_then(|length| bytes.split_at_checked(length));
                let Some((hex, after)) = parts else { return Err(missing()) };
                token::put_hex(out, hex, *byte == token::HEX_UPPER);
                *bytes = after;
            }
            Fill::Numbers(numbers) => {
                let Some(number) = numbers.next() else { return Err(missing()) };
                if *byte == token::INTEGER {
                    token::put_integer(out, number);
                    continue;
                }
                let decimals = rest.next().and_then(|digit| digit.checked_sub(b'0')).filter(|digits| *digits <= 7);
                let Some(decimals) = decimals else { return Err(missing()) };
                let ticks = number.wrapping_add(event_ticks(event, decimals));
                token::put_time(out, ticks, decimals, *byte == token::TIME_SPACE);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern_of(value: &[u8]) -> Option<Vec<u8>> {
        let mut pattern = Vec::new();
        token::cut(value, &mut pattern, |_| {}).then_some(pattern)
    }

    #[test]
    fn what_no_piece_and_no_literal_has_is_not_held() {
        let pattern = pattern_of(b"/Users/0a1b2c3d-0000-1111-2222-333344445555/box7 2024-09-16T08:00:00.123Z").unwrap();
        for text in ["users/", "s/0", "5/b", "box12", "ox7 2", "3z", "t08:", "5555/box"] {
            assert!(may_hold(&pattern, text.as_bytes()), "{text}");
        }
        for text in ["zz", "usersx", "g", "s/box", "boxx", "7-y", "x0p3"] {
            assert!(!may_hold(&pattern, text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_part_of_a_value_is_held_by_its_pattern(
            parts in prop::collection::vec(prop_oneof![
                "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                "[0-9A-F]{8,10}",
                "[a-z]{0,3}[0-9]{1,20}",
                "20[0-9]{2}-09-1[0-9][T ]0[0-9]:1[0-9]:[0-5][0-9](\\.[0-9]{1,8})?",
                "[A-Za-z /_.-]{0,4}",
                "\\PC{0,3}",
            ], 0..6),
            from: prop::sample::Index,
            length in 1_usize..30,
        ) {
            let value = parts.concat();
            let Some(pattern) = pattern_of(value.as_bytes()) else { return Ok(()) };
            let from = from.index(value.len() + 1);
            let part = value.as_bytes()[from..(from + length).min(value.len())].to_ascii_lowercase();
            prop_assert!(may_hold(&pattern, &part), "{:?} in {value:?}", String::from_utf8_lossy(&part));
        }
    }
}
