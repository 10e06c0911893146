//! What a block changes.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::{Digest, Version, hash::sha256_of};
use prost::{Message, encoding::encode_varint};
use proto::txmgr::{KvWrite, Updates};

/// The new state of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The transaction that wrote it.
    pub version: Version,
    /// The new value (the value's hash under a hashed key); none deletes the key.
    pub value: Option<Bytes>,
    /// The stored metadata that goes with the value; empty for none and for a deletion.
    pub metadata: Bytes,
    /// Of a hashed key that a transaction of the block purged: all that was written to it below this version is to be
    /// destroyed. It stays when a later transaction of the block writes the key again.
    pub purge: Option<Version>,
}

impl Update {
    /// A deletion.
    #[must_use]
    pub fn deletion(version: Version) -> Self {
        Self {
            version,
            value: None,
            metadata: Bytes::new(),
            purge: None,
        }
    }
}

/// All changes that a block's valid transactions make together: one entry a key, the last writer's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateBatch {
    /// By namespace and key. Namespace `""` holds the channel's configuration.
    pub public: BTreeMap<String, BTreeMap<String, Update>>,
    /// By namespace, collection and hash of the key.
    pub hashed: BTreeMap<String, BTreeMap<String, BTreeMap<Bytes, Update>>>,
}

impl UpdateBatch {
    /// The change of a public key, if this batch has one.
    #[must_use]
    pub fn get(&self, namespace: &str, key: &str) -> Option<&Update> {
        self.public.get(namespace)?.get(key)
    }

    /// The change of a hashed key, if this batch has one.
    #[must_use]
    pub fn get_hashed(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Option<&Update> {
        self.hashed.get(namespace)?.get(collection)?.get(key_hash)
    }

    /// Enters the change of a public key, in place of an earlier one.
    pub fn put(&mut self, namespace: &str, key: &str, update: Update) {
        self.public
            .entry(namespace.to_owned())
            .or_default()
            .insert(key.to_owned(), update);
    }

    /// Enters the change of a hashed key, in place of an earlier one, whose purge it takes over.
    pub fn put_hashed(
        &mut self,
        namespace: &str,
        collection: &str,
        key_hash: Bytes,
        mut update: Update,
    ) {
        let updates = self
            .hashed
            .entry(namespace.to_owned())
            .or_default()
            .entry(collection.to_owned())
            .or_default();
        let earlier = updates.get(&key_hash).and_then(|earlier| earlier.purge);
        update.purge = update.purge.or(earlier);
        updates.insert(key_hash, update);
    }

    /// The commit hash of a block with these changes, its transaction filter and the commit hash before it.
    ///
    /// `previous` is empty for block 1. Expired keys are added to the batch after this (see [`crate::expiry_block`]). Fabric:
    /// core/ledger/kvledger/kv_ledger.go and txmgmt/txmgr/update_batch_bytes.go.
    #[must_use]
    pub fn commit_hash(&self, filter: &[u8], previous: &[u8]) -> Digest {
        let mut filter_len = Vec::with_capacity(10);
        encode_varint(filter.len().try_into().unwrap_or(u64::MAX), &mut filter_len);
        sha256_of([&filter_len, filter, &self.commit_bytes(), previous])
    }

    /// The changes as they enter the commit hash. Metadata and the channel's configuration are not among them.
    #[must_use]
    pub fn commit_bytes(&self) -> Vec<u8> {
        let mut kvwrites = Vec::new();
        for namespace in self.namespaces() {
            let first = kvwrites.len();
            if let Some(updates) = self.public.get(namespace) {
                kvwrites.extend(
                    updates
                        .iter()
                        .map(|(key, update)| kv_write(key.as_bytes(), update)),
                );
            }
            for (collection, updates) in self.hashed.get(namespace).into_iter().flatten() {
                let first = kvwrites.len();
                kvwrites.extend(updates.iter().map(|(key, update)| kv_write(key, update)));
                if let Some(write) = kvwrites.get_mut(first) {
                    collection.clone_into(&mut write.collection);
                }
            }
            if let Some(write) = kvwrites.get_mut(first) {
                namespace.clone_into(&mut write.namespace);
            }
        }
        Updates { kvwrites }.encode_to_vec()
    }

    /// All changes of hashed keys: namespace, collection, hash of the key, change.
    pub fn hashed_updates(&self) -> impl Iterator<Item = (&str, &str, &Bytes, &Update)> {
        self.hashed.iter().flat_map(|(namespace, collections)| {
            collections.iter().flat_map(move |(collection, updates)| {
                updates.iter().map(move |(key_hash, update)| {
                    (namespace.as_str(), collection.as_str(), key_hash, update)
                })
            })
        })
    }

    /// The hashed keys whose private values are to be destroyed, older ones in stored write sets included: namespace,
    /// collection, hash of the key, and the version below which all goes.
    pub fn purges(&self) -> impl Iterator<Item = (&str, &str, &Bytes, Version)> {
        self.hashed_updates()
            .filter_map(|(namespace, collection, key_hash, update)| {
                Some((namespace, collection, key_hash, update.purge?))
            })
    }

    /// The namespaces changed, in order, the configuration's left out.
    fn namespaces(&self) -> BTreeSet<&str> {
        let public = self.public.keys().map(String::as_str);
        let hashed = self.hashed.keys().map(String::as_str);
        public
            .chain(hashed)
            .filter(|namespace| !namespace.is_empty())
            .collect()
    }
}

fn kv_write(key: &[u8], update: &Update) -> KvWrite {
    KvWrite {
        namespace: String::new(),
        collection: String::new(),
        key: Bytes::copy_from_slice(key),
        is_delete: update.value.is_none(),
        value: update.value.clone().unwrap_or_default(),
        version_bytes: update.version.order_preserving().into(),
    }
}
