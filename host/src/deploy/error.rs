//! Why a contract is not deployed.

use std::io;
use std::path::PathBuf;

use model::ErrorCode;

use crate::client::ClientError;

/// Why a contract is not deployed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeployError {
    /// A file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No name was given, and none follows from where the contract lies.
    #[error("{path} does not say what the chaincode is to be called; name it: PATH=NAME", path = path.display())]
    Nameless {
        /// The contract.
        path: PathBuf,
    },
    /// The name is none that a chaincode can have.
    #[error("a chaincode cannot be called '{name}'")]
    Name {
        /// The name.
        name: String,
        /// Which rule it breaks.
        #[source]
        source: model::IdError,
    },
    /// The source cannot be compiled.
    #[error("cannot compile the contract in {path}", path = path.display())]
    Compile {
        /// Its folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: toolchain::Error,
    },
    /// The file is neither a component nor a module that can be made one.
    #[error("cannot make a component of {path}", path = path.display())]
    Component {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: runtime::Error,
    },
    /// The package.
    #[error("the package cannot be used")]
    Package(#[from] lifecycle::Error),
    /// A peer refused, or cannot be reached.
    #[error("{doing} for {msp_id}")]
    Call {
        /// What was to be done.
        doing: &'static str,
        /// For which organisation, at its peer.
        msp_id: String,
        /// What it said.
        #[source]
        source: ClientError,
    },
    /// The transaction is in a block, without effect.
    #[error("{doing} for {msp_id}: transaction {tx_id} is invalid: {words}")]
    Invalid {
        /// What was to be done.
        doing: &'static str,
        /// For which organisation.
        msp_id: String,
        /// The transaction.
        tx_id: String,
        /// What its validation code means.
        words: &'static str,
    },
    /// A peer does not get to the block of the definition.
    #[error("the peer of {msp_id} does not get to the block that defines {name}")]
    Behind {
        /// Whose peer.
        msp_id: String,
        /// The chaincode.
        name: String,
    },
}

impl DeployError {
    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Read { .. } => ErrorCode::FileUnusable,
            Self::Nameless { .. } | Self::Name { .. } => ErrorCode::UsageWrong,
            Self::Compile { source, .. } => match source {
                toolchain::Error::NoTarget { .. }
                | toolchain::Error::NoHome
                | toolchain::Error::Start { .. } => ErrorCode::ToolchainMissing,
                toolchain::Error::File { .. } => ErrorCode::FileUnusable,
                _ => ErrorCode::ContractBuild,
            },
            Self::Component { source, .. } => source.code(),
            Self::Package(source) => source.code(),
            Self::Call { source, .. } => source.code(),
            Self::Invalid { .. } => ErrorCode::CommitInvalid,
            Self::Behind { .. } => ErrorCode::NodeUnavailable,
        }
    }
}
