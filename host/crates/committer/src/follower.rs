//! Following a channel: its blocks go from the orderers' stream through the pipeline.

use std::sync::Arc;

use joined::Channel;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::deliver_client::{Asker, receive};
use crate::pipeline::Pipeline;
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
        let (intake, pipeline) = Pipeline::new(channel.clone(), &config, metrics)?;
        let receiving = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = receive(channel, asker, config, intake) => {}
            }
            Ok(())
        };
        tokio::try_join!(receiving, pipeline.run(&stop)).map(|_| ())
    }
}
