//! Evaluation of signature policies and of the policies of a channel.

use std::sync::Arc;

use prost::Message;
use proto::common::{
    ConfigGroup, ConfigPolicy, ImplicitMetaPolicy, Policy, implicit_meta_policy::Rule,
    policy::PolicyType,
};

use super::{super::*, envelope, holds, out_of, signed_by, *};
use crate::{Error, MspManager, SignatureMemo};

fn compiled(text: &str) -> SignaturePolicy {
    SignaturePolicy::compile(&dsl::parse(text).unwrap()).unwrap()
}

#[test]
fn every_rule_of_a_gate_is_asked_so_an_inner_or_uses_all_it_finds() {
    let policy = compiled("AND(OR('A.member', 'B.member'), 'B.member')");
    assert!(!holds(&policy, &["A", "B"]), "the OR uses both");
    assert!(holds(&policy, &["A", "B", "B"]));
    assert!(holds(&policy, &["B", "B"]));
    assert!(!holds(&policy, &["B"]));
}

#[test]
fn a_rule_that_fails_gives_back_what_it_used() {
    let policy = compiled("OR(AND('A.member', 'C.member'), 'A.member')");
    assert!(holds(&policy, &["A"]));
}

#[test]
fn one_signature_satisfies_one_leaf_only() {
    let policy = compiled("AND('A.member', 'A.member')");
    assert!(!holds(&policy, &["A"]));
    assert!(holds(&policy, &["A", "A"]));
}

#[test]
fn zero_out_of_any_is_satisfied_by_nobody_and_one_too_many_by_no_one() {
    assert!(holds(&compiled("OutOf(0, 'A.member')"), &[]));
    assert!(!holds(
        &compiled("OutOf(3, 'A.member', 'B.member')"),
        &["A", "B", "A", "B"]
    ));
    let negative = SignaturePolicy::compile(&envelope(out_of(-1, vec![]), &[])).unwrap();
    assert!(holds(&negative, &[]));
}

