//! What clients are told when a call fails: Fabric's codes and texts, with one detail for each node that failed, and beside
//! them our own code.

use std::collections::BTreeSet;
use std::error::Error as _;

use model::ErrorCode;
use prost::Message as _;
use prost::Name as _;
use prost_types::Any;
use proto::gateway::ErrorDetail;
use proto::google::rpc;
use proto::protos::{ProposalResponse, Response};
use services::{code_of, with_code};
use tonic::{Code, Status};

use crate::nodes::Peer;

/// One node's part in a failure.
pub(crate) fn detail(address: &str, msp_id: &str, message: impl Into<String>) -> ErrorDetail {
    ErrorDetail {
        address: address.to_owned(),
        msp_id: msp_id.to_owned(),
        message: message.into(),
    }
}

/// What several nodes said instead of doing their parts.
#[derive(Default)]
pub(crate) struct Failures {
    details: Vec<ErrorDetail>,
    codes: BTreeSet<ErrorCode>,
}

impl Failures {
    pub(crate) fn add(&mut self, detail: ErrorDetail, code: ErrorCode) {
        self.details.push(detail);
        self.codes.insert(code);
    }

    pub(crate) fn extend(&mut self, others: Failures) {
        self.details.extend(others.details);
        self.codes.extend(others.codes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.details.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.details.len()
    }

    /// The one code for all of it: that peers differ, since nothing else helps then; what all of them say, those left out that
    /// could not be asked; `mixed` if they say different things.
    pub(crate) fn code(&self, mixed: ErrorCode) -> ErrorCode {
        if self.codes.contains(&ErrorCode::EndorseMismatch) {
            return ErrorCode::EndorseMismatch;
        }
        let mut said = self
            .codes
            .iter()
            .filter(|code| **code != ErrorCode::EndorseUnavailable);
        match (said.next(), said.next()) {
            (Some(code), None) => *code,
            (None, _) => ErrorCode::EndorseUnavailable,
            _ => mixed,
        }
    }

    /// A status with all details.
    pub(crate) fn into_status(self, code: Code, error: ErrorCode, message: &str) -> Status {
        status(code, error, message, &self.details)
    }
}

/// A status with details, as `google.rpc.Status` in the trailer.
pub(crate) fn status(
    code: Code,
    error: ErrorCode,
    message: impl Into<String>,
    details: &[ErrorDetail],
) -> Status {
    coded(error, with_details(code, message.into(), details))
}

fn with_details(code: Code, message: String, details: &[ErrorDetail]) -> Status {
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

/// A status with our own code.
pub(crate) fn coded(code: ErrorCode, status: Status) -> Status {
    with_code(status, code.name())
}

/// A request that is not what the call takes.
pub(crate) fn invalid(code: ErrorCode, message: impl Into<String>) -> Status {
    coded(code, Status::invalid_argument(message))
}

/// The code that another peer gave. Codes that an endorser has no reason to give are passed over: they would be
/// taken for this gateway's.
pub(crate) fn endorsers_code(name: Option<&str>) -> Option<ErrorCode> {
    let code: ErrorCode = name?.parse().ok()?;
    let foreign = [
        "auth", "endorse", "order", "commit", "events", "client", "config",
    ];
    (!foreign.contains(&code.subject())).then_some(code)
}

/// The code of a peer that did not answer, or refused the proposal.
pub(crate) fn code_of_refusal(status: &Status) -> ErrorCode {
    // Only what comes from this side of the connection has a source.
    if status.source().is_some() {
        return ErrorCode::EndorseUnavailable;
    }
    endorsers_code(code_of(status)).unwrap_or(match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            ErrorCode::EndorseUnavailable
        }
        Code::ResourceExhausted => ErrorCode::NodeBusy,
        Code::OutOfRange => ErrorCode::RequestTooLarge,
        _ => ErrorCode::EndorseFailed,
    })
}

/// Why a channel has no configuration here.
pub(crate) fn no_channel(id: &str) -> String {
    format!("failed to get config for channel [{id}]: could not get last config for channel {id}")
}

/// What a peer said instead of answering: the gateway's own in its own words.
pub(crate) fn said_by(peer: &Peer, status: &Status) -> String {
    match peer.is_local {
        true => status.message().to_owned(),
        false => in_gos_words(status),
    }
}

/// What another node said instead of answering, as Fabric's gateway hands it on: in the words of Go's gRPC client.
pub(crate) fn in_gos_words(status: &Status) -> String {
    let code = match status.code() {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        code => format!("{code:?}"),
    };
    format!("rpc error: code = {code} desc = {}", status.message())
}

/// Why an answer is no result.
pub(crate) enum Failed {
    /// The chaincode has answered with an error.
    Chaincode(String),
    /// The peer could not run it.
    Peer(String),
}

impl Failed {
    /// What it is if the peer gives no code: other programs than ours have none.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Chaincode(_) => ErrorCode::ChaincodeFailed,
            Self::Peer(_) => ErrorCode::EndorseFailed,
        }
    }

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
