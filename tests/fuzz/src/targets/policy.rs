//! Policies of chaincodes and collections, as messages and as text.
//!
//! The first byte says what the rest is; of a message it also chooses who signed.

use std::collections::BTreeSet;
use std::sync::Arc;

use msp::policy::{ApplicationPolicy, SignaturePolicy, dsl};
use msp::{Identity, Principal, Signer as _};
use prost::Message as _;
use proto::FromWire as _;
use proto::common::signature_policy::Type;
use proto::common::{SignaturePolicy as Rule, SignaturePolicyEnvelope};
use proto::protos::ApplicationPolicy as ApplicationPolicyMessage;

use crate::network::network;

/// This many names of policies; the genesis block has the first two.
const PATHS: [&str; 3] = [
    "/Channel/Application/Endorsement",
    "/Channel/Writers",
    "/Channel/Nowhere",
];

/// Who signs a policy that came as text: nobody, one, some, everybody.
const SIGNERS: [u8; 6] = [0, 0b10, 0b1_0000, 0b1_0010, 0b11_0110, 0xff];

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => text(rest),
        1 => application(rest),
        _ => signature(rest, kind >> 2),
    }
}

/// What the language's reader accepts can be written, read again to the same, decoded again and used.
fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(policy) = dsl::parse(text) else {
        return;
    };
    let written = dsl::to_text(&policy);
    let again = dsl::parse(&written);
    assert_eq!(again.as_ref().ok(), Some(&policy), "{written}");
    let encoded = policy.encode_to_vec();
    let decoded = SignaturePolicyEnvelope::decode(encoded.as_slice());
    assert_eq!(decoded.expect("what we make can be decoded"), policy);
    SignaturePolicy::compile(&policy).expect("what the language says can be used");
    for signed in SIGNERS {
        evaluate(&policy, signed);
    }
}

fn application(bytes: &[u8]) {
    let message = ApplicationPolicyMessage::from_wire(bytes.to_vec());
    let policy = ApplicationPolicy::parse(bytes);
    let words = lifecycle::described::policy_words(&bytes.to_vec().into());
    assert!(message.is_ok() || words == hex::encode(bytes));
    assert!(message.is_ok() || policy.is_err());
    if let Ok(policy) = policy {
        let signers = signers(0xff);
        let _ = network()
            .bundle
            .policies()
            .evaluate_application(&policy, &signers);
    }
}

fn signature(bytes: &[u8], signed: u8) {
    let Ok(policy) = SignaturePolicyEnvelope::from_wire(bytes.to_vec()) else {
        assert!(SignaturePolicy::parse(bytes).is_err());
        return;
    };
    let _ = dsl::to_text(&policy);
    evaluate(&policy, signed);
}

/// The evaluator's answer is that of a simpler one.
fn evaluate(message: &SignaturePolicyEnvelope, signed: u8) {
    let Ok(policy) = SignaturePolicy::compile(message) else {
        return;
    };
    let msps = network().bundle.msps();
    let signers = signers(signed);
    let answer = policy.evaluate(msps, &signers).is_ok();
    let principals: Vec<Principal> = message.identities.iter().map(Principal::new).collect();
    // Asking who is whom once for each pair; a rule may ask thousands of times.
    let is: Vec<Vec<bool>> = principals
        .iter()
        .map(|principal| {
            let satisfied = |signer| msps.satisfies(signer, principal).is_ok();
            signers.iter().map(|signer| satisfied(signer)).collect()
        })
        .collect();
    let rule = message.rule.as_ref().expect("it compiled");
    let naive = naive(rule, &is, (0..signers.len()).collect()).is_some();
    assert_eq!(answer, naive, "{}", dsl::to_text(message));
}

/// The signers left over, if the rule holds for those that are free.
fn naive(rule: &Rule, is: &[Vec<bool>], free: BTreeSet<usize>) -> Option<BTreeSet<usize>> {
    match rule.r#type.as_ref().expect("it compiled") {
        Type::SignedBy(index) => {
            let principal = &is[usize::try_from(*index).expect("it compiled")];
            let taken = free.iter().copied().find(|signer| principal[*signer])?;
            Some(free.into_iter().filter(|signer| *signer != taken).collect())
        }
        Type::NOutOf(gate) => {
            let mut free = free;
            let mut held = 0;
            for rule in &gate.rules {
                if let Some(rest) = naive(rule, is, free.clone()) {
                    free = rest;
                    held += 1;
                }
            }
            (held >= gate.n).then_some(free)
        }
    }
}

/// Those of the six members whose bit is set.
fn signers(bits: u8) -> Vec<Arc<Identity>> {
    let network = network();
    let members = network.members.iter().flatten().enumerate();
    let chosen = members.filter(|(index, _)| bits >> index & 1 == 1);
    let identity = |identity| network.bundle.msps().identity(identity);
    chosen
        .map(|(_, member)| identity(member.identity()).expect("a member is known"))
        .collect()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "AND('Org1MSP.peer', OR('Org2MSP.member', 'Org1MSP.admin'))",
        "OutOf(2, 'Org1MSP.client', \"Org2MSP.peer\", OutOf(0, 'Org1MSP.member'))",
        "or('Org1MSP.member','Org1MSP.member')",
        // A rule that fails gives back whom it used.
        "OR(AND('Org1MSP.client', 'Org2MSP.client'), 'Org1MSP.client')",
    ];
    let mut seeds = Vec::new();
    for text in texts {
        let policy = dsl::parse(text).unwrap();
        let of_application = ApplicationPolicyMessage {
            r#type: Some(proto::protos::application_policy::Type::SignaturePolicy(
                policy.clone(),
            )),
        };
        seeds.push([&[0], text.as_bytes()].concat());
        seeds.push([&[1], &of_application.encode_to_vec()[..]].concat());
        seeds.push([&[0xfe], &policy.encode_to_vec()[..]].concat());
    }
    for path in PATHS {
        let policy = lifecycle::described::PolicyText::Reference(path.to_owned());
        let policy = lifecycle::described::policy(Some(&policy)).unwrap();
        seeds.push([&[1], &policy[..]].concat());
    }
    seeds
}
