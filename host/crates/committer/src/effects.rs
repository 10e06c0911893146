//! What a block leaves behind besides the state: indexes, history, expiry, collection history.

use std::collections::BTreeMap;

use ledger::{CollectionConfig, ExpiryRow, HistoryRow, TxRow};
use lifecycle::{Definition, NAMESPACE, defined_by_key, definition, definition_keys};
use model::Block;
use model::envelope::tx_id_as_exported;
use prost::Message as _;
use rwset::{
    MemoryState, StateReader, TxRwSet, UpdateBatch, Verdict, VersionedValue, expiry_block,
};

use crate::Error;

/// The index entries of all of a block's transactions, malformed ones included.
pub(crate) fn tx_rows(block: &Block, verdicts: &[Verdict]) -> Vec<TxRow> {
    let rows = (0_u64..).zip(&block.data).zip(verdicts);
    rows.map(|((tx, entry), verdict)| TxRow {
        tx,
        tx_id: tx_id_as_exported(entry),
        code: verdict.code,
    })
    .collect()
}

/// The public keys that valid transactions wrote.
pub(crate) fn history(valid: &[(u64, &TxRwSet)]) -> Vec<HistoryRow> {
    let mut rows = Vec::new();
    for (tx, rwset) in valid {
        for namespace in rwset.namespaces() {
            let row = |(key, _): (&str, _)| HistoryRow {
                tx: *tx,
                namespace: namespace.name().to_owned(),
                key: key.to_owned(),
            };
            rows.extend(namespace.writes().map(row));
        }
    }
    // A transaction may name a key twice; its history has it once.
    rows.sort_by(|a, b| (a.tx, &a.namespace, &a.key).cmp(&(b.tx, &b.namespace, &b.key)));
    rows.dedup();
    rows
}

/// The explicit collections of every definition that this block commits.
pub(crate) fn config_history(
    reader: &dyn StateReader,
    updates: &UpdateBatch,
) -> Result<Vec<CollectionConfig>, Error> {
    let Some(written) = updates.public.get(NAMESPACE) else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for chaincode in written.keys().filter_map(|key| defined_by_key(key)) {
        let Some(definition) = definition_after(reader, updates, chaincode)? else {
            continue;
        };
        if !definition.collections.config.is_empty() {
            let package = definition.collections.encode_to_vec().into();
            rows.push(CollectionConfig {
                chaincode: chaincode.to_owned(),
                package,
            });
        }
    }
    Ok(rows)
}

/// A definition as the block leaves it; `None` too where it does not decode.
fn definition_after(
    reader: &dyn StateReader,
    updates: &UpdateBatch,
    chaincode: &str,
) -> Result<Option<Definition>, Error> {
    let mut after = MemoryState::default();
    for key in definition_keys(chaincode) {
        let row = match updates.get(NAMESPACE, &key) {
            Some(update) => update.value.clone().map(|value| VersionedValue {
                value,
                metadata: update.metadata.clone(),
                version: update.version,
            }),
            None => reader.get(NAMESPACE, &key)?,
        };
        if let Some(row) = row {
            after.put_row(NAMESPACE, &key, row);
        }
    }
    known(definition(&after, chaincode))
}

/// When each hashed key that this block writes is to go, for collections with a blockToLive.
pub(crate) fn expiry(
    reader: &dyn StateReader,
    block: u64,
    updates: &UpdateBatch,
) -> Result<Vec<ExpiryRow>, Error> {
    let mut definitions: BTreeMap<&str, Option<Definition>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (namespace, collection, key_hash, update) in updates.hashed_updates() {
        if update.value.is_none() {
            continue;
        }
        let definition = match definitions.get(namespace) {
            Some(definition) => definition,
            None => {
                let found = known(definition(reader, namespace))?;
                definitions.entry(namespace).or_insert(found)
            }
        };
        let declared = definition
            .as_ref()
            .and_then(|definition| definition.collection(collection));
        let Some(at) = declared.and_then(|declared| expiry_block(block, declared.block_to_live))
        else {
            continue;
        };
        let (namespace, collection) = (namespace.to_owned(), collection.to_owned());
        rows.push(ExpiryRow {
            at,
            namespace,
            collection,
            key_hash: key_hash.clone(),
        });
    }
    Ok(rows)
}

/// A definition that cannot be read as one counts as none; only the state itself can fail.
pub(crate) fn known(
    found: Result<Option<Definition>, lifecycle::Error>,
) -> Result<Option<Definition>, Error> {
    match found {
        Ok(found) => Ok(found),
        Err(lifecycle::Error::State(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
