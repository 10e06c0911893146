//! `weft peer` and `weft orderer`: one node to a process.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{output, signals};
use crate::config::{self, OrdererConfig, PeerConfig};
use crate::node::{self, Node, NodeError};

/// Which node to run.
#[derive(Debug, clap::Args)]
pub(super) struct NodeArgs {
    /// The node's configuration, YAML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs a peer until it is told to stop.
pub(super) async fn peer(args: NodeArgs) -> anyhow::Result<()> {
    let config: PeerConfig = config::load(&args.config)?;
    run(node::start_peer(config)).await
}

/// Runs an orderer until it is told to stop.
pub(super) async fn orderer(args: NodeArgs) -> anyhow::Result<()> {
    let config: OrdererConfig = config::load(&args.config)?;
    run(node::start_orderer(config)).await
}

/// A signal while the node still starts ends it there: nothing it does by then needs an ending.
async fn run(start: impl Future<Output = Result<Node, NodeError>>) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let work = async {
        let node = tokio::select! {
            node = start => node?,
            () = stop.cancelled() => return Ok(()),
        };
        output::line(&format!("listening on {}", node.address()))?;
        Ok(node.run(stop.clone()).await?)
    };
    signals::until_stopped(&stop, work).await?
}
