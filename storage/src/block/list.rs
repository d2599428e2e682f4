//! The nodes of a column read back: parsed without a chunk, then decoded or searched as far as is asked.

use base64::Engine;

use super::column::{BASE64, CONSTANT, DEPTH_MAX, DICTIONARY, EMPTY, FIELDS, KINDS, PATTERN, PLAIN, base64_engine};
use super::pattern::Pattern;
use super::segment::Segments;
use super::values::{self, Values};
use super::varint::Reader;
use super::{BlockError, Fragment, ints};

/// Gives the event times of the records of a list's values, ns: most lists need none.
pub(super) type Events<'e> = &'e dyn Fn() -> Result<Vec<i64>, BlockError>;

/// Values as decoded: distinct ones and, unless each stands for itself, which one each is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Coded {
    pub(crate) distinct: Values,
    pub(crate) quoted: Quoted,
    pub(crate) codes: Option<Vec<u32>>,
}

/// Which of the distinct values stood in quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Quoted {
    /// None or, if not given, all of them.
    #[default]
    None,
    All,
    /// The first so many.
    First(usize),
}

impl Quoted {
    /// Whether the distinct value `index` stood in quotes.
    pub(crate) fn is(&self, index: usize) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::First(count) => index < *count,
        }
    }
}

/// The node of a column.
pub(super) enum ColumnNode<'a> {
    /// All values stood in quotes, or none did.
    One { quoted: bool, list: List<'a> },
    /// Strings and bare values apart.
    Kinds { codes: &'a [u8], strings: List<'a>, bare: List<'a> },
}

/// A list of byte strings; slices are parts of the node that are decoded when they are wanted.
pub(super) enum List<'a> {
    Empty,
    Constant(&'a [u8]),
    Plain { values: &'a [u8], segment: u32 },
    Dictionary { size: usize, distinct: Box<List<'a>>, codes: &'a [u8] },
    Pattern(Pattern<'a>),
    Base64 { variant: u8, decoded: Box<List<'a>> },
    Fields(Vec<List<'a>>),
}

impl<'a> ColumnNode<'a> {
    /// Parses all of a node.
    pub(super) fn parse(node: &'a [u8]) -> Result<Self, BlockError> {
        let mut node = Reader(node);
        let kind = node.byte().ok_or(BlockError::Directory("kind of values"))?;
        let parsed = if kind <= 1 {
            Self::One { quoted: kind == 1, list: List::parse(&mut node, DEPTH_MAX)? }
        } else if kind == KINDS {
            let codes = node.part(ints::skip_codes).ok_or(BlockError::Directory("kinds"))?;
            let (strings, bare) = (List::parse(&mut node, DEPTH_MAX)?, List::parse(&mut node, DEPTH_MAX)?);
            Self::Kinds { codes, strings, bare }
        } else {
            return Err(BlockError::Directory("kind of values"));
        };
        if node.is_empty() { Ok(parsed) } else { Err(BlockError::Directory("end of a column")) }
    }

    /// The `count` values.
    pub(super) fn decode(
        &self,
        count: usize,
        events: Events<'_>,
        segments: &dyn Segments,
    ) -> Result<Coded, BlockError> {
        let (distinct, quoted) = self.distinct(count, events, segments)?;
        let codes = self.codes(count, &quoted, segments)?;
        Ok(Coded { distinct, quoted, codes })
    }

    /// Which of the distinct values each of the `count` is; `quoted` is as [`ColumnNode::distinct`] gave it.
    pub(super) fn codes(
        &self,
        count: usize,
        quoted: &Quoted,
        segments: &dyn Segments,
    ) -> Result<Option<Vec<u32>>, BlockError> {
        match (self, quoted) {
            (Self::One { list, .. }, _) => list.codes(count, segments),
            (Self::Kinds { codes, strings, bare }, Quoted::First(first_bare)) => {
                let kinds = Kinds::decode(codes, count, segments)?;
                let strings = strings.codes(kinds.strings, segments)?;
                let bare = bare.codes(kinds.bare, segments)?;
                kinds.merge(*first_bare as u32, &strings, &bare).map(Some)
            }
            (Self::Kinds { .. }, _) => Err(BlockError::Directory("kinds")),
        }
    }

    /// The distinct values among `count`, and which of them stood in quotes.
    pub(super) fn distinct(
        &self,
        count: usize,
        events: Events<'_>,
        segments: &dyn Segments,
    ) -> Result<(Values, Quoted), BlockError> {
        match self {
            Self::One { quoted, list } => {
                let quoted = if *quoted { Quoted::All } else { Quoted::None };
                Ok((list.distinct(count, Some(events), segments)?, quoted))
            }
            Self::Kinds { codes, strings, bare } => {
                let kinds = Kinds::decode(codes, count, segments)?;
                let strings = strings.distinct(kinds.strings, Some(&|| kinds.events(1, events)), segments)?;
                let bare = bare.distinct(kinds.bare, Some(&|| kinds.events(0, events)), segments)?;
                let quoted = Quoted::First(strings.len());
                Ok((joined(strings, &bare), quoted))
            }
        }
    }

    /// Whether one of the `count` values may hold the fragment. Reads less than decoding does, and may say yes wrongly.
    pub(super) fn may_hold(
        &self,
        count: usize,
        fragment: &Fragment<'_>,
        segments: &dyn Segments,
    ) -> Result<bool, BlockError> {
        match self {
            Self::One { list, .. } => list.may_hold(count, fragment, segments),
            Self::Kinds { codes, strings, bare } => {
                let kinds = Kinds::decode(codes, count, segments)?;
                Ok(strings.may_hold(kinds.strings, fragment, segments)?
                    || bare.may_hold(kinds.bare, fragment, segments)?)
            }
        }
    }
}

/// Which values stood in quotes (1) and which did not (0).
struct Kinds {
    kinds: Vec<u32>,
    strings: usize,
    bare: usize,
}

impl Kinds {
    fn decode(codes: &[u8], count: usize, segments: &dyn Segments) -> Result<Self, BlockError> {
        let kinds = ints::decode_codes(count, &mut Reader(codes), segments)?;
        let of = |kind: u32| kinds.iter().filter(|k| **k == kind).count();
        let (strings, bare) = (of(1), of(0));
        if strings + bare != count {
            return Err(BlockError::Directory("kinds"));
        }
        Ok(Self { kinds, strings, bare })
    }

    fn events(&self, kind: u32, events: Events<'_>) -> Result<Vec<i64>, BlockError> {
        let events = events()?;
        Ok(self.kinds.iter().zip(events).filter(|(k, _)| **k == kind).map(|(_, event)| event).collect())
    }

    /// The codes of all values; those of bare ones begin behind the distinct strings.
    fn merge(&self, first_bare: u32, strings: &Codes, bare: &Codes) -> Result<Vec<u32>, BlockError> {
        let mut next = [0_usize; 2];
        let code = |kind: &u32| {
            let [next_string, next_bare] = &mut next;
            let (codes, base, next) =
                if *kind == 1 { (strings, 0, next_string) } else { (bare, first_bare, next_bare) };
            let code = codes.as_ref().map_or(Some(*next as u32), |codes| codes.get(*next).copied());
            *next += 1;
            code.map(|code| base + code)
        };
        self.kinds.iter().map(code).collect::<Option<_>>().ok_or(BlockError::Directory("codes of kinds"))
    }
}

/// For each value which distinct one it is; `None` where each is its own.
type Codes = Option<Vec<u32>>;

impl<'a> List<'a> {
    fn parse(node: &mut Reader<'a>, depth: u8) -> Result<Self, BlockError> {
        let depth = depth.checked_sub(1).ok_or(BlockError::Directory("depth of nodes"))?;
        match node.byte().ok_or(BlockError::Directory("node"))? {
            EMPTY => Ok(Self::Empty),
            CONSTANT => node.bytes().map(Self::Constant).ok_or(BlockError::Directory("constant")),
            DICTIONARY => {
                let size = node.size().ok_or(BlockError::Directory("dictionary"))?;
                let distinct = Box::new(Self::parse(node, depth)?);
                let codes = node.part(ints::skip_codes).ok_or(BlockError::Directory("codes of a dictionary"))?;
                Ok(Self::Dictionary { size, distinct, codes })
            }
            PATTERN => Pattern::parse(node).map(Self::Pattern),
            BASE64 => {
                let variant = node.byte().ok_or(BlockError::Directory("base64"))?;
                Ok(Self::Base64 { variant, decoded: Box::new(Self::parse(node, depth)?) })
            }
            FIELDS => {
                let fields = node.byte().ok_or(BlockError::Directory("fields"))?;
                (0..fields).map(|_| Self::parse(node, depth)).collect::<Result<_, _>>().map(Self::Fields)
            }
            PLAIN => {
                let mut segment = None;
                let skip = |node: &mut Reader<'_>| {
                    ints::skip_codes(node)?;
                    segment = u32::try_from(node.number()?).ok();
                    Some(())
                };
                let values = node.part(skip).ok_or(BlockError::Directory("values"))?;
                let segment = segment.ok_or(BlockError::Directory("bytes"))?;
                Ok(Self::Plain { values, segment })
            }
            _ => Err(BlockError::Directory("kind of node")),
        }
    }

    /// For each of the `count` values which distinct one it is.
    fn codes(&self, count: usize, segments: &dyn Segments) -> Result<Codes, BlockError> {
        match self {
            Self::Constant(_) => Ok(Some(vec![0; count])),
            Self::Dictionary { size, codes, .. } => {
                let codes = ints::decode_codes(count, &mut Reader(codes), segments)?;
                let fits = codes.iter().all(|code| (*code as usize) < *size);
                if fits { Ok(Some(codes)) } else { Err(BlockError::Directory("code of a dictionary")) }
            }
            _ => Ok(None),
        }
    }

    /// The values that [`List::codes`] are about.
    fn distinct(
        &self,
        count: usize,
        events: Option<Events<'_>>,
        segments: &dyn Segments,
    ) -> Result<Values, BlockError> {
        match self {
            Self::Empty if count == 0 => Ok(Values::default()),
            Self::Empty => Err(BlockError::Directory("empty list")),
            Self::Constant(value) => {
                let mut distinct = Values::default();
                distinct.push(value);
                Ok(distinct)
            }
            Self::Plain { values, .. } => values::decode(count, &mut Reader(values), segments),
            Self::Dictionary { size, distinct, .. } => distinct.flat(dictionary_size(*size, count)?, None, segments),
            Self::Pattern(pattern) => pattern.decode(count, events, segments),
            Self::Base64 { variant, decoded } => base64_encoded(*variant, &decoded.flat(count, None, segments)?),
            Self::Fields(fields) => {
                let fields: Vec<Values> =
                    fields.iter().map(|field| field.flat(count, events, segments)).collect::<Result<_, _>>()?;
                Ok(joined_by_spaces(&fields, count))
            }
        }
    }

    /// A value for each place.
    fn flat(&self, count: usize, events: Option<Events<'_>>, segments: &dyn Segments) -> Result<Values, BlockError> {
        let distinct = self.distinct(count, events, segments)?;
        let Some(codes) = self.codes(count, segments)? else { return Ok(distinct) };
        let mut values = Values::default();
        for code in codes {
            values.push(distinct.get(code as usize).ok_or(BlockError::Directory("code"))?);
        }
        Ok(values)
    }

    fn may_hold(&self, count: usize, fragment: &Fragment<'_>, segments: &dyn Segments) -> Result<bool, BlockError> {
        match self {
            Self::Empty => Ok(false),
            Self::Constant(value) => Ok((fragment.occurs_in)(value)),
            // Over the edges of values it may be found where it is in none; that is looked at later.
            Self::Plain { segment, .. } => Ok((fragment.occurs_in)(segments.segment(*segment)?)),
            Self::Dictionary { size, distinct, .. } => {
                distinct.may_hold(dictionary_size(*size, count)?, fragment, segments)
            }
            Self::Pattern(pattern) => pattern.may_hold(count, fragment, segments),
            Self::Base64 { .. } => Ok(true),
            // An escape may lie on both sides of a space.
            Self::Fields(_) if fragment.has_escapes || fragment.folded.contains(&b' ') => Ok(true),
            Self::Fields(fields) => {
                for field in fields {
                    if field.may_hold(count, fragment, segments)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn dictionary_size(size: usize, count: usize) -> Result<usize, BlockError> {
    if size <= count { Ok(size) } else { Err(BlockError::Directory("dictionary")) }
}

fn joined(mut values: Values, others: &Values) -> Values {
    values.extend(others);
    values
}

fn base64_encoded(variant: u8, decoded: &Values) -> Result<Values, BlockError> {
    let engine = base64_engine(variant).ok_or(BlockError::Directory("base64"))?;
    let mut values = Values::default();
    let mut text = String::new();
    for bytes in decoded.iter() {
        text.clear();
        engine.encode_string(bytes, &mut text);
        values.push(text.as_bytes());
    }
    Ok(values)
}

fn joined_by_spaces(fields: &[Values], count: usize) -> Values {
    let mut values = Values::default();
    let mut buffer = Vec::new();
    for index in 0..count {
        buffer.clear();
        for (number, field) in fields.iter().enumerate() {
            if number > 0 {
                buffer.push(b' ');
            }
            buffer.extend_from_slice(field.get(index).unwrap_or_default());
        }
        values.push(&buffer);
    }
    values
}
