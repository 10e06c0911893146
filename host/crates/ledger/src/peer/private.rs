//! Private data in the clear: values, write sets by block, and those that did not arrive.

use bytes::Bytes;
use model::hash::sha256;
use rwset::PrivateUpdate;
use sqlx::sqlite::SqliteConnection;

use super::{CommitInput, MissingSet, PeerLedger, PrivateSet, bytes_of};
use crate::{
    Error,
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

    pub(super) async fn put_sets(
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

/// A row of private state.
pub(super) fn put_private_row(
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
