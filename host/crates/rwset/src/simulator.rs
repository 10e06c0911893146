//! The simulator: what a chaincode reads and writes, and the read-write set that comes of it.
//!
//! This file has the public keys and the result; `private` has collections, `query` has ranges, pages and histories.

mod mark;
mod private;
mod query;

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use proto::{kvrwset::KvMetadataEntry, rwset::TxPvtReadWriteSet};

use crate::{
    Interest, ReadOnlyRule, SimulateError, StateError, StateReader, VersionedValue,
    cursor::RangeRecord,
    interest::{CollectionInterest, NamespaceInterest, Writes},
    metadata::VALIDATION_PARAMETER,
    recording::{Recording, Write},
};
pub use mark::Mark;
use query::Cursor;
pub use query::{CursorId, Page};

/// What a simulation may use. How many reads and cursors there are altogether is limited by their price in fuel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatorLimits {
    /// Cursors open at one time, of all kinds together.
    pub cursors_open_max: usize,
    /// Bytes of keys and values of all writes, overwritten ones too.
    pub write_bytes_max: usize,
    /// Results that one cursor or page gives; then it ends as if there were no more (Fabric's `totalQueryLimit`).
    pub results_max: usize,
}

impl Default for SimulatorLimits {
    fn default() -> Self {
        Self {
            cursors_open_max: 1_000,
            write_bytes_max: 64 * 1024 * 1024,
            results_max: 100_000,
        }
    }
}

/// Runs one transaction against one committed height and records its read-write set byte for byte as Fabric does.
///
/// Reads show what is committed, never the transaction's own writes. Keys, collections and access to them are not judged
/// here: what a chaincode may name is the runtime's business, who may read a collection is the lifecycle's.
///
/// A [`SimulateError::State`] leaves the simulation unusable: drop it.
pub struct Simulator {
    reader: Box<dyn StateReader>,
    tx_id: String,
    limits: SimulatorLimits,
    recording: Recording,
    /// Every walk over public keys in the order they were opened, closed ones too.
    ranges: Vec<RangeRecord>,
    cursors: BTreeMap<CursorId, Cursor>,
    cursor_next: u64,
    wrote: bool,
    paged: bool,
    private_ranged: bool,
    write_bytes: usize,
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The marshalled `TxReadWriteSet`, which goes into `ChaincodeAction.results`.
    pub results: Bytes,
    /// The private writes in the clear; none if nothing private was written.
    pub private: Option<TxPvtReadWriteSet>,
    /// Whose endorsement the result needs.
    pub interest: Interest,
}

impl Simulator {
    /// Starts a simulation of transaction `tx_id` on what `reader` shows.
    #[must_use]
    pub fn new(reader: Box<dyn StateReader>, tx_id: &str) -> Self {
        Self::with_limits(reader, tx_id, SimulatorLimits::default())
    }

    /// Starts a simulation with limits of its own.
    #[must_use]
    pub fn with_limits(reader: Box<dyn StateReader>, tx_id: &str, limits: SimulatorLimits) -> Self {
        Self {
            reader,
            tx_id: tx_id.to_owned(),
            limits,
            recording: Recording::default(),
            ranges: Vec::new(),
            cursors: BTreeMap::new(),
            cursor_next: 0,
            wrote: false,
            paged: false,
            private_ranged: false,
            write_bytes: 0,
        }
    }

    /// The state itself, for reads of the host that are not to be recorded.
    #[must_use]
    pub fn reader(&self) -> &dyn StateReader {
        self.reader.as_ref()
    }

    /// The transaction being simulated.
    #[must_use]
    pub fn tx_id(&self) -> &str {
        &self.tx_id
    }

