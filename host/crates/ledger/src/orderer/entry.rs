//! What the Raft log is made of.

use bytes::Bytes;
use prost::Message;
use proto::common::BlockData;

use crate::Error;

/// Where an entry is in the log, and who put it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The leader's term.
    pub term: u64,
    /// The leader's node id.
    pub leader: u64,
    /// Place in the log, from 0 or 1 on without holes.
    pub index: u64,
}

/// For whom a node has voted. Never to be forgotten, and never to be sent before it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// The term.
    pub term: u64,
    /// The candidate's node id.
    pub node: u64,
    /// Whether a majority has granted it.
    pub committed: bool,
}

/// What an entry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Nothing; a new leader's first entry.
    Blank,
    /// The transactions of one block; see [`batch_payload`].
    Batch,
    /// A change of the members, in the caller's encoding.
    Membership,
}

impl EntryKind {
    pub(super) fn to_number(self) -> i64 {
        match self {
            Self::Blank => 0,
            Self::Batch => 1,
            Self::Membership => 2,
        }
    }

    pub(super) fn from_number(number: i64) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Blank),
            1 => Ok(Self::Batch),
            2 => Ok(Self::Membership),
            _ => Err(Error::damaged("a log entry", "it is of an unknown kind")),
        }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it is.
    pub id: LogId,
    /// What it carries.
    pub kind: EntryKind,
    /// Of a batch, the encoded `common.BlockData` of the block to be made from it; else what the caller put there.
    pub payload: Bytes,
}

/// The payload of a batch: `transactions`, each an encoded envelope, as the block will hold them.
#[must_use]
pub fn batch_payload(transactions: Vec<Bytes>) -> Bytes {
    let data = BlockData { data: transactions };
    data.encode_to_vec().into()
}

/// The transactions in a batch's payload; they share memory with it.
///
/// # Errors
/// [`Error::Damaged`]: the payload is none that [`batch_payload`] made.
pub fn transactions_of(payload: &Bytes) -> Result<Vec<Bytes>, Error> {
    let data = BlockData::decode(payload.clone());
    let data = data.map_err(|cause| Error::damaged("the payload of a batch", cause))?;
    Ok(data.data)
}
