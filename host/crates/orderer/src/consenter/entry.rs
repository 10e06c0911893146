//! Raft's values as the ledger keeps them: numbers in columns, a batch as the data of its block, members as JSON.

use bytes::Bytes;
use ledger::{EntryKind, LogEntry};
use openraft::{BasicNode, CommittedLeaderId, Entry, EntryPayload, LogId, Membership, Vote};

use super::{Batch, TypeConfig};

/// Why an entry cannot be kept, or what is kept is no entry.
#[derive(Debug, thiserror::Error)]
#[error("the members in log entry {index} have no readable form")]
pub(crate) struct BadMembers {
    index: u64,
    #[source]
    source: serde_json::Error,
}

/// Where an entry is, for the ledger.
pub(crate) fn to_stored_id(id: LogId<u64>) -> ledger::LogId {
    ledger::LogId {
        term: id.leader_id.term,
        leader: id.leader_id.node_id,
        index: id.index,
    }
}

/// Where an entry is, for Raft.
pub(crate) fn from_stored_id(id: ledger::LogId) -> LogId<u64> {
    LogId::new(CommittedLeaderId::new(id.term, id.leader), id.index)
}

/// A vote, for the ledger.
pub(crate) fn to_stored_vote(vote: &Vote<u64>) -> ledger::Vote {
    ledger::Vote {
        term: vote.leader_id.term,
        node: vote.leader_id.node_id,
        committed: vote.committed,
    }
}

/// A vote, for Raft.
pub(crate) fn from_stored_vote(vote: ledger::Vote) -> Vote<u64> {
    match vote.committed {
        true => Vote::new_committed(vote.term, vote.node),
        false => Vote::new(vote.term, vote.node),
    }
}

/// An entry, for the ledger.
///
/// # Errors
/// [`BadMembers`]: no members are known for which that is so.
pub(crate) fn to_stored(entry: &Entry<TypeConfig>) -> Result<LogEntry, BadMembers> {
    let index = entry.log_id.index;
    let (kind, payload) = match &entry.payload {
        EntryPayload::Blank => (EntryKind::Blank, Bytes::new()),
        EntryPayload::Normal(Batch(data)) => (EntryKind::Batch, data.clone()),
        EntryPayload::Membership(membership) => {
            let json = serde_json::to_vec(membership);
            let json = json.map_err(|source| BadMembers { index, source })?;
            (EntryKind::Membership, json.into())
        }
    };
    Ok(LogEntry {
        id: to_stored_id(entry.log_id),
        kind,
        payload,
    })
}

/// An entry, for Raft.
///
/// # Errors
/// [`BadMembers`]: the row is another program's.
pub(crate) fn from_stored(entry: LogEntry) -> Result<Entry<TypeConfig>, BadMembers> {
    let index = entry.id.index;
    let payload = match entry.kind {
        EntryKind::Blank => EntryPayload::Blank,
        EntryKind::Batch => EntryPayload::Normal(Batch(entry.payload)),
        EntryKind::Membership => {
            let membership: Result<Membership<u64, BasicNode>, _> =
                serde_json::from_slice(&entry.payload);
            let membership = membership.map_err(|source| BadMembers { index, source })?;
            EntryPayload::Membership(membership)
        }
    };
    Ok(Entry {
        log_id: from_stored_id(entry.id),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entry(payload: EntryPayload<TypeConfig>) -> Entry<TypeConfig> {
        let log_id = LogId::new(CommittedLeaderId::new(3, 1), 9);
        Entry { log_id, payload }
    }

    #[test]
    fn every_kind_of_entry_comes_back_as_it_went() {
        let nodes = BTreeMap::from([
            (1, BasicNode::new("o1:7050")),
            (2, BasicNode::new("o2:7050")),
        ]);
        for payload in [
            EntryPayload::Blank,
            EntryPayload::Normal(Batch(Bytes::from_static(b"messages"))),
            EntryPayload::Membership(Membership::from(nodes)),
        ] {
            let entry = entry(payload);
            let stored = to_stored(&entry).unwrap();
            assert_eq!(from_stored(stored).unwrap(), entry);
        }
    }

    #[test]
    fn a_vote_comes_back_as_it_went() {
        for vote in [Vote::new(7, 2), Vote::new_committed(7, 2), Vote::default()] {
            assert_eq!(from_stored_vote(to_stored_vote(&vote)), vote);
        }
    }

    #[test]
    fn members_that_are_not_readable_are_told_by_their_index() {
        let mut stored = to_stored(&entry(EntryPayload::Blank)).unwrap();
        stored.kind = EntryKind::Membership;
        let error = from_stored(stored).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the members in log entry 9 have no readable form"
        );
    }
}