    /// Whether anything was written so far, public or private, be it only metadata.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.wrote
    }

    /// The committed value of a public key; records the read, also of an absent key.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn get_state(
        &mut self,
        namespace: &str,
        key: &str,
    ) -> Result<Option<Bytes>, SimulateError> {
        Ok(self.read(namespace, key)?.map(|found| found.value))
    }

    /// The committed values of several public keys, in their order; records each read.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn get_states(
        &mut self,
        namespace: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Bytes>>, SimulateError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.reader.get_many(namespace, keys)?;
        let recorded = self.recording.namespace(namespace);
        for (key, found) in keys.iter().zip(&found) {
            recorded.read(key, found.as_ref().map(|found| found.version));
        }
        Ok(found
            .into_iter()
            .map(|found| found.map(|found| found.value))
            .collect())
    }

    /// Writes a public key; an empty value deletes it. The last write of a key counts.
    ///
    /// # Errors
    /// - [`SimulateError::ReadOnly`]: a page or a private range was read before.
    /// - [`SimulateError::Limit`]: the writes are too many bytes.
    pub fn put_state(
        &mut self,
        namespace: &str,
        key: &str,
        value: Bytes,
    ) -> Result<(), SimulateError> {
        self.before_write(key.len() + value.len())?;
        self.recording
            .namespace(namespace)
            .write(key, Write::of(value));
        Ok(())
    }

    /// Deletes a public key; it need not exist.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn del_state(&mut self, namespace: &str, key: &str) -> Result<(), SimulateError> {
        self.put_state(namespace, key, Bytes::new())
    }

    /// The committed key-level endorsement policy of a public key; records a read of the key.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn get_validation_parameter(
        &mut self,
        namespace: &str,
        key: &str,
    ) -> Result<Option<Bytes>, SimulateError> {
        Ok(self
            .read(namespace, key)?
            .and_then(|found| found.validation_parameter()))
    }

    /// Sets the key-level endorsement policy of a public key: a marshalled `SignaturePolicyEnvelope`.
    ///
    /// It replaces all of the key's metadata. An empty one leaves the key under the chaincode's policy. On a key that does not
    /// exist when the transaction is committed it has no effect, unless the transaction writes the key too.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn set_validation_parameter(
        &mut self,
        namespace: &str,
        key: &str,
        policy: Bytes,
    ) -> Result<(), SimulateError> {
        self.before_write(key.len() + policy.len())?;
        self.recording
            .namespace(namespace)
            .write_metadata(key, validation_entries(policy));
        Ok(())
    }

    /// Ends the simulation. Cursors that are still open count with what they have fetched.
    ///
    /// # Errors
    /// The state could not be read: the written keys' policies are looked up here.
    pub fn finish(mut self) -> Result<Simulated, SimulateError> {
        for range in std::mem::take(&mut self.ranges) {
            let (namespace, info) = range.finish();
            self.recording.namespace(&namespace).range(info);
        }
        Ok(Simulated {
            results: self.recording.public().encode_to_vec().into(),
            private: self.recording.private(),
            interest: self.interest()?,
        })
    }

    fn read(
        &mut self,
        namespace: &str,
        key: &str,
    ) -> Result<Option<VersionedValue>, SimulateError> {
        let found = self.reader.get(namespace, key)?;
        let version = found.as_ref().map(|found| found.version);
        self.recording.namespace(namespace).read(key, version);
        Ok(found)
    }

    /// Refuses a write after a query that only a read-only transaction may make, in the order in which Fabric asks.
    fn before_write(&mut self, bytes: usize) -> Result<(), SimulateError> {
        if self.private_ranged {
            return Err(self.read_only(ReadOnlyRule::WriteAfterPrivateRange));
        }
        if self.paged {
            return Err(self.read_only(ReadOnlyRule::WriteAfterPage));
        }
        let max = self.limits.write_bytes_max;
        let write_bytes = self.write_bytes.saturating_add(bytes);
        if write_bytes > max {
            return Err(SimulateError::Limit {
                what: "bytes of keys and values written",
                max,
            });
        }
        self.write_bytes = write_bytes;
        self.wrote = true;
        Ok(())
    }

    fn read_only(&self, rule: ReadOnlyRule) -> SimulateError {
        SimulateError::ReadOnly {
            tx_id: self.tx_id.clone(),
            rule,
        }
    }

    fn interest(&self) -> Result<Interest, StateError> {
        let mut interest = Interest::default();
        for (name, namespace) in self.recording.namespaces() {
            let keys: Vec<_> = namespace.written_keys().into_iter().collect();
            let public = writes(&self.reader.get_many(name, &keys)?);
            let mut collections = BTreeMap::new();
            for (collection_name, collection) in namespace.collections() {
                let hashes: Vec<_> = collection
                    .written_keys()
                    .into_iter()
                    .map(|key| model::hash::sha256(key.as_bytes()))
                    .collect();
                let hashes: Vec<_> = hashes.iter().map(|hash| hash.as_slice()).collect();
                let found = self
                    .reader
                    .get_many_hashed(name, collection_name, &hashes)?;
                let read = (name.to_owned(), collection_name.to_owned());
                collections.insert(
                    collection_name.to_owned(),
                    CollectionInterest {
                        writes: writes(&found),
                        private_reads: self.recording.private_reads.contains(&read),
                    },
                );
            }
            interest.namespaces.insert(
                name.to_owned(),
                NamespaceInterest {
                    public,
                    collections,
                },
            );
        }
        Ok(interest)
    }
}

/// The metadata that holds a key-level policy and nothing else.
fn validation_entries(policy: Bytes) -> Vec<KvMetadataEntry> {
    vec![KvMetadataEntry {
        name: VALIDATION_PARAMETER.to_owned(),
        value: policy,
    }]
}

/// The policies of written keys, by what is committed under them.
fn writes(committed: &[Option<VersionedValue>]) -> Writes {
    let mut writes = Writes {
        keys: committed.len(),
        ..Writes::default()
    };
    for found in committed {
        match found
            .as_ref()
            .and_then(VersionedValue::validation_parameter)
        {
            Some(policy) => {
                writes.key_policies.insert(policy);
            }
            None => writes.needs_namespace_policy = true,
        }
    }
    writes
}
