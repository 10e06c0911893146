//! Why a call of the client failed.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use model::ErrorCode;
use tonic::Code;

/// What went wrong, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The profile's MSP folder holds no usable identity.
    #[error("cannot use the identity in {folder}", folder = folder.display())]
    Identity {
        /// The MSP folder.
        folder: PathBuf,
        /// What is wrong with it.
        #[source]
        source: msp::Error,
    },
    /// The identity cannot sign at the moment.
    #[error("cannot sign")]
    Sign(#[source] msp::Error),
    /// The file with the peer's TLS authority cannot be read.
    #[error("cannot read the TLS authority {path}", path = path.display())]
    TlsRoots {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The peer can never be reached as described.
    #[error("cannot connect")]
    Dial(#[from] services::DialError),
    /// The peer, or the way to it, refused a call.
    #[error("{call} at {address}: {text}", text = said(status))]
    Call {
        /// Which call, in words.
        call: &'static str,
        /// The peer.
        address: String,
        /// The answer; its details name the endorsers that refused.
        status: Box<tonic::Status>,
    },
    /// A built-in chaincode answered with a failure.
    #[error("{function} answered {status}: {message}")]
    Refused {
        /// The chaincode's function.
        function: String,
        /// Its status.
        status: i32,
        /// Its message.
        message: String,
        /// The code that came with it.
        code: Option<ErrorCode>,
    },
    /// A call about a transaction that was sent already, and may be in a block or come into one.
    #[error("{failure} (transaction {tx_id})")]
    Sent {
        /// The transaction.
        tx_id: String,
        /// The call's failure.
        failure: Box<Self>,
    },
    /// The peer answered something that it must not.
    #[error("the peer's answer to {call} cannot be trusted: {reason}")]
    Answer {
        /// Which call.
        call: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// What the calls are named, where it matters what came of them.
pub(super) const ENDORSING: &str = "endorsing";
pub(super) const SUBMITTING: &str = "submitting";
pub(super) const COMMIT_STATUS: &str = "asking for the commit status";

impl ClientError {
    /// The same failure, of a call about a transaction that was sent.
    pub(crate) fn after_sending(self, tx_id: &str) -> Self {
        Self::Sent {
            tx_id: tx_id.to_owned(),
            failure: Box::new(self),
        }
    }

    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Identity { source, .. } => match source {
                msp::Error::Io { .. } | msp::Error::Folder { .. } => ErrorCode::FileUnusable,
                _ => ErrorCode::IdentityMalformed,
            },
            Self::Sign(_) => ErrorCode::InternalError,
            Self::TlsRoots { .. } => ErrorCode::FileUnusable,
            Self::Dial(services::DialError::Address { .. }) => ErrorCode::ConfigInvalid,
            Self::Dial(services::DialError::Tls { .. }) => ErrorCode::ClientTls,
            Self::Call { call, status, .. } => code_of_call(call, status),
            Self::Refused { status, code, .. } => code.unwrap_or(match status {
                500.. => ErrorCode::ChaincodeFailed,
                _ => ErrorCode::RequestInvalid,
            }),
            Self::Sent { failure, .. } => failure.code(),
            Self::Answer { .. } => ErrorCode::ClientAnswer,
        }
    }

    /// An answer that a right peer does not give.
    pub(crate) fn answer(call: &'static str, reason: impl ToString) -> Self {
        Self::Answer {
            call,
            reason: reason.to_string(),
        }
    }
}

/// What a status says; one without words has a code at least.
fn said(status: &tonic::Status) -> &str {
    match status.message() {
        "" => status.code().description(),
        words => words,
    }
}

/// The code that came with a status; for a status of the way to the peer, or of a peer that sends no codes, what is
/// known from it.
fn code_of_call(call: &str, status: &tonic::Status) -> ErrorCode {
    if let Some(code) = services::code_of(status).and_then(|name| name.parse().ok()) {
        return code;
    }
    if let Some(code) = code_of_transport(status) {
        return code;
    }
    match status.code() {
        Code::Unavailable => ErrorCode::NodeUnavailable,
        Code::InvalidArgument | Code::FailedPrecondition => ErrorCode::RequestInvalid,
        Code::PermissionDenied => ErrorCode::AccessDenied,
        Code::Unauthenticated => ErrorCode::ProposalSignature,
        Code::NotFound => ErrorCode::ChannelNotFound,
        Code::AlreadyExists => ErrorCode::ProposalReplayed,
        Code::OutOfRange => ErrorCode::RequestTooLarge,
        Code::ResourceExhausted => ErrorCode::NodeBusy,
        Code::Unimplemented => ErrorCode::NodeUnsupported,
        Code::Internal | Code::DataLoss => ErrorCode::NodeBroken,
        // What is over before it was answered: whether it was done depends on what it was.
        Code::DeadlineExceeded | Code::Cancelled => match call {
            SUBMITTING => ErrorCode::OrderUnknown,
            COMMIT_STATUS => ErrorCode::CommitUnknown,
            _ => ErrorCode::NodeUnavailable,
        },
        _ => match call {
            ENDORSING => ErrorCode::EndorseFailed,
            SUBMITTING => ErrorCode::OrderRefused,
            _ => ErrorCode::ChaincodeFailed,
        },
    }
}

/// Whether the call did not get to the peer at all, and if TLS was why.
fn code_of_transport(status: &tonic::Status) -> Option<ErrorCode> {
    let mut next = Error::source(status);
    next?;
    while let Some(cause) = next {
        if cause.downcast_ref::<rustls::Error>().is_some()
            || cause.downcast_ref::<io::Error>().is_some_and(is_tls)
        {
            return Some(ErrorCode::ClientTls);
        }
        next = cause.source();
    }
    // A connection that broke while the peer had the call says nothing of what the peer did with it.
    (status.code() == Code::Unavailable).then_some(ErrorCode::ClientConnection)
}

/// What an I/O error holds is no cause of it to `source`.
fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some())
}

