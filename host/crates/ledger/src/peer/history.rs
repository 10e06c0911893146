//! What a key's history says: the index tells the transactions, their blocks tell the rest.

use bytes::Bytes;
use model::{
    Block, Version,
    transaction::{Content, Endorsed, Opened},
};
use rusqlite::Connection;
use rwset::{KeyModification, TxRwSet};

use super::{blocks::read_block, snapshot::Page};
use crate::{
    Error,
    sql::{peer as sql, signed, unsigned},
};

/// Blocks that may be read for a page, in multiples of the bytes that it may have: values are small parts of their blocks.
const BLOCK_BYTES_FACTOR: usize = 16;

/// The changes of a key, newest first, at most `limit`, only those below `below` if it is given.
pub(super) fn read(
    connection: &Connection,
    namespace: &str,
    key: &str,
    below: Option<Version>,
    limit: usize,
) -> Result<Vec<KeyModification>, Error> {
    let page = read_page(connection, (namespace, key), below, limit, usize::MAX)?;
    Ok(page.rows)
}

/// The changes of a key, as [`read`] gives them, and none after the one with which the values have `bytes_max` bytes or the blocks
/// read [`BLOCK_BYTES_FACTOR`] times as many.
pub(super) fn read_page(
    connection: &Connection,
    (namespace, key): (&str, &str),
    below: Option<Version>,
    limit: usize,
    bytes_max: usize,
) -> Result<Page<KeyModification>, Error> {
    let versions = read_versions(connection, namespace, key, below, limit.saturating_add(1))?;
    let mut rows = Vec::new();
    let (mut value_bytes, mut block_bytes) = (0_usize, 0_usize);
    // Versions come sorted, so keeping one block reads each once.
    let mut kept: Option<Block> = None;
    for version in versions {
        if rows.len() >= limit
            || value_bytes >= bytes_max
            || block_bytes / BLOCK_BYTES_FACTOR >= bytes_max
        {
            return Ok(Page { rows, more: true });
        }
        let block = match kept.take().filter(|block| block.number == version.block) {
            Some(block) => block,
            None => {
                let bytes = block_of(connection, version.block)?;
                block_bytes = block_bytes.saturating_add(bytes.len());
                decode_block(bytes, version.block)?
            }
        };
        let change = change_of(&block, version, namespace, key)?;
        value_bytes = value_bytes.saturating_add(change.value.len());
        rows.push(change);
        kept = Some(block);
    }
    Ok(Page { rows, more: false })
}

pub(super) fn read_versions(
    connection: &Connection,
    namespace: &str,
    key: &str,
    below: Option<Version>,
    limit: usize,
) -> Result<Vec<Version>, Error> {
    let (namespace, key) = (namespace.as_bytes(), key.as_bytes());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let numbers = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let rows: Vec<(i64, i64)> = match below {
        None => connection
            .prepare_cached(sql::HISTORY_READ)
            .and_then(|mut statement| {
                statement
                    .query_map((namespace, key, limit), numbers)?
                    .collect()
            }),
        Some(below) => {
            let block = signed(below.block).unwrap_or(i64::MAX);
            let tx = signed(below.tx).unwrap_or(i64::MAX);
            connection
                .prepare_cached(sql::HISTORY_BELOW)
                .and_then(|mut statement| {
                    statement
                        .query_map((namespace, key, block, tx, limit), numbers)?
                        .collect()
                })
        }
    }
    .map_err(Error::reading("read a key's history"))?;
    rows.into_iter()
        .map(|(block, tx)| {
            Ok(Version {
                block: unsigned(block)?,
                tx: unsigned(tx)?,
            })
        })
        .collect()
}

fn block_of(connection: &Connection, number: u64) -> Result<Bytes, Error> {
    read_block(connection, number)?
        .ok_or_else(|| Error::damaged(format!("block {number}"), "it is missing"))
}

fn decode_block(bytes: Bytes, number: u64) -> Result<Block, Error> {
    Block::decode(bytes).map_err(|cause| Error::damaged(format!("block {number}"), cause))
}

/// What transaction `version` did to the key. Of several writes of the key in one set the first counts, as in Fabric
/// (core/ledger/kvledger/history/query_executer.go).
fn change_of(
    block: &Block,
    version: Version,
    namespace: &str,
    key: &str,
) -> Result<KeyModification, Error> {
    let damaged = || {
        let what = format!("transaction {} of block {}", version.tx, version.block);
        Error::damaged(what, "it does not hold the write that the index names")
    };
    let entry = usize::try_from(version.tx)
        .ok()
        .and_then(|tx| block.data.get(tx));
    let (endorsed, set) = entry.and_then(open).ok_or_else(damaged)?;
    let value = set
        .namespaces()
        .iter()
        .filter(|found| found.name() == namespace)
        .flat_map(|found| found.writes())
        .find_map(|(found, value)| (found == key).then(|| value.cloned()))
        .ok_or_else(damaged)?;
    Ok(KeyModification {
        tx_id: endorsed.tx_id.as_str().to_owned(),
        is_delete: value.is_none(),
        // A slice would keep the whole block in memory.
        value: Bytes::copy_from_slice(&value.unwrap_or_default()),
        timestamp: endorsed.payload.channel_header.message.timestamp,
        version,
    })
}

fn open(entry: &Bytes) -> Option<(Box<Endorsed>, TxRwSet)> {
    let Content::Endorsed(endorsed) = Opened::parse(entry).ok()?.content().ok()? else {
        return None;
    };
    let set = TxRwSet::parse(endorsed.action().ok()?.read_write_set()).ok()?;
    Some((endorsed, set))
}
