//! Tiles: 256 hashes or entries at a path, as tiled logs are served (C2SP tlog-tiles).

use std::fmt;
use std::str::FromStr;

use crate::decimal;
use crate::error::Error;
use crate::hash::{HASH_BYTES, Hash};

/// Hashes or entries of a full tile.
pub const TILE_WIDTH: u16 = 256;
/// The highest level a path may name.
const LEVEL_MAX: u8 = 63;
/// Levels of the tree that one tile spans.
const LEVELS_PER_TILE: u32 = 8;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Nodes of tree level 8 x this level; 0 holds the leaf hashes.
    Hashes(u8),
    /// The entries under the tile of leaf hashes with the same index.
    Entries,
}

/// The place of a tile or entry bundle: `tile/1/x001/234.p/44` says level 1, index 1234, partial
/// with 44 hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TilePath {
    content: Content,
    index: u64,
    width: u16,
}

impl TilePath {
    /// The tile with this index in a tree of `size` leaves: full, or partial at the tree's right
    /// edge. `None` where the tree has none.
    #[must_use]
    pub fn in_tree(content: Content, index: u64, size: u64) -> Option<Self> {
        let level = match content {
            Content::Hashes(level) => u32::from(level),
            Content::Entries => 0,
        };
        let hashes = size.checked_shr(level * LEVELS_PER_TILE)?;
        let left = hashes.checked_sub(index.checked_mul(TILE_WIDTH.into())?).filter(|left| *left > 0)?;
        let width = u16::try_from(left).map_or(TILE_WIDTH, |left| left.min(TILE_WIDTH));
        Some(Self { content, index, width })
    }

    /// What it holds.
    #[must_use]
    pub fn content(&self) -> Content {
        self.content
    }

    /// Its place among the tiles of its level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to 255 if partial, 256 if full.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            Content::Hashes(level) => write!(f, "tile/{level}/")?,
            Content::Entries => f.write_str("tile/entries/")?,
        }
        write_index(self.index, f)?;
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = Error;

    /// Reads a path; each tile has one and no other spelling is taken.
    fn from_str(path: &str) -> Result<Self, Error> {
        parse(path).filter(|tile| tile.to_string() == path).ok_or_else(|| {
            Error::form("tile path", "tile/<level or entries>/<index>, with .p/<width> if partial", path.as_bytes())
        })
    }
}

/// The hashes of a tile of this width.
///
/// # Errors
/// `Form` if the length is not that of `width` hashes.
pub fn parse_hashes(bytes: &[u8], width: u16) -> Result<&[Hash], Error> {
    match bytes.as_chunks::<HASH_BYTES>() {
        (hashes, []) if hashes.len() == usize::from(width) => Ok(hashes),
        _ => Err(Error::form("tile", "32 bytes for each hash of its width", bytes)),
    }
}

/// Appends an entry to a bundle: its length as u16 big-endian, then itself.
///
/// # Errors
/// `Range` if it is longer than 65,535 bytes.
pub fn push_entry(entry: &[u8], bundle: &mut Vec<u8>) -> Result<(), Error> {
    let len = u16::try_from(entry.len());
    let len = len.map_err(|_| Error::range("entry bytes", entry.len() as u64, "at most 65535".to_owned()))?;
    bundle.extend_from_slice(&len.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle of this width.
///
/// # Errors
/// `Form` if it is cut, or holds another number of entries.
pub fn parse_entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, Error> {
    let malformed = || Error::form("entry bundle", "an entry, with its length, for each of its width", bundle);
    let (mut entries, mut rest) = (Vec::with_capacity(width.into()), bundle);
    for _ in 0..width {
        let (len, after) = rest.split_first_chunk().ok_or_else(malformed)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*len).into()).ok_or_else(malformed)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(malformed()) }
}

/// 1234067 is `x001/x234/067`: no folder has more than 1,000 names, and none is also a file.
fn write_index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut divisor = 1_u64;
    while index / divisor >= 1000 {
        divisor *= 1000;
    }
    while divisor > 1 {
        write!(f, "x{:03}/", index / divisor % 1000)?;
        divisor /= 1000;
    }
    write!(f, "{:03}", index % 1000)
}

/// Takes a path apart; the caller compares with the one spelling.
fn parse(path: &str) -> Option<TilePath> {
    let (content, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let content = match content {
        "entries" => Content::Entries,
        level => Content::Hashes(number(level).filter(|level| *level <= LEVEL_MAX)?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, number(width).filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (rest, TILE_WIDTH),
    };
    Some(TilePath { content, index: parse_index(index)?, width })
}

fn parse_index(text: &str) -> Option<u64> {
    text.split('/').try_fold(0_u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let group = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())??;
        index.checked_mul(1000)?.checked_add(group.into())
    })
}

