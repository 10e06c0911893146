//! Private data in the clear: write sets by block, those that did not arrive, and those that arrived late.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{Version, hash::sha256};
use prost::Message;
use proto::kvrwset::KvrwSet;
use rwset::{PrivateUpdate, UpdateBatch};
use sqlx::sqlite::SqliteConnection;

use super::{CommitInput, MissingSet, PeerLedger, PrivateSet, bytes_of};
use crate::{
    Error, database,
    sql::{Values, peer as sql, signed, unsigned},
};

/// A private write set of a committed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPrivateSet {
    /// The block.
    pub block: u64,
    /// The set. Keys that were purged since are no longer in it, so its hash may differ from the transaction's.
    pub set: PrivateSet,
}

/// A private write set that came after its block was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateSet {
    /// The block it belongs to.
    pub block: u64,
    /// The set, its hash compared with the transaction's by the caller.
    pub set: PrivateSet,
    /// Its keys and values, checked against the hashes.
    pub updates: Vec<PrivateUpdate>,
}

impl PeerLedger {
    /// The private write sets of a block that this peer holds. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn private_sets(&self, block: u64) -> Result<Vec<StoredPrivateSet>, Error> {
        let reader = self.inner.readers.take()?;
        let number = signed(block)?;
        let read = || {
            let mut statement = reader
                .connection()?
                .prepare_cached(sql::PRIVATE_SETS_OF_BLOCK)
                .map_err(Error::reading("read private write sets"))?;
            let rows = statement.query_map([number], |row| {
                let names = (bytes_of(row, 1)?, bytes_of(row, 2)?);
                Ok((row.get(0)?, names, bytes_of(row, 3)?))
            });
            rows.and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, (Bytes, Bytes), Bytes)>>>)
                .map_err(Error::reading("read private write sets"))
        };
        let build = |(tx, (namespace, collection), bytes): (i64, (Bytes, Bytes), Bytes)| {
            let set = PrivateSet {
                tx: unsigned(tx)?,
                namespace: text(&namespace)?,
                collection: text(&collection)?,
                bytes,
            };
            Ok(StoredPrivateSet { block, set })
        };
        read()?.into_iter().map(build).collect()
    }

    /// Sets that this peer should hold and does not, newest first, with their blocks. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn missing_private(&self, limit: usize) -> Result<Vec<(u64, MissingSet)>, Error> {
        let reader = self.inner.readers.take()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || {
            let mut statement = reader
                .connection()?
                .prepare_cached(sql::MISSING_READ)
                .map_err(Error::reading("read missing private write sets"))?;
            let rows = statement.query_map([limit], |row| {
                let names = (bytes_of(row, 2)?, bytes_of(row, 3)?);
                Ok((row.get(0)?, row.get(1)?, names))
            });
            rows.and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, i64, (Bytes, Bytes))>>>)
                .map_err(Error::reading("read missing private write sets"))
        };
        let build = |(block, tx, (namespace, collection)): (i64, i64, (Bytes, Bytes))| {
            let set = MissingSet {
                tx: unsigned(tx)?,
                namespace: text(&namespace)?,
                collection: text(&collection)?,
                eligible: true,
            };
            Ok((unsigned(block)?, set))
        };
        read()?.into_iter().map(build).collect()
    }

    /// Stores private write sets that came after their blocks were committed, in one transaction.
    ///
    /// A value is written only where the hashed key still has the set's version; the rest has been overwritten, deleted or has expired
    /// meanwhile. The height does not move, so a snapshot may show the value or not.
    ///
    /// # Errors
    /// - [`Error::DiskFull`]: try again when there is room.
    /// - [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub async fn store_late(&self, sets: &[LateSet]) -> Result<(), Error> {
        let mut transaction = self.inner.writer.begin().await?;
        for late in sets {
            let stored = self.put_late(&mut transaction.connection, late);
            if let Err(error) = stored.await {
                return Err(transaction.fail(error));
            }
        }
        transaction.commit().await?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    async fn put_late(
        &self,
        connection: &mut SqliteConnection,
        late: &LateSet,
    ) -> Result<(), Error> {
        self.put_sets(connection, late.block, std::slice::from_ref(&late.set))
            .await?;
        let mut values = Values::default();
        values
            .number(late.block)?
            .number(late.set.tx)?
            .bytes(late.set.namespace.as_bytes())?
            .bytes(late.set.collection.as_bytes())?;
        sqlx::query_with(sql::MISSING_DELETE, values.into_arguments())
            .execute(&mut *connection)
            .await
            .map_err(Error::writing("enter a late private write set"))?;
        for update in &late.updates {
            let Some(value) = &update.value else { continue };
            let mut values = Values::default();
            put_private_row(&mut values, update, value)?;
            sqlx::query_with(sql::PRIVATE_PUT_LATE, values.into_arguments())
                .execute(&mut *connection)
                .await
                .map_err(Error::writing("write a late private value"))?;
        }
        Ok(())
    }

    /// The private part of a commit: values, write sets, what is missing and what will expire.
    pub(super) async fn put_private(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let statements = &self.inner.statements;
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for update in &input.private {
            match &update.value {
                Some(value) => puts.push((update, value)),
                None => deletes.push(update),
            }
        }
        let put = &statements.private_put;
        put.execute(connection, puts, |values, (update, value)| {
            put_private_row(values, update, value)
        })
        .await?;
        let delete = &statements.private_delete;
        delete
            .execute(connection, deletes, |values, update| {
                values
                    .bytes(update.namespace.as_bytes())?
                    .bytes(update.collection.as_bytes())?
                    .bytes(&sha256(update.key.as_bytes()))?;
                Ok(())
            })
            .await?;
        let block = input.block.number;
        self.put_sets(connection, block, &input.private_sets)
            .await?;
        self.put_missing(connection, block, &input.missing).await?;
        self.put_expiry(connection, input).await
    }

    async fn put_sets(
        &self,
        connection: &mut SqliteConnection,
        block: u64,
        sets: &[PrivateSet],
    ) -> Result<(), Error> {
        let put = &self.inner.statements.private_sets;
        put.execute(connection, sets, |values, set| {
            values
                .number(block)?
                .number(set.tx)?
                .bytes(set.namespace.as_bytes())?
                .bytes(set.collection.as_bytes())?
                .bytes(&set.bytes)?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn put_missing(
        &self,
        connection: &mut SqliteConnection,
        block: u64,
        sets: &[MissingSet],
    ) -> Result<(), Error> {
        let put = &self.inner.statements.missing;
        put.execute(connection, sets, |values, set| {
            values
                .number(block)?
                .number(set.tx)?
                .bytes(set.namespace.as_bytes())?
                .bytes(set.collection.as_bytes())?
                .number(u64::from(set.eligible))?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// A row for a block beyond what SQLite can count would never fall due, so it is left out.
    async fn put_expiry(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let block = input.block.number;
        let due: Vec<_> = input
            .expiry
            .iter()
            .filter(|row| i64::try_from(row.at).is_ok())
            .collect();
        let put = &self.inner.statements.expiry;
        put.execute(connection, due, |values, row| {
            values
                .number(row.at)?
                .bytes(row.namespace.as_bytes())?
                .bytes(row.collection.as_bytes())?
                .bytes(&row.key_hash)?
                .number(block)?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// Takes purged keys out of all older write sets of their collections. One pass over each collection that has a purge in the block;
/// purges are rare.
pub(super) async fn purge(
    connection: &mut SqliteConnection,
    updates: &UpdateBatch,
) -> Result<(), Error> {
    for (namespace, collections) in &updates.hashed {
        for (collection, updates) in collections {
            let purged: Purged<'_> = updates
                .iter()
                .filter_map(|(key_hash, update)| Some((key_hash, update.purge?)))
                .collect();
            if !purged.is_empty() {
                purge_collection(connection, namespace, collection, &purged).await?;
            }
        }
    }
    Ok(())
}

/// Purged keys by their hash, with the versions of the purges.
type Purged<'a> = BTreeMap<&'a Bytes, Version>;

async fn purge_collection(
    connection: &mut SqliteConnection,
    namespace: &str,
    collection: &str,
    purged: &Purged<'_>,
) -> Result<(), Error> {
    let newest = purged.values().max().copied().unwrap_or_default();
    let mut values = Values::default();
    values
        .bytes(namespace.as_bytes())?
        .bytes(collection.as_bytes())?
        .number(newest.block)?
        .number(newest.tx)?;
    let rows = sqlx::query_with(sql::PRIVATE_SETS_BELOW, values.into_arguments())
        .fetch_all(&mut *connection)
        .await
        .map_err(Error::writing("read old private write sets"))?;
    for row in rows {
        let version = Version {
            block: unsigned(database::get(&row, 0)?)?,
            tx: unsigned(database::get(&row, 1)?)?,
        };
        let bytes: Vec<u8> = database::get(&row, 2)?;
        let Some(kept) = without(&bytes, version, purged)? else {
            continue;
        };
        let mut values = Values::default();
        values
            .number(version.block)?
            .number(version.tx)?
            .bytes(namespace.as_bytes())?
            .bytes(collection.as_bytes())?
            .bytes(&kept)?;
        sqlx::query_with(sql::PRIVATE_SET_REPLACE, values.into_arguments())
            .execute(&mut *connection)
            .await
            .map_err(Error::writing("purge a private write set"))?;
    }
    Ok(())
}

/// The write set at `version` without the keys purged later; nothing if it has none of them.
fn without(bytes: &[u8], version: Version, purged: &Purged<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut set =
        KvrwSet::decode(bytes).map_err(|cause| Error::damaged("a private write set", cause))?;
    let gone = |key: &str| {
        let key_hash = Bytes::copy_from_slice(&sha256(key.as_bytes()));
        purged.get(&key_hash).is_some_and(|purge| version < *purge)
    };
    let count = set.writes.len() + set.metadata_writes.len();
    set.writes.retain(|write| !gone(&write.key));
    set.metadata_writes.retain(|write| !gone(&write.key));
    let changed = count != set.writes.len() + set.metadata_writes.len();
    Ok(changed.then(|| set.encode_to_vec()))
}

fn put_private_row(
    values: &mut Values,
    update: &PrivateUpdate,
    value: &Bytes,
) -> Result<(), Error> {
    values
        .bytes(update.namespace.as_bytes())?
        .bytes(update.collection.as_bytes())?
        .bytes(update.key.as_bytes())?
        .bytes(&sha256(update.key.as_bytes()))?
        .bytes(value)?
        .number(update.version.block)?
        .number(update.version.tx)?;
    Ok(())
}

/// A stored name as text.
fn text(bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|cause| Error::damaged("a stored name", cause))
}
