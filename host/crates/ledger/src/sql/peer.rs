//! The statements over a peer's ledger file.

use super::Rows;

/// Embedded, in order: version, noun, text.
pub(crate) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "channel",
        include_str!("../../../../../migrations/peer/0001_channel.sql"),
    ),
    (
        2,
        "blocks",
        include_str!("../../../../../migrations/peer/0002_blocks.sql"),
    ),
    (
        3,
        "state",
        include_str!("../../../../../migrations/peer/0003_state.sql"),
    ),
    (
        4,
        "private",
        include_str!("../../../../../migrations/peer/0004_private.sql"),
    ),
    (
        5,
        "history",
        include_str!("../../../../../migrations/peer/0005_history.sql"),
    ),
    (
        6,
        "causes",
        include_str!("../../../../../migrations/peer/0006_causes.sql"),
    ),
];

// The channel row.

/// channel id, genesis hash, format
pub(crate) const CHANNEL_CREATE: &str = "INSERT INTO channel (id, channel_id, genesis_hash, format, height, stored, last_hash, commit_hash, last_config) \
     VALUES (1, ?1, ?2, ?3, 0, 0, x'', x'', 0)";
pub(crate) const CHANNEL_READ: &str = "SELECT channel_id, genesis_hash, format, height, stored, last_hash, commit_hash, last_config FROM channel WHERE id = 1";
/// number, its hash, commit hash, whether it is a configuration block, previous hash. Changes one row, or none if the block is not
/// the next one: so no block is committed twice or out of order, whatever this process believes the height to be.
pub(crate) const CHANNEL_ADVANCE: &str = "UPDATE channel SET height = ?1 + 1, stored = max(stored, ?1 + 1), last_hash = ?2, commit_hash = ?3, \
     last_config = CASE ?4 WHEN 1 THEN ?1 ELSE last_config END \
     WHERE id = 1 AND height = ?1 AND (height = 0 OR last_hash = ?5)";
pub(crate) const CHANNEL_REWIND: &str = "UPDATE channel SET height = 0, last_hash = x'', commit_hash = x'', last_config = 0 WHERE id = 1";
/// Everything that committing the stored blocks again makes anew. Private write sets and transient ones stay: no block has them.
pub(crate) const DERIVED_CLEAR: &[&str] = &[
    "DELETE FROM transactions",
    "DELETE FROM state",
    "DELETE FROM hashed_state",
    "DELETE FROM private_state",
    "DELETE FROM missing_private",
    "DELETE FROM expiry",
    "DELETE FROM purges",
    "DELETE FROM history",
    "DELETE FROM config_history",
    "DELETE FROM causes",
];

// Blocks and transactions.

/// number, hash, checksum, bytes. Changes no row if the block is stored already, as it is during a rebuild.
pub(crate) const BLOCK_PUT: &str = "INSERT INTO blocks (number, hash, checksum, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number) DO NOTHING";
pub(crate) const BLOCK_CHECKSUM: &str = "SELECT checksum FROM blocks WHERE number = ?1";
pub(crate) const BLOCK_READ: &str = "SELECT checksum, bytes FROM blocks WHERE number = ?1";
pub(crate) const BLOCK_HASH: &str = "SELECT hash FROM blocks WHERE number = ?1";
pub(crate) const BLOCK_BY_HASH: &str = "SELECT number FROM blocks WHERE hash = ?1";
pub(crate) const TX_READ: &str =
    "SELECT block, tx, code FROM transactions WHERE tx_id = ?1 ORDER BY block, tx LIMIT 1";
/// tx id, most rows
pub(crate) const TXS_READ: &str =
    "SELECT block, tx, code FROM transactions WHERE tx_id = ?1 ORDER BY block, tx LIMIT ?2";
pub(crate) const CAUSE_READ: &str = "SELECT bytes FROM causes WHERE block = ?1 AND tx = ?2";

// State.

pub(crate) const STATE_READ: &str =
    "SELECT value, metadata, block, tx FROM state WHERE ns = ?1 AND key = ?2";
pub(crate) const STATE_RANGE: &str = "SELECT value, metadata, block, tx, key FROM state WHERE ns = ?1 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT ?4";
pub(crate) const STATE_RANGE_OPEN: &str = "SELECT value, metadata, block, tx, key FROM state WHERE ns = ?1 AND key >= ?2 ORDER BY key LIMIT ?3";
pub(crate) const STATE_DUMP: &str =
    "SELECT ns, x'', key, value, metadata, block, tx FROM state ORDER BY ns, key";
pub(crate) const HASHED_READ: &str = "SELECT value_hash, metadata, block, tx FROM hashed_state \
     WHERE ns = ?1 AND collection = ?2 AND key_hash = ?3";
pub(crate) const HASHED_DUMP: &str = "SELECT ns, collection, key_hash, value_hash, metadata, block, tx FROM hashed_state \
     ORDER BY ns, collection, key_hash";

// Private data.

pub(crate) const PRIVATE_READ: &str = "SELECT value, x'', block, tx FROM private_state \
     WHERE ns = ?1 AND collection = ?2 AND key = ?3";
