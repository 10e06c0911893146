//! Configurations that no node may work with, each one change away from the recorded one.

use channel::Bundle;
use expect_test::{Expect, expect};
use model::ChannelId;
use prost::Message;
use proto::{
    common::{
        BlockDataHashingStructure, Capabilities, Capability, Config, ConfigEnvelope, ConfigGroup,
        ConfigPolicy, ConfigValue, HashingAlgorithm, OrdererAddresses, Policy,
    },
    msp::{FabricMspConfig, MspConfig},
    orderer::{BatchSize, BatchTimeout, ConsensusType},
};

use crate::{bundle, memo, recorded};

struct Checker {
    config: Config,
}

impl Checker {
    fn new() -> Option<Self> {
        let config = bundle(&recorded()?).config().clone();
        Some(Self { config })
    }

    fn check(&self, change: impl FnOnce(&mut ConfigGroup), expected: Expect) {
        let mut config = self.config.clone();
        change(config.channel_group.as_mut().unwrap());
        let envelope = ConfigEnvelope {
            config: Some(config),
            last_update: None,
        };
        let channel_id = ChannelId::parse("ch1").unwrap();
        let shown = match Bundle::from_config_envelope(&channel_id, &envelope, &memo()) {
            Ok(_) => "usable".to_owned(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }
}

fn value(message: &impl Message) -> ConfigValue {
    raw(message.encode_to_vec())
}

fn raw(value: Vec<u8>) -> ConfigValue {
    ConfigValue {
        version: 0,
        value: value.into(),
        mod_policy: "Admins".to_owned(),
    }
}

fn capabilities(names: &[&str]) -> ConfigValue {
    let capabilities = names
        .iter()
        .map(|name| ((*name).to_owned(), Capability {}))
        .collect();
    value(&Capabilities { capabilities })
}

fn group<'a>(root: &'a mut ConfigGroup, path: &str) -> &'a mut ConfigGroup {
    path.split('/')
        .filter(|part| !part.is_empty())
        .fold(root, |group, name| group.groups.get_mut(name).unwrap())
}

fn set(path: &str, name: &str, value: ConfigValue) -> impl FnOnce(&mut ConfigGroup) {
    move |root| {
        group(root, path).values.insert(name.to_owned(), value);
    }
}

fn remove(path: &str, name: &str) -> impl FnOnce(&mut ConfigGroup) {
    move |root| {
        let group = group(root, path);
        group.values.remove(name);
        group.groups.remove(name);
    }
}

