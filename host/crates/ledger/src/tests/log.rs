//! What the tests of the Raft log put into it. The crash tests use it too.

use std::path::Path;

use bytes::Bytes;
use model::Block;

use super::{
    chain::{Chain, channel},
    wait,
};
use crate::{
    Applied, Config, Effect, EntryKind, Error, LogEntry, LogId, OrdererLedger, batch_payload,
    transactions_of,
};

pub(super) fn id(index: u64) -> LogId {
    LogId {
        term: 1 + index / 10,
        leader: 7,
        index,
    }
}

/// The batch that stands at `index` in every log of these tests.
pub(super) fn batch(index: u64) -> LogEntry {
    let transactions = (0..=index % 3).map(|tx| Bytes::from(format!("transaction {index}.{tx}")));
    LogEntry {
        id: id(index),
        kind: EntryKind::Batch,
        payload: batch_payload(transactions.collect()),
    }
}

/// The block that follows on the ledger's last one, made from `entry` as an orderer would, signed with `signature`.
pub(super) fn block_of(
    ledger: &OrdererLedger,
    entry: &LogEntry,
    signature: &'static str,
) -> Applied {
    let transactions = transactions_of(&entry.payload).unwrap();
    let previous = Bytes::copy_from_slice(&ledger.last_hash().unwrap());
    let mut block = Block::new(ledger.height(), previous, transactions);
    block.metadata[0] = Bytes::from_static(signature.as_bytes());
    Applied {
        id: entry.id,
        effect: Effect::Block(Box::new(block)),
    }
}

pub(super) fn create(folder: &Path) -> Result<OrdererLedger, Error> {
    let (_, genesis) = Chain::started(51);
    let (channel, config) = (channel(), Config::default());
    wait(OrdererLedger::create(
        folder,
        &channel,
        &genesis.block,
        config,
    ))
}
