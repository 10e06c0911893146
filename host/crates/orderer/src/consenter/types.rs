use bytes::Bytes;
use openraft::BasicNode;
use serde::{Deserialize, Serialize};

/// What is agreed on: the messages of one block, already encoded as its `BlockData`. Looked into only to make the block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch(pub(crate) Bytes);

/// What became of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Applied {
    /// The block of this number.
    Block(u64),
    /// Nothing, on any node: the batch is a configuration that does not follow the one now in force. Make it anew.
    Stale,
    /// Nothing: an entry of Raft's own.
    Nothing,
}

openraft::declare_raft_types!(
    /// The types that openraft works with here.
    pub(crate) TypeConfig:
        D = Batch,
        R = Applied,
        NodeId = u64,
        Node = BasicNode,
        SnapshotData = std::io::Cursor<Vec<u8>>,
);
