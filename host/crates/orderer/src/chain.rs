//! The task of one channel: takes admitted messages, cuts batches, proposes them, answers.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use channel::{Bundle, OrdererConfig};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use ledger::batch_payload;
use model::ChannelId;
use openraft::{Raft, error::ClientWriteError, metrics::RaftMetrics, raft::ClientWriteResult};
use prost::Message;
use proto::etcdraft;
use tokio::{
    select,
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    Error,
    admission::Admission,
    block_cutter::{BlockCutter, Limits},
    consenter::{Applied, Batch, TypeConfig},
    filter::Kind,
    intake::{Submission, stopped, unknown_outcome},
    metrics::Metrics,
    pace::Gaps,
    refusal::Refusal,
};

/// Submissions taken from the queue at once.
const INBOX_MAX: usize = 256;
/// Batches given to Raft and not yet decided on, if the channel's configuration does not say; Fabric's default.
const PROPOSALS_MAX: usize = 5;
/// Times that a message is checked again because the configuration changed under it.
const ATTEMPTS_MAX: u32 = 8;

/// How long the last block being written is waited for at the end.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

type RaftState = watch::Receiver<RaftMetrics<u64, openraft::BasicNode>>;

/// A batch that was given to Raft, and what became of it.
struct Proposal {
    batch: Vec<Submission>,
    /// `None`: Raft stopped without a word.
    result: Option<ClientWriteResult<TypeConfig>>,
    took: Duration,
}

/// What a channel's task needs of its node.
pub(crate) struct Settings {
    pub(crate) gaps: Gaps,
    pub(crate) drain_timeout: Duration,
    pub(crate) leader_patience: Duration,
}

/// One channel being ordered. Nothing is ordered until [`ChainTask::run`] runs.
pub struct ChainTask {
    pub(crate) channel: ChannelId,
    pub(crate) raft: Raft<TypeConfig>,
    pub(crate) submissions: mpsc::Receiver<Submission>,
    pub(crate) bundle: watch::Receiver<Arc<Bundle>>,
    pub(crate) admission: Admission,
    pub(crate) settings: Settings,
    pub(crate) stopping: CancellationToken,
    /// Cancelled here when the channel fails, for those who deliver its blocks.
    pub(crate) failed: CancellationToken,
    pub(crate) metrics: Arc<Metrics>,
}

impl ChainTask {
    /// The channel.
    #[must_use]
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// Orders the channel's messages until the node stops. Then what was accepted is still ordered, as long as the drain
    /// timeout allows.
    ///
    /// # Errors
    /// [`Error::Raft`]: a write failed, or a log entry could not be applied. Only this channel is concerned; it orders
    /// nothing more until the node is started again.
    pub async fn run(self) -> Result<(), Error> {
        let raft = self.raft.clone();
        let failed = self.failed.clone();
        let channel = self.channel.clone();
        let bundle = self.bundle.clone();
        let result = Chain::new(self).run().await;
        if let Err(error) = &result {
            error!(%channel, %error, "channel stopped");
            failed.cancel();
        }
        shut_down(raft, bundle, &channel).await;
        result
    }
}

/// Ends Raft and waits until it has let go of the ledger: its state machine's own task ends a moment later than itself.
async fn shut_down(
    raft: Raft<TypeConfig>,
    mut bundle: watch::Receiver<Arc<Bundle>>,
    channel: &ChannelId,
) {
    let ended = async {
        if let Err(error) = raft.shutdown().await {
            warn!(%channel, %error, "raft did not shut down cleanly");
        }
        while bundle.changed().await.is_ok() {}
    };
    if timeout(SHUTDOWN_PATIENCE, ended).await.is_err() {
        warn!(%channel, "raft is still busy with the ledger");
    }
}

struct Chain {
    task: ChainTask,
    origin: Instant,
    cutter: BlockCutter<Submission>,
    /// Configuration sequence that the cutter's limits and `proposals_max` are of.
    configured_at: u64,
    /// Batches given to Raft and not yet decided on, at most.
    proposals_max: usize,
    /// Taken from the queue, not yet given to the cutter.
    inbox: VecDeque<Submission>,
    in_flight: FuturesUnordered<BoxFuture<'static, Proposal>>,
    /// While a configuration is being agreed on, nothing else is proposed: all would be checked against the old one.
    config_in_flight: bool,
    queue_ended: bool,
    /// The last term in which this node was seen to lead, and the log index it began to lead at.
    led: Option<(u64, u64)>,
}

impl Chain {
    fn new(task: ChainTask) -> Self {
        let bundle = Arc::clone(&task.bundle.borrow());
        let limits = limits(bundle.orderer(), task.settings.gaps);
        Self {
            task,
            origin: Instant::now(),
            cutter: BlockCutter::new(limits),
            configured_at: bundle.sequence(),
            proposals_max: proposals_max(bundle.orderer()),
            inbox: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            config_in_flight: false,
            queue_ended: false,
            led: None,
        }
    }

