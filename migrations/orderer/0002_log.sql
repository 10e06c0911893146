-- The Raft log and what Raft must never forget.

CREATE TABLE log (
    -- Raft's log index; the rowid, so an append goes to the last page.
    idx     INTEGER NOT NULL PRIMARY KEY,
    term    INTEGER NOT NULL,
    -- Node id of the leader that proposed the entry.
    leader  INTEGER NOT NULL,
    -- 0 blank, 1 batch (payload is the common.BlockData of one block), 2 membership.
    kind    INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    -- SHA-256 of `payload`: a page that lost its content is noticed before it is sent or served.
    checksum BLOB   NOT NULL,
    -- Rows of batches stay for ever, also after Raft has purged their indexes: the chain reads its data here.
    payload BLOB    NOT NULL
) STRICT;

CREATE TABLE raft (
    id               INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The vote: written and synced before it is sent. NULL before the first.
    vote_term        INTEGER,
    vote_node        INTEGER,
    vote_committed   INTEGER CHECK (vote_committed IN (0, 1)),
    -- Newest entry known to be committed. A hint that spares a wait for the leader at start; may lag.
    committed_idx    INTEGER,
    committed_term   INTEGER,
    committed_leader INTEGER,
    -- Raft believes that entries up to here are gone.
    purged_idx       INTEGER,
    purged_term      INTEGER,
    purged_leader    INTEGER,
    -- Newest entry whose effect is in `blocks`. Moves in the transaction that writes the block, never alone.
    applied_idx      INTEGER,
    applied_term     INTEGER,
    applied_leader   INTEGER,
    -- Membership as of the applied entry, in the orderer's own encoding; empty before the first.
    membership       BLOB    NOT NULL DEFAULT x''
) STRICT;

INSERT INTO raft (id) VALUES (1);
