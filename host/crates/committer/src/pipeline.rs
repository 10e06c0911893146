//! Steps 13 to 15 as a pipeline: block N+1 is checked and verified while N is written.
//!
//! Nothing that is decided ahead depends on timing: what is verified ahead is what needs no state, and a configuration
//! block is a barrier, so that every block is judged by the configuration that was in force after the block before it.

use std::sync::Arc;
use std::time::Instant;

use joined::Channel;
use model::Block;
use model::hash::Digest;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::accept::accept;
use crate::commit::commit;
use crate::verify::{VerifiedBlock, verify};
use crate::{Config, Error, Metrics};

/// The end of a pipeline into which blocks are put, one after the other.
pub struct Intake {
    channel: Channel,
    /// The block that must come next; moved by each block taken, long before that is committed.
    next: u64,
    /// Header hash of the block before it.
    previous: Digest,
    blocks: mpsc::Sender<Block>,
    settled: watch::Receiver<u64>,
}

/// The rest of a pipeline: verifies what was put in and commits it. The value that runs is its channel's only writer.
pub struct Pipeline {
    channel: Channel,
    config: Config,
    metrics: Arc<Metrics>,
    received: mpsc::Receiver<Block>,
    /// The height up to which blocks are committed and their configuration is in force.
    settled: watch::Sender<u64>,
}

impl Pipeline {
    /// A pipeline that goes on after the channel's last block, and the end to put blocks into.
    ///
    /// # Errors
    /// [`Error::Ledger`]: the ledger could not be read.
    pub fn new(
        channel: Channel,
        config: &Config,
        metrics: Arc<Metrics>,
    ) -> Result<(Intake, Self), Error> {
        let info = channel.ledger().info()?;
        let (blocks, received) = mpsc::channel(config.received_blocks_max);
        let settled = watch::Sender::new(info.height);
        let intake = Intake {
            channel: channel.clone(),
            next: info.height,
            previous: info.last_hash.as_ref().try_into().unwrap_or_default(),
            blocks,
            settled: settled.subscribe(),
        };
        let pipeline = Self {
            channel,
            config: config.clone(),
            metrics,
            received,
            settled,
        };
        Ok((intake, pipeline))
    }

    /// Runs until `stop` or until the [`Intake`] is dropped; a block that is being written is finished first.
    ///
    /// # Errors
    /// The channel cannot go on: its disk has failed, or the orderers agreed on what this peer must not accept.
    pub async fn run(self, stop: &CancellationToken) -> Result<(), Error> {
        let Self {
            channel,
            config,
            metrics,
            received,
            settled,
        } = self;
        let (verified, to_commit) = mpsc::channel(config.verified_blocks_max);
        let verifying = verify_all(
            channel.clone(),
            config.verify_threads,
            received,
            verified,
            &metrics,
        );
        let committing = commit_all(channel, to_commit, settled, &metrics, stop);
        tokio::try_join!(verifying, committing).map(|_| ())
    }
}

impl Intake {
    /// The number of the block that must come next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether nobody takes blocks any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.blocks.is_closed()
    }

    /// Waits until nobody takes blocks any more.
    pub async fn closed(&self) {
        self.blocks.closed().await;
    }

    /// Checks that a block is the next one, whole and the orderers', and puts it in; waits while the pipeline is full.
    ///
    /// After a configuration block it waits until that one is committed: the next block is judged by the new
    /// configuration. A block that nobody takes any more is dropped.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Structure`]: another block is the next one.
    pub async fn put(&mut self, block: Block) -> Result<(), Error> {
        accept(&block, self.next, &self.previous, &self.channel.bundle())?;
        let (number, is_config) = (self.next, ::channel::is_config_block(&block));
        self.next = number.saturating_add(1);
        self.previous = block.header_hash();
        if self.blocks.send(block).await.is_ok() && is_config {
            // An error says that the pipeline has ended; then the next block finds nobody to take it.
            let _ = self.settled.wait_for(|height| *height > number).await;
        }
        Ok(())
    }
}

async fn verify_all(
    channel: Channel,
    threads: usize,
    mut blocks: mpsc::Receiver<Block>,
    verified: mpsc::Sender<VerifiedBlock>,
    metrics: &Metrics,
) -> Result<(), Error> {
    while let Some(block) = blocks.recv().await {
        // The intake lets no block pass a configuration block before that one is committed.
        let bundle = channel.bundle();
        let begun = Instant::now();
        let block = tokio::task::spawn_blocking(move || verify(block, &bundle, threads))
            .await
            .map_err(|_| Error::Ended("verification"))?;
        metrics.verified(begun.elapsed());
        if verified.send(block).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn commit_all(
    channel: Channel,
    mut blocks: mpsc::Receiver<VerifiedBlock>,
    settled: watch::Sender<u64>,
    metrics: &Metrics,
    stop: &CancellationToken,
) -> Result<(), Error> {
    while let Some(block) = blocks.recv().await {
        if stop.is_cancelled() {
            break; // what is not committed comes again after the next start
        }
        let committed = commit(&channel, block, metrics).await?;
        // The ledger's own height moves before the configuration does.
        settled.send_replace(committed.number.saturating_add(1));
    }
    Ok(())
}
