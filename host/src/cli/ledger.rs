//! `weft ledger`: work on ledgers that no running peer has open, and on files of blocks.

mod dump;
mod place;
mod replay;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use super::global::Global;
use super::output;
use crate::config::{self, PeerConfig};
use crate::node;

/// What to do with a ledger.
#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Drop everything that follows from the blocks and commit the blocks again, by the ordinary way.
    ///
    /// Only the channel of --channel, if one is named; else all that the peer has joined. The peer must be stopped. A rebuild that was interrupted goes on where it was.
    Rebuild(RebuildArgs),
    /// Make a ledger from files of blocks, by the ordinary way, and compare each block's verdict with the one the file states.
    ///
    /// For each block: number, header hash, the code of each transaction, commit hash, time. Codes and commit hash are found anew and never taken from the files. Ends with 0 if every file agrees, with 6 if one states something else, with 1 if a block is refused.
    Replay(replay::ReplayArgs),
    /// Check a stored ledger: replay its blocks aside, and compare everything that follows from them with what is stored.
    ///
    /// Hashes, signatures, codes, commit hashes, state, histories and indexes. The peer must be stopped; nothing in the ledger is changed. Ends with 6 if anything differs, and says what and where.
    Verify(verify::VerifyArgs),
    /// Print the whole state, a line of JSON for each key: public keys by namespace and key, then hashes of private ones.
    Dump(dump::DumpArgs),
}

impl LedgerCommand {
    /// Whether the log tells how it goes; the others print it.
    pub(super) fn tells_by_log(&self) -> bool {
        matches!(self, Self::Rebuild(_))
    }
}

/// Which ledger to rebuild.
#[derive(Debug, clap::Args)]
pub(super) struct RebuildArgs {
    /// The peer's configuration, YAML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Does it.
pub(super) async fn run(command: LedgerCommand, global: &Global) -> anyhow::Result<()> {
    match command {
        LedgerCommand::Rebuild(args) => rebuild(args, global).await,
        LedgerCommand::Replay(args) => replay::run(args, global).await,
        LedgerCommand::Verify(args) => verify::run(args, global).await,
        LedgerCommand::Dump(args) => dump::run(args, global).await,
    }
}

async fn rebuild(args: RebuildArgs, global: &Global) -> anyhow::Result<()> {
    let config: PeerConfig = config::load(&args.config)?;
    let channel = global.channel.as_ref().map(|id| id.as_str());
    let mut rebuilt = Vec::new();
    let mut report = |channel: &str, height: u64| {
        rebuilt.push(format!("{channel}: {height} blocks committed again"))
    };
    let done = node::rebuild(config, channel, &mut report).await;
    for line in &rebuilt {
        output::line(line)?;
    }
    Ok(done?)
}

/// A ledger's settings where nobody waits: its state may be walked through for as long as that takes.
fn offline() -> ledger::Config {
    ledger::Config {
        snapshot_age_max: std::time::Duration::MAX,
        ..ledger::Config::default()
    }
}
