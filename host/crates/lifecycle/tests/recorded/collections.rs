//! The rules for declaring collections, each broken once, on the recorded channel's organisations.

use std::fs;

use bytes::Bytes;
use expect_test::{Expect, expect};
use lifecycle::{Context, MemoryPackages, scc};
use model::{Envelope, Payload};
use msp::policy::dsl;
use prost::Message;
use proto::{
    common::{MspPrincipal, SignaturePolicyEnvelope},
    lifecycle::{ApproveChaincodeDefinitionForMyOrgArgs, CommitChaincodeDefinitionArgs},
    protos::{
        ChaincodeActionPayload, ChaincodeInvocationSpec, ChaincodeProposalPayload,
        CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig, StaticCollectionConfig,
        Transaction, collection_config, collection_policy_config,
    },
};
use rwset::{MemoryState, Simulator};

use crate::{Config, block, deployed, recorded};

fn collection(name: &str, policy: SignaturePolicyEnvelope) -> StaticCollectionConfig {
    StaticCollectionConfig {
        name: name.to_owned(),
        member_orgs_policy: Some(CollectionPolicyConfig {
            payload: Some(collection_policy_config::Payload::SignaturePolicy(policy)),
        }),
        ..StaticCollectionConfig::default()
    }
}

fn plain(name: &str) -> StaticCollectionConfig {
    collection(
        name,
        dsl::parse("OR('Org1MSP.member', 'Org2MSP.peer')").unwrap(),
    )
}

fn package(collections: Vec<StaticCollectionConfig>) -> CollectionConfigPackage {
    let config = collections
        .into_iter()
        .map(|collection| CollectionConfig {
            payload: Some(collection_config::Payload::StaticCollectionConfig(
                collection,
            )),
        })
        .collect();
    CollectionConfigPackage { config }
}

/// What Org1's peer says to the approval of a definition with these collections.
fn approve(
    config: &Config,
    state: &MemoryState,
    name: &str,
    sequence: i64,
    collections: CollectionConfigPackage,
) -> String {
    let args = ApproveChaincodeDefinitionForMyOrgArgs {
        name: name.to_owned(),
        sequence,
        version: "1".to_owned(),
        collections: Some(collections),
        ..Default::default()
    };
    let args = [
        Bytes::from_static(b"ApproveChaincodeDefinitionForMyOrg"),
        args.encode_to_vec().into(),
    ];
    let mut simulator = Simulator::new(Box::new(state.clone()), "tx");
    let context = Context {
        channel: Some(config.channel()),
        local_msp_id: "Org1MSP",
        packages: &MemoryPackages::default(),
        authorize: &|_| Ok(()),
    };
    let response = scc::invoke(&args, &context, Some(&mut simulator))
        .unwrap()
        .response;
    let prefix = "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': error validating chaincode definition: ";
    match response.message.strip_prefix(prefix) {
        Some(reason) => reason.to_owned(),
        None => format!("{} {}", response.status, response.message)
            .trim_end()
            .to_owned(),
    }
}

/// The answers to one approval each, a line each.
fn answers(lists: Vec<Vec<StaticCollectionConfig>>) -> Option<String> {
    let config = Config::read(&recorded()?);
    let state = MemoryState::default();
    let answer = |list| approve(&config, &state, "new", 1, package(list));
    Some(lists.into_iter().map(answer).collect::<Vec<_>>().join("\n"))
}

