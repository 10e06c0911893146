use std::time::Duration;

/// Limits of one node's deliver streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How far the timestamp of a request may be from this node's clock, in seconds, either way. Fabric: 15 minutes.
    pub time_window_s: i64,
    /// Blocks that wait for one subscriber to read them.
    pub queue_blocks_max: usize,
    /// Bytes of blocks that wait for one subscriber; a single larger block waits alone.
    pub queue_bytes_max: usize,
    /// How long a full queue may stay full before its subscriber is closed.
    pub reader_patience: Duration,
    /// Streams at the same time, over all channels; one more is refused.
    pub streams_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            time_window_s: 15 * 60,
            queue_blocks_max: 8,
            queue_bytes_max: 64 * 1024 * 1024,
            reader_patience: Duration::from_secs(30),
            streams_max: 2_500,
        }
    }
}
