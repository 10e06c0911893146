//! One joined channel.

use std::sync::Arc;

use ::channel::Bundle;
use ledger::PeerLedger;
use model::ChannelId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::CommitWaiters;

/// A channel's ledger, configuration and waiters; cheap to clone.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: PeerLedger,
    /// The configuration in force after the last committed block; only the committer moves it.
    bundle: watch::Sender<Arc<Bundle>>,
    waiters: CommitWaiters,
    failed: CancellationToken,
    msp_id: String,
}

impl Channel {
    /// A channel that a peer of organisation `msp_id` holds, with the configuration in force at its ledger's height; at
    /// most `waiters_max` wait at once for transactions of it.
    #[must_use]
    pub fn new(ledger: PeerLedger, bundle: Arc<Bundle>, msp_id: &str, waiters_max: usize) -> Self {
        let shared = Shared {
            ledger,
            bundle: watch::Sender::new(bundle),
            waiters: CommitWaiters::new(waiters_max),
            failed: CancellationToken::new(),
            msp_id: msp_id.to_owned(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The channel's id, from its configuration.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.bundle().channel_id().clone()
    }

    /// Its ledger on this peer.
    #[must_use]
    pub fn ledger(&self) -> &PeerLedger {
        &self.shared.ledger
    }

    /// The configuration in force after the last committed block.
    #[must_use]
    pub fn bundle(&self) -> Arc<Bundle> {
        self.shared.bundle.borrow().clone()
    }

    /// Follows the configuration from now on.
    #[must_use]
    pub fn watch_bundle(&self) -> watch::Receiver<Arc<Bundle>> {
        self.shared.bundle.subscribe()
    }

    /// Puts a new configuration in force. For the committer alone, after the block that carries it is durable.
    pub fn set_bundle(&self, bundle: Arc<Bundle>) {
        self.shared.bundle.send_replace(bundle);
    }

    /// The MSP id of the peer's organisation.
    #[must_use]
    pub fn msp_id(&self) -> &str {
        &self.shared.msp_id
    }

    /// Cancelled when the channel has stopped by a failure: no block will be committed any more.
    #[must_use]
    pub fn failed(&self) -> &CancellationToken {
        &self.shared.failed
    }

    /// Who waits for which transaction.
    #[must_use]
    pub fn waiters(&self) -> &CommitWaiters {
        &self.shared.waiters
    }
}
