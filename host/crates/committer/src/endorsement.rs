//! Which policies a transaction's endorsers must satisfy, and whether they do. Part of step 15: definitions and key-level
//! policies are those committed before the block.
//!
//! Fabric: core/common/validation/statebased, plugindispatcher/dispatcher.go.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use ::channel::Bundle;
use bytes::Bytes;
use lifecycle::Namespace;
use model::TxValidationCode;
use msp::Identity;
use msp::policy::{ApplicationPolicy, SignaturePolicy};
use rwset::{NamespaceRwSet, StateError, StateReader, VersionedValue};

use crate::Error;
use crate::verify::EndorsedContent;

/// A key of the public or the hashed state: namespace, collection (empty: public), key or key hash.
type KeyName = (String, String, Bytes);

/// A written key or key hash, with what is committed under it.
type Key = (Bytes, Result<Option<VersionedValue>, StateError>);

/// Judges the transactions of one block, in order.
pub(crate) struct Endorsements<'a> {
    reader: &'a dyn StateReader,
    bundle: &'a Bundle,
    orgs: Vec<(String, String)>,
    /// Definitions as committed before the block, looked up once.
    namespaces: BTreeMap<String, Option<Rc<Namespace>>>,
    policies: HashMap<Bytes, Option<Rc<ApplicationPolicy>>>,
    /// Keys whose policy an earlier transaction of this block has validly changed: nobody may write them any more.
    changed: HashSet<KeyName>,
}

/// Why a namespace's check has failed.
enum Failure {
    Code(TxValidationCode),
    State(Error),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::State(error.into())
    }
}

const REFUSED: Failure = Failure::Code(TxValidationCode::EndorsementPolicyFailure);

impl<'a> Endorsements<'a> {
    /// A judge over the state before the block and the configuration in force then.
    pub(crate) fn new(reader: &'a dyn StateReader, bundle: &'a Bundle) -> Self {
        let orgs = &bundle.application().orgs;
        Self {
            reader,
            bundle,
            orgs: orgs
                .iter()
                .map(|org| (org.group_name.clone(), org.msp_id.clone()))
                .collect(),
            namespaces: BTreeMap::new(),
            policies: HashMap::new(),
            changed: HashSet::new(),
        }
    }

    /// The transaction's code as far as endorsements decide it.
    ///
    /// # Errors
    /// The state could not be read.
    pub(crate) fn judge(&mut self, tx: &EndorsedContent) -> Result<TxValidationCode, Error> {
        let invoked = tx
            .rwset
            .namespaces()
            .iter()
            .find(|set| set.name() == tx.chaincode);
        let others = tx
            .rwset
            .namespaces()
            .iter()
            .filter(|set| set.name() != tx.chaincode && set.is_written());
        let checks = std::iter::once((tx.chaincode.as_str(), invoked))
            .chain(others.map(|set| (set.name(), Some(set))));
        for (name, set) in checks {
            match self.check_namespace(name, set, &tx.endorsers) {
                Ok(()) => {}
                Err(Failure::Code(code)) => return Ok(code),
                Err(Failure::State(error)) => return Err(error),
            }
        }
        Ok(TxValidationCode::Valid)
    }

    fn check_namespace(
        &mut self,
        name: &str,
        set: Option<&NamespaceRwSet>,
        endorsers: &[Arc<Identity>],
    ) -> Result<(), Failure> {
        let namespace = self
            .namespace(name)?
            .ok_or(Failure::Code(TxValidationCode::InvalidChaincode))?;
        let reader = self.reader;
        let mut evaluated = false;
        if let Some(set) = set {
            let keys = set
                .writes()
                .map(|(key, _)| key)
                .chain(set.metadata_writes());
            let rows = keys.map(|key| {
                (
                    Bytes::copy_from_slice(key.as_bytes()),
                    reader.get(name, key),
                )
            });
            let policy = namespace.policy(&self.channel());
            evaluated |= self.check_keys((name, ""), rows, &policy, endorsers)?;
            for collection in set
                .collections()
                .iter()
                .filter(|collection| collection.is_written())
            {
                let place = (name, collection.name());
                let hashes = collection
                    .writes()
                    .map(|(hash, _)| hash)
                    .chain(collection.metadata_writes());
                let rows =
                    hashes.map(|hash| (hash.clone(), reader.get_hashed(place.0, place.1, hash)));
                let policy = namespace
                    .collection_policy(&self.channel(), place.1)
                    .ok_or(REFUSED)?;
                evaluated |= self.check_keys(place, rows, &policy, endorsers)?;
            }
        }
        if !evaluated {
            let policy = namespace.policy(&self.channel());
            self.evaluate(&policy, endorsers)?;
        }
        if let Some(set) = set {
            self.note_changed(name, set);
        }
        Ok(())
    }

