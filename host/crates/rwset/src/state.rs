//! What a channel's state looks like to those who read it.

use std::{error, fmt};

use bytes::Bytes;
use model::Version;

use crate::metadata;

/// A value with what is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedValue {
    /// The value; of a hashed key, the hash of the value. Never empty: writing an empty value deletes the key.
    pub value: Bytes,
    /// A marshalled `kvrwset.KVMetadataWrite` that holds entries only, the key left out. Empty when there is none.
    pub metadata: Bytes,
    /// The transaction that wrote last, be it only the metadata.
    pub version: Version,
}

impl VersionedValue {
    /// The key-level endorsement policy: the metadata entry `VALIDATION_PARAMETER`, if there is one and it is not empty.
    ///
    /// Metadata that does not decode has none; only decodable metadata is ever written.
    #[must_use]
    pub fn validation_parameter(&self) -> Option<Bytes> {
        metadata::validation_parameter(&self.metadata).filter(|policy| !policy.is_empty())
    }
}

/// One change of a key, as its history shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyModification {
    /// The transaction that made the change.
    pub tx_id: String,
    /// The value written; empty for a deletion.
    pub value: Bytes,
    /// The client's time in the transaction's channel header, if it gave one.
    pub timestamp: Option<prost_types::Timestamp>,
    /// Whether the key was deleted.
    pub is_delete: bool,
    /// Where the transaction stands.
    pub version: Version,
}

/// Reading the state failed: a disk, a database. Nothing that a transaction contains causes it.
///
/// It fails a simulation and stops a channel's commit.
#[derive(Debug)]
pub struct StateError(Box<dyn error::Error + Send + Sync>);

impl StateError {
    /// Wraps the error of whatever holds the state.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("cannot read the state")
    }
}

impl error::Error for StateError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// One committed height of one channel, as a simulation or the validation of the next block sees it.
///
/// All calls of one reader answer for the same height. Keys are compared by their bytes; an `end` of `""` is no end. Every method
/// fails only as [`StateError`] says.
pub trait StateReader: Send {
    /// The number of committed blocks that are shown; the last one shown has the number below.
    fn height(&self) -> u64;

    /// A public key's value.
    ///
    /// # Errors
    /// The storage failed.
    fn get(&self, namespace: &str, key: &str) -> Result<Option<VersionedValue>, StateError>;

    /// Several public keys' values, in the order of `keys`. A database overrides it to ask once.
    ///
    /// # Errors
    /// The storage failed.
    fn get_many(
        &self,
        namespace: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<VersionedValue>>, StateError> {
        keys.iter().map(|key| self.get(namespace, key)).collect()
    }

    /// The public keys from `start` on to before `end`, at most `limit`, in order.
    ///
    /// To go on after the last key returned, start again at that key followed by U+0000.
    ///
    /// # Errors
    /// The storage failed.
    fn range(
        &self,
        namespace: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError>;

    /// What is public of a collection's key: its value is the hash of the private value. Every peer has it.
    ///
    /// `key_hash` is SHA-256 of the key; a foreign transaction may have written other lengths, so any length is legal.
    ///
    /// # Errors
    /// The storage failed.
    fn get_hashed(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Result<Option<VersionedValue>, StateError>;

    /// Several hashed keys' values, in the order of `key_hashes`.
    ///
    /// # Errors
    /// The storage failed.
    fn get_many_hashed(
        &self,
        namespace: &str,
        collection: &str,
        key_hashes: &[&[u8]],
    ) -> Result<Vec<Option<VersionedValue>>, StateError> {
        key_hashes
            .iter()
            .map(|key_hash| self.get_hashed(namespace, collection, key_hash))
            .collect()
    }

    /// A private value that this peer holds. Its metadata is always empty; that is with the hashed key.
    ///
    /// It may be older than the hashed key says, if the newer one never reached this peer.
    ///
    /// # Errors
    /// The storage failed.
    fn get_private(
        &self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<VersionedValue>, StateError>;

    /// The private keys this peer holds from `start` on to before `end`, at most `limit`, in order.
    ///
    /// # Errors
    /// The storage failed.
    fn private_range(
        &self,
        namespace: &str,
        collection: &str,
        start: &str,
        end: &str,
        limit: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError>;

    /// The changes of a public key, newest first, at most `limit`, only those below `below` if it is given.
    ///
    /// # Errors
    /// The storage failed.
    fn history(
        &self,
        namespace: &str,
        key: &str,
        below: Option<Version>,
        limit: usize,
    ) -> Result<Vec<KeyModification>, StateError>;
}
