//! Collections of private data: the rules for declaring them, and who belongs to one.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use msp::{Identity, MspManager, Principal, policy::SignaturePolicy};
use proto::FromWire;
use proto::{
    common::{
        MspPrincipal, MspRole, OrganizationUnit, SignaturePolicyEnvelope,
        msp_principal::Classification, signature_policy,
    },
    protos::{
        CollectionConfigPackage, StaticCollectionConfig, collection_config,
        collection_policy_config,
    },
};

use crate::{Error, definition::static_collections};

/// Depth of a member policy's rules; ours, Fabric has the decoder's.
const RULE_DEPTH_MAX: usize = 64;

/// Checks the collections of a definition that is approved or committed.
///
/// # Errors
/// [`Error::Refused`] with Fabric's text for the first rule that is broken.
pub(crate) fn check(package: &CollectionConfigPackage, msps: &MspManager) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for config in &package.config {
        let Some(collection_config::Payload::StaticCollectionConfig(collection)) = &config.payload
        else {
            return refuse("collection config contains unexpected payload type: <nil>".to_owned());
        };
        let name = &collection.name;
        if !is_collection_name(name) {
            return refuse(format!(
                "invalid collection name '{name}'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'"
            ));
        }
        if !names.insert(name) {
            return refuse(format!(
                "collection-name: {name} -- found duplicate in collection configuration"
            ));
        }
        check_peer_counts(collection)?;
        check_members(collection, msps)?;
    }
    Ok(())
}

fn refuse<T>(reason: String) -> Result<T, Error> {
    Err(Error::refused(reason))
}

/// Fabric's `^[A-Za-z0-9-]+([A-Za-z0-9_-]+)*$`.
fn is_collection_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && !name.starts_with('_') && name.bytes().all(allowed)
}

fn check_peer_counts(collection: &StaticCollectionConfig) -> Result<(), Error> {
    let (required, maximum) = (
        collection.required_peer_count,
        collection.maximum_peer_count,
    );
    if maximum < required {
        return refuse(format!(
            "collection-name: {} -- maximum peer count ({maximum}) cannot be less than the required peer count ({required})",
            collection.name
        ));
    }
    if required < 0 {
        return refuse(format!(
            "collection-name: {} -- requiredPeerCount ({required}) cannot be less than zero",
            collection.name
        ));
    }
    Ok(())
}

fn check_members(collection: &StaticCollectionConfig, msps: &MspManager) -> Result<(), Error> {
    let name = &collection.name;
    if collection.member_orgs_policy.is_none() {
        return refuse(format!(
            "collection member policy is not set for collection '{name}'"
        ));
    }
    let Some(policy) = member_policy(collection) else {
        return refuse(format!(
            "collection member org policy is empty for collection '{name}'"
        ));
    };
    SignaturePolicy::compile(policy).map_err(|error| {
        Error::refused(format!(
            "invalid member org policy for collection '{name}': {error}"
        ))
    })?;
    only_ors(policy.rule.as_ref(), RULE_DEPTH_MAX).map_err(|reason| {
        Error::refused(format!(
            "collection-name: {name} -- error in member org policy: {reason}"
        ))
    })?;
    policy
        .identities
        .iter()
        .try_for_each(|principal| check_principal(name, principal, msps))
}

fn member_policy(collection: &StaticCollectionConfig) -> Option<&SignaturePolicyEnvelope> {
    match &collection.member_orgs_policy.as_ref()?.payload {
        Some(collection_policy_config::Payload::SignaturePolicy(policy)) => Some(policy),
        None => None,
    }
}

fn only_ors(
    rule: Option<&proto::common::SignaturePolicy>,
    depth_left: usize,
) -> Result<(), String> {
    let Some(signature_policy::Type::NOutOf(gate)) = rule.and_then(|rule| rule.r#type.as_ref())
    else {
        return Ok(());
    };
    if gate.n != 1 {
        return Err(format!(
            "signature policy is not an OR concatenation, NOutOf {}",
            gate.n
        ));
    }
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err("signature policy is nested too deep".to_owned());
    };
    gate.rules
        .iter()
        .try_for_each(|rule| only_ors(Some(rule), depth_left))
}

fn check_principal(
    collection: &str,
    principal: &MspPrincipal,
    msps: &MspManager,
) -> Result<(), Error> {
    let undecodable = |what: &str| {
        Error::refused(format!(
            "collection-name: {collection} -- cannot unmarshal identity bytes into {what}"
        ))
    };
    let bytes = principal.principal.clone();
    let msp_id = match classification(principal) {
        Some(Classification::Role) => {
            MspRole::from_wire(bytes)
                .map_err(|_| undecodable("MSPRole"))?
                .msp_identifier
        }
        Some(Classification::OrganizationUnit) => {
            OrganizationUnit::from_wire(bytes)
                .map_err(|_| undecodable("OrganizationUnit"))?
                .msp_identifier
        }
        Some(Classification::Identity) => {
            return match msps.identity(&bytes) {
                Ok(_) => Ok(()),
                Err(_) => refuse(format!(
                    "collection-name: {collection} -- contains an identity that is not part of the channel"
                )),
            };
        }
        _ => {
            return refuse(format!(
                "collection-name: {collection} -- principal type {} is not supported",
                principal.principal_classification
            ));
        }
    };
    if msps.msp(&msp_id).is_none() {
        return refuse(format!(
            "collection-name: {collection} -- collection member '{msp_id}' is not part of the channel"
        ));
    }
    Ok(())
}

