//! Why a node does not start, or stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use model::ErrorCode;

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
        source: io::Error,
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
        source: io::Error,
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
    /// The file of credentials.
    #[error("cannot use the credentials in {path}: {reason}", path = path.display())]
    Credentials {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An identity of the wallet.
    #[error("identity '{name}' of rest.wallet cannot be used")]
    Wallet {
        /// Its name.
        name: String,
        /// What is wrong with its folder.
        #[source]
        source: msp::Error,
    },
    /// The orderer.
    #[error("the orderer failed")]
    Orderer(#[from] ::orderer::Error),
    /// It is being stopped.
    #[error("the peer is stopping")]
    Stopping,
    /// No channel of that name.
    #[error("this node has not joined channel {0}")]
    NotJoined(String),
    /// A task ended as none may.
    #[error("a task of the node died: {0}")]
    TaskDied(String),
}

impl NodeError {
    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => ErrorCode::PortTaken,
                _ => ErrorCode::ConfigInvalid,
            },
            Self::Tls(source) => source.code(),
            Self::File { .. } => ErrorCode::FileUnusable,
            Self::Stopping => ErrorCode::NodeUnavailable,
            Self::Genesis { .. } => ErrorCode::ChannelGenesis,
            Self::Msp(source) | Self::Wallet { source, .. } => of_identity(source),
            Self::MspId(_) | Self::Credentials { .. } => ErrorCode::ConfigInvalid,
            Self::Ledger(source) => of_ledger(source),
            Self::Runtime(runtime::Error::CacheFolder { .. }) => ErrorCode::DataFolder,
            Self::Runtime(_) | Self::TaskDied(_) => ErrorCode::NodeBroken,
            Self::Committer { source, .. } => match source {
                committer::Error::Ledger(source) => of_ledger(source),
                _ => ErrorCode::NodeBroken,
            },
            Self::Orderer(source) => of_orderer(source),
            Self::NotJoined(_) => ErrorCode::ChannelNotFound,
        }
    }
}

fn of_identity(error: &msp::Error) -> ErrorCode {
    match error {
        msp::Error::Io { .. } | msp::Error::Folder { .. } => ErrorCode::FileUnusable,
        _ => ErrorCode::ConfigInvalid,
    }
}

/// What somebody has to change about the folder, and what is a fault of the disk or of ours.
fn of_ledger(error: &ledger::Error) -> ErrorCode {
    match error.sort() {
        ledger::Sort::Refused => ErrorCode::DataFolder,
        ledger::Sort::Unavailable => ErrorCode::NodeUnavailable,
        ledger::Sort::Broken => ErrorCode::NodeBroken,
    }
}

fn of_orderer(error: &::orderer::Error) -> ErrorCode {
    use ::orderer::Error;
    match error {
        Error::NotGenesis { .. } | Error::OtherConsensus { .. } => ErrorCode::ChannelGenesis,
        Error::Exists { .. } => ErrorCode::ChannelJoined,
        Error::NotConsenter { .. } => ErrorCode::ConfigInvalid,
        Error::Ledger { source, .. } => of_ledger(source),
        Error::Configuration { .. } | Error::Damaged { .. } | Error::Raft { .. } => {
            ErrorCode::NodeBroken
        }
    }
}
