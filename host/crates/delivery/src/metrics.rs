use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one node's deliver streams; the host renders them.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(crate) streams_opened: AtomicU64,
    pub(crate) streams_closed: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) blocks_sent: AtomicU64,
    pub(crate) lagging_closed: AtomicU64,
}

impl Metrics {
    /// Names (Prometheus style, all counters) and values as they are now.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 5] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("deliver_streams_opened_total", read(&self.streams_opened)),
            ("deliver_streams_closed_total", read(&self.streams_closed)),
            ("deliver_requests_total", read(&self.requests)),
            ("deliver_blocks_sent_total", read(&self.blocks_sent)),
            ("deliver_lagging_closed_total", read(&self.lagging_closed)),
        ]
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
