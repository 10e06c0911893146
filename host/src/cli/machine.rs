//! The machine's clock and randomness, for what the command line does by itself.

use std::time::{SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;
use rand::RngCore as _;

use crate::client::Sources;

/// The clock and the randomness that clients and the network maker are given.
pub(super) const SOURCES: Sources = Sources { now, fill_random };

#[expect(
    clippy::disallowed_methods,
    reason = "clients are given the clock from here"
)]
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0),
    }
}

fn fill_random(bytes: &mut [u8]) {
    rand::rngs::ThreadRng::default().fill_bytes(bytes);
}
