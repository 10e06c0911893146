//! Why a block was not committed.

use model::BlockError;

/// What the committer cannot do. An invalid transaction is none of these: it is data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The block is not the next of this chain, or not what the orderers agreed on. Refused before anything is written;
    /// another orderer may have the right one.
    #[error("block {number} refused: {reason}")]
    Refused {
        /// The number the block claims.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The block's structure is broken. Refused as [`Error::Refused`].
    #[error("block {number} refused")]
    Structure {
        /// The number the block claims.
        number: u64,
        /// What is wrong with it.
        #[source]
        source: BlockError,
    },
    /// The block carries a configuration that may not follow the present one. The channel stops: orderers agreed on
    /// what this peer must not accept.
    #[error("block {number} carries a configuration that cannot follow the present one")]
    Config {
        /// The block.
        number: u64,
        /// Why not.
        #[source]
        source: ::channel::Error,
    },
    /// The state could not be read. The channel stops.
    #[error("cannot read the state")]
    State(#[from] rwset::StateError),
    /// The ledger could not be read or written. The channel stops.
    #[error("the ledger failed")]
    Ledger(#[from] ledger::Error),
    /// A thread or task of the committer ended by itself. The channel stops.
    #[error("the committer's {0} ended unexpectedly")]
    Ended(&'static str),
    /// Nothing can be asked of the orderers: no address, or an identity that cannot sign.
    #[error("cannot ask for blocks: {0}")]
    Ask(String),
}

impl Error {
    /// Whether another orderer may help; else the channel stops.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Structure { .. })
    }
}
