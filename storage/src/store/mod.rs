//! The database under the archive. The only folder that names RocksDB.

mod changes;
mod failure;
mod family;
mod frames;
mod key;
mod options;
mod raw;
mod scan;
mod seal;

use std::path::{Path, PathBuf};

use rocksdb::{ColumnFamily, ColumnFamilyDescriptor, DB, DBRecoveryMode, ReadOptions, WriteOptions};

pub(crate) use changes::Changes;
pub(crate) use family::Family;
pub(crate) use key::{
    after_stream, chunk_key, node_key, parse_chunk, parse_node, parse_place, parse_stream, place_key, seen_key,
    stream_key,
};
pub(crate) use scan::{Entry, Scan, shown_key};

use self::failure::{failure, store_damage};
use crate::damage::Damage;
use crate::error::Result;
use crate::lock::Lock;

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A new one, or one whose creation was cut short.
    Create,
    /// To write; every record of the log of writes must be whole.
    Write,
    /// To write; an unfinished record at the very end of the log of writes is dropped, it was never acknowledged.
    WriteTornLog,
    /// To read what is there now, without writing anything, also beside a writer.
    Read,
    /// As `Read`, but every record of the log of writes must be whole.
    ReadStrict,
}

/// An open database with our column families.
pub(crate) struct Store {
    db: DB,
    path: PathBuf,
    // After the database: the lock must be held until it is closed.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens a database; a writer hands over the lock that makes it the only one.
    pub(crate) fn open(path: &Path, access: Access, lock: Option<Lock>, options: &crate::Options) -> Result<Self> {
        if access != Access::Create {
            frames::check_logs(path)?;
        }
        let db = open(path, access, options).map_err(|e| failure(path, e))?;
        Ok(Self { db, path: path.to_owned(), _lock: lock })
    }

    /// The value of a key, its checksum checked and taken off.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let found = self.db.get_pinned_cf_opt(self.column_family(family)?, key, &read_options());
        let Some(value) = found.map_err(|e| failure(&self.path, e))? else { return Ok(None) };
        self.unsealed(family, key, &value).map(Some)
    }

    /// The values of many keys, which must be in order.
    pub(crate) fn get_many<K: AsRef<[u8]>>(&self, family: Family, keys: &[K]) -> Result<Vec<Option<Vec<u8>>>> {
        let column_family = self.column_family(family)?;
        let found = self.db.batched_multi_get_cf_opt(column_family, keys, true, &read_options());
        let values = keys.iter().zip(found).map(|(key, value)| {
            let value = value.map_err(|e| failure(&self.path, e))?;
            value.map(|value| self.unsealed(family, key.as_ref(), &value)).transpose()
        });
        values.collect()
    }

    /// The entries from `from` up to and without `to`.
    pub(crate) fn scan(&self, family: Family, from: &[u8], to: &[u8]) -> Result<Scan<'_>> {
        Ok(Scan::new(&self.db, family, self.column_family(family)?, &self.path, (from, to)))
    }

    /// The last entry with a key from `from` up to `at` inclusive.
    pub(crate) fn last_at(&self, family: Family, from: &[u8], at: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut options = read_options();
        options.set_iterate_lower_bound(from);
        let mut iterator = self.db.raw_iterator_cf_opt(self.column_family(family)?, options);
        iterator.seek_for_prev(at);
        let Some((key, value)) = iterator.item() else {
            return iterator.status().map(|()| None).map_err(|e| failure(&self.path, e));
        };
        Ok(Some((key.to_vec(), self.unsealed(family, key, value)?)))
    }

    /// Writes all changes or none, durable on return.
    pub(crate) fn commit(&self, changes: Changes<'_>) -> Result<()> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db.write_opt(changes.into_batch(), &options).map_err(|e| failure(&self.path, e))
    }

    /// Moves what is only in the log of writes to table files, so that the next to open has nothing to replay.
    pub(crate) fn flush(&self) -> Result<()> {
        let families = Family::ALL.iter().map(|family| self.column_family(*family)).collect::<Result<Vec<_>>>()?;
        let flushed = self.db.flush_cfs_opt(&families, &rocksdb::FlushOptions::default());
        flushed.map_err(|e| failure(&self.path, e))
    }

    /// Drops what was deleted from a family for good.
    pub(crate) fn compact(&self, family: Family) -> Result<()> {
        self.db.compact_range_cf(self.column_family(family)?, None::<&[u8]>, None::<&[u8]>);
        Ok(())
    }

    /// What the database's own checksums say: of every block of its tables, of every whole file.
    pub(crate) fn check_files(&self) -> Vec<Damage> {
        let checks = [raw::verify_checksum(&self.db), raw::verify_file_checksums(&self.db)];
        checks.into_iter().filter_map(|check| check.err().map(|text| store_damage(&self.path, &text))).collect()
    }

    /// Names of the table files that belong to the database.
    pub(crate) fn live_tables(&self) -> Result<Vec<String>> {
        let files = self.db.live_files().map_err(|e| failure(&self.path, e))?;
        Ok(files.into_iter().map(|file| file.name.trim_start_matches('/').to_owned()).collect())
    }

    /// The id that the database's manifest knows, to compare with its file.
    pub(crate) fn identity(&self) -> Result<Vec<u8>> {
        self.db.get_db_identity().map_err(|e| failure(&self.path, e))
    }

    fn column_family(&self, family: Family) -> Result<&ColumnFamily> {
        let found = self.db.cf_handle(family.name());
        found.ok_or_else(|| store_damage(&self.path, &format!("no column family {}", family.name())).into())
    }

    fn unsealed(&self, family: Family, key: &[u8], value: &[u8]) -> Result<Vec<u8>> {
        if !family.is_sealed() {
            return Ok(value.to_vec());
        }
        let unsealed = seal::unseal(key, value).map(<[u8]>::to_vec);
        unsealed.map_err(|(expected, found)| scan::bad_value(family, key, expected, found).into())
    }
}

fn read_options() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options
}

fn open(path: &Path, access: Access, options: &crate::Options) -> std::result::Result<DB, rocksdb::Error> {
    let base = options::Base::new(options)?;
    let recovery = match access {
        Access::Create | Access::Write | Access::ReadStrict => DBRecoveryMode::AbsoluteConsistency,
        Access::WriteTornLog | Access::Read => DBRecoveryMode::TolerateCorruptedTailRecords,
    };
    let mut database = options::database(&base, recovery);
    // RocksDB wants a family of its own as well; it has the options of ours, although it stays empty.
    let names = Family::ALL.iter().map(|family| (family.name(), *family)).chain([("default", Family::Meta)]);
    let families: Vec<_> =
        names.map(|(name, family)| ColumnFamilyDescriptor::new(name, options::family(family, &base))).collect();
    match access {
        Access::Create => {
            database.create_if_missing(true);
            database.create_missing_column_families(true);
            DB::open_cf_descriptors(&database, path, families)
        }
        Access::Write | Access::WriteTornLog => DB::open_cf_descriptors(&database, path, families),
        Access::Read | Access::ReadStrict => {
            // All files are opened at once and stay open: a writer may delete them meanwhile.
            database.set_max_open_files(-1);
            DB::open_cf_descriptors_read_only(&database, path, families, false)
        }
    }
}
