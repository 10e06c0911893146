//! What can be set about a ledger's files and connections.

use std::time::Duration;

/// Settings of one ledger. The defaults are what the measurements in the performance notes were made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Page cache of the writing connection, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// How much of the file a reading connection maps into memory, in bytes.
    pub reader_mmap_bytes_max: u64,
    /// Reading connections at the same time; one more is refused as busy.
    pub readers_max: usize,
    /// Age a snapshot may reach. A held one keeps the write-ahead log from being reused.
    pub snapshot_age_max: Duration,
    /// Pages in the write-ahead log, not yet copied to the file, from which on they are copied. A block of 500 transactions changes
    /// 4,000 pages of a large ledger, many of them the same as the next block: the more blocks a copy stands for, the less it costs.
    pub checkpoint_pages: u32,
    /// Blocks after which a transient private write set that was never committed is dropped.
    pub transient_retention_blocks: u64,
    /// Transient private write sets kept for one transaction id.
    pub transient_sets_max: u32,
    /// How long a connection waits for another one's lock; only a checkpoint's last moment takes one.
    pub busy_timeout: Duration,
}

impl Config {
    /// For an orderer's ledger, which is appended to and read from its end: a large cache would hold what nobody asks for again.
    #[must_use]
    pub fn for_orderer() -> Self {
        Self {
            writer_cache_kib: 8 * 1024,
            ..Self::default()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            writer_cache_kib: 32 * 1024,
            reader_cache_kib: 2 * 1024,
            reader_mmap_bytes_max: 1 << 30,
            readers_max: 64,
            snapshot_age_max: Duration::from_secs(30),
            checkpoint_pages: 16_000,
            transient_retention_blocks: 20_000,
            transient_sets_max: 64,
            busy_timeout: Duration::from_secs(30),
        }
    }
}
