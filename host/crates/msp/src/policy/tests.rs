//! Policies against an evaluator of another make, and against what Fabric is known to answer.

mod agreement;
mod evaluation;
mod language;
mod naive;
mod people;
mod planning;
mod tracing;

use proto::common::{
    SignaturePolicy as RuleMessage, SignaturePolicyEnvelope,
    signature_policy::{NOutOf, Type},
};

use super::SignaturePolicy;
use crate::{Principal, principal::Role};

fn signed_by(index: i32) -> RuleMessage {
    RuleMessage {
        r#type: Some(Type::SignedBy(index)),
    }
}

fn out_of(n: i32, rules: Vec<RuleMessage>) -> RuleMessage {
    RuleMessage {
        r#type: Some(Type::NOutOf(NOutOf { n, rules })),
    }
}

/// An envelope whose principals are the members of these MSPs.
fn envelope(rule: RuleMessage, msp_ids: &[&str]) -> SignaturePolicyEnvelope {
    SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities: msp_ids
            .iter()
            .map(|msp_id| Principal::of_role(msp_id, Role::Member))
            .collect(),
    }
}

/// Whether the policy holds for members of these MSPs, in this order.
fn holds(policy: &SignaturePolicy, candidates: &[&str]) -> bool {
    policy.holds(candidates.len(), |candidate, principal| {
        principal.msp_id() == Some(candidates[candidate])
    })
}
