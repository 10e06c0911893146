//! What a committer hands over for a block, and what it gets back.

use std::time::Duration;

use bytes::Bytes;
use model::{Block, TxValidationCode};
use rwset::{PrivateUpdate, UpdateBatch};

/// One block with all its effects. [`crate::PeerLedger::commit`] writes it in one transaction.
#[derive(Debug, Clone)]
pub struct CommitInput {
    /// The block as it is to be stored: with this peer's transaction filter and commit hash in its metadata.
    pub block: Block,
    /// The block's commit hash; empty for block 0.
    pub commit_hash: Bytes,
    /// Whether the block holds a valid channel configuration.
    pub is_config: bool,
    /// What the block's valid transactions change.
    pub updates: UpdateBatch,
    /// Every transaction of the block, valid or not.
    pub txs: Vec<TxRow>,
    /// Why transactions of the block are not valid.
    pub causes: Vec<CauseRow>,
    /// The public keys that the block's valid endorsed transactions wrote or deleted.
    pub history: Vec<HistoryRow>,
    /// Changes of private keys this peer holds.
    pub private: Vec<PrivateUpdate>,
    /// The private write sets behind them, as received.
    pub private_sets: Vec<PrivateSet>,
    /// Private write sets that the block's valid transactions name and that did not arrive.
    pub missing: Vec<MissingSet>,
    /// What is to expire later, for each hashed key that this block wrote in a collection with a blockToLive.
    pub expiry: Vec<ExpiryRow>,
    /// Collections of the chaincode definitions that this block commits.
    pub config_history: Vec<CollectionConfig>,
}

impl CommitInput {
    /// A block that changes nothing; the caller adds the rest.
    #[must_use]
    pub fn new(block: Block, commit_hash: Bytes) -> Self {
        Self {
            block,
            commit_hash,
            is_config: false,
            updates: UpdateBatch::default(),
            txs: Vec::new(),
            causes: Vec::new(),
            history: Vec::new(),
            private: Vec::new(),
            private_sets: Vec::new(),
            missing: Vec::new(),
            expiry: Vec::new(),
            config_history: Vec::new(),
        }
    }
}

/// An entry of the index of transaction ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxRow {
    /// Index in the block.
    pub tx: u64,
    /// The id as Fabric's snapshots export it: as it stands in the channel header, else the computed one. Empty if neither can
    /// be had; then the transaction is not indexed.
    pub tx_id: String,
    /// The outcome.
    pub code: TxValidationCode,
}

/// Why a transaction is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseRow {
    /// Index in the block.
    pub tx: u64,
    /// What [`crate::Snapshot::cause`] gives back.
    pub bytes: Bytes,
}

/// A public key that a transaction wrote or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Index of the transaction in the block.
    pub tx: u64,
    /// The chaincode's namespace.
    pub namespace: String,
    /// The key.
    pub key: String,
}

/// The private write set of one transaction and collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateSet {
    /// Index of the transaction in the block.
    pub tx: u64,
    /// The chaincode's namespace.
    pub namespace: String,
    /// The collection.
    pub collection: String,
    /// A marshalled `kvrwset.KVRWSet`, as it was received: its hash is in the transaction.
    pub bytes: Bytes,
}

/// A private write set that did not arrive in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSet {
    /// Index of the transaction in the block.
    pub tx: u64,
    /// The chaincode's namespace.
    pub namespace: String,
    /// The collection.
    pub collection: String,
    /// Whether this peer's organisation was a member, so that it should fetch the set.
    pub eligible: bool,
}

/// What a later block is to delete unless the key is written again before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryRow {
    /// The block whose commit deletes.
    pub at: u64,
    /// The chaincode's namespace.
    pub namespace: String,
    /// The collection.
    pub collection: String,
    /// SHA-256 of the key.
    pub key_hash: Bytes,
}

/// The explicit collections of a chaincode definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionConfig {
    /// The chaincode's name.
    pub chaincode: String,
    /// A marshalled `CollectionConfigPackage`.
    pub package: Bytes,
}

/// Where the time of one commit went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommitTimings {
    /// Encoding and hashing the block, waiting for another write to end, starting the transaction.
    pub begin: Duration,
    /// Writing rows into pages in memory.
    pub write: Duration,
    /// Appending the pages to the log and syncing it.
    pub sync: Duration,
}
