//! Why a lifecycle question has no answer.

use model::{ErrorCode, Refused};
use rwset::{SimulateError, StateError};

/// What can go wrong in this crate. The texts of refusals are Fabric's, since clients look for them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state could not be read: a disk, a database. Stops the channel or drops the simulation.
    #[error(transparent)]
    State(#[from] StateError),
    /// A `_lifecycle` value in the state is not what it should be. Only a majority of organisations can write such a value.
    ///
    /// Fabric's peer stops the channel on it; treat the chaincode as one that is not defined.
    #[error("could not read {key}: {reason}")]
    Corrupt {
        /// The state's key.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// There is no committed definition of that name.
    #[error("namespace {0} is not defined")]
    NotDefined(String),
    /// No package of that id is installed.
    #[error("chaincode install package '{0}' not found")]
    NotInstalled(String),
    /// The call breaks a rule, mostly of the lifecycle; the code says of what.
    #[error("{0}")]
    Refused(Refused),
    /// The bytes are not a chaincode package this peer can take; the code says why.
    #[error("{0}")]
    Package(Refused),
}

impl Error {
    /// The code under which a caller hears of it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::State(_) => ErrorCode::NodeUnavailable,
            Self::Corrupt { .. } => ErrorCode::LifecycleRefused,
            Self::NotDefined(_) => ErrorCode::ChaincodeNotFound,
            Self::NotInstalled(_) => ErrorCode::PackageNotFound,
            Self::Refused(refused) | Self::Package(refused) => refused.code,
        }
    }

    /// A rule of the lifecycle that the call breaks.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::because(ErrorCode::LifecycleRefused, reason)
    }

    /// A refusal of another code than the lifecycle's own.
    pub(crate) fn because(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self::Refused(Refused::new(code, reason))
    }

    /// A package that is not taken.
    pub(crate) fn package(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self::Package(Refused::new(code, reason))
    }

    /// The same refusal, said to have come up during `step`. Failures of the state stay what they are.
    pub(crate) fn within(self, step: &str) -> Self {
        match self {
            Self::State(error) => Self::State(error),
            other => Self::because(other.code(), format!("{step}: {other}")),
        }
    }
}

impl From<SimulateError> for Error {
    fn from(error: SimulateError) -> Self {
        match error {
            SimulateError::State(error) => Self::State(error),
            refused => Self::refused(refused.to_string()),
        }
    }
}
