//! Reading blocks and looking things up in the chain.

use bytes::Bytes;
use model::{Block, Digest, TxValidationCode, hash::sha256};
use rusqlite::{Connection, OptionalExtension};

use super::{PeerLedger, Snapshot, bytes_of};
use crate::{
    Error,
    readers::Reader,
    sql::{peer as sql, signed, unsigned},
};

/// Where a transaction is and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxLocation {
    /// The block.
    pub block: u64,
    /// Index in the block.
    pub tx: u64,
    /// The outcome.
    pub code: TxValidationCode,
}

/// How far a channel is. All of it at one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Number of committed blocks.
    pub height: u64,
    /// Blocks that are stored. More than `height` only while the ledger is being rebuilt.
    pub stored: u64,
    /// Header hash of the last committed block; empty at height 0.
    pub last_hash: Bytes,
    /// Header hash of the block before that one; empty below height 2.
    pub previous_hash: Bytes,
    /// Commit hash of the last committed block; empty up to height 1.
    pub commit_hash: Bytes,
    /// Number of the newest committed block with a channel configuration.
    pub last_config: u64,
}

impl PeerLedger {
    /// A committed block as it was stored; nothing if there is none of that number. Blocks the thread.
    ///
    /// # Errors
    /// - [`Error::Damaged`]: the stored bytes are not those that were written; the block must not be served.
    /// - [`Error::Busy`], [`Error::Read`]
    pub fn block(&self, number: u64) -> Result<Option<Block>, Error> {
        let Some(bytes) = self.block_bytes(number)? else {
            return Ok(None);
        };
        let block = Block::decode(bytes).map_err(|cause| damaged(number, cause))?;
        Ok(Some(block))
    }

    /// As [`PeerLedger::block`], encoded.
    ///
    /// # Errors
    /// As [`PeerLedger::block`].
    pub fn block_bytes(&self, number: u64) -> Result<Option<Bytes>, Error> {
        if number >= self.height() {
            return Ok(None);
        }
        read_block(self.inner.readers.take()?.connection()?, number)
    }

    /// The number of the committed block whose header has this hash. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`]
    pub fn block_by_hash(&self, hash: &[u8]) -> Result<Option<u64>, Error> {
        let reader = self.inner.readers.take()?;
        let number = reader
            .connection()?
            .prepare_cached(sql::BLOCK_BY_HASH)
            .and_then(|mut statement| statement.query_row([hash], |row| row.get(0)).optional())
            .map_err(Error::reading("look for a block by its hash"))?;
        let number = number.map(unsigned).transpose()?;
        Ok(number.filter(|number| *number < self.height()))
    }

    /// The first transaction with this id, whatever became of it. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn tx(&self, tx_id: &str) -> Result<Option<TxLocation>, Error> {
        Snapshot::take(&self.inner.readers)?.tx(tx_id)
    }

    /// How far the channel is. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn info(&self) -> Result<Info, Error> {
        let snapshot = self.snapshot()?;
        read_info(snapshot.reader())
    }

    /// The newest collections that a definition of the chaincode had in block `block`: package and the block that committed it.
    /// Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn collection_config(
        &self,
        chaincode: &str,
        block: u64,
    ) -> Result<Option<(u64, Bytes)>, Error> {
        let reader = self.inner.readers.take()?;
        let block = i64::try_from(block).unwrap_or(i64::MAX);
        let found = reader
            .connection()?
            .prepare_cached(sql::CONFIG_HISTORY_READ)
            .and_then(|mut statement| {
                let row = (chaincode.as_bytes(), block);
                statement
                    .query_row(row, |row| Ok((row.get(0)?, bytes_of(row, 1)?)))
                    .optional()
            })
            .map_err(Error::reading("look for a collection's configuration"))?;
        found
            .map(|(block, package)| Ok((unsigned(block)?, package)))
            .transpose()
    }
}

/// The stored bytes of a block, compared with their checksum.
pub(super) fn read_block(connection: &Connection, number: u64) -> Result<Option<Bytes>, Error> {
    let found: Option<(Bytes, Bytes)> = connection
        .prepare_cached(sql::BLOCK_READ)
        .and_then(|mut statement| {
            statement
                .query_row([signed_or_max(number)], |row| {
                    Ok((bytes_of(row, 0)?, bytes_of(row, 1)?))
                })
                .optional()
        })
        .map_err(Error::reading("read a block"))?;
    let Some((checksum, bytes)) = found else {
        return Ok(None);
    };
    if sha256(&bytes) == *checksum {
        return Ok(Some(bytes));
    }
    Err(damaged(number, "its bytes do not match their checksum"))
}

pub(super) fn read_tx(connection: &Connection, tx_id: &str) -> Result<Option<TxLocation>, Error> {
    let found: Option<(i64, i64, i32)> = connection
        .prepare_cached(sql::TX_READ)
        .and_then(|mut statement| {
            statement
                .query_row([tx_id.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })
        .map_err(Error::reading("look for a transaction"))?;
    let Some((block, tx, code)) = found else {
        return Ok(None);
    };
    Ok(Some(TxLocation {
        block: unsigned(block)?,
        tx: unsigned(tx)?,
        code: TxValidationCode::try_from(code)
            .map_err(|cause| Error::damaged("a stored validation code", cause))?,
    }))
}

/// The channel's row and the hash before the last, read inside the reader's transaction.
fn read_info(reader: &Reader) -> Result<Info, Error> {
    let connection = reader.connection()?;
    let (numbers, hashes): ([i64; 3], [Bytes; 2]) = connection
        .prepare_cached(sql::CHANNEL_READ)
        .and_then(|mut statement| {
            statement.query_row([], |row| {
                let numbers = [row.get(3)?, row.get(4)?, row.get(7)?];
                Ok((numbers, [bytes_of(row, 5)?, bytes_of(row, 6)?]))
            })
        })
        .map_err(Error::reading("read the channel's row"))?;
    let ([height, stored, last_config], [last_hash, commit_hash]) = (numbers, hashes);
    let before: Option<Digest> = connection
        .prepare_cached(sql::BLOCK_HASH)
        .and_then(|mut statement| {
            statement
                .query_row([height.saturating_sub(2)], |row| row.get(0))
                .optional()
        })
        .map_err(Error::reading("read a block's hash"))?;
    let height = unsigned(height)?;
    let before = before.filter(|_| height >= 2);
    Ok(Info {
        height,
        stored: unsigned(stored)?,
        last_hash,
        previous_hash: before.map_or_else(Bytes::new, |hash| Bytes::copy_from_slice(&hash)),
        commit_hash,
        last_config: unsigned(last_config)?,
    })
}

fn damaged(number: u64, cause: impl Into<crate::Cause>) -> Error {
    Error::damaged(format!("block {number}"), cause)
}

/// A number beyond what can be stored is looked up as one that is not there.
fn signed_or_max(number: u64) -> i64 {
    signed(number).unwrap_or(i64::MAX)
}
