-- What this file is: the one row that says which channel the file holds and how far it is.

-- A stray SQLite file, or an orderer's, must not be taken for a peer's ledger ("WefP").
PRAGMA application_id = 1466263120;

CREATE TABLE channel (
    -- One row, always: everything here changes with the same UPDATE that commits a block.
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    channel_id   TEXT    NOT NULL,
    -- Header hash of block 0. A folder that was restored under another channel of the same name is refused by it.
    genesis_hash BLOB    NOT NULL,
    -- How values inside the tables are to be read. The tables' own shape is counted by _sqlx_migrations.
    format       INTEGER NOT NULL,
    -- Blocks whose effects are in the other tables. The only truth after a crash.
    height       INTEGER NOT NULL,
    -- Blocks in `blocks`. Greater than height only while the ledger is being rebuilt, so a rebuild that was cut short is
    -- seen at the next start and goes on.
    stored       INTEGER NOT NULL,
    -- Header hash of block height - 1; what the next block must name as its previous hash. Empty at height 0.
    last_hash    BLOB    NOT NULL,
    -- Commit hash of block height - 1; empty after block 0, as in Fabric.
    commit_hash  BLOB    NOT NULL,
    -- Number of the newest block that holds a channel configuration.
    last_config  INTEGER NOT NULL,
    CHECK (height <= stored)
) STRICT;
