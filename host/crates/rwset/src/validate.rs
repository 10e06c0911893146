//! Serial validation of a block: each transaction against the state that the blocks and transactions before it leave.
//!
//! Fabric: core/ledger/kvledger/txmgmt/validation/validator.go.

use bytes::Bytes;
use model::{TxValidationCode, Version};

use crate::{
    Conflict, NamespaceRwSet, Now, StateError, StateReader, TxRwSet, Update, UpdateBatch, Verdict,
    committed::Committed, range_check, writes,
};

/// A transaction of a block, as far as serial validation is concerned.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockTx<'a> {
    /// Found invalid before: it counts in the numbering only.
    Invalid,
    /// An endorsed transaction that has passed all other checks.
    Endorser(&'a TxRwSet),
    /// A configuration transaction that has passed all checks. It reads nothing and writes one key of namespace `""`.
    Config {
        /// The key, `CHANNEL_CONFIG_ENV_BYTES`.
        key: &'a str,
        /// The configuration envelope, byte for byte.
        value: Bytes,
    },
}

/// Checks the transactions of block `block` in order and merges the writes of the valid ones.
///
/// A transaction is valid if it would read the same keys, versions and ranges now, after the valid ones before it. A key that
/// one of these has written, deleted or given new metadata conflicts in any case. There is a verdict for each transaction;
/// versions in the batch are those of this block. `reader` shows the block before.
///
/// # Errors
/// The state could not be read. Nothing in a block can cause it.
pub fn validate_block(
    reader: &dyn StateReader,
    block: u64,
    txs: &[BlockTx<'_>],
) -> Result<(Vec<Verdict>, UpdateBatch), StateError> {
    let committed = Committed::load(reader, txs)?;
    let mut batch = UpdateBatch::default();
    let mut verdicts = Vec::with_capacity(txs.len());
    for (tx, index) in txs.iter().zip(0..) {
        let version = Version { block, tx: index };
        let cause = match tx {
            BlockTx::Invalid => {
                verdicts.push(Verdict {
                    code: TxValidationCode::NotValidated,
                    cause: None,
                });
                continue;
            }
            BlockTx::Config { key, value } => {
                batch.put("", key, config_update(value.clone(), version));
                None
            }
            BlockTx::Endorser(rwset) => {
                let conflict = find_conflict(reader, &committed, &batch, rwset)?;
                if conflict.is_none() {
                    writes::apply(reader, &committed, &mut batch, rwset, version)?;
                }
                conflict
            }
        };
        verdicts.push(Verdict {
            code: code(cause.as_ref()),
            cause,
        });
    }
    Ok((verdicts, batch))
}

fn config_update(value: Bytes, version: Version) -> Update {
    Update {
        version,
        value: Some(value),
        metadata: Bytes::new(),
        purge: None,
    }
}

fn code(cause: Option<&Conflict>) -> TxValidationCode {
    match cause {
        None => TxValidationCode::Valid,
        Some(Conflict::Read { .. } | Conflict::HashedRead { .. }) => {
            TxValidationCode::MvccReadConflict
        }
        Some(Conflict::Range { .. }) => TxValidationCode::PhantomReadConflict,
    }
}

/// The first conflict, in Fabric's order: by namespace as found, in each public reads, ranges, hashed reads.
fn find_conflict(
    reader: &dyn StateReader,
    committed: &Committed<'_>,
    batch: &UpdateBatch,
    rwset: &TxRwSet,
) -> Result<Option<Conflict>, StateError> {
    for namespace in rwset.namespaces() {
        if let Some(conflict) = stale_read(committed, batch, namespace) {
            return Ok(Some(conflict));
        }
        if let Some(conflict) = changed_range(reader, batch, namespace)? {
            return Ok(Some(conflict));
        }
        if let Some(conflict) = stale_hashed_read(committed, batch, namespace) {
            return Ok(Some(conflict));
        }
    }
    Ok(None)
}

fn stale_read(
    committed: &Committed<'_>,
    batch: &UpdateBatch,
    namespace: &NamespaceRwSet,
) -> Option<Conflict> {
    namespace.reads().find_map(|(key, read)| {
        let name = namespace.name();
        let now = changed(read, batch.get(name, key), || committed.version(name, key))?;
        Some(Conflict::Read {
            namespace: name.to_owned(),
            key: key.to_owned(),
            read,
            now,
        })
    })
}

fn stale_hashed_read(
    committed: &Committed<'_>,
    batch: &UpdateBatch,
    namespace: &NamespaceRwSet,
) -> Option<Conflict> {
    let name = namespace.name();
    namespace.collections().iter().find_map(|collection| {
        collection.reads().find_map(|(key_hash, read)| {
            let update = batch.get_hashed(name, collection.name(), key_hash);
            let now = changed(read, update, || {
                committed.hashed_version(name, collection.name(), key_hash)
            })?;
            Some(Conflict::HashedRead {
                namespace: name.to_owned(),
                collection: collection.name().to_owned(),
                key_hash: key_hash.clone(),
                read,
                now,
            })
        })
    })
}

fn changed_range(
    reader: &dyn StateReader,
    batch: &UpdateBatch,
    namespace: &NamespaceRwSet,
) -> Result<Option<Conflict>, StateError> {
    for range in &namespace.public.range_queries_info {
        if let Some(difference) = range_check::difference(reader, batch, namespace.name(), range)? {
            return Ok(Some(Conflict::Range {
                namespace: namespace.name().to_owned(),
                start: range.start_key.clone(),
                end: range.end_key.clone(),
                difference,
            }));
        }
    }
    Ok(None)
}

/// How the key is now, if that is not as it was read.
fn changed(
    read: Option<Version>,
    update: Option<&Update>,
    committed: impl FnOnce() -> Option<Version>,
) -> Option<Now> {
    if let Some(update) = update {
        return Some(Now::SameBlock(update.version));
    }
    let committed = committed();
    (committed != read).then_some(Now::Committed(committed))
}
