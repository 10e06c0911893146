//! The statements over an orderer's channel file.

/// Embedded, in order: version, noun, text.
pub(crate) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "channel",
        include_str!("../../../../../migrations/orderer/0001_channel.sql"),
    ),
    (
        2,
        "log",
        include_str!("../../../../../migrations/orderer/0002_log.sql"),
    ),
    (
        3,
        "blocks",
        include_str!("../../../../../migrations/orderer/0003_blocks.sql"),
    ),
];

/// channel id, genesis hash, format
pub(crate) const CHANNEL_CREATE: &str =
    "INSERT INTO channel (id, channel_id, genesis_hash, format) VALUES (1, ?1, ?2, ?3)";
pub(crate) const CHANNEL_READ: &str =
    "SELECT channel_id, genesis_hash, format FROM channel WHERE id = 1";

/// index, term, leader, kind, checksum, payload
pub(crate) const LOG_PUT: &str =
    "INSERT INTO log (idx, term, leader, kind, checksum, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
/// from, to (exclusive)
pub(crate) const LOG_RANGE: &str = "SELECT idx, term, leader, kind, checksum, payload FROM log WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
pub(crate) const LOG_LAST: &str = "SELECT idx, term, leader FROM log ORDER BY idx DESC LIMIT 1";
pub(crate) const LOG_TRUNCATE: &str = "DELETE FROM log WHERE idx >= ?1";
/// from, to (inclusive). Rows of batches that a block rests on hold the chain's data and stay.
pub(crate) const LOG_PURGE: &str = "DELETE FROM log WHERE idx >= ?1 AND idx <= ?2 \
     AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.log_idx = log.idx)";
/// Kind and size; SQLite knows a blob's length without reading it.
pub(crate) const LOG_SHAPE: &str = "SELECT kind, length(payload) FROM log WHERE idx = ?1";

/// Whether a block rests on an entry from ?1 on.
pub(crate) const BLOCK_RESTS_FROM: &str =
    "SELECT EXISTS (SELECT 1 FROM blocks WHERE log_idx >= ?1)";

pub(crate) const RAFT_READ: &str = "SELECT vote_term, vote_node, vote_committed, \
     committed_idx, committed_term, committed_leader, purged_idx, purged_term, purged_leader, \
     applied_idx, applied_term, applied_leader, membership FROM raft WHERE id = 1";
pub(crate) const VOTE_PUT: &str =
    "UPDATE raft SET vote_term = ?1, vote_node = ?2, vote_committed = ?3 WHERE id = 1";
pub(crate) const COMMITTED_PUT: &str =
    "UPDATE raft SET committed_idx = ?1, committed_term = ?2, committed_leader = ?3 WHERE id = 1";
pub(crate) const PURGED_PUT: &str =
    "UPDATE raft SET purged_idx = ?1, purged_term = ?2, purged_leader = ?3 WHERE id = 1";
pub(crate) const APPLIED_PUT: &str =
    "UPDATE raft SET applied_idx = ?1, applied_term = ?2, applied_leader = ?3 WHERE id = 1";
pub(crate) const MEMBERSHIP_PUT: &str = "UPDATE raft SET membership = ?1 WHERE id = 1";

/// number, hash, header, metadata, log index or NULL, data or NULL
pub(crate) const BLOCK_PUT: &str = "INSERT INTO blocks (number, hash, header, metadata, log_idx, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(crate) const BLOCK_LAST: &str = "SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1";
pub(crate) const BLOCK_HASH: &str = "SELECT hash FROM blocks WHERE number = ?1";
pub(crate) const BLOCK_READ: &str = "SELECT blocks.hash, blocks.header, blocks.metadata, coalesce(blocks.data, log.payload) \
     FROM blocks LEFT JOIN log ON log.idx = blocks.log_idx WHERE blocks.number = ?1";
