//! Whom a policy names.

use bytes::Bytes;
use prost::Message;
use proto::FromWire;
use proto::common::{
    CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, MspRole, OrganizationUnit,
    msp_identity_anonymity::MspIdentityAnonymityType, msp_principal::Classification,
    msp_role::MspRoleType,
};

use crate::{Certificate, Identity};

/// How deep principals may be nested in combined principals.
const NESTING_MAX: u32 = 16;

/// What members of an MSP can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Any valid identity of the MSP.
    Member,
    /// An administrator: listed in the MSP's configuration, or with the unit for it.
    Admin,
    /// A client, by its unit.
    Client,
    /// A peer, by its unit.
    Peer,
    /// An orderer, by its unit.
    Orderer,
}

impl Role {
    /// All roles and the words for them in policies.
    const WORDS: [(Role, &str); 5] = [
        (Role::Member, "member"),
        (Role::Admin, "admin"),
        (Role::Client, "client"),
        (Role::Peer, "peer"),
        (Role::Orderer, "orderer"),
    ];

    /// The word for it in policies.
    #[must_use]
    pub fn word(self) -> &'static str {
        Role::WORDS
            .iter()
            .find(|(role, _)| *role == self)
            .map_or("", |(_, word)| word)
    }

    /// The role that a policy's word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Role> {
        Role::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(role, _)| *role)
    }

    /// The number that stands for it in messages.
    pub(crate) fn number(self) -> i32 {
        match self {
            Role::Member => MspRoleType::Member,
            Role::Admin => MspRoleType::Admin,
            Role::Client => MspRoleType::Client,
            Role::Peer => MspRoleType::Peer,
            Role::Orderer => MspRoleType::Orderer,
        }
        .into()
    }

    fn from_number(number: i32) -> Option<Role> {
        Some(match MspRoleType::try_from(number).ok()? {
            MspRoleType::Member => Role::Member,
            MspRoleType::Admin => Role::Admin,
            MspRoleType::Client => Role::Client,
            MspRoleType::Peer => Role::Peer,
            MspRoleType::Orderer => Role::Orderer,
        })
    }
}

/// A decoded `MSPPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Somebody with a role in an MSP.
    Role {
        /// The MSP.
        msp_id: String,
        /// The role.
        role: Role,
    },
    /// Somebody of an organisational unit.
    Unit {
        /// The MSP.
        msp_id: String,
        /// The text of the OU attribute.
        name: String,
        /// Who must have vouched for it; see [`OrganizationalUnit`](crate::OrganizationalUnit).
        certifiers_id: Bytes,
    },
    /// One certificate.
    Identity {
        /// The MSP it is of.
        msp_id: String,
        /// The certificate.
        certificate: Box<Certificate>,
    },
    /// Anybody who has a name, which every X.509 identity has.
    Nominal,
    /// Somebody who satisfies all of these.
    All(Vec<Principal>),
    /// Nobody: the principal cannot be read, or X.509 has nothing like it. The text says why.
    Nobody(String),
}

impl Principal {
    /// Reads a principal. One that does not decode is kept as one that nobody satisfies, as in Fabric.
    #[must_use]
    pub fn new(principal: &MspPrincipal) -> Principal {
        Principal::decode(principal, 0)
    }

    /// The principal of a role, marshalled.
    #[must_use]
    pub fn of_role(msp_id: &str, role: Role) -> MspPrincipal {
        let role = MspRole {
            msp_identifier: msp_id.to_owned(),
            role: role.number(),
        };
        MspPrincipal {
            principal_classification: Classification::Role.into(),
            principal: role.encode_to_vec().into(),
        }
    }

    /// The MSP it names, if it names exactly one.
    #[must_use]
    pub fn msp_id(&self) -> Option<&str> {
        match self {
            Principal::Role { msp_id, .. }
            | Principal::Unit { msp_id, .. }
            | Principal::Identity { msp_id, .. } => Some(msp_id),
            Principal::Nominal | Principal::All(_) | Principal::Nobody(_) => None,
        }
    }

    fn decode(principal: &MspPrincipal, depth: u32) -> Principal {
        let bytes = principal.principal.clone();
        let nobody =
            |what: &str| Principal::Nobody(format!("the principal's {what} cannot be read"));
        match Classification::try_from(principal.principal_classification) {
            Ok(Classification::Role) => decode_role(bytes).unwrap_or_else(|| nobody("role")),
            Ok(Classification::OrganizationUnit) => match OrganizationUnit::from_wire(bytes) {
                Ok(unit) => Principal::Unit {
                    msp_id: unit.msp_identifier,
                    name: unit.organizational_unit_identifier,
                    certifiers_id: unit.certifiers_identifier,
                },
                Err(_) => nobody("organisational unit"),
            },
            Ok(Classification::Identity) => match Identity::decode(&bytes) {
                Ok((msp_id, certificate)) => Principal::Identity {
                    msp_id,
                    certificate: Box::new(certificate),
                },
                Err(_) => nobody("identity"),
            },
            Ok(Classification::Anonymity) => match MspIdentityAnonymity::from_wire(bytes) {
                Ok(wish) if wish.anonymity_type == i32::from(MspIdentityAnonymityType::Nominal) => {
                    Principal::Nominal
                }
                Ok(_) => Principal::Nobody("X.509 identities are never anonymous".to_owned()),
                Err(_) => nobody("anonymity"),
            },
            Ok(Classification::Combined) if depth < NESTING_MAX => decode_combined(bytes, depth),
            Ok(Classification::Combined) => {
                Principal::Nobody("principals are nested too deep".to_owned())
            }
            Err(_) => nobody("classification"),
        }
    }
}

fn decode_role(bytes: Bytes) -> Option<Principal> {
    let role = MspRole::from_wire(bytes).ok()?;
    Some(Principal::Role {
        msp_id: role.msp_identifier,
        role: Role::from_number(role.role)?,
    })
}

fn decode_combined(bytes: Bytes, depth: u32) -> Principal {
    match CombinedPrincipal::from_wire(bytes) {
        Ok(combined) if combined.principals.is_empty() => {
            Principal::Nobody("a combined principal is empty".to_owned())
        }
        Ok(combined) => Principal::All(
            combined
                .principals
                .iter()
                .map(|part| Principal::decode(part, depth + 1))
                .collect(),
        ),
        Err(_) => Principal::Nobody("the combined principal cannot be read".to_owned()),
    }
}
