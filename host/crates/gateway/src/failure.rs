//! What clients are told when a call fails: Fabric's codes and texts, with one detail for each node that failed.

use prost::Message as _;
use prost::Name as _;
use prost_types::Any;
use proto::gateway::ErrorDetail;
use proto::google::rpc;
use proto::protos::{ProposalResponse, Response};
use tonic::{Code, Status};

/// One node's part in a failure.
pub(crate) fn detail(address: &str, msp_id: &str, message: impl Into<String>) -> ErrorDetail {
    ErrorDetail {
        address: address.to_owned(),
        msp_id: msp_id.to_owned(),
        message: message.into(),
    }
}

/// A status with details, as `google.rpc.Status` in the trailer.
pub(crate) fn status(code: Code, message: impl Into<String>, details: &[ErrorDetail]) -> Status {
    let message = message.into();
    if details.is_empty() {
        return Status::new(code, message);
    }
    let any = |detail: &ErrorDetail| Any {
        type_url: ErrorDetail::type_url(),
        value: detail.encode_to_vec(),
    };
    let full = rpc::Status {
        code: code.into(),
        message: message.clone(),
        details: details.iter().map(any).collect(),
    };
    Status::with_details(code, message, full.encode_to_vec().into())
}

/// A request that is not what the call takes.
pub(crate) fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}

/// Why an answer is no result.
pub(crate) enum Failed {
    /// The chaincode has answered with an error.
    Chaincode(String),
    /// The peer could not run it.
    Peer(String),
}

impl Failed {
    /// What the client is told.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Chaincode(text) | Self::Peer(text) => text,
        }
    }
}

/// A peer's response if it is a result. Errors of the chaincode come with the payload that would have been signed, or
/// with a status below 500; a peer's own do not.
///
/// # Errors
/// Whose error it is, and what is said of it.
pub(crate) fn result_of(answer: &ProposalResponse) -> Result<&Response, Failed> {
    let Some(response) = &answer.response else {
        return Err(Failed::Peer("the peer sent no response".to_owned()));
    };
    if (200..400).contains(&response.status) {
        return Ok(response);
    }
    if answer.payload.is_empty() && !(400..500).contains(&response.status) {
        return Err(Failed::Peer(response.message.clone()));
    }
    let text = format!(
        "chaincode response {}, {}",
        response.status, response.message
    );
    Err(Failed::Chaincode(text))
}