fn number<N: TryFrom<u64>>(text: &str) -> Option<N> {
    N::try_from(decimal::parse("tile path", text.as_bytes()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(content: Content, index: u64, width: u16) -> TilePath {
        TilePath { content, index, width }
    }

    #[test]
    fn known_paths() {
        let cases = [
            ("tile/0/000", at(Content::Hashes(0), 0, 256)),
            ("tile/1/x001/234.p/44", at(Content::Hashes(1), 1234, 44)),
            ("tile/3/x001/x234/067", at(Content::Hashes(3), 1_234_067, 256)),
            ("tile/entries/999.p/255", at(Content::Entries, 999, 255)),
            ("tile/entries/x001/000", at(Content::Entries, 1000, 256)),
            ("tile/63/x018/x446/x744/x073/x709/x551/615.p/1", at(Content::Hashes(63), u64::MAX, 1)),
        ];
        for (text, tile) in cases {
            assert_eq!(tile.to_string(), text);
            assert_eq!(text.parse(), Ok(tile));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let refused = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/x/000",
            "tile/data/000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/x001/x002",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/0/+01",
            "tile/0/../000",
            "tile/0/000/",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/000 ",
            "tile/entries/00a",
            "TILE/0/000",
        ];
        for path in refused {
            assert!(path.parse::<TilePath>().is_err(), "{path:?}");
        }
    }

    /// The two examples of the specification.
    #[test]
    fn tiles_of_a_tree() {
        let width =
            |level, index, size| TilePath::in_tree(Content::Hashes(level), index, size).map(|tile| tile.width());
        assert_eq!(width(0, 272, 70_000), Some(256));
        assert_eq!(width(0, 273, 70_000), Some(112));
        assert_eq!(width(0, 274, 70_000), None);
        assert_eq!(width(1, 0, 70_000), Some(256));
        assert_eq!(width(1, 1, 70_000), Some(17));
        assert_eq!(width(2, 0, 70_000), Some(1));
        assert_eq!(width(3, 0, 70_000), None);
        assert_eq!((width(0, 0, 256), width(0, 1, 256), width(1, 0, 256)), (Some(256), None, Some(1)));
        assert_eq!(width(0, 0, 0), None);
        assert_eq!(width(63, 0, u64::MAX), None);
        assert_eq!(width(0, u64::MAX, u64::MAX), None);
        assert_eq!(TilePath::in_tree(Content::Entries, 1, 300), Some(at(Content::Entries, 1, 44)));
    }

    #[test]
    fn bundles_that_are_cut_or_too_long_are_refused() {
        let mut bundle = Vec::new();
        for entry in [b"one".as_slice(), b"", b"three"] {
            push_entry(entry, &mut bundle).unwrap();
        }
        assert_eq!(parse_entries(&bundle, 3).unwrap(), [b"one".as_slice(), b"", b"three"]);
        for cut in 0..bundle.len() {
            assert!(parse_entries(&bundle[..cut], 3).is_err(), "cut at {cut}");
        }
        assert!(parse_entries(&bundle, 2).is_err());
        assert!(parse_entries(&bundle, 4).is_err());
        assert!(push_entry(&vec![0; 65_535], &mut bundle).is_ok());
        assert!(push_entry(&vec![0; 65_536], &mut bundle).is_err());
    }

    #[test]
    fn a_tile_has_the_length_of_its_width() {
        assert_eq!(parse_hashes(&[7; 64], 2).unwrap(), [[7; 32]; 2]);
        for (len, width) in [(63, 2), (65, 2), (64, 1), (64, 3), (0, 1)] {
            assert!(parse_hashes(&vec![0; len], width).is_err(), "{len} bytes, {width} wide");
        }
    }

    proptest! {
        #[test]
        fn paths_come_back(level in 0..=63_u8, entries: bool, index: u64, width in 1..=256_u16) {
            let tile = at(if entries { Content::Entries } else { Content::Hashes(level) }, index, width);
            prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        }

        #[test]
        fn whatever_is_read_is_spelled_the_same(path in "tile/([0-9]{1,2}|entries)/(x?[0-9]{2,4}/){0,2}[0-9]{3}(\\.p/[0-9]{1,3})?") {
            if let Ok(tile) = path.parse::<TilePath>() {
                prop_assert_eq!(tile.to_string(), path);
            }
        }

        #[test]
        fn any_bundle_is_read_or_refused(bundle in prop::collection::vec(0..4_u8, 0..60), width in 0..20_u16) {
            if let Ok(entries) = parse_entries(&bundle, width) {
                let mut again = Vec::new();
                entries.iter().for_each(|entry| push_entry(entry, &mut again).unwrap());
                prop_assert_eq!(again, bundle);
            }
        }
    }
}
