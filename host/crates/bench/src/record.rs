use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::caller::{Done, Failed};
use crate::{Error, Stage};

/// Longest time that is told from longer ones, in microseconds: an hour.
const US_MAX: u64 = 60 * 60 * 1_000_000;
/// Digits that a time is kept to.
const DIGITS: u8 = 3;
/// Kinds of failures that are told apart; a gateway could invent as many as it likes.
const KINDS_MAX: usize = 100;

/// What was seen in the window.
pub(crate) struct Record {
    /// Times of whole calls that were meant to begin in the window.
    pub(crate) total: Histogram<u64>,
    /// The three requests of the same calls.
    pub(crate) endorsing: Histogram<u64>,
    pub(crate) submitting: Histogram<u64>,
    pub(crate) committing: Histogram<u64>,
    /// How much later than meant calls of the open loop began.
    pub(crate) late: Histogram<u64>,
    /// Calls that ended well in the window.
    pub(crate) done: u64,
    /// Transactions in blocks that ended in the window, valid or not.
    pub(crate) in_blocks: u64,
    /// The blocks they are in.
    pub(crate) blocks: HashSet<u64>,
    /// Calls that failed in the window.
    pub(crate) failures: BTreeMap<(Stage, String), Failures>,
    /// Calls that were meant to begin in the window, and did.
    pub(crate) begun: u64,
}

/// Failures of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    /// What the gateway said the first time.
    pub(crate) example: String,
}

/// A call's place in time, against the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// From when it was meant to begin to its end.
    pub(crate) total: Duration,
    /// How much later than meant it began.
    pub(crate) late: Duration,
    /// Whether it was meant to begin in the window.
    pub(crate) is_meant_inside: bool,
    /// Whether it ended in the window.
    pub(crate) is_ended_inside: bool,
}

impl Record {
    pub(crate) fn new() -> Result<Self, Error> {
        let histogram = || Histogram::new_with_bounds(1, US_MAX, DIGITS);
        Ok(Self {
            total: histogram()?,
            endorsing: histogram()?,
            submitting: histogram()?,
            committing: histogram()?,
            late: histogram()?,
            done: 0,
            in_blocks: 0,
            blocks: HashSet::new(),
            failures: BTreeMap::new(),
            begun: 0,
        })
    }

    /// Takes in a call that has ended.
    pub(crate) fn add(&mut self, timing: Timing, outcome: &Result<Done, Failed>) {
        if timing.is_meant_inside {
            self.begun += 1;
            put(&mut self.late, timing.late);
            if let Ok(done) = outcome {
                self.add_times(timing.total, done);
            }
        }
        if timing.is_ended_inside {
            self.count(outcome);
        }
    }

    fn add_times(&mut self, total: Duration, done: &Done) {
        put(&mut self.total, total);
        if let Done::Committed(committed) = done {
            put(&mut self.endorsing, committed.endorsing);
            put(&mut self.submitting, committed.submitting);
            put(&mut self.committing, committed.committing);
        }
    }

    fn count(&mut self, outcome: &Result<Done, Failed>) {
        let block = match outcome {
            Ok(Done::Evaluated) => None,
            Ok(Done::Committed(committed)) => Some(committed.block),
            Err(failed) => failed.block,
        };
        if let Some(block) = block {
            self.in_blocks += 1;
            self.blocks.insert(block);
        }
        match outcome {
            Ok(_) => self.done += 1,
            Err(failed) => self.count_failure(failed),
        }
    }

    fn count_failure(&mut self, failed: &Failed) {
        let mut kind = (failed.stage, failed.code.clone());
        if self.failures.len() >= KINDS_MAX && !self.failures.contains_key(&kind) {
            kind.1 = "OTHERS".to_owned();
        }
        let failures = self.failures.entry(kind).or_default();
        if failures.count == 0 {
            failures.example.clone_from(&failed.message);
        }
        failures.count += 1;
    }
}

fn put(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Record, Timing};
    use crate::Stage;
    use crate::caller::{Committed, Done, Failed};

    const INSIDE: Timing = Timing {
        total: Duration::from_millis(20),
        late: Duration::ZERO,
        is_meant_inside: true,
        is_ended_inside: true,
    };

    fn committed(block: u64) -> Result<Done, Failed> {
        Ok(Done::Committed(Committed {
            block,
            endorsing: Duration::from_millis(1),
            submitting: Duration::from_millis(2),
            committing: Duration::from_millis(3),
        }))
    }

    fn failed(code: &str, message: &str, block: Option<u64>) -> Result<Done, Failed> {
        Err(Failed {
            stage: Stage::Commit,
            code: code.to_owned(),
            message: message.to_owned(),
            block,
            status: None,
        })
    }

    #[test]
    fn only_valid_transactions_are_done_and_invalid_ones_fill_blocks_too() {
        let mut record = Record::new().unwrap();
        record.add(INSIDE, &committed(7));
        record.add(INSIDE, &committed(8));
        record.add(INSIDE, &failed("MVCC_READ_CONFLICT", "first", Some(8)));
        record.add(INSIDE, &failed("MVCC_READ_CONFLICT", "second", Some(8)));
        assert_eq!(
            (record.done, record.in_blocks, record.blocks.len()),
            (2, 4, 2)
        );
        assert_eq!(
            record.total.len(),
            2,
            "times are those of valid transactions"
        );
        let failures = record.failures.values().next().unwrap();
        assert_eq!((failures.count, failures.example.as_str()), (2, "first"));
    }

    #[test]
    fn a_call_is_timed_by_its_beginning_and_counted_by_its_end() {
        let mut record = Record::new().unwrap();
        let late = Timing {
            is_ended_inside: false,
            ..INSIDE
        };
        let early = Timing {
            is_meant_inside: false,
            ..INSIDE
        };
        record.add(late, &committed(1));
        record.add(late, &committed(1));
        record.add(early, &committed(2));
        assert_eq!((record.total.len(), record.begun, record.done), (2, 2, 1));
        assert!(record.blocks.contains(&2) && !record.blocks.contains(&1));
    }

    #[test]
    fn kinds_of_failures_are_bounded() {
        let mut record = Record::new().unwrap();
        for number in 0..1_000 {
            record.add(INSIDE, &failed(&format!("INVENTED_{number}"), "", None));
        }
        assert_eq!(record.failures.len(), 101);
        assert_eq!(
            record.failures.values().map(|f| f.count).sum::<u64>(),
            1_000
        );
    }
}
