-- Why transactions are not valid.

-- Found when the block is committed, from a state that is gone afterwards; made anew when the ledger is rebuilt. Invalid
-- transactions of blocks that were committed before this table was there have no row until then.
CREATE TABLE causes (
    block INTEGER NOT NULL,
    tx    INTEGER NOT NULL,
    -- JSON of `decoded::Cause`, at most 8 KiB: strangers fill it.
    bytes BLOB    NOT NULL,
    PRIMARY KEY (block, tx)
) STRICT, WITHOUT ROWID;
