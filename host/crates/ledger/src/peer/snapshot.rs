//! One height of a channel, read in one transaction.

use std::sync::Arc;

use bytes::Bytes;
use model::{Digest, Version, hash::sha256_of};
use rusqlite::{Connection, OptionalExtension, Params, Row, types::ToSql};
use rwset::{KeyModification, StateError, StateReader, VersionedValue};
use sha2::{Digest as _, Sha256};

use super::{TxLocation, blocks, bytes_of, history};
use crate::{
    Error,
    readers::{Begun, Reader, Readers},
    sql::{peer as sql, unsigned},
};

/// Rows for somebody far away, whose answers have a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// One committed height of a channel: everything read through it is of that height, whatever is committed meanwhile.
///
/// Holds a connection and a read transaction, which keeps the write-ahead log from being reused. So a snapshot older than the
/// configured age refuses to read; whoever reads for long calls [`Snapshot::renew`]. Dropping it gives the connection back.
#[derive(Debug)]
pub struct Snapshot {
    reader: Reader,
    begun: Begun,
}

impl Snapshot {
    pub(super) fn take(readers: &Arc<Readers>) -> Result<Self, Error> {
        let (reader, begun) = readers.take_begun(begin)?;
        Ok(Self { reader, begun })
    }

    /// Goes on at the newest height and returns it. What was read before is of the old one.
    ///
    /// For readers that walk over many rows: every 1,000 rows is often enough.
    ///
    /// # Errors
    /// [`Error::Read`]: the disk.
    pub fn renew(&mut self) -> Result<u64, Error> {
        self.begun = self.reader.begin_again(begin)?;
        Ok(self.begun.height)
    }

    /// The first transaction with this id in the blocks shown.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn tx(&self, tx_id: &str) -> Result<Option<TxLocation>, Error> {
        self.check_age()?;
        blocks::read_tx(self.reader.connection()?, tx_id)
    }

    /// A hash over all public and hashed state with versions and metadata: equal on two peers at one height, or one of them is wrong.
    ///
    /// Private values are not in it, because peers hold different ones; their hashes are. It is SHA-256 of all rows in the order of
    /// namespace, collection, key: public rows first, with an empty collection; of each row namespace, collection, key, value and
    /// metadata, each after its length as 8 bytes, then block and transaction, 8 bytes each, all numbers big-endian. Ours; Fabric
    /// has none.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn state_hash(&self) -> Result<Digest, Error> {
        let mut tables = Vec::with_capacity(2);
        for statement in [sql::STATE_DUMP, sql::HASHED_DUMP] {
            tables.push(self.table_hash(statement)?);
        }
        Ok(sha256_of(tables))
    }

    /// Hash of one table's rows, one after the other.
    fn table_hash(&self, statement: &'static str) -> Result<Digest, Error> {
        let failed = || Error::reading("read the whole state");
        let mut statement = self
            .reader
            .connection()?
            .prepare_cached(statement)
            .map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        let mut hasher = Sha256::new();
        while let Some(row) = rows.next().map_err(failed())? {
            self.check_age()?;
            hash_row(&mut hasher, row).map_err(failed())?;
        }
        Ok(hasher.finalize().into())
    }

    /// The public keys from `start` on to before `end`, as [`StateReader::range`] gives them, at most `limit` of them, and none after
    /// the one with which keys and values have `bytes_max` bytes: no more is read or held than that and one row.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn range_page(
        &self,
        namespace: &str,
        (start, end): (&str, &str),
        limit: usize,
        bytes_max: usize,
    ) -> Result<Page<(String, VersionedValue)>, Error> {
        let (namespace, start, end) = (namespace.as_bytes(), start.as_bytes(), end.as_bytes());
        let one_more = limit_of(limit.saturating_add(1));
        let room = Room { limit, bytes_max };
        if end.is_empty() {
            let bounds: [&dyn ToSql; 3] = [&namespace, &start, &one_more];
            return self.page(sql::STATE_RANGE_OPEN, &bounds, room);
        }
        let bounds: [&dyn ToSql; 4] = [&namespace, &start, &end, &one_more];
        self.page(sql::STATE_RANGE, &bounds, room)
    }

    /// The changes of a key, newest first, as [`StateReader::history`] gives them, at most `limit` of them, and none after the one
    /// with which the values have `bytes_max` bytes or the blocks read for them sixteen times as many.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn history_page(
        &self,
        namespace: &str,
        key: &str,
        below: Option<Version>,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Page<KeyModification>, Error> {
        self.check_age()?;
        let connection = self.reader.connection()?;
        history::read_page(connection, (namespace, key), below, limit, bytes_max)
    }

    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(super) fn check_age(&self) -> Result<(), Error> {
        let age_max = self.reader.config().snapshot_age_max;
        if self.begun.at.elapsed() <= age_max {
            return Ok(());
        }
        Err(Error::Expired {
            max_ms: age_max.as_millis(),
        })
    }

    /// One row of value, metadata and version.
    fn value(
        &self,
        statement: &'static str,
        key: impl Params,
    ) -> Result<Option<VersionedValue>, Error> {
        self.check_age()?;
        let found = self
            .reader
            .connection()?
            .prepare_cached(statement)
            .and_then(|mut statement| statement.query_row(key, value_of).optional())
            .map_err(Error::reading("read a key"))?;
        found.map(Found::checked).transpose()
    }

    /// Rows of value, metadata, version and key: all that the statement finds.
    fn values(
        &self,
        statement: &'static str,
        bounds: &[&dyn ToSql],
    ) -> Result<Vec<(String, VersionedValue)>, Error> {
        let room = Room {
            limit: usize::MAX,
            bytes_max: usize::MAX,
        };
        Ok(self.page(statement, bounds, room)?.rows)
    }

    /// Rows of value, metadata, version and key, as many as there is room for.
    fn page(
        &self,
        statement: &'static str,
        bounds: &[&dyn ToSql],
        room: Room,
    ) -> Result<Page<(String, VersionedValue)>, Error> {
        self.check_age()?;
        let mut statement = self
            .reader
            .connection()?
            .prepare_cached(statement)
            .map_err(Error::reading("read a range"))?;
        let mut rows = statement
            .query(bounds)
            .map_err(Error::reading("read a range"))?;
        let (mut values, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(Error::reading("read a range"))? {
            if values.len() >= room.limit || bytes >= room.bytes_max {
                return Ok(Page {
                    rows: values,
                    more: true,
                });
            }
            let key = row.get_ref(4).and_then(|key| Ok(key.as_blob()?.to_vec()));
            let key = key.map_err(Error::reading("read a range"))?;
            let key =
                String::from_utf8(key).map_err(|cause| Error::damaged("a stored key", cause))?;
            let found = value_of(row).map_err(Error::reading("read a range"))?;
            bytes += key.len() + found.value.len();
            values.push((key, found.checked()?));
        }
        Ok(Page {
            rows: values,
            more: false,
        })
    }
}

