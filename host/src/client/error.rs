//! Why a call of the client failed.

use std::path::PathBuf;

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
        source: std::io::Error,
    },
    /// The peer can never be reached as described.
    #[error("cannot connect")]
    Dial(#[from] services::DialError),
    /// The peer, or the way to it, refused a call.
    #[error("{call} at {address}: {text} ({code:?})", text = status.message(), code = status.code())]
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

impl ClientError {
    /// An answer that a right peer does not give.
    pub(crate) fn answer(call: &'static str, reason: impl ToString) -> Self {
        Self::Answer {
            call,
            reason: reason.to_string(),
        }
    }
}
