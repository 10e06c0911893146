use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use proto::common::Status;

/// Upper bounds of the histograms' buckets, in microseconds.
const BUCKETS_US: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000,
];

/// What one orderer counts, over all its channels. The host renders it.
#[derive(Debug, Default)]
pub struct Metrics {
    success: AtomicU64,
    bad_request: AtomicU64,
    forbidden: AtomicU64,
    unavailable: AtomicU64,
    streams: AtomicU64,
    blocks: AtomicU64,
    transactions: AtomicU64,
    queued: AtomicU64,
    check: Histogram,
    propose: Histogram,
}

/// One metric as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name in Prometheus style.
    pub name: &'static str,
    /// Label and its value, if the metric has one.
    pub label: Option<(&'static str, &'static str)>,
    /// The value.
    pub value: Value,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Only grows.
    Counter(u64),
    /// Goes up and down.
    Gauge(u64),
    /// Durations.
    Histogram {
        /// Upper bound in seconds, and how many durations were no longer than that.
        buckets: Vec<(f64, u64)>,
        /// Sum of all durations, in seconds.
        sum_s: f64,
        /// How many there were.
        count: u64,
    },
}

impl Metrics {
    /// All metrics of the orderer.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let plain = |name, value| Sample {
            name,
            label: None,
            value,
        };
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let answered = |status, counter| Sample {
            name: "orderer_broadcast_total",
            label: Some(("status", status)),
            value: Value::Counter(read(counter)),
        };
        vec![
            answered("SUCCESS", &self.success),
            answered("BAD_REQUEST", &self.bad_request),
            answered("FORBIDDEN", &self.forbidden),
            answered("SERVICE_UNAVAILABLE", &self.unavailable),
            plain(
                "orderer_broadcast_streams",
                Value::Gauge(read(&self.streams)),
            ),
            plain("orderer_blocks_total", Value::Counter(read(&self.blocks))),
            plain("orderer_tx_total", Value::Counter(read(&self.transactions))),
            plain("orderer_queue_messages", Value::Gauge(read(&self.queued))),
            plain("orderer_check_seconds", self.check.value()),
            plain("orderer_propose_seconds", self.propose.value()),
        ]
    }

    pub(crate) fn answered(&self, status: Status) {
        let counter = match status {
            Status::Success => &self.success,
            Status::Forbidden => &self.forbidden,
            Status::ServiceUnavailable => &self.unavailable,
            _ => &self.bad_request,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stream_opened(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stream_closed(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn block_written(&self, transactions: usize) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        let transactions = u64::try_from(transactions).unwrap_or(u64::MAX);
        self.transactions.fetch_add(transactions, Ordering::Relaxed);
    }

    pub(crate) fn queued(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dequeued(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// How long checking one message took.
    pub(crate) fn checked(&self, took: Duration) {
        self.check.observe(took);
    }

    /// How long a batch took from proposal to its block.
    pub(crate) fn proposed(&self, took: Duration) {
        self.propose.observe(took);
    }
}

#[derive(Debug, Default)]
struct Histogram {
    /// Durations in each bucket alone, the last one for what is longer than all bounds.
    buckets: [AtomicU64; BUCKETS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BUCKETS_US.partition_point(|bound| *bound < us);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn value(&self) -> Value {
        let mut count = 0;
        let mut cumulative = Vec::with_capacity(self.buckets.len());
        for bucket in &self.buckets {
            count += bucket.load(Ordering::Relaxed);
            cumulative.push(count);
        }
        let bounds = BUCKETS_US
            .iter()
            .map(|us| Duration::from_micros(*us).as_secs_f64());
        Value::Histogram {
            buckets: bounds.zip(cumulative).collect(),
            sum_s: Duration::from_micros(self.sum_us.load(Ordering::Relaxed)).as_secs_f64(),
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_each_duration_up_to_its_bound_and_above() {
        let histogram = Histogram::default();
        for us in [100, 101, 3_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let Value::Histogram { buckets, count, .. } = histogram.value() else {
            panic!("not a histogram")
        };
        assert_eq!(buckets[..2], [(0.000_1, 1), (0.000_25, 2)]);
        assert_eq!(
            (buckets.last().map(|(_, count)| *count), count),
            (Some(2), 3)
        );
    }
}
