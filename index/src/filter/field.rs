//! The name of a field as a person writes it, and the paths it means.

use crate::terms::{fold, fold_char};

/// A field's name: it means every path that is the name or ends with it, at the edge of a segment.
#[derive(Clone, Debug)]
pub struct FieldName {
    text: String,
    /// Folded, without array steps, from the last character to the first.
    reversed: Vec<char>,
}

impl FieldName {
    /// The name as written: `userPrincipalName`, `properties.status.errorCode`, `a[].b`.
    #[must_use]
    pub fn new(text: &str) -> FieldName {
        let reversed = fold(text).replace("[]", "").chars().rev().collect();
        FieldName { text: text.to_owned(), reversed }
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path (`a[].b.c`) is one of this field's: in any case, array steps ignored, the
    /// whole path or its last segments.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut path = Backwards(path.chars());
        let ends_with_name = self.reversed.iter().all(|&c| path.next().map(fold_char) == Some(c));
        ends_with_name && matches!(path.next(), None | Some('.'))
    }
}

impl PartialEq for FieldName {
    fn eq(&self, other: &FieldName) -> bool {
        self.text == other.text
    }
}

impl Eq for FieldName {}

/// The characters of a path from its end, without `[]`.
struct Backwards<'a>(std::str::Chars<'a>);

impl Iterator for Backwards<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        while let Some(shorter) = self.0.as_str().strip_suffix("[]") {
            self.0 = shorter.chars();
        }
        self.0.next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_or_its_last_segments() {
        for (name, path, expected) in [
            ("userPrincipalName", "properties.userPrincipalName", true),
            ("userprincipalname", "userPrincipalName", true),
            ("PrincipalName", "userPrincipalName", false),
            ("status.errorCode", "properties.status.errorCode", true),
            ("errorCode", "properties.status.errorCode", true),
            ("status", "properties.status.errorCode", false),
            ("properties.status.errorCode.x", "status.errorCode.x", false),
            ("targetResources.id", "targetResources[].id", true),
            ("targetResources[].id", "targetResources[].id", true),
            ("tags", "tags[]", true),
            ("tags", "properties.tags[][]", true),
            ("a", "[].a", true),
            ("b", "[].a[].b", true),
            ("größe", "x.GRÖßE", true),
            ("odata.type", "@odata.type", false),
            ("@odata.type", "x.@odata.type", true),
            ("a", "", false),
        ] {
            assert_eq!(FieldName::new(name).matches(path), expected, "{name} {path}");
        }
    }
}
