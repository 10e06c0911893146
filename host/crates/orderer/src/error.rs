use model::ChannelId;

/// Why an orderer cannot take up a channel, or had to stop serving one. What a client's message is refused for is not
/// here: that is a status and a text in its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The block to join by is not the first block of a usable channel.
    #[error("the block does not begin a channel: {reason}")]
    NotGenesis {
        /// Which rule it breaks.
        reason: String,
    },
    /// The channel is being served already.
    #[error("channel {channel} is here already")]
    Exists {
        /// The channel.
        channel: ChannelId,
    },
    /// The channel is agreed on by other means than Raft.
    #[error("channel {channel} is ordered by {kind}, which this orderer does not speak")]
    OtherConsensus {
        /// The channel.
        channel: ChannelId,
        /// `ConsensusType.type` of its configuration.
        kind: String,
    },
    /// No consenter of the channel has this node's TLS certificate.
    #[error("this node's TLS certificate is none of the consenters' of channel {channel}")]
    NotConsenter {
        /// The channel.
        channel: ChannelId,
    },
    /// A configuration block of the chain cannot be read.
    #[error("the configuration of channel {channel} cannot be read")]
    Configuration {
        /// The channel.
        channel: ChannelId,
        /// What is wrong with it.
        #[source]
        source: channel::Error,
    },
    /// The chain cannot be read.
    #[error("the ledger cannot {what}")]
    Ledger {
        /// What was attempted.
        what: &'static str,
        /// What the ledger said.
        #[source]
        source: ledger::Error,
    },
    /// The stored chain is not one this orderer can go on with.
    #[error("the stored chain is damaged: {what}")]
    Damaged {
        /// What is wrong with it.
        what: String,
    },
    /// Raft could not start, or stopped; the channel orders nothing more until the node is started again.
    #[error("agreement on channel {channel} has stopped: {reason}")]
    Raft {
        /// The channel.
        channel: ChannelId,
        /// Raft's own words, cause included.
        reason: String,
    },
}

impl Error {
    /// [`Error::Ledger`] around what the ledger says.
    pub(crate) fn ledger(what: &'static str) -> impl FnOnce(ledger::Error) -> Self {
        move |source| Self::Ledger { what, source }
    }
}