fn classification(principal: &MspPrincipal) -> Option<Classification> {
    Classification::try_from(principal.principal_classification).ok()
}

/// Checks what may not change between a committed definition and the next: no collection goes, no blockToLive changes.
pub(crate) fn check_against_committed(
    proposed: &CollectionConfigPackage,
    committed: &CollectionConfigPackage,
) -> Result<(), Error> {
    if committed.config.is_empty() {
        return Ok(());
    }
    if proposed.config.is_empty() {
        return refuse(
            "the proposed collection config does not contain previously defined collections"
                .to_owned(),
        );
    }
    let proposed: BTreeMap<_, _> = static_collections(proposed)
        .map(|collection| (collection.name.as_str(), collection.block_to_live))
        .collect();
    for old in static_collections(committed) {
        match proposed.get(old.name.as_str()) {
            None => {
                return refuse(format!(
                    "existing collection [{}] missing in the proposed collection configuration",
                    old.name
                ));
            }
            Some(block_to_live) if *block_to_live != old.block_to_live => {
                return refuse(format!(
                    "the BlockToLive in an existing collection [{}] modified. Existing value [{}]",
                    old.name, old.block_to_live
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether an identity belongs to a collection by its member policy. Its signature is the caller's to check.
///
/// A policy that does not compile has no members.
#[must_use]
pub fn is_member(
    collection: &StaticCollectionConfig,
    identity: &Identity,
    msps: &MspManager,
) -> bool {
    let Some(policy) = member_policy(collection) else {
        return false;
    };
    let mut named = BTreeSet::new();
    named_principals(policy.rule.as_ref(), RULE_DEPTH_MAX, &mut named);
    named.iter().any(|index| {
        usize::try_from(*index)
            .ok()
            .and_then(|index| policy.identities.get(index))
            .is_some_and(|principal| msps.satisfies(identity, &Principal::new(principal)).is_ok())
    })
}

fn named_principals(
    rule: Option<&proto::common::SignaturePolicy>,
    depth_left: usize,
    named: &mut BTreeSet<i32>,
) {
    match rule.and_then(|rule| rule.r#type.as_ref()) {
        Some(signature_policy::Type::SignedBy(index)) => {
            named.insert(*index);
        }
        Some(signature_policy::Type::NOutOf(gate)) => {
            if let Some(depth_left) = depth_left.checked_sub(1) {
                for rule in &gate.rules {
                    named_principals(Some(rule), depth_left, named);
                }
            }
        }
        None => {}
    }
}

/// The organisations whose peers hold a collection's data, by the principals of its member policy.
#[must_use]
pub fn member_orgs(collection: &StaticCollectionConfig) -> BTreeSet<String> {
    let Some(policy) = member_policy(collection) else {
        return BTreeSet::new();
    };
    policy.identities.iter().filter_map(principal_org).collect()
}

fn principal_org(principal: &MspPrincipal) -> Option<String> {
    let bytes: Bytes = principal.principal.clone();
    match classification(principal)? {
        Classification::Role => Some(MspRole::from_wire(bytes).ok()?.msp_identifier),
        Classification::OrganizationUnit => {
            Some(OrganizationUnit::from_wire(bytes).ok()?.msp_identifier)
        }
        Classification::Identity => {
            Some(proto::msp::SerializedIdentity::from_wire(bytes).ok()?.mspid)
        }
        _ => None,
    }
}

/// What a client wants to do with a collection's data in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateAccess {
    /// Read values.
    Read,
    /// Write or delete values.
    Write,
}

/// Whether the client of a transaction may use a collection through a chaincode: members always, others unless the
/// collection is for members only.
///
/// # Errors
/// [`Error::Refused`] with the text that Fabric gives the chaincode.
pub fn check_client(
    chaincode: &str,
    collection: &StaticCollectionConfig,
    client: &Identity,
    msps: &MspManager,
    access: PrivateAccess,
) -> Result<(), Error> {
    let (members_only, word) = match access {
        PrivateAccess::Read => (collection.member_only_read, "read"),
        PrivateAccess::Write => (collection.member_only_write, "write"),
    };
    if !members_only || is_member(collection, client, msps) {
        return Ok(());
    }
    refuse(format!(
        "tx creator does not have {word} access permission on privatedata in chaincodeName:{chaincode} collectionName: {}",
        collection.name
    ))
}
