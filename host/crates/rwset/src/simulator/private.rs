//! Private collections: values in the clear for those who may have them, hashes for everybody.

use bytes::Bytes;
use model::hash::sha256;

use super::{Simulator, validation_entries};
use crate::{SimulateError, VersionedValue, recording::Write};

impl Simulator {
    /// The private value of a key, if it is the one whose hash is on the ledger; records a read of the hashed key.
    ///
    /// # Errors
    /// - [`SimulateError::PrivateUnavailable`]: this peer has no value or an older one.
    /// - [`SimulateError::State`]: the state could not be read.
    pub fn get_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Bytes>, SimulateError> {
        let found = self.reader.get_private(namespace, collection, key)?;
        let private = found.as_ref().map(|found| found.version);
        let public = self
            .reader
            .get_hashed(namespace, collection, &sha256(key.as_bytes()))?
            .map(|found| found.version);
        if public != private {
            return Err(SimulateError::PrivateUnavailable { public, private });
        }
        self.note_private_read(namespace, collection);
        self.recording
            .namespace(namespace)
            .collection(collection)
            .read(key, private);
        Ok(found.map(|found| found.value))
    }

    /// The private values of several keys, in their order; records a read of each hashed key.
    ///
    /// Unlike [`get_private`](Self::get_private) it does not look whether the values are the ledger's, as in Fabric: a value
    /// that is not current makes the transaction fail at its commit.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn get_privates(
        &mut self,
        namespace: &str,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Bytes>>, SimulateError> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let found = self.reader.get_private(namespace, collection, key)?;
            let version = found.as_ref().map(|found| found.version);
            self.note_private_read(namespace, collection);
            self.recording
                .namespace(namespace)
                .collection(collection)
                .read(key, version);
            values.push(found.map(|found| found.value));
        }
        Ok(values)
    }

    /// The hash of a private value, which every peer has; records a read of the hashed key.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn private_hash(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Bytes>, SimulateError> {
        Ok(self
            .read_hashed(namespace, collection, key)?
            .map(|found| found.value))
    }

    /// Writes a private key; an empty value deletes it. The last write of a key counts.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn put_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        value: Bytes,
    ) -> Result<(), SimulateError> {
        self.write_private(namespace, collection, key, Write::of(value))
    }

    /// Deletes a private key; it need not exist.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn del_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<(), SimulateError> {
        self.write_private(namespace, collection, key, Write::Delete)
    }

    /// Deletes a private key and has every peer destroy its earlier values too.
    ///
    /// Whether the channel's capabilities allow it (V2_5) is for the caller to know.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn purge_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<(), SimulateError> {
        self.write_private(namespace, collection, key, Write::Purge)
    }

    /// The committed key-level endorsement policy of a private key; records a read of the hashed key.
    ///
    /// # Errors
    /// The state could not be read.
    pub fn get_private_validation_parameter(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Bytes>, SimulateError> {
        let found = self.read_hashed(namespace, collection, key)?;
        Ok(found.and_then(|found| found.validation_parameter()))
    }

    /// Sets the key-level endorsement policy of a private key, as
    /// [`set_validation_parameter`](Self::set_validation_parameter) does of a public one.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn set_private_validation_parameter(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        policy: Bytes,
    ) -> Result<(), SimulateError> {
        self.before_write(key.len() + policy.len())?;
        self.recording
            .namespace(namespace)
            .collection(collection)
            .write_metadata(key, validation_entries(policy));
        Ok(())
    }

    fn read_hashed(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<VersionedValue>, SimulateError> {
        let found = self
            .reader
            .get_hashed(namespace, collection, &sha256(key.as_bytes()))?;
        let version = found.as_ref().map(|found| found.version);
        self.recording
            .namespace(namespace)
            .collection(collection)
            .read(key, version);
        Ok(found)
    }

    fn write_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        write: Write,
    ) -> Result<(), SimulateError> {
        let value_len = if let Write::Value(value) = &write {
            value.len()
        } else {
            0
        };
        self.before_write(key.len() + value_len)?;
        self.recording
            .namespace(namespace)
            .collection(collection)
            .write(key, write);
        Ok(())
    }

    fn note_private_read(&mut self, namespace: &str, collection: &str) {
        let read = (namespace.to_owned(), collection.to_owned());
        self.recording.private_reads.insert(read);
    }
}
