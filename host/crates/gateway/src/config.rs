//! Bounds of a peer's gateway.

use std::time::Duration;

/// Bounds of a peer's gateway.
#[derive(Clone, Debug)]
pub struct Config {
    /// Calls of all kinds at the same time; one more is refused.
    pub calls_max: usize,
    /// Longest time one peer may take to endorse.
    pub endorsement_timeout: Duration,
    /// Longest time one orderer may take to answer.
    pub broadcast_timeout: Duration,
    /// Connections to other nodes kept at the same time.
    pub connections_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calls_max: 10_000,
            endorsement_timeout: Duration::from_secs(30),
            broadcast_timeout: Duration::from_secs(30),
            connections_max: 1_024,
        }
    }
}
