//! The policies of a group, as a description gives them.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use proto::common::{
    ConfigPolicy, ImplicitMetaPolicy, Policy, SignaturePolicyEnvelope, implicit_meta_policy::Rule,
    policy::PolicyType,
};

use crate::{
    Error,
    names::{ADMINS, BLOCK_VALIDATION, ENDORSEMENT, LIFECYCLE_ENDORSEMENT, READERS, WRITERS},
};

/// Policies of one group, by name.
pub type Policies = BTreeMap<String, PolicyRule>;

/// How many of the groups one level below must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImplicitRule {
    /// At least one.
    Any,
    /// Every one.
    All,
    /// More than half.
    Majority,
}

/// Who satisfies a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyRule {
    /// So many of the groups below, each by its own policy of the name `sub_policy`.
    ImplicitMeta {
        /// How many.
        rule: ImplicitRule,
        /// Which policy of theirs.
        sub_policy: String,
    },
    /// These signers.
    Signature(SignaturePolicyEnvelope),
}

impl PolicyRule {
    /// Any group below satisfies its `sub_policy`.
    #[must_use]
    pub fn any(sub_policy: &str) -> Self {
        Self::implicit(ImplicitRule::Any, sub_policy)
    }

    /// Every group below satisfies its `sub_policy`.
    #[must_use]
    pub fn all(sub_policy: &str) -> Self {
        Self::implicit(ImplicitRule::All, sub_policy)
    }

    /// More than half of the groups below satisfy their `sub_policy`.
    #[must_use]
    pub fn majority(sub_policy: &str) -> Self {
        Self::implicit(ImplicitRule::Majority, sub_policy)
    }

    fn implicit(rule: ImplicitRule, sub_policy: &str) -> Self {
        Self::ImplicitMeta {
            rule,
            sub_policy: sub_policy.to_owned(),
        }
    }

    /// Reads a rule in the forms of `configtx.yaml`: type `Signature` with `OR('Org1MSP.admin')`, or type
    /// `ImplicitMeta` with `MAJORITY Admins`.
    ///
    /// # Errors
    /// [`Error::Description`] when the type is neither or the rule does not read.
    pub fn parse(kind: &str, rule: &str) -> Result<Self, Error> {
        match kind {
            "Signature" => msp::policy::dsl::parse(rule)
                .map(Self::Signature)
                .map_err(|error| {
                    Error::Description(format!("invalid signature policy rule '{rule}': {error}"))
                }),
            "ImplicitMeta" => Self::parse_implicit(rule).ok_or_else(|| {
                Error::Description(format!("invalid implicit meta policy rule '{rule}'"))
            }),
            _ => Err(Error::Description(format!("unknown policy type: {kind}"))),
        }
    }

    fn parse_implicit(rule: &str) -> Option<Self> {
        let (quantity, sub_policy) = rule.split_once(' ')?;
        let quantity = match quantity {
            "ANY" => ImplicitRule::Any,
            "ALL" => ImplicitRule::All,
            "MAJORITY" => ImplicitRule::Majority,
            _ => return None,
        };
        (!sub_policy.is_empty()).then(|| Self::implicit(quantity, sub_policy))
    }

    pub(super) fn encode(&self) -> ConfigPolicy {
        let (kind, value) = match self {
            Self::Signature(envelope) => (PolicyType::Signature, envelope.encode_to_vec()),
            Self::ImplicitMeta { rule, sub_policy } => {
                let rule = match rule {
                    ImplicitRule::Any => Rule::Any,
                    ImplicitRule::All => Rule::All,
                    ImplicitRule::Majority => Rule::Majority,
                };
                let policy = ImplicitMetaPolicy {
                    sub_policy: sub_policy.clone(),
                    rule: rule.into(),
                };
                (PolicyType::ImplicitMeta, policy.encode_to_vec())
            }
        };
        ConfigPolicy {
            version: 0,
            policy: Some(Policy {
                r#type: kind.into(),
                value: Bytes::from(value),
            }),
            mod_policy: ADMINS.to_owned(),
        }
    }
}

/// Readers and Writers: any group below; Admins: a majority of them.
pub(super) fn of_channel() -> Policies {
    Policies::from([
        (READERS.to_owned(), PolicyRule::any(READERS)),
        (WRITERS.to_owned(), PolicyRule::any(WRITERS)),
        (ADMINS.to_owned(), PolicyRule::majority(ADMINS)),
    ])
}

/// The channel's, and any writer below may sign blocks.
pub(super) fn of_orderer() -> Policies {
    let mut policies = of_channel();
    policies.insert(BLOCK_VALIDATION.to_owned(), PolicyRule::any(WRITERS));
    policies
}

/// The channel's, and a majority of organisations endorses transactions and chaincode definitions.
pub(super) fn of_application() -> Policies {
    let mut policies = of_channel();
    for name in [ENDORSEMENT, LIFECYCLE_ENDORSEMENT] {
        policies.insert(name.to_owned(), PolicyRule::majority(ENDORSEMENT));
    }
    policies
}

/// Peers, clients and admins read, clients and admins write, peers endorse.
pub(super) fn of_application_org(msp_id: &str) -> Result<Policies, Error> {
    signatures(&[
        (
            READERS,
            format!("OR('{msp_id}.admin', '{msp_id}.peer', '{msp_id}.client')"),
        ),
        (WRITERS, format!("OR('{msp_id}.admin', '{msp_id}.client')")),
        (ADMINS, format!("OR('{msp_id}.admin')")),
        (ENDORSEMENT, format!("OR('{msp_id}.peer')")),
    ])
}

/// Members read and write, admins administer.
pub(super) fn of_orderer_org(msp_id: &str) -> Result<Policies, Error> {
    signatures(&[
        (READERS, format!("OR('{msp_id}.member')")),
        (WRITERS, format!("OR('{msp_id}.member')")),
        (ADMINS, format!("OR('{msp_id}.admin')")),
    ])
}

fn signatures(rules: &[(&str, String)]) -> Result<Policies, Error> {
    rules
        .iter()
        .map(|(name, rule)| Ok(((*name).to_owned(), PolicyRule::parse("Signature", rule)?)))
        .collect()
}
