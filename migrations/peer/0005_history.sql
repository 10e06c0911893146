-- Which transactions wrote a key, and which collections a chaincode had when.

-- The key is all: values, transaction ids and times are read from the block, so nothing is stored twice. Only writes of
-- valid endorsed transactions, public namespaces only, several a key and block when several transactions wrote it.
CREATE TABLE history (
    ns    BLOB    NOT NULL,
    key   BLOB    NOT NULL,
    block INTEGER NOT NULL,
    tx    INTEGER NOT NULL,
    PRIMARY KEY (ns, key, block, tx)
) STRICT, WITHOUT ROWID;

-- Fabric's config history: an entry for each block that commits a definition with explicit collections.
CREATE TABLE config_history (
    chaincode BLOB    NOT NULL,
    block     INTEGER NOT NULL,
    -- Marshalled CollectionConfigPackage of the definition as committed.
    package   BLOB    NOT NULL,
    PRIMARY KEY (chaincode, block)
) STRICT, WITHOUT ROWID;
