//! Why a proposal was not simulated, or its simulation gave nothing to endorse.

use std::error::Error as Cause;

use ledger::Sort;
use rwset::{SimulateError, StateError};

/// What can go wrong with a proposal, told apart by how the client learns of it. The texts of the first two are Fabric's
/// where Fabric has one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused before it was simulated: bad header, signature, time, id or access. Ends the call with gRPC's UNKNOWN.
    #[error("{0}")]
    Refused(String),
    /// It cannot be simulated, or the chaincode gave no response. Answered with a response of status 500.
    #[error("{0}")]
    Failed(String),
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
    /// What goes wrong while a chaincode runs, in the words that Fabric puts before it.
    pub(crate) fn in_simulation(reason: impl std::fmt::Display) -> Self {
        Self::Failed(format!("error in simulation: {reason}"))
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
            refused => Self::in_simulation(refused),
        }
    }
}
