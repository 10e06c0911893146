//! Reading a ledger from a handler: off the async threads, with failures as callers may see them.

use joined::Channel;
use ledger::PeerLedger;
use model::ErrorCode;

use crate::problem::Problem;

/// Runs `look` on a thread that may block. What it does not tell of a failure is in the log.
///
/// # Errors
/// `node.busy`, `node.unavailable`, `channel.stopped`, `node.broken`.
pub(crate) async fn read<T: Send + 'static>(
    channel: &Channel,
    look: impl FnOnce(&PeerLedger) -> Result<T, ledger::Error> + Send + 'static,
) -> Result<T, Problem> {
    let ledger = channel.ledger().clone();
    let found = blocking(move || look(&ledger)).await?;
    found.map_err(|error| problem(error.into()))
}

/// Runs what takes its time on a thread that may block.
///
/// # Errors
/// `node.unavailable`: the node stops.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Problem::unavailable("the node could not read its ledger", &error))
}

/// A failure to read state or blocks, as callers see it.
pub(crate) fn problem(error: inspect::Error) -> Problem {
    const WHAT: &str = "the peer cannot read its ledger";
    match error {
        inspect::Error::Refused { code, text } => Problem::new(code, text),
        inspect::Error::Ledger { code, source } => match code {
            ErrorCode::ChannelStopped => stopped(),
            ErrorCode::NodeBroken => Problem::broken(WHAT, source.as_ref()),
            ErrorCode::NodeBusy => Problem::new(code, source.to_string()),
            _ => Problem::unavailable(WHAT, source.as_ref()),
        },
    }
}

/// The channel has stopped on this peer.
pub(crate) fn stopped() -> Problem {
    let text = "the channel has stopped on this peer: no block will be committed any more";
    Problem::new(ErrorCode::ChannelStopped, text)
}
