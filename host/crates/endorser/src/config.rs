//! What can be set.

use std::time::Duration;

/// Bounds of one peer's endorser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How far a proposal's timestamp may be from this peer's time, either way, in seconds.
    pub time_window_s: u64,
    /// How long a proposal may wait for a thread and run, together, in milliseconds. Not more than the ledger lets a
    /// snapshot grow old.
    pub execution_timeout_ms: u64,
    /// How long a proposal may wait for this peer to reach the height that its sender has seen, in milliseconds. After
    /// that it is simulated on what is there.
    pub catch_up_timeout_ms: u64,
    /// Proposals in this peer at one time; one more is refused.
    pub proposals_max: usize,
    /// Large proposals whose signatures are checked at one time; more wait.
    pub checks_max: usize,
}

impl Default for Config {
    /// Fabric's values: 15 minutes, 30 seconds, 2,500 proposals; and 2 seconds, 16 checks.
    fn default() -> Self {
        Self {
            time_window_s: 15 * 60,
            execution_timeout_ms: 30_000,
            catch_up_timeout_ms: 2_000,
            proposals_max: 2_500,
            checks_max: 16,
        }
    }
}

impl Config {
    pub(crate) fn execution_timeout(&self) -> Duration {
        Duration::from_millis(self.execution_timeout_ms)
    }

    pub(crate) fn catch_up_timeout(&self) -> Duration {
        Duration::from_millis(self.catch_up_timeout_ms)
    }
}