impl StateReader for Snapshot {
    fn height(&self) -> u64 {
        self.begun.height
    }

    fn get(&self, namespace: &str, key: &str) -> Result<Option<VersionedValue>, StateError> {
        let key = (namespace.as_bytes(), key.as_bytes());
        Ok(self.value(sql::STATE_READ, key)?)
    }

    fn range(
        &self,
        namespace: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        let (namespace, start) = (namespace.as_bytes(), start.as_bytes());
        let limit = limit_of(limit);
        let found = if end.is_empty() {
            self.values(sql::STATE_RANGE_OPEN, &[&namespace, &start, &limit])
        } else {
            let end = end.as_bytes();
            self.values(sql::STATE_RANGE, &[&namespace, &start, &end, &limit])
        };
        Ok(found?)
    }

    fn get_hashed(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Result<Option<VersionedValue>, StateError> {
        let key = (namespace.as_bytes(), collection.as_bytes(), key_hash);
        Ok(self.value(sql::HASHED_READ, key)?)
    }

    fn get_private(
        &self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<VersionedValue>, StateError> {
        let key = (namespace.as_bytes(), collection.as_bytes(), key.as_bytes());
        Ok(self.value(sql::PRIVATE_READ, key)?)
    }

    fn private_range(
        &self,
        namespace: &str,
        collection: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        let (namespace, collection) = (namespace.as_bytes(), collection.as_bytes());
        let (start, limit) = (start.as_bytes(), limit_of(limit));
        let found = if end.is_empty() {
            let bounds: [&dyn ToSql; 4] = [&namespace, &collection, &start, &limit];
            self.values(sql::PRIVATE_RANGE_OPEN, &bounds)
        } else {
            let end = end.as_bytes();
            let bounds: [&dyn ToSql; 5] = [&namespace, &collection, &start, &end, &limit];
            self.values(sql::PRIVATE_RANGE, &bounds)
        };
        Ok(found?)
    }

    fn history(
        &self,
        namespace: &str,
        key: &str,
        below: Option<Version>,
        limit: usize,
    ) -> Result<Vec<KeyModification>, StateError> {
        self.check_age()?;
        let connection = self.reader.connection()?;
        Ok(history::read(connection, namespace, key, below, limit)?)
    }
}

/// How many rows and bytes may be taken.
#[derive(Clone, Copy)]
struct Room {
    limit: usize,
    bytes_max: usize,
}

/// A row as SQLite gives it.
pub(super) struct Found {
    value: Bytes,
    metadata: Bytes,
    block: i64,
    tx: i64,
}

impl Found {
    pub(super) fn checked(self) -> Result<VersionedValue, Error> {
        Ok(VersionedValue {
            value: self.value,
            metadata: self.metadata,
            version: Version {
                block: unsigned(self.block)?,
                tx: unsigned(self.tx)?,
            },
        })
    }
}

/// Value, metadata and version: the first four columns of every statement that reads values.
fn value_of(row: &Row<'_>) -> rusqlite::Result<Found> {
    found_at(row, 0)
}

/// The same columns from `first` on.
pub(super) fn found_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Found> {
    Ok(Found {
        value: bytes_of(row, first)?,
        metadata: bytes_of(row, first + 1)?,
        block: row.get(first + 2)?,
        tx: row.get(first + 3)?,
    })
}

/// The columns of a dump: five blobs, then the version.
fn hash_row(hasher: &mut Sha256, row: &Row<'_>) -> rusqlite::Result<()> {
    for index in 0..5 {
        let blob = row.get_ref(index)?.as_blob()?;
        hasher.update(u64::try_from(blob.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(blob);
    }
    for index in 5..7 {
        hasher.update(row.get::<_, i64>(index)?.to_be_bytes());
    }
    Ok(())
}

/// Starts a read transaction. SQLite fixes what it shows with the first read, so the height is read at once.
fn begin(connection: &Connection) -> Result<u64, Error> {
    let height: i64 = connection
        .prepare_cached("BEGIN")
        .and_then(|mut statement| statement.execute([]))
        .and_then(|_| connection.prepare_cached(sql::CHANNEL_READ))
        .and_then(|mut statement| statement.query_row([], |row| row.get(3)))
        .map_err(Error::reading("take a snapshot"))?;
    unsigned(height)
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
