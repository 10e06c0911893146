//! `weft ledger`: work on the ledger of a peer that is stopped.

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
    let LedgerCommand::Rebuild(args) = command;
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
