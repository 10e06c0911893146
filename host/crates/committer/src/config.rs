//! Bounds of a channel's committer.

use std::time::Duration;

/// Bounds of a channel's committer.
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads that verify the transactions of one block.
    pub verify_threads: usize,
    /// Blocks received and not yet verified.
    pub received_blocks_max: usize,
    /// Blocks verified and not yet committed.
    pub verified_blocks_max: usize,
    /// First pause before an orderer is asked again after all have failed; it doubles up to `retry_pause_max`.
    pub retry_pause: Duration,
    /// Longest such pause.
    pub retry_pause_max: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            verify_threads: std::thread::available_parallelism().map_or(2, usize::from),
            received_blocks_max: 8,
            verified_blocks_max: 4,
            retry_pause: Duration::from_millis(50),
            retry_pause_max: Duration::from_secs(5),
        }
    }
}
