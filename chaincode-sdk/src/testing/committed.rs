//! What transactions have committed.

use std::collections::BTreeMap;

use super::pending::{Change, Pending};
use crate::{Modification, Timestamp};

/// The keys of one chaincode, public or of one collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) chaincode: String,
    /// None is the public state.
    pub(super) collection: Option<String>,
}

/// A key's value and, if it has one, its own endorsement policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) value: Vec<u8>,
    pub(super) policy: Option<Vec<u8>>,
}

/// The state after some transactions, and how it came to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Committed {
    places: BTreeMap<Place, BTreeMap<String, Slot>>,
    /// Oldest first; public keys only.
    history: BTreeMap<(String, String), Vec<Modification>>,
}

impl Committed {
    pub(super) fn slot(&self, place: &Place, key: &str) -> Option<&Slot> {
        self.places.get(place)?.get(key)
    }

    /// The keys from `start` on to before `end`; an empty `end` is no end.
    pub(super) fn range<'a>(
        &'a self,
        place: &Place,
        start: &'a str,
        end: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Slot)> {
        let keys = self
            .places
            .get(place)
            .into_iter()
            .flat_map(move |slots| slots.range(start.to_owned()..));
        keys.take_while(move |(key, _)| end.is_empty() || key.as_str() < end)
    }

    /// A public key's changes, newest first.
    pub(super) fn history(&self, chaincode: &str, key: &str) -> Vec<Modification> {
        let changes = self.history.get(&(chaincode.to_owned(), key.to_owned()));
        changes.into_iter().flatten().rev().cloned().collect()
    }

    /// Writes a transaction's changes.
    pub(super) fn apply(&mut self, pending: &Pending, tx_id: &str, timestamp: Timestamp) {
        for ((place, key), change) in &pending.changes {
            self.apply_change(place, key, change);
            if let (None, Some(value)) = (&place.collection, &change.value) {
                let name = (place.chaincode.clone(), key.clone());
                let modification = Modification {
                    tx_id: tx_id.to_owned(),
                    value: value.clone(),
                    timestamp,
                };
                self.history.entry(name).or_default().push(modification);
            }
        }
    }

    /// A value keeps the key's policy, a deletion takes it along, and a policy alone does nothing to a missing key.
    fn apply_change(&mut self, place: &Place, key: &str, change: &Change) {
        let slots = self.places.entry(place.clone()).or_default();
        match &change.value {
            Some(Some(value)) => slots
                .entry(key.to_owned())
                .or_default()
                .value
                .clone_from(value),
            Some(None) => {
                slots.remove(key);
            }
            None => {}
        }
        if let (Some(slot), Some(policy)) = (slots.get_mut(key), &change.policy) {
            slot.policy = (!policy.is_empty()).then(|| policy.clone());
        }
    }
}
