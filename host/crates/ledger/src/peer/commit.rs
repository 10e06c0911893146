//! Committing a block: one transaction, and the height moves with it.

use std::time::Instant;

use bytes::Bytes;
use model::hash::sha256;
use rwset::Update;
use sqlx::sqlite::SqliteConnection;

use super::{CommitInput, CommitTimings, PeerLedger, purge, read_channel};
use crate::{
    Error, database,
    sql::{Values, peer as sql},
};

impl PeerLedger {
    /// Writes the block and all its effects, then lets snapshots and watchers see the new height.
    ///
    /// When it returns, everything is durable. On an error nothing is: the block may be handed over again unless the error's sort is
    /// broken. If the future is dropped, the block may or may not have been committed; the next call tells by [`Error::Gap`].
    ///
    /// While the ledger is being rebuilt the block must be the stored one, byte for byte.
    ///
    /// # Errors
    /// - [`Error::Gap`], [`Error::OtherPrevious`], [`Error::OtherGenesis`]: the block is not the next one.
    /// - [`Error::Limit`]: a number does not fit.
    /// - [`Error::DiskFull`]: try again when there is room.
    /// - [`Error::Diverged`]: a rebuild came to other bytes than are stored.
    /// - [`Error::Broken`], [`Error::Damaged`]: the disk. From then on [`Error::Stopped`].
    pub async fn commit(&self, input: CommitInput) -> Result<CommitTimings, Error> {
        let started = Instant::now();
        let number = input.block.number;
        let stored = StoredBlock::of(&input);
        if number == 0 && stored.hash != self.inner.genesis_hash {
            return Err(Error::OtherGenesis {
                path: self.inner.path.clone(),
                found: crate::hex(&self.inner.genesis_hash),
                expected: crate::hex(&stored.hash),
            });
        }
        let mut transaction = self.inner.writer.begin().await?;
        let begun = Instant::now();
        let written = self.write(&mut transaction.connection, &input, &stored);
        if let Err(error) = written.await {
            return Err(transaction.fail(error));
        }
        let rows_written = Instant::now();
        self.inner.written.note(&input);
        transaction.commit().await?;
        self.publish(number.saturating_add(1));
        self.inner.checkpointer.hint();
        Ok(CommitTimings {
            begin: begun.duration_since(started),
            write: rows_written.duration_since(begun),
            sync: rows_written.elapsed(),
        })
    }

    async fn write(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
        stored: &StoredBlock,
    ) -> Result<(), Error> {
        self.advance(connection, input, stored).await?;
        put_block(connection, input.block.number, stored).await?;
        self.put_transactions(connection, input).await?;
        self.put_state(connection, input).await?;
        self.put_hashed_state(connection, input).await?;
        self.put_private(connection, input).await?;
        self.put_history(connection, input).await?;
        purge::purge(connection, &input.updates).await?;
        self.chores(connection, input).await
    }

    /// Moves the channel's row, which only the next block can.
    async fn advance(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
        stored: &StoredBlock,
    ) -> Result<(), Error> {
        let mut values = Values::default();
        values
            .number(input.block.number)?
            .bytes(&stored.hash)?
            .bytes(&input.commit_hash)?
            .number(u64::from(input.is_config))?
            .bytes(&input.block.previous_hash)?;
        let done = sqlx::query_with(sql::CHANNEL_ADVANCE, values.into_arguments())
            .execute(&mut *connection)
            .await
            .map_err(Error::writing("move the height"))?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        let row = read_channel(connection).await?;
        let row = row.ok_or_else(|| Error::damaged("the channel's row", "it is missing"))?;
        // A commit whose future was dropped may have come through.
        self.publish(row.height);
        if row.height == input.block.number && row.last_hash != input.block.previous_hash {
            return Err(Error::OtherPrevious {
                number: input.block.number,
            });
        }
        Err(Error::Gap {
            height: row.height,
            got: input.block.number,
        })
    }

