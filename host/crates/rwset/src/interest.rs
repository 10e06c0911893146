//! Whose endorsement a simulation's result will need.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// Collections by namespace and name.
pub(crate) type PrivateReads = BTreeSet<(String, String)>;

/// What a gateway must know of a simulation to choose the endorsers: the source of `ProposalResponse.interest`.
///
/// Key-level policies are those committed before the transaction, since these are what validation will ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// Every namespace that the read-write set holds, read or written.
    pub namespaces: BTreeMap<String, NamespaceInterest>,
}

/// One namespace's part of an [`Interest`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceInterest {
    /// The public writes, metadata included.
    pub public: Writes,
    /// Every collection that the read-write set holds.
    pub collections: BTreeMap<String, CollectionInterest>,
}

/// One collection's part of an [`Interest`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionInterest {
    /// The private writes, metadata included.
    pub writes: Writes,
    /// Whether a private value was read: then only members can endorse. Reading a hash does not count.
    pub private_reads: bool,
}

/// The policies that a set of written keys falls under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// How many keys are written.
    pub keys: usize,
    /// The key-level policies that written keys have: marshalled `SignaturePolicyEnvelope`s, each once.
    pub key_policies: BTreeSet<Bytes>,
    /// Whether a written key has no policy of its own, so that the collection's or the chaincode's applies.
    pub needs_namespace_policy: bool,
}
