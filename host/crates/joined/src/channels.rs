//! The channels of one peer, by id.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::Channel;

/// All channels a peer has joined; cheap to clone, and every clone sees the same channels.
#[derive(Clone)]
pub struct Channels {
    by_id: Arc<RwLock<BTreeMap<String, Channel>>>,
    /// Counts joins, so that services can react to a new channel.
    joins: Arc<watch::Sender<u64>>,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            by_id: Arc::default(),
            joins: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl Channels {
    /// The channel of that id, if this peer has joined it.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Channel> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// The ids of all channels, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.by_id
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    /// Adds a channel; false if one of that id was there already, which then stays.
    pub fn insert(&self, channel: Channel) -> bool {
        let id = channel.id().to_string();
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        if by_id.contains_key(&id) {
            return false;
        }
        by_id.insert(id, channel);
        drop(by_id);
        self.joins.send_modify(|joins| *joins += 1);
        true
    }

    /// Changes whenever a channel was joined.
    #[must_use]
    pub fn watch_joins(&self) -> watch::Receiver<u64> {
        self.joins.subscribe()
    }
}
