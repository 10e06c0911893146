//! (being written)

mod checkpoint;
mod config;
mod database;
mod direct;
mod error;
mod folder;
mod node;
mod orderer;
mod peer;
mod readers;
mod sql;
mod writer;

pub use config::Config;
pub use error::{Cause, Error, Sort};
pub use node::{InstalledPackage, JoinedChannel, NodeIdentity, NodeStore};
pub use orderer::{
    Applied, Effect, EntryKind, LogEntry, LogId, OrdererLedger, Vote, batch_payload,
    transactions_of,
};
pub use peer::{
    CollectionConfig, CommitInput, CommitTimings, ExpiryRow, HistoryRow, Info, LateSet, MissingSet,
    PeerLedger, PrivateSet, Snapshot, StoredPrivateSet, TransientSet, TxLocation, TxRow,
};

/// Bytes in hex, for messages.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
