//! Why a node does not start, or stops.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::tls::TlsError;

/// Why a node does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    /// The listener cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The listener's TLS.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
    /// A file the configuration names.
    #[error("cannot read {what} {path}", path = path.display())]
    File {
        /// What it should be.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A genesis block that is none, or not one this node can use.
    #[error("{path} is no genesis block that this node can join: {reason}", path = path.display())]
    Genesis {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The node's identity.
    #[error("the node's MSP folder cannot be used")]
    Msp(#[from] msp::Error),
    /// The organisation's name.
    #[error("msp_id is not one")]
    MspId(#[from] model::IdError),
    /// The data folder.
    #[error("the data folder cannot be used")]
    Ledger(#[from] ledger::Error),
    /// The sandbox.
    #[error("the sandbox cannot be set up")]
    Runtime(#[from] runtime::Error),
    /// The committer of a channel.
    #[error("channel {channel}")]
    Committer {
        /// Which.
        channel: String,
        /// Why.
        #[source]
        source: committer::Error,
    },
    /// The orderer.
    #[error("the orderer failed")]
    Orderer(#[from] ::orderer::Error),
    /// No channel of that name.
    #[error("this node has not joined channel {0}")]
    NotJoined(String),
    /// A task ended as none may.
    #[error("a task of the node died: {0}")]
    TaskDied(String),
}
