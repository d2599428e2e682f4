//! A record taken apart: its shape (everything but the values) and its values, found without parsing it twice.
//!
//! Shapes repeat, so known shapes form a trie of literals: a record that follows a known path costs one `memcmp`
//! a literal and one search for the closing quote a value. Only a record of a new shape is parsed.

use std::collections::HashMap;

use super::json;

/// One value of a record: the raw bytes between two literals of its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    /// The column it belongs to.
    pub(crate) path: u32,
    /// The bytes, without the quotes of a string.
    pub(crate) bytes: &'a [u8],
    /// Whether it stood in quotes.
    pub(crate) quoted: bool,
}

/// The literals of a shape and the column of the value after each; the last literal has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) literals: Vec<Vec<u8>>,
    pub(crate) paths: Vec<u32>,
}

/// Takes records apart and numbers the shapes and paths that it meets.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    nodes: Vec<Vec<Edge>>,
    shapes: Vec<Shape>,
    paths: Vec<String>,
    path_numbers: HashMap<String, u32>,
}

#[derive(Debug)]
struct Edge {
    literal: Vec<u8>,
    after: After,
}

#[derive(Debug, Clone, Copy)]
enum After {
    Value { path: u32, node: usize },
    End { shape: u32 },
}

impl Splitter {
    /// Shape number of `body`; its values are appended to `values`.
    pub(crate) fn split<'a>(&mut self, body: &'a [u8], values: &mut Vec<Value<'a>>) -> u32 {
        let start = values.len();
        if let Some(shape) = self.follow(body, values) {
            return shape;
        }
        values.truncate(start);
        self.learn(body);
        let learned = self.follow(body, values);
        learned.unwrap_or_else(|| {
            values.truncate(start);
            self.whole(body, values)
        })
    }

    /// The shapes met so far.
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The paths met so far.
    pub(crate) fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Walks the trie; `None` where the record leaves every known path.
    fn follow<'a>(&self, body: &'a [u8], values: &mut Vec<Value<'a>>) -> Option<u32> {
        let mut node = 0;
        let mut rest = body;
        'next: loop {
            for edge in self.nodes.get(node)? {
                let Some(after) = rest.strip_prefix(edge.literal.as_slice()) else { continue };
                match edge.after {
                    After::End { shape } if after.is_empty() => return Some(shape),
                    After::End { .. } => {}
                    After::Value { path, node: next } => {
                        let Some((bytes, quoted, after)) = json::value(after) else { continue };
                        values.push(Value { path, bytes, quoted });
                        rest = after;
                        node = next;
                        continue 'next;
                    }
                }
            }
            return None;
        }
    }

    /// Parses `body` and adds its shape to the trie; a body that is no JSON adds nothing.
    fn learn(&mut self, body: &[u8]) {
        let Some(slots) = json::slots(body) else { return };
        let shape = Shape {
            literals: slots.literals.iter().map(|range| body.get(range.clone()).unwrap_or_default().to_vec()).collect(),
            paths: slots.paths.iter().map(|path| self.path_number(path)).collect(),
        };
        self.insert(shape);
    }

    /// The shape of a record that is one value as a whole.
    fn whole<'a>(&mut self, body: &'a [u8], values: &mut Vec<Value<'a>>) -> u32 {
        let path = self.path_number("");
        values.push(Value { path, bytes: body, quoted: false });
        let shape = Shape { literals: vec![Vec::new(), Vec::new()], paths: vec![path] };
        match self.shapes.iter().position(|known| *known == shape) {
            Some(number) => number as u32,
            None => self.insert(shape),
        }
    }

    fn insert(&mut self, shape: Shape) -> u32 {
        let number = self.shapes.len() as u32;
        if self.nodes.is_empty() {
            self.nodes.push(Vec::new());
        }
        let mut node = 0;
        for (literal, path) in shape.literals.iter().zip(&shape.paths) {
            node = self.step(node, literal, *path);
        }
        let last = shape.literals.last().cloned().unwrap_or_default();
        if let Some(edges) = self.nodes.get_mut(node) {
            edges.push(Edge { literal: last, after: After::End { shape: number } });
        }
        self.shapes.push(shape);
        number
    }

    /// The node behind `literal` and a value of `path`, made if it is new.
    fn step(&mut self, node: usize, literal: &[u8], path: u32) -> usize {
        let known = self.nodes.get(node).and_then(|edges| {
            edges.iter().find_map(|edge| match edge.after {
                After::Value { path: p, node } if p == path && edge.literal == literal => Some(node),
                _ => None,
            })
        });
        known.unwrap_or_else(|| {
            let next = self.nodes.len();
            self.nodes.push(Vec::new());
            if let Some(edges) = self.nodes.get_mut(node) {
                edges.push(Edge { literal: literal.to_vec(), after: After::Value { path, node: next } });
            }
            next
        })
    }

    fn path_number(&mut self, path: &str) -> u32 {
        if let Some(number) = self.path_numbers.get(path) {
            return *number;
        }
        let number = self.paths.len() as u32;
        self.paths.push(path.to_owned());
        self.path_numbers.insert(path.to_owned(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(splitter: &Splitter, shape: u32, values: &[Value<'_>]) -> Vec<u8> {
        let shape = &splitter.shapes()[shape as usize];
        let mut out = Vec::new();
        for (i, literal) in shape.literals.iter().enumerate() {
            out.extend_from_slice(literal);
            if let Some(value) = values.get(i) {
                assert_eq!(value.path, shape.paths[i]);
                let quote: &[u8] = if value.quoted { b"\"" } else { b"" };
                out.extend_from_slice(&[quote, value.bytes, quote].concat());
            }
        }
        out
    }

    fn check(bodies: &[&[u8]]) -> Splitter {
        let mut splitter = Splitter::default();
        for body in bodies {
            let mut values = Vec::new();
            let shape = splitter.split(body, &mut values);
            assert_eq!(joined(&splitter, shape, &values), *body, "{}", String::from_utf8_lossy(body));
        }
        splitter
    }

    #[test]
    fn records_of_one_shape_share_it() {
        let splitter =
            check(&[br#"{"a":1,"b":["x",null]}"#, br#"{"a":"y","b":["","z"]}"#, br#"{"a":[],"b":[{},true]}"#]);
        assert_eq!(splitter.shapes().len(), 1);
        assert_eq!(splitter.paths(), ["a", "b[]"]);
    }

    #[test]
    fn nearly_alike_shapes_are_told_apart() {
        let bodies: [&[u8]; 10] = [
            br#"{"a":1}"#,
            br#"{"a":[1]}"#,
            br#"{"a":[]}"#,
            br#"{"a":[ ]}"#,
            br#"{"a":[1,2]}"#,
            br#"{"a":{"a":1}}"#,
            br#"{"a":1} "#,
            br#"{"a":1,"a":2}"#,
            br#"{ "a" : 1 }"#,
            b"[]",
        ];
        check(&bodies);
    }

    #[test]
    fn what_is_no_json_is_one_value() {
        let bodies: [&[u8]; 8] = [b"", b"plain text", b"{", b"{\"a\":}", b"\"open", b"\xff\xfe", b"{\"a\":1}}", b"nul"];
        let splitter = check(&bodies);
        assert!(splitter.paths().contains(&String::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bodies: Vec<Vec<u8>>) {
            check(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }

        #[test]
        fn anything_like_json_comes_back(bodies in proptest::collection::vec("[\\[\\]{}:,\"\\\\ a1tn.-]{0,24}", 0..40)) {
            check(&bodies.iter().map(String::as_bytes).collect::<Vec<_>>());
        }
    }
}
