//! The read-write set of a transaction in a block.

use std::collections::BTreeSet;

use bytes::Bytes;
use model::{TxValidationCode, Version, hash::sha256};
use proto::FromWire;
use proto::{
    kvrwset::{HashedRwSet, KvWrite, KvWriteHash, KvrwSet},
    rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet},
};

use crate::RangeRead;

/// The bytes are no read-write set: `BAD_RWSET`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} cannot be decoded")]
pub struct BadRwSet {
    /// The part that does not decode; may hold a name that a stranger chose.
    pub part: String,
}

impl BadRwSet {
    fn of(part: impl Into<String>) -> Self {
        Self { part: part.into() }
    }
}

impl From<BadRwSet> for TxValidationCode {
    fn from(_: BadRwSet) -> Self {
        Self::BadRwset
    }
}

/// A decoded read-write set, with everything in the order in which it was found.
///
/// Whoever signed it may have built it differently than the [`Simulator`](crate::Simulator) does: unsorted, with repeated
/// keys and namespaces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TxRwSet {
    namespaces: Vec<NamespaceRwSet>,
}

/// One namespace of a [`TxRwSet`].
#[derive(Debug, Clone, PartialEq)]
pub struct NamespaceRwSet {
    name: String,
    pub(crate) public: KvrwSet,
    collections: Vec<CollectionRwSet>,
}

/// One collection of a [`NamespaceRwSet`]: hashes only.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectionRwSet {
    name: String,
    pub(crate) hashed: HashedRwSet,
    private_hash: Bytes,
}

impl TxRwSet {
    /// Decodes `ChaincodeAction.results`, every namespace and collection in it included. Empty bytes are a legal, empty set.
    ///
    /// A namespace that is there twice is found by [`duplicate_namespace`](Self::duplicate_namespace), since that is another code.
    ///
    /// # Errors
    /// [`BadRwSet`]: some part does not decode.
    pub fn parse(results: &Bytes) -> Result<Self, BadRwSet> {
        let set = TxReadWriteSet::from_wire(results.clone())
            .map_err(|_| BadRwSet::of("the read-write set"))?;
        let namespaces = set
            .ns_rwset
            .into_iter()
            .map(NamespaceRwSet::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { namespaces })
    }

    /// The namespaces, in the order found.
    #[must_use]
    pub fn namespaces(&self) -> &[NamespaceRwSet] {
        &self.namespaces
    }

    /// A namespace that is there more than once; such a transaction is `ILLEGAL_WRITESET`, at the stage of its policies.
    #[must_use]
    pub fn duplicate_namespace(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.namespaces
            .iter()
            .map(NamespaceRwSet::name)
            .find(|name| !seen.insert(*name))
    }

    /// The hash that the transaction gives for a collection's private writes; none if it has no private writes there.
    ///
    /// Of namespaces or collections named twice the first counts.
    #[must_use]
    pub fn private_hash(&self, namespace: &str, collection: &str) -> Option<&Bytes> {
        let namespace = self
            .namespaces
            .iter()
            .find(|found| found.name == namespace)?;
        let collection = namespace
            .collections
            .iter()
            .find(|found| found.name == collection)?;
        Some(&collection.private_hash).filter(|hash| !hash.is_empty())
    }

    /// The collections with private writes: namespace, collection, hash of the private write set. A peer that may have
    /// these values looks for them before it commits the transaction.
    pub fn private_collections(&self) -> impl Iterator<Item = (&str, &str, &Bytes)> {
        self.namespaces.iter().flat_map(|namespace| {
            let written = namespace
                .collections
                .iter()
                .filter(|found| !found.private_hash.is_empty());
            written.map(|found| (namespace.name(), found.name(), &found.private_hash))
        })
    }
}

impl NamespaceRwSet {
    fn parse(set: NsReadWriteSet) -> Result<Self, BadRwSet> {
        let name = set.namespace;
        let public = KvrwSet::from_wire(set.rwset)
            .map_err(|_| BadRwSet::of(format!("the part of namespace {name:?}")))?;
        let collections = set.collection_hashed_rwset.into_iter();
        Ok(Self {
            public,
            collections: collections
                .map(|set| CollectionRwSet::parse(&name, set))
                .collect::<Result<_, _>>()?,
            name,
        })
    }

