//! Walks over many entries, and pages of them.
//!
//! ```
//! use chaincode_sdk::testing::TestLedger;
//!
//! let mut ledger = TestLedger::new();
//! ledger.submit(|ctx| {
//!     ctx.put_state("a", b"1")?;
//!     ctx.put_state("b", b"2")
//! })?;
//! // A walk does not borrow the context, so a contract may write while it walks.
//! ledger.submit(|ctx| {
//!     for entry in ctx.get_state_by_range("", "")? {
//!         ctx.del_state(&entry?.key)?;
//!     }
//!     Ok::<_, chaincode_sdk::Error>(())
//! })?;
//! assert_eq!(ledger.state("a"), None);
//! # Ok::<(), chaincode_sdk::Error>(())
//! ```

use serde::de::DeserializeOwned;

use crate::{Result, Timestamp};

/// Entries asked of the host at once: the batch in which a peer records a range, so that no more is recorded than read.
const BATCH: u32 = 100;

/// One key and its committed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value; never empty.
    pub value: Vec<u8>,
}

impl Entry {
    /// Reads the value as JSON.
    ///
    /// # Errors
    /// The value is no JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.value)?)
    }
}

/// A part of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most as many as asked for.
    pub entries: Vec<Entry>,
    /// Where the next page begins; empty when this one reaches the end.
    pub bookmark: String,
}

/// One committed change of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modification {
    /// The transaction that made it.
    pub tx_id: String,
    /// The value it set; none if it deleted the key.
    pub value: Option<Vec<u8>>,
    /// The time that the transaction's client wrote into its proposal.
    pub timestamp: Timestamp,
}

/// An open walk on the host's side.
pub trait Cursor<T> {
    /// At most `max` further items; none at the end.
    ///
    /// # Errors
    /// The host failed.
    fn next(&mut self, max: u32) -> Result<Vec<T>>;
}

/// An open walk, as an iterator. It is closed when it is dropped; after an error it ends.
pub struct Walk<T> {
    cursor: Option<Box<dyn Cursor<T>>>,
    batch: std::vec::IntoIter<T>,
}

impl<T> Walk<T> {
    pub(crate) fn new(cursor: Box<dyn Cursor<T>>) -> Self {
        Self {
            cursor: Some(cursor),
            batch: Vec::new().into_iter(),
        }
    }

    fn refill(&mut self) -> Result<()> {
        let Some(cursor) = &mut self.cursor else {
            return Ok(());
        };
        let batch = cursor.next(BATCH).inspect_err(|_| self.cursor = None)?;
        if batch.is_empty() {
            self.cursor = None;
        }
        self.batch = batch.into_iter();
        Ok(())
    }
}

impl<T> Iterator for Walk<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(item) = self.batch.next() {
            return Some(Ok(item));
        }
        match self.refill() {
            Ok(()) => self.batch.next().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

impl<T> std::fmt::Debug for Walk<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Walk")
            .field("open", &self.cursor.is_some())
            .finish_non_exhaustive()
    }
}
