use bytes::Bytes;
use proto::FromWire;
use proto::{
    common::SignatureHeader,
    protos::{
        ChaincodeActionPayload, ChaincodeHeaderExtension, Endorsement, ProposalResponsePayload,
        Transaction, TransactionAction,
    },
};

use super::Action;
use crate::{Payload, Received, TxId, TxValidationCode, hash::sha256_of};

/// A transaction of the right shape: one action, whose proposal hash is that of the proposal it carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Endorsed {
    /// The transaction's id: computed, and equal to the stated one.
    pub tx_id: TxId,
    /// The headers as received. The timestamp is what the client states.
    pub payload: Payload,
    /// What was proposed, without transient data: an encoded `ChaincodeProposalPayload`.
    pub proposal_payload: Bytes,
    /// What the endorsers signed, each followed by its own identity: an encoded `ProposalResponsePayload`.
    pub response_payload: Received<ProposalResponsePayload>,
    /// The endorsements in the order received; any number, unverified.
    pub endorsements: Vec<Endorsement>,
}

impl Endorsed {
    /// Every fault up to the proposal hash is the same code; Fabric tells them apart only in its log.
    pub(super) fn parse(tx_id: TxId, payload: Payload) -> Result<Self, TxValidationCode> {
        let (action, parts) =
            open_action(&payload.data).ok_or(TxValidationCode::InvalidEndorserTransaction)?;
        let hash = sha256_of([
            &payload.channel_header.bytes,
            &action.header,
            &parts.proposal_payload,
        ]);
        if parts.response_payload.message.proposal_hash != hash.as_slice() {
            return Err(TxValidationCode::InvalidEndorserTransaction);
        }
        Ok(Self {
            tx_id,
            payload,
            proposal_payload: parts.proposal_payload,
            response_payload: parts.response_payload,
            endorsements: parts.endorsements,
        })
    }

    /// Opens the endorsed result and the header extension that names the chaincode.
    ///
    /// # Errors
    /// - `BAD_HEADER_EXTENSION`: the channel header's extension does not decode.
    /// - `BAD_RESPONSE_PAYLOAD`: the result is missing, empty, or does not decode.
    pub fn action(&self) -> Result<Action, TxValidationCode> {
        let extension = self.payload.channel_header.message.extension.clone();
        let extension = ChaincodeHeaderExtension::from_wire(extension)
            .map_err(|_| TxValidationCode::BadHeaderExtension)?;
        let result = self.response_payload.message.extension.clone();
        if result.is_empty() {
            return Err(TxValidationCode::BadResponsePayload);
        }
        let result = Received::decode(result).map_err(|_| TxValidationCode::BadResponsePayload)?;
        Ok(Action {
            chaincode: extension.chaincode_id,
            result,
        })
    }
}

struct Parts {
    proposal_payload: Bytes,
    response_payload: Received<ProposalResponsePayload>,
    endorsements: Vec<Endorsement>,
}

/// The action's own header need not equal the outer one; it must have nonce and creator, and the hash covers it.
fn open_action(data: &Bytes) -> Option<(TransactionAction, Parts)> {
    let mut actions = Transaction::from_wire(data.clone()).ok()?.actions;
    let action = actions.pop().filter(|_| actions.is_empty())?;
    let header = SignatureHeader::from_wire(action.header.clone()).ok()?;
    if header.nonce.is_empty() || header.creator.is_empty() {
        return None;
    }
    let payload = ChaincodeActionPayload::from_wire(action.payload.clone()).ok()?;
    if payload.chaincode_proposal_payload.is_empty() {
        return None;
    }
    let endorsed = payload.action?;
    let parts = Parts {
        proposal_payload: payload.chaincode_proposal_payload,
        response_payload: Received::decode(endorsed.proposal_response_payload).ok()?,
        endorsements: endorsed.endorsements,
    };
    Some((action, parts))
}
