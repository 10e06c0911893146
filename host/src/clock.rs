//! The machine's clock and randomness, read here and handed to everybody else.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use model::client::NONCE_BYTES;
use prost_types::Timestamp;
use rand::RngCore as _;

use crate::client::Sources;

/// The clock and the randomness that clients and the network maker are given.
pub(crate) const SOURCES: Sources = Sources { now, fill_random };

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock; others are given it"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0),
    }
}

/// The time now, in unix seconds.
pub(crate) fn now_s() -> i64 {
    now().seconds
}

/// The time now, in unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let now = now();
    let ms = i64::from(now.nanos / 1_000_000);
    now.seconds.saturating_mul(1000).saturating_add(ms)
}

/// Fills `bytes` from the operating system's randomness.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    rand::rngs::ThreadRng::default().fill_bytes(bytes);
}

/// A fresh nonce for a message of this node.
pub(crate) fn nonce() -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce);
    nonce
}

/// The clock as services take it.
pub(crate) fn seconds() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(now_s)
}