#[test]
fn groups_and_values_must_be_known_and_there() {
    let Some(checker) = Checker::new() else {
        return;
    };
    checker.check(|_| {}, expect!["usable"]);
    checker.check(
        remove("", "Orderer"),
        expect!["the configuration has no Orderer group"],
    );
    checker.check(
        remove("", "Application"),
        expect!["the configuration has no Application group"],
    );
    checker.check(
        |root| {
            drop(
                root.groups
                    .insert("Consortiums".to_owned(), ConfigGroup::default()),
            )
        },
        expect!["disallowed channel group: Consortiums"],
    );
    checker.check(
        set("", "Other", raw(vec![])),
        expect!["unexpected key Other in /Channel"],
    );
    checker.check(set("Orderer", "Other", raw(vec![])), expect!["could not create channel Orderer sub-group config: unexpected key Other in /Channel/Orderer"]);
    checker.check(set("Application", "Other", raw(vec![])), expect!["could not create channel Application sub-group config: unexpected key Other in /Channel/Application"]);
    checker.check(set("Application/Org1MSP", "Endpoints", raw(vec![])), expect!["could not create channel Application sub-group config: unexpected key Endpoints in /Channel/Application/Org1MSP"]);
    checker.check(set("Orderer/OrdererOrg", "AnchorPeers", raw(vec![])), expect!["could not create channel Orderer sub-group config: unexpected key AnchorPeers in /Channel/Orderer/OrdererOrg"]);
    checker.check(
        |root| drop(group(root, "Application/Org1MSP").groups.insert("Sub".to_owned(), ConfigGroup::default())),
        expect!["could not create channel Application sub-group config: organization group /Channel/Application/Org1MSP may not hold groups"],
    );
    checker.check(set("", "Under_score", raw(vec![])), expect![[r#"illegal characters in key: [Value]  "Under_score": config ID 'Under_score' contains illegal characters"#]]);
    checker.check(
        set("Orderer", "BatchSize", raw(vec![0xff])),
        expect!["/Channel/Orderer/BatchSize does not decode"],
    );
}

#[test]
fn channel_values_must_be_those_of_this_version() {
    let Some(checker) = Checker::new() else {
        return;
    };
    let name = "SHA3_256".to_owned();
    checker.check(
        set("", "HashingAlgorithm", value(&HashingAlgorithm { name })),
        expect!["unknown hashing algorithm type: SHA3_256"],
    );
    checker.check(
        remove("", "HashingAlgorithm"),
        expect!["unknown hashing algorithm type: "],
    );
    checker.check(
        set(
            "",
            "BlockDataHashingStructure",
            value(&BlockDataHashingStructure { width: 2 }),
        ),
        expect!["BlockDataHashStructure width only supported at MaxUint32 in this version"],
    );
    let addresses = || {
        value(&OrdererAddresses {
            addresses: vec!["a:1".to_owned()],
        })
    };
    checker.check(set("", "OrdererAddresses", addresses()), expect!["global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only"]);
    let older = |root: &mut ConfigGroup| {
        set("", "Capabilities", capabilities(&["V2_0"]))(root);
        set("", "OrdererAddresses", addresses())(root);
    };
    checker.check(older, expect!["usable"]);
}

#[test]
fn capabilities_must_be_known_and_orderers_first() {
    let Some(checker) = Checker::new() else {
        return;
    };
    checker.check(
        set("", "Capabilities", capabilities(&["V3_0", "V4_0"])),
        expect!["Channel capability V4_0 is required but not supported"],
    );
    checker.check(
        set("Orderer", "Capabilities", capabilities(&["V3_0"])),
        expect!["Orderer capability V3_0 is required but not supported"],
    );
    checker.check(
        set("Application", "Capabilities", capabilities(&["V2_5", "V9"])),
        expect!["Application capability V9 is required but not supported"],
    );
    checker.check(set("Application", "Capabilities", capabilities(&["V1_4_2"])), expect!["could not create channel Application sub-group config: application capability V2_0 or later is required: chaincode lifecycle before it is not supported"]);
    checker.check(remove("Application", "Capabilities"), expect!["could not create channel Application sub-group config: application capability V2_0 or later is required: chaincode lifecycle before it is not supported"]);
    checker.check(
        remove("Orderer", "Capabilities"),
        expect!["cannot enable channel capabilities without orderer support first"],
    );
    let neither = |root: &mut ConfigGroup| {
        remove("", "Capabilities")(root);
        remove("Orderer", "Capabilities")(root);
    };
    checker.check(
        neither,
        expect!["cannot enable application capabilities without orderer support first"],
    );
}

#[test]
fn the_orderer_s_numbers_must_make_sense() {
    let Some(checker) = Checker::new() else {
        return;
    };
    let size = |count, absolute, preferred| {
        let size = BatchSize {
            max_message_count: count,
            absolute_max_bytes: absolute,
            preferred_max_bytes: preferred,
        };
        set("Orderer", "BatchSize", value(&size))
    };
    checker.check(size(1, 1, 1), expect!["usable"]);
    checker.check(size(0, 1, 1), expect!["could not create channel Orderer sub-group config: attempted to set the batch size max message count to an invalid value: 0"]);
    checker.check(size(1, 0, 1), expect!["could not create channel Orderer sub-group config: attempted to set the batch size absolute max bytes to an invalid value: 0"]);
    checker.check(size(1, 1, 0), expect!["could not create channel Orderer sub-group config: attempted to set the batch size preferred max bytes to an invalid value: 0"]);
    checker.check(size(1, 1, 2), expect!["could not create channel Orderer sub-group config: attempted to set the batch size preferred max bytes (2) greater than the absolute max bytes (1)"]);
    let timeout = |text: &str| {
        let timeout = BatchTimeout {
            timeout: text.to_owned(),
        };
        set("Orderer", "BatchTimeout", value(&timeout))
    };
    checker.check(timeout("0s"), expect![[r#"could not create channel Orderer sub-group config: attempted to set the batch timeout to an invalid value: "0s""#]]);
    checker.check(timeout("soon"), expect![[r#"could not create channel Orderer sub-group config: attempted to set the batch timeout to an invalid value: "soon""#]]);
    let consensus = ConsensusType {
        r#type: "etcdraft".to_owned(),
        metadata: vec![0xff].into(),
        state: 0,
    };
    checker.check(
        set("Orderer", "ConsensusType", value(&consensus)),
        expect!["etcdraft metadata of ConsensusType does not decode"],
    );
}

#[test]
fn organisations_must_be_whole() {
    let Some(checker) = Checker::new() else {
        return;
    };
    checker.check(remove("Application/Org1MSP", "MSP"), expect!["could not create channel Application sub-group config: the configuration of MSP  is refused: there is no root certificate"]);
    let rename = |from: &'static str, to: &'static str| {
        move |root: &mut ConfigGroup| {
            let org = group(root, from).values.get_mut("MSP").unwrap();
            let mut outer = MspConfig::decode(org.value.clone()).unwrap();
            let mut inner = FabricMspConfig::decode(outer.config.clone()).unwrap();
            to.clone_into(&mut inner.name);
            outer.config = inner.encode_to_vec().into();
            org.value = outer.encode_to_vec().into();
        }
    };
    checker.check(rename("Application/Org1MSP", ""), expect!["could not create channel Application sub-group config: MSP for org Org1MSP has empty MSP ID"]);
    checker.check(
        rename("Application/Org1MSP", "Org2MSP"),
        expect!["the configuration of MSP Org2MSP is refused: two versions of it are defined"],
    );
    let policy = |kind| {
        move |root: &mut ConfigGroup| {
            let policy = ConfigPolicy {
                policy: Some(Policy {
                    r#type: kind,
                    value: vec![0xff].into(),
                }),
                ..ConfigPolicy::default()
            };
            root.policies.insert("Readers".to_owned(), policy);
        }
    };
    checker.check(policy(1), expect!["the policy /Channel/Readers is refused: the policy of signatures is refused: failed to decode Protobuf message: invalid varint"]);
    checker.check(
        policy(2),
        expect!["the policy /Channel/Readers is refused: policies of type 2 are unknown"],
    );
}
