//! Paths into JSON objects, and the tree that matches many of them at once.

use std::fmt;
use std::str::FromStr;

use crate::intake::json_scan::PATH_KEYS_MAX;

/// The keys that lead from the outermost object to a value: `properties.createdDateTime`.
///
/// A dot that belongs to a key is written `\.`; arrays are not entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<String>);

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut keys = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match (character, keys.last_mut()) {
                ('.', _) => keys.push(String::new()),
                ('\\', Some(key)) => key.extend(characters.next()),
                (_, Some(key)) => key.push(character),
                (_, None) => {}
            }
        }
        if keys.len() > PATH_KEYS_MAX || keys.iter().any(String::is_empty) {
            return Err(PathError(text.to_owned()));
        }
        Ok(Self(keys))
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |key: &String| key.replace('\\', "\\\\").replace('.', "\\.");
        f.write_str(&self.0.iter().map(escaped).collect::<Vec<_>>().join("."))
    }
}

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError(String);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no path of one to {PATH_KEYS_MAX} keys such as properties.createdDateTime", self.0)
    }
}

impl std::error::Error for PathError {}

/// All wanted paths as a tree of keys.
#[derive(Debug)]
pub(crate) struct PathTree {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Which key lengths and first bytes occur: most keys of a record are ruled out here.
    lengths: u64,
    children: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    key: Vec<u8>,
    node: Option<u16>,
    slot: Option<u8>,
}

impl PathTree {
    /// The node of the outermost object.
    pub(crate) const ROOT: u16 = 0;

    pub(crate) fn new(paths: &[(u8, JsonPath)]) -> Self {
        let mut tree = Self { nodes: vec![Node::default()] };
        for (slot, path) in paths {
            tree.insert(*slot, &path.0);
        }
        tree
    }

    /// Node below the key (if paths go on there) and slot of the key's value (if one ends there).
    #[inline]
    pub(crate) fn child(&self, parent: u16, key: &[u8]) -> Option<(Option<u16>, Option<u8>)> {
        let node = self.nodes.get(usize::from(parent))?;
        if node.lengths & signature(key) == 0 {
            return None;
        }
        node.children.iter().find(|child| child.key == key).map(|child| (child.node, child.slot))
    }

    fn insert(&mut self, slot: u8, keys: &[String]) {
        let mut parent = Self::ROOT;
        for (position, key) in keys.iter().enumerate() {
            let last = position + 1 == keys.len();
            let Some(index) = self.child_or_new(parent, key.as_bytes()) else { return };
            let next = u16::try_from(self.nodes.len()).unwrap_or(u16::MAX);
            let Some(child) = self.nodes.get_mut(usize::from(parent)).and_then(|node| node.children.get_mut(index))
            else {
                return;
            };
            if last {
                child.slot = child.slot.or(Some(slot));
                return;
            }
            parent = *child.node.get_or_insert(next);
            if parent == next {
                self.nodes.push(Node::default());
            }
        }
    }

    fn child_or_new(&mut self, parent: u16, key: &[u8]) -> Option<usize> {
        let node = self.nodes.get_mut(usize::from(parent))?;
        node.lengths |= signature(key);
        if let Some(index) = node.children.iter().position(|child| child.key == key) {
            return Some(index);
        }
        node.children.push(Child { key: key.to_vec(), node: None, slot: None });
        Some(node.children.len() - 1)
    }
}

/// One of 64 bits, by length and first byte.
fn signature(key: &[u8]) -> u64 {
    let first = key.first().copied().unwrap_or_default();
    1 << ((key.len() * 7 + usize::from(first)) & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let keys = |text: &str| text.parse::<JsonPath>().map(|path| path.0.join("|"));
        assert_eq!(keys("a.b"), Ok("a|b".to_owned()));
        assert_eq!(keys(r"@odata\.type.x"), Ok("@odata.type|x".to_owned()));
        for bad in ["", ".", "a.", ".a", "a..b", "a.b.c.d.e.f.g.h.i"] {
            assert!(keys(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_wanted_names_of_one_value_cannot_hide_each_other() {
        let path = |text: &str| text.parse::<JsonPath>().unwrap();
        let tree = PathTree::new(&[(3, path("a.b")), (4, path("a")), (5, path("c")), (6, path("a.d"))]);
        let (below, slot) = tree.child(PathTree::ROOT, b"a").unwrap();
        assert_eq!(slot, Some(4));
        assert_eq!(tree.child(below.unwrap(), b"d"), Some((None, Some(6))));
        assert_eq!(tree.child(PathTree::ROOT, b"x"), None);
    }
}
