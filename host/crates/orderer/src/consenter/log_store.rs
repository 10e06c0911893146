use std::{
    collections::VecDeque,
    fmt::Debug,
    ops::{Bound, Range, RangeBounds},
    sync::{Arc, Mutex, PoisonError},
};

use ledger::OrdererLedger;
use openraft::{
    Entry, EntryPayload, LogId, LogState, OptionalSend, RaftLogReader, StorageError,
    StorageIOError, Vote,
    storage::{LogFlushed, RaftLogStorage},
};

use super::{Batch, TypeConfig, entry};
use crate::blocking::blocking;

/// Bytes of entries read from the ledger at once, to be sent to another node.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries kept in memory after they were appended, and their bytes: what is about to be applied need not be read again.
const RECENT_ENTRIES_MAX: usize = 64;
const RECENT_BYTES_MAX: usize = 64 * 1024 * 1024;

type Failure = StorageError<u64>;

/// The Raft log and vote of one channel, in its ledger.
///
/// The ledger syncs an append before it returns; that is the only sync between a client's message and its answer.
#[derive(Clone)]
pub(crate) struct LogStore {
    ledger: OrdererLedger,
    recent: Arc<Mutex<Recent>>,
}

impl LogStore {
    pub(crate) fn new(ledger: OrdererLedger) -> Self {
        Self {
            ledger,
            recent: Arc::default(),
        }
    }

    fn recent<T>(&self, look: impl FnOnce(&mut Recent) -> T) -> T {
        // Nothing panics while it holds the lock.
        look(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn read(
        &self,
        range: Range<u64>,
        bytes_max: usize,
    ) -> Result<Vec<Entry<TypeConfig>>, Failure> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.recent(|recent| recent.get(&range)) {
            return Ok(entries);
        }
        let rows = blocking(&self.ledger, move |ledger| ledger.entries(range, bytes_max)).await;
        let rows = rows.map_err(|error| StorageIOError::read_logs(&error))?;
        let entries = rows
            .into_iter()
            .map(entry::from_stored)
            .collect::<Result<_, _>>();
        Ok(entries.map_err(|error| StorageIOError::read_logs(&error))?)
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry<TypeConfig>>, Failure> {
        let from = match range.start_bound() {
            Bound::Included(index) => *index,
            Bound::Excluded(index) => index.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(index) => index.saturating_add(1),
            Bound::Excluded(index) => *index,
            Bound::Unbounded => u64::MAX,
        };
        self.read(from..to, usize::MAX).await
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry<TypeConfig>>, Failure> {
        self.read(start..end, READ_BYTES_MAX).await
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, Failure> {
        let read = |ledger: OrdererLedger| Ok((ledger.purged()?, ledger.last_log()?));
        let ids = blocking(&self.ledger, read).await;
        let (purged, last) = ids.map_err(|error| StorageIOError::read_logs(&error))?;
        Ok(LogState {
            last_purged_log_id: purged.map(entry::from_stored_id),
            last_log_id: last.map(entry::from_stored_id),
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), Failure> {
        let vote = entry::to_stored_vote(vote);
        let saved = blocking(&self.ledger, move |ledger| ledger.save_vote(vote)).await;
        Ok(saved.map_err(|error| StorageIOError::write_vote(&error))?)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, Failure> {
        let vote = blocking(&self.ledger, |ledger| ledger.vote()).await;
        let vote = vote.map_err(|error| StorageIOError::read_vote(&error))?;
        Ok(vote.map(entry::from_stored_vote))
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<TypeConfig>,
    ) -> Result<(), Failure>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<_> = entries.into_iter().collect();
        let rows = entries
            .iter()
            .map(entry::to_stored)
            .collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(|error| StorageIOError::write_logs(&error))?;
        let appended = blocking(&self.ledger, move |ledger| ledger.append(&rows)).await;
        appended.map_err(|error| StorageIOError::write_logs(&error))?;
        self.recent(|recent| recent.extend(entries));
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId<u64>) -> Result<(), Failure> {
        self.recent(Recent::clear);
        let index = log_id.index;
        let truncated = blocking(&self.ledger, move |ledger| ledger.truncate_from(index)).await;
        Ok(truncated.map_err(|error| StorageIOError::write_logs(&error))?)
    }

    async fn purge(&mut self, log_id: LogId<u64>) -> Result<(), Failure> {
        let id = entry::to_stored_id(log_id);
        let purged = blocking(&self.ledger, move |ledger| ledger.purge_upto(id)).await;
        Ok(purged.map_err(|error| StorageIOError::write_logs(&error))?)
    }
}

/// The newest entries without a gap, within bounds.
#[derive(Default)]
struct Recent {
    entries: VecDeque<Entry<TypeConfig>>,
    bytes: usize,
}

impl Recent {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn extend(&mut self, entries: Vec<Entry<TypeConfig>>) {
        for entry in entries {
            let follows = |last: &Entry<TypeConfig>| {
                last.log_id.index.saturating_add(1) == entry.log_id.index
            };
            if !self.entries.back().is_none_or(follows) {
                self.clear();
            }
            self.bytes = self.bytes.saturating_add(size_of(&entry));
            self.entries.push_back(entry);
            while self.entries.len() > RECENT_ENTRIES_MAX || self.bytes > RECENT_BYTES_MAX {
                let Some(oldest) = self.entries.pop_front() else {
                    break;
                };
                self.bytes = self.bytes.saturating_sub(size_of(&oldest));
            }
        }
    }

    /// The entries of `range`, if all of them are here.
    fn get(&self, range: &Range<u64>) -> Option<Vec<Entry<TypeConfig>>> {
        let first = self.entries.front()?.log_id.index;
        let skip = usize::try_from(range.start.checked_sub(first)?).ok()?;
        let count = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        let end = skip.checked_add(count)?;
        (end <= self.entries.len()).then(|| self.entries.range(skip..end).cloned().collect())
    }
}

fn size_of(entry: &Entry<TypeConfig>) -> usize {
    match &entry.payload {
        EntryPayload::Normal(Batch(data)) => data.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use openraft::CommittedLeaderId;

    use super::*;

    fn blank(index: u64) -> Entry<TypeConfig> {
        Entry {
            log_id: LogId::new(CommittedLeaderId::new(1, 1), index),
            payload: EntryPayload::Blank,
        }
    }

    fn indexes(recent: &Recent, from: u64, to: u64) -> Option<Vec<u64>> {
        let entries = recent.get(&(from..to))?;
        Some(entries.iter().map(|entry| entry.log_id.index).collect())
    }

    #[test]
    fn recent_entries_are_given_only_if_all_of_them_are_there() {
        let mut recent = Recent::default();
        recent.extend(vec![blank(4), blank(5), blank(6)]);
        assert_eq!(indexes(&recent, 5, 7), Some(vec![5, 6]));
        assert_eq!(indexes(&recent, 3, 5), None);
        assert_eq!(indexes(&recent, 6, 8), None);
        assert_eq!(indexes(&recent, 0, u64::MAX), None);
    }

    #[test]
    fn recent_entries_have_no_gap_and_a_bound() {
        let mut recent = Recent::default();
        recent.extend(vec![blank(1), blank(2)]);
        recent.extend(vec![blank(9)]);
        assert_eq!(indexes(&recent, 2, 3), None);
        assert_eq!(indexes(&recent, 9, 10), Some(vec![9]));
        recent.extend((10..200).map(blank).collect());
        assert_eq!(recent.entries.len(), RECENT_ENTRIES_MAX);
        assert_eq!(indexes(&recent, 199, 200), Some(vec![199]));
    }
}
