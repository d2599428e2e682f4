//! The one iterator over the database. It cannot hide an error: the end is said only after the status was read.

use std::path::Path;

use rocksdb::{DBRawIterator, ReadOptions};

use super::failure::failure;
use super::family::Family;
use super::seal::unseal;
use crate::damage::{Damage, DamageCode};
use crate::error::Result;

/// A key and its value, the checksum checked and taken off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// The entries of a range in order.
pub(crate) struct Scan<'a> {
    iterator: DBRawIterator<'a>,
    family: Family,
    path: &'a Path,
    started: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        db: &'a rocksdb::DB,
        family: Family,
        column_family: &rocksdb::ColumnFamily,
        path: &'a Path,
        (from, to): (&[u8], &[u8]),
    ) -> Self {
        let mut options = ReadOptions::default();
        options.set_verify_checksums(true);
        options.set_iterate_upper_bound(to);
        let mut iterator = db.raw_iterator_cf_opt(column_family, options);
        iterator.seek(from);
        Self { iterator, family, path, started: false }
    }

    /// The next entry, `None` behind the last. After an error that is a bad value the scan can go on, after any other
    /// it says the same again.
    pub(crate) fn next(&mut self) -> Result<Option<Entry<'_>>> {
        if self.started && self.iterator.valid() {
            self.iterator.next();
        }
        self.started = true;
        let Some((key, value)) = self.iterator.item() else {
            return self.iterator.status().map(|()| None).map_err(|e| failure(self.path, e));
        };
        if !self.family.is_sealed() {
            return Ok(Some(Entry { key, value }));
        }
        match unseal(key, value) {
            Ok(value) => Ok(Some(Entry { key, value })),
            Err((expected, found)) => Err(bad_value(self.family, key, expected, found).into()),
        }
    }

    /// The key that the last call of `next` came to, also if its value was bad.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.iterator.key()
    }
}

/// A value that does not fit its checksum.
pub(super) fn bad_value(family: Family, key: &[u8], expected: String, found: String) -> Damage {
    let mut damage = Damage::new(DamageCode::Value, expected, found);
    damage.column = Some(shown_key(family, key));
    damage
}

/// Family and key for people: text as text, everything else in hex.
pub(crate) fn shown_key(family: Family, key: &[u8]) -> String {
    let key = match std::str::from_utf8(key) {
        Ok(text) if !text.chars().any(char::is_control) => format!("{text:?}"),
        _ => crate::hex::hex(key),
    };
    format!("{} {key}", family.name())
}
