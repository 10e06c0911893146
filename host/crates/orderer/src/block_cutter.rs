//! Cuts ordered messages into batches, a batch for each block. Pure: time comes in as a value.
//!
//! The rules are Fabric's (`BatchSize`, `BatchTimeout`), and one of Weft's own: while nothing is being agreed on, what
//! is pending is cut as soon as the gap since the last batch is over, so that a lone message does not wait for a timeout;
//! while something is, messages gather until a rule of Fabric's or the end of that agreement. The gap grows with the rate
//! of messages. Any such sequence of blocks is one a Fabric orderer with a shorter timeout could have cut.

use std::{collections::VecDeque, time::Duration};

use crate::pace::{Gaps, Pace};

/// When a batch is full, and how long one may wait. The first three are the channel's, the last is this node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// `BatchSize.max_message_count`: a batch with so many messages is cut. A 0 acts as 1.
    pub(crate) messages_max: usize,
    /// `BatchSize.preferred_max_bytes`: a batch is cut before a message that would take it over this size, and a message
    /// larger than this goes alone.
    pub(crate) preferred_bytes: usize,
    /// `BatchTimeout`: the longest that the first message of a batch waits.
    pub(crate) batch_timeout: Duration,
    /// Bounds of the time between two proposals that no rule of Fabric's asks for.
    pub(crate) gaps: Gaps,
}

/// Messages waiting for their block, in order. `M` is whatever the caller needs back.
///
/// `now` is the time since an origin of the caller's choice; it may stand still and must not go back.
#[derive(Debug)]
pub(crate) struct BlockCutter<M> {
    limits: Limits,
    pending: Vec<M>,
    pending_bytes: usize,
    /// When the batch timeout ends; `None` while the timer is stopped.
    timeout_at: Option<Duration>,
    /// When batches were given out, and how large they were.
    pace: Pace,
}

impl<M> BlockCutter<M> {
    /// An empty cutter.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            pending: Vec::new(),
            pending_bytes: 0,
            timeout_at: None,
            pace: Pace::default(),
        }
    }

    /// Takes other limits, after a configuration block. They hold from the next message on; a running timer keeps its end.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Number of messages that wait for a batch.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Takes one message of `size_bytes` (payload and signature) and gives the batches that this makes full, in order.
    ///
    /// Fabric's rules of the batch timer: the first pending message starts it if it does not run; a cut that leaves a
    /// message pending does not start it anew; one that leaves none stops it.
    pub(crate) fn ordered(
        &mut self,
        now: Duration,
        message: M,
        size_bytes: usize,
    ) -> VecDeque<Vec<M>> {
        let mut batches = VecDeque::new();
        if size_bytes > self.limits.preferred_bytes {
            batches.extend(self.take());
            batches.push_back(vec![message]);
        } else {
            if self.pending_bytes.saturating_add(size_bytes) > self.limits.preferred_bytes {
                batches.extend(self.take());
            }
            self.pending.push(message);
            self.pending_bytes = self.pending_bytes.saturating_add(size_bytes);
            if self.pending.len() >= self.limits.messages_max.max(1) {
                batches.extend(self.take());
            }
        }
        self.set_timer(now);
        if !batches.is_empty() {
            self.pace.cut(now, batches.iter().map(Vec::len).sum());
        }
        batches
    }

    /// Takes a configuration message: what is pending is cut, and the message is a batch of its own.
    pub(crate) fn ordered_alone(&mut self, now: Duration, message: M) -> VecDeque<Vec<M>> {
        let mut batches = VecDeque::from_iter(self.take());
        batches.push_back(vec![message]);
        self.set_timer(now);
        self.pace.cut(now, batches.iter().map(Vec::len).sum());
        batches
    }

    /// The pending messages, if the time has come: the batch timeout is over, or nothing is in flight and the last
    /// batch is long enough ago.
    pub(crate) fn due(&mut self, now: Duration, in_flight: usize) -> Option<Vec<M>> {
        if self.wake_at(in_flight)? > now {
            return None;
        }
        let batch = self.take();
        self.set_timer(now);
        self.pace.cut(now, batch.as_ref().map_or(0, Vec::len));
        batch
    }

    /// When [`Self::due`] will have something to give, if nothing else happens; `None` while nothing is pending.
    pub(crate) fn wake_at(&self, in_flight: usize) -> Option<Duration> {
        if self.pending.is_empty() {
            return None;
        }
        let idle_at = (in_flight == 0).then(|| self.pace.gap_over_at(self.limits.gaps));
        [self.timeout_at, idle_at].into_iter().flatten().min()
    }

    /// All pending messages, whatever the rules say; the timer is left to the caller.
    fn take(&mut self) -> Option<Vec<M>> {
        self.pending_bytes = 0;
        (!self.pending.is_empty()).then(|| std::mem::take(&mut self.pending))
    }

    fn set_timer(&mut self, now: Duration) {
        if self.pending.is_empty() {
            self.timeout_at = None;
        } else if self.timeout_at.is_none() {
            self.timeout_at = Some(now.saturating_add(self.limits.batch_timeout));
        }
    }
}

#[cfg(test)]
mod tests;
