//! A channel's state in maps.

use std::{collections::BTreeMap, ops::Bound};

use bytes::Bytes;
use model::{Version, hash::sha256};

use crate::{
    KeyModification, PrivateUpdate, StateError, StateReader, Update, UpdateBatch, VersionedValue,
};

type Rows<K> = BTreeMap<K, VersionedValue>;

/// State kept in memory: for tests, and wherever a database would be too much. Never fails.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryState {
    height: u64,
    public: BTreeMap<String, Rows<String>>,
    hashed: BTreeMap<(String, String), Rows<Bytes>>,
    private: BTreeMap<(String, String), Rows<String>>,
    history: BTreeMap<(String, String), Vec<KeyModification>>,
}

impl MemoryState {
    /// Sets a public key without metadata. The height becomes at least the block after `version`.
    pub fn put(&mut self, namespace: &str, key: &str, value: impl Into<Bytes>, version: Version) {
        let row = VersionedValue {
            value: value.into(),
            metadata: Bytes::new(),
            version,
        };
        self.put_row(namespace, key, row);
    }

    /// Sets a public key with its metadata. The height becomes at least the block after its version.
    pub fn put_row(&mut self, namespace: &str, key: &str, row: VersionedValue) {
        self.show(row.version);
        self.public
            .entry(namespace.to_owned())
            .or_default()
            .insert(key.to_owned(), row);
    }

    /// Sets a private key, and the hashed key that belongs to it. The height becomes at least the block after `version`.
    pub fn put_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        value: impl Into<Bytes>,
        version: Version,
    ) {
        let value = value.into();
        let hash = Bytes::copy_from_slice(&sha256(&value));
        self.put_hashed(namespace, collection, key, hash, version);
        let row = VersionedValue {
            value,
            metadata: Bytes::new(),
            version,
        };
        self.private
            .entry(pair(namespace, collection))
            .or_default()
            .insert(key.to_owned(), row);
    }

    /// Sets only the hashed key of a private key, as on a peer that never got the value.
    pub fn put_hashed(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        value_hash: impl Into<Bytes>,
        version: Version,
    ) {
        self.show(version);
        let key_hash = Bytes::copy_from_slice(&sha256(key.as_bytes()));
        let row = VersionedValue {
            value: value_hash.into(),
            metadata: Bytes::new(),
            version,
        };
        self.hashed
            .entry(pair(namespace, collection))
            .or_default()
            .insert(key_hash, row);
    }

    /// Adds a change to a public key's history; changes are added in the order of their versions.
    pub fn push_history(&mut self, namespace: &str, key: &str, change: KeyModification) {
        self.history
            .entry(pair(namespace, key))
            .or_default()
            .push(change);
    }

    /// Applies what block `block` changes, private values that are to be destroyed included, and shows that block.
    pub fn apply(&mut self, block: u64, batch: &UpdateBatch) {
        for (namespace, updates) in &batch.public {
            apply_rows(self.public.entry(namespace.clone()).or_default(), updates);
        }
        for (namespace, collections) in &batch.hashed {
            for (collection, updates) in collections {
                apply_rows(
                    self.hashed.entry(pair(namespace, collection)).or_default(),
                    updates,
                );
            }
        }
        for (namespace, collection, key_hash, below) in batch.purges() {
            if let Some(rows) = self.private.get_mut(&pair(namespace, collection)) {
                let is_purged = |key: &String| sha256(key.as_bytes()).as_slice() == key_hash;
                rows.retain(|key, row| row.version >= below || !is_purged(key));
            }
        }
        self.public.retain(|_, rows| !rows.is_empty());
        self.hashed.retain(|_, rows| !rows.is_empty());
        self.height = self.height.max(block.saturating_add(1));
    }

    /// Applies changes of private values.
    pub fn apply_private(&mut self, updates: &[PrivateUpdate]) {
        for update in updates {
            let rows = self
                .private
                .entry(pair(&update.namespace, &update.collection))
                .or_default();
            match &update.value {
                Some(value) => {
                    let row = VersionedValue {
                        value: value.clone(),
                        metadata: Bytes::new(),
                        version: update.version,
                    };
                    rows.insert(update.key.clone(), row);
                }
                None => {
                    rows.remove(&update.key);
                }
            }
        }
        self.private.retain(|_, rows| !rows.is_empty());
    }

    /// All public keys, in the order of namespace and key.
    pub fn public_rows(&self) -> impl Iterator<Item = (&str, &str, &VersionedValue)> {
        self.public.iter().flat_map(|(namespace, rows)| {
            rows.iter()
                .map(|(key, row)| (namespace.as_str(), key.as_str(), row))
        })
    }

    /// All hashed keys, in the order of namespace, collection and hash of the key.
    pub fn hashed_rows(&self) -> impl Iterator<Item = (&str, &str, &Bytes, &VersionedValue)> {
        self.hashed
            .iter()
            .flat_map(|((namespace, collection), rows)| {
                rows.iter()
                    .map(|(key, row)| (namespace.as_str(), collection.as_str(), key, row))
            })
    }

    fn show(&mut self, version: Version) {
        self.height = self.height.max(version.block.saturating_add(1));
    }
}