#[test]
fn names_and_counts_follow_fabric_s_rules() {
    let counts = |required, maximum| StaticCollectionConfig {
        required_peer_count: required,
        maximum_peer_count: maximum,
        ..plain("a")
    };
    let Some(answers) = answers(vec![
        vec![plain("a"), plain("-"), plain("9_b-c")],
        vec![plain("")],
        vec![plain("_a")],
        vec![plain("a.b")],
        vec![plain("a"), plain("a")],
        vec![counts(1, 1)],
        vec![counts(2, 1)],
        vec![counts(-2, -1)],
    ]) else {
        return;
    };
    expect![[r#"
        200
        invalid collection name ''. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'
        invalid collection name '_a'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'
        invalid collection name 'a.b'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'
        collection-name: a -- found duplicate in collection configuration
        200
        collection-name: a -- maximum peer count (1) cannot be less than the required peer count (2)
        collection-name: a -- requiredPeerCount (-2) cannot be less than zero"#]].assert_eq(&answers);
}

#[test]
fn members_are_organisations_of_the_channel_joined_by_or() {
    let with = |text: &str| vec![collection("a", dsl::parse(text).unwrap())];
    let principal = |kind| {
        let mut policy = dsl::parse("OR('Org1MSP.member')").unwrap();
        policy.identities = vec![MspPrincipal {
            principal_classification: kind,
            principal: Bytes::from_static(b"\xff"),
        }];
        vec![collection("a", policy)]
    };
    let policy = |policy| {
        vec![StaticCollectionConfig {
            member_orgs_policy: policy,
            ..plain("a")
        }]
    };
    let mut out_of_range = dsl::parse("OR('Org1MSP.member')").unwrap();
    out_of_range.identities.clear();
    let Some(answers) = answers(vec![
        policy(None),
        policy(Some(CollectionPolicyConfig::default())),
        with("AND('Org1MSP.member', 'Org2MSP.member')"),
        with("OR('Org1MSP.member', AND('Org1MSP.member', 'Org2MSP.member'))"),
        with("OR('Org1MSP.member', OR('Org2MSP.member', 'Org3MSP.member'))"),
        principal(0),
        principal(1),
        principal(2),
        principal(3),
        vec![collection("a", out_of_range)],
    ]) else {
        return;
    };
    expect![[r#"
        collection member policy is not set for collection 'a'
        collection member org policy is empty for collection 'a'
        collection-name: a -- error in member org policy: signature policy is not an OR concatenation, NOutOf 2
        collection-name: a -- error in member org policy: signature policy is not an OR concatenation, NOutOf 2
        collection-name: a -- collection member 'Org3MSP' is not part of the channel
        collection-name: a -- cannot unmarshal identity bytes into MSPRole
        collection-name: a -- cannot unmarshal identity bytes into OrganizationUnit
        collection-name: a -- contains an identity that is not part of the channel
        collection-name: a -- principal type 3 is not supported
        invalid member org policy for collection 'a': the policy of signatures is refused: it names principal 0 of 0"#]].assert_eq(&answers);
}

#[test]
fn a_collection_of_no_known_kind_is_refused() {
    let Some(folder) = recorded() else { return };
    let nothing = CollectionConfigPackage {
        config: vec![CollectionConfig::default()],
    };
    let config = Config::read(&folder);
    let answer = approve(&config, &MemoryState::default(), "new", 1, nothing);
    expect!["collection config contains unexpected payload type: <nil>"].assert_eq(&answer);
}

#[test]
fn a_later_definition_keeps_collections_and_their_time_to_live() {
    let Some(folder) = recorded() else { return };
    let config = Config::read(&folder);
    let state = deployed(&folder, &config);
    let check = |collections: Vec<StaticCollectionConfig>, expected: Expect| {
        expected.assert_eq(&approve(&config, &state, "vec", 2, package(collections)));
    };
    let c1 = |block_to_live| StaticCollectionConfig {
        block_to_live,
        ..plain("c1")
    };
    check(
        vec![],
        expect!["the proposed collection config does not contain previously defined collections"],
    );
    check(
        vec![plain("c12")],
        expect!["existing collection [c1] missing in the proposed collection configuration"],
    );
    check(
        vec![plain("c12"), c1(4)],
        expect!["the BlockToLive in an existing collection [c1] modified. Existing value [3]"],
    );
    check(vec![plain("c12"), c1(3)], expect!["200"]);
    check(vec![c1(3), plain("new"), plain("c12")], expect!["200"]);
}

#[test]
fn the_recorded_file_gives_the_bytes_that_fabrics_tool_sent() {
    let Some(folder) = recorded() else { return };
    let json = fs::read(folder.join("coll.json")).unwrap();
    let collections = lifecycle::described::collections_of_json(&json).unwrap();
    let sent = (0..36).find_map(|number| {
        block(&folder, number)
            .data
            .iter()
            .find_map(committed_definition)
    });
    assert_eq!(sent.unwrap().collections.unwrap(), collections);
}

fn committed_definition(entry: &Bytes) -> Option<CommitChaincodeDefinitionArgs> {
    let envelope = Envelope::decode(entry).ok()?;
    let payload = Payload::parse(&envelope.payload).ok()?;
    let action = Transaction::decode(payload.data).ok()?.actions.pop()?;
    let action = ChaincodeActionPayload::decode(action.payload).ok()?;
    let proposal = ChaincodeProposalPayload::decode(action.chaincode_proposal_payload).ok()?;
    let spec = ChaincodeInvocationSpec::decode(proposal.input)
        .ok()?
        .chaincode_spec?;
    let args = spec.input?.args;
    if args.first()?.as_ref() != b"CommitChaincodeDefinition" {
        return None;
    }
    CommitChaincodeDefinitionArgs::decode(args.get(1)?.clone()).ok()
}
