use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message;
use proto::{
    common::{Header, Payload},
    protos::{
        ChaincodeActionPayload, ChaincodeEndorsedAction, ProposalResponse, Transaction,
        TransactionAction,
    },
};

use crate::Proposal;

/// Why responses do not make a transaction. Indexes are places in the list that was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// An empty list.
    #[error("there is no proposal response")]
    NoResponses,
    /// A response reports a failure.
    #[error("proposal response {index} has status {status}: {message}")]
    Failed {
        /// Which response.
        index: usize,
        /// Its status; 0 if it has no response.
        status: i32,
        /// Its message.
        message: String,
    },
    /// A response carries no endorsement.
    #[error("proposal response {index} is not endorsed")]
    NotEndorsed {
        /// Which response.
        index: usize,
    },
    /// The peers did not get the same result.
    #[error("ProposalResponsePayloads do not match: {} differ from the first", indexes(.differing))]
    Differ {
        /// The responses whose payload is not that of the first; not empty.
        differing: Vec<usize>,
    },
}

/// Makes a transaction out of a proposal and the peers' responses: the payload of an envelope, which the proposal's
/// creator signs.
///
/// All payloads must be equal byte for byte. The endorsements keep the order of the responses; a second one by the same
/// endorser is left out. Signatures are not verified here: the validating peers do that.
///
/// # Errors
/// The first reason found, in the order of [`AssembleError`]'s variants.
pub fn assemble(
    proposal: &Proposal,
    responses: &[ProposalResponse],
) -> Result<Bytes, AssembleError> {
    let first = responses.first().ok_or(AssembleError::NoResponses)?;
    let mut endorsements = Vec::with_capacity(responses.len());
    let mut endorsers = BTreeSet::new();
    for (index, response) in responses.iter().enumerate() {
        check_status(index, response)?;
        let endorsement = response
            .endorsement
            .as_ref()
            .ok_or(AssembleError::NotEndorsed { index })?;
        if endorsers.insert(&endorsement.endorser) {
            endorsements.push(endorsement.clone());
        }
    }
    let differs = |(index, response): (usize, &ProposalResponse)| {
        (response.payload != first.payload).then_some(index)
    };
    let differing: Vec<usize> = responses.iter().enumerate().filter_map(differs).collect();
    if !differing.is_empty() {
        return Err(AssembleError::Differ { differing });
    }
    let action = ChaincodeActionPayload {
        chaincode_proposal_payload: proposal.stripped_payload.clone(),
        action: Some(ChaincodeEndorsedAction {
            proposal_response_payload: first.payload.clone(),
            endorsements,
        }),
    };
    let action = TransactionAction {
        header: proposal.signature_header.bytes.clone(),
        payload: action.encode_to_vec().into(),
    };
    let payload = Payload {
        header: Some(Header {
            channel_header: proposal.channel_header.bytes.clone(),
            signature_header: proposal.signature_header.bytes.clone(),
        }),
        data: Transaction {
            actions: vec![action],
        }
        .encode_to_vec()
        .into(),
    };
    Ok(payload.encode_to_vec().into())
}

/// What an endorser signs: the encoded `ProposalResponsePayload`, followed by its own encoded identity.
pub fn endorsement_signed_bytes(response_payload: &[u8], endorser: &[u8]) -> Vec<u8> {
    [response_payload, endorser].concat()
}

fn check_status(index: usize, response: &ProposalResponse) -> Result<(), AssembleError> {
    let (status, message) = response.response.as_ref().map_or((0, ""), |response| {
        (response.status, response.message.as_str())
    });
    if (200..400).contains(&status) {
        return Ok(());
    }
    Err(AssembleError::Failed {
        index,
        status,
        message: message.to_owned(),
    })
}

fn indexes(differing: &[usize]) -> String {
    let texts: Vec<String> = differing.iter().map(usize::to_string).collect();
    texts.join(", ")
}
