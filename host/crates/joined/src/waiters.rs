//! Who waits for which transaction to be committed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{TxId, TxValidationCode};
use tokio::sync::oneshot;

/// How a transaction ended on this peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The block it stands in.
    pub block: u64,
    /// Valid or not, and why not.
    pub code: TxValidationCode,
}

/// The limit of waiters is reached; the caller may ask again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} callers already wait for transactions of this channel")]
pub struct TooManyWaiters {
    /// The limit.
    pub limit: usize,
}

type Senders = HashMap<TxId, Vec<(u64, oneshot::Sender<Committed>)>>;

#[derive(Default)]
struct Waiting {
    by_tx: Senders,
    count: usize,
    next: u64,
}

/// The waiters of one channel; cheap to clone. Bounded, and a waiter that is dropped leaves nothing behind.
#[derive(Clone)]
pub struct CommitWaiters {
    waiting: Arc<Mutex<Waiting>>,
    limit: usize,
}

/// Waits for one transaction; made by [`CommitWaiters::wait`].
pub struct Waiter {
    waiting: Arc<Mutex<Waiting>>,
    tx: TxId,
    number: u64,
    receiver: oneshot::Receiver<Committed>,
}

impl CommitWaiters {
    /// No waiters yet, at most `limit` later.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            waiting: Arc::default(),
            limit,
        }
    }

    /// Begins to wait for `tx`. Ask the ledger's index after this call, not before: a transaction committed between
    /// the two would be missed.
    ///
    /// # Errors
    /// [`TooManyWaiters`] at the limit.
    pub fn wait(&self, tx: TxId) -> Result<Waiter, TooManyWaiters> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.count >= self.limit {
            return Err(TooManyWaiters { limit: self.limit });
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.count += 1;
        waiting
            .by_tx
            .entry(tx.clone())
            .or_default()
            .push((number, sender));
        drop(waiting);
        Ok(Waiter {
            waiting: Arc::clone(&self.waiting),
            tx,
            number,
            receiver,
        })
    }

    /// Wakes whoever waits for a transaction of a block that is now durable. For the committer alone.
    pub fn committed<'a>(
        &self,
        block: u64,
        txs: impl IntoIterator<Item = (&'a TxId, TxValidationCode)>,
    ) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.count == 0 {
            return;
        }
        for (tx, code) in txs {
            for (_, sender) in waiting.by_tx.remove(tx).unwrap_or_default() {
                waiting.count -= 1;
                // A receiver that is gone has stopped waiting; nobody is left to tell.
                let _ = sender.send(Committed { block, code });
            }
        }
    }

    /// How many wait at present, for metrics.
    #[must_use]
    pub fn count(&self) -> usize {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count
    }
}

impl Waiter {
    /// The transaction's end; `None` if the channel was closed before.
    pub async fn committed(mut self) -> Option<Committed> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(senders) = waiting.by_tx.get_mut(&self.tx) else {
            return;
        };
        let before = senders.len();
        senders.retain(|(number, _)| *number != self.number);
        let (gone, empty) = (before - senders.len(), senders.is_empty());
        waiting.count -= gone;
        if empty {
            waiting.by_tx.remove(&self.tx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommitWaiters, Committed, TooManyWaiters};
    use model::{TxId, TxValidationCode};

    fn tx(nonce: &[u8]) -> TxId {
        TxId::compute(nonce, b"creator")
    }

    #[tokio::test]
    async fn every_waiter_of_a_transaction_is_told_once_it_is_committed() {
        let waiters = CommitWaiters::new(3);
        let (first, second, other) = (
            waiters.wait(tx(b"1")),
            waiters.wait(tx(b"1")),
            waiters.wait(tx(b"2")),
        );
        waiters.committed(7, [(&tx(b"1"), TxValidationCode::MvccReadConflict)]);
        let told = Some(Committed {
            block: 7,
            code: TxValidationCode::MvccReadConflict,
        });
        assert_eq!(first.unwrap().committed().await, told);
        assert_eq!(second.unwrap().committed().await, told);
        assert_eq!(waiters.count(), 1);
        drop(other);
        assert_eq!(waiters.count(), 0);
    }

    #[test]
    fn a_dropped_waiter_makes_room() {
        let waiters = CommitWaiters::new(1);
        let waiter = waiters.wait(tx(b"1")).unwrap();
        assert_eq!(
            waiters.wait(tx(b"2")).err(),
            Some(TooManyWaiters { limit: 1 })
        );
        drop(waiter);
        assert!(waiters.wait(tx(b"2")).is_ok());
    }
}
