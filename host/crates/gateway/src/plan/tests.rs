//! Whom a call's policies need, over a channel of three organisations.

use std::sync::Arc;

use ::channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use ::channel::{Bundle, ChannelDescription};
use bytes::Bytes;
use expect_test::{Expect, expect};
use lifecycle::definition_keys;
use model::{ChannelId, Version};
use msp::ca::{Organization, Validity};
use msp::policy::dsl;
use msp::{SignatureMemo, folder};
use prost::Message as _;
use proto::lifecycle::{
    ChaincodeEndorsementInfo, ChaincodeValidationInfo, StateData, StateMetadata, state_data,
};
use proto::protos::{
    ApplicationPolicy, ChaincodeCall, ChaincodeInterest, CollectionConfig, CollectionConfigPackage,
    StaticCollectionConfig, application_policy, collection_config,
};
use rwset::MemoryState;

use super::{choose, plain_interest, policies};
use crate::nodes::Peer;

const NOW: i64 = 1_800_000_000;

/// A channel with a state in which chaincodes are defined.
struct World {
    bundle: Bundle,
    state: MemoryState,
}

impl World {
    fn new() -> Self {
        let mut counter = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            counter += 1;
            bytes.fill(counter);
        };
        let validity = Validity::years(NOW, 10);
        let place = tempfile::tempdir().unwrap();
        let mut made = |domain: &str, msp_id: &str| {
            let organization = Organization::new(domain, validity, &mut random).unwrap();
            let root = place.path().join(domain);
            organization.write(&root).unwrap();
            (
                organization,
                folder::load_msp_config(&root.join("msp"), msp_id).unwrap(),
            )
        };
        let (ordering, orderer_msp) = made("example.com", "OrdererMSP");
        let orgs: Vec<_> = (1..=3)
            .map(|number| {
                let (_, msp) = made(
                    &format!("org{number}.example.com"),
                    &format!("Org{number}MSP"),
                );
                OrganizationDescription::application(&format!("Org{number}MSP"), msp, Vec::new())
                    .unwrap()
            })
            .collect();
        let tls = Bytes::from(ordering.tls().certificate().to_pem());
        let consenter = ConsenterDescription {
            host: "orderer".to_owned(),
            port: 7050,
            client_tls_cert: tls.clone(),
            server_tls_cert: tls,
        };
        let orderer = OrganizationDescription::orderer(
            "OrdererMSP",
            orderer_msp,
            vec!["orderer:7050".to_owned()],
        )
        .unwrap();
        let id = ChannelId::parse("ch").unwrap();
        let description = ChannelDescription::new(id, vec![consenter], vec![orderer], orgs);
        let seed = GenesisSeed {
            timestamp: prost_types::Timestamp {
                seconds: NOW,
                nanos: 0,
            },
            nonce: [1; 24],
        };
        let block = description.genesis_block(&seed).unwrap();
        let bundle = Bundle::from_block(&block, &Arc::new(SignatureMemo::new(10))).unwrap();
        Self {
            bundle,
            state: MemoryState::default(),
        }
    }

    /// Commits a definition, with collections by name and policy.
    fn define(&mut self, name: &str, policy: &str, collections: &[(&str, Option<&str>)]) {
        let endorsement = ChaincodeEndorsementInfo {
            version: "1.0".to_owned(),
            endorsement_plugin: "escc".to_owned(),
            ..ChaincodeEndorsementInfo::default()
        };
        let validation = ChaincodeValidationInfo {
            validation_plugin: "vscc".to_owned(),
            validation_parameter: signature_policy(policy).encode_to_vec().into(),
        };
        let config = collections.iter().map(|(name, policy)| {
            let collection = StaticCollectionConfig {
                name: (*name).to_owned(),
                endorsement_policy: policy.map(signature_policy),
                ..StaticCollectionConfig::default()
            };
            CollectionConfig {
                payload: Some(collection_config::Payload::StaticCollectionConfig(
                    collection,
                )),
            }
        });
        let collections = CollectionConfigPackage {
            config: config.collect(),
        };
        let fields = [
            "Sequence",
            "EndorsementInfo",
            "ValidationInfo",
            "Collections",
        ];
        let metadata = StateMetadata {
            datatype: "ChaincodeDefinition".to_owned(),
            fields: fields.map(str::to_owned).to_vec(),
        };
        let bytes = |message: Vec<u8>| state_data::Type::Bytes(message.into());
        let values = [
            state_data::Type::Int64(1),
            bytes(endorsement.encode_to_vec()),
            bytes(validation.encode_to_vec()),
            bytes(collections.encode_to_vec()),
        ];
        let data = values.map(|value| {
            StateData {
                r#type: Some(value),
            }
            .encode_to_vec()
        });
        let [metadata_key, field_keys @ ..] = definition_keys(name);
        let rows = field_keys
            .into_iter()
            .zip(data)
            .chain([(metadata_key, metadata.encode_to_vec())]);
        for (key, value) in rows {
            self.state
                .put("_lifecycle", &key, value, Version { block: 1, tx: 0 });
        }
    }

    /// Whom the calls need out of these peers, given as numbers of organisations in the order of preference.
    fn check(&self, calls: &[ChaincodeCall], available: &[u8], expect: Expect) {
        let interest = ChaincodeInterest {
            chaincodes: calls.to_vec(),
        };
        let peers: Vec<Peer> = available
            .iter()
            .enumerate()
            .map(|(index, org)| peer(index, *org))
            .collect();
        let chosen = policies(&self.bundle, &self.state, &interest).map(|policies| {
            choose(&self.bundle, &policies, &peers).map_or("not enough".to_owned(), |chosen| {
                let addresses: Vec<&str> =
                    chosen.iter().map(|peer| peer.address.as_str()).collect();
                addresses.join(" ")
            })
        });
        expect.assert_eq(&chosen.unwrap_or_else(|why| format!("no plan: {why}")));
    }
}