impl StateReader for MemoryState {
    fn height(&self) -> u64 {
        self.height
    }

    fn get(&self, namespace: &str, key: &str) -> Result<Option<VersionedValue>, StateError> {
        Ok(self
            .public
            .get(namespace)
            .and_then(|rows| rows.get(key))
            .cloned())
    }

    fn range(
        &self,
        namespace: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        Ok(range(self.public.get(namespace), start, end, limit))
    }

    fn get_hashed(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Result<Option<VersionedValue>, StateError> {
        let rows = self.hashed.get(&pair(namespace, collection));
        Ok(rows.and_then(|rows| rows.get(key_hash)).cloned())
    }

    fn get_private(
        &self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<VersionedValue>, StateError> {
        let rows = self.private.get(&pair(namespace, collection));
        Ok(rows.and_then(|rows| rows.get(key)).cloned())
    }

    fn private_range(
        &self,
        namespace: &str,
        collection: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        Ok(range(
            self.private.get(&pair(namespace, collection)),
            start,
            end,
            limit,
        ))
    }

    fn history(
        &self,
        namespace: &str,
        key: &str,
        below: Option<Version>,
        limit: usize,
    ) -> Result<Vec<KeyModification>, StateError> {
        let changes = self
            .history
            .get(&pair(namespace, key))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let older = changes
            .iter()
            .rev()
            .filter(|change| below.is_none_or(|below| change.version < below));
        Ok(older.take(limit).cloned().collect())
    }
}

fn pair(first: &str, second: &str) -> (String, String) {
    (first.to_owned(), second.to_owned())
}

fn range(
    rows: Option<&Rows<String>>,
    start: &str,
    end: &str,
    limit: usize,
) -> Vec<(String, VersionedValue)> {
    let Some(rows) = rows else { return Vec::new() };
    if !end.is_empty() && start >= end {
        return Vec::new();
    }
    let end = if end.is_empty() {
        Bound::Unbounded
    } else {
        Bound::Excluded(end)
    };
    rows.range::<str, _>((Bound::Included(start), end))
        .take(limit)
        .map(|(key, row)| (key.clone(), row.clone()))
        .collect()
}

fn apply_rows<K: Ord + Clone>(rows: &mut Rows<K>, updates: &BTreeMap<K, Update>) {
    for (key, update) in updates {
        match &update.value {
            Some(value) => {
                let row = VersionedValue {
                    value: value.clone(),
                    metadata: update.metadata.clone(),
                    version: update.version,
                };
                rows.insert(key.clone(), row);
            }
            None => {
                rows.remove(key);
            }
        }
    }
}
