//! A read-write set: what a transaction read, at which versions, and what it writes.

use bytes::Bytes;
use proto::kvrwset::range_query_info::ReadsInfo;
use proto::kvrwset::{self, HashedRwSet, KvMetadataEntry, KvRead, KvrwSet, RangeQueryInfo};
use proto::rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::action::decode;
use super::bytes::{Hex, Part, Text};

/// Reads and writes of one namespace. Empty lists are left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamespaceReadWriteSet)]
pub(crate) struct Namespace {
    namespace: String,
    #[serde(flatten)]
    public: Part<Public>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collections: Vec<Collection>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicReadWriteSet)]
struct Public {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reads: Vec<Read>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    range_queries: Vec<Range>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    writes: Vec<Write>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metadata_writes: Vec<Metadata<String>>,
}

/// A key and the version it was read at; none if the key was not there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyRead)]
struct Read {
    key: String,
    version: Option<Version>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyVersion)]
struct Version {
    block: u64,
    tx: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RangeRead)]
struct Range {
    start: String,
    end: String,
    exhausted: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reads: Vec<Read>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Summary>,
}

/// Hashes in place of many reads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RangeSummary)]
struct Summary {
    degree: u32,
    level: u32,
    hashes: Vec<Hex>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyWrite)]
struct Write {
    key: String,
    #[serde(flatten)]
    change: Change<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Change<V> {
    Deleted { deleted: bool },
    Purged { purged: bool },
    Put(V),
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WrittenValue)]
struct Value {
    value: Text,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WrittenValueHash)]
struct ValueHash {
    value_hash: Hex,
}

#[derive(Debug, Serialize, ToSchema)]
struct Metadata<K> {
    key: K,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MetadataEntry)]
struct Entry {
    name: String,
    value: Hex,
}

/// Reads and writes of one collection, by hashes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionReadWriteSet)]
struct Collection {
    collection: String,
    private_hash: Hex,
    #[serde(flatten)]
    hashed: Part<Hashed>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HashedReadWriteSet)]
struct Hashed {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashed_reads: Vec<HashedRead>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashed_writes: Vec<HashedWrite>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metadata_writes: Vec<Metadata<Hex>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HashedKeyRead)]
struct HashedRead {
    key_hash: Hex,
    version: Option<Version>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HashedKeyWrite)]
struct HashedWrite {
    key_hash: Hex,
    #[serde(flatten)]
    change: Change<ValueHash>,
}

/// Decodes an encoded `rwset.TxReadWriteSet`.
pub(crate) fn namespaces(results: &Bytes) -> Result<Vec<Namespace>, String> {
    let set: TxReadWriteSet = decode(results)?;
    Ok(set.ns_rwset.into_iter().map(Namespace::new).collect())
}

impl Namespace {
    fn new(set: NsReadWriteSet) -> Self {
        let public = decode::<KvrwSet>(&set.rwset).map(Public::new);
        Self {
            namespace: set.namespace,
            public: Part::new(public, &set.rwset),
            collections: set
                .collection_hashed_rwset
                .into_iter()
                .map(Collection::new)
                .collect(),
        }
    }
}

impl Public {
    fn new(set: KvrwSet) -> Self {
        let writes = set.writes.into_iter().map(|write| Write {
            key: write.key,
            change: Change::new(
                write.is_delete,
                false,
                Value {
                    value: Text(write.value),
                },
            ),
        });
        let metadata = set.metadata_writes.into_iter();
        Self {
            reads: reads(set.reads),
            range_queries: set.range_queries_info.into_iter().map(Range::new).collect(),
            writes: writes.collect(),
            metadata_writes: metadata
                .map(|one| Metadata::new(one.key, one.entries))
                .collect(),
        }
    }
}

impl Collection {
    fn new(set: CollectionHashedReadWriteSet) -> Self {
        let hashed = decode::<HashedRwSet>(&set.hashed_rwset).map(Hashed::new);
        Self {
            collection: set.collection_name,
            private_hash: Hex(set.pvt_rwset_hash),
            hashed: Part::new(hashed, &set.hashed_rwset),
        }
    }
}

impl Hashed {
    fn new(set: HashedRwSet) -> Self {
        let reads = set.hashed_reads.into_iter().map(|read| HashedRead {
            key_hash: Hex(read.key_hash),
            version: read.version.map(Version::new),
        });
        let writes = set.hashed_writes.into_iter().map(|write| HashedWrite {
            key_hash: Hex(write.key_hash),
            change: Change::new(
                write.is_delete,
                write.is_purge,
                ValueHash {
                    value_hash: Hex(write.value_hash),
                },
            ),
        });
        let metadata = set.metadata_writes.into_iter();
        Self {
            hashed_reads: reads.collect(),
            hashed_writes: writes.collect(),
            metadata_writes: metadata
                .map(|one| Metadata::new(Hex(one.key_hash), one.entries))
                .collect(),
        }
    }
}

impl<V> Change<V> {
    fn new(deleted: bool, purged: bool, value: V) -> Self {
        match (deleted, purged) {
            (_, true) => Self::Purged { purged },
            (true, false) => Self::Deleted { deleted },
            (false, false) => Self::Put(value),
        }
    }
}

impl<K> Metadata<K> {
    fn new(key: K, entries: Vec<KvMetadataEntry>) -> Self {
        let entries = entries.into_iter();
        let entries = entries.map(|entry| Entry {
            name: entry.name,
            value: Hex(entry.value),
        });
        Self {
            key,
            entries: entries.collect(),
        }
    }
}

impl Range {
    fn new(range: RangeQueryInfo) -> Self {
        let (reads, summary) = match range.reads_info {
            None => (Vec::new(), None),
            Some(ReadsInfo::RawReads(raw)) => (reads(raw.kv_reads), None),
            Some(ReadsInfo::ReadsMerkleHashes(summary)) => {
                let hashes = summary.max_level_hashes.into_iter().map(Hex).collect();
                let summary = Summary {
                    degree: summary.max_degree,
                    level: summary.max_level,
                    hashes,
                };
                (Vec::new(), Some(summary))
            }
        };
        Self {
            start: range.start_key,
            end: range.end_key,
            exhausted: range.itr_exhausted,
            reads,
            summary,
        }
    }
}

impl Version {
    fn new(version: kvrwset::Version) -> Self {
        Self {
            block: version.block_num,
            tx: version.tx_num,
        }
    }
}

fn reads(reads: Vec<KvRead>) -> Vec<Read> {
    let reads = reads.into_iter();
    reads
        .map(|read| Read {
            key: read.key,
            version: read.version.map(Version::new),
        })
        .collect()
}
