-- World state and the hashes of private data: what every peer of the channel must hold alike.

-- Namespaces and keys are BLOBs: SQLite compares those with memcmp, the order that range queries and Fabric's snapshots
-- have. Composite keys begin with \x00, which TEXT would keep but C string functions would cut.
CREATE TABLE state (
    ns       BLOB    NOT NULL,
    key      BLOB    NOT NULL,
    value    BLOB    NOT NULL,
    -- Marshalled KVMetadataWrite with entries only; empty when there is none.
    metadata BLOB    NOT NULL,
    -- Version: the transaction that wrote the key last.
    block    INTEGER NOT NULL,
    tx       INTEGER NOT NULL,
    -- WITHOUT ROWID: one B-tree to touch a write instead of table and index; a range is read in one sweep.
    PRIMARY KEY (ns, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE hashed_state (
    ns         BLOB    NOT NULL,
    collection BLOB    NOT NULL,
    -- SHA-256 of the key.
    key_hash   BLOB    NOT NULL,
    -- SHA-256 of the value.
    value_hash BLOB    NOT NULL,
    metadata   BLOB    NOT NULL,
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    PRIMARY KEY (ns, collection, key_hash)
) STRICT, WITHOUT ROWID;
