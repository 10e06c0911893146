//! Read-write sets, written entry by entry.

use bytes::Bytes;
use lifecycle::{NAMESPACE, definition_keys};
use model::Version;
use model::hash::sha256;
use prost::Message as _;
use proto::kvrwset::range_query_info::ReadsInfo;
use proto::kvrwset::{
    HashedRwSet, KvMetadataEntry, KvMetadataWrite, KvMetadataWriteHash, KvRead, KvReadHash,
    KvWrite, KvWriteHash, KvrwSet, QueryReads, QueryReadsMerkleSummary, RangeQueryInfo,
};
use proto::lifecycle::{
    ChaincodeEndorsementInfo, ChaincodeValidationInfo, StateData, StateMetadata, state_data,
};
use proto::protos::{
    ApplicationPolicy, CollectionConfig, CollectionConfigPackage, StaticCollectionConfig,
    application_policy, collection_config,
};
use proto::rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet};

/// A version as (block, transaction); `None` for a key that was absent.
pub(crate) type At = Option<(u64, u64)>;

/// A read-write set that grows; each entry goes into the namespace named last.
#[derive(Clone, Default)]
pub(crate) struct Set {
    namespaces: Vec<Namespace>,
}

#[derive(Clone, Default)]
struct Namespace {
    name: String,
    public: KvrwSet,
    collections: Vec<Collection>,
}

#[derive(Clone, Default)]
struct Collection {
    name: String,
    hashed: HashedRwSet,
    private_hash: Bytes,
}

/// An empty set that goes on in `namespace`.
pub(crate) fn set(namespace: &str) -> Set {
    Set::default().ns(namespace)
}

impl Set {
    /// Goes on in a namespace; a second one of the same name is a second one.
    pub(crate) fn ns(mut self, name: &str) -> Self {
        self.namespaces.push(Namespace {
            name: name.to_owned(),
            ..Namespace::default()
        });
        self
    }

    pub(crate) fn get(self, key: &str, at: At) -> Self {
        let (key, version) = (key.to_owned(), version(at));
        self.public(|set| set.reads.push(KvRead { key, version }))
    }

    /// A range that was walked to its end.
    pub(crate) fn range(self, start: &str, end: &str, results: &[(&str, (u64, u64))]) -> Self {
        let read = |(key, at): &(&str, (u64, u64))| KvRead {
            key: (*key).to_owned(),
            version: version(Some(*at)),
        };
        let reads = QueryReads {
            kv_reads: results.iter().map(read).collect(),
        };
        let range = RangeQueryInfo {
            start_key: start.to_owned(),
            end_key: end.to_owned(),
            itr_exhausted: true,
            reads_info: Some(ReadsInfo::RawReads(reads)),
        };
        self.public(|set| set.range_queries_info.push(range))
    }

    pub(crate) fn put(self, key: &str, value: &str) -> Self {
        self.put_bytes(key, Bytes::copy_from_slice(value.as_bytes()))
    }

    fn put_bytes(self, key: &str, value: Bytes) -> Self {
        let key = key.to_owned();
        self.public(|set| {
            set.writes.push(KvWrite {
                key,
                is_delete: false,
                value,
            })
        })
    }

    pub(crate) fn del(self, key: &str) -> Self {
        let key = key.to_owned();
        self.public(|set| {
            set.writes.push(KvWrite {
                key,
                is_delete: true,
                value: Bytes::new(),
            })
        })
    }

    /// Sets a key's policy, in the words of the policy language; no words take it away.
    pub(crate) fn policy(self, key: &str, words: &str) -> Self {
        self.raw_policy(key, policy_bytes(words))
    }

    /// Sets a key's policy to any bytes.
    pub(crate) fn raw_policy(self, key: &str, value: Bytes) -> Self {
        let (key, entries) = (key.to_owned(), entries(value));
        self.public(|set| set.metadata_writes.push(KvMetadataWrite { key, entries }))
    }

