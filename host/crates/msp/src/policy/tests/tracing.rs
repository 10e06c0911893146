//! What is told of a policy's evaluation.

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message as _;
use proto::common::{ConfigGroup, ImplicitMetaPolicy, implicit_meta_policy};
use tempfile::TempDir;

use super::agreement::any_rule;
use super::evaluation::{config_policy, group};
use super::{super::*, envelope};
use crate::ca::{Organization, Validity};
use crate::{Identity, Msp, MspManager, MspVersion, Role, SignatureMemo, Signer as _};
use crate::{SigningIdentity, folder};
use proto::common::policy::PolicyType;

/// Three organisations with a peer and a client each.
struct World {
    tree: PolicyTree,
    /// By organisation: peer, client.
    members: Vec<[Arc<Identity>; 2]>,
    _folder: TempDir,
}

fn random(seed: usize) -> impl FnMut(&mut [u8]) {
    let mut state = u64::try_from(seed)
        .unwrap()
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        | 1;
    move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (mut msps, mut serialized) = (Vec::new(), Vec::new());
        for (index, msp_id) in ["A", "B", "C"].into_iter().enumerate() {
            let domain = format!("{}.test", msp_id.to_lowercase());
            let root = folder.path().join(&domain);
            let validity = Validity::years(1_800_000_000, 1);
            let org = Organization::new(&domain, validity, &mut random(index * 10)).unwrap();
            org.write(&root).unwrap();
            let member = |name, role, seed| {
                let random = &mut random(index * 10 + seed);
                let member = org.write_member(&root, name, role, &[], validity, random);
                let signing = SigningIdentity::from_folder(&member.unwrap().msp, msp_id).unwrap();
                signing.identity().clone()
            };
            serialized.push([
                member("peer0", Role::Peer, 1),
                member("User1", Role::Client, 2),
            ]);
            let config = folder::load_msp_config(&root.join("msp"), msp_id).unwrap();
            msps.push(Msp::new(&config, MspVersion::V3_0).unwrap());
        }
        let memo = Arc::new(SignatureMemo::new(1));
        let msps = Arc::new(MspManager::new(msps, memo).unwrap());
        let members = serialized
            .iter()
            .map(|both| both.clone().map(|one| msps.identity(&one).unwrap()))
            .collect();
        let tree = PolicyTree::new("Channel", &config(), msps).unwrap();
        Self {
            tree,
            members,
            _folder: folder,
        }
    }

    fn told(&self, policy: &ApplicationPolicy, identities: &[Arc<Identity>]) -> String {
        let steps = trace(&self.tree, policy, identities, 100);
        let lines = steps.iter().map(|step| {
            let by = step.by.as_ref().map(|by| by.certificate().subject());
            let outcome = match (step.held, by, &step.lacks) {
                (true, Some(by), _) => format!("held, by {by}"),
                (true, None, _) => "held".to_owned(),
                (false, _, Some(lacks)) => format!("lacks: {lacks}"),
                (false, _, None) => "not held".to_owned(),
            };
            format!("{}{} - {outcome}\n", "  ".repeat(step.depth), step.rule)
        });
        lines.collect()
    }
}

/// Three organisations whose peers endorse; a majority of them is wanted.
fn config() -> ConfigGroup {
    let peers = |msp_id: &str| {
        let policy = dsl::parse(&format!("OR('{msp_id}.peer')")).unwrap();
        let policy = config_policy(PolicyType::Signature, policy.encode_to_vec());
        group(&[("Endorsement", policy)], &[])
    };
    let meta = ImplicitMetaPolicy {
        sub_policy: "Endorsement".to_owned(),
        rule: implicit_meta_policy::Rule::Majority.into(),
    };
    let meta = config_policy(PolicyType::ImplicitMeta, meta.encode_to_vec());
    group(
        &[("Endorsement", meta)],
        &[("OrgA", peers("A")), ("OrgB", peers("B"))],
    )
}

