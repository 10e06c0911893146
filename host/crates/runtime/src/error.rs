//! What can go wrong outside a running contract.

use model::ErrorCode;

use crate::refusal::Refusal;

/// Why the engine could not be made, or a contract not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The component is not accepted; compiling it again will not help.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This machine or these settings cannot run contracts.
    #[error("cannot set up the WebAssembly engine: {0}")]
    Engine(String),
    /// The folder of compiled contracts cannot be used.
    #[error("cannot use the folder {path} for compiled contracts")]
    CacheFolder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The compiler failed on a component that passed every check; trying again may help.
    #[error("cannot compile contract {hash}: {reason}")]
    Compile {
        /// SHA-256 of the component in hexadecimal digits.
        hash: String,
        /// What the compiler said, for the log.
        reason: String,
    },
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

impl Error {
    /// The code under which a caller hears of it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.kind.code(),
            Self::Compile { .. } => ErrorCode::PackageCompile,
            Self::Engine(_) | Self::CacheFolder { .. } | Self::Thread(_) => ErrorCode::NodeBroken,
        }
    }
}
