//! What the blocks before left of the keys that a block names, read at once.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::Version;

use crate::{BlockTx, StateError, StateReader, VersionedValue};

/// Keys asked for in one call. Bounds how many values are in memory together; they are dropped at once.
const CHUNK: usize = 128;

/// Version and metadata of every key that the block's transactions read or write by name. Values are left out: they are
/// seldom needed and may be large.
#[derive(Debug, Default)]
pub(crate) struct Committed<'a> {
    public: BTreeMap<&'a str, Heads<&'a str>>,
    hashed: BTreeMap<&'a str, BTreeMap<&'a str, Heads<&'a [u8]>>>,
}

/// The keys that exist.
type Heads<K> = BTreeMap<K, Head>;

#[derive(Debug)]
struct Head {
    version: Version,
    metadata: Bytes,
}

impl<'a> Committed<'a> {
    /// Reads the keys of all transactions that are still valid.
    pub(crate) fn load(reader: &dyn StateReader, txs: &[BlockTx<'a>]) -> Result<Self, StateError> {
        let (public, hashed) = names(txs);
        let mut committed = Self::default();
        for (namespace, keys) in public {
            let heads = heads(keys, |keys| reader.get_many(namespace, keys))?;
            committed.public.insert(namespace, heads);
        }
        for ((namespace, collection), keys) in hashed {
            let heads = heads(keys, |keys| {
                reader.get_many_hashed(namespace, collection, keys)
            })?;
            committed
                .hashed
                .entry(namespace)
                .or_default()
                .insert(collection, heads);
        }
        Ok(committed)
    }

    pub(crate) fn version(&self, namespace: &str, key: &str) -> Option<Version> {
        Some(self.head(namespace, key)?.version)
    }

    pub(crate) fn metadata(&self, namespace: &str, key: &str) -> Bytes {
        self.head(namespace, key)
            .map(|head| head.metadata.clone())
            .unwrap_or_default()
    }

    pub(crate) fn hashed_version(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Option<Version> {
        Some(self.hashed_head(namespace, collection, key_hash)?.version)
    }

    pub(crate) fn hashed_metadata(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Bytes {
        self.hashed_head(namespace, collection, key_hash)
            .map(|head| head.metadata.clone())
            .unwrap_or_default()
    }

    fn head(&self, namespace: &str, key: &str) -> Option<&Head> {
        self.public.get(namespace)?.get(key)
    }

    fn hashed_head(&self, namespace: &str, collection: &str, key_hash: &[u8]) -> Option<&Head> {
        self.hashed.get(namespace)?.get(collection)?.get(key_hash)
    }
}

type PublicNames<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;
type HashedNames<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a [u8]>>;

/// The keys that validation will ask for: those read, and those whose value is written without metadata, which is then kept.
fn names<'a>(txs: &[BlockTx<'a>]) -> (PublicNames<'a>, HashedNames<'a>) {
    let mut public = PublicNames::new();
    let mut hashed = HashedNames::new();
    let rwsets = txs.iter().filter_map(|tx| {
        if let BlockTx::Endorser(rwset) = tx {
            Some(*rwset)
        } else {
            None
        }
    });
    for namespace in rwsets.flat_map(|rwset| rwset.namespaces()) {
        let reads = namespace.reads().map(|(key, _)| key);
        let writes = namespace.writes().map(|(key, _)| key);
        public
            .entry(namespace.name())
            .or_default()
            .extend(reads.chain(writes));
        for collection in namespace.collections() {
            let reads = collection.reads().map(|(key_hash, _)| key_hash.as_ref());
            let writes = collection.writes().map(|(key_hash, _)| key_hash.as_ref());
            hashed
                .entry((namespace.name(), collection.name()))
                .or_default()
                .extend(reads.chain(writes));
        }
    }
    (public, hashed)
}

fn heads<K: Ord + Copy>(
    keys: BTreeSet<K>,
    read: impl Fn(&[K]) -> Result<Vec<Option<VersionedValue>>, StateError>,
) -> Result<Heads<K>, StateError> {
    let keys: Vec<K> = keys.into_iter().collect();
    let mut heads = Heads::new();
    for keys in keys.chunks(CHUNK) {
        for (key, found) in keys.iter().zip(read(keys)?) {
            let head = found.map(|found| Head {
                version: found.version,
                metadata: found.metadata,
            });
            heads.extend(head.map(|head| (*key, head)));
        }
    }
    Ok(heads)
}
