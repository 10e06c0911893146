//! The ledger as a contract sees it: one trait, with the host's imports behind it in the guest and an in-memory ledger
//! in native tests.
//!
//! Contracts use [`Context`](crate::Context), which is made of one:
//!
//! ```
//! use std::rc::Rc;
//!
//! use chaincode_sdk::testing::TestLedger;
//! use chaincode_sdk::{Context, ledger::Ledger};
//!
//! let ledger: Rc<dyn Ledger> = TestLedger::new().begin();
//! let ctx = Context::new(ledger);
//! assert_eq!(ctx.get_state("asset1")?, None);
//! # Ok::<(), chaincode_sdk::Error>(())
//! ```

use crate::cursor::{Cursor, Entry, Modification, Page};
use crate::{Response, Result, Timestamp};

/// Which keys are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space<'a> {
    /// The chaincode's public state.
    Public,
    /// The collection of this name.
    Collection(&'a str),
}

/// Which entries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range<'a> {
    /// From `start` on to before `end`; an empty `start` leaves out composite keys, an empty `end` is no end.
    Keys {
        /// First key.
        start: &'a str,
        /// First key that is not meant.
        end: &'a str,
    },
    /// The composite keys that begin with these parts.
    Composite {
        /// The first part.
        object_type: &'a str,
        /// The parts after it.
        attributes: &'a [&'a str],
    },
    /// All composite keys; only for pages of the public state.
    AllComposite,
}

/// Who signed the proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id of the organisation's MSP.
    pub msp_id: String,
    /// The certificate as PEM.
    pub certificate: Vec<u8>,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Trace = 0,
    /// For finding a fault.
    Debug = 1,
    /// Worth knowing.
    Info = 2,
    /// Bad but handled.
    Warning = 3,
    /// A person should look.
    Error = 4,
}

/// All that the host offers, as the WIT world `weft:chaincode` says it. Rules, limits and errors are written there.
pub trait Ledger {
    /// The committed value of a key.
    ///
    /// # Errors
    /// A bad key, an unknown collection, no access.
    fn get(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>>;

    /// The committed values of several keys, in their order.
    ///
    /// # Errors
    /// As [`get`](Self::get); too many keys.
    fn get_many(&self, space: Space<'_>, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Sets a key; an empty value deletes it.
    ///
    /// # Errors
    /// A bad key, a limit, no access, a query before that only read-only transactions may make.
    fn put(&self, space: Space<'_>, key: &str, value: &[u8]) -> Result<()>;

    /// Deletes a key.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn delete(&self, space: Space<'_>, key: &str) -> Result<()>;

    /// Opens a walk over a range.
    ///
    /// # Errors
    /// Bad bounds, too many open walks, a private range after a write.
    fn range(&self, space: Space<'_>, range: Range<'_>) -> Result<Box<dyn Cursor<Entry>>>;

    /// One page of a range of the public state.
    ///
    /// # Errors
    /// As [`range`](Self::range); a bad size or bookmark, a write before.
    fn page(&self, range: Range<'_>, size: u32, bookmark: &str) -> Result<Page>;

    /// The key's own endorsement policy, a marshalled `common.SignaturePolicyEnvelope`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn validation_parameter(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>>;

    /// Sets the key's own endorsement policy; an empty one takes it away.
    ///
    /// # Errors
    /// As [`put`](Self::put); a policy that is none.
    fn set_validation_parameter(&self, space: Space<'_>, key: &str, policy: &[u8]) -> Result<()>;

    /// The SHA-256 of a private value.
    ///
    /// # Errors
    /// As [`get`](Self::get), but open to all.
    fn private_hash(&self, collection: &str, key: &str) -> Result<Option<Vec<u8>>>;

    /// Deletes a private key and the values it ever had.
    ///
    /// # Errors
    /// As [`put`](Self::put); a channel without that capability.
    fn purge(&self, collection: &str, key: &str) -> Result<()>;

    /// Opens a walk over a public key's committed changes, newest first.
    ///
    /// # Errors
    /// A bad key, a peer without history.
    fn history(&self, key: &str) -> Result<Box<dyn Cursor<Modification>>>;

    /// Opens a walk over the result of a query in the database's own language.
    ///
    /// # Errors
    /// Always [`Code::Unsupported`](crate::Code::Unsupported) in this version of the world.
    fn query(&self, space: Space<'_>, text: &str) -> Result<Box<dyn Cursor<Entry>>>;

    /// One page of the result of a query.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn query_page(&self, text: &str, size: u32, bookmark: &str) -> Result<Page>;

    /// The transaction's id.
    fn tx_id(&self) -> String;

    /// The channel's id.
    fn channel_id(&self) -> String;

    /// Who signed the proposal.
    fn creator(&self) -> Identity;

    /// The time the client wrote into the proposal.
    fn timestamp(&self) -> Timestamp;

    /// The transient map, ordered by name.
    fn transient(&self) -> Vec<(String, Vec<u8>)>;

    /// SHA-256 over nonce, creator and epoch.
    fn binding(&self) -> Vec<u8>;

    /// What the peer's decorators added, ordered by name.
    fn decorations(&self) -> Vec<(String, Vec<u8>)>;

    /// The marshalled `peer.SignedProposal`.
    fn signed_proposal(&self) -> Vec<u8>;

    /// Sets the transaction's event.
    ///
    /// # Errors
    /// An empty or long name, a long payload.
    fn set_event(&self, name: &str, payload: &[u8]) -> Result<()>;

    /// Writes a line for the peer's operator.
    fn log(&self, level: Level, message: &str);

    /// Runs another chaincode.
    ///
    /// # Errors
    /// No such chaincode or channel, no access, too deep, a callee that could not be run.
    fn invoke_chaincode(
        &self,
        chaincode: &str,
        args: &[Vec<u8>],
        channel: &str,
    ) -> Result<Response>;
}
