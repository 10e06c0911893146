//! What all handlers share.

use std::sync::Arc;

use endorser::Endorser;
use gateway::Gateway;
use joined::{Channel, Channels};
use ledger::NodeStore;
use model::ErrorCode;
use prost_types::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::idempotency::Running;
use crate::problem::Problem;
use crate::{Config, Credential, Metrics, WalletIdentity};

/// Fills a buffer with randomness.
pub type FillRandom = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// What a REST API is made of.
pub struct Parts {
    /// The channels of its peer.
    pub channels: Channels,
    /// Its peer's endorser: answers calls to the peer itself.
    pub endorser: Endorser,
    /// Its peer's gateway: all transactions go through it.
    pub gateway: Gateway,
    /// Its node's store: keeps the idempotency keys.
    pub store: NodeStore,
    /// The organisation of its peer.
    pub msp_id: String,
    /// The peer's address as others know it.
    pub address: String,
    /// The node's version.
    pub version: String,
    /// The identities that the node signs with for callers.
    pub wallet: Vec<WalletIdentity>,
    /// The credentials in force now; asked at each request, so it is cheap.
    pub credentials: Arc<dyn Fn() -> Arc<[Credential]> + Send + Sync>,
    /// The page of `/metrics`.
    pub metrics_page: Arc<dyn Fn() -> String + Send + Sync>,
    /// Counts the answers.
    pub metrics: Arc<Metrics>,
    /// The node's time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Fills a buffer with randomness fit for nonces.
    pub fill_random: FillRandom,
    /// Runs what must come to its end though the caller has gone.
    pub tasks: TaskTracker,
    /// Ends streams and waits.
    pub stop: CancellationToken,
}

/// What all handlers share; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    shared: Arc<Shared>,
}

/// The parts, and what is counted beside them.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) parts: Parts,
    /// One permit for each byte of a body that may be held.
    pub(crate) bodies: Arc<Semaphore>,
    /// The requests with an idempotency key that are at work.
    pub(crate) running: Running,
    /// One permit for each event stream.
    pub(crate) streams: Arc<Semaphore>,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Api {
    pub(crate) fn new(config: Config, parts: Parts) -> Self {
        let shared = Shared {
            bodies: Arc::new(Semaphore::new(
                config.bodies_bytes_max.min(Semaphore::MAX_PERMITS),
            )),
            running: Running::default(),
            streams: Arc::new(Semaphore::new(config.event_streams_max)),
            config,
            parts,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The time now, in unix seconds.
    pub(crate) fn now_s(&self) -> i64 {
        (self.parts.clock)().seconds
    }

    /// Does a piece of work to its end, even if the caller goes away meanwhile.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let done = self.parts.tasks.spawn(work).await;
        done.map_err(|error| Problem::broken("the request's work died", &error))?
    }

    /// A channel that the peer has joined.
    pub(crate) fn channel(&self, id: &str) -> Result<Channel, Problem> {
        self.parts.channels.get(id).ok_or_else(|| {
            Problem::new(
                ErrorCode::ChannelNotFound,
                "this peer has not joined a channel of this name",
            )
        })
    }
}