    pub(crate) fn hashed_get(self, collection: &str, key: &str, at: At) -> Self {
        let (key_hash, version) = (hash(key), version(at));
        self.hashed(collection, |set| {
            set.hashed_reads.push(KvReadHash { key_hash, version })
        })
    }

    pub(crate) fn hashed_put(self, collection: &str, key: &str, value: &str) -> Self {
        self.hashed_put_under(collection, hash(key), value)
    }

    /// Writes under bytes that need not be a key's hash.
    pub(crate) fn hashed_put_under(self, collection: &str, key_hash: Bytes, value: &str) -> Self {
        let value_hash = hash(value);
        self.hashed(collection, |set| {
            set.hashed_writes.push(KvWriteHash {
                key_hash,
                is_delete: false,
                value_hash,
                is_purge: false,
            })
        })
    }

    pub(crate) fn hashed_policy(self, collection: &str, key: &str, words: &str) -> Self {
        self.hashed_policy_under(collection, hash(key), words)
    }

    pub(crate) fn hashed_policy_under(
        self,
        collection: &str,
        key_hash: Bytes,
        words: &str,
    ) -> Self {
        let entries = entries(policy_bytes(words));
        self.hashed(collection, |set| {
            set.metadata_writes
                .push(KvMetadataWriteHash { key_hash, entries })
        })
    }

    pub(crate) fn hashed_purge_under(self, collection: &str, key_hash: Bytes) -> Self {
        self.hashed(collection, |set| {
            set.hashed_writes.push(KvWriteHash {
                key_hash,
                is_delete: true,
                value_hash: Bytes::new(),
                is_purge: true,
            })
        })
    }

    /// Says that the collection has a private write set with this hash.
    pub(crate) fn private_hash(mut self, collection: &str, hash: &'static [u8]) -> Self {
        self.collection(collection).private_hash = Bytes::from_static(hash);
        self
    }

    /// A range of which only hashes over the results are there.
    pub(crate) fn hashed_range(self, start: &str, end: &str, max_degree: u32) -> Self {
        let summary = QueryReadsMerkleSummary {
            max_degree,
            max_level: 1,
            max_level_hashes: vec![hash("any")],
        };
        let range = RangeQueryInfo {
            start_key: start.to_owned(),
            end_key: end.to_owned(),
            itr_exhausted: true,
            reads_info: Some(ReadsInfo::ReadsMerkleHashes(summary)),
        };
        self.public(|set| set.range_queries_info.push(range))
    }

    pub(crate) fn bytes(self) -> Bytes {
        let collection = |collection: Collection| CollectionHashedReadWriteSet {
            collection_name: collection.name,
            hashed_rwset: collection.hashed.encode_to_vec().into(),
            pvt_rwset_hash: collection.private_hash,
        };
        let namespaces = self.namespaces.into_iter();
        let set = TxReadWriteSet {
            data_model: 0,
            ns_rwset: namespaces
                .map(|namespace| NsReadWriteSet {
                    namespace: namespace.name,
                    rwset: namespace.public.encode_to_vec().into(),
                    collection_hashed_rwset: namespace
                        .collections
                        .into_iter()
                        .map(collection)
                        .collect(),
                })
                .collect(),
        };
        set.encode_to_vec().into()
    }

    fn public(mut self, change: impl FnOnce(&mut KvrwSet)) -> Self {
        change(&mut self.namespaces.last_mut().unwrap().public);
        self
    }

    fn hashed(mut self, name: &str, change: impl FnOnce(&mut HashedRwSet)) -> Self {
        change(&mut self.collection(name).hashed);
        self
    }

    /// Goes on in a collection; it is there a second time if another was named in between.
    fn collection(&mut self, name: &str) -> &mut Collection {
        let collections = &mut self.namespaces.last_mut().unwrap().collections;
        if collections.last().is_none_or(|last| last.name != name) {
            collections.push(Collection {
                name: name.to_owned(),
                ..Collection::default()
            });
        }
        collections.last_mut().unwrap()
    }
}

