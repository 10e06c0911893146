//! The evaluators against others of another make, over many random policies.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use prost::Message as _;
use proto::common::policy::PolicyType;
use proto::common::{
    ConfigGroup, ConfigPolicy, SignaturePolicyEnvelope, implicit_meta_policy::Rule,
};

use super::evaluation::{config_policy, meta};
use super::naive::{depth, enough, uses};
use super::people::{People, any_signatures, signers};
use super::{RuleMessage, SignaturePolicy, envelope, out_of, signed_by};
use crate::policy::PolicyTree;

/// Cases for each property.
const CASES: u32 = 12_000;

/// Runs a property that says of each case whether its policy held; both answers must come often.
fn agree<S: Strategy>(strategy: &S, property: impl Fn(S::Value) -> Result<bool, TestCaseError>) {
    let held = Cell::new(0_u32);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(CASES)
    });
    let ran = runner.run(strategy, |case| {
        held.set(held.get() + u32::from(property(case)?));
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    let (held, often) = (held.get(), CASES / 5);
    assert!(
        (often..CASES - often).contains(&held),
        "{held} of {CASES} hold"
    );
}

/// Rules over so many principals: gates of up to four rules, up to four inside one another, that need from none to one more than
/// they have.
pub(super) fn any_rule(principals: i32) -> impl Strategy<Value = RuleMessage> {
    let leaf = (0..principals).prop_map(signed_by).boxed();
    let gate = |inner: BoxedStrategy<RuleMessage>| {
        let gate = (0..6_i32, vec(inner, 0..=4)).prop_map(|(n, rules)| {
            let most = i32::try_from(rules.len()).unwrap() + 1;
            out_of(n % (most + 1), rules)
        });
        gate.boxed()
    };
    let mut rule = leaf.clone();
    for _ in 0..4 {
        rule = gate(prop_oneof![1 => leaf.clone(), 2 => rule].boxed());
    }
    prop_oneof![1 => leaf, 9 => rule]
}

const PRINCIPALS: usize = 5;

#[test]
fn the_evaluator_agrees_with_a_naive_one() {
    let deep = Cell::new(0_u32);
    // Of each identity, which of the principals it is: none, one, or several.
    let identities = vec(vec(prop::bool::weighted(0.4), PRINCIPALS), 0..=6);
    let cases = (any_rule(5), identities);
    agree(&cases, |(rule, identities)| {
        let names: Vec<String> = (0..PRINCIPALS).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let policy = SignaturePolicy::compile(&envelope(rule.clone(), &names)).unwrap();
        let free: Vec<usize> = (0..identities.len()).collect();
        let is = |identity: usize, principal: i32| {
            identities[identity][usize::try_from(principal).unwrap()]
        };
        let expected = uses(&rule, &free, &is).is_some();
        let holds = policy.holds(identities.len(), |identity, principal| {
            let principal = principal.msp_id().unwrap().parse().unwrap();
            is(identity, principal)
        });
        prop_assert_eq!(holds, expected);
        deep.set(deep.get() + u32::from(depth(&rule) >= 3));
        Ok(holds)
    });
    assert!(deep.get() > CASES / 4, "{} of {CASES} are deep", deep.get());
}

fn signature_policy(people: &People, rule: &RuleMessage) -> ConfigPolicy {
    let envelope = SignaturePolicyEnvelope {
        identities: people.principals.clone(),
        ..envelope(rule.clone(), &[])
    };
    config_policy(PolicyType::Signature, envelope.encode_to_vec())
}

#[test]
fn signatures_given_twice_or_badly_count_as_the_naive_one_counts_them() {
    let people = People::new();
    let doubled = Cell::new(0_u32);
    let principals = i32::try_from(people.principals.len()).unwrap();
    agree(
        &(any_rule(principals), any_signatures()),
        |(rule, given)| {
            let group = ConfigGroup {
                policies: [("P".to_owned(), signature_policy(&people, &rule))].into(),
                ..ConfigGroup::default()
            };
            let tree = PolicyTree::new("Channel", &group, Arc::clone(&people.msps)).unwrap();
            let holds = tree
                .evaluate_signed("/Channel/P", &people.hand_in(&given))
                .is_ok();
            let is = |who, principal| people.is(who, principal);
            prop_assert_eq!(holds, uses(&rule, &signers(&given), &is).is_some());
            doubled.set(doubled.get() + u32::from(signers(&given).len() < given.len()));
            Ok(holds)
        },
    );
    assert!(
        doubled.get() > CASES / 4,
        "{} of {CASES} repeat",
        doubled.get()
    );
}

/// A policy of a random group: somebody's signature, or so many of the groups below.
#[derive(Clone, Debug)]
enum AnyPolicy {
    Signature(RuleMessage),
    Implicit(Rule, &'static str),
}

#[derive(Clone, Debug)]
struct AnyGroup {
    policies: BTreeMap<&'static str, AnyPolicy>,
    groups: Vec<AnyGroup>,
}

/// Groups three deep whose policies speak of those below by two names, which not every group has.
fn any_group() -> impl Strategy<Value = AnyGroup> {
    let name = prop::sample::select(vec!["Readers", "Writers"]);
    let signature = (0..4_i32, 0..9_i32, 0..9_i32).prop_map(|(n, a, b)| {
        AnyPolicy::Signature(out_of(n % 3, vec![signed_by(a), signed_by(b)]))
    });
    let rule = prop::sample::select(vec![Rule::Any, Rule::All, Rule::Majority]);
    let implicit = (rule, name.clone()).prop_map(|(rule, name)| AnyPolicy::Implicit(rule, name));
    let of_leaf = prop::collection::btree_map(name.clone(), signature.clone(), 1..=2);
    let leaf = of_leaf.prop_map(|policies| AnyGroup {
        policies,
        groups: Vec::new(),
    });
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let policy = prop_oneof![1 => signature.clone(), 3 => implicit.clone()];
        let policies = prop::collection::btree_map(name.clone(), policy, 1..=2);
        (policies, vec(inner, 0..=4)).prop_map(|(policies, groups)| AnyGroup { policies, groups })
    })
}

