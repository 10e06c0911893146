//! Nodes: a peer or an orderer, wired from its configuration, ready to run under whoever holds it.
//!
//! `weft peer` and `weft orderer` run one to a process; `weft dev` runs several in one. No static, cache or memo crosses
//! two nodes.

mod credentials;
mod error;
mod health;
mod join;
mod metrics;
mod operations;
mod orderer;
mod own;
mod peer;
mod peer_operations;
mod peer_services;
mod rebuild;

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

pub(crate) use error::NodeError;
pub(crate) use orderer::start_orderer;
pub(crate) use peer::start_peer;
pub(crate) use rebuild::{OwnLedgers, own_ledgers, rebuild};

/// A task of a node: ends when the node stops, or with what stops the node.
type Task = BoxFuture<'static, Result<(), NodeError>>;

/// Gives a gRPC failure that no service has given one an error code.
async fn with_code(response: Response) -> Response {
    services::with_fallback_code(response).map(Body::new)
}

/// A node that listens already; [`Node::run`] makes it work.
pub(crate) struct Node {
    kind: &'static str,
    address: SocketAddr,
    tasks: Vec<Task>,
    /// Tasks that come later: followers of channels joined while the node runs.
    later: mpsc::Receiver<Task>,
    /// Streams that run under the node's services.
    streams: TaskTracker,
    stop: CancellationToken,
    drain_timeout: Duration,
}

/// A listener as a task of its node.
fn serve(server: crate::server::Server, stop: CancellationToken) -> Task {
    Box::pin(async move {
        server.run(stop).await;
        Ok(())
    })
}

impl Node {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Works until `stop`, then lets what runs come to its end, for the drain timeout at most.
    ///
    /// # Errors
    /// What the node cannot work on after: a failed disk, a task that died.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), NodeError> {
        let mut running = JoinSet::new();
        for task in self.tasks.drain(..) {
            running.spawn(task);
        }
        let ended = self.supervise(&mut running, &stop).await;
        if let Err(failure) = &ended {
            error!(node = self.kind, error = %failure, "the node stops");
        }
        self.drain(running).await;
        info!(node = self.kind, "stopped");
        ended
    }

    /// Runs what there is and what comes, until told to stop or until something cannot go on.
    async fn supervise(
        &mut self,
        running: &mut JoinSet<Result<(), NodeError>>,
        stop: &CancellationToken,
    ) -> Result<(), NodeError> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(task) = self.later.recv() => {
                    running.spawn(task);
                }
                Some(ended) = running.join_next() => {
                    ended.map_err(|died| NodeError::TaskDied(died.to_string()))??;
                }
            }
        }
    }

    async fn drain(&mut self, mut running: JoinSet<Result<(), NodeError>>) {
        self.stop.cancel();
        self.streams.close();
        let drained = async {
            while running.join_next().await.is_some() {}
            self.streams.wait().await;
        };
        if tokio::time::timeout(self.drain_timeout, drained)
            .await
            .is_err()
        {
            info!(
                node = self.kind,
                "not everything ended within the drain time"
            );
        }
    }
}
