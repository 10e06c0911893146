//! Private values in the clear: whether they are what a transaction's hashes say, and what becomes of them in the state.
//!
//! Fabric: core/ledger/kvledger/txmgmt/validation/batch_preparer.go.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::{Version, hash::sha256};
use proto::FromWire;
use proto::{kvrwset::KvrwSet, rwset::TxPvtReadWriteSet};

use crate::{StateError, StateReader, TxRwSet, UpdateBatch, tx::deletes};

/// A valid transaction together with the private write sets that this peer has of it.
#[derive(Debug, Clone, Copy)]
pub struct PrivateTx<'a> {
    /// The transaction's place in the block.
    pub version: Version,
    /// What the block says of it.
    pub rwset: &'a TxRwSet,
    /// What came beside the block; from whom does not matter, since it is compared with the hashes.
    pub private: &'a TxPvtReadWriteSet,
}

/// The new state of one private key. Keys to be purged are found with [`UpdateBatch::purges`], by their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateUpdate {
    /// The collection's namespace.
    pub namespace: String,
    /// The collection.
    pub collection: String,
    /// The key.
    pub key: String,
    /// The new value; none deletes the key.
    pub value: Option<Bytes>,
    /// The transaction that wrote last.
    pub version: Version,
}

/// What a block changes in the private state of this peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivateUpdates {
    /// One entry a key, in the order of namespace, collection and key.
    pub updates: Vec<PrivateUpdate>,
    /// What could not be used. The block is committed without it, as if it had never come.
    pub refused: Vec<Refused>,
}

/// A collection's private write set that is not the one its transaction's hash belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The transaction.
    pub version: Version,
    /// The collection's namespace.
    pub namespace: String,
    /// The collection.
    pub collection: String,
}

type PrivateKey = (String, String, String);
type Latest = BTreeMap<PrivateKey, (Option<Bytes>, Version)>;

/// Checks the private write sets of a block's valid transactions, given in block order, and merges them.
///
/// `batch` is what [`validate_block`](crate::validate_block) gave for the block: a transaction that changed only a hashed
/// key's metadata moves the private key's version along, so that the two stay equal.
///
/// # Errors
/// The state could not be read.
pub fn private_updates(
    reader: &dyn StateReader,
    batch: &UpdateBatch,
    txs: &[PrivateTx<'_>],
) -> Result<PrivateUpdates, StateError> {
    let mut latest = Latest::new();
    let mut metadata_keys = BTreeSet::new();
    let mut refused = Vec::new();
    for tx in txs {
        for namespace in &tx.private.ns_pvt_rwset {
            for collection in &namespace.collection_pvt_rwset {
                let names = (&namespace.namespace, &collection.collection_name);
                match checked(tx.rwset, names.0, names.1, &collection.rwset) {
                    Some(set) => add(&mut latest, &mut metadata_keys, names, set, tx.version),
                    None => refused.push(Refused {
                        version: tx.version,
                        namespace: names.0.clone(),
                        collection: names.1.clone(),
                    }),
                }
            }
        }
    }
    for key in metadata_keys {
        move_version(reader, batch, &mut latest, key)?;
    }
    Ok(PrivateUpdates {
        updates: latest.into_iter().map(update).collect(),
        refused,
    })
}

/// The decoded set, if it is the one whose hash the transaction carries.
fn checked(rwset: &TxRwSet, namespace: &str, collection: &str, bytes: &Bytes) -> Option<KvrwSet> {
    let expected = rwset.private_hash(namespace, collection)?;
    if sha256(bytes).as_slice() != expected {
        return None;
    }
    KvrwSet::from_wire(bytes.clone()).ok()
}

fn add(
    latest: &mut Latest,
    metadata_keys: &mut BTreeSet<PrivateKey>,
    (namespace, collection): (&String, &String),
    set: KvrwSet,
    version: Version,
) {
    for write in set.writes {
        let value = (!deletes(&write)).then_some(write.value);
        let key = (namespace.clone(), collection.clone(), write.key);
        latest.insert(key, (value, version));
    }
    for write in set.metadata_writes {
        metadata_keys.insert((namespace.clone(), collection.clone(), write.key));
    }
}

/// Gives a private key the version of its hashed key, if its value is the one hashed.
fn move_version(
    reader: &dyn StateReader,
    batch: &UpdateBatch,
    latest: &mut Latest,
    key: PrivateKey,
) -> Result<(), StateError> {
    let (namespace, collection, name) = &key;
    let Some(hashed) = batch.get_hashed(namespace, collection, &sha256(name.as_bytes())) else {
        return Ok(());
    };
    let found = match latest.get(&key) {
        Some((value, version)) => value.clone().map(|value| (value, *version)),
        None => reader
            .get_private(namespace, collection, name)?
            .map(|found| (found.value, found.version)),
    };
    let Some((value, version)) = found else {
        return Ok(());
    };
    let is_hashed = hashed.value.as_deref() == Some(sha256(&value).as_slice());
    if version != hashed.version && is_hashed {
        latest.insert(key, (Some(value), hashed.version));
    }
    Ok(())
}

fn update(
    ((namespace, collection, key), (value, version)): (PrivateKey, (Option<Bytes>, Version)),
) -> PrivateUpdate {
    PrivateUpdate {
        namespace,
        collection,
        key,
        value,
        version,
    }
}
