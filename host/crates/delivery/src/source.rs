use std::sync::Arc;

use channel::Bundle;
use futures::future::BoxFuture;
use model::{Block, ChannelId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a block could not be read for; the cause is logged, the subscriber sees INTERNAL_SERVER_ERROR.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Reads one block of a chain; `None` if it is not there (yet, or any more).
pub type ReadBlock =
    dyn Fn(u64) -> BoxFuture<'static, Result<Option<Block>, SourceError>> + Send + Sync;

/// One channel's chain as a node holds it: cheap to clone, a clone sees what happens later.
#[derive(Clone)]
pub struct BlockSource {
    /// The channel.
    pub channel: ChannelId,
    /// Number of blocks; grows only after a block can be read.
    pub height: watch::Receiver<u64>,
    /// The configuration now in force.
    pub bundle: watch::Receiver<Arc<Bundle>>,
    /// Reads a block.
    pub read: Arc<ReadBlock>,
    /// Cancelled when the channel has stopped by a failure; its blocks stay readable for BEST_EFFORT requests.
    pub failed: CancellationToken,
}

/// Finds a channel by the name in a request; `None` for one this node has not.
pub type Sources = dyn Fn(&str) -> Option<BlockSource> + Send + Sync;