pub(crate) const PRIVATE_RANGE: &str = "SELECT value, x'', block, tx, key FROM private_state \
     WHERE ns = ?1 AND collection = ?2 AND key >= ?3 AND key < ?4 ORDER BY key LIMIT ?5";
pub(crate) const PRIVATE_RANGE_OPEN: &str = "SELECT value, x'', block, tx, key FROM private_state \
     WHERE ns = ?1 AND collection = ?2 AND key >= ?3 ORDER BY key LIMIT ?4";
pub(crate) const PRIVATE_SETS_OF_BLOCK: &str = "SELECT tx, ns, collection, bytes FROM private_sets WHERE block = ?1 ORDER BY tx, ns, collection";
/// ns, collection, first version (inclusive), last version (exclusive), most rows: the older sets of a collection, for a purge.
pub(crate) const PRIVATE_SETS_BELOW: &str = "SELECT block, tx, bytes FROM private_sets \
     WHERE ns = ?1 AND collection = ?2 AND (block, tx) >= (?3, ?4) AND (block, tx) < (?5, ?6) \
     ORDER BY block, tx LIMIT ?7";
pub(crate) const PRIVATE_SET_REPLACE: &str = "UPDATE private_sets SET bytes = ?5 WHERE block = ?1 AND tx = ?2 AND ns = ?3 AND collection = ?4";
/// ns, collection, key hash, block, tx
pub(crate) const PURGE_PUT: &str = "INSERT INTO purges (ns, collection, key_hash, block, tx) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (ns, collection, key_hash) DO UPDATE SET block = excluded.block, tx = excluded.tx";
pub(crate) const PURGES_READ: &str =
    "SELECT key_hash, block, tx FROM purges WHERE ns = ?1 AND collection = ?2";
pub(crate) const MISSING_READ: &str = "SELECT block, tx, ns, collection FROM missing_private \
     WHERE eligible = 1 ORDER BY block DESC, tx DESC, ns, collection LIMIT ?1";
pub(crate) const MISSING_DELETE: &str =
    "DELETE FROM missing_private WHERE block = ?1 AND tx = ?2 AND ns = ?3 AND collection = ?4";
/// ns, collection, key, key hash, value, block, tx. Writes nothing if the hashed key has moved on since.
pub(crate) const PRIVATE_PUT_LATE: &str = "INSERT INTO private_state (ns, collection, key, key_hash, value, block, tx) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM hashed_state \
     WHERE ns = ?1 AND collection = ?2 AND key_hash = ?4 AND block = ?6 AND tx = ?7) \
     ON CONFLICT (ns, collection, key) DO UPDATE SET value = excluded.value, block = excluded.block, tx = excluded.tx";

// Expiry and the transient store.

/// Whether block ?1 has anything to expire, and whether there are transient sets: the usual answer is no, and saves the rest.
pub(crate) const CHORES: &str =
    "SELECT EXISTS (SELECT 1 FROM expiry WHERE at = ?1), EXISTS (SELECT 1 FROM transient)";
/// Each takes the block number that is being committed, after its own writes: a key written again has another version by now.
pub(crate) const EXPIRE: &[&str] = &[
    "DELETE FROM hashed_state WHERE (ns, collection, key_hash) IN (SELECT ns, collection, key_hash FROM expiry WHERE at = ?1) \
     AND EXISTS (SELECT 1 FROM expiry AS due WHERE due.at = ?1 AND due.ns = hashed_state.ns \
     AND due.collection = hashed_state.collection AND due.key_hash = hashed_state.key_hash AND due.block = hashed_state.block)",
    "DELETE FROM private_state WHERE (ns, collection, key_hash) IN (SELECT ns, collection, key_hash FROM expiry WHERE at = ?1) \
     AND EXISTS (SELECT 1 FROM expiry AS due WHERE due.at = ?1 AND due.ns = private_state.ns \
     AND due.collection = private_state.collection AND due.key_hash = private_state.key_hash AND due.block = private_state.block)",
    "DELETE FROM private_sets WHERE (block, ns, collection) IN (SELECT block, ns, collection FROM expiry WHERE at = ?1)",
    "DELETE FROM missing_private WHERE (block, ns, collection) IN (SELECT block, ns, collection FROM expiry WHERE at = ?1)",
    "DELETE FROM expiry WHERE at = ?1",
];
/// tx id, height, bytes, most sets an id may have. Changes no row when that many are there.
pub(crate) const TRANSIENT_PUT: &str = "INSERT INTO transient (tx_id, seq, height, bytes) \
     SELECT ?1, coalesce(max(seq) + 1, 0), ?2, ?3 FROM transient WHERE tx_id = ?1 HAVING count(*) < ?4";
pub(crate) const TRANSIENT_READ: &str =
    "SELECT height, bytes FROM transient WHERE tx_id = ?1 ORDER BY seq";
pub(crate) const TRANSIENT_PURGE: &str = "DELETE FROM transient WHERE height < ?1";

// History.

