//! Destroying private values with all their history.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{Version, hash::sha256};
use prost::Message;
use proto::kvrwset::KvrwSet;
use rwset::UpdateBatch;
use sqlx::sqlite::SqliteConnection;

use crate::{
    Error, database,
    sql::{Values, peer as sql, unsigned},
};

/// Write sets that are looked through at a time.
const SETS_AT_A_TIME: usize = 64;

/// Purged keys by their hash, with the version below which everything goes.
pub(super) type Purged = BTreeMap<Bytes, Version>;

/// Takes the keys that `updates` purge out of all older write sets of their collections, and notes them for those that come late.
///
/// One pass over each collection that has a purge in the block; purges are rare.
pub(super) async fn purge(
    connection: &mut SqliteConnection,
    updates: &UpdateBatch,
) -> Result<(), Error> {
    for (namespace, collections) in &updates.hashed {
        for (collection, updates) in collections {
            let purged: Purged = updates
                .iter()
                .filter_map(|(key_hash, update)| Some((key_hash.clone(), update.purge?)))
                .collect();
            for (key_hash, version) in &purged {
                note(connection, namespace, collection, key_hash, *version).await?;
            }
            if let Some(end) = purged.values().max() {
                purge_sets(connection, namespace, collection, &purged, *end).await?;
            }
        }
    }
    Ok(())
}

/// What was purged in a collection so far.
pub(super) async fn purged(
    connection: &mut SqliteConnection,
    namespace: &str,
    collection: &str,
) -> Result<Purged, Error> {
    let mut values = Values::default();
    values
        .bytes(namespace.as_bytes())?
        .bytes(collection.as_bytes())?;
    let rows = sqlx::query_with(sql::PURGES_READ, values.into_arguments())
        .fetch_all(connection)
        .await
        .map_err(Error::writing("read what was purged"))?;
    rows.iter()
        .map(|row| {
            let key_hash: Vec<u8> = database::get(row, 0)?;
            Ok((key_hash.into(), version_of(row, 1)?))
        })
        .collect()
}

/// The write set at `version` without the keys purged later; nothing if it has none of them.
pub(super) fn without(
    bytes: &[u8],
    version: Version,
    purged: &Purged,
) -> Result<Option<Bytes>, Error> {
    if purged.is_empty() {
        return Ok(None);
    }
    let mut set =
        KvrwSet::decode(bytes).map_err(|cause| Error::damaged("a private write set", cause))?;
    let gone = |key: &str| {
        let purge = purged.get(sha256(key.as_bytes()).as_slice());
        purge.is_some_and(|purge| version < *purge)
    };
    let count = set.writes.len() + set.metadata_writes.len();
    set.writes.retain(|write| !gone(&write.key));
    set.metadata_writes.retain(|write| !gone(&write.key));
    let changed = count != set.writes.len() + set.metadata_writes.len();
    Ok(changed.then(|| set.encode_to_vec().into()))
}

async fn note(
    connection: &mut SqliteConnection,
    namespace: &str,
    collection: &str,
    key_hash: &Bytes,
    version: Version,
) -> Result<(), Error> {
    let mut values = Values::default();
    values
        .bytes(namespace.as_bytes())?
        .bytes(collection.as_bytes())?
        .bytes(key_hash)?
        .number(version.block)?
        .number(version.tx)?;
    sqlx::query_with(sql::PURGE_PUT, values.into_arguments())
        .execute(connection)
        .await
        .map_err(Error::writing("note a purge"))?;
    Ok(())
}

/// Goes through the sets of a collection below `end`, a few at a time: they may be more than fit into memory.
async fn purge_sets(
    connection: &mut SqliteConnection,
    namespace: &str,
    collection: &str,
    purged: &Purged,
    end: Version,
) -> Result<(), Error> {
    let mut start = Version::default();
    loop {
        let mut values = Values::default();
        values
            .bytes(namespace.as_bytes())?
            .bytes(collection.as_bytes())?
            .number(start.block)?
            .number(start.tx)?
            .number(end.block)?
            .number(end.tx)?
            .number(SETS_AT_A_TIME as u64)?;
        let rows = sqlx::query_with(sql::PRIVATE_SETS_BELOW, values.into_arguments())
            .fetch_all(&mut *connection)
            .await
            .map_err(Error::writing("read old private write sets"))?;
        for row in &rows {
            let version = version_of(row, 0)?;
            let bytes: Vec<u8> = database::get(row, 2)?;
            if let Some(kept) = without(&bytes, version, purged)? {
                replace(connection, namespace, collection, version, &kept).await?;
            }
            start = Version {
                tx: version.tx.saturating_add(1),
                ..version
            };
        }
        if rows.len() < SETS_AT_A_TIME {
            return Ok(());
        }
    }
}

async fn replace(
    connection: &mut SqliteConnection,
    namespace: &str,
    collection: &str,
    version: Version,
    kept: &Bytes,
) -> Result<(), Error> {
    let mut values = Values::default();
    values
        .number(version.block)?
        .number(version.tx)?
        .bytes(namespace.as_bytes())?
        .bytes(collection.as_bytes())?
        .bytes(kept)?;
    sqlx::query_with(sql::PRIVATE_SET_REPLACE, values.into_arguments())
        .execute(connection)
        .await
        .map_err(Error::writing("purge a private write set"))?;
    Ok(())
}

/// Block and transaction, from column `index` on.
fn version_of(row: &sqlx::sqlite::SqliteRow, index: usize) -> Result<Version, Error> {
    Ok(Version {
        block: unsigned(database::get(row, index)?)?,
        tx: unsigned(database::get(row, index + 1)?)?,
    })
}