    async fn put_transactions(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let block = input.block.number;
        let indexed: Vec<_> = input.txs.iter().filter(|tx| !tx.tx_id.is_empty()).collect();
        let put = &self.inner.statements.transactions;
        put.execute(connection, indexed, |values, tx| {
            let code = u64::try_from(i32::from(tx.code)).unwrap_or(u64::from(u8::MAX));
            values
                .bytes(tx.tx_id.as_bytes())?
                .number(block)?
                .number(tx.tx)?
                .number(code)?;
            Ok(())
        })
        .await?;
        let put = &self.inner.statements.causes;
        put.execute(connection, &input.causes, |values, row| {
            values.number(block)?.number(row.tx)?.bytes(&row.bytes)?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn put_state(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for (namespace, updates) in &input.updates.public {
            for (key, update) in updates {
                let key = (namespace.as_bytes(), key.as_bytes());
                match &update.value {
                    Some(value) => puts.push((key, value, update)),
                    None => deletes.push(key),
                }
            }
        }
        let statements = &self.inner.statements;
        let put = &statements.state_put;
        put.execute(
            connection,
            puts,
            |values, ((namespace, key), value, update)| {
                values.bytes(namespace)?.bytes(key)?;
                put_update(values, value, update)
            },
        )
        .await?;
        let delete = &statements.state_delete;
        delete
            .execute(connection, deletes, |values, (namespace, key)| {
                values.bytes(namespace)?.bytes(key)?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// A hashed key that goes, or was purged and written again, takes the private value with it: also one that this peer was not told
    /// to delete, since the private write set may not have arrived. What the block itself writes comes after.
    async fn put_hashed_state(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let (mut puts, mut deletes, mut forgets) = (Vec::new(), Vec::new(), Vec::new());
        for (namespace, collection, key_hash, update) in input.updates.hashed_updates() {
            let key = (namespace.as_bytes(), collection.as_bytes(), key_hash);
            match &update.value {
                Some(value) => puts.push((key, value, update)),
                None => deletes.push(key),
            }
            if update.value.is_none() || update.purge.is_some() {
                forgets.push(key);
            }
        }
        let statements = &self.inner.statements;
        let put = &statements.hashed_put;
        put.execute(connection, puts, |values, (key, value, update)| {
            put_hashed_key(values, key)?;
            put_update(values, value, update)
        })
        .await?;
        let delete = &statements.hashed_delete;
        delete.execute(connection, deletes, put_hashed_key).await?;
        let forget = &statements.private_delete;
        forget.execute(connection, forgets, put_hashed_key).await?;
        Ok(())
    }

    async fn put_history(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let block = input.block.number;
        let statements = &self.inner.statements;
        let put = &statements.history;
        put.execute(connection, &input.history, |values, row| {
            values
                .bytes(row.namespace.as_bytes())?
                .bytes(row.key.as_bytes())?
                .number(block)?
                .number(row.tx)?;
            Ok(())
        })
        .await?;
        let put = &statements.config_history;
        put.execute(connection, &input.config_history, |values, row| {
            values
                .bytes(row.chaincode.as_bytes())?
                .number(block)?
                .bytes(&row.package)?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// What is due with this block: expired private data, transient sets that are committed or too old.
    async fn chores(
        &self,
        connection: &mut SqliteConnection,
        input: &CommitInput,
    ) -> Result<(), Error> {
        let block = input.block.number;
        let row = query(sql::CHORES, block)?
            .fetch_one(&mut *connection)
            .await
            .map_err(Error::writing("look for what is due"))?;
        let (expiring, transient): (bool, bool) =
            (database::get(&row, 0)?, database::get(&row, 1)?);
        if expiring {
            for statement in sql::EXPIRE {
                query(statement, block)?
                    .execute(&mut *connection)
                    .await
                    .map_err(Error::writing("delete what has expired"))?;
            }
        }
        if transient {
            let delete = &self.inner.statements.transient_delete;
            delete
                .execute(connection, &input.txs, |values, tx| {
                    values.bytes(tx.tx_id.as_bytes())?;
                    Ok(())
                })
                .await?;
            let retention = self.inner.config.transient_retention_blocks;
            query(sql::TRANSIENT_PURGE, block.saturating_sub(retention))?
                .execute(&mut *connection)
                .await
                .map_err(Error::writing("drop old transient data"))?;
        }
        Ok(())
    }
}

/// A block in the form it is stored in.
struct StoredBlock {
    hash: model::Digest,
    checksum: model::Digest,
    bytes: Bytes,
}

impl StoredBlock {
    fn of(input: &CommitInput) -> Self {
        let bytes = input.block.encode();
        Self {
            hash: input.block.header_hash(),
            checksum: sha256(&bytes),
            bytes,
        }
    }
}

/// Appends the block, or, while rebuilding, checks that it is the one stored.
async fn put_block(
    connection: &mut SqliteConnection,
    number: u64,
    stored: &StoredBlock,
) -> Result<(), Error> {
    let mut values = Values::default();
    values
        .number(number)?
        .bytes(&stored.hash)?
        .bytes(&stored.checksum)?
        .bytes(&stored.bytes)?;
    let done = sqlx::query_with(sql::BLOCK_PUT, values.into_arguments())
        .execute(&mut *connection)
        .await
        .map_err(Error::writing("append the block"))?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let row = query(sql::BLOCK_CHECKSUM, number)?
        .fetch_one(&mut *connection)
        .await
        .map_err(Error::writing("read a stored block"))?;
    let checksum: Vec<u8> = database::get(&row, 0)?;
    if checksum == stored.checksum {
        return Ok(());
    }
    Err(Error::Diverged { number })
}

/// A statement whose only argument is a block number.
fn query(
    statement: &'static str,
    block: u64,
) -> Result<sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>, Error> {
    let mut values = Values::default();
    values.number(block)?;
    Ok(sqlx::query_with(statement, values.into_arguments()))
}

/// Namespace, collection, hash of the key.
type HashedKey<'a> = (&'a [u8], &'a [u8], &'a Bytes);

fn put_hashed_key(values: &mut Values, key: HashedKey<'_>) -> Result<(), Error> {
    let (namespace, collection, key_hash) = key;
    values
        .bytes(namespace)?
        .bytes(collection)?
        .bytes(key_hash)?;
    Ok(())
}

/// The columns of an update behind its key: value, metadata, version.
fn put_update(values: &mut Values, value: &Bytes, update: &Update) -> Result<(), Error> {
    values
        .bytes(value)?
        .bytes(&update.metadata)?
        .number(update.version.block)?
        .number(update.version.tx)?;
    Ok(())
}
