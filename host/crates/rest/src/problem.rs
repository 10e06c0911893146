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

/// How gateways end a message whose reasons stand in its details.
const SEE_DETAILS: &str = ", see attached details for more info";

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
        problem.say_what_all_said();
        problem
    }

    /// Where all nodes said the same, it stands in the detail itself: nobody has to look for it.
    fn say_what_all_said(&mut self) {
        let Document {
            details, detail, ..
        } = &mut *self.0;
        let Some((first, others)) = details.split_first() else {
            return;
        };
        if others.iter().all(|other| other.message == first.message)
            && let Some(begun) = detail.strip_suffix(SEE_DETAILS)
        {
            *detail = format!("{begun}: {}", first.message);
        }
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

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use model::{ErrorCode, TxId, TxValidationCode};
    use prost::{Message as _, Name as _};
    use proto::gateway::ErrorDetail;
    use proto::google::rpc;
    use tonic::{Code, Status};

    use super::Problem;

    fn check(problem: &Problem, expected: Expect) {
        expected.assert_eq(&serde_json::to_string_pretty(problem.document()).unwrap());
    }

    fn with_details(code: &'static str, messages: &[&str]) -> Status {
        let any = |message: &&str| prost_types::Any {
            type_url: ErrorDetail::type_url(),
            value: ErrorDetail {
                address: "localhost:9051".to_owned(),
                msp_id: "Org2MSP".to_owned(),
                message: (*message).to_owned(),
            }
            .encode_to_vec(),
        };
        let details = rpc::Status {
            details: messages.iter().map(any).collect(),
            ..rpc::Status::default()
        };
        let details = details.encode_to_vec().into();
        let status = Status::with_details(Code::Aborted, "failed to collect", details);
        services::with_code(status, code)
    }

    #[test]
    fn a_mismatch_shows_the_differences() {
        let status = with_details(
            "endorse.mismatch",
            &[
                "ProposalResponsePayloads do not match",
                "compared with localhost:7051 (Org1MSP): write basic a: \"1\" against \"2\"",
            ],
        );
        check(
            &status.into(),
            expect![[r#"
            {
              "type": "/docs/errors/endorse.mismatch",
              "title": "Endorsers came to different results, so that there is nothing to order.",
              "status": 422,
              "detail": "failed to collect",
              "code": "endorse.mismatch",
              "hint": "Compare the differences in the details; install the same package on all peers.",
              "details": [
                {
                  "address": "localhost:9051",
                  "msp_id": "Org2MSP",
                  "message": "ProposalResponsePayloads do not match"
                }
              ],
              "differences": [
                "localhost:9051 (Org2MSP) compared with localhost:7051 (Org1MSP): write basic a: \"1\" against \"2\""
              ]
            }"#]],
        );
    }

    #[test]
    fn an_invalid_transaction_shows_its_code_and_block() {
        let tx_id = TxId::compute(b"nonce", b"creator");
        let codes = [
            TxValidationCode::MvccReadConflict,
            TxValidationCode::PhantomReadConflict,
            TxValidationCode::EndorsementPolicyFailure,
        ];
        let problems = codes.map(|code| Problem::not_valid(&tx_id, 7, code));
        let shown = problems.each_ref().map(|problem| {
            let document = problem.document();
            format!("{} {}", document.status, document.code)
        });
        assert_eq!(
            shown,
            [
                "409 commit.conflict",
                "409 commit.phantom",
                "422 commit.invalid"
            ]
        );
        let [conflict, ..] = problems;
        check(
            &conflict,
            expect![[r#"
            {
              "type": "/docs/errors/commit.conflict",
              "title": "The transaction is in a block, but without effect: a key it read was changed in the meantime.",
              "status": 409,
              "detail": "A key that the transaction read was changed by another transaction before this one was committed.",
              "code": "commit.conflict",
              "hint": "Submit the call again; it then reads the present values.",
              "tx_id": "709184f9d24f6ade8fcd4d6521a6eef295fef6c2e67216c58b68ac15e8946492",
              "block": 7,
              "validation_code": "MVCC_READ_CONFLICT"
            }"#]],
        );
    }

    #[test]
    fn what_may_pass_says_when_to_come_back() {
        check(
            &Problem::new(ErrorCode::OrderQueueFull, "the queue is full"),
            expect![[r#"
                {
                  "type": "/docs/errors/order.queue_full",
                  "title": "The orderer's queue is full.",
                  "status": 429,
                  "detail": "the queue is full",
                  "code": "order.queue_full",
                  "hint": "Wait as long as Retry-After says, then try again; send fewer at once.",
                  "retry_after_s": 1
                }"#]],
        );
    }

    #[test]
    fn a_cause_inside_the_node_never_leaves_it() {
        let cause = std::io::Error::other("secret path");
        for problem in [
            Problem::broken("the node cannot do it", &cause),
            Problem::unavailable("the node cannot do it", &cause),
            Status::internal("secret path").into(),
            services::with_code(Status::unknown("secret path"), "node.broken").into(),
        ] {
            let text = serde_json::to_string(problem.document()).unwrap();
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_problem_that_was_kept_is_the_same_again() {
        let problem: Problem = with_details("endorse.failed", &["busy", "compared with x"]).into();
        let problem = problem.about("0a");
        let kept = serde_json::to_vec(&problem.store()).unwrap();
        let again = Problem::restore(serde_json::from_slice(&kept).unwrap());
        let text = |problem: &Problem| serde_json::to_string(problem.document()).unwrap();
        assert_eq!(text(&again), text(&problem));
    }
}
