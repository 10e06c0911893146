//! What `_lifecycle` reads and writes, and what follows from it.

use bytes::Bytes;
use expect_test::expect;
use prost::Message;
use proto::protos::{
    ApplicationPolicy, CollectionConfig, CollectionConfigPackage, StaticCollectionConfig,
    application_policy::Type, collection_config::Payload,
};
use rwset::Simulator;

use super::{
    APPROVE, COMMIT, Network, ORG1, ORG2, approval, commitment, committed, keys, with_package,
};
use crate::{
    Invocability, NAMESPACE, Namespace, definition, invocability, namespace, record_reads,
};

#[test]
fn a_first_approval_writes_all_keys_and_reads_the_old_lifecycle() {
    let (_, simulated) = Network::usual().endorse(ORG1, APPROVE, &approval(1, "1.0"));
    expect![[r#"
        _lifecycle reads namespaces/fields/basic/Sequence
        _lifecycle reads namespaces/metadata/basic
        _lifecycle _implicit_org_Org1MSP reads 2, writes 6
        lscc reads basic"#]]
    .assert_eq(&keys(&simulated));
}

#[test]
fn an_approval_that_only_names_another_package_writes_only_that() {
    let mut network = Network::usual();
    network.call(ORG1, APPROVE, &with_package(approval(1, "1.0"), "p:1"));
    let (_, simulated) = network.endorse(ORG1, APPROVE, &with_package(approval(1, "1.0"), "p:2"));
    expect![[r#"
        _lifecycle reads namespaces/fields/basic/Sequence
        _lifecycle reads namespaces/metadata/basic
        _lifecycle _implicit_org_Org1MSP reads 6, writes 1
        lscc reads basic"#]]
    .assert_eq(&keys(&simulated));
}

#[test]
fn an_upgrade_writes_only_the_fields_that_change() {
    let mut network = committed();
    network.call(ORG1, APPROVE, &approval(2, "2.0"));
    let (response, simulated) = network.endorse(ORG1, COMMIT, &commitment(2, "2.0"));
    assert_eq!(response.status, 200);
    expect![[r#"
        _lifecycle reads namespaces/fields/basic/Collections
        _lifecycle reads namespaces/fields/basic/EndorsementInfo
        _lifecycle reads namespaces/fields/basic/Sequence
        _lifecycle reads namespaces/fields/basic/ValidationInfo
        _lifecycle reads namespaces/metadata/basic
        _lifecycle writes namespaces/fields/basic/EndorsementInfo
        _lifecycle writes namespaces/fields/basic/Sequence
        _lifecycle _implicit_org_Org1MSP reads 4, writes 0
        _lifecycle _implicit_org_Org2MSP reads 4, writes 0"#]]
    .assert_eq(&keys(&simulated));
}

#[test]
fn every_endorsement_carries_the_reads_of_the_definition() {
    let network = committed();
    let reads = |all_five| {
        let mut simulator = Simulator::new(Box::new(network.state(ORG1).clone()), "tx");
        record_reads(&mut simulator, "basic", all_five).unwrap();
        keys(&simulator.finish().unwrap())
    };
    expect!["_lifecycle reads namespaces/fields/basic/Sequence"].assert_eq(&reads(false));
    expect![[r#"
        _lifecycle reads namespaces/fields/basic/Collections
        _lifecycle reads namespaces/fields/basic/EndorsementInfo
        _lifecycle reads namespaces/fields/basic/Sequence
        _lifecycle reads namespaces/fields/basic/ValidationInfo
        _lifecycle reads namespaces/metadata/basic"#]]
    .assert_eq(&reads(true));
}

#[test]
fn a_peer_runs_what_its_organisation_approved_and_it_has_installed() {
    let mut network = committed();
    network.call(ORG2, APPROVE, &approval(1, "1.0"));
    let check = |network: &Network, org: &str, installed: &[&str]| {
        let state = network.state(org);
        let definition = definition(state, "basic").unwrap().unwrap();
        invocability(state, org, &definition, installed.iter().copied()).unwrap()
    };
    let ready = Invocability::Ready {
        package_id: "p:1".to_owned(),
    };
    assert_eq!(check(&network, ORG1, &["other:1", "p:1"]), ready);
    assert_eq!(check(&network, ORG1, &[]), Invocability::NotInstalled);
    // Org2 approved without naming a package.
    assert_eq!(
        check(&network, ORG2, &["p:1", ""]),
        Invocability::NotInstalled
    );

    network.call(ORG1, APPROVE, &approval(2, "2.0"));
    network.call(ORG1, COMMIT, &commitment(2, "2.0"));
    assert_eq!(check(&network, ORG2, &["p:1"]), Invocability::NotApproved);
}

#[test]
fn an_approval_counts_on_peers_that_have_only_its_hashes() {
    let network = committed();
    // The other organisation's peer holds the hashes of this approval and nothing in the clear.
    let state = network.state(ORG2);
    let definition = definition(state, "basic").unwrap().unwrap();
    let ready = Invocability::Ready {
        package_id: "p:1".to_owned(),
    };
    assert_eq!(
        invocability(state, ORG1, &definition, ["p:1"]).unwrap(),
        ready
    );
}

#[test]
fn each_write_has_its_policy() {
    let mut network = committed();
    let own = |name: &str, policy: Option<&'static str>| CollectionConfig {
        payload: Some(Payload::StaticCollectionConfig(StaticCollectionConfig {
            name: name.to_owned(),
            endorsement_policy: policy.map(|path| ApplicationPolicy {
                r#type: Some(Type::ChannelConfigPolicyReference(path.to_owned())),
            }),
            ..Default::default()
        })),
    };
    let state = network.state(ORG1);
    let Some(Namespace::Chaincode(mut basic)) = namespace(state, "basic").unwrap() else {
        panic!("basic is committed");
    };
    basic.collections = CollectionConfigPackage {
        config: vec![own("plain", None), own("own", Some("/Channel/Readers"))],
    };
    let chaincode = Namespace::Chaincode(basic);
    let show = |policy: Option<Bytes>| {
        let Some(policy) = policy else {
            return "none".to_owned();
        };
        match ApplicationPolicy::decode(policy).unwrap().r#type.unwrap() {
            Type::SignaturePolicy(policy) => msp::policy::dsl::to_text(&policy),
            Type::ChannelConfigPolicyReference(path) => path,
        }
    };
    let lifecycle = namespace(state, NAMESPACE).unwrap().unwrap();
    let channel = network.channel();
    let lines = [
        show(Some(chaincode.policy(&channel))),
        show(chaincode.collection_policy(&channel, "plain")),
        show(chaincode.collection_policy(&channel, "own")),
        show(chaincode.collection_policy(&channel, "other")),
        show(chaincode.collection_policy(&channel, "_implicit_org_Org1MSP")),
        show(chaincode.collection_policy(&channel, "_implicit_org_Org3MSP")),
        show(Some(lifecycle.policy(&channel))),
        show(lifecycle.collection_policy(&channel, "plain")),
    ];
    expect![[r#"
        /Channel/Application/Endorsement
        /Channel/Application/Endorsement
        /Channel/Readers
        none
        OR('Org1MSP.member')
        none
        /Channel/Application/LifecycleEndorsement
        none"#]]
    .assert_eq(&lines.join("\n"));
    assert_eq!(namespace(state, "lscc").unwrap(), None);

    network = Network::new(&["Endorsement"]);
    let majority = lifecycle.policy(&network.channel());
    let expected = msp::policy::dsl::parse("OutOf(2, 'Org1MSP.member', 'Org2MSP.member')").unwrap();
    let expected = ApplicationPolicy {
        r#type: Some(Type::SignaturePolicy(expected)),
    };
    assert_eq!(majority, expected.encode_to_vec());
}
