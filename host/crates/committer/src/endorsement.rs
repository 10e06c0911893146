//! Which policies a transaction's endorsers must satisfy, and whether they do. Part of step 15: definitions and key-level
//! policies are those committed before the block.
//!
//! Fabric: core/common/validation/statebased, plugindispatcher/dispatcher.go.

mod changed;
mod place;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use ::channel::Bundle;
use bytes::Bytes;
use lifecycle::Namespace;
use model::TxValidationCode;
use msp::Identity;
use msp::policy::{ApplicationPolicy, SignaturePolicy};
use rwset::{NamespaceRwSet, StateError, StateReader, VersionedValue};

use changed::Changed;
use place::Place;

use crate::Error;
use crate::cause::{self, NotMet, Refused};
use crate::verify::EndorsedContent;

/// A written key or key hash, with what is committed under it.
type Row = (Bytes, Result<Option<VersionedValue>, StateError>);

/// Judges the transactions of one block, in order.
pub(crate) struct Endorsements<'a> {
    reader: &'a dyn StateReader,
    bundle: &'a Bundle,
    orgs: Vec<(String, String)>,
    /// Definitions as committed before the block, looked up once.
    namespaces: BTreeMap<String, Result<Rc<Namespace>, &'static str>>,
    policies: HashMap<Bytes, Option<Rc<ApplicationPolicy>>>,
    changed: Changed,
}

/// Why a namespace's check has failed.
enum Failure {
    Refused(Box<Refused>),
    State(Error),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::State(error.into())
    }
}

impl From<Box<Refused>> for Failure {
    fn from(refused: Box<Refused>) -> Self {
        Self::Refused(refused)
    }
}

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
            changed: Changed::of_block(reader.height()),
        }
    }

    /// Whether the transaction, the one of this index in the block, is endorsed as all that it writes asks for.
    ///
    /// # Errors
    /// The state could not be read.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        tx: &EndorsedContent,
    ) -> Result<Result<(), Box<Refused>>, Error> {
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
            match self.check_namespace(index, name, set, &tx.endorsers) {
                Ok(()) => {}
                Err(Failure::Refused(refused)) => return Ok(Err(refused)),
                Err(Failure::State(error)) => return Err(error),
            }
        }
        Ok(Ok(()))
    }

    fn check_namespace(
        &mut self,
        index: u64,
        name: &str,
        set: Option<&NamespaceRwSet>,
        endorsers: &[Arc<Identity>],
    ) -> Result<(), Failure> {
        let namespace = self.namespace(name)?.map_err(|rule| {
            let part = format!("chaincode {name:?}");
            Refused::rule(TxValidationCode::InvalidChaincode, part, rule)
        })?;
        let reader = self.reader;
        let place = Place {
            namespace: name,
            collection: "",
            key: None,
        };
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
            evaluated |= self.check_keys(place, rows, &policy, endorsers)?;
            for collection in set
                .collections()
                .iter()
                .filter(|collection| collection.is_written())
            {
                let collection_name = collection.name();
                let place = Place {
                    collection: collection_name,
                    ..place
                };
                let hashes = collection
                    .writes()
                    .map(|(hash, _)| hash)
                    .chain(collection.metadata_writes());
                let rows = hashes
                    .map(|hash| (hash.clone(), reader.get_hashed(name, collection_name, hash)));
                let policy = namespace
                    .collection_policy(&self.channel(), collection_name)
                    .ok_or_else(|| place.undefined())?;
                evaluated |= self.check_keys(place, rows, &policy, endorsers)?;
            }
        }
        if !evaluated {
            let policy = namespace.policy(&self.channel());
            self.evaluate(place, &policy, endorsers)?;
        }
        if let Some(set) = set {
            self.changed.note(index, name, set);
        }
        Ok(())
    }

    /// Each key by its own policy if it has one, else all of them once by `policy`. Whether there was any key.
    fn check_keys(
        &mut self,
        place: Place<'_>,
        keys: impl Iterator<Item = Row>,
        policy: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Result<bool, Failure> {
        let (mut any, mut by_policy) = (false, false);
        for (key, row) in keys {
            any = true;
            let place = Place {
                key: Some(&key),
                ..place
            };
            self.changed.check(place, &key)?;
            let parameter = row?.and_then(|row| row.validation_parameter());
            match parameter.filter(|parameter| !parameter.is_empty()) {
                Some(parameter) => self.evaluate_key_policy(place, &parameter, endorsers)?,
                None if by_policy => {}
                None => {
                    self.evaluate(place, policy, endorsers)?;
                    by_policy = true;
                }
            }
        }
        Ok(any)
    }

    /// A parameter that is no policy is satisfied by nobody.
    fn evaluate_key_policy(
        &self,
        place: Place<'_>,
        parameter: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Result<(), Failure> {
        let holds = SignaturePolicy::parse(parameter)
            .is_ok_and(|policy| policy.evaluate(self.bundle.msps(), endorsers).is_ok());
        if holds {
            return Ok(());
        }
        Err(self.not_met(place, cause::Owner::Key, parameter, endorsers))
    }

    fn evaluate(
        &mut self,
        place: Place<'_>,
        policy: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Result<(), Failure> {
        let compiled = self
            .policies
            .entry(policy.clone())
            .or_insert_with(|| ApplicationPolicy::parse(policy).ok().map(Rc::new))
            .clone();
        let policies = self.bundle.policies();
        let holds = compiled
            .is_some_and(|compiled| policies.evaluate_application(&compiled, endorsers).is_ok());
        if holds {
            return Ok(());
        }
        let owner = match self.namespaces.get(place.namespace) {
            Some(Ok(namespace)) => cause::owner(namespace, place.collection),
            _ => cause::Owner::Chaincode,
        };
        Err(self.not_met(place, owner, policy, endorsers))
    }

    fn not_met(
        &self,
        place: Place<'_>,
        owner: cause::Owner,
        policy: &Bytes,
        endorsers: &[Arc<Identity>],
    ) -> Failure {
        let not_met = NotMet {
            written: place.told(),
            owner,
            policy,
            endorsers,
        };
        Failure::Refused(not_met.refused(self.bundle))
    }

    /// The namespace, if transactions may write it, or why not: a definition without plugin or policy is as good as none.
    fn namespace(&mut self, name: &str) -> Result<Result<Rc<Namespace>, &'static str>, Failure> {
        if let Some(known) = self.namespaces.get(name) {
            return Ok(known.clone());
        }
        let namespace = match lifecycle::namespace(self.reader, name) {
            Ok(Some(found)) if can_be_written(&found) => Ok(Rc::new(found)),
            Ok(Some(_)) => Err("its definition has no validation plugin or no endorsement policy"),
            Ok(None) => Err("it has no committed definition"),
            Err(lifecycle::Error::State(error)) => return Err(error.into()),
            // A definition that does not decode was written by a majority of organisations: as good as none.
            Err(_) => Err("its definition does not decode"),
        };
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

fn can_be_written(namespace: &Namespace) -> bool {
    match namespace {
        Namespace::Lifecycle => true,
        Namespace::Chaincode(definition) => definition.can_be_validated(),
    }
}
