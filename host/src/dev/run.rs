//! Runs a network in this process: every node from its own configuration file, as if it were alone.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::members::ORDERER;
use super::{DevError, Network};
use crate::config::{self, OrdererConfig, PeerConfig};
use crate::node::{self, Node, NodeError};

/// The nodes of a network at work.
pub(crate) struct Running {
    nodes: JoinSet<(&'static str, Result<(), NodeError>)>,
    stop: CancellationToken,
}

/// Starts all nodes, the orderer first, and returns when all of them listen and work.
///
/// # Errors
/// [`DevError::Config`] and [`DevError::Node`]. Nodes that had started already are stopped first.
pub(crate) async fn start(network: &Network, stop: CancellationToken) -> Result<Running, DevError> {
    let mut running = Running {
        nodes: JoinSet::new(),
        stop: stop.clone(),
    };
    for (name, _) in network.nodes() {
        match start_one(network, name).await {
            Ok(node) => {
                let stop = stop.clone();
                running
                    .nodes
                    .spawn(async move { (name, node.run(stop).await) });
            }
            Err(failure) => {
                running.stop.cancel();
                let _ = running.ended().await;
                return Err(failure);
            }
        }
    }
    Ok(running)
}

async fn start_one(network: &Network, name: &'static str) -> Result<Node, DevError> {
    let path = network.node_config(name);
    let started = if name == ORDERER.node.file {
        node::start_orderer(config::load::<OrdererConfig>(&path)?).await
    } else {
        node::start_peer(config::load::<PeerConfig>(&path)?).await
    };
    started.map_err(|source| DevError::Node {
        node: name.to_owned(),
        source: Box::new(source),
    })
}

impl Running {
    /// Waits until the nodes were told to stop and have stopped. One that stops by itself stops the others.
    ///
    /// # Errors
    /// [`DevError::Node`] or [`DevError::Died`]: why the first one stopped by itself.
    pub(crate) async fn ended(mut self) -> Result<(), DevError> {
        let mut first_failure = None;
        while let Some(ended) = self.nodes.join_next().await {
            self.stop.cancel();
            let failure = match ended {
                Ok((_, Ok(()))) => continue,
                Ok((node, Err(source))) => DevError::Node {
                    node: node.to_owned(),
                    source: Box::new(source),
                },
                Err(died) => DevError::Died(died.to_string()),
            };
            first_failure.get_or_insert(failure);
        }
        first_failure.map_or(Ok(()), Err)
    }
}
