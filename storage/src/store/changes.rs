//! What one commit changes: all of it or nothing.

use rocksdb::WriteBatch;

use super::Store;
use super::family::Family;
use super::seal::seal;
use crate::error::Result;

/// Puts and deletes that are committed together by [`Store::commit`].
pub(crate) struct Changes<'a> {
    store: &'a Store,
    batch: WriteBatch,
    scratch: Vec<u8>,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, batch: WriteBatch::default(), scratch: Vec::new() }
    }

    /// Sets a key to a value, given in parts.
    pub(crate) fn put(&mut self, family: Family, key: &[u8], value: &[&[u8]]) -> Result<()> {
        if family.is_sealed() {
            seal(key, value, &mut self.scratch);
        } else {
            self.scratch.clear();
            value.iter().for_each(|part| self.scratch.extend_from_slice(part));
        }
        self.batch.put_cf(self.store.column_family(family)?, key, &self.scratch);
        Ok(())
    }

    /// Deletes a key.
    pub(crate) fn delete(&mut self, family: Family, key: &[u8]) -> Result<()> {
        self.batch.delete_cf(self.store.column_family(family)?, key);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    pub(super) fn into_batch(self) -> WriteBatch {
        self.batch
    }
}
