//! Steps 13 to 16 as one pipeline: block N+1 is received and verified while N is written.

use std::sync::Arc;
use std::time::Instant;

use joined::Channel;
use model::Block;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::commit::commit;
use crate::deliver_client::{Asker, receive};
use crate::verify::{VerifiedBlock, verify};
use crate::{Config, Error, Metrics};

/// Follows one channel: receives, verifies and commits its blocks until it is stopped.
pub struct Follower {
    /// The channel; this value is the only one that commits to it.
    pub channel: Channel,
    /// How orderers are asked.
    pub asker: Asker,
    /// Bounds.
    pub config: Config,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl Follower {
    /// Runs until `stop`; a block that is being written is finished first.
    ///
    /// # Errors
    /// The channel cannot go on: its disk has failed, or the orderers agreed on a configuration that this peer must not
    /// accept. [`Channel::failed`] is cancelled then.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let channel = self.channel.clone();
        let ended = self.pipeline(stop).await;
        if let Err(failure) = &ended {
            channel.failed().cancel();
            error!(channel = %channel.id(), error = %failure, "the channel has stopped");
        }
        ended
    }

    async fn pipeline(self, stop: CancellationToken) -> Result<(), Error> {
        let Self {
            channel,
            asker,
            config,
            metrics,
        } = self;
        let (received, to_verify) = mpsc::channel(config.received_blocks_max);
        let (verified, to_commit) = mpsc::channel(config.verified_blocks_max);
        let receiving = async {
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                ended = receive(channel.clone(), asker, config.clone(), received) => ended,
            }
        };
        let verifying = verify_all(
            channel.clone(),
            config.verify_threads,
            to_verify,
            verified,
            &metrics,
        );
        let committing = commit_all(channel.clone(), to_commit, &metrics, &stop);
        tokio::try_join!(receiving, verifying, committing).map(|_| ())
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
        // The receiver lets no block pass a configuration block before that one is committed.
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
    metrics: &Metrics,
    stop: &CancellationToken,
) -> Result<(), Error> {
    while let Some(block) = blocks.recv().await {
        if stop.is_cancelled() {
            break; // what is not committed comes again after the next start
        }
        commit(&channel, block, metrics).await?;
    }
    Ok(())
}
