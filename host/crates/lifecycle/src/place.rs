//! The places a record can be read from and written to.

use bytes::Bytes;
use model::hash::sha256;
use rwset::{Simulator, StateReader};

use crate::{Error, keys::NAMESPACE};

/// Where in the namespace `_lifecycle` a record is.
pub(crate) enum Place<'a> {
    /// Public state, each access recorded.
    Public(&'a mut Simulator),
    /// An organisation's collection, each access recorded.
    Collection(&'a mut Simulator, &'a str),
    /// Public state as it is committed, nothing recorded.
    Committed(&'a dyn StateReader),
}

impl Place<'_> {
    pub(crate) fn get(&mut self, key: &str) -> Result<Option<Bytes>, Error> {
        Ok(match self {
            Self::Public(simulator) => simulator.get_state(NAMESPACE, key)?,
            Self::Collection(simulator, name) => simulator.get_private(NAMESPACE, name, key)?,
            Self::Committed(reader) => reader.get(NAMESPACE, key)?.map(|found| found.value),
        })
    }

    /// # Errors
    /// [`Error::Refused`] for a place that is only read.
    pub(crate) fn put(&mut self, key: &str, value: Bytes) -> Result<(), Error> {
        match self {
            Self::Public(simulator) => simulator.put_state(NAMESPACE, key, value)?,
            Self::Collection(simulator, name) => {
                simulator.put_private(NAMESPACE, name, key, value)?;
            }
            Self::Committed(_) => {
                return Err(Error::refused(
                    "the committed state is only read".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.put(key, Bytes::new())
    }
}

/// Where the hashes of an organisation's approvals are, which every peer can see.
pub(crate) enum Hashes<'a> {
    /// Each access recorded.
    Recorded(&'a mut Simulator, &'a str),
    /// Nothing recorded.
    Committed(&'a dyn StateReader, &'a str),
}

impl Hashes<'_> {
    pub(crate) fn get(&mut self, key: &str) -> Result<Option<Bytes>, Error> {
        Ok(match self {
            Self::Recorded(simulator, name) => simulator.private_hash(NAMESPACE, name, key)?,
            Self::Committed(reader, name) => reader
                .get_hashed(NAMESPACE, name, &sha256(key.as_bytes()))?
                .map(|found| found.value),
        })
    }
}
