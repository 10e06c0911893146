//! Why a proposal was not simulated, or its simulation gave nothing to endorse.

use std::error::Error as Cause;

use ledger::Sort;
use model::{ErrorCode, Refused};
use rwset::{SimulateError, StateError};

/// What can go wrong with a proposal, told apart by how the client learns of it. The texts of the first two are Fabric's
/// where Fabric has one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused before it was simulated: bad header, signature, time, id or access. Ends the call with gRPC's UNKNOWN.
    #[error("{0}")]
    Refused(Refused),
    /// It cannot be simulated, or the chaincode gave no response. Answered with a response of status 500.
    #[error("{0}")]
    Failed(Refused),
    /// As many proposals as may be are in this peer.
    #[error("too many requests for /protos.Endorser, exceeding concurrency limit ({0})")]
    TooMany(usize),
    /// As many proposals as may wait for a thread.
    #[error("the peer is busy, try again: {0}")]
    Busy(#[from] runtime::Busy),
    /// Nothing was found out; the same proposal may succeed later or at another peer.
    #[error("the peer cannot simulate at the moment, try again")]
    Unavailable(#[source] Box<dyn Cause + Send + Sync>),
    /// A bug or a disk: this peer endorses nothing until somebody has looked at it.
    #[error("the peer has failed, see its log")]
    Broken(#[source] Box<dyn Cause + Send + Sync>),
}

impl Error {
    /// The code under which a caller hears of it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refused) | Self::Failed(refused) => refused.code,
            Self::TooMany(_) | Self::Busy(_) => ErrorCode::NodeBusy,
            Self::Unavailable(_) => ErrorCode::NodeUnavailable,
            Self::Broken(_) => ErrorCode::NodeBroken,
        }
    }

    /// A proposal that is not simulated.
    pub(crate) fn refused(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::Refused(Refused::new(code, text))
    }

    /// A proposal that cannot be simulated, or whose simulation gave no response.
    pub(crate) fn failed(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::Failed(Refused::new(code, text))
    }

    /// What goes wrong while a chaincode runs, in the words that Fabric puts before it.
    pub(crate) fn in_simulation(code: ErrorCode, reason: impl std::fmt::Display) -> Self {
        Self::failed(code, format!("error in simulation: {reason}"))
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        match error.sort() {
            Sort::Broken => Self::Broken(error.into()),
            Sort::Refused | Sort::Unavailable => Self::Unavailable(error.into()),
        }
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        let broken = error
            .source()
            .and_then(|cause| cause.downcast_ref::<ledger::Error>())
            .is_some_and(|cause| cause.sort() == Sort::Broken);
        if broken {
            Self::Broken(error.into())
        } else {
            Self::Unavailable(error.into())
        }
    }
}

impl From<SimulateError> for Error {
    fn from(error: SimulateError) -> Self {
        match error {
            SimulateError::State(error) => error.into(),
            refused => Self::in_simulation(ErrorCode::ChaincodeFailed, refused),
        }
    }
}
