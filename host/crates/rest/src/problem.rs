//! Failures as callers see them: problem documents (RFC 9457) with a stable code.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{ErrorCode, TxId, TxValidationCode};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::grpc::details_of;

/// The media type of a problem document.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// When to come back after a 429 or 503, in seconds.
const RETRY_AFTER_S: u64 = 1;
/// How gateways begin a detail that says where an endorser's result differs from the first one's.
const DIFFERENCE_PREFIX: &str = "compared with ";

/// Why a request failed.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Document>);

/// Why a request failed: a problem document by RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Where the code is explained, relative to this node.
    #[schema(example = "/docs/errors/endorse.mismatch")]
    pub(crate) r#type: String,
    /// What the code means in every case.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened in this case.
    pub(crate) detail: String,
    /// The stable code.
    #[schema(example = "endorse.mismatch")]
    pub(crate) code: &'static str,
    /// What to do about it.
    pub(crate) hint: &'static str,
    /// The transaction it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) tx_id: Option<String>,
    /// The block that the transaction stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) block: Option<u64>,
    /// The validation code of an invalid transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) validation_code: Option<&'static str>,
    /// What other nodes said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<Detail>,
    /// Where endorsers' results differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differences: Vec<String>,
    /// When to come back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) retry_after_s: Option<u64>,
}

/// One node's part in a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProblemDetail)]
pub(crate) struct Detail {
    /// The node's address.
    pub(crate) address: String,
    /// Its organisation.
    pub(crate) msp_id: String,
    /// What it said.
    pub(crate) message: String,
}

/// A problem as it is kept for repetitions of its request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    code: String,
    detail: String,
    tx_id: Option<String>,
    details: Vec<Detail>,
    differences: Vec<String>,
}

impl Problem {
    /// A problem of a code; `detail` says what happened in this case.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let explanation = code.explanation();
        let status = explanation.http_status;
        Self(Box::new(Document {
            r#type: format!("/docs/errors/{}", explanation.name),
            title: explanation.meaning,
            status,
            detail: detail.into(),
            code: explanation.name,
            hint: explanation.action,
            tx_id: None,
            block: None,
            validation_code: None,
            details: Vec::new(),
            differences: Vec::new(),
            retry_after_s: matches!(status, 429 | 503).then_some(RETRY_AFTER_S),
        }))
    }

    /// A part of the request that the call does not take.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::RequestInvalid, detail)
    }

    /// A failure of this node: the cause goes to the log, not to the caller.
    pub(crate) fn broken(what: &'static str, cause: &dyn std::error::Error) -> Self {
        error!(what, cause = %chain(cause), "a REST call has failed");
        Self::new(
            ErrorCode::NodeBroken,
            format!("{what}; the cause is in the node's log"),
        )
    }

    /// Something that this node cannot do at the moment: the cause goes to the log.
    pub(crate) fn unavailable(what: &'static str, cause: &dyn std::error::Error) -> Self {
        warn!(what, cause = %chain(cause), "a REST call cannot be served");
        Self::new(
            ErrorCode::NodeUnavailable,
            format!("{what}; the cause is in the node's log"),
        )
    }

    /// The transaction `tx_id` is in `block` and has no effect.
    pub(crate) fn not_valid(tx_id: &TxId, block: u64, validation: TxValidationCode) -> Self {
        let code = match validation {
            TxValidationCode::MvccReadConflict => ErrorCode::CommitConflict,
            TxValidationCode::PhantomReadConflict => ErrorCode::CommitPhantom,
            _ => ErrorCode::CommitInvalid,
        };
        let mut problem = Self::new(code, model::codes::words(validation)).about(tx_id.as_str());
        problem.0.block = Some(block);
        problem.0.validation_code = Some(model::codes::name(validation));
        problem
    }

    /// The same, about a transaction.
    pub(crate) fn about(mut self, tx_id: &str) -> Self {
        self.0.tx_id = Some(tx_id.to_owned());
        self
    }

    /// The same, with what a node said.
    pub(crate) fn with_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// The code.
    pub(crate) fn code(&self) -> ErrorCode {
        self.0.code.parse().unwrap_or(ErrorCode::InternalError)
    }

    /// What is kept of it.
    pub(crate) fn store(&self) -> Stored {
        let document = &self.0;
        Stored {
            code: document.code.to_owned(),
            detail: document.detail.clone(),
            tx_id: document.tx_id.clone(),
            details: document.details.clone(),
            differences: document.differences.clone(),
        }
    }

    /// The problem that was kept.
    pub(crate) fn restore(stored: Stored) -> Self {
        let code = stored.code.parse().unwrap_or(ErrorCode::InternalError);
        let mut problem = Self::new(code, stored.detail);
        problem.0.tx_id = stored.tx_id;
        problem.0.details = stored.details;
        problem.0.differences = stored.differences;
        problem
    }

    /// What it says.
    pub(crate) fn document(&self) -> &Document {
        &self.0
    }

    /// What a gRPC service of this node answered, with what it said of other nodes.
    fn of_status(status: &Status) -> Self {
        let code = services::code_of(status).and_then(|name| name.parse().ok());
        let code = code.unwrap_or_else(|| code_for(status.code()));
        let detail = match code.http_status() {
            500 => {
                error!(code = %code, message = status.message(), "a REST call has failed");
                "the cause is in the node's log"
            }
            _ => status.message(),
        };
        let mut problem = Self::new(code, detail);
        for one in details_of(status) {
            match one.message.strip_prefix(DIFFERENCE_PREFIX) {
                Some(_) => problem
                    .0
                    .differences
                    .push(format!("{} ({}) {}", one.address, one.msp_id, one.message)),
                None => problem.0.details.push(one),
            }
        }
        problem
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::of_status(&status)
    }
}

/// The problem document with which a node refuses a request before any route sees it.
#[must_use]
pub fn refusal(code: ErrorCode, detail: &str) -> Response {
    let mut response = Problem::new(code, detail).into_response();
    crate::limits::put_headers(&mut response);
    response
}

/// Every status of our services carries a code; this is for what comes from below them.
fn code_for(code: Code) -> ErrorCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => ErrorCode::RequestInvalid,
        Code::Unauthenticated => ErrorCode::AuthInvalid,
        Code::PermissionDenied => ErrorCode::AccessDenied,
        Code::ResourceExhausted => ErrorCode::NodeBusy,
        Code::Unimplemented => ErrorCode::NodeUnsupported,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => ErrorCode::NodeUnavailable,
        Code::Internal | Code::DataLoss => ErrorCode::NodeBroken,
        _ => ErrorCode::EndorseFailed,
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = *self.0;
        let status =
            StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = document.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
