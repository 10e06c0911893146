//! Which keys a transaction writes, and how.

use bytes::Bytes;
use model::transaction::{Content, Opened};
use rwset::TxRwSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cause::{Key, KeyChange};

/// A key that a transaction has written. The values are where the transaction is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WrittenKey)]
pub struct Written {
    /// The key.
    pub key: Key,
    /// What it did to it.
    pub change: KeyChange,
}

impl Written {
    /// The keys that a block's entry writes, in the order in which it names them; none if it is no endorsed transaction.
    #[must_use]
    pub fn of_entry(entry: &Bytes) -> Vec<Self> {
        let Some(set) = rwset_of(entry) else {
            return Vec::new();
        };
        let mut written = Vec::new();
        for namespace in set.namespaces() {
            let key = |key: &str| Key::public(namespace.name(), key);
            let values = namespace.writes();
            written.extend(values.map(|(name, value)| Self::new(key(name), value.is_some())));
            written.extend(
                namespace
                    .metadata_writes()
                    .map(|name| Self::metadata(key(name))),
            );
            for collection in namespace.collections() {
                let key = |hash: &Bytes| Key::hashed(namespace.name(), collection.name(), hash);
                let values = collection.writes();
                written.extend(values.map(|(hash, value)| Self::new(key(hash), value.is_some())));
                written.extend(
                    collection
                        .metadata_writes()
                        .map(|hash| Self::metadata(key(hash))),
                );
            }
        }
        written
    }

    fn new(key: Key, has_value: bool) -> Self {
        let change = match has_value {
            true => KeyChange::Written,
            false => KeyChange::Deleted,
        };
        Self { key, change }
    }

    fn metadata(key: Key) -> Self {
        Self {
            key,
            change: KeyChange::Metadata,
        }
    }
}

/// The read-write set of a block's entry; none if it is no endorsed transaction with one that decodes.
#[must_use]
pub fn rwset_of(entry: &Bytes) -> Option<TxRwSet> {
    let Content::Endorsed(endorsed) = Opened::parse(entry).ok()?.content().ok()? else {
        return None;
    };
    TxRwSet::parse(endorsed.action().ok()?.read_write_set()).ok()
}
