//! What a simulation has read and written so far, and its read-write set in the end.
//!
//! Fabric: core/ledger/kvledger/txmgmt/rwsetutil/rwset_builder.go. All sets are ordered by plaintext key, hashed ones too.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::{Version, hash::sha256};
use prost::Message;
use proto::{
    kvrwset::{
        HashedRwSet, KvMetadataEntry, KvMetadataWrite, KvMetadataWriteHash, KvRead, KvReadHash,
        KvWrite, KvWriteHash, KvrwSet, RangeQueryInfo,
    },
    rwset::{
        CollectionHashedReadWriteSet, CollectionPvtReadWriteSet, NsPvtReadWriteSet, NsReadWriteSet,
        TxPvtReadWriteSet, TxReadWriteSet,
    },
};

use crate::interest::PrivateReads;

/// All namespaces that a simulation touched. Touching one, even by a read of an absent key, makes it part of the result.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    namespaces: BTreeMap<String, Namespace>,
    /// The collections of which a private value was read.
    pub(crate) private_reads: PrivateReads,
}

/// What was done in one namespace.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    reads: BTreeMap<String, Option<Version>>,
    ranges: Vec<RangeQueryInfo>,
    ranges_seen: BTreeSet<(String, String, bool)>,
    writes: BTreeMap<String, Write>,
    metadata_writes: BTreeMap<String, Vec<KvMetadataEntry>>,
    collections: BTreeMap<String, Collection>,
}

/// What was done in one collection.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    reads: BTreeMap<String, Option<Version>>,
    writes: BTreeMap<String, Write>,
    metadata_writes: BTreeMap<String, Vec<KvMetadataEntry>>,
}

/// The last thing written to a key.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// A value that is not empty.
    Value(Bytes),
    Delete,
    /// A deletion that destroys the private value's history too.
    Purge,
}

impl Write {
    /// An empty value deletes.
    pub(crate) fn of(value: Bytes) -> Self {
        if value.is_empty() {
            Self::Delete
        } else {
            Self::Value(value)
        }
    }

    fn value(&self) -> Option<&Bytes> {
        match self {
            Self::Value(value) => Some(value),
            Self::Delete | Self::Purge => None,
        }
    }
}

impl Recording {
    pub(crate) fn namespace(&mut self, namespace: &str) -> &mut Namespace {
        entry(&mut self.namespaces, namespace)
    }

    pub(crate) fn namespaces(&self) -> impl Iterator<Item = (&str, &Namespace)> {
        self.namespaces
            .iter()
            .map(|(name, namespace)| (name.as_str(), namespace))
    }

    /// Adds what was recorded later; of a key written in both, the later write counts.
    pub(crate) fn append(&mut self, later: Self) {
        for (name, later) in later.namespaces {
            self.namespace(&name).append(later);
        }
        self.private_reads.extend(later.private_reads);
    }

    /// The public read-write set.
    pub(crate) fn public(&self) -> TxReadWriteSet {
        let ns_rwset = self
            .namespaces
            .iter()
            .map(|(name, namespace)| namespace.to_proto(name))
            .collect();
        TxReadWriteSet {
            data_model: 0,
            ns_rwset,
        }
    }

    /// The private writes in the clear; none if nothing private was written.
    pub(crate) fn private(&self) -> Option<TxPvtReadWriteSet> {
        let ns_pvt_rwset: Vec<_> = self
            .namespaces
            .iter()
            .filter_map(|(name, namespace)| namespace.to_private_proto(name))
            .collect();
        (!ns_pvt_rwset.is_empty()).then_some(TxPvtReadWriteSet {
            data_model: 0,
            ns_pvt_rwset,
        })
    }
}

impl Namespace {
    fn append(&mut self, later: Self) {
        self.reads.extend(later.reads);
        for range in later.ranges {
            self.range(range);
        }
        self.writes.extend(later.writes);
        self.metadata_writes.extend(later.metadata_writes);
        for (name, later) in later.collections {
            let collection = self.collection(&name);
            collection.reads.extend(later.reads);
            collection.writes.extend(later.writes);
            collection.metadata_writes.extend(later.metadata_writes);
        }
    }

    pub(crate) fn collection(&mut self, collection: &str) -> &mut Collection {
        entry(&mut self.collections, collection)
    }

    /// Records a read; a second read of a key takes the place of the first.
    pub(crate) fn read(&mut self, key: &str, version: Option<Version>) {
        self.reads.insert(key.to_owned(), version);
    }

    /// Records a range; a range with the same bounds that ended the same way is there once only.
    pub(crate) fn range(&mut self, range: RangeQueryInfo) {
        let bounds = (
            range.start_key.clone(),
            range.end_key.clone(),
            range.itr_exhausted,
        );
        if self.ranges_seen.insert(bounds) {
            self.ranges.push(range);
        }
    }

    pub(crate) fn write(&mut self, key: &str, write: Write) {
        self.writes.insert(key.to_owned(), write);
    }

    pub(crate) fn write_metadata(&mut self, key: &str, entries: Vec<KvMetadataEntry>) {
        self.metadata_writes.insert(key.to_owned(), entries);
    }

    pub(crate) fn written_keys(&self) -> BTreeSet<&str> {
        written_keys(&self.writes, &self.metadata_writes)
    }

    pub(crate) fn collections(&self) -> impl Iterator<Item = (&str, &Collection)> {
        self.collections
            .iter()
            .map(|(name, collection)| (name.as_str(), collection))
    }

