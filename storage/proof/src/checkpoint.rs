//! Checkpoints: the size and root of a log as the three lines that are signed (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::hash::Hash;
use crate::key::check_name;
use crate::{base64, decimal};

/// What a log says of itself: "at this size my root is this".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// A checkpoint of the log `origin`, which is also the name of the log's key.
    ///
    /// # Errors
    /// `Form` if the origin is not a name for a key.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, Error> {
        check_name(origin)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The log: `archive.example/contoso/entra-signin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Leaves of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The checkpoint as canonical JSON (RFC 8785), the one form in which another log repeats it:
    /// `{"origin":"…","root":"…","size":300}`. In no JSON text can these bytes stand inside a string.
    #[must_use]
    pub fn json(&self) -> String {
        let origin = self.origin.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{{\"origin\":\"{origin}\",\"root\":\"{}\",\"size\":{}}}", base64::encode(&self.root), self.size)
    }
}

impl fmt::Display for Checkpoint {
    /// The text that is signed, with its last newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64::encode(&self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Reads the text of a note. Stricter than the specification: no extension lines, because
    /// nobody audits them, and no origin that could not be the name of a key.
    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::form("checkpoint", "three lines: origin, size, root", text.as_bytes());
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(malformed)?.split('\n').collect();
        let [origin, size, root] = lines.as_slice() else {
            return Err(malformed());
        };
        let size = decimal::parse("checkpoint size", size.as_bytes())?;
        Self::new(origin, size, base64::decode_hash("checkpoint root", root.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_texts_are_refused() {
        let good = "log.example/one\n300\n8TalBte4JP2HjZSPn3ElvL4h5fhbq/z3vy6QhR3dxao=\n";
        assert_eq!(good.parse::<Checkpoint>().unwrap().to_string(), good);
        let refused = [
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("{good}extension\n"),
            format!("\n{good}"),
            good.replace("300", "0300"),
            good.replace("300", "+300"),
            good.replace("300", ""),
            good.replace("300", "18446744073709551616"),
            good.replace("log.example/one", ""),
            good.replace("log.example/one", "log one"),
            good.replace("log.example/one", "log+one"),
            good.replace("xao=", "xap="),
            good.replace("xao=", "xao"),
            good.replace("8Tal", ""),
        ];
        for text in refused {
            assert!(text.parse::<Checkpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn json_has_one_spelling() {
        let checkpoint = Checkpoint::new("log.example/a\"b\\é", 300, [0; 32]).unwrap();
        let expected =
            r#"{"origin":"log.example/a\"b\\é","root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","size":300}"#;
        assert_eq!(checkpoint.json(), expected);
        let read: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(read["origin"], "log.example/a\"b\\é");
    }

    proptest! {
        #[test]
        fn checkpoints_come_back(origin in "[a-z./é]{1,30}", size: u64, root: Hash) {
            let checkpoint = Checkpoint::new(&origin, size, root).unwrap();
            prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        }

        #[test]
        fn whatever_is_read_is_printed_the_same(text in "[a-z ]{0,9}\n[0-9]{0,21}\n[A-Za-z0-9+/]{43}=\n|\\PC{0,20}") {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }
    }
}
