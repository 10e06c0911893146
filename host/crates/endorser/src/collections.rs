//! What the client of a proposal may do with a collection, asked by a running chaincode.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::channel::Bundle;
use lifecycle::{
    Definition, PrivateAccess, check_client, definition, implicit_collection_org, record_reads,
};
use model::ErrorCode;
use msp::Identity;
use proto::rwset::TxPvtReadWriteSet;
use runtime::{CollectionAccess, CollectionHook, CollectionRequest};

use crate::Error;
use crate::check::Request;
use crate::contracts::known;
use crate::endorser::Inner;

/// How many other peers must hold each collection's data before it is endorsed, for the collections that a transaction
/// used: by namespace and collection.
#[derive(Clone, Default)]
pub(crate) struct Disseminations {
    required: Arc<Mutex<BTreeMap<(String, String), i32>>>,
}

impl Disseminations {
    fn note(&self, namespace: &str, collection: &str, peers: i32) {
        if peers > 0 {
            let mut required = self.required.lock().unwrap_or_else(PoisonError::into_inner);
            required.insert((namespace.to_owned(), collection.to_owned()), peers);
        }
    }

    /// Refuses to endorse private data that must be at other peers first, since this peer sends none to others.
    ///
    /// Fabric's peer refuses likewise when it reaches too few; endorsing would promise a safety that is not there.
    pub(crate) fn refuse_unreachable(
        &self,
        private: Option<&TxPvtReadWriteSet>,
    ) -> Result<(), Error> {
        let required = self.required.lock().unwrap_or_else(PoisonError::into_inner);
        for namespace in private.map_or(&[][..], |private| &private.ns_pvt_rwset) {
            for collection in &namespace.collection_pvt_rwset {
                let name = &collection.collection_name;
                let key = (namespace.namespace.clone(), name.clone());
                if let Some(peers) = required.get(&key) {
                    let reason = format!(
                        "collection {name} of chaincode {} requires {peers} other peers to hold its private data before \
                         it is endorsed, and this peer reaches none",
                        namespace.namespace
                    );
                    return Err(Error::in_simulation(ErrorCode::NodeUnsupported, reason));
                }
            }
        }
        Ok(())
    }
}

/// Answers the collections that the chaincodes of one proposal ask for, and records what Fabric records: all five keys of
/// the definition.
pub(crate) fn collection_hook(
    inner: &Arc<Inner>,
    request: &Arc<Request>,
    disseminations: &Disseminations,
) -> CollectionHook {
    let (inner, request) = (Arc::clone(inner), Arc::clone(request));
    let disseminations = disseminations.clone();
    Box::new(move |asked: CollectionRequest<'_>| {
        let CollectionRequest {
            channel,
            namespace,
            collection,
            simulator,
        } = asked;
        if let Err(lifecycle::Error::State(error)) = record_reads(simulator, namespace, true) {
            return Err(error);
        }
        let Some(bundle) = bundle(&inner, &request, channel) else {
            return Ok(CollectionAccess::Unknown);
        };
        let found = known(definition(simulator.reader(), namespace))?.flatten();
        let Some(definition) = found else {
            return Ok(CollectionAccess::Unknown);
        };
        if channel == request.proposal.channel_id() {
            let declared = definition.collection(collection);
            let peers = declared.map_or(0, |declared| declared.required_peer_count);
            disseminations.note(namespace, collection, peers);
        }
        Ok(access(
            &bundle,
            &definition,
            collection,
            &request.caller.identity,
        ))
    })
}

/// The configuration by which a channel is judged: the proposal's own channel by the one its checks used.
pub(crate) fn bundle(inner: &Inner, request: &Request, channel: &str) -> Option<Arc<Bundle>> {
    match &request.joined {
        Some(joined) if request.proposal.channel_id() == channel => {
            Some(Arc::clone(&joined.bundle))
        }
        _ => inner.channels().get(channel).map(|joined| joined.bundle()),
    }
}

/// Members may do everything; others what the collection does not keep for its members. Implicit collections keep nothing.
fn access(
    bundle: &Bundle,
    definition: &Definition,
    collection: &str,
    client: &Identity,
) -> CollectionAccess {
    let application = bundle.application();
    let purge = application.capabilities.purge_private_data();
    if let Some(declared) = definition.collection(collection) {
        let may = |access| {
            let name = &definition.name;
            check_client(name, declared, client, bundle.msps(), access).is_ok()
        };
        return CollectionAccess::Known {
            read: may(PrivateAccess::Read),
            write: may(PrivateAccess::Write),
            purge,
        };
    }
    let owner = implicit_collection_org(collection).and_then(|org| application.org_of_msp(org));
    match owner {
        Some(_) => CollectionAccess::Known {
            read: true,
            write: true,
            purge,
        },
        None => CollectionAccess::Unknown,
    }
}
