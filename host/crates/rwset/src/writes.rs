//! What a valid transaction's writes make of the state.
//!
//! Fabric adds up, for each key, a number per entry of the write set and goes by the sum; that is only strange for entries
//! that a well-made set does not have, and these can be in a block. Fabric: core/ledger/kvledger/txmgmt/validation/tx_ops.go.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::Version;
use proto::kvrwset::KvMetadataEntry;

use crate::{
    StateError, StateReader, TxRwSet, Update, UpdateBatch,
    committed::Committed,
    metadata,
    tx::{deletes, deletes_hashed},
};

const VALUE: u8 = 1;
const METADATA: u8 = 2;
const NO_METADATA: u8 = 4;
const DELETION: u8 = 8;

/// A key that a transaction writes. Public keys come before hashed ones, which is of no consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target<'a> {
    Public {
        namespace: &'a str,
        key: &'a str,
    },
    Hashed {
        namespace: &'a str,
        collection: &'a str,
        key_hash: &'a Bytes,
    },
}

/// What all entries of one key say together.
#[derive(Debug, Default)]
struct Entries {
    /// The sum of the entries' numbers, as a byte.
    sum: u8,
    value: Option<Bytes>,
    metadata: Bytes,
    purge: bool,
}

impl Entries {
    fn add_value(&mut self, value: &Bytes) {
        self.sum = self.sum.wrapping_add(VALUE);
        self.value = Some(value.clone());
    }

    fn add_deletion(&mut self) {
        self.sum = self.sum.wrapping_add(DELETION);
    }

    fn add_metadata(&mut self, entries: &[KvMetadataEntry]) {
        if entries.is_empty() {
            self.sum = self.sum.wrapping_add(NO_METADATA);
        } else {
            self.sum = self.sum.wrapping_add(METADATA);
            self.metadata = metadata::stored(entries);
        }
    }
}

/// Enters the writes of a valid transaction into the batch.
pub(crate) fn apply(
    reader: &dyn StateReader,
    committed: &Committed<'_>,
    batch: &mut UpdateBatch,
    rwset: &TxRwSet,
    version: Version,
) -> Result<(), StateError> {
    for (target, entries) in collect(rwset) {
        let Some(update) = resolve(reader, committed, batch, target, entries, version)? else {
            continue;
        };
        match target {
            Target::Public { namespace, key } => batch.put(namespace, key, update),
            Target::Hashed {
                namespace,
                collection,
                key_hash,
            } => {
                batch.put_hashed(namespace, collection, key_hash.clone(), update);
            }
        }
    }
    Ok(())
}

fn collect(rwset: &TxRwSet) -> BTreeMap<Target<'_>, Entries> {
    let mut targets: BTreeMap<Target<'_>, Entries> = BTreeMap::new();
    for set in rwset.namespaces() {
        let namespace = set.name();
        for write in &set.public.writes {
            let entries = targets
                .entry(Target::Public {
                    namespace,
                    key: &write.key,
                })
                .or_default();
            if deletes(write) {
                entries.add_deletion()
            } else {
                entries.add_value(&write.value)
            }
        }
        for write in &set.public.metadata_writes {
            let target = Target::Public {
                namespace,
                key: &write.key,
            };
            targets
                .entry(target)
                .or_default()
                .add_metadata(&write.entries);
        }
        for set in set.collections() {
            let collection = set.name();
            for write in &set.hashed.hashed_writes {
                let target = Target::Hashed {
                    namespace,
                    collection,
                    key_hash: &write.key_hash,
                };
                let entries = targets.entry(target).or_default();
                entries.purge |= write.is_purge;
                if deletes_hashed(write) {
                    entries.add_deletion();
                } else {
                    entries.add_value(&write.value_hash);
                }
            }
            for write in &set.hashed.metadata_writes {
                let target = Target::Hashed {
                    namespace,
                    collection,
                    key_hash: &write.key_hash,
                };
                targets
                    .entry(target)
                    .or_default()
                    .add_metadata(&write.entries);
            }
        }
    }
    targets
}

/// What becomes of the key; none if nothing does.
fn resolve(
    reader: &dyn StateReader,
    committed: &Committed<'_>,
    batch: &UpdateBatch,
    target: Target<'_>,
    entries: Entries,
    version: Version,
) -> Result<Option<Update>, StateError> {
    let sum = entries.sum;
    let purge = entries.purge.then_some(version);
    if sum & DELETION != 0 {
        let deletion = Update::deletion(version);
        return Ok(Some(Update { purge, ..deletion }));
    }
    let (value, metadata) = if sum & VALUE != 0 && sum & (METADATA | NO_METADATA) != 0 {
        (entries.value, entries.metadata)
    } else if sum | VALUE == VALUE {
        (entries.value, latest_metadata(committed, batch, target))
    } else {
        (latest_value(reader, batch, target)?, entries.metadata)
    };
    Ok(value.map(|value| Update {
        version,
        value: Some(value),
        metadata,
        purge,
    }))
}

/// The key's metadata before this transaction: from the block if it changed the key, else from the blocks before.
fn latest_metadata(committed: &Committed<'_>, batch: &UpdateBatch, target: Target<'_>) -> Bytes {
    if let Some(update) = earlier(batch, target) {
        return update.metadata.clone();
    }
    match target {
        Target::Public { namespace, key } => committed.metadata(namespace, key),
        Target::Hashed {
            namespace,
            collection,
            key_hash,
        } => committed.hashed_metadata(namespace, collection, key_hash),
    }
}

/// The key's value before this transaction; none if it does not exist, also because this block deleted it.
fn latest_value(
    reader: &dyn StateReader,
    batch: &UpdateBatch,
    target: Target<'_>,
) -> Result<Option<Bytes>, StateError> {
    if let Some(update) = earlier(batch, target) {
        return Ok(update.value.clone());
    }
    let found = match target {
        Target::Public { namespace, key } => reader.get(namespace, key)?,
        Target::Hashed {
            namespace,
            collection,
            key_hash,
        } => reader.get_hashed(namespace, collection, key_hash)?,
    };
    Ok(found.map(|found| found.value))
}

fn earlier<'b>(batch: &'b UpdateBatch, target: Target<'_>) -> Option<&'b Update> {
    match target {
        Target::Public { namespace, key } => batch.get(namespace, key),
        Target::Hashed {
            namespace,
            collection,
            key_hash,
        } => batch.get_hashed(namespace, collection, key_hash),
    }
}
