//! Private data: values that only some organisations hold, with their hashes on every ledger.
//!
//! ```
//! use chaincode_sdk::testing::{Proposal, TestLedger};
//!
//! let mut ledger = TestLedger::new();
//! ledger.propose(Proposal::by("Org1MSP").with_transient("price", b"300"));
//! ledger.submit(|ctx| {
//!     let price = ctx.transient("price").ok_or("the transient map holds no price")?;
//!     ctx.implicit_collection("Org1MSP").put("asset1", &price)
//! })?;
//!
//! // Every organisation knows the hash, only the peers of Org1MSP know the value.
//! ledger.propose(Proposal::by("Org2MSP"));
//! assert!(ledger.evaluate(|ctx| ctx.implicit_collection("Org1MSP").hash("asset1"))?.is_some());
//! assert!(ledger.evaluate(|ctx| ctx.implicit_collection("Org1MSP").get("asset1")).is_err());
//! # Ok::<(), chaincode_sdk::Error>(())
//! ```

use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::cursor::{Entry, Walk};
use crate::ledger::{Ledger, Range, Space};

/// One collection, seen from one transaction. Keys, committed reads and empty values are as in the public state.
pub struct Collection {
    ledger: Rc<dyn Ledger>,
    name: String,
}

impl Collection {
    pub(crate) fn new(ledger: Rc<dyn Ledger>, name: String) -> Self {
        Self { ledger, name }
    }

    fn space(&self) -> Space<'_> {
        Space::Collection(&self.name)
    }

    /// The committed private value of a key.
    ///
    /// # Errors
    /// An unknown collection, no access, or [`Code::Unavailable`](crate::Code::Unavailable): the ledger holds a hash,
    /// but this peer not the value.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ledger.get(self.space(), key)
    }

    /// The committed private values of several keys, in their order.
    ///
    /// # Errors
    /// As [`get`](Self::get); too many keys.
    pub fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
        self.ledger.get_many(self.space(), keys)
    }

    /// The committed private value of a key, read as JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get); the value is no JSON of a `T`.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.get(key)?
            .map(|value| Ok(serde_json::from_slice(&value)?))
            .transpose()
    }

    /// The SHA-256 of a key's committed private value; every peer knows it.
    ///
    /// # Errors
    /// An unknown collection or a bad key.
    pub fn hash(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ledger.private_hash(&self.name, key)
    }

    /// Sets a key's private value when the transaction is committed. An empty value deletes the key.
    ///
    /// # Errors
    /// An unknown collection, a bad key, a limit, no access.
    pub fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        self.ledger.put(self.space(), key, value)
    }

    /// Sets a key's private value to JSON.
    ///
    /// # Errors
    /// As [`put`](Self::put); a value that JSON cannot hold.
    pub fn put_json<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<()> {
        self.put(key, &serde_json::to_vec(value)?)
    }

    /// Deletes a private key.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&self, key: &str) -> Result<()> {
        self.ledger.delete(self.space(), key)
    }

    /// Deletes a private key and, from every peer, the values it ever had.
    ///
    /// # Errors
    /// As [`put`](Self::put); a channel without that capability.
    pub fn purge(&self, key: &str) -> Result<()> {
        self.ledger.purge(&self.name, key)
    }

    /// Walks private keys from `start` on to before `end`; only in transactions that write nothing.
    ///
    /// # Errors
    /// As [`Context::get_state_by_range`](crate::Context::get_state_by_range); a write before.
    pub fn range(&self, start: &str, end: &str) -> Result<Walk<Entry>> {
        self.ledger
            .range(self.space(), Range::Keys { start, end })
            .map(Walk::new)
    }

    /// Walks private composite keys that begin with these parts; only in transactions that write nothing.
    ///
    /// # Errors
    /// As [`range`](Self::range); a part with U+0000 or U+10FFFF.
    pub fn partial_composite(&self, object_type: &str, attributes: &[&str]) -> Result<Walk<Entry>> {
        self.ledger
            .range(
                self.space(),
                Range::Composite {
                    object_type,
                    attributes,
                },
            )
            .map(Walk::new)
    }

    /// Walks the result of a query in the database's own language; only in transactions that write nothing.
    ///
    /// # Errors
    /// [`Code::Unsupported`](crate::Code::Unsupported) on a channel whose database has none.
    pub fn query(&self, text: &str) -> Result<Walk<Entry>> {
        self.ledger.query(self.space(), text).map(Walk::new)
    }

    /// The private key's own endorsement policy.
    ///
    /// # Errors
    /// An unknown collection or a bad key.
    pub fn validation_parameter(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ledger.validation_parameter(self.space(), key)
    }

    /// Sets the private key's own endorsement policy.
    ///
    /// # Errors
    /// As [`put`](Self::put); bytes that are no policy.
    pub fn set_validation_parameter(&self, key: &str, policy: &[u8]) -> Result<()> {
        self.ledger
            .set_validation_parameter(self.space(), key, policy)
    }
}

impl fmt::Debug for Collection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Collection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
