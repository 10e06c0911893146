//! Why endorsements are not enough: the policy, rule by rule, and the endorsements that do not count.

use std::collections::HashSet;
use std::sync::Arc;

use ::channel::Bundle;
use bytes::Bytes;
use decoded::{Cause, Key, NotCounted, PolicyNotMet, PolicyRule};
use lifecycle::{Namespace, implicit_collection_org};
use model::TxValidationCode;
use model::transaction::{Content, Opened};
use msp::Identity;
use msp::policy::{ApplicationPolicy, SignaturePolicy, SignedData, Step, dsl, trace};
use prost::Message as _;
use proto::common::SignaturePolicyEnvelope;
use proto::protos::{ApplicationPolicy as ApplicationPolicyMessage, application_policy::Type};

use super::{Refused, signer, stated};
use crate::verify::endorsements;

pub(crate) use decoded::PolicyOwner as Owner;

/// Rules that are told of a policy; what is kept may be less.
const RULES_MAX: usize = 64;
/// Endorsements that are looked at once more: a bad signature costs a commit about 100 µs.
const ENDORSEMENTS_MAX: usize = 16;

/// A policy that some endorsers do not satisfy.
pub(crate) struct NotMet<'a> {
    /// What is written that it is asked for.
    pub(crate) written: Key,
    pub(crate) owner: Owner,
    /// An encoded `ApplicationPolicy`; of a key's own policy an encoded `SignaturePolicyEnvelope`.
    pub(crate) policy: &'a Bytes,
    pub(crate) endorsers: &'a [Arc<Identity>],
}

impl NotMet<'_> {
    /// Evaluates the policy once more and tells what it finds.
    pub(crate) fn refused(self, bundle: &Bundle) -> Box<Refused> {
        let (compiled, text) = match self.owner {
            Owner::Key => (
                SignaturePolicy::parse(self.policy).map(ApplicationPolicy::Signature),
                signature_text(self.policy),
            ),
            _ => (
                ApplicationPolicy::parse(self.policy),
                application_text(self.policy),
            ),
        };
        let rules = match compiled {
            Ok(policy) => {
                let steps = trace(bundle.policies(), &policy, self.endorsers, RULES_MAX);
                steps.into_iter().map(rule).collect()
            }
            Err(error) => vec![PolicyRule {
                depth: 0,
                rule: "the policy as a whole".to_owned(),
                held: false,
                by: None,
                lacks: Some(error.to_string()),
            }],
        };
        let good = self.endorsers.iter().filter(|one| one.validate().is_ok());
        let endorsers = good.take(ENDORSEMENTS_MAX);
        let not_met = PolicyNotMet {
            written: self.written,
            owner: self.owner,
            policy: text.unwrap_or_else(|| "bytes that are no policy".to_owned()),
            rules,
            rules_left_out: 0,
            endorsers: endorsers.map(|identity| signer(identity)).collect(),
            not_counted: Vec::new(),
            endorsements_left_out: 0,
        };
        Box::new(Refused {
            code: TxValidationCode::EndorsementPolicyFailure,
            cause: Cause::Policy(Box::new(not_met)),
        })
    }
}

/// Whose policy decides over writes to a namespace, or to a collection of it if that is not empty.
pub(crate) fn owner(namespace: &Namespace, collection: &str) -> Owner {
    match namespace {
        _ if implicit_collection_org(collection).is_some() => Owner::Organization,
        Namespace::Lifecycle => Owner::Lifecycle,
        Namespace::Chaincode(definition) => {
            let declared = definition.collection(collection);
            match declared.and_then(|declared| declared.endorsement_policy.as_ref()) {
                Some(_) => Owner::Collection,
                None => Owner::Chaincode,
            }
        }
    }
}

fn rule(step: Step) -> PolicyRule {
    PolicyRule {
        depth: step.depth,
        rule: step.rule,
        held: step.held,
        by: step.by.map(|identity| signer(&identity)),
        lacks: step.lacks,
    }
}

fn signature_text(policy: &Bytes) -> Option<String> {
    let envelope = SignaturePolicyEnvelope::decode(policy.clone()).ok()?;
    Some(dsl::to_text(&envelope))
}

fn application_text(policy: &Bytes) -> Option<String> {
    let message = ApplicationPolicyMessage::decode(policy.clone()).ok()?;
    Some(match message.r#type? {
        Type::SignaturePolicy(envelope) => dsl::to_text(&envelope),
        Type::ChannelConfigPolicyReference(path) => path,
    })
}

/// The endorsements of an entry that do not count, and how many were not looked at.
pub(super) fn not_counted(entry: &Bytes, bundle: &Bundle) -> (Vec<NotCounted>, usize) {
    let opened = Opened::parse(entry).and_then(Opened::content);
    let Ok(Content::Endorsed(endorsed)) = opened else {
        return (Vec::new(), 0);
    };
    let signed = endorsements(&endorsed);
    let left_out = signed.len().saturating_sub(ENDORSEMENTS_MAX);
    let mut seen = HashSet::new();
    let looked_at = signed.iter().take(ENDORSEMENTS_MAX);
    let not_counted = looked_at.filter_map(|signed| {
        let reason = fault(signed, bundle, &mut seen)?;
        Some(NotCounted {
            endorser: stated(&signed.identity),
            reason,
        })
    });
    (not_counted.collect(), left_out)
}

/// Why an endorsement does not count; nothing for one that does.
fn fault(
    signed: &SignedData,
    bundle: &Bundle,
    seen: &mut HashSet<(String, String)>,
) -> Option<String> {
    let identity = match bundle.msps().identity(&signed.identity) {
        Ok(identity) => identity,
        Err(error) => return Some(error.to_string()),
    };
    let name = (identity.msp_id().to_owned(), identity.id().to_owned());
    if seen.contains(&name) {
        return Some("it has endorsed before, and counts once".to_owned());
    }
    if let Err(error) = identity.verify(&signed.data, &signed.signature) {
        return Some(format!("it has not signed this result: {error}"));
    }
    seen.insert(name);
    identity.validate().err().map(|error| error.to_string())
}
