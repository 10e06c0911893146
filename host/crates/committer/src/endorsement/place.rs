use bytes::Bytes;
use decoded::Key;
use model::TxValidationCode;

use crate::cause::Refused;

/// What is written that a policy is asked for: a key if it is for one, in a collection if that is not empty.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) namespace: &'a str,
    pub(super) collection: &'a str,
    pub(super) key: Option<&'a Bytes>,
}

impl Place<'_> {
    /// The place as it is told.
    pub(super) fn told(self) -> Key {
        let Self {
            namespace,
            collection,
            key,
        } = self;
        match (key, collection) {
            (Some(key), "") => Key::public(namespace, &String::from_utf8_lossy(key)),
            (Some(hash), _) => Key::hashed(namespace, collection, hash),
            (None, _) => Key {
                namespace: namespace.to_owned(),
                ..Key::default()
            },
        }
    }

    /// A collection that is written though there is none of its name.
    pub(super) fn undefined(self) -> Box<Refused> {
        let (name, chaincode) = (self.collection, self.namespace);
        let part = format!("collection {name:?} of chaincode {chaincode:?}");
        let rule = match lifecycle::implicit_collection_org(name) {
            Some(msp_id) => format!("no organisation of the channel has MSP {msp_id}"),
            None => "the chaincode's definition has no such collection".to_owned(),
        };
        Refused::rule(TxValidationCode::EndorsementPolicyFailure, part, rule)
    }
}