fn peer(index: usize, org: u8) -> Peer {
    Peer {
        address: format!("org{org}/{index}"),
        msp_id: format!("Org{org}MSP"),
        is_local: index == 0,
    }
}

fn signature_policy(text: &str) -> ApplicationPolicy {
    let policy = dsl::parse(text).unwrap();
    ApplicationPolicy {
        r#type: Some(application_policy::Type::SignaturePolicy(policy)),
    }
}

fn call(name: &str) -> ChaincodeCall {
    plain_interest(name).chaincodes.remove(0)
}

/// A call that writes the collection and nothing public.
fn private_call(name: &str, collection: &str) -> ChaincodeCall {
    ChaincodeCall {
        collection_names: vec![collection.to_owned()],
        no_public_writes: true,
        ..call(name)
    }
}

const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";
const EITHER: &str = "OR('Org1MSP.peer','Org2MSP.peer')";
const TWO_OF_THREE: &str = "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";

#[test]
fn the_fewest_organisations_are_asked_and_the_preferred_first() {
    let mut world = World::new();
    world.define("both", BOTH, &[]);
    world.define("either", EITHER, &[]);
    world.define("two", TWO_OF_THREE, &[]);
    world.check(&[call("both")], &[1, 2, 3], expect!["org1/0 org2/1"]);
    world.check(&[call("both")], &[3, 2, 1, 1], expect!["org2/1 org1/2"]);
    world.check(&[call("either")], &[2, 1, 3], expect!["org2/0"]);
    world.check(&[call("either")], &[3, 1, 2], expect!["org1/1"]);
    world.check(&[call("two")], &[3, 2, 1], expect!["org3/0 org2/1"]);
}

#[test]
fn too_few_peers_are_no_plan() {
    let mut world = World::new();
    world.define("both", BOTH, &[]);
    world.define("two", TWO_OF_THREE, &[]);
    world.check(&[call("both")], &[1, 3], expect!["not enough"]);
    world.check(&[call("two")], &[2, 2, 2], expect!["not enough"]);
    world.check(&[call("two")], &[], expect!["not enough"]);
}

#[test]
fn the_chaincodes_that_a_call_reaches_must_all_be_satisfied() {
    let mut world = World::new();
    world.define("either", EITHER, &[]);
    world.define("third", "OR('Org3MSP.peer')", &[]);
    world.check(
        &[call("either"), call("third")],
        &[1, 2, 3],
        expect!["org1/0 org3/2"],
    );
}

#[test]
fn a_call_that_only_writes_a_collection_is_for_the_collections_policy() {
    let mut world = World::new();
    world.define(
        "cc",
        BOTH,
        &[("own", Some("OR('Org3MSP.peer')")), ("plain", None)],
    );
    world.check(&[private_call("cc", "own")], &[1, 2, 3], expect!["org3/2"]);
    world.check(
        &[private_call("cc", "plain")],
        &[1, 2, 3],
        expect!["org1/0 org2/1"],
    );
    let public_too = ChaincodeCall {
        no_public_writes: false,
        ..private_call("cc", "own")
    };
    world.check(&[public_too], &[1, 2, 3], expect!["org1/0 org2/1 org3/2"]);
    world.check(
        &[private_call("cc", "_implicit_org_Org2MSP")],
        &[1, 2, 3],
        expect!["org2/1"],
    );
}

#[test]
fn keys_with_a_policy_of_their_own_take_the_place_of_the_chaincodes_policy() {
    let mut world = World::new();
    world.define("cc", BOTH, &[]);
    let key_policies = vec![dsl::parse("OR('Org3MSP.peer')").unwrap()];
    let only_such_keys = ChaincodeCall {
        key_policies: key_policies.clone(),
        disregard_namespace_policy: true,
        ..call("cc")
    };
    world.check(&[only_such_keys], &[1, 2, 3], expect!["org3/2"]);
    let others_too = ChaincodeCall {
        key_policies,
        ..call("cc")
    };
    world.check(&[others_too], &[1, 2, 3], expect!["org1/0 org2/1 org3/2"]);
}

#[test]
fn the_lifecycle_needs_most_of_the_organisations() {
    let world = World::new();
    world.check(&[call("_lifecycle")], &[3, 1, 2], expect!["org3/0 org1/1"]);
}

#[test]
fn what_is_not_defined_is_no_plan_and_named() {
    let mut world = World::new();
    world.define("cc", BOTH, &[]);
    world.check(
        &[call("nosuch")],
        &[1, 2],
        expect!["no plan: chaincode nosuch is not defined on channel ch"],
    );
    let nowhere = private_call("cc", "nosuch");
    world.check(
        &[nowhere],
        &[1, 2],
        expect!["no plan: chaincode cc has no collection nosuch"],
    );
}