impl AnyGroup {
    fn message(&self, people: &People) -> ConfigGroup {
        let policy = |policy: &AnyPolicy| match policy {
            AnyPolicy::Signature(rule) => signature_policy(people, rule),
            AnyPolicy::Implicit(rule, name) => meta(*rule, name),
        };
        let named =
            |(number, group): (usize, &AnyGroup)| (format!("G{number}"), group.message(people));
        ConfigGroup {
            policies: self
                .policies
                .iter()
                .map(|(name, one)| ((*name).to_owned(), policy(one)))
                .collect(),
            groups: self.groups.iter().enumerate().map(named).collect(),
            ..ConfigGroup::default()
        }
    }

    /// Each group below sees all signers anew; one without the policy refuses.
    fn holds(&self, name: &str, signers: &[usize], people: &People) -> bool {
        match self.policies.get(name) {
            None => false,
            Some(AnyPolicy::Signature(rule)) => {
                uses(rule, signers, &|who, principal| people.is(who, principal)).is_some()
            }
            Some(AnyPolicy::Implicit(rule, below)) => {
                let held = self
                    .groups
                    .iter()
                    .filter(|group| group.holds(below, signers, people));
                enough(*rule, held.count(), self.groups.len())
            }
        }
    }

    fn levels(&self) -> usize {
        1 + self.groups.iter().map(AnyGroup::levels).max().unwrap_or(0)
    }
}

#[test]
fn implicit_policies_hold_as_the_naive_ones_do() {
    let people = People::new();
    let deep = Cell::new(0_u32);
    agree(&(any_group(), any_signatures()), |(group, given)| {
        let root = group.message(&people);
        let tree = PolicyTree::new("Channel", &root, Arc::clone(&people.msps)).unwrap();
        let given_in = people.hand_in(&given);
        let held = ["Readers", "Writers"].map(|name| {
            let path = format!("/Channel/{name}");
            tree.evaluate_signed(&path, &given_in).is_ok()
        });
        let expected =
            ["Readers", "Writers"].map(|name| group.holds(name, &signers(&given), &people));
        prop_assert_eq!(held, expected);
        deep.set(deep.get() + u32::from(group.levels() >= 3));
        Ok(held[0])
    });
    assert!(deep.get() > CASES / 4, "{} of {CASES} are deep", deep.get());
}
