//! Why a simulation step was refused.

use model::Version;

use crate::StateError;

/// Why a call of the [`Simulator`](crate::Simulator) did nothing.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The state could not be read: nothing the chaincode did. The simulation is to be dropped.
    #[error(transparent)]
    State(#[from] StateError),
    /// A write after a page or a private range was read, or the other way round. The text is Fabric's, its spelling included.
    #[error("txid [{tx_id}]: unsuppored transaction. {rule}")]
    ReadOnly {
        /// The transaction being simulated.
        tx_id: String,
        /// Which rule was broken.
        rule: ReadOnlyRule,
    },
    /// This peer does not hold the private value that the ledger's hash belongs to. The text is Fabric's.
    #[error(
        "private data matching public hash version is not available. Public hash version = {}, Private data version = {}",
        text(*public),
        text(*private)
    )]
    PrivateUnavailable {
        /// The version of the hashed key, which all peers have.
        public: Option<Version>,
        /// The version of the private value that this peer holds.
        private: Option<Version>,
    },
    /// One of [`SimulatorLimits`](crate::SimulatorLimits) is passed.
    #[error("a transaction may have at most {max} {what}")]
    Limit {
        /// What there is too much of, with its unit.
        what: &'static str,
        /// How much is allowed.
        max: usize,
    },
    /// The cursor was closed, was never opened, or is of another kind than the call.
    #[error("no such cursor is open")]
    NoCursor,
}

/// The two kinds of reads that only a transaction without writes may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnlyRule {
    /// A page was asked for after a write.
    #[error("Paginated queries are supported only in a read-only transaction")]
    PageAfterWrite,
    /// A write came after a page.
    #[error("Transaction has already performed a paginated query. Writes are not allowed")]
    WriteAfterPage,
    /// A private range was asked for after a write.
    #[error("Queries on pvt data is supported only in a read-only transaction")]
    PrivateRangeAfterWrite,
    /// A write came after a private range.
    #[error("Transaction has already performed queries on pvt data. Writes are not allowed")]
    WriteAfterPrivateRange,
}

/// A version as Fabric prints it in messages to chaincode.
fn text(version: Option<Version>) -> String {
    version.map_or_else(
        || "<nil>".to_owned(),
        |version| format!("{{BlockNum: {}, TxNum: {}}}", version.block, version.tx),
    )
}
