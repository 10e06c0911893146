//! What the REST API counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;

/// Counts answers; one for each node.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By HTTP status: those that our handlers give, a few dozen at most.
    answers: Mutex<BTreeMap<u16, u64>>,
    answered_us: AtomicU64,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Answers by HTTP status.
    pub answers: BTreeMap<u16, u64>,
    /// Time from the head of the request to the head of the answer, in microseconds, of all answers together.
    pub answered_us: u64,
}

impl Metrics {
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(status.as_u16()).or_default() += 1;
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.answered_us.fetch_add(took_us, Ordering::Relaxed);
    }

    /// What was counted until now.
    #[must_use]
    pub fn read(&self) -> Counted {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Counted {
            answers: answers.clone(),
            answered_us: self.answered_us.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use crate::tests::{Peer, TOKEN, ask};

    #[tokio::test]
    async fn answers_are_counted_by_their_status() {
        let peer = Peer::start().await;
        for (path, token) in [
            ("/v1/node", TOKEN),
            ("/v1/node", "other"),
            ("/v1/channels/none", TOKEN),
            ("/v1/node", TOKEN),
        ] {
            let request = Request::get(path).header("authorization", format!("Bearer {token}"));
            ask(peer.router(), request.body(Body::empty()).unwrap()).await;
        }
        let counted: Vec<(u16, u64)> = peer.metrics.read().answers.into_iter().collect();
        assert_eq!(counted, [(200, 2), (401, 1), (404, 1)]);
    }
}
