//! Configuration of `weft orderer`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, ListenConfig, listen};

/// An orderer: a node that puts transactions into blocks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrdererConfig {
    /// Data folder: one folder a channel. Made if missing, used by one process at a time.
    pub(crate) folder: PathBuf,
    /// The organisation's MSP id.
    pub(crate) msp_id: String,
    /// The orderer's own MSP folder in Fabric's layout.
    pub(crate) msp_folder: PathBuf,
    /// Where it listens.
    pub(crate) listen: ListenConfig,
    /// Plain HTTP on loopback for `/healthz` and `/metrics`, beside the main listener. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operations_address: Option<SocketAddr>,
    /// Genesis blocks of the channels to serve, if not joined yet.
    #[serde(default)]
    pub(crate) genesis_blocks: Vec<PathBuf>,
    /// Bounds of queues.
    #[serde(default)]
    pub(crate) limits: OrdererLimits,
}

/// Bounds of an orderer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OrdererLimits {
    /// Messages that may wait to be put into a block, a channel.
    pub(crate) queue: usize,
    /// Messages of one Broadcast stream that are read ahead of their answers.
    pub(crate) stream_read_ahead: usize,
    /// Shortest time between two blocks while few messages come, in milliseconds.
    pub(crate) block_gap_min_ms: u64,
    /// The same while many come.
    pub(crate) block_gap_max_ms: u64,
    /// Blocks that wait for one Deliver subscriber.
    pub(crate) deliver_queue_blocks: usize,
    /// Bytes of blocks that wait for one Deliver subscriber.
    pub(crate) deliver_queue_bytes: usize,
    /// How far the clock of a request may be off, in seconds.
    pub(crate) time_window_s: u64,
    /// Connections open at once.
    pub(crate) connections: usize,
    /// How long running work may take to end at shutdown, in milliseconds.
    pub(crate) drain_timeout_ms: u64,
}

impl Default for OrdererLimits {
    fn default() -> Self {
        Self {
            queue: 10_000,
            stream_read_ahead: 1_000,
            block_gap_min_ms: 2,
            block_gap_max_ms: 50,
            deliver_queue_blocks: 8,
            deliver_queue_bytes: 64 * 1024 * 1024,
            time_window_s: 15 * 60,
            connections: 4_096,
            drain_timeout_ms: 10_000,
        }
    }
}

impl Config for OrdererConfig {
    fn resolve(&mut self, folder: &Path) {
        let own = [&mut self.folder, &mut self.msp_folder];
        super::resolve_all(folder, own.into_iter().chain(&mut self.genesis_blocks));
        self.listen.resolve(folder);
    }

    fn check(&self) -> Result<(), String> {
        self.listen.check()?;
        listen::check_operations(self.operations_address)?;
        if self.limits.block_gap_min_ms > self.limits.block_gap_max_ms {
            return Err("limits.block_gap_min_ms is above limits.block_gap_max_ms".to_owned());
        }
        super::check_at_least_one(&[
            ("queue", self.limits.queue),
            ("stream_read_ahead", self.limits.stream_read_ahead),
            ("deliver_queue_blocks", self.limits.deliver_queue_blocks),
            ("connections", self.limits.connections),
        ])
    }
}
