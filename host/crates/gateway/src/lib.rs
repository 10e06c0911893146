//! The gateway: where Fabric's client libraries connect. Steps 1 to 3, 7, 8 and 16 of a transaction's way.
//!
//! A client hands over a signed proposal; the gateway finds out whose endorsements are enough, asks those peers together,
//! and gives back a transaction for the client to sign; it sends that to an orderer, and tells how it ended on this peer.
//! Codes, texts and details are Fabric's. It holds no keys: whatever is signed is signed by the client.
//!
//! What this crate does not know: how proposals are run (its own peer's endorser is a handle, the others are reached by
//! gRPC), how blocks come and are validated, REST. It trusts no answer of another peer: who endorses wrongly makes a
//! transaction that every peer will find invalid.
//!
//! ```no_run
//! # fn demo(parts: gateway::Parts) {
//! use services::gateway::gateway_server::GatewayServer;
//!
//! let gateway = gateway::Gateway::new(gateway::Config::default(), parts);
//! let server = GatewayServer::new(gateway).max_decoding_message_size(services::MESSAGE_SIZE_BYTES_MAX);
//! # let _ = server;
//! # }
//! ```

mod chaincode_events;
mod commit_status;
mod config;
mod difference;
mod endorse;
mod evaluate;
mod failure;
mod grpc;
mod line;
mod nodes;
mod plan;
mod policies;
mod request;
mod submit;
mod taking;

use std::sync::Arc;

use joined::{Channel, Channels};
use ledger::PeerLedger;
use model::ErrorCode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;
use tracing::warn;

pub use config::Config;
pub use nodes::{KnownPeer, LocalEndorser, Process};

use failure::coded;
use line::Lifetime;
use nodes::Nodes;
use policies::Policies;

/// Whether this peer can run a chaincode on a channel, for which it must be defined there: channel id, chaincode name.
pub type CanRun = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// What a gateway is made of.
pub struct Parts {
    /// The channels of its peer.
    pub channels: Channels,
    /// Its peer, by the address that others know.
    pub own: KnownPeer,
    /// Its peer's endorser.
    pub local: LocalEndorser,
    /// What its peer can run.
    pub can_run: CanRun,
    /// Peers beside the channels' anchor peers.
    pub known_peers: Vec<KnownPeer>,
    /// PEM certificate and key for nodes that ask for one.
    pub client_pem: Option<(Vec<u8>, Vec<u8>)>,
    /// Spreads submissions over the orderers.
    pub random: Arc<dyn Fn() -> u16 + Send + Sync>,
    /// Where tasks run.
    pub tasks: TaskTracker,
    /// Ends the event streams and the tasks.
    pub stop: CancellationToken,
}

/// One peer's gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    channels: Channels,
    nodes: Nodes,
    can_run: CanRun,
    policies: Policies,
    random: Arc<dyn Fn() -> u16 + Send + Sync>,
    stop: CancellationToken,
    calls: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway over its peer's channels.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        let Parts {
            channels,
            own,
            local,
            can_run,
            known_peers,
            client_pem,
            random,
            tasks,
            stop,
        } = parts;
        let lifetime = Lifetime {
            tasks,
            stop: stop.clone(),
        };
        let connections_max = config.connections_max;
        let nodes = Nodes::new(
            own,
            local,
            known_peers,
            client_pem,
            connections_max,
            lifetime,
        );
        let calls = Arc::new(Semaphore::new(config.calls_max));
        Self {
            inner: Arc::new(Inner {
                config,
                channels,
                nodes,
                can_run,
                policies: Policies::default(),
                random,
                stop,
                calls,
            }),
        }
    }

    /// Calls running now, for metrics.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.inner
            .config
            .calls_max
            .saturating_sub(self.inner.calls.available_permits())
    }
}

/// Reads from a channel's ledger, which blocks, on a thread that may be blocked.
async fn read<T: Send + 'static>(
    channel: &Channel,
    look: impl FnOnce(&PeerLedger) -> Result<T, ledger::Error> + Send + 'static,
) -> Result<T, Status> {
    let ledger = channel.ledger().clone();
    let done = tokio::task::spawn_blocking(move || look(&ledger)).await;
    done.map_err(|error| unreadable(ErrorCode::NodeBroken, &error))?
        .map_err(|error| unavailable(&error))
}

/// This peer's own trouble: the cause goes to the log, the client may try again.
fn unavailable(error: &ledger::Error) -> Status {
    unreadable(error.code_for_callers(), error)
}

fn unreadable(code: ErrorCode, error: &dyn std::error::Error) -> Status {
    warn!(%error, "the gateway could not read the ledger");
    let status = Status::unavailable("the peer cannot read its ledger at the moment");
    coded(code, status)
}

#[cfg(test)]
mod tests;
