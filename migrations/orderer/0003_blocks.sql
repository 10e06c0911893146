-- The chain. A block's transactions are stored once: in the log row that carried them.

CREATE TABLE blocks (
    number    INTEGER NOT NULL PRIMARY KEY,
    -- Header hash; what the next block names as its previous hash.
    hash      BLOB    NOT NULL,
    -- Marshalled common.BlockHeader.
    header    BLOB    NOT NULL,
    -- Marshalled common.BlockMetadata. Rows are written without a sync and made again from the log after a power cut: then
    -- the signature in here may be another, the header cannot.
    metadata  BLOB    NOT NULL,
    -- The log row that holds the data ...
    log_idx   INTEGER,
    -- ... or the marshalled common.BlockData itself, for blocks that came by no log of this node: block 0, and those fetched
    -- from another orderer.
    data      BLOB,
    CHECK ((log_idx IS NULL) <> (data IS NULL))
) STRICT;

-- Raft must not truncate or lose an entry that a block rests on.
CREATE UNIQUE INDEX blocks_by_log ON blocks (log_idx) WHERE log_idx IS NOT NULL;
