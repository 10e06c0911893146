-- Private data in the clear: only what this peer's organisation may hold. None of it can be derived from blocks.

CREATE TABLE private_state (
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    key        BLOB    NOT NULL,
    -- SHA-256 of the key, kept beside it: expiry and purge know a key by its hash only.
    key_hash   BLOB    NOT NULL,
    value      BLOB    NOT NULL,
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    PRIMARY KEY (ns, collection, key)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX private_state_by_hash ON private_state (ns, collection, key_hash);

-- The private write sets of committed transactions, as they were received: for members that ask for old ones, for clients
-- that follow blocks with private data, and for a rebuild, which could find them nowhere else.
CREATE TABLE private_sets (
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    -- Marshalled kvrwset.KVRWSet of the collection.
    bytes      BLOB    NOT NULL,
    PRIMARY KEY (block, tx, ns, collection)
) STRICT, WITHOUT ROWID;

-- A purge removes a key from all older write sets of its collection.
CREATE INDEX private_sets_by_collection ON private_sets (ns, collection);

-- What was purged, newest purge of each key: a write set that comes late must not bring a purged value back.
CREATE TABLE purges (
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    key_hash   BLOB    NOT NULL,
    -- All that was written below this version is gone for good.
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    PRIMARY KEY (ns, collection, key_hash)
) STRICT, WITHOUT ROWID;

-- Write sets whose hashes are in a committed block while the data never came.
CREATE TABLE missing_private (
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    -- 1: this peer's organisation is a member and should fetch it; 0: it was not a member then.
    eligible   INTEGER NOT NULL CHECK (eligible IN (0, 1)),
    PRIMARY KEY (block, tx, ns, collection)
) STRICT, WITHOUT ROWID;

-- blockToLive: what is to be deleted with which block. A row does nothing if the key was written again in between.
CREATE TABLE expiry (
    -- Block whose commit deletes: committed + blockToLive + 1.
    at         INTEGER NOT NULL,
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    key_hash   BLOB    NOT NULL,
    -- Block that wrote the key.
    block      INTEGER NOT NULL,
    PRIMARY KEY (at, ns, collection, key_hash, block)
) STRICT, WITHOUT ROWID;

-- Private write sets between endorsement and commit. An id may have several (one an endorsement), kept in order of arrival.
CREATE TABLE transient (
    tx_id  BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    -- Height when it was stored; sets that stay uncommitted are dropped by it.
    height INTEGER NOT NULL,
    -- Marshalled rwset.TxPvtReadWriteSet.
    bytes  BLOB    NOT NULL,
    PRIMARY KEY (tx_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX transient_by_height ON transient (height);
