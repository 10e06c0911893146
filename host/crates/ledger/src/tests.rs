//! The crate's tests: ledgers on real files, compared with a naive model of everything a block does.

mod causes;
mod chain;
mod concurrency;
mod folder;
mod idempotency;
mod keys;
mod log;
mod node;
mod orderer;
mod pages;
mod plans;
mod private;
mod property;
mod rebuild;

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use crate::{CommitInput, Config, Error, PeerLedger};

/// A ledger in a folder that goes with the test.
async fn ledger_of(genesis: &CommitInput) -> (TempDir, PeerLedger) {
    let folder = TempDir::new().unwrap();
    let ledger = create(folder.path(), genesis, Config::default());
    let ledger = ledger.await.unwrap();
    (folder, ledger)
}

async fn create(
    folder: &std::path::Path,
    genesis: &CommitInput,
    config: Config,
) -> Result<PeerLedger, Error> {
    PeerLedger::create(folder, &chain::channel(), &genesis.block, config).await
}

/// A folder that only its owner can reach, as a ledger's must be.
fn private_folder() -> TempDir {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .unwrap()
}

/// Waits for a future on a thread that has nothing else to do.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}
