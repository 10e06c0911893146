//! A description read from the recorded `configtx.yaml` gives the recorded genesis block's configuration.

use std::{collections::BTreeMap, path::Path, time::Duration};

use channel::{
    Access, BatchConfig, Bundle, ChannelDescription, Endpoint, Resource,
    genesis::{
        ApplicationDescription, ConsenterDescription, GenesisSeed, OrdererDescription,
        OrganizationDescription, Policies, PolicyRule, RaftOptions,
    },
};
use model::ChannelId;
use prost::Message;
use proto::common::{Envelope, Payload, SignatureHeader};
use serde::Deserialize;

use crate::{bundle, memo, pem, read_block, recorded};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Profile {
    policies: BTreeMap<String, Rule>,
    capabilities: BTreeMap<String, bool>,
    orderer: Orderer,
    application: Application,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    r#type: String,
    rule: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Orderer {
    batch_timeout: String,
    batch_size: BatchSize,
    etcd_raft: EtcdRaft,
    organizations: Vec<Organization>,
    policies: BTreeMap<String, Rule>,
    capabilities: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchSize {
    max_message_count: u32,
    absolute_max_bytes: String,
    preferred_max_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EtcdRaft {
    consenters: Vec<Consenter>,
    options: Options,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consenter {
    host: String,
    port: u16,
    #[serde(rename = "ClientTLSCert")]
    client_tls_cert: String,
    #[serde(rename = "ServerTLSCert")]
    server_tls_cert: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Options {
    tick_interval: String,
    election_tick: u32,
    heartbeat_tick: u32,
    max_inflight_blocks: u32,
    snapshot_interval_size: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    organizations: Vec<Organization>,
    policies: BTreeMap<String, Rule>,
    capabilities: BTreeMap<String, bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Organization {
    name: String,
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "MSPDir")]
    msp_dir: String,
    policies: BTreeMap<String, Rule>,
    #[serde(default)]
    orderer_endpoints: Vec<String>,
}

fn policies(rules: BTreeMap<String, Rule>) -> Policies {
    let rule = |rule: Rule| PolicyRule::parse(&rule.r#type, &rule.rule).unwrap();
    rules
        .into_iter()
        .map(|(name, given)| (name, rule(given)))
        .collect()
}

fn names(capabilities: BTreeMap<String, bool>) -> Vec<String> {
    capabilities.into_keys().collect()
}

fn megabytes(text: &str) -> u32 {
    text.strip_suffix(" MB").unwrap().parse::<u32>().unwrap() * 1024 * 1024
}

fn milliseconds(text: &str) -> Duration {
    Duration::from_millis(text.strip_suffix("ms").unwrap().parse().unwrap())
}

fn organization(folder: &Path, given: Organization) -> OrganizationDescription {
    OrganizationDescription {
        msp: msp::folder::load_msp_config(&folder.join(&given.msp_dir), &given.id).unwrap(),
        group_name: given.name,
        policies: policies(given.policies),
        orderer_endpoints: given.orderer_endpoints,
        anchor_peers: Vec::new(),
    }
}

fn description(folder: &Path) -> ChannelDescription {
    let text = std::fs::read_to_string(folder.join("configtx.yaml")).unwrap();
    let mut file: File = serde_yaml_ng::from_str(&text).unwrap();
    let profile = file.profiles.remove("P").unwrap();
    let (orderer, application) = (profile.orderer, profile.application);
    let options = orderer.etcd_raft.options;
    let consenter = |given: Consenter| ConsenterDescription {
        host: given.host,
        port: given.port,
        client_tls_cert: pem(folder, &given.client_tls_cert),
        server_tls_cert: pem(folder, &given.server_tls_cert),
    };
    let orgs = |orgs: Vec<Organization>| {
        orgs.into_iter()
            .map(|org| organization(folder, org))
            .collect()
    };
    ChannelDescription {
        channel_id: ChannelId::parse("ch1").unwrap(),
        policies: policies(profile.policies),
        capabilities: names(profile.capabilities),
        orderer: OrdererDescription {
            batch: BatchConfig {
                max_message_count: orderer.batch_size.max_message_count,
                absolute_max_bytes: megabytes(&orderer.batch_size.absolute_max_bytes),
                preferred_max_bytes: megabytes(&orderer.batch_size.preferred_max_bytes),
            },
            batch_timeout: milliseconds(&orderer.batch_timeout),
            channels_max: 0,
            consenters: orderer
                .etcd_raft
                .consenters
                .into_iter()
                .map(consenter)
                .collect(),
            raft: RaftOptions {
                tick_interval: milliseconds(&options.tick_interval),
                election_ticks: options.election_tick,
                heartbeat_ticks: options.heartbeat_tick,
                inflight_blocks_max: options.max_inflight_blocks,
                snapshot_interval_bytes: megabytes(&options.snapshot_interval_size),
            },
            orgs: orgs(orderer.organizations),
            policies: policies(orderer.policies),
            capabilities: names(orderer.capabilities),
        },
        application: ApplicationDescription {
            orgs: orgs(application.organizations),
            policies: policies(application.policies),
            capabilities: names(application.capabilities),
            acls: BTreeMap::new(),
        },
    }
}

#[test]
fn the_description_gives_the_recorded_configuration() {
    let Some(folder) = recorded() else { return };
    let recorded = bundle(&folder);
    let group = description(&folder).channel_group().unwrap();
    assert_eq!(Some(&group), recorded.config().channel_group.as_ref());
}

#[test]
fn the_genesis_block_has_the_recorded_headers_and_metadata() {
    let Some(folder) = recorded() else { return };
    let recorded = read_block(&folder.join("genesis.block"));
    let payload = |block: &model::Block| {
        let envelope = Envelope::decode(block.data[0].clone()).unwrap();
        Payload::decode(envelope.payload).unwrap()
    };
    let header = payload(&recorded).header.unwrap();
    let transaction = channel::config_of_block(&recorded).unwrap();
    let nonce = SignatureHeader::decode(header.signature_header.clone())
        .unwrap()
        .nonce;
    let seed = GenesisSeed {
        timestamp: transaction.header.timestamp.unwrap(),
        nonce: nonce.as_ref().try_into().unwrap(),
    };
    let block = description(&folder).genesis_block(&seed).unwrap();
    assert_eq!(payload(&block).header.unwrap(), header);
    assert_eq!(block.metadata, recorded.metadata);
    assert_eq!(
        (block.number, &block.previous_hash),
        (0, &recorded.previous_hash)
    );
    // Go writes the maps of the configuration in random order, so the data differs, but never its length.
    assert_eq!(block.data[0].len(), recorded.data[0].len());
    assert_eq!(Bundle::from_block(&block, &memo()).unwrap().sequence(), 0);
}

#[test]
fn the_recorded_configuration_says_what_its_description_says() {
    let Some(folder) = recorded() else { return };
    let bundle = bundle(&folder);
    assert_eq!(bundle.channel_id().as_str(), "ch1");
    assert_eq!(bundle.orderer().batch_timeout, Duration::from_millis(300));
    assert_eq!(bundle.orderer().batch.max_message_count, 10);
    assert_eq!(bundle.orderer().consenters.len(), 1);
    assert_eq!(bundle.orderer().consenters[0].port, 17050);
    let endpoint = Endpoint {
        address: "127.0.0.1:17050".to_owned(),
        msp_id: Some("OrdererMSP".to_owned()),
    };
    assert_eq!(bundle.orderer_endpoints(), [endpoint]);
    let org = bundle.application().org_of_msp("Org2MSP").unwrap();
    assert_eq!(org.group_name, "Org2MSP");
    assert!(bundle.capabilities().v3_0());
    assert!(bundle.application().capabilities.purge_private_data());
    assert_eq!(
        bundle.access(Resource::Propose),
        Access::Channel("/Channel/Application/Writers")
    );
    assert_eq!(
        bundle.access(Resource::LifecycleInstall),
        Access::LocalAdmins
    );
}

#[test]
fn overrides_move_channel_resources_and_never_the_peer_s_own() {
    let Some(folder) = recorded() else { return };
    let mut description = description(&folder);
    description.application.acls = [
        ("qscc/GetChainInfo", "Admins"),
        ("event/Block", "/Channel/Writers"),
        ("peer/Propose", ""),
        ("_lifecycle/InstallChaincode", "Readers"),
    ]
    .map(|(resource, policy)| (resource.to_owned(), policy.to_owned()))
    .into();
    let seed = GenesisSeed {
        timestamp: Default::default(),
        nonce: [7; 24],
    };
    let block = description.genesis_block(&seed).unwrap();
    let bundle = Bundle::from_block(&block, &memo()).unwrap();
    let access = |name: &str| bundle.access(Resource::parse(name).unwrap());
    assert_eq!(
        access("qscc/GetChainInfo"),
        Access::Channel("/Channel/Application/Admins")
    );
    assert_eq!(access("event/Block"), Access::Channel("/Channel/Writers"));
    assert_eq!(
        access("peer/Propose"),
        Access::Channel("/Channel/Application/Writers")
    );
    assert_eq!(access("_lifecycle/InstallChaincode"), Access::LocalAdmins);
    assert_eq!(Resource::parse("qscc/Nothing"), None);
}

#[test]
fn the_customary_description_makes_a_usable_channel() {
    let Some(folder) = recorded() else { return };
    let msp = |path: &str, id: &str| {
        msp::folder::load_msp_config(&folder.join("crypto").join(path), id).unwrap()
    };
    let tls = pem(
        &folder,
        "crypto/ordererOrganizations/ord.test/orderers/o1.ord.test/tls/server.crt",
    );
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7050,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let orderer = OrganizationDescription::orderer(
        "OrdererMSP",
        msp("ordererOrganizations/ord.test/msp", "OrdererMSP"),
        vec!["localhost:7050".to_owned()],
    );
    let anchor = channel::AnchorPeer {
        host: "localhost".to_owned(),
        port: 7051,
    };
    let peer = OrganizationDescription::application(
        "Org1MSP",
        msp("peerOrganizations/org1.test/msp", "Org1MSP"),
        vec![anchor.clone()],
    );
    let description = ChannelDescription::new(
        ChannelId::parse("mine").unwrap(),
        vec![consenter],
        vec![orderer.unwrap()],
        vec![peer.unwrap()],
    );
    let seed = GenesisSeed {
        timestamp: Default::default(),
        nonce: [7; 24],
    };
    let block = description.genesis_block(&seed).unwrap();
    block.check_structure().unwrap();
    let bundle = Bundle::from_block(&block, &memo()).unwrap();
    assert_eq!(bundle.application().orgs[0].anchor_peers, [anchor]);
    for path in [
        "/Channel/Readers",
        "/Channel/Orderer/BlockValidation",
        "/Channel/Application/LifecycleEndorsement",
        "/Channel/Application/Org1MSP/Endorsement",
    ] {
        assert!(bundle.policies().contains(path), "{path}");
    }
}
