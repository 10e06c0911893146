-- The chain and the index of transaction ids.

CREATE TABLE blocks (
    -- The rowid: blocks arrive in order, so each append goes to the last page.
    number   INTEGER NOT NULL PRIMARY KEY,
    -- Header hash.
    hash     BLOB    NOT NULL,
    -- SHA-256 of `bytes`. The header hash covers neither metadata nor a torn page's position; a block that does not match is
    -- never served.
    checksum BLOB    NOT NULL,
    -- The whole block as it is served: header and data as received, metadata with this peer's filter and commit hash.
    -- Last column, so that reading the others never walks the overflow pages of a block of megabytes.
    bytes    BLOB    NOT NULL
) STRICT;

-- GetBlockByHash. One random insertion a block, not a transaction.
CREATE UNIQUE INDEX blocks_by_hash ON blocks (hash);

CREATE TABLE transactions (
    -- As the snapshot's txids.data has it: ChannelHeader.tx_id as it stands, else the computed one. Foreign text, so a BLOB.
    -- Transactions without any id have no row.
    tx_id BLOB    NOT NULL,
    block INTEGER NOT NULL,
    tx    INTEGER NOT NULL,
    -- TxValidationCode.
    code  INTEGER NOT NULL,
    -- An id can occur several times (later ones are DUPLICATE_TXID); look-ups take the first, which this order gives.
    PRIMARY KEY (tx_id, block, tx)
) STRICT, WITHOUT ROWID;
