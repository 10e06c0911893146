use bytes::Bytes;
use prost::DecodeError;
use proto::FromWire;
use proto::{
    common::SignatureHeader,
    protos::{
        ChaincodeActionPayload, ChaincodeHeaderExtension, Endorsement, ProposalResponsePayload,
        Transaction, TransactionAction,
    },
};

use super::Action;
use super::fault::{Fault, undecodable};
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
    pub(super) fn parse(tx_id: TxId, payload: Payload) -> Result<Self, Fault> {
        let (action, parts) = open_action(&payload.data)?;
        let hash = sha256_of([
            &payload.channel_header.bytes,
            &action.header,
            &parts.proposal_payload,
        ]);
        if parts.response_payload.message.proposal_hash != hash.as_slice() {
            return Err(bad(
                "the endorsed response",
                "its proposal hash is not that of the proposal in the transaction",
            ));
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
    pub fn action(&self) -> Result<Action, Fault> {
        let extension = self.payload.channel_header.message.extension.clone();
        let extension = ChaincodeHeaderExtension::from_wire(extension).map_err(|cause| {
            let code = TxValidationCode::BadHeaderExtension;
            Fault::new(code, "the channel header's extension", undecodable(&cause))
        })?;
        let bad = |rule: String| {
            let code = TxValidationCode::BadResponsePayload;
            Fault::new(code, "the endorsed result", rule)
        };
        let result = self.response_payload.message.extension.clone();
        if result.is_empty() {
            return Err(bad("it is missing or empty".to_owned()));
        }
        let result = Received::decode(result).map_err(|cause| bad(undecodable(&cause)))?;
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

fn bad(part: &'static str, rule: impl Into<String>) -> Fault {
    Fault::new(TxValidationCode::InvalidEndorserTransaction, part, rule)
}

/// The fault of a part that does not decode.
fn broken(part: &'static str) -> impl FnOnce(DecodeError) -> Fault {
    move |cause| bad(part, undecodable(&cause))
}

/// The action's own header need not equal the outer one; it must have nonce and creator, and the hash covers it.
fn open_action(data: &Bytes) -> Result<(TransactionAction, Parts), Fault> {
    const HEADER: &str = "the action's header";
    let mut actions = Transaction::from_wire(data.clone())
        .map_err(broken("the transaction"))?
        .actions;
    let count = actions.len();
    let action = actions.pop().filter(|_| actions.is_empty());
    let action = action.ok_or_else(|| {
        let rule = format!("it has {count} actions, it must have one");
        bad("the transaction", rule)
    })?;
    let header = SignatureHeader::from_wire(action.header.clone()).map_err(broken(HEADER))?;
    if header.nonce.is_empty() {
        return Err(bad(HEADER, "it has no nonce"));
    }
    if header.creator.is_empty() {
        return Err(bad(HEADER, "it names no creator"));
    }
    let parts = open_parts(&action.payload)?;
    Ok((action, parts))
}

fn open_parts(payload: &Bytes) -> Result<Parts, Fault> {
    const PAYLOAD: &str = "the action's payload";
    let payload = ChaincodeActionPayload::from_wire(payload.clone()).map_err(broken(PAYLOAD))?;
    if payload.chaincode_proposal_payload.is_empty() {
        return Err(bad(PAYLOAD, "it holds no proposal"));
    }
    let endorsed = payload
        .action
        .ok_or_else(|| bad(PAYLOAD, "it holds no endorsed action"))?;
    let response = endorsed.proposal_response_payload;
    Ok(Parts {
        proposal_payload: payload.chaincode_proposal_payload,
        response_payload: Received::decode(response).map_err(broken("the endorsed response"))?,
        endorsements: endorsed.endorsements,
    })
}
