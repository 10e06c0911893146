//! Joining channels: at start, from the data folder and the configured genesis blocks; later, when an administrator asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use committer::{Asker, Config, Follower, Metrics, Opening, open_channel};
use joined::{Channel, Channels};
use ledger::{JoinedChannel, NodeStore, PeerLedger};
use model::{Block, ChannelId};
use msp::SignatureMemo;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{NodeError, Task};

/// Joins a peer to channels and follows them.
#[derive(Clone)]
pub(crate) struct Joiner {
    inner: Arc<Inner>,
}

struct Inner {
    store: NodeStore,
    channels: Channels,
    memo: Arc<SignatureMemo>,
    asker: Asker,
    msp_id: String,
    waiters_max: usize,
    config: Config,
    /// The committers' counters, a channel each.
    metrics: std::sync::Mutex<Vec<(String, Arc<Metrics>)>>,
    /// Where followers are handed to be run.
    tasks: mpsc::Sender<Task>,
    stop: CancellationToken,
    /// One join at a time.
    joining: Mutex<()>,
}

/// What a joiner is made of.
pub(crate) struct Parts {
    pub(crate) store: NodeStore,
    pub(crate) channels: Channels,
    pub(crate) memo: Arc<SignatureMemo>,
    pub(crate) asker: Asker,
    pub(crate) msp_id: String,
    pub(crate) waiters_max: usize,
    pub(crate) tasks: mpsc::Sender<Task>,
    pub(crate) stop: CancellationToken,
}

impl Joiner {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            store,
            channels,
            memo,
            asker,
            msp_id,
            waiters_max,
            tasks,
            stop,
        } = parts;
        let inner = Inner {
            store,
            channels,
            memo,
            asker,
            msp_id,
            waiters_max,
            config: Config::default(),
            metrics: std::sync::Mutex::default(),
            tasks,
            stop,
            joining: Mutex::new(()),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Opens every channel of the data folder and joins those of the genesis blocks that are new.
    pub(crate) async fn start(&self, genesis_blocks: &[PathBuf]) -> Result<Vec<Task>, NodeError> {
        let mut tasks = Vec::new();
        for joined in self.inner.store.channels()? {
            let folder = self.inner.store.channel_folder(&joined.channel);
            // A join that a crash cut short has no ledger yet; its genesis block comes again, below or by an administrator.
            match PeerLedger::open(&folder, ledger::Config::default()).await {
                Ok(ledger) => tasks.push(self.open(ledger, None).await?),
                Err(ledger::Error::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for path in genesis_blocks {
            let (id, genesis) = read_genesis(path)?;
            if self.inner.channels.get(id.as_str()).is_none() {
                tasks.push(self.create(&id, genesis).await?);
            }
        }
        Ok(tasks)
    }

    /// Joins a channel while the peer runs.
    pub(crate) async fn join(&self, genesis: Block) -> Result<(), NodeError> {
        let wrong = |reason: String| NodeError::Genesis {
            path: PathBuf::from("the block sent"),
            reason,
        };
        let id = check_genesis(&genesis).map_err(wrong)?;
        let _one_at_a_time = self.inner.joining.lock().await;
        if self.inner.channels.get(id.as_str()).is_some() {
            return Err(wrong(format!("channel {id} is joined already")));
        }
        let task = self.create(&id, genesis).await?;
        let sent = self.inner.tasks.send(task).await;
        sent.map_err(|_| NodeError::Stopping)
    }

    /// The channels' counters, by channel.
    pub(crate) fn metrics(&self) -> Vec<(String, Arc<Metrics>)> {
        self.inner
            .metrics
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    async fn create(&self, id: &ChannelId, genesis: Block) -> Result<Task, NodeError> {
        let folder = self.inner.store.channel_folder(id);
        self.inner.store.join(&JoinedChannel {
            channel: id.clone(),
            genesis_hash: genesis.header_hash(),
        })?;
        let ledger = PeerLedger::create(&folder, id, &genesis, ledger::Config::default()).await?;
        self.open(ledger, Some(genesis)).await
    }

    async fn open(&self, ledger: PeerLedger, genesis: Option<Block>) -> Result<Task, NodeError> {
        let inner = &self.inner;
        let id = ledger.channel().to_string();
        let metrics = Arc::new(Metrics::default());
        let opening = Opening {
            genesis,
            memo: Arc::clone(&inner.memo),
            msp_id: inner.msp_id.clone(),
            waiters_max: inner.waiters_max,
        };
        let wrong = |source| NodeError::Committer {
            channel: id.clone(),
            source,
        };
        let channel = open_channel(ledger, opening, &inner.config, &metrics)
            .await
            .map_err(wrong)?;
        info!(
            channel = id,
            height = channel.ledger().height(),
            "channel opened"
        );
        inner
            .metrics
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push((id.clone(), Arc::clone(&metrics)));
        inner.channels.insert(channel.clone());
        let follower = Follower {
            channel,
            asker: inner.asker.clone(),
            config: inner.config.clone(),
            metrics,
        };
        Ok(Box::pin(follow(follower, id, inner.stop.clone())))
    }
}

/// A configuration that this peer cannot accept stops its channel alone; a failing disk stops the peer.
async fn follow(follower: Follower, id: String, stop: CancellationToken) -> Result<(), NodeError> {
    let channel: Channel = follower.channel.clone();
    let ended = follower.run(stop).await;
    match ended {
        Err(committer::Error::Config { .. }) => Ok(()),
        Err(source) => Err(NodeError::Committer {
            channel: id,
            source,
        }),
        Ok(()) => Ok(channel.ledger().close().await?),
    }
}

/// Reads a genesis block from a file.
pub(crate) fn read_genesis(path: &Path) -> Result<(ChannelId, Block), NodeError> {
    let unreadable = |source| NodeError::File {
        what: "the genesis block",
        path: path.to_path_buf(),
        source,
    };
    let wrong = |reason: String| NodeError::Genesis {
        path: path.to_path_buf(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let block = Block::decode(bytes).map_err(|error| wrong(error.to_string()))?;
    let id = check_genesis(&block).map_err(wrong)?;
    Ok((id, block))
}

fn check_genesis(block: &Block) -> Result<ChannelId, String> {
    if block.number != 0 {
        return Err(format!("it is block {}", block.number));
    }
    if block.config().is_none() {
        return Err("it carries no channel configuration".to_owned());
    }
    let id = block.channel_id().map_err(|error| error.to_string())?;
    ChannelId::parse(&id).map_err(|error| error.to_string())
}