#[cfg(test)]
mod tests {
    use super::{COMMIT_STATUS, ClientError, SUBMITTING};
    use model::ErrorCode;
    use tonic::{Code, Status};

    fn code(call: &'static str, status: Status) -> ErrorCode {
        let error = ClientError::Call {
            call,
            address: "localhost:1".to_owned(),
            status: Box::new(status),
        };
        error.code()
    }

    #[test]
    fn the_code_that_the_peer_sent_is_the_one() {
        let status = services::with_code(Status::aborted("x"), "endorse.mismatch");
        assert_eq!(code(SUBMITTING, status), ErrorCode::EndorseMismatch);
        let unknown = services::with_code(Status::permission_denied("x"), "of.tomorrow");
        assert_eq!(code(SUBMITTING, unknown), ErrorCode::AccessDenied);
    }

    #[test]
    fn a_time_that_is_over_leaves_open_what_became_of_a_transaction() {
        for ended in [Code::DeadlineExceeded, Code::Cancelled] {
            let status = || Status::new(ended, "timeout");
            assert_eq!(code(SUBMITTING, status()), ErrorCode::OrderUnknown);
            assert_eq!(code(COMMIT_STATUS, status()), ErrorCode::CommitUnknown);
            assert_eq!(code("evaluating", status()), ErrorCode::NodeUnavailable);
        }
    }

    #[test]
    fn nobody_there_and_nobody_trusted_are_told_apart() {
        let with = |inner: std::io::Error| {
            let mut status = Status::unavailable("tcp connect error");
            status.set_source(std::sync::Arc::new(inner));
            status
        };
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(code("x", with(refused)), ErrorCode::ClientConnection);
        let untrusted = std::io::Error::other(rustls::Error::UnsupportedNameType);
        assert_eq!(code("x", with(untrusted)), ErrorCode::ClientTls);
        assert_eq!(
            code("x", Status::unavailable("busy")),
            ErrorCode::NodeUnavailable
        );
    }
}
