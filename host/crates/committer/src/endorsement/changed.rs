use std::collections::HashMap;

use bytes::Bytes;
use decoded::{Cause, PolicyChanged};
use model::{TxValidationCode, Version};
use rwset::NamespaceRwSet;

use super::Place;
use crate::cause::Refused;

/// A key of the public or the hashed state: namespace, collection (empty: public), key or key hash.
type KeyName = (String, String, Bytes);

/// Keys whose policy an earlier transaction of this block has validly changed: nobody may write them any more.
pub(super) struct Changed {
    block: u64,
    /// With the transaction that changed it.
    keys: HashMap<KeyName, u64>,
}

impl Changed {
    pub(super) fn of_block(block: u64) -> Self {
        Self {
            block,
            keys: HashMap::new(),
        }
    }

    /// Refuses who writes such a key.
    pub(super) fn check(&self, place: Place<'_>, key: &Bytes) -> Result<(), Box<Refused>> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let (namespace, collection) = (place.namespace.to_owned(), place.collection.to_owned());
        let Some(tx) = self.keys.get(&(namespace, collection, key.clone())) else {
            return Ok(());
        };
        let version = Version {
            block: self.block,
            tx: *tx,
        };
        let changed = PolicyChanged {
            key: place.told(),
            by: decoded::Place::new(version),
        };
        Err(Box::new(Refused {
            code: TxValidationCode::EndorsementPolicyFailure,
            cause: Cause::PolicyChanged(changed),
        }))
    }

    /// From here on in this block nobody writes the keys whose policy the transaction of this index changes.
    pub(super) fn note(&mut self, index: u64, name: &str, set: &NamespaceRwSet) {
        let public = set
            .metadata_writes()
            .map(|key| (String::new(), Bytes::copy_from_slice(key.as_bytes())));
        let hashed = set.collections().iter().flat_map(|collection| {
            collection
                .metadata_writes()
                .map(|hash| (collection.name().to_owned(), hash.clone()))
        });
        let keys = public
            .chain(hashed)
            .map(|(collection, key)| ((name.to_owned(), collection, key), index));
        self.keys.extend(keys);
    }
}