    async fn run(&mut self) -> Result<(), Error> {
        let mut state = self.task.raft.metrics();
        let mut progress = self.task.raft.metrics();
        let mut deadline = None;
        wait_for_leader(&self.task).await;
        let stopping = self.task.stopping.clone();
        while !(self.queue_ended && self.is_empty()) {
            let caught_up = self.caught_up(&progress.borrow_and_update());
            if caught_up {
                self.order().await?;
            }
            let wake = self.cutter.wake_at(self.busy()).map(|at| self.origin + at);
            let accepting = self.accepting() && self.inbox.is_empty() && !self.queue_ended;
            let mut arrived = Vec::new();
            select! {
                Some(proposal) = self.in_flight.next() => self.settle(proposal),
                count = self.task.submissions.recv_many(&mut arrived, INBOX_MAX), if accepting => {
                    self.queue_ended = count == 0;
                    self.inbox.extend(arrived);
                }
                () = sleep_until(wake.unwrap_or(self.origin)), if caught_up && wake.is_some() => {}
                Ok(()) = progress.changed(), if !caught_up => {}
                () = stopping.cancelled(), if deadline.is_none() => {
                    // What is in the queue is still taken; nobody gets in any more.
                    self.task.submissions.close();
                    deadline = Some(Instant::now() + self.task.settings.drain_timeout);
                }
                () = sleep_until(deadline.unwrap_or(self.origin)), if deadline.is_some() => {
                    warn!(channel = %self.task.channel, "stopped before all accepted messages were ordered");
                    return Ok(());
                }
                reason = failure(&mut state) => return Err(self.raft_error(reason)),
            }
        }
        Ok(())
    }

    /// Whether what this node proposes now is checked against a configuration that holds all that was agreed on before
    /// it began to lead. A node that does not lead is told so by Raft.
    fn caught_up(&mut self, state: &RaftMetrics<u64, openraft::BasicNode>) -> bool {
        if state.current_leader != Some(state.id) {
            return true;
        }
        let led = self.led.filter(|(term, _)| *term == state.current_term);
        let (_, began_at) = *self
            .led
            .insert(led.unwrap_or((state.current_term, state.last_log_index.unwrap_or_default())));
        state
            .last_applied
            .is_some_and(|applied| applied.index >= began_at)
    }

    fn is_empty(&self) -> bool {
        self.inbox.is_empty() && self.in_flight.is_empty() && self.cutter.pending() == 0
    }

    fn accepting(&self) -> bool {
        !self.config_in_flight && self.in_flight.len() < self.proposals_max
    }

