//! Policies that the channel's configuration has: organisations' own, `_lifecycle`'s, those a definition names.

use TxValidationCode as C;
use model::TxValidationCode;
use proto::common::implicit_meta_policy::Rule;

use super::{NO, ORG3, peers};
use crate::config::{child, config, set_policy};
use crate::set::{Definition, reference, set};
use crate::world::{CHANNEL, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_organisations_own_collection_is_its_endorsement_policys() {
    let world = World::new().await;
    let write = || set("basic").hashed_put("_implicit_org_Org3MSP", "k", "v");
    assert_eq!(world.verdict(write(), &[1, 2]).await, NO);
    assert_eq!(world.verdict(write(), &[3]).await, C::Valid);
    let client = world.does(write(), &[&world.people.org3.client]);
    assert_eq!(world.code(client).await, NO);
    let none = || set("basic").hashed_put("_implicit_org_", "k", "v");
    assert_eq!(world.verdict(none(), &[1, 2, 3]).await, NO);
    let orderers = || set("basic").hashed_put("_implicit_org_Orderer1MSP", "k", "v");
    assert_eq!(world.verdict(orderers(), &[1, 2, 3]).await, NO);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_that_policy_it_is_any_members() {
    let world = World::bare(CHANNEL, |description| {
        for org in &mut description.application.orgs {
            org.policies.remove("Endorsement");
        }
    })
    .await;
    let write = || set("_lifecycle").hashed_put("_implicit_org_Org3MSP", "k", "v");
    let by = |endorser| {
        world
            .tx()
            .calling("_lifecycle")
            .with(write())
            .endorsed_by(&[endorser])
    };
    assert_eq!(
        world.code(by(&world.people.org3.client).entry()).await,
        C::Valid
    );
    assert_eq!(
        world.code(by(&world.people.org3.unitless).entry()).await,
        NO
    );
    assert_eq!(world.code(by(&world.people.org2.client).entry()).await, NO);
}

#[tokio::test(flavor = "multi_thread")]
async fn lifecycle_is_the_channels_policy_of_that_name_or_a_majority_of_members() {
    let world = World::new().await;
    let one = Definition::new("new", ORG3);
    let by = |world: &World, orgs: &[u64]| world.defining(&one).endorsed_by(&peers(orgs)).entry();
    assert_eq!(world.code(by(&world, &[1])).await, NO);
    assert_eq!(world.code(by(&world, &[2, 3])).await, C::Valid);
    let world = World::bare(CHANNEL, |description| {
        description
            .application
            .policies
            .remove("LifecycleEndorsement");
    })
    .await;
    assert_eq!(world.code(by(&world, &[1])).await, NO);
    assert_eq!(world.code(by(&world, &[1, 3])).await, C::Valid);
    let (org1, org2) = (&world.people.org1, &world.people.org2);
    let members = world
        .defining(&one)
        .endorsed_by(&[&org1.client, &org2.admin]);
    assert_eq!(world.code(members.entry()).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_the_channels_policy_means_that_of_the_block_before() {
    let world = World::new().await;
    let by = |orgs: &[u64]| {
        let tx = world.tx().calling("byref").with(set("byref").put("k", "v"));
        tx.endorsed_by(&peers(orgs)).entry()
    };
    assert_eq!(world.code(by(&[1])).await, NO);
    assert_eq!(world.code(by(&[1, 3])).await, C::Valid);
    let all = config(&world, |root| {
        set_policy(
            child(root, "Application"),
            "Endorsement",
            Rule::All,
            "Endorsement",
        );
    });
    world.done(all).await;
    assert_eq!(world.code(by(&[1, 3])).await, NO);
    assert_eq!(world.code(by(&[1, 2, 3])).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_counts_from_the_next_block_on() {
    let world = World::new().await;
    let by = |chaincode: &str, orgs: &[u64]| {
        let tx = world
            .tx()
            .calling(chaincode)
            .with(set(chaincode).put("k", "v"));
        tx.endorsed_by(&peers(orgs)).entry()
    };
    let new = world.defining(&Definition::new("new", ORG3)).entry();
    let codes = world.codes(vec![new, by("new", &[3])]).await;
    assert_eq!(codes, [C::Valid, C::InvalidChaincode]);
    assert_eq!(world.code(by("new", &[3])).await, C::Valid);
    let upgraded = Definition {
        sequence: 2,
        policy: reference("/Channel/Application/Endorsement"),
        ..Definition::new("new", ORG3)
    };
    let codes = world
        .codes(vec![world.defining(&upgraded).entry(), by("new", &[3])])
        .await;
    assert_eq!(codes, [C::Valid, C::Valid]);
    let codes = world.codes(vec![by("new", &[3]), by("new", &[1, 2])]).await;
    assert_eq!(codes, [NO, C::Valid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_does_not_decode_is_none() {
    let world = World::new().await;
    let whole = world
        .tx()
        .calling("_lifecycle")
        .with(Definition::new("broken", ORG3).written());
    let spoilt = set("_lifecycle").put("namespaces/fields/broken/ValidationInfo", "no protobuf");
    let spoilt = world.tx().calling("_lifecycle").with(spoilt);
    assert_eq!(
        world.codes(vec![whole.entry(), spoilt.entry()]).await,
        [C::Valid, C::Valid]
    );
    let call = world
        .tx()
        .calling("broken")
        .with(set("broken").put("k", "v"));
    assert_eq!(
        world.code(call.endorsed_by(&peers(&[3])).entry()).await,
        C::InvalidChaincode
    );
}