pub(crate) const HISTORY_READ: &str = "SELECT block, tx FROM history WHERE ns = ?1 AND key = ?2 ORDER BY block DESC, tx DESC LIMIT ?3";
pub(crate) const HISTORY_BELOW: &str = "SELECT block, tx FROM history \
     WHERE ns = ?1 AND key = ?2 AND (block, tx) < (?3, ?4) ORDER BY block DESC, tx DESC LIMIT ?5";
pub(crate) const HISTORY_KEY_FROM: &str =
    "SELECT key FROM history WHERE ns = ?1 AND key >= ?2 ORDER BY key LIMIT 1";
pub(crate) const HISTORY_KEY_BEHIND: &str =
    "SELECT key FROM history WHERE ns = ?1 AND key > ?2 ORDER BY key LIMIT 1";
/// ns, key, version (exclusive), most blocks
pub(crate) const HISTORY_BLOCKS_BELOW: &str = "SELECT block, max(tx) FROM history \
     WHERE ns = ?1 AND key = ?2 AND (block, tx) < (?3, ?4) GROUP BY block ORDER BY block DESC LIMIT ?5";
/// chaincode, highest block
pub(crate) const CONFIG_HISTORY_READ: &str = "SELECT block, package FROM config_history \
     WHERE chaincode = ?1 AND block <= ?2 ORDER BY block DESC LIMIT 1";

/// The statements of a commit that take many rows.
#[derive(Debug)]
pub(crate) struct CommitStatements {
    pub(crate) transactions: Rows,
    pub(crate) causes: Rows,
    pub(crate) state_put: Rows,
    pub(crate) state_delete: Rows,
    pub(crate) hashed_put: Rows,
    pub(crate) hashed_delete: Rows,
    pub(crate) private_put: Rows,
    pub(crate) private_delete: Rows,
    pub(crate) private_sets: Rows,
    pub(crate) missing: Rows,
    pub(crate) expiry: Rows,
    pub(crate) history: Rows,
    pub(crate) config_history: Rows,
    pub(crate) transient_delete: Rows,
}

impl CommitStatements {
    pub(crate) fn new() -> Self {
        Self {
            transactions: Rows::new(
                "INSERT INTO transactions (tx_id, block, tx, code) VALUES ",
                4,
                "",
            ),
            causes: Rows::new("INSERT INTO causes (block, tx, bytes) VALUES ", 3, ""),
            state_put: Rows::new(
                "INSERT INTO state (ns, key, value, metadata, block, tx) VALUES ",
                6,
                " ON CONFLICT (ns, key) DO UPDATE SET value = excluded.value, metadata = excluded.metadata, \
                 block = excluded.block, tx = excluded.tx",
            ),
            state_delete: Rows::new("DELETE FROM state WHERE (ns, key) IN (VALUES ", 2, ")"),
            hashed_put: Rows::new(
                "INSERT INTO hashed_state (ns, collection, key_hash, value_hash, metadata, block, tx) VALUES ",
                7,
                " ON CONFLICT (ns, collection, key_hash) DO UPDATE SET value_hash = excluded.value_hash, \
                 metadata = excluded.metadata, block = excluded.block, tx = excluded.tx",
            ),
            hashed_delete: Rows::new(
                "DELETE FROM hashed_state WHERE (ns, collection, key_hash) IN (VALUES ",
                3,
                ")",
            ),
            private_put: Rows::new(
                "INSERT INTO private_state (ns, collection, key, key_hash, value, block, tx) VALUES ",
                7,
                " ON CONFLICT (ns, collection, key) DO UPDATE SET value = excluded.value, block = excluded.block, \
                 tx = excluded.tx",
            ),
            private_delete: Rows::new(
                "DELETE FROM private_state WHERE (ns, collection, key_hash) IN (VALUES ",
                3,
                ")",
            ),
            private_sets: Rows::new(
                "INSERT INTO private_sets (block, tx, ns, collection, bytes) VALUES ",
                5,
                " ON CONFLICT (block, tx, ns, collection) DO NOTHING",
            ),
            missing: Rows::new(
                "INSERT INTO missing_private (block, tx, ns, collection, eligible) VALUES ",
                5,
                " ON CONFLICT (block, tx, ns, collection) DO UPDATE SET eligible = excluded.eligible",
            ),
            expiry: Rows::new(
                "INSERT INTO expiry (at, ns, collection, key_hash, block) VALUES ",
                5,
                " ON CONFLICT (at, ns, collection, key_hash, block) DO NOTHING",
            ),
            history: Rows::new(
                "INSERT INTO history (ns, key, block, tx) VALUES ",
                4,
                " ON CONFLICT (ns, key, block, tx) DO NOTHING",
            ),
            config_history: Rows::new(
                "INSERT INTO config_history (chaincode, block, package) VALUES ",
                3,
                " ON CONFLICT (chaincode, block) DO UPDATE SET package = excluded.package",
            ),
            transient_delete: Rows::new("DELETE FROM transient WHERE tx_id IN (VALUES ", 1, ")"),
        }
    }
}
