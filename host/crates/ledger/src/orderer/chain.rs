//! The chain: blocks whose data is in the log.

use bytes::Bytes;
use model::{Block, Digest, block::compute_data_hash};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Transaction};
use tokio::sync::watch;

use super::{
    EntryKind, LogId, OrdererLedger,
    log::{put_id, read_id},
    transactions_of,
};
use crate::{
    Error,
    direct::Sync,
    sql::{orderer as sql, signed, unsigned},
};

/// A committed log entry and what came of it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The entry.
    pub id: LogId,
    /// What came of it.
    pub effect: Effect,
}

/// What applying a log entry does.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing, but that it was applied.
    Nothing,
    /// These are the members now, in the caller's encoding.
    Membership(Bytes),
    /// A block was made from the entry's batch: number, hashes and metadata as they are to be served.
    Block(Box<Block>),
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) height: u64,
    pub(super) hash: Option<Digest>,
}

impl OrdererLedger {
    /// Number of blocks; the next one has this number.
    #[must_use]
    pub fn height(&self) -> u64 {
        *self.inner.height.borrow()
    }

    /// The height, and each new one when its block can be read. A slow receiver sees the last only.
    #[must_use]
    pub fn watch_height(&self) -> watch::Receiver<u64> {
        self.inner.height.subscribe()
    }

    /// Header hash of the last block, which the next one must name.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn last_hash(&self) -> Result<Digest, Error> {
        let tip = self.inner.writer.read(read_tip)?;
        tip.hash
            .ok_or_else(|| Error::damaged("the chain", "it has no block 0"))
    }

    /// Writes what came of committed entries, in one transaction that is not waited for. See [`OrdererLedger`] for what a power cut
    /// does to it.
    ///
    /// A block that is stored already, because blocks were fetched from elsewhere, must have the same header and is left as it is.
    ///
    /// # Errors
    /// - [`Error::Gap`], [`Error::OtherPrevious`], [`Error::Diverged`]: a block does not belong there. Nothing was written.
    /// - [`Error::LogIndex`]: the entry is not there, or is no batch, or was applied before.
    /// - [`Error::DiskFull`]: nothing was written; try again when there is room.
    /// - [`Error::Broken`]: the disk. From then on [`Error::Stopped`].
    pub fn apply(&self, applied: &[Applied]) -> Result<(), Error> {
        let Some(last) = applied.last() else {
            return Ok(());
        };
        let what = "write blocks";
        let tip = self.inner.writer.write(Sync::Later, what, |transaction| {
            let mut before = read_id(transaction, 9)?;
            for one in applied {
                if before.is_some_and(|before| one.id.index <= before.index) {
                    return Err(Error::LogIndex {
                        got: one.id.index,
                        reason: "it was applied before",
                    });
                }
                apply_one(transaction, one)?;
                before = Some(one.id);
            }
            put_id(transaction, sql::APPLIED_PUT, Some(last.id))?;
            read_tip(transaction)
        })?;
        self.publish(tip.height);
        Ok(())
    }

    /// Stores blocks that were fetched from another orderer, with their data. Durable when it returns.
    ///
    /// # Errors
    /// As [`OrdererLedger::apply`], but [`Error::LogIndex`].
    pub fn store_fetched(&self, blocks: &[Block]) -> Result<(), Error> {
        let what = "store fetched blocks";
        let tip = self.inner.writer.write(Sync::Full, what, |transaction| {
            for block in blocks {
                put_block(transaction, block, None)?;
            }
            read_tip(transaction)
        })?;
        self.publish(tip.height);
        Ok(())
    }

    /// Notes that everything up to `id` is applied, with these members, because a snapshot said so and the blocks were fetched.
    /// Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::DiskFull`], [`Error::Stopped`]: the disk.
    pub fn install(&self, id: Option<LogId>, membership: &Bytes) -> Result<(), Error> {
        let what = "install a snapshot";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            put_membership(transaction, membership)?;
            put_id(transaction, sql::APPLIED_PUT, id)
        })?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// The last entry whose effect is in the chain, and the members as of it (empty if none were ever noted).
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn applied(&self) -> Result<(Option<LogId>, Bytes), Error> {
        self.inner.writer.read(|connection| {
            let membership: Vec<u8> = connection
                .query_row(sql::RAFT_READ, [], |row| row.get(12))
                .map_err(Error::reading("read Raft's notes"))?;
            Ok((read_id(connection, 9)?, membership.into()))
        })
    }

    /// A block with its data; nothing if there is none of that number.
    ///
    /// # Errors
    /// - [`Error::Damaged`]: the stored parts do not belong together; the block must not be served.
    /// - [`Error::Busy`], [`Error::Read`]
    pub fn block(&self, number: u64) -> Result<Option<Block>, Error> {
        let reader = self.inner.readers.take()?;
        read_block(reader.connection()?, number)
    }

    fn publish(&self, height: u64) {
        self.inner
            .height
            .send_if_modified(|known| std::mem::replace(known, height) != height);
        self.inner.checkpointer.hint();
    }
}

fn apply_one(transaction: &Transaction<'_>, applied: &Applied) -> Result<(), Error> {
    match &applied.effect {
        Effect::Nothing => Ok(()),
        Effect::Membership(membership) => put_membership(transaction, membership),
        Effect::Block(block) => {
            check_batch(transaction, applied.id.index, block)?;
            put_block(transaction, block, Some(applied.id.index))
        }
    }
}

