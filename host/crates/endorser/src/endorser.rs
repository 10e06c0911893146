//! The endorser of one peer: from a signed proposal to a signed answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use joined::Channels;
use ledger::NodeStore;
use lifecycle::scc::Answer;
use model::{Block, ErrorCode, Refused};
use msp::{MspManager, Signer};
use prost_types::Timestamp;
use proto::protos::{ProposalResponse, SignedProposal};
use runtime::{Engine, Executor, Lost};
use tokio::sync::Semaphore;
use tonic::{Response, Status};

use crate::access::Access;
use crate::check::{Request, admit, check};
use crate::contracts::Contracts;
use crate::in_flight::InFlight;
use crate::simulate::{Ran, Simulation, simulate};
use crate::syscc::{self, SYSTEM_VERSION};
use crate::{Config, Error, Metrics, endorse, grpc};

/// Proposals up to this size are checked on the thread that received them.
const CHECKED_HERE_BYTES_MAX: usize = 64 * 1024;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Asks the host to join the channel that begins with a block; the error is what the client is told.
pub type JoinHook =
    Arc<dyn Fn(Block) -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>> + Send + Sync>;

/// What an endorser works with.
#[derive(Clone)]
pub struct Parts {
    /// Signs in the peer's name; its MSP is the peer's organisation.
    pub signer: Arc<dyn Signer>,
    /// The MSP of the peer's own folder, and no other: it decides over calls to the peer itself.
    pub local_msps: Arc<MspManager>,
    /// The channels that the peer has joined.
    pub channels: Channels,
    /// Keeps the installed packages.
    pub node: NodeStore,
    /// Compiles contracts.
    pub engine: Engine,
    /// Runs them; made from the same engine.
    pub executor: Arc<Executor>,
    /// The peer's time, which only the checks of a proposal see.
    pub clock: Clock,
    /// Called for `cscc`'s JoinChain.
    pub join: JoinHook,
}

/// Checks, simulates and signs proposals. A cheap handle: clones share everything.
#[derive(Clone)]
pub struct Endorser {
    inner: Arc<Inner>,
}

/// What a proposal is simulated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For a transaction: the answer is signed, and its private data kept until the transaction is committed.
    Transaction,
    /// For the caller's eyes: nobody would look at a signature.
    Query,
}

/// A response, and why it tells of a failure if it does.
pub(crate) struct Answered {
    pub(crate) response: ProposalResponse,
    pub(crate) code: Option<ErrorCode>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) access: Access,
    pub(crate) contracts: Contracts,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    executor: Arc<Executor>,
    join: JoinHook,
    in_flight: InFlight,
    admitted: Semaphore,
    checking: Semaphore,
}

impl Inner {
    pub(crate) fn channels(&self) -> &Channels {
        self.access.channels()
    }

    pub(crate) fn msp_id(&self) -> &str {
        self.signer.msp_id()
    }
}