    /// What the cutter is told to be in flight.
    fn busy(&self) -> usize {
        self.in_flight.len()
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Gives what has arrived to the cutter, and proposes what it cuts.
    async fn order(&mut self) -> Result<(), Error> {
        self.follow_configuration();
        while self.accepting() {
            let Some(submission) = self.inbox.pop_front() else {
                break;
            };
            let Some(submission) = self.current(submission) else {
                continue;
            };
            let (now, size_bytes) = (self.now(), submission.admitted.size_bytes);
            let batches = match submission.admitted.kind {
                Kind::Normal => self.cutter.ordered(now, submission, size_bytes),
                Kind::ConfigUpdate => self.cutter.ordered_alone(now, submission),
            };
            self.propose_all(batches).await?;
        }
        let due = self.cutter.due(self.now(), self.busy());
        self.propose_all(due.into_iter().collect()).await
    }

    /// Takes over what a new configuration says about batches.
    fn follow_configuration(&mut self) {
        let bundle = Arc::clone(&self.task.bundle.borrow());
        if self.configured_at != bundle.sequence() {
            self.configured_at = bundle.sequence();
            self.proposals_max = proposals_max(bundle.orderer());
            let limits = limits(bundle.orderer(), self.task.settings.gaps);
            self.cutter.set_limits(limits);
        }
    }

    /// The submission, checked again if the configuration has changed since it was checked; `None` if it is answered.
    fn current(&self, mut submission: Submission) -> Option<Submission> {
        let bundle = Arc::clone(&self.task.bundle.borrow());
        if submission.admitted.config_sequence == bundle.sequence() {
            return Some(submission);
        }
        match self
            .task
            .admission
            .admit_again(&bundle, submission.admitted.clone())
        {
            Ok(admitted) => {
                submission.admitted = admitted;
                Some(submission)
            }
            Err(refusal) => {
                submission.answer(Err(refusal));
                None
            }
        }
    }

    /// Proposes batches in order. If the configuration changes under them, all that are left go back to be checked again.
    async fn propose_all(&mut self, mut batches: VecDeque<Vec<Submission>>) -> Result<(), Error> {
        while let Some(batch) = batches.pop_front() {
            let sequence = self.task.bundle.borrow().sequence();
            if batch
                .iter()
                .all(|it| it.admitted.config_sequence == sequence)
            {
                self.propose(batch).await?;
                continue;
            }
            batches.push_front(batch);
            while let Some(last) = batches.pop_back() {
                self.requeue(last);
            }
        }
        Ok(())
    }

    async fn propose(&mut self, batch: Vec<Submission>) -> Result<(), Error> {
        let started = Instant::now();
        let entries = batch
            .iter()
            .map(|submission| submission.admitted.entry.clone());
        let value = Batch(batch_payload(entries.collect()));
        let config = batch
            .iter()
            .any(|submission| submission.admitted.kind == Kind::ConfigUpdate);
        match self.task.raft.client_write_ff(value).await {
            Ok(outcome) => {
                self.config_in_flight |= config;
                let proposal = outcome.map(move |result| Proposal {
                    batch,
                    result: result.ok(),
                    took: started.elapsed(),
                });
                self.in_flight.push(proposal.boxed());
                Ok(())
            }
            Err(fatal) => {
                refuse(batch, &stopped());
                Err(self.raft_error(fatal.to_string()))
            }
        }
    }

    /// Answers a batch that is decided on.
    fn settle(&mut self, proposal: Proposal) {
        let config = proposal
            .batch
            .iter()
            .any(|it| it.admitted.kind == Kind::ConfigUpdate);
        if config {
            self.config_in_flight = false;
        }
        match proposal.result {
            Some(Ok(response)) => match response.data {
                Applied::Block(number) => {
                    self.task.metrics.proposed(proposal.took);
                    self.answer_block(number, proposal.batch, proposal.took);
                }
                Applied::Stale | Applied::Nothing => self.requeue(proposal.batch),
            },
            Some(Err(ClientWriteError::ForwardToLeader(_))) => refuse(
                proposal.batch,
                &Refusal::unavailable("this orderer is not the Raft leader of the channel"),
            ),
            Some(Err(ClientWriteError::ChangeMembershipError(_))) | None => {
                refuse(proposal.batch, &unknown_outcome());
            }
        }
    }

    /// Puts messages back to be checked again, before all that came later.
    fn requeue(&mut self, batch: Vec<Submission>) {
        for mut submission in batch.into_iter().rev() {
            submission.attempts = submission.attempts.saturating_add(1);
            match submission.attempts < ATTEMPTS_MAX {
                true => self.inbox.push_front(submission),
                false => submission.answer(Err(Refusal::unavailable(
                    "the channel's configuration keeps changing, try again later",
                ))),
            }
        }
    }

    fn answer_block(&self, number: u64, batch: Vec<Submission>, took: Duration) {
        info!(
            channel = %self.task.channel,
            block = number,
            txs = batch.len(),
            took_ms = took.as_millis(),
            "block ordered"
        );
        for submission in batch {
            submission.answer(Ok(()));
        }
    }

    fn raft_error(&self, reason: String) -> Error {
        Error::Raft {
            channel: self.task.channel.clone(),
            reason,
        }
    }
}

/// Gives Raft some time to find a leader, so that the first messages are not refused for want of one.
async fn wait_for_leader(task: &ChainTask) {
    let wait = task.raft.wait(Some(task.settings.leader_patience));
    let led = |metrics: &RaftMetrics<u64, openraft::BasicNode>| metrics.current_leader.is_some();
    select! {
        found = wait.metrics(led, "a leader") => if found.is_err() {
            warn!(channel = %task.channel, "no raft leader yet");
        },
        () = task.stopping.cancelled() => {}
    }
}

fn refuse(batch: Vec<Submission>, refusal: &Refusal) {
    for submission in batch {
        submission.answer(Err(refusal.clone()));
    }
}

/// Waits until Raft has stopped by itself, and says why.
async fn failure(state: &mut RaftState) -> String {
    match state.wait_for(|state| state.running_state.is_err()).await {
        Ok(state) => match &state.running_state {
            Err(fatal) => fatal.to_string(),
            Ok(()) => "it runs".to_owned(),
        },
        Err(_) => "it is gone".to_owned(),
    }
}

fn limits(orderer: &OrdererConfig, gaps: Gaps) -> Limits {
    let batch = orderer.batch;
    Limits {
        messages_max: usize::try_from(batch.max_message_count).unwrap_or(usize::MAX),
        preferred_bytes: usize::try_from(batch.preferred_max_bytes).unwrap_or(usize::MAX),
        batch_timeout: orderer.batch_timeout,
        gaps,
    }
}

/// `max_inflight_blocks` of the channel's Raft options.
fn proposals_max(orderer: &OrdererConfig) -> usize {
    let metadata = etcdraft::ConfigMetadata::decode(orderer.consensus_metadata.clone());
    let options = metadata.unwrap_or_default().options.unwrap_or_default();
    match usize::try_from(options.max_inflight_blocks) {
        Ok(0) | Err(_) => PROPOSALS_MAX,
        Ok(count) => count,
    }
}
