//! What the endorser counts. Plain numbers: whoever serves metrics renders them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Error;
use crate::endorser::Answered;

/// Counters of one endorser, since the process started.
#[derive(Debug, Default)]
pub struct Metrics {
    endorsed: AtomicU64,
    answered: AtomicU64,
    chaincode_errors: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    busy: AtomicU64,
    broken: AtomicU64,
    simulated: AtomicU64,
    simulate_us: AtomicU64,
    proposals_us: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Proposals answered with an endorsement.
    pub endorsed: u64,
    /// Queries, and calls to the peer itself, that were answered with success.
    pub answered: u64,
    /// Proposals answered with a chaincode's error, status 400 or above.
    pub chaincode_errors: u64,
    /// Proposals refused by the checks.
    pub refused: u64,
    /// Proposals that gave no chaincode response.
    pub failed: u64,
    /// Proposals turned away for want of room.
    pub busy: u64,
    /// Proposals lost to this peer's own trouble.
    pub broken: u64,
    /// Proposals that were simulated.
    pub simulated: u64,
    /// Time that simulations took, in microseconds, without waiting.
    pub simulate_us: u64,
    /// Time from a proposal's arrival to its answer, all together, in microseconds.
    pub proposals_us: u64,
}

impl Metrics {
    pub(crate) fn simulated(&self, took: Duration) {
        add(&self.simulated, 1);
        add_time(&self.simulate_us, took);
    }

    pub(crate) fn done(&self, done: &Result<Answered, Error>, took: Duration) {
        add_time(&self.proposals_us, took);
        let counter = match done {
            Ok(answered) if answered.code.is_some() => &self.chaincode_errors,
            Ok(answered) if answered.response.endorsement.is_some() => &self.endorsed,
            Ok(_) => &self.answered,
            Err(Error::Refused(_)) => &self.refused,
            Err(Error::Failed(_)) => &self.failed,
            Err(Error::TooMany(_) | Error::Busy(_)) => &self.busy,
            Err(Error::Unavailable(_) | Error::Broken(_)) => &self.broken,
        };
        add(counter, 1);
    }

    /// The counters now.
    #[must_use]
    pub fn read(&self) -> Counted {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            endorsed: load(&self.endorsed),
            answered: load(&self.answered),
            chaincode_errors: load(&self.chaincode_errors),
            refused: load(&self.refused),
            failed: load(&self.failed),
            busy: load(&self.busy),
            broken: load(&self.broken),
            simulated: load(&self.simulated),
            simulate_us: load(&self.simulate_us),
            proposals_us: load(&self.proposals_us),
        }
    }
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn add_time(counter: &AtomicU64, took: Duration) {
    add(counter, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
}