impl Endorser {
    /// Puts an endorser together. Nothing is read or started.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        let msp_id = parts.signer.msp_id().to_owned();
        let inner = Inner {
            access: Access::new(parts.local_msps, &msp_id, parts.channels),
            contracts: Contracts::new(parts.node, parts.engine, msp_id),
            admitted: Semaphore::new(config.proposals_max),
            checking: Semaphore::new(config.checks_max),
            config,
            signer: parts.signer,
            clock: parts.clock,
            metrics: Metrics::default(),
            executor: parts.executor,
            join: parts.join,
            in_flight: InFlight::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Answers a proposal: steps 4 to 6 of a transaction's way.
    ///
    /// A proposal that fails after its checks is answered with a response of status 500, as in Fabric; so is one whose
    /// transaction id this peer is simulating at this very moment for the same channel.
    ///
    /// An answer of status 400 or above carries its error code in the metadata `weft-code`, and so does a status: the
    /// caller reads both as it does those of another peer.
    ///
    /// # Errors
    /// - UNKNOWN: the checks refuse the proposal, or there are too many proposals; the message is Fabric's.
    /// - RESOURCE_EXHAUSTED: as many simulations wait as may. Try again later.
    /// - UNAVAILABLE: this peer cannot simulate now; another may.
    /// - INTERNAL: this peer is broken; its log says how.
    pub async fn process(
        &self,
        signed: SignedProposal,
    ) -> Result<Response<ProposalResponse>, Status> {
        self.process_from(signed, 0).await
    }

    /// As [`Endorser::process`], for a caller of this very process that wants the answer and no transaction: it is not endorsed,
    /// and nothing private is kept.
    ///
    /// # Errors
    /// As [`Endorser::process`].
    pub async fn query(
        &self,
        signed: SignedProposal,
    ) -> Result<Response<ProposalResponse>, Status> {
        self.process_for(Purpose::Query, signed, 0).await
    }

    /// As [`Endorser::process`], for a sender that has seen the channel at `height_min` blocks: a peer that is behind
    /// waits for them, for [`Config::catch_up_timeout_ms`] at most.
    ///
    /// # Errors
    /// As [`Endorser::process`].
    pub async fn process_from(
        &self,
        signed: SignedProposal,
        height_min: u64,
    ) -> Result<Response<ProposalResponse>, Status> {
        self.process_for(Purpose::Transaction, signed, height_min)
            .await
    }

    async fn process_for(
        &self,
        purpose: Purpose,
        signed: SignedProposal,
        height_min: u64,
    ) -> Result<Response<ProposalResponse>, Status> {
        let begun = Instant::now();
        let done = self.answer(purpose, signed, height_min).await;
        self.inner.metrics.done(&done, begun.elapsed());
        grpc::answer(done)
    }

    /// Whether this peer can simulate a chaincode on a channel now: defined, approved by its organisation, installed.
    ///
    /// Mostly from memory; once a block and chaincode it reads the ledger, which blocks the thread for some 100 µs.
    /// What cannot be read counts as no.
    #[must_use]
    pub fn can_run(&self, channel: &str, chaincode: &str) -> bool {
        let Some(channel) = self.inner.channels().get(channel) else {
            return false;
        };
        syscc::is_system(chaincode)
            || self
                .inner
                .contracts
                .find_now(&channel, chaincode)
                .is_ok_and(|found| found.is_ok())
    }

    /// What the endorser counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    async fn answer(
        &self,
        purpose: Purpose,
        signed: SignedProposal,
        height_min: u64,
    ) -> Result<Answered, Error> {
        let max = self.inner.config.proposals_max;
        let admitted = self.inner.admitted.try_acquire();
        let _admitted = admitted.map_err(|_| Error::TooMany(max))?;
        let request = Arc::new(self.check(signed).await?);
        let _running = self
            .inner
            .in_flight
            .enter(request.proposal.channel_id(), request.tx_id.as_str())?;
        self.catch_up(&request, height_min).await;
        let simulation = match self.simulate(&request).await? {
            Ran::Answered(simulation) => *simulation,
            Ran::Join(block) => self.join(*block).await,
        };
        let code = simulation.code;
        let response = endorse::respond(&self.inner, &request, purpose, simulation).await?;
        Ok(Answered { response, code })
    }

    /// Not an error when the time is over: what is there may do, and the answers of peers are compared anyway.
    async fn catch_up(&self, request: &Request, height_min: u64) {
        if let Some(joined) = &request.joined {
            let mut height = joined.channel.ledger().watch_height();
            let reached = height.wait_for(|height| *height >= height_min);
            let _ = tokio::time::timeout(self.inner.config.catch_up_timeout(), reached).await;
        }
    }

    /// Checks what needs no state: here if it is a matter of some 100 µs, which is about what two changes of threads cost; else on
    /// a thread for long work.
    async fn check(&self, signed: SignedProposal) -> Result<Request, Error> {
        if signed.proposal_bytes.len() <= CHECKED_HERE_BYTES_MAX {
            return check(&self.inner, signed);
        }
        let stopping = |_| Error::Unavailable("the peer is stopping".into());
        let _checking = self.inner.checking.acquire().await.map_err(stopping)?;
        let inner = Arc::clone(&self.inner);
        let checked = tokio::task::spawn_blocking(move || check(&inner, signed)).await;
        checked.map_err(|cause| Error::Broken(cause.into()))?
    }

    async fn simulate(&self, request: &Arc<Request>) -> Result<Ran, Error> {
        let deadline = Instant::now() + self.inner.config.execution_timeout();
        let (inner, request) = (Arc::clone(&self.inner), Arc::clone(request));
        let tx_id = request.tx_id.clone();
        let job = move |worker: &runtime::Worker<'_>| {
            let snapshot = admit(&inner, &request)?;
            simulate(&inner, &request, snapshot, worker)
        };
        match self.inner.executor.submit(deadline, job)?.await {
            Ok(ran) => ran,
            Err(Lost::Expired) => Err(crate::simulate::timed_out(tx_id.as_str())),
            Err(lost @ Lost::Stopping) => Err(Error::Unavailable(lost.into())),
            Err(lost @ Lost::Panicked) => Err(Error::Broken(lost.into())),
        }
    }

    async fn join(&self, block: Block) -> Simulation {
        let id = block.channel_id().unwrap_or_default();
        let answer = match (self.inner.join)(block).await {
            Ok(()) => Answer::success(Vec::new()),
            // Whatever the host's reason was: with this channel there is nothing to be done.
            Err(refused) if self.inner.channels().get(&id).is_some() => {
                Answer::failure(ErrorCode::ChannelJoined, refused.text)
            }
            Err(refused) => Answer::failure(refused.code, refused.text),
        };
        Simulation::unrecorded(answer, SYSTEM_VERSION)
    }
}
