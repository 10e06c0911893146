-- Requests that callers may repeat: what came of the first one with a key.

CREATE TABLE idempotency (
    -- Who called; keys of one caller are nothing to another.
    caller         TEXT    NOT NULL,
    -- The caller's own name for the request.
    key            TEXT    NOT NULL,
    -- SHA-256 over all of the request: a key is good for one request.
    request_sha256 BLOB    NOT NULL,
    -- The transaction made for it, entered before it is ordered.
    tx_id          TEXT    NOT NULL,
    -- Unix seconds.
    began_at       INTEGER NOT NULL,
    -- What the caller was answered; NULL until then.
    answer         BLOB,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

-- The oldest go first.
CREATE INDEX idempotency_by_time ON idempotency (began_at);
