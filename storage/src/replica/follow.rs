//! What follows the records: cursors of sources, and the ids by which duplicates are known.

use std::sync::Arc;

use crate::damage::{Damage, DamageCode};
use crate::error::{Error, Result};
use crate::replica::copy::Pending;
use crate::replica::{Copied, OWN_CURSORS, Round, take};
use crate::seen;
use crate::store::{self, Changes, Family, Store};
use crate::streams::Stream;

/// Ids that are written together.
const IDS_PER_WRITE: usize = 100_000;
/// Behind all names of cursors.
const END: &[u8] = &[255; 513];

/// Puts the cursors that are other than ours.
pub(super) fn cursors(from: &Store, store: &Store, pending: &mut Pending<'_>, damaged: &mut Vec<Damage>) -> Result<()> {
    let mut scan = from.scan(Family::Cursor, &[], END)?;
    loop {
        let entry = match scan.next() {
            Ok(None) => return Ok(()),
            Ok(Some(entry)) => entry,
            // A cursor that cannot be read makes its source begin anew: nothing is lost by it, and it is told.
            Err(Error::Damaged(damage)) if damage.code != DamageCode::Store => {
                damaged.push(*damage);
                continue;
            }
            Err(other) => return Err(other),
        };
        let is_own = entry.key.starts_with(OWN_CURSORS.as_bytes());
        if !is_own && store.get(Family::Cursor, entry.key)?.as_deref() != Some(entry.value) {
            pending.changes.put(Family::Cursor, entry.key, &[entry.value])?;
        }
    }
}

/// Whether ids are worth looking for: all of a stream's are read for it, so it has to have grown by a sixteenth.
pub(super) fn is_due(size: u64, mark: u64) -> bool {
    (size - mark.min(size)).saturating_mul(16) >= size
}

/// Takes the ids of the records that came since the ids were taken last, of streams for which `is_wanted` says so by
/// their size and how far their ids go. An id that names a record which is not here is left for later.
pub(super) fn ids(
    from: &Store,
    store: &Arc<Store>,
    streams: &[Stream],
    is_wanted: impl Fn(u64, u64) -> bool,
    tell: &mut dyn FnMut(Copied) -> bool,
    round: &mut Round,
) -> Result<()> {
    for stream in streams {
        let (size, mark) = (stream.head.size(), mark(store, stream.number)?);
        if mark == size || round.stopped || !is_wanted(size, mark) {
            continue;
        }
        let copied = take(ids_of(from, store, stream, mark), &mut round.damage)?;
        round.stopped |= !tell(Copied { records: 0, bytes: copied.unwrap_or(0) });
    }
    Ok(())
}

/// Copies ids of one stream that name records from `mark` on; the bytes written.
fn ids_of(from: &Store, store: &Store, stream: &Stream, mark: u64) -> Result<u64> {
    let (start, end) = (store::stream_key(stream.number), store::after_stream(stream.number));
    let mut scan = from.scan(Family::Seen, &start, &end)?;
    let (mut changes, mut count, mut bytes) = (Changes::new(store), 0, 0);
    while let Some(entry) = scan.next()? {
        let size = stream.head.size();
        let newest = seen::parse(entry.value).and_then(|indexes| indexes.into_iter().max());
        if newest.is_none_or(|newest| newest < mark || newest >= size) {
            continue;
        }
        changes.put(Family::Seen, entry.key, &[entry.value])?;
        (count, bytes) = (count + 1, bytes + (entry.key.len() + entry.value.len()) as u64);
        if count == IDS_PER_WRITE {
            store.commit(std::mem::replace(&mut changes, Changes::new(store)))?;
            count = 0;
        }
    }
    changes.put(Family::Cursor, &mark_key(stream.number), &[&stream.head.size().to_le_bytes()])?;
    store.commit(changes)?;
    Ok(bytes)
}

/// Deletes what a replica remembers of itself.
pub(super) fn forget(store: &Store, pending: &mut Pending<'_>) -> Result<()> {
    let end = [OWN_CURSORS.as_bytes(), &[255; 64]].concat();
    let mut scan = store.scan(Family::Cursor, OWN_CURSORS.as_bytes(), &end)?;
    while let Some(entry) = scan.next()? {
        pending.changes.delete(Family::Cursor, entry.key)?;
    }
    Ok(())
}

/// Up to which record the ids of a stream were taken.
fn mark(store: &Store, number: u32) -> Result<u64> {
    let value = store.get(Family::Cursor, &mark_key(number))?;
    Ok(value.as_deref().and_then(|value| value.try_into().ok()).map_or(0, u64::from_le_bytes))
}

fn mark_key(number: u32) -> Vec<u8> {
    format!("{OWN_CURSORS}ids/{number}").into_bytes()
}
