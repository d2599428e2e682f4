//! The values of one record with their paths, as a block's columns would hold them.

use crate::block::{Splitter, Value};

/// Takes records apart one by one; records of a known shape are not parsed again.
#[derive(Debug, Default)]
pub struct Fields {
    splitter: Splitter,
    taken: usize,
}

/// Shapes after which the memory of them is dropped: hostile records can have a new one each.
const SHAPES_MAX: usize = 4096;

impl Fields {
    /// Calls `found` with each value of `body`: its path, its raw bytes, and whether they stood in quotes.
    ///
    /// A body that is no JSON is one value with the empty path.
    pub fn of<'a>(&mut self, body: &'a [u8], mut found: impl FnMut(&str, &'a [u8], bool)) {
        if self.splitter.shapes().len() > SHAPES_MAX {
            self.splitter = Splitter::default();
        }
        let mut values: Vec<Value<'a>> = Vec::with_capacity(self.taken);
        self.splitter.split(body, &mut values);
        self.taken = values.len();
        for value in values {
            let path = self.splitter.paths().get(value.path as usize).map_or("", String::as_str);
            found(path, value.bytes, value.quoted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_paths() {
        let mut fields = Fields::default();
        for body in [&br#"{"a":{"b":["x",1]},"c":null}"#[..], br#"{"a":{"b":["y",2]},"c":true}"#] {
            let mut found = Vec::new();
            fields.of(body, |path, raw, quoted| found.push((path.to_owned(), raw.to_vec(), quoted)));
            let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
            assert_eq!(paths, ["a.b[]", "a.b[]", "c"]);
            assert_eq!(found.iter().map(|(_, _, quoted)| *quoted).collect::<Vec<_>>(), [true, false, false]);
        }
        let mut found = Vec::new();
        fields.of(b"plain text", |path, raw, _| found.push((path.to_owned(), raw.to_vec())));
        assert_eq!(found, [(String::new(), b"plain text".to_vec())]);
    }
}
