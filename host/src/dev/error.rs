//! Why there is no network.

use std::path::PathBuf;

use model::ErrorCode;

use crate::config::ConfigError;
use crate::node::NodeError;

/// Why a network cannot be made or run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DevError {
    /// The folder holds something else.
    #[error("{folder} holds '{found}' but no network.yaml: it is not a folder of `weft dev`; choose another", folder = folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        found: &'static str,
    },
    /// The network that is there was made otherwise.
    #[error("the network in {folder} has {has}, not {wished}; leave the option out or choose another folder", folder = folder.display())]
    Otherwise {
        /// The folder.
        folder: PathBuf,
        /// What it has.
        has: String,
        /// What was asked for.
        wished: String,
    },
    /// A file cannot be written.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No port is free, or none may be taken.
    #[error("cannot find free ports")]
    Ports(#[source] std::io::Error),
    /// A configuration file that was made and no longer works.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A certificate.
    #[error("cannot make the certificates")]
    Certificates(#[from] msp::Error),
    /// The genesis block.
    #[error("cannot make the genesis block")]
    Genesis(#[from] channel::Error),
    /// A node that does not start, or stops by itself.
    #[error("{node}")]
    Node {
        /// Which.
        node: String,
        /// Why.
        #[source]
        source: Box<NodeError>,
    },
    /// A node's task died.
    #[error("a node died: {0}")]
    Died(String),
}

impl DevError {
    /// Whether the network runs already, in another process.
    pub(crate) fn is_running(&self) -> bool {
        let Self::Node { source, .. } = self else {
            return false;
        };
        matches!(**source, NodeError::Ledger(ledger::Error::Locked { .. }))
    }

    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Foreign { .. } | Self::Otherwise { .. } => ErrorCode::DataFolder,
            Self::File { .. } => ErrorCode::FileUnusable,
            Self::Ports(_) => ErrorCode::PortTaken,
            Self::Config(source) => source.code(),
            Self::Certificates(_) | Self::Genesis(_) | Self::Died(_) => ErrorCode::InternalError,
            Self::Node { source, .. } => source.code(),
        }
    }
}
