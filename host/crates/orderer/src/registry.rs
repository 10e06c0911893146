use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use channel::Bundle;
use delivery::BlockSource;
use ledger::OrdererLedger;
use model::ChannelId;

use crate::{Error, intake::Intake};

/// What others need of a channel that is being ordered; cheap to clone.
#[derive(Clone)]
pub(crate) struct Channel {
    /// Where admitted messages go.
    pub(crate) intake: Intake,
    /// Where its blocks and its configuration come from.
    pub(crate) source: BlockSource,
    /// Its file.
    pub(crate) ledger: OrdererLedger,
}

impl Channel {
    /// The configuration now in force.
    pub(crate) fn bundle(&self) -> Arc<Bundle> {
        Arc::clone(&self.source.bundle.borrow())
    }

    /// Whether it has stopped by a failure.
    pub(crate) fn has_failed(&self) -> bool {
        self.source.failed.is_cancelled()
    }
}

/// One channel as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// The channel.
    pub channel: ChannelId,
    /// Number of blocks.
    pub height: u64,
    /// Whether it stopped by a failure.
    pub failed: bool,
    /// How often this process has waited for the disk to make the chain durable.
    pub syncs: u64,
}

/// The channels of one orderer, by name.
#[derive(Default)]
pub(crate) struct Registry(RwLock<BTreeMap<ChannelId, Channel>>);

impl Registry {
    pub(crate) fn get(&self, channel_id: &str) -> Option<Channel> {
        // Nothing panics while it holds the lock.
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        channels.get(channel_id).cloned()
    }

    /// Adds a channel.
    ///
    /// # Errors
    /// [`Error::Exists`]: there is one of that name.
    pub(crate) fn add(&self, channel: Channel) -> Result<(), Error> {
        let id = channel.source.channel.clone();
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if channels.contains_key(&id) {
            return Err(Error::Exists { channel: id });
        }
        channels.insert(id, channel);
        Ok(())
    }

    pub(crate) fn infos(&self) -> Vec<ChannelInfo> {
        let channels = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let info = |(id, channel): (&ChannelId, &Channel)| ChannelInfo {
            channel: id.clone(),
            height: *channel.source.height.borrow(),
            failed: channel.has_failed(),
            syncs: channel.ledger.syncs(),
        };
        channels.iter().map(info).collect()
    }
}
