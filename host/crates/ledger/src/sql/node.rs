//! The statements over `node.db`.

/// Embedded, in order: version, noun, text.
pub(crate) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "node",
        include_str!("../../../../../migrations/node/0001_node.sql"),
    ),
    (
        2,
        "packages",
        include_str!("../../../../../migrations/node/0002_packages.sql"),
    ),
    (
        3,
        "idempotency",
        include_str!("../../../../../migrations/node/0003_idempotency.sql"),
    ),
];

pub(crate) const NODE_READ: &str = "SELECT format, msp_id, certificate_hash FROM node WHERE id = 1";
/// format, MSP id, certificate hash
pub(crate) const NODE_CREATE: &str =
    "INSERT INTO node (id, format, msp_id, certificate_hash) VALUES (1, ?1, ?2, ?3)";
pub(crate) const NODE_CERTIFICATE_PUT: &str = "UPDATE node SET certificate_hash = ?1 WHERE id = 1";

pub(crate) const CHANNELS_READ: &str =
    "SELECT channel_id, genesis_hash FROM channels ORDER BY channel_id";
pub(crate) const CHANNEL_READ: &str = "SELECT genesis_hash FROM channels WHERE channel_id = ?1";
pub(crate) const CHANNEL_PUT: &str =
    "INSERT INTO channels (channel_id, genesis_hash) VALUES (?1, ?2)";
pub(crate) const CHANNEL_DELETE: &str = "DELETE FROM channels WHERE channel_id = ?1";

/// package id, label, checksum, installed at, size, bytes. Changes no row if the package is there.
pub(crate) const PACKAGE_PUT: &str = "INSERT INTO packages (package_id, label, checksum, installed_at, size_bytes, bytes) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (package_id) DO NOTHING";
pub(crate) const PACKAGES_READ: &str =
    "SELECT package_id, label, installed_at, size_bytes FROM packages ORDER BY package_id";
pub(crate) const PACKAGE_READ: &str = "SELECT checksum, bytes FROM packages WHERE package_id = ?1";

/// caller, key
pub(crate) const IDEMPOTENCY_READ: &str =
    "SELECT request_sha256, tx_id, answer FROM idempotency WHERE caller = ?1 AND key = ?2";
/// caller, key, SHA-256 of the request, tx id, began at
pub(crate) const IDEMPOTENCY_PUT: &str = "INSERT INTO idempotency (caller, key, request_sha256, tx_id, began_at) VALUES (?1, ?2, ?3, ?4, ?5)";
/// caller, key, answer
pub(crate) const IDEMPOTENCY_ANSWER: &str =
    "UPDATE idempotency SET answer = ?3 WHERE caller = ?1 AND key = ?2";
/// caller, key
pub(crate) const IDEMPOTENCY_DELETE: &str =
    "DELETE FROM idempotency WHERE caller = ?1 AND key = ?2 AND answer IS NULL";
pub(crate) const IDEMPOTENCY_COUNT: &str = "SELECT count(*) FROM idempotency";
/// The time before which rows began that are to go.
pub(crate) const IDEMPOTENCY_EXPIRE: &str = "DELETE FROM idempotency WHERE began_at < ?1";
/// How many of those that were answered are to go, the oldest first.
pub(crate) const IDEMPOTENCY_EVICT: &str = "DELETE FROM idempotency WHERE (caller, key) IN \
     (SELECT caller, key FROM idempotency WHERE answer IS NOT NULL ORDER BY began_at LIMIT ?1)";