/// What a transaction writes that commits a definition.
#[derive(Clone)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) sequence: i64,
    pub(crate) plugin: &'static str,
    /// An `ApplicationPolicy`.
    pub(crate) policy: Bytes,
    /// Names, and the policies of those that have their own.
    pub(crate) collections: Vec<(&'static str, Option<&'static str>)>,
}

impl Definition {
    /// The first one of a chaincode, with a policy in words and no collections.
    pub(crate) fn new(name: &'static str, words: &str) -> Self {
        Self {
            name,
            sequence: 1,
            plugin: "vscc",
            policy: signature_policy(words).encode_to_vec().into(),
            collections: Vec::new(),
        }
    }

    /// The five keys of `_lifecycle`, as Fabric's commit of a definition writes them.
    pub(crate) fn written(&self) -> Set {
        let endorsement = ChaincodeEndorsementInfo {
            version: "1.0".to_owned(),
            init_required: false,
            endorsement_plugin: "escc".to_owned(),
        };
        let validation = ChaincodeValidationInfo {
            validation_plugin: self.plugin.to_owned(),
            validation_parameter: self.policy.clone(),
        };
        let bytes = |bytes: Vec<u8>| state_data::Type::Bytes(bytes.into());
        let values = [
            state_data::Type::Int64(self.sequence),
            bytes(endorsement.encode_to_vec()),
            bytes(validation.encode_to_vec()),
            bytes(self.package().encode_to_vec()),
        ];
        let fields = [
            "Sequence",
            "EndorsementInfo",
            "ValidationInfo",
            "Collections",
        ];
        let metadata = StateMetadata {
            datatype: "ChaincodeDefinition".to_owned(),
            fields: fields.map(str::to_owned).into(),
        };
        let [metadata_key, field_keys @ ..] = definition_keys(self.name);
        let start = set(NAMESPACE).put_bytes(&metadata_key, metadata.encode_to_vec().into());
        let fields = field_keys.iter().zip(values);
        fields.fold(start, |set, (key, value)| {
            let data = StateData {
                r#type: Some(value),
            };
            set.put_bytes(key, data.encode_to_vec().into())
        })
    }

    fn package(&self) -> CollectionConfigPackage {
        let collection = |(name, policy): &(&str, Option<&str>)| CollectionConfig {
            payload: Some(collection_config::Payload::StaticCollectionConfig(
                StaticCollectionConfig {
                    name: (*name).to_owned(),
                    endorsement_policy: policy.map(signature_policy),
                    ..StaticCollectionConfig::default()
                },
            )),
        };
        CollectionConfigPackage {
            config: self.collections.iter().map(collection).collect(),
        }
    }
}

/// A chaincode's or collection's own policy, in words.
pub(crate) fn signature_policy(words: &str) -> ApplicationPolicy {
    let policy = msp::policy::dsl::parse(words).unwrap();
    ApplicationPolicy {
        r#type: Some(application_policy::Type::SignaturePolicy(policy)),
    }
}

/// A policy that the channel's configuration has at this path.
pub(crate) fn reference(path: &str) -> Bytes {
    let policy = ApplicationPolicy {
        r#type: Some(application_policy::Type::ChannelConfigPolicyReference(
            path.to_owned(),
        )),
    };
    policy.encode_to_vec().into()
}

fn policy_bytes(words: &str) -> Bytes {
    match words {
        "" => Bytes::new(),
        words => msp::policy::dsl::parse(words)
            .unwrap()
            .encode_to_vec()
            .into(),
    }
}

fn entries(value: Bytes) -> Vec<KvMetadataEntry> {
    vec![KvMetadataEntry {
        name: rwset::metadata::VALIDATION_PARAMETER.to_owned(),
        value,
    }]
}

fn version(at: At) -> Option<proto::kvrwset::Version> {
    at.map(|(block, tx)| Version { block, tx }.to_proto())
}

fn hash(text: &str) -> Bytes {
    Bytes::copy_from_slice(&sha256(text.as_bytes()))
}
