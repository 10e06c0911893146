-- Installed chaincode packages.

CREATE TABLE packages (
    -- `<label>:<SHA-256 of the package in hex>`, as Fabric forms it.
    package_id   TEXT    NOT NULL UNIQUE,
    label        TEXT    NOT NULL,
    -- SHA-256 of `bytes`, compared whenever they are read: code that lost a bit is never run.
    checksum     BLOB    NOT NULL,
    -- Unix seconds.
    installed_at INTEGER NOT NULL,
    size_bytes   INTEGER NOT NULL,
    -- The package as it was installed, tar.gz. Last, so that listing does not walk it.
    bytes        BLOB    NOT NULL
) STRICT;
