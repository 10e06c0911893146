-- What a data folder is: whose node, which channels, which packages. One file a node, peer or orderer.

-- "WefN"
PRAGMA application_id = 1466263118;

CREATE TABLE node (
    id               INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- How values inside the tables are to be read.
    format           INTEGER NOT NULL,
    msp_id           TEXT    NOT NULL,
    -- SHA-256 of the node's certificate in DER. A folder mounted under another node is refused by it.
    certificate_hash BLOB    NOT NULL
) STRICT;

CREATE TABLE channels (
    channel_id   TEXT NOT NULL PRIMARY KEY,
    -- Header hash of block 0, given when the channel was joined.
    genesis_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
