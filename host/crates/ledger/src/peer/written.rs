use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::PeerLedger;
use crate::CommitInput;

/// Which namespaces were written when, since the ledger was opened.
#[derive(Debug)]
pub(super) struct Written {
    opened_at: u64,
    /// Height after the last block that wrote to a namespace.
    heights: Mutex<HashMap<String, u64>>,
}

impl Written {
    pub(super) fn since(height: u64) -> Self {
        Self {
            opened_at: height,
            heights: Mutex::default(),
        }
    }

    /// Notes what a block writes, before anybody can see it.
    pub(super) fn note(&self, input: &CommitInput) {
        let height = input.block.number.saturating_add(1);
        let updates = &input.updates;
        let mut heights = self.lock();
        for namespace in updates.public.keys().chain(updates.hashed.keys()) {
            match heights.get_mut(namespace) {
                Some(known) => *known = height,
                None => {
                    heights.insert(namespace.clone(), height);
                }
            }
        }
    }

    /// Notes what is written beside the blocks of a ledger of this height.
    pub(super) fn note_beside(&self, namespace: &str, height: u64) {
        self.lock()
            .insert(namespace.to_owned(), height.saturating_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.heights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PeerLedger {
    /// Whether snapshots of these two heights show the same of a namespace, private data included. It may say no although they do.
    ///
    /// Ask after the snapshots were taken: for answers that follow from a namespace, and are kept with the height they were found at.
    #[must_use]
    pub fn shows_the_same(&self, namespace: &str, height: u64, other: u64) -> bool {
        let written = &self.inner.written;
        let last = written.lock().get(namespace).copied();
        last.unwrap_or(written.opened_at) <= height.min(other)
    }
}
