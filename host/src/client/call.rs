//! What to call, and the signed proposal that asks for it.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::TxId;
use model::client::{Invocation, NONCE_BYTES, Sender};
use msp::Signer as _;
use prost_types::Timestamp;
use proto::protos::SignedProposal;

use super::{Client, ClientError};

/// The clock and the randomness of a client.
#[derive(Clone, Copy)]
pub(crate) struct Sources {
    /// The time now.
    pub(crate) now: fn() -> Timestamp,
    /// Fills a buffer with randomness fit for keys.
    pub(crate) fill_random: fn(&mut [u8]),
}

/// A call of a chaincode.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// The chaincode's name.
    pub(crate) chaincode: String,
    /// Function name and arguments.
    pub(crate) args: Vec<Bytes>,
    /// Data for the chaincode that never reaches the ledger.
    pub(crate) transient: BTreeMap<String, Bytes>,
    /// The organisations whose peers are asked; empty: whom the policy needs.
    pub(crate) organizations: Vec<String>,
    /// Whether this is the chaincode's initialisation.
    pub(crate) is_init: bool,
}

/// A proposal, signed.
pub(super) struct Proposed {
    pub(super) tx_id: TxId,
    pub(super) signed: SignedProposal,
}

impl Client {
    /// Makes and signs the proposal of a call. `channel_id` is empty for calls to the peer itself.
    pub(super) fn propose(&self, channel_id: &str, call: Call) -> Result<Proposed, ClientError> {
        let mut nonce = [0; NONCE_BYTES];
        (self.sources.fill_random)(&mut nonce);
        let sender = Sender {
            creator: self.signer.identity().clone(),
            nonce,
            timestamp: (self.sources.now)(),
        };
        let (tx_id, proposal_bytes) = sender.propose(Invocation {
            channel_id: channel_id.to_owned(),
            chaincode: call.chaincode,
            args: call.args,
            transient: call.transient,
            is_init: call.is_init,
        });
        let signature = self.sign(&proposal_bytes)?;
        Ok(Proposed {
            tx_id,
            signed: SignedProposal {
                proposal_bytes,
                signature,
            },
        })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Bytes, ClientError> {
        self.signer.sign(message).map_err(ClientError::Sign)
    }
}
