//! What a call is told of its proposal, and what it may ask of the peer.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost_types::Timestamp;
use rwset::{Simulator, StateError};

use crate::Contract;
use crate::call::Reply;

/// What the proposal says; the same for all chaincodes of one transaction.
#[derive(Debug, Clone, Default)]
pub struct TxContext {
    /// The transaction's id: 64 lower-case hexadecimal digits.
    pub tx_id: String,
    /// The MSP of who signed the proposal.
    pub creator_msp_id: String,
    /// Their certificate as PEM, as the client sent it.
    pub creator_certificate: Bytes,
    /// The time in the channel header.
    pub timestamp: Timestamp,
    /// What the client sent along and no block will hold.
    pub transient: BTreeMap<String, Bytes>,
    /// SHA-256 over nonce, creator and epoch.
    pub binding: Bytes,
    /// What the peer's decorators added.
    pub decorations: BTreeMap<String, Bytes>,
    /// The marshalled `peer.SignedProposal`, as received.
    pub signed_proposal: Bytes,
}

/// What a running call may ask of the peer beyond its simulator. The endorser makes one for each transaction.
///
/// Both answers must follow from the ledger at the simulation's height and from the proposal alone. What is read for
/// them and has to stand in the read-write set goes through the simulator that is handed over.
pub struct Hooks {
    /// Says whether the creator may use a collection.
    pub collection: CollectionHook,
    /// Finds a chaincode that a running one calls.
    pub call: CallHook,
}

/// See [`Hooks::collection`].
pub type CollectionHook =
    Box<dyn FnMut(CollectionRequest<'_>) -> Result<CollectionAccess, StateError> + Send>;

/// See [`Hooks::call`].
pub type CallHook = Box<dyn FnMut(CallRequest<'_>) -> Result<Callee, CallRefused> + Send>;

/// Asks for a collection.
pub struct CollectionRequest<'a> {
    /// The channel on which the asking chaincode runs.
    pub channel: &'a str,
    /// The asking chaincode's namespace.
    pub namespace: &'a str,
    /// The collection's name.
    pub collection: &'a str,
    /// Of that channel; records what is read.
    pub simulator: &'a mut Simulator,
}

/// What the creator may do with a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectionAccess {
    /// There is no such collection.
    Unknown,
    /// It is there.
    Known {
        /// The creator may read values.
        read: bool,
        /// The creator may write values.
        write: bool,
        /// The channel's capabilities allow purging.
        purge: bool,
    },
}

/// Asks for a chaincode to call.
pub struct CallRequest<'a> {
    /// The chaincode's name, checked for nothing.
    pub chaincode: &'a str,
    /// The channel it is to run on.
    pub channel: &'a str,
    /// Whether that is the caller's channel.
    pub same_channel: bool,
    /// The arguments, for chaincodes that the peer itself answers.
    pub args: &'a [Vec<u8>],
    /// Of the caller's channel; records what is read if the callee is on it.
    pub simulator: &'a mut Simulator,
}

/// A chaincode that may be called.
pub enum Callee {
    /// One that runs here.
    Contract {
        /// Its code.
        contract: Arc<Contract>,
        /// Where its state is; the chaincode's name.
        namespace: String,
        /// A simulator of the other channel, which is dropped afterwards; none on the caller's channel.
        simulator: Option<Box<Simulator>>,
    },
    /// One of the peer's own, which has answered already.
    Answered(Reply),
}

/// Why a chaincode cannot be called. The texts reach the calling chaincode.
#[derive(Debug)]
pub enum CallRefused {
    /// There is no such chaincode or channel.
    NotFound(String),
    /// The creator may not call it, or it is none to be called by others.
    AccessDenied(String),
    /// It is there and cannot be run.
    Failed(String),
    /// The state could not be read; ends the transaction.
    State(StateError),
}

impl Hooks {
    /// Makes hooks that know no collection and no chaincode.
    pub fn none() -> Self {
        Self {
            collection: Box::new(|_| Ok(CollectionAccess::Unknown)),
            call: Box::new(|request| {
                Err(CallRefused::NotFound(format!(
                    "chaincode {} not found",
                    request.chaincode
                )))
            }),
        }
    }
}