    /// The namespace's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The collections touched, in the order found.
    #[must_use]
    pub fn collections(&self) -> &[CollectionRwSet] {
        &self.collections
    }

    /// Whether anything is written here: public or hashed, be it only metadata. Then the namespace's policy must be met.
    #[must_use]
    pub fn is_written(&self) -> bool {
        !self.public.writes.is_empty()
            || !self.public.metadata_writes.is_empty()
            || self.collections.iter().any(CollectionRwSet::is_written)
    }

    /// The public keys read, with the version found; none where there was no such key.
    pub fn reads(&self) -> impl Iterator<Item = (&str, Option<Version>)> {
        self.public.reads.iter().map(|read| {
            (
                read.key.as_str(),
                Version::from_proto(read.version.as_ref()),
            )
        })
    }

    /// The ranges walked over, in the order found.
    pub fn ranges(&self) -> impl Iterator<Item = RangeRead<'_>> {
        self.public.range_queries_info.iter().map(RangeRead)
    }

    /// The public keys written, with the value; none for a deletion, which an empty value is too.
    pub fn writes(&self) -> impl Iterator<Item = (&str, Option<&Bytes>)> {
        self.public.writes.iter().map(|write| {
            let value = (!deletes(write)).then_some(&write.value);
            (write.key.as_str(), value)
        })
    }

    /// The public keys whose metadata is written.
    pub fn metadata_writes(&self) -> impl Iterator<Item = &str> {
        self.public
            .metadata_writes
            .iter()
            .map(|write| write.key.as_str())
    }
}

impl CollectionRwSet {
    fn parse(namespace: &str, set: CollectionHashedReadWriteSet) -> Result<Self, BadRwSet> {
        let name = set.collection_name;
        let hashed = HashedRwSet::from_wire(set.hashed_rwset)
            .map_err(|_| BadRwSet::of(format!("collection {name:?} of namespace {namespace:?}")))?;
        Ok(Self {
            name,
            hashed,
            private_hash: set.pvt_rwset_hash,
        })
    }

    /// The collection's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the marshalled private write set; empty if nothing private is written.
    #[must_use]
    pub fn private_hash(&self) -> &Bytes {
        &self.private_hash
    }

    /// Whether anything is written here, be it only metadata.
    #[must_use]
    pub fn is_written(&self) -> bool {
        !self.hashed.hashed_writes.is_empty() || !self.hashed.metadata_writes.is_empty()
    }

    /// The hashes of the keys read, with the version found; none where there was no such key.
    pub fn reads(&self) -> impl Iterator<Item = (&Bytes, Option<Version>)> {
        self.hashed
            .hashed_reads
            .iter()
            .map(|read| (&read.key_hash, Version::from_proto(read.version.as_ref())))
    }

    /// The hashes of the keys written, with the value's hash; none for a deletion.
    pub fn writes(&self) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> {
        self.hashed.hashed_writes.iter().map(|write| {
            let value_hash = (!deletes_hashed(write)).then_some(&write.value_hash);
            (&write.key_hash, value_hash)
        })
    }

    /// The hashes of the keys whose metadata is written.
    pub fn metadata_writes(&self) -> impl Iterator<Item = &Bytes> {
        self.hashed
            .metadata_writes
            .iter()
            .map(|write| &write.key_hash)
    }
}

/// Whether a write deletes: an empty value does, whatever the flag says.
pub(crate) fn deletes(write: &KvWrite) -> bool {
    write.is_delete || write.value.is_empty()
}

/// Whether a hashed write deletes: no hash, or the hash of an empty value, does too.
pub(crate) fn deletes_hashed(write: &KvWriteHash) -> bool {
    write.is_delete || write.value_hash.is_empty() || write.value_hash == sha256(b"").as_slice()
}