#[test]
fn each_leaf_says_who_satisfied_it_or_whose_signature_it_lacks() {
    let world = World::new();
    let policy = dsl::parse("AND('A.peer', 'A.member', OutOf(1, 'B.peer', 'C.member'))").unwrap();
    let policy = ApplicationPolicy::Signature(SignaturePolicy::compile(&policy).unwrap());
    let [a, b] = [&world.members[0][0], &world.members[1][1]].map(Arc::clone);
    let told = world.told(&policy, &[a, b]);
    let expected = "\
3 of 3 - not held
  'A.peer' - held, by CN=peer0.a.test,OU=peer
  'A.member' - lacks: CN=peer0.a.test,OU=peer counts for another rule already
  1 of 2 - not held
    'B.peer' - lacks: CN=User1@b.test,OU=client: the identity does not satisfy the principal: it is not a peer of MSP B
    'C.member' - lacks: no good endorsement is by a member of C
";
    assert_eq!(told, expected);
}

#[test]
fn a_rule_that_fails_gives_back_what_it_used() {
    let world = World::new();
    let policy = dsl::parse("OR(AND('A.member', 'C.member'), 'A.member')").unwrap();
    let policy = ApplicationPolicy::Signature(SignaturePolicy::compile(&policy).unwrap());
    let told = world.told(&policy, &[Arc::clone(&world.members[0][0])]);
    let expected = "\
1 of 2 - held
  2 of 2 - not held
    'A.member' - held, by CN=peer0.a.test,OU=peer
    'C.member' - lacks: no good endorsement is by a member of C
  'A.member' - held, by CN=peer0.a.test,OU=peer
";
    assert_eq!(told, expected);
}

#[test]
fn a_policy_of_the_channel_is_told_down_to_its_leaves() {
    let world = World::new();
    let path = |path: &str| ApplicationPolicy::Reference(path.to_owned());
    let told = world.told(
        &path("/Channel/Endorsement"),
        &[Arc::clone(&world.members[0][0])],
    );
    let expected = "\
/Channel/Endorsement: MAJORITY Endorsement, 2 of 2 - not held
  /Channel/OrgA/Endorsement - held
    1 of 1 - held
      'A.peer' - held, by CN=peer0.a.test,OU=peer
  /Channel/OrgB/Endorsement - not held
    1 of 1 - not held
      'B.peer' - lacks: no good endorsement is by a member of B
";
    assert_eq!(told, expected);
    let told = world.told(&path("/Channel/Nowhere"), &[]);
    assert_eq!(told, "/Channel/Nowhere - lacks: there is no such policy\n");
}

#[test]
fn no_more_rules_are_told_than_wanted() {
    let world = World::new();
    let policy = dsl::parse("OR('A.peer', 'B.peer', 'C.peer')").unwrap();
    let policy = ApplicationPolicy::Signature(SignaturePolicy::compile(&policy).unwrap());
    let all: Vec<_> = world
        .members
        .iter()
        .map(|both| Arc::clone(&both[0]))
        .collect();
    let steps = trace(&world.tree, &policy, &all[2..], 2);
    assert_eq!(steps.len(), 2);
    assert!(
        steps[0].held,
        "though who satisfied it is not told any more"
    );
}

#[test]
fn what_is_told_of_a_policy_is_what_its_evaluation_says() {
    let world = World::new();
    let candidates = proptest::collection::vec((0..3usize, 0..2usize), 0..6);
    let principals = proptest::collection::vec(0..3usize, 4);
    let mut runner = proptest::test_runner::TestRunner::default();
    let tried = runner.run(
        &(any_rule(4), principals, candidates),
        |(rule, kinds, present)| {
            let msp_ids: Vec<&str> = kinds.iter().map(|kind| ["A", "B", "C"][*kind]).collect();
            let policy = SignaturePolicy::compile(&envelope(rule, &msp_ids)).unwrap();
            let present: Vec<_> = present
                .iter()
                .map(|(org, member)| Arc::clone(&world.members[*org][*member]))
                .collect();
            let policy = ApplicationPolicy::Signature(policy);
            let steps = trace(&world.tree, &policy, &present, usize::MAX);
            let evaluated = world.tree.evaluate_application(&policy, &present);
            prop_assert_eq!(steps[0].held, evaluated.is_ok());
            Ok(())
        },
    );
    tried.unwrap();
}