/// Looks that the entry carries a batch of the block's size. Whether it is the block's batch is seen whenever the block is read.
fn check_batch(transaction: &Transaction<'_>, index: u64, block: &Block) -> Result<(), Error> {
    let refused = |reason| Error::LogIndex { got: index, reason };
    let found: Option<(i64, i64)> = transaction
        .prepare_cached(sql::LOG_SHAPE)
        .and_then(|mut statement| {
            statement
                .query_row([signed(index).unwrap_or(i64::MAX)], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })
        .map_err(Error::writing_directly("read a log entry"))?;
    let (kind, size) = found.ok_or_else(|| refused("there is no such entry"))?;
    if EntryKind::from_number(kind)? != EntryKind::Batch {
        return Err(refused("it is no batch"));
    }
    let data = block.to_proto().data.unwrap_or_default();
    if i64::try_from(data.encoded_len()) != Ok(size) {
        return Err(refused("its batch is not the block's"));
    }
    Ok(())
}

/// Appends a block to the chain; its data is in log row `log_index`, or goes into the block's row.
pub(super) fn put_block(
    transaction: &Transaction<'_>,
    block: &Block,
    log_index: Option<u64>,
) -> Result<(), Error> {
    let tip = read_tip(transaction)?;
    let hash = block.header_hash();
    if block.number < tip.height {
        let stored = read_hash(transaction, block.number)?;
        return match stored == Some(hash) {
            true => Ok(()),
            false => Err(Error::Diverged {
                number: block.number,
            }),
        };
    }
    if block.number > tip.height {
        return Err(Error::Gap {
            height: tip.height,
            got: block.number,
        });
    }
    if tip
        .hash
        .is_some_and(|last| block.previous_hash != *last.as_slice())
    {
        return Err(Error::OtherPrevious {
            number: block.number,
        });
    }
    let message = block.to_proto();
    let data = match log_index {
        Some(_) => None,
        None => Some(message.data.unwrap_or_default().encode_to_vec()),
    };
    let row = (
        signed(block.number)?,
        hash,
        message.header.unwrap_or_default().encode_to_vec(),
        message.metadata.unwrap_or_default().encode_to_vec(),
        log_index.map(signed).transpose()?,
        data,
    );
    transaction
        .prepare_cached(sql::BLOCK_PUT)
        .and_then(|mut statement| statement.execute(row))
        .map_err(Error::writing_directly("write a block"))?;
    Ok(())
}

fn put_membership(transaction: &Transaction<'_>, membership: &Bytes) -> Result<(), Error> {
    transaction
        .execute(sql::MEMBERSHIP_PUT, [membership.as_ref()])
        .map_err(Error::writing_directly("note the members"))?;
    Ok(())
}

pub(super) fn read_tip(connection: &Connection) -> Result<Tip, Error> {
    let row: Option<(i64, Digest)> = connection
        .prepare_cached(sql::BLOCK_LAST)
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(Error::reading("read the last block"))?;
    let Some((number, hash)) = row else {
        return Ok(Tip {
            height: 0,
            hash: None,
        });
    };
    Ok(Tip {
        height: unsigned(number)?.saturating_add(1),
        hash: Some(hash),
    })
}

fn read_hash(connection: &Connection, number: u64) -> Result<Option<Digest>, Error> {
    connection
        .query_row(sql::BLOCK_HASH, [signed(number)?], |row| row.get(0))
        .optional()
        .map_err(Error::reading("read a block's hash"))
}

/// Header hash, header, metadata, and the data if it is anywhere.
type StoredBlock = (Digest, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// Header, data from wherever it is, metadata; checked against the stored header hash and the header's data hash.
fn read_block(connection: &Connection, number: u64) -> Result<Option<Block>, Error> {
    let Ok(stored_number) = signed(number) else {
        return Ok(None);
    };
    let columns = |row: &rusqlite::Row<'_>| {
        let data: Option<Vec<u8>> = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, data))
    };
    let found: Option<StoredBlock> = connection
        .prepare_cached(sql::BLOCK_READ)
        .and_then(|mut statement| statement.query_row([stored_number], columns).optional())
        .map_err(Error::reading("read a block"))?;
    let Some((hash, header, metadata, data)) = found else {
        return Ok(None);
    };
    let damaged = |cause: crate::Cause| Error::damaged(format!("block {number}"), cause);
    let data = data.ok_or_else(|| damaged("its log entry is missing".into()))?;
    let message = proto::common::Block {
        header: Some(decode(&header).map_err(|cause| damaged(cause.into()))?),
        data: None,
        metadata: Some(decode(&metadata).map_err(|cause| damaged(cause.into()))?),
    };
    let mut block = Block::from_proto(message).map_err(|cause| damaged(cause.into()))?;
    block.data = transactions_of(&data.into())?;
    if block.header_hash() != hash || block.data_hash != compute_data_hash(&block.data).as_slice() {
        return Err(damaged("its parts do not belong together".into()));
    }
    Ok(Some(block))
}

fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, prost::DecodeError> {
    M::decode(bytes)
}
