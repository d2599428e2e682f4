//! The streams' names and numbers: both ways must agree, and nothing else may stand there. The cursors as well.

use std::collections::{BTreeMap, BTreeSet};

use crate::checkpoint::checkpoint_key;
use crate::damage::{Damage, DamageCode};
use crate::error::Result;
use crate::store::{Family, Store};
use crate::streams::{self, Stream};
use crate::verify::Verification;
use crate::verify::keys::{each, stray};
use crate::writer::ARCHIVE_KEY;

pub(super) fn check(store: &Store, streams: &[Stream], report: &mut Verification) -> Result<()> {
    let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for stream in streams {
        expected.insert(streams::name_key(&stream.name), stream.number.to_le_bytes().to_vec());
        expected.insert(streams::number_key(stream.number), stream.name.as_str().as_bytes().to_vec());
    }
    let checkpoints: BTreeSet<Vec<u8>> = streams.iter().map(|stream| checkpoint_key(stream.number)).collect();
    let mut has_version = false;
    let mut strange = Vec::new();
    each(store, Family::Meta, &[], &[255; 256], report, |key, value| {
        has_version |= key == ARCHIVE_KEY;
        match expected.remove(key) {
            Some(expected) if expected == value => {}
            Some(_) => strange.push(Damage::new(DamageCode::Value, "a name and number that agree", "others")),
            None if key == ARCHIVE_KEY => {}
            None if checkpoints.contains(key) => {}
            None => strange.push(stray(Family::Meta, key)),
        }
    })?;
    strange.into_iter().for_each(|damage| report.add(damage));
    if !has_version {
        report.add(Damage::new(DamageCode::Value, "the archive's version and id", "nothing"));
    }
    for (key, _) in expected {
        let mut damage = Damage::new(DamageCode::Value, "a stream's name and number", "nothing");
        damage.column = Some(format!("meta {}", String::from_utf8_lossy(&key)));
        report.add(damage);
    }
    // A cursor is opaque: its checksum is all there is to check.
    each(store, Family::Cursor, &[], &[255; 513], report, |_, _| {})
}