#[test]
fn policies_that_cannot_be_used_do_not_compile() {
    let refused = |envelope: &SignaturePolicyEnvelope| match SignaturePolicy::compile(envelope) {
        Err(Error::Policy { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    for index in [-1, 2, i32::MAX] {
        assert!(
            refused(&envelope(out_of(1, vec![signed_by(index)]), &["A", "B"]))
                .contains("names principal")
        );
    }
    let mut versioned = envelope(signed_by(0), &["A"]);
    versioned.version = 1;
    assert!(refused(&versioned).contains("version is 1"));
    let mut empty = envelope(signed_by(0), &["A"]);
    empty.rule = None;
    assert!(refused(&empty).contains("no rule"));
    let hollow = envelope(out_of(1, vec![RuleMessage { r#type: None }]), &["A"]);
    assert!(refused(&hollow).contains("a rule is empty"));
    let many = envelope(out_of(1, vec![signed_by(0); POLICY_RULES_MAX]), &["A"]);
    assert!(refused(&many).contains("more than"));
}

pub(super) fn config_policy(kind: PolicyType, value: Vec<u8>) -> ConfigPolicy {
    ConfigPolicy {
        policy: Some(Policy {
            r#type: kind.into(),
            value: value.into(),
        }),
        ..ConfigPolicy::default()
    }
}

pub(super) fn meta(rule: Rule, name: &str) -> ConfigPolicy {
    let policy = ImplicitMetaPolicy {
        sub_policy: name.to_owned(),
        rule: rule.into(),
    };
    config_policy(PolicyType::ImplicitMeta, policy.encode_to_vec())
}

pub(super) fn group(
    policies: &[(&str, ConfigPolicy)],
    groups: &[(&str, ConfigGroup)],
) -> ConfigGroup {
    let owned = |name: &&str| (*name).to_owned();
    ConfigGroup {
        policies: policies
            .iter()
            .map(|(name, policy)| (owned(name), policy.clone()))
            .collect(),
        groups: groups
            .iter()
            .map(|(name, group)| (owned(name), group.clone()))
            .collect(),
        ..ConfigGroup::default()
    }
}

/// A policy that is satisfied, or not, whoever signed.
fn constant(satisfied: bool) -> ConfigPolicy {
    let needed = if satisfied { 0 } else { 1 };
    config_policy(
        PolicyType::Signature,
        envelope(out_of(needed, vec![]), &[]).encode_to_vec(),
    )
}

pub(super) fn tree(root: &ConfigGroup) -> Result<PolicyTree, Error> {
    let msps = MspManager::new(Vec::new(), Arc::new(SignatureMemo::new(1))).unwrap();
    PolicyTree::new("Channel", root, Arc::new(msps))
}

fn organisations(satisfied: &[bool]) -> Vec<(String, ConfigGroup)> {
    let one = |(index, satisfied): (usize, &bool)| {
        (
            format!("Org{index}"),
            group(&[("Readers", constant(*satisfied))], &[]),
        )
    };
    satisfied.iter().enumerate().map(one).collect()
}

fn ask(rule: Rule, satisfied: &[bool]) -> String {
    let organisations = organisations(satisfied);
    let below: Vec<(&str, ConfigGroup)> = organisations
        .iter()
        .map(|(name, group)| (name.as_str(), group.clone()))
        .collect();
    let tree = tree(&group(&[("Readers", meta(rule, "Readers"))], &below)).unwrap();
    match tree.evaluate_signed("/Channel/Readers", &[]) {
        Ok(()) => "satisfied".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn any_all_and_majority_count_the_groups_below() {
    use Rule::{All, Any, Majority};
    let (yes, no) = (true, false);
    for (rule, below, expected) in [
        (Any, &[no, yes, no][..], true),
        (Any, &[no, no], false),
        (Any, &[], true),
        (All, &[yes, yes], true),
        (All, &[yes, no], false),
        (All, &[], true),
        (Majority, &[yes, no], false),
        (Majority, &[yes, yes, no], true),
        (Majority, &[yes, yes, no, no], false),
        (Majority, &[yes], true),
        (Majority, &[], true),
    ] {
        assert_eq!(
            ask(rule, below) == "satisfied",
            expected,
            "{rule:?} of {below:?}"
        );
    }
}

#[test]
fn the_texts_are_those_that_fabrics_clients_see() {
    assert_eq!(
        ask(Rule::Majority, &[true, false]),
        "implicit policy evaluation failed - 1 sub-policies were satisfied, but this policy requires 2 of the 'Readers' \
         sub-policies to be satisfied"
    );
    let tree = tree(&group(&[("Never", constant(false))], &[])).unwrap();
    let text = |path: &str| tree.evaluate_signed(path, &[]).unwrap_err().to_string();
    assert_eq!(
        text("/Channel/Never"),
        "signature set did not satisfy policy"
    );
    assert_eq!(
        text("/Channel/Application/Writers"),
        "no such policy: 'Application/Writers'"
    );
    assert_eq!(
        text("/Elsewhere/Writers"),
        "no such policy: '/Elsewhere/Writers'"
    );
    assert_eq!(text(""), "no such policy: ''");
}

#[test]
fn a_group_without_the_policy_is_a_group_that_refuses() {
    let with = group(&[("Readers", constant(true))], &[]);
    let without = group(&[("Writers", constant(true))], &[]);
    let root = |rule| {
        let policies = [("Readers", meta(rule, "Readers"))];
        tree(&group(
            &policies,
            &[("Org1", with.clone()), ("Org2", without.clone())],
        ))
        .unwrap()
    };
    assert!(
        root(Rule::Any)
            .evaluate_identities("/Channel/Readers", &[])
            .is_ok()
    );
    let error = root(Rule::All)
        .evaluate_identities("/Channel/Readers", &[])
        .unwrap_err();
    let expected = PolicyError::SubPolicies {
        satisfied: 1,
        required: 2,
        name: "Readers".to_owned(),
    };
    assert_eq!(error, expected);
}

#[test]
fn policies_are_found_by_absolute_and_by_relative_path() {
    let org = group(&[("Writers", constant(true))], &[]);
    let application = group(&[("Writers", meta(Rule::Any, "Writers"))], &[("Org1", org)]);
    let tree = tree(&group(
        &[("Writers", meta(Rule::Any, "Writers"))],
        &[("Application", application)],
    ))
    .unwrap();
    for path in [
        "/Channel/Writers",
        "Writers",
        "/Channel/Application/Writers",
        "Application/Org1/Writers",
    ] {
        assert!(
            tree.contains(path) && tree.evaluate_signed(path, &[]).is_ok(),
            "{path}"
        );
    }
    for path in [
        "/Channel",
        "/ChannelX/Writers",
        "/Channel//Writers",
        "/Writers",
        "Application",
        "writers",
    ] {
        assert!(!tree.contains(path), "{path}");
    }
}

#[test]
fn an_unusable_policy_makes_the_whole_tree_unusable() {
    let refused = |policy: ConfigPolicy| match tree(&group(&[("Readers", policy)], &[])) {
        Err(Error::Policy { path, reason }) => format!("{path}: {reason}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(ConfigPolicy::default()),
        "/Channel/Readers: it has no content"
    );
    assert!(refused(config_policy(PolicyType::Msp, vec![])).contains("type 2"));
    assert!(refused(config_policy(PolicyType::Unknown, vec![])).contains("type 0"));
    assert!(
        refused(config_policy(PolicyType::Signature, vec![0xff]))
            .contains("the policy of signatures")
    );
    let unknown_rule = ImplicitMetaPolicy {
        sub_policy: "Readers".to_owned(),
        rule: 9,
    };
    assert!(
        refused(config_policy(
            PolicyType::ImplicitMeta,
            unknown_rule.encode_to_vec()
        ))
        .contains("rule 9")
    );
    let mut deep = ConfigGroup::default();
    for _ in 0..20 {
        deep = group(&[], &[("Inner", deep)]);
    }
    assert!(matches!(tree(&deep), Err(Error::Policy { .. })));
}

#[test]
fn an_application_policy_is_its_own_or_the_channels() {
    use proto::protos::{ApplicationPolicy as Message_, application_policy::Type as Kind};
    let tree = tree(&group(&[("Endorsement", constant(true))], &[])).unwrap();
    let evaluate = |kind: Option<Kind>| {
        let bytes = Message_ { r#type: kind }.encode_to_vec();
        let policy = ApplicationPolicy::parse(&bytes).unwrap();
        tree.evaluate_application(&policy, &[])
    };
    let never = envelope(out_of(1, vec![]), &[]);
    assert_eq!(
        evaluate(Some(Kind::SignaturePolicy(never))),
        Err(PolicyError::NotSatisfied)
    );
    let reference =
        |path: &str| evaluate(Some(Kind::ChannelConfigPolicyReference(path.to_owned())));
    assert_eq!(reference("/Channel/Endorsement"), Ok(()));
    assert_eq!(
        reference("/Channel/Nothing"),
        Err(PolicyError::NoSuchPolicy("Nothing".to_owned()))
    );
    assert!(
        ApplicationPolicy::parse(&[]).is_err(),
        "an empty one is unusable"
    );
}
