-- What this file is: the one row that says which channel the file holds.

-- A stray SQLite file, or a peer's, must not be taken for an orderer's chain ("WefO").
PRAGMA application_id = 1466263119;

CREATE TABLE channel (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    channel_id   TEXT    NOT NULL,
    -- Header hash of block 0.
    genesis_hash BLOB    NOT NULL,
    format       INTEGER NOT NULL
) STRICT;