    fn to_proto(&self, namespace: &str) -> NsReadWriteSet {
        let rwset = KvrwSet {
            reads: self
                .reads
                .iter()
                .map(|(key, version)| kv_read(key, *version))
                .collect(),
            range_queries_info: self.ranges.clone(),
            writes: self
                .writes
                .iter()
                .map(|(key, write)| kv_write(key, write))
                .collect(),
            metadata_writes: self
                .metadata_writes
                .iter()
                .map(|(key, entries)| KvMetadataWrite {
                    key: key.clone(),
                    entries: entries.clone(),
                })
                .collect(),
        };
        NsReadWriteSet {
            namespace: namespace.to_owned(),
            rwset: rwset.encode_to_vec().into(),
            collection_hashed_rwset: self
                .collections
                .iter()
                .map(|(name, collection)| collection.to_proto(name))
                .collect(),
        }
    }

    fn to_private_proto(&self, namespace: &str) -> Option<NsPvtReadWriteSet> {
        let collection_pvt_rwset: Vec<_> = self
            .collections
            .iter()
            .filter_map(|(name, collection)| {
                let rwset = collection.private_bytes()?;
                Some(CollectionPvtReadWriteSet {
                    collection_name: name.clone(),
                    rwset,
                })
            })
            .collect();
        (!collection_pvt_rwset.is_empty()).then(|| NsPvtReadWriteSet {
            namespace: namespace.to_owned(),
            collection_pvt_rwset,
        })
    }
}

impl Collection {
    /// Records a read of a hashed key; a second read of a key takes the place of the first.
    pub(crate) fn read(&mut self, key: &str, version: Option<Version>) {
        self.reads.insert(key.to_owned(), version);
    }

    pub(crate) fn write(&mut self, key: &str, write: Write) {
        self.writes.insert(key.to_owned(), write);
    }

    pub(crate) fn write_metadata(&mut self, key: &str, entries: Vec<KvMetadataEntry>) {
        self.metadata_writes.insert(key.to_owned(), entries);
    }

    pub(crate) fn written_keys(&self) -> BTreeSet<&str> {
        written_keys(&self.writes, &self.metadata_writes)
    }

    fn to_proto(&self, collection: &str) -> CollectionHashedReadWriteSet {
        let hashed = HashedRwSet {
            hashed_reads: self
                .reads
                .iter()
                .map(|(key, version)| kv_read_hash(key, *version))
                .collect(),
            hashed_writes: self
                .writes
                .iter()
                .map(|(key, write)| kv_write_hash(key, write))
                .collect(),
            metadata_writes: self
                .metadata_writes
                .iter()
                .map(|(key, entries)| KvMetadataWriteHash {
                    key_hash: hash(key.as_bytes()),
                    entries: entries.clone(),
                })
                .collect(),
        };
        CollectionHashedReadWriteSet {
            collection_name: collection.to_owned(),
            hashed_rwset: hashed.encode_to_vec().into(),
            pvt_rwset_hash: self
                .private_bytes()
                .map(|bytes| hash(&bytes))
                .unwrap_or_default(),
        }
    }

    /// The marshalled `KVRWSet` of what was written in the clear; none if nothing was written.
    ///
    /// Of a metadata write only the key is there: the entries are public, with the hashed key.
    fn private_bytes(&self) -> Option<Bytes> {
        if self.writes.is_empty() && self.metadata_writes.is_empty() {
            return None;
        }
        let rwset = KvrwSet {
            reads: Vec::new(),
            range_queries_info: Vec::new(),
            writes: self
                .writes
                .iter()
                .map(|(key, write)| kv_write(key, write))
                .collect(),
            metadata_writes: self
                .metadata_writes
                .keys()
                .map(|key| KvMetadataWrite {
                    key: key.clone(),
                    entries: Vec::new(),
                })
                .collect(),
        };
        Some(rwset.encode_to_vec().into())
    }
}

/// A read as a read-write set carries it.
pub(crate) fn kv_read(key: &str, read: Option<Version>) -> KvRead {
    KvRead {
        key: key.to_owned(),
        version: read.map(Version::to_proto),
    }
}

fn kv_read_hash(key: &str, read: Option<Version>) -> KvReadHash {
    KvReadHash {
        key_hash: hash(key.as_bytes()),
        version: read.map(Version::to_proto),
    }
}

fn kv_write(key: &str, write: &Write) -> KvWrite {
    KvWrite {
        key: key.to_owned(),
        is_delete: write.value().is_none(),
        value: write.value().cloned().unwrap_or_default(),
    }
}

fn kv_write_hash(key: &str, write: &Write) -> KvWriteHash {
    KvWriteHash {
        key_hash: hash(key.as_bytes()),
        is_delete: write.value().is_none(),
        value_hash: write.value().map(|value| hash(value)).unwrap_or_default(),
        is_purge: matches!(write, Write::Purge),
    }
}

fn hash(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&sha256(bytes))
}

fn written_keys<'a>(
    writes: &'a BTreeMap<String, Write>,
    metadata_writes: &'a BTreeMap<String, Vec<KvMetadataEntry>>,
) -> BTreeSet<&'a str> {
    writes
        .keys()
        .chain(metadata_writes.keys())
        .map(String::as_str)
        .collect()
}

/// The value of a name, made if it is not there; the name is copied only then.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.entry(name.to_owned()).or_default()
}
