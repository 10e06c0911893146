//! Updates of how consensus is made, and of what orderers must be able to do.

use expect_test::{Expect, expect};
use prost::Message;
use proto::{
    common::{Capabilities, ConfigGroup, OrdererAddresses},
    etcdraft::{ConfigMetadata, Options},
    orderer::ConsensusType,
};

use crate::updates::{ALL, Change, Recorded, group, set};

fn consensus(
    recorded: &Recorded,
    change: impl FnOnce(&mut ConsensusType, &mut ConfigMetadata),
) -> Change {
    let mut root = recorded.bundle.config().channel_group.clone().unwrap();
    let value = group(&mut root, "Orderer").values["ConsensusType"]
        .value
        .clone();
    let mut consensus = ConsensusType::decode(value).unwrap();
    let mut metadata = ConfigMetadata::decode(consensus.metadata.clone()).unwrap();
    change(&mut consensus, &mut metadata);
    consensus.metadata = metadata.encode_to_vec().into();
    set("Orderer", "ConsensusType", &consensus)
}

/// Another consenter that has only its client certificate for itself.
fn one_more(metadata: &mut ConfigMetadata, client_tls_cert: &'static str) {
    let mut more = metadata.consenters[0].clone();
    more.client_tls_cert = client_tls_cert.into();
    metadata.consenters.push(more);
}

fn options(metadata: &mut ConfigMetadata) -> &mut Options {
    metadata.options.as_mut().unwrap()
}

#[test]
fn an_orderer_refuses_settings_with_which_raft_could_not_go_on() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let check = |change: fn(&mut ConfigMetadata), expected: Expect| {
        let change = consensus(&recorded, |_, metadata| change(metadata));
        recorded.check(change, &ALL, expected);
    };
    check(
        |metadata| metadata.options = None,
        expect![
            "consensus metadata update for channel config update is invalid: nil Raft config metadata options"
        ],
    );
    check(
        |metadata| options(metadata).election_tick = 1,
        expect![
            "consensus metadata update for channel config update is invalid: ElectionTick must be greater than HeartbeatTick"
        ],
    );
    check(
        |metadata| options(metadata).max_inflight_blocks = 0,
        expect![
            "consensus metadata update for channel config update is invalid: none of the Raft options HeartbeatTick, ElectionTick, MaxInflightBlocks, SnapshotIntervalSize can be zero"
        ],
    );
    check(
        |metadata| options(metadata).tick_interval.clear(),
        expect![
            "consensus metadata update for channel config update is invalid: failed to parse TickInterval to a positive time duration"
        ],
    );
}

#[test]
fn consenters_come_and_go_one_at_a_time() {
    let Some(recorded) = Recorded::new() else {
        return;
    };
    let check = |change: fn(&mut ConfigMetadata), expected: Expect| {
        let change = consensus(&recorded, |_, metadata| change(metadata));
        recorded.check(change, &ALL, expected);
    };
    check(
        |metadata| metadata.consenters.clear(),
        expect![
            "consensus metadata update for channel config update is invalid: empty consenter set"
        ],
    );
    check(
        |metadata| metadata.consenters.push(Default::default()),
        expect![
            "consensus metadata update for channel config update is invalid: a consenter's TLS certificate is missing"
        ],
    );
    check(
        |metadata| metadata.consenters.push(metadata.consenters[0].clone()),
        expect![
            "consensus metadata update for channel config update is invalid: duplicate consenter"
        ],
    );
    check(|metadata| one_more(metadata, "a"), expect!["sequence 1"]);
    check(
        |metadata| {
            one_more(metadata, "a");
            metadata.consenters.remove(0);
        },
        expect!["sequence 1"],
    );
    check(
        |metadata| {
            one_more(metadata, "a");
            one_more(metadata, "b");
        },
        expect![
            "consensus metadata update for channel config update is invalid: update of more than one consenter at a time is not supported, requested changes: add 2 node(s), remove 0 node(s)"
        ],
    );
}

fn capability(name: &str) -> Capabilities {
    let capabilities = [(name.to_owned(), Default::default())].into();
    Capabilities { capabilities }
}

#[test]
fn the_consensus_type_changes_only_in_maintenance() {
    let Some(normal) = Recorded::new() else {
        return;
    };
    let maintenance = consensus(&normal, |consensus, _| consensus.state = 1);
    let Some(recorded) = Recorded::from(maintenance) else {
        return;
    };
    let to_bft = |state| {
        consensus(&recorded, move |consensus, _| {
            consensus.r#type = "BFT".to_owned();
            consensus.state = state;
        })
    };
    recorded.check(to_bft(0), &ALL, expect!["attempted to change ConsensusType.Type from etcdraft to BFT, but ConsensusType.State is changing"]);
    recorded.check(
        to_bft(1),
        &ALL,
        expect!["consensus type BFT is not supported by this orderer"],
    );
}

#[test]
fn moving_to_v3_0_needs_endpoints_of_every_orderer_organisation() {
    let older = |root: &mut ConfigGroup| {
        set("", "Capabilities", &capability("V2_0"))(root);
        let addresses = OrdererAddresses {
            addresses: vec!["a:1".to_owned()],
        };
        set("", "OrdererAddresses", &addresses)(root);
        group(root, "Orderer/OrdererOrg").values.remove("Endpoints");
    };
    let Some(recorded) = Recorded::from(older) else {
        return;
    };
    assert_eq!(recorded.bundle.orderer_endpoints()[0].msp_id, None);
    let to_v3_0 = |root: &mut ConfigGroup| {
        set("", "Capabilities", &capability("V3_0"))(root);
        root.values.remove("OrdererAddresses");
    };
    recorded.check(to_v3_0, &ALL, expect!["endpoints of orderer org OrdererOrg are missing, they are required with V3_0 capability"]);
    let with_endpoints = |root: &mut ConfigGroup| {
        to_v3_0(root);
        let endpoints = OrdererAddresses {
            addresses: vec!["a:1".to_owned()],
        };
        set("Orderer/OrdererOrg", "Endpoints", &endpoints)(root);
    };
    recorded.check(with_endpoints, &ALL, expect!["sequence 1"]);
}
