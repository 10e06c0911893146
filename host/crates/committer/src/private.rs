//! The private data of a block's transactions, as far as this peer has it: taken from the transient store, compared with
//! the hashes, written with the block.

use std::collections::BTreeMap;

use joined::Channel;
use ledger::{CommitInput, MissingSet, PrivateSet, StoredPrivateSet};
use lifecycle::{Definition, definition, implicit_collection_org, member_orgs};
use model::hash::sha256;
use model::{TxId, Version};
use proto::FromWire;
use proto::rwset::TxPvtReadWriteSet;
use rwset::{PrivateTx, StateReader, TxRwSet, UpdateBatch, private_updates};

use crate::{Error, effects};

/// A valid transaction with its read-write set.
pub(crate) struct ValidTx<'a> {
    pub(crate) index: u64,
    pub(crate) id: &'a TxId,
    pub(crate) rwset: &'a TxRwSet,
}

/// Fills in what the block changes in this peer's private state, and what is missing.
pub(crate) fn gather(
    channel: &Channel,
    reader: &dyn StateReader,
    valid: &[ValidTx<'_>],
    updates: &UpdateBatch,
    stored: Vec<StoredPrivateSet>,
    input: &mut CommitInput,
) -> Result<(), Error> {
    let block = input.block.number;
    let mut found: Vec<(&ValidTx<'_>, TxPvtReadWriteSet)> = Vec::new();
    let mut membership = Membership::new(channel, reader);
    for tx in valid
        .iter()
        .filter(|tx| named_sets(tx.rwset).next().is_some())
    {
        let mut have = transient(channel, tx)?;
        have.extend(
            stored
                .iter()
                .filter(|kept| kept.set.tx == tx.index)
                .map(|kept| {
                    let set = &kept.set;
                    (
                        (set.namespace.clone(), set.collection.clone()),
                        set.bytes.clone(),
                    )
                }),
        );
        for (namespace, collection) in named_sets(tx.rwset) {
            match have.get(&(namespace.to_owned(), collection.to_owned())) {
                Some(bytes) => input.private_sets.push(PrivateSet {
                    tx: tx.index,
                    namespace: namespace.to_owned(),
                    collection: collection.to_owned(),
                    bytes: bytes.clone(),
                }),
                None => input.missing.push(MissingSet {
                    tx: tx.index,
                    namespace: namespace.to_owned(),
                    collection: collection.to_owned(),
                    eligible: membership.holds(namespace, collection)?,
                }),
            }
        }
        found.push((tx, as_message(have)));
    }
    let txs: Vec<PrivateTx<'_>> = found
        .iter()
        .map(|(tx, private)| PrivateTx {
            version: Version {
                block,
                tx: tx.index,
            },
            rwset: tx.rwset,
            private,
        })
        .collect();
    let private = private_updates(reader, updates, &txs)?;
    input.private = private.updates;
    Ok(())
}

/// Collections of which the transaction carries the hash of a private write set.
fn named_sets(rwset: &TxRwSet) -> impl Iterator<Item = (&str, &str)> {
    rwset.namespaces().iter().flat_map(|namespace| {
        let collections = namespace
            .collections()
            .iter()
            .filter(|collection| !collection.private_hash().is_empty());
        collections.map(|collection| (namespace.name(), collection.name()))
    })
}

type Sets = BTreeMap<(String, String), bytes::Bytes>;

/// The sets kept at endorsement whose bytes have the hash that the transaction carries.
fn transient(channel: &Channel, tx: &ValidTx<'_>) -> Result<Sets, Error> {
    let mut sets = Sets::new();
    for kept in channel.ledger().transient_get(tx.id.as_str())? {
        // What was kept was made by this peer; one that does not decode cannot be the set that was endorsed.
        let Ok(kept) = TxPvtReadWriteSet::from_wire(kept.bytes) else {
            continue;
        };
        for namespace in kept.ns_pvt_rwset {
            for collection in namespace.collection_pvt_rwset {
                let (name, set) = (collection.collection_name, collection.rwset);
                let expected = tx.rwset.private_hash(&namespace.namespace, &name);
                if expected.is_some_and(|hash| *hash == sha256(&set).as_slice()) {
                    sets.insert((namespace.namespace.clone(), name), set);
                }
            }
        }
    }
    Ok(sets)
}

fn as_message(sets: Sets) -> TxPvtReadWriteSet {
    let mut message = TxPvtReadWriteSet::default();
    for ((namespace, collection_name), rwset) in sets {
        let collection = proto::rwset::CollectionPvtReadWriteSet {
            collection_name,
            rwset,
        };
        match message
            .ns_pvt_rwset
            .last_mut()
            .filter(|last| last.namespace == namespace)
        {
            Some(last) => last.collection_pvt_rwset.push(collection),
            None => message.ns_pvt_rwset.push(proto::rwset::NsPvtReadWriteSet {
                namespace,
                collection_pvt_rwset: vec![collection],
            }),
        }
    }
    message
}

/// Which collections this peer's organisation holds.
struct Membership<'a> {
    msp_id: &'a str,
    reader: &'a dyn StateReader,
    definitions: BTreeMap<String, Option<Definition>>,
}

impl<'a> Membership<'a> {
    fn new(channel: &'a Channel, reader: &'a dyn StateReader) -> Self {
        Self {
            msp_id: channel.msp_id(),
            reader,
            definitions: BTreeMap::new(),
        }
    }

    fn holds(&mut self, namespace: &str, collection: &str) -> Result<bool, Error> {
        if let Some(owner) = implicit_collection_org(collection) {
            return Ok(owner == self.msp_id);
        }
        if !self.definitions.contains_key(namespace) {
            let found = effects::known(definition(self.reader, namespace))?;
            self.definitions.insert(namespace.to_owned(), found);
        }
        let definition = self.definitions.get(namespace).and_then(Option::as_ref);
        let declared = definition.and_then(|definition| definition.collection(collection));
        Ok(declared.is_some_and(|declared| member_orgs(declared).contains(self.msp_id)))
    }
}
