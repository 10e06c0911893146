//! Configuration of `weft peer`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, ListenConfig, RestConfig, listen};

/// A peer: one organisation's node that holds ledgers, runs chaincode, and serves applications.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerConfig {
    /// Data folder: `node.db` and one folder a channel. Made if missing, used by one process at a time.
    pub(crate) folder: PathBuf,
    /// The organisation's MSP id.
    pub(crate) msp_id: String,
    /// The peer's own MSP folder in Fabric's layout: signcerts, keystore, cacerts, config.yaml.
    pub(crate) msp_folder: PathBuf,
    /// Where it listens.
    pub(crate) listen: ListenConfig,
    /// `host:port` by which others reach it, as in the channels' anchor peers. Default: the listen address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_address: Option<String>,
    /// Plain HTTP on loopback for `/healthz` and `/metrics`, beside the main listener. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operations_address: Option<SocketAddr>,
    /// Genesis blocks of the channels to join at start, if not joined yet.
    #[serde(default)]
    pub(crate) genesis_blocks: Vec<PathBuf>,
    /// Other organisations' peers, beside the anchor peers that the channels' configurations name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) peers: Vec<KnownPeer>,
    /// The REST API.
    #[serde(default)]
    pub(crate) rest: RestConfig,
    /// Bounds of queues and pools.
    #[serde(default)]
    pub(crate) limits: PeerLimits,
}

/// A peer of another organisation. Its certificate must come from that organisation's TLS CA, as the channel knows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownPeer {
    /// `host:port`.
    pub(crate) address: String,
    /// Its organisation.
    pub(crate) msp_id: String,
}

/// Bounds of a peer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PeerLimits {
    /// Threads that run chaincode. Default: one a core.
    pub(crate) simulation_threads: usize,
    /// Calls that may wait for such a thread.
    pub(crate) simulation_queue: usize,
    /// Longest time one call of a chaincode may take, in milliseconds of wall clock; fuel is the ordinary limit.
    pub(crate) simulation_timeout_ms: u64,
    /// Callers that may wait for commits, a channel.
    pub(crate) commit_waiters: usize,
    /// Longest time one endorsement of another peer may take, in milliseconds.
    pub(crate) endorsement_timeout_ms: u64,
    /// Longest time one broadcast to an orderer may take, in milliseconds.
    pub(crate) broadcast_timeout_ms: u64,
    /// How far the clock of a proposal may be off, in seconds.
    pub(crate) time_window_s: u64,
    /// Connections open at once.
    pub(crate) connections: usize,
    /// How long running work may take to end at shutdown, in milliseconds.
    pub(crate) drain_timeout_ms: u64,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            simulation_threads: std::thread::available_parallelism().map_or(2, usize::from),
            simulation_queue: 256,
            simulation_timeout_ms: 30_000,
            commit_waiters: 20_000,
            endorsement_timeout_ms: 30_000,
            broadcast_timeout_ms: 30_000,
            time_window_s: 15 * 60,
            connections: 4_096,
            drain_timeout_ms: 10_000,
        }
    }
}

impl Config for PeerConfig {
    fn resolve(&mut self, folder: &Path) {
        let own = [&mut self.folder, &mut self.msp_folder];
        super::resolve_all(folder, own.into_iter().chain(&mut self.genesis_blocks));
        self.listen.resolve(folder);
        self.rest.resolve(folder);
    }

    fn check(&self) -> Result<(), String> {
        self.listen.check()?;
        self.rest.check()?;
        listen::check_operations(self.operations_address)?;
        super::check_at_least_one(&[
            ("simulation_threads", self.limits.simulation_threads),
            ("simulation_queue", self.limits.simulation_queue),
            ("commit_waiters", self.limits.commit_waiters),
            ("connections", self.limits.connections),
        ])
    }
}