    /// Each key by its own policy if it has one, else all of them once by `policy`. Whether there was any key.
    fn check_keys(
        &mut self,
        (name, collection): (&str, &str),
        keys: impl Iterator<Item = Key>,
        policy: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Result<bool, Failure> {
        let (mut any, mut by_policy) = (false, false);
        for (key, row) in keys {
            any = true;
            self.refuse_changed(name, collection, key)?;
            let parameter = row?.and_then(|row| row.validation_parameter());
            match parameter.filter(|parameter| !parameter.is_empty()) {
                Some(parameter) => self.evaluate_key_policy(&parameter, endorsers)?,
                None if by_policy => {}
                None => {
                    self.evaluate(policy, endorsers)?;
                    by_policy = true;
                }
            }
        }
        Ok(any)
    }

    fn refuse_changed(&self, name: &str, collection: &str, key: Bytes) -> Result<(), Failure> {
        if self.changed.is_empty()
            || !self
                .changed
                .contains(&(name.to_owned(), collection.to_owned(), key))
        {
            return Ok(());
        }
        Err(REFUSED)
    }

    /// From here on in this block nobody writes the keys whose policy this transaction changes.
    fn note_changed(&mut self, name: &str, set: &NamespaceRwSet) {
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
            .map(|(collection, key)| (name.to_owned(), collection, key));
        self.changed.extend(keys);
    }

    /// A parameter that is no policy is satisfied by nobody.
    fn evaluate_key_policy(
        &self,
        parameter: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Result<(), Failure> {
        let policy = SignaturePolicy::parse(parameter).map_err(|_| REFUSED)?;
        policy
            .evaluate(self.bundle.msps(), endorsers)
            .map_err(|_| REFUSED)
    }

    fn evaluate(&mut self, policy: &Bytes, endorsers: &[Arc<Identity>]) -> Result<(), Failure> {
        let compiled = self
            .policies
            .entry(policy.clone())
            .or_insert_with(|| ApplicationPolicy::parse(policy).ok().map(Rc::new))
            .clone()
            .ok_or(REFUSED)?;
        self.bundle
            .policies()
            .evaluate_application(&compiled, endorsers)
            .map_err(|_| REFUSED)
    }

    /// The namespace, if transactions may write it: a definition without plugin or policy is as good as none.
    fn namespace(&mut self, name: &str) -> Result<Option<Rc<Namespace>>, Failure> {
        if let Some(known) = self.namespaces.get(name) {
            return Ok(known.clone());
        }
        let found = match lifecycle::namespace(self.reader, name) {
            Ok(found) => found,
            Err(lifecycle::Error::State(error)) => return Err(error.into()),
            // A definition that does not decode was written by a majority of organisations: as good as none.
            Err(_) => None,
        };
        let usable = found.filter(|found| match found {
            Namespace::Lifecycle => true,
            Namespace::Chaincode(definition) => definition.can_be_validated(),
        });
        let namespace = usable.map(Rc::new);
        self.namespaces.insert(name.to_owned(), namespace.clone());
        Ok(namespace)
    }

    fn channel(&self) -> lifecycle::Channel<'_> {
        lifecycle::Channel {
            id: self.bundle.channel_id().as_str(),
            orgs: &self.orgs,
            msps: self.bundle.msps(),
            policies: self.bundle.policies(),
        }
    }
}
