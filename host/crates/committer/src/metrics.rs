//! What the committer counts. Plain numbers: whoever serves metrics renders them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::codes;
use rwset::Verdict;

/// Counters of one channel's committer, since the process started.
#[derive(Debug, Default)]
pub struct Metrics {
    blocks: AtomicU64,
    decide_us: AtomicU64,
    write_us: AtomicU64,
    verify_us: AtomicU64,
    txs: Mutex<BTreeMap<&'static str, u64>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Blocks committed.
    pub blocks: u64,
    /// Time spent on signatures and decoding, in microseconds.
    pub verify_us: u64,
    /// Time spent on policies, MVCC and effects, in microseconds.
    pub decide_us: u64,
    /// Time spent in the database, in microseconds.
    pub write_us: u64,
    /// Transactions by the name of their code.
    pub txs: BTreeMap<&'static str, u64>,
}

impl Metrics {
    pub(crate) fn verified(&self, took: Duration) {
        add(&self.verify_us, took);
    }

    pub(crate) fn committed(&self, verdicts: &[Verdict], decide: Duration, write: Duration) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        add(&self.decide_us, decide);
        add(&self.write_us, write);
        let mut txs = self.txs.lock().unwrap_or_else(PoisonError::into_inner);
        for code in verdicts.iter().map(|verdict| verdict.code) {
            *txs.entry(codes::name(code)).or_default() += 1;
        }
    }

    /// The counters now.
    #[must_use]
    pub fn read(&self) -> Counted {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            blocks: load(&self.blocks),
            verify_us: load(&self.verify_us),
            decide_us: load(&self.decide_us),
            write_us: load(&self.write_us),
            txs: self
                .txs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

fn add(counter: &AtomicU64, took: Duration) {
    counter.fetch_add(
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        Ordering::Relaxed,
    );
}
