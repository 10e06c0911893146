use std::sync::Arc;

use channel::Bundle;
use delivery::Deliver;
use ledger::OrdererLedger;
use model::{Block, ChannelId};
use msp::{SignatureMemo, Signer};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ChainTask, Config, Error, Metrics,
    admission::{Admission, Clock, Entropy},
    grpc::AtomicBroadcastService,
    open,
    registry::{Channel, ChannelInfo, Registry},
};

/// What an orderer is given by whoever runs it.
pub struct Parts {
    /// Settings.
    pub config: Config,
    /// Signs blocks and configuration transactions.
    pub signer: Arc<dyn Signer>,
    /// The time.
    pub clock: Arc<Clock>,
    /// Randomness for nonces.
    pub entropy: Arc<Entropy>,
    /// Where the tasks of deliver streams are started.
    pub tasks: TaskTracker,
    /// Ends streams and channels. Wait for the tasks before the process ends.
    pub stopping: CancellationToken,
}

/// One orderer node with its channels; cheap to clone.
#[derive(Clone)]
pub struct Orderer(Arc<Node>);

impl Orderer {
    /// An orderer without channels.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let registry = Arc::new(Registry::default());
        let channels = Arc::clone(&registry);
        let deliver = Deliver::new(
            parts.config.deliver,
            Arc::new(move |id: &str| channels.get(id).map(|channel| channel.source)),
            Arc::clone(&parts.clock),
            parts.tasks,
            parts.stopping.clone(),
        );
        Self(Arc::new(Node {
            memo: Arc::new(SignatureMemo::new(parts.config.signature_memo_entries)),
            broadcast_slots: Arc::new(Semaphore::new(parts.config.broadcast_streams_max)),
            admission: Admission {
                signer: parts.signer,
                clock: parts.clock,
                entropy: parts.entropy,
            },
            config: parts.config,
            registry,
            deliver,
            stopping: parts.stopping,
            metrics: Arc::default(),
        }))
    }

    /// Whether this node can order the channel that begins with `genesis`: ask before a ledger is made for it.
    ///
    /// # Errors
    /// [`Error::NotGenesis`], [`Error::OtherConsensus`], [`Error::NotConsenter`], or [`Error::Exists`].
    pub fn check_genesis(&self, genesis: &Block) -> Result<ChannelId, Error> {
        let not_genesis = |reason: String| Error::NotGenesis { reason };
        if genesis.number != 0 || !genesis.previous_hash.is_empty() {
            return Err(not_genesis("it is not block 0 of a chain".to_owned()));
        }
        let bundle = Bundle::from_block(genesis, &self.0.memo)
            .map_err(|error| not_genesis(error.to_string()))?;
        open::own_place(&bundle, &self.0.config.tls_certificate_pem)?;
        let channel = bundle.channel_id().clone();
        match self.0.channel(channel.as_str()) {
            Some(_) => Err(Error::Exists { channel }),
            None => Ok(channel),
        }
    }

    /// Takes up the channel whose chain `ledger` holds, at its genesis block or anywhere later. Blocks can be delivered
    /// from now on; messages are ordered once the task runs. Give the task to the node's `JoinSet`.
    ///
    /// # Errors
    /// Any [`Error`]; the channel is not taken up. It says nothing about other channels: go on serving them.
    pub async fn add_channel(&self, ledger: OrdererLedger) -> Result<ChainTask, Error> {
        let (channel, task) = open::open(&self.0, ledger).await?;
        if let Err(error) = self.0.registry.add(channel) {
            // Raft must not go on writing to a ledger that nobody asked for.
            let _ = task.raft.shutdown().await;
            return Err(error);
        }
        Ok(task)
    }

    /// The gRPC service `orderer.AtomicBroadcast` of this node.
    #[must_use]
    pub fn service(&self) -> AtomicBroadcastService {
        AtomicBroadcastService::new(Arc::clone(&self.0))
    }

    /// The channels, by name.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelInfo> {
        self.0.registry.infos()
    }

    /// Its memory of good signatures, which counts them too.
    #[must_use]
    pub fn signature_memo(&self) -> &SignatureMemo {
        &self.0.memo
    }

    /// What the orderer counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What its deliver streams count.
    #[must_use]
    pub fn deliver_metrics(&self) -> &delivery::Metrics {
        self.0.deliver.metrics()
    }
}

/// What the parts of an orderer share.
pub(crate) struct Node {
    config: Config,
    memo: Arc<SignatureMemo>,
    admission: Admission,
    registry: Arc<Registry>,
    deliver: Deliver,
    stopping: CancellationToken,
    broadcast_slots: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Node {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn memo(&self) -> &Arc<SignatureMemo> {
        &self.memo
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    pub(crate) fn channel(&self, channel_id: &str) -> Option<Channel> {
        self.registry.get(channel_id)
    }

    pub(crate) fn deliver(&self) -> &Deliver {
        &self.deliver
    }

    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    pub(crate) fn broadcast_slots(&self) -> &Arc<Semaphore> {
        &self.broadcast_slots
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }
}
