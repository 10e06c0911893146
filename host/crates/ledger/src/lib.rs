//! Where a node keeps what it must not lose: the ledgers of its channels and its data folder.
//!
//! - [`PeerLedger`]: a channel at a peer. Blocks, state, private data, history and indexes in one file; [`PeerLedger::commit`] writes a
//!   block and all its effects in one transaction, so the height is the only truth after a crash and there is nothing to repair.
//!   [`Snapshot`] reads one height of it and is what simulations and validation get as their [`rwset::StateReader`].
//! - [`OrdererLedger`]: a channel at an orderer. The Raft log and the chain in one file, each batch stored once.
//! - [`NodeStore`]: a data folder. Whose it is, which channels were joined, which packages are installed, which requests may come again.
//!
//! All SQL is here, in `src/sql/` and in the project's `migrations/`, and no other crate has a database. Files are SQLite's, in WAL mode,
//! every promise synced. A write or a sync that fails for any other reason than a full disk is final: nothing more is written through
//! that handle, see [`Sort::Broken`].
//!
//! What this crate does not know: which transactions are valid, what they change and what their codes are (`committer` says, by
//! [`CommitInput`]), who may read what, how Raft works (`orderer`), what a package or a definition means (`lifecycle`). It reads no clock
//! but to measure how long something took.
//!
//! ```
//! use bytes::Bytes;
//! use ledger::{CommitInput, Config, PeerLedger};
//! use model::{Block, ChannelId};
//! use rwset::StateReader;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let genesis = Block::new(0, Bytes::new(), vec![Bytes::from_static(b"the configuration's envelope")]);
//! let ledger = PeerLedger::create(folder, &ChannelId::parse("payments")?, &genesis, Config::default()).await?;
//! ledger.commit(CommitInput { is_config: true, ..CommitInput::new(genesis, Bytes::new()) }).await?;
//!
//! let snapshot = ledger.snapshot()?;
//! assert_eq!(snapshot.height(), 1);
//! assert_eq!(snapshot.get("assets", "car")?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use node::{Begun, InstalledPackage, JoinedChannel, NodeIdentity, NodeStore};
pub use orderer::{
    Applied, Effect, EntryKind, LogEntry, LogId, OrdererLedger, Vote, batch_payload,
    transactions_of,
};
pub use peer::{
    CauseRow, Cell, CollectionConfig, CommitInput, CommitTimings, ExpiryRow, HistoryRow, Info,
    KeyVersions, LateSet, MissingSet, Page, PeerLedger, PrivateSet, RowDifference, Snapshot,
    StateRow, StoredPrivateSet, TransientSet, TxLocation, TxRow,
};

/// Bytes in hex, for messages.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
