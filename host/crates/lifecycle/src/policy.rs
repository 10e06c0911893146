//! Which policy decides over a write: the chaincode's, a collection's, an organisation's, or the lifecycle's own.

use bytes::Bytes;
use msp::{MspManager, policy::PolicyTree};
use prost::Message;
use proto::{
    common::{
        MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope,
        msp_principal::Classification, msp_role::MspRoleType, signature_policy,
    },
    protos::{ApplicationPolicy, application_policy},
};
use rwset::StateReader;

use crate::{
    Definition, Error, definition,
    keys::{NAMESPACE, implicit_collection_org},
};

const ENDORSEMENT: &str = "/Channel/Application/Endorsement";
const LIFECYCLE_ENDORSEMENT: &str = "/Channel/Application/LifecycleEndorsement";

/// What the lifecycle needs to know of a channel's configuration.
#[derive(Clone, Copy)]
pub struct Channel<'a> {
    /// The channel's name.
    pub id: &'a str,
    /// The application organisations: name of the group, name of the MSP.
    pub orgs: &'a [(String, String)],
    /// The channel's MSPs.
    pub msps: &'a MspManager,
    /// The channel's policies.
    pub policies: &'a PolicyTree,
}

/// A namespace that transactions may write.
#[derive(Debug, Clone, PartialEq)]
pub enum Namespace {
    /// `_lifecycle` itself.
    Lifecycle,
    /// A chaincode with a committed definition.
    Chaincode(Definition),
}

/// The namespace of that name; `None` if no definition is committed, so that writing it is INVALID_CHAINCODE.
///
/// # Errors
/// [`Error::State`] and [`Error::Corrupt`].
pub fn namespace(reader: &dyn StateReader, name: &str) -> Result<Option<Namespace>, Error> {
    if name == NAMESPACE {
        return Ok(Some(Namespace::Lifecycle));
    }
    Ok(definition(reader, name)?.map(Namespace::Chaincode))
}

impl Namespace {
    /// The marshalled `ApplicationPolicy` over public writes.
    #[must_use]
    pub fn policy(&self, channel: &Channel<'_>) -> Bytes {
        match self {
            Self::Lifecycle => lifecycle_policy(channel),
            Self::Chaincode(definition) => definition.validation_parameter.clone(),
        }
    }

    /// The marshalled `ApplicationPolicy` over writes to a collection: its own if it has one, else the chaincode's; of an
    /// implicit collection, its organisation's.
    ///
    /// `None` if the namespace has no such collection; a transaction that writes it is ENDORSEMENT_POLICY_FAILURE.
    #[must_use]
    pub fn collection_policy(&self, channel: &Channel<'_>, collection: &str) -> Option<Bytes> {
        if let Some(msp_id) = implicit_collection_org(collection) {
            return implicit_policy(channel, msp_id);
        }
        let Self::Chaincode(definition) = self else {
            return None;
        };
        let own = &definition.collection(collection)?.endorsement_policy;
        Some(own.as_ref().map_or_else(
            || definition.validation_parameter.clone(),
            |policy| policy.encode_to_vec().into(),
        ))
    }
}

/// What an approved definition gets when it names no endorsement policy.
///
/// # Errors
/// [`Error::Refused`] when the channel has no default.
pub(crate) fn default_policy(channel: &Channel<'_>) -> Result<Bytes, Error> {
    if channel.policies.contains(ENDORSEMENT) {
        return Ok(reference(ENDORSEMENT));
    }
    Err(Error::refused(format!(
        "policy '{ENDORSEMENT}' must be defined for channel '{}' before chaincode operations can be attempted",
        channel.id
    )))
}

/// The channel's LifecycleEndorsement; without one, a member of more than half of the organisations.
fn lifecycle_policy(channel: &Channel<'_>) -> Bytes {
    if channel.policies.contains(LIFECYCLE_ENDORSEMENT) {
        return reference(LIFECYCLE_ENDORSEMENT);
    }
    let mut msp_ids: Vec<&str> = channel.orgs.iter().map(|(_, id)| id.as_str()).collect();
    msp_ids.sort_unstable();
    members(msp_ids.len() / 2 + 1, &msp_ids)
}

/// The Endorsement policy of the organisation's group; without one, any member. `None` for an organisation not on the channel.
fn implicit_policy(channel: &Channel<'_>, msp_id: &str) -> Option<Bytes> {
    let (group, _) = channel.orgs.iter().find(|(_, id)| id == msp_id)?;
    let path = format!("/Channel/Application/{group}/Endorsement");
    if channel.policies.contains(&path) {
        return Some(reference(&path));
    }
    Some(members(1, &[msp_id]))
}

fn reference(path: &str) -> Bytes {
    let policy = ApplicationPolicy {
        r#type: Some(application_policy::Type::ChannelConfigPolicyReference(
            path.to_owned(),
        )),
    };
    policy.encode_to_vec().into()
}

/// A member of so many of the organisations must sign.
fn members(needed: usize, msp_ids: &[&str]) -> Bytes {
    let signed_by = |(index, _)| SignaturePolicy {
        r#type: Some(signature_policy::Type::SignedBy(index)),
    };
    let principal = |msp_id: &&str| MspPrincipal {
        principal_classification: Classification::Role.into(),
        principal: MspRole {
            msp_identifier: (*msp_id).to_owned(),
            role: MspRoleType::Member.into(),
        }
        .encode_to_vec()
        .into(),
    };
    let envelope = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(SignaturePolicy {
            r#type: Some(signature_policy::Type::NOutOf(signature_policy::NOutOf {
                n: i32::try_from(needed).unwrap_or(i32::MAX),
                rules: (0..).zip(msp_ids).map(signed_by).collect(),
            })),
        }),
        identities: msp_ids.iter().map(principal).collect(),
    };
    let policy = ApplicationPolicy {
        r#type: Some(application_policy::Type::SignaturePolicy(envelope)),
    };
    policy.encode_to_vec().into()
}
