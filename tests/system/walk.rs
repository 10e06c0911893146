//! The command line from the first package to the last digest.

use std::fs;

use model::hash::sha256;
use prost::Message as _;
use proto::common::Block;
use serde_json::{Value, json};
use system_tests::{Network, Node, Weft, in_step, profile};

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_contract_is_packaged_installed_approved_and_committed() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    let module = network.artifacts().contract("asset-transfer").unwrap();
    let (first, second) = (
        network.dir().join("first.tar.gz"),
        network.dir().join("second.tar.gz"),
    );
    let package = |file| {
        org1.ok(&[
            "chaincode",
            "package",
            path(&module),
            "--label",
            "basic_1",
            "--out",
            path(file),
        ])
    };
    let id = package(&first).unwrap();
    assert_eq!(
        package(&second).unwrap(),
        id,
        "the same module makes the same package"
    );
    assert_eq!(
        id,
        format!("basic_1:{}", hex(&sha256(&fs::read(&first).unwrap())))
    );

    for org in [&org1, &org2] {
        assert_eq!(org.ok(&["chaincode", "install", path(&first)]).unwrap(), id);
        assert!(
            org.ok(&["chaincode", "list", "--installed"])
                .unwrap()
                .contains(&id)
        );
    }
    let definition = ["--name", "basic", "--version", "1.0", "--sequence", "1"];
    let approve = [
        &["chaincode", "approve"],
        &definition[..],
        &["--package-id", &id],
    ]
    .concat();
    let commit = [&["chaincode", "commit"], &definition[..]].concat();
    org1.ok(&approve).unwrap();
    let refused = org1.fails(&commit).unwrap();
    assert!(
        refused.contains("Org2MSP"),
        "one approval is not enough, and the error says whose is missing: {refused}"
    );
    let user = network.weft(profile::ORG1_USER);
    let refused = user.fails(&["evaluate", "basic", "GetAllAssets"]).unwrap();
    assert!(
        refused.contains("no peers available to evaluate chaincode basic in channel mychannel"),
        "{refused}"
    );
    org2.ok(&approve).unwrap();
    in_step(&org1, &org2).unwrap();
    org1.ok(&commit).unwrap();
    let listed = user.ok(&["chaincode", "list", "--name", "basic"]).unwrap();
    assert!(
        listed.contains("basic") && listed.contains("1.0"),
        "{listed}"
    );
    let again = org1.fails(&commit).unwrap();
    assert!(
        again.contains("sequence"),
        "a definition is committed once: {again}"
    );
}

#[test]
fn assets_are_created_read_and_transferred_and_every_block_can_be_seen() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_USER),
        network.weft(profile::ORG2_USER),
    );

    let init = org1.run(&["submit", "basic", "InitLedger"]).unwrap();
    assert_eq!(init.code, 0, "{}", init.stderr);
    assert!(
        init.stderr.contains("VALID"),
        "a submit says what became of it: {}",
        init.stderr
    );
    let created = org1
        .json(&[
            "submit",
            "basic",
            "CreateAsset",
            "asset7",
            "blue",
            "5",
            "Tomoko",
            "300",
        ])
        .unwrap();
    assert_eq!(created["code"], "VALID");
    let (tx_id, number) = (
        created["tx_id"].as_str().unwrap(),
        created["block"].as_u64().unwrap(),
    );
    in_step(&org1, &org2).unwrap();
    let asset = org2.json(&["evaluate", "basic", "ReadAsset", "asset7"]);
    assert_eq!(
        asset.unwrap(),
        json!({"AppraisedValue": 300, "Color": "blue", "ID": "asset7", "Owner": "Tomoko", "Size": 5})
    );
    let transferred = org2
        .json(&["submit", "basic", "TransferAsset", "asset7", "Brad"])
        .unwrap();
    assert_eq!(transferred["result"], "Tomoko");
    in_step(&org1, &org2).unwrap();
    assert_eq!(
        org1.json(&["evaluate", "basic", "GetAllAssets"])
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        7
    );

    let refused = org1
        .fails(&[
            "submit",
            "basic",
            "CreateAsset",
            "asset7",
            "red",
            "1",
            "Max",
            "1",
        ])
        .unwrap();
    assert!(
        refused.contains("the asset asset7 already exists"),
        "{refused}"
    );
    let refused = org1
        .fails(&["evaluate", "basic", "ReadAsset", "nosuch"])
        .unwrap();
    assert!(
        refused.contains("the asset nosuch does not exist"),
        "{refused}"
    );

    let block = org1.json(&["block", &number.to_string()]).unwrap();
    assert!(
        block.to_string().contains(tx_id) && block.to_string().contains("VALID"),
        "{block}"
    );
    let tx = org1.json(&["tx", tx_id]).unwrap().to_string();
    for part in ["VALID", "Org1MSP", "Org2MSP", "asset7", "CreateAsset"] {
        assert!(tx.contains(part), "{part} is not in {tx}");
    }
    let newest = org1.json(&["block", "newest"]).unwrap();
    assert!(
        newest
            .to_string()
            .contains(transferred["tx_id"].as_str().unwrap()),
        "{newest}"
    );
    let raw = network.dir().join("block.pb");
    org1.ok(&["block", &number.to_string(), "--raw", path(&raw)])
        .unwrap();
    let raw = Block::decode(fs::read(&raw).unwrap().as_slice()).unwrap();
    assert_eq!(raw.header.unwrap().number, number);

    let events = org2
        .ok(&[
            "events", "basic", "--from", "0", "--count", "2", "--output", "json",
        ])
        .unwrap();
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 2);
    assert!(
        events[0].to_string().contains("CreateAsset") && events[0].to_string().contains(tx_id),
        "{}",
        events[0]
    );
    assert!(
        events[1].to_string().contains("TransferAsset"),
        "{}",
        events[1]
    );
    equal_digests(&network);
}

/// Compares the two peers' own digests once both are at the same height.
pub(crate) fn equal_digests(network: &Network) -> Value {
    let (org1, org2) = (
        network.weft(profile::ORG1_USER),
        network.weft(profile::ORG2_USER),
    );
    in_step(&org1, &org2).unwrap();
    let digest = |user: &Weft| user.json(&["digest"]).unwrap();
    let (first, second) = (digest(&org1), digest(&org2));
    assert_eq!(first, second);
    for name in ["block_hash", "commit_hash", "state_sha256"] {
        assert!(
            first[name].as_str().is_some_and(|hash| hash.len() == 64),
            "{name}: {first}"
        );
    }
    first
}

#[test]
fn an_endorsement_policy_decides_who_must_endorse() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    let either = ["--policy", "OR('Org1MSP.peer','Org2MSP.peer')"];
    network
        .deploy_with(&org1, &org2, "asset-transfer", "either", &either)
        .unwrap();
    let both = ["--policy", "AND('Org1MSP.peer','Org2MSP.peer')"];
    network
        .deploy_with(&org1, &org2, "asset-transfer", "both", &both)
        .unwrap();
    let by_reference = ["--policy-ref", "/Channel/Application/Endorsement"];
    network
        .deploy_with(&org1, &org2, "asset-transfer", "reference", &by_reference)
        .unwrap();
    let user = network.weft(profile::ORG1_USER);
    let create = |chaincode: &str, more: &[&str]| {
        let call = [
            "submit",
            chaincode,
            "CreateAsset",
            "a",
            "blue",
            "5",
            "Tomoko",
            "300",
            "--output",
            "json",
        ];
        user.run(&[&call[..], more].concat()).unwrap()
    };
    for (chaincode, endorsers) in [("either", 1), ("both", 2), ("reference", 2)] {
        let ran = create(chaincode, &[]);
        assert_eq!(ran.code, 0, "{chaincode}: {}", ran.stderr);
        let created: Value = serde_json::from_str(&ran.stdout).unwrap();
        let tx = user
            .json(&["tx", created["tx_id"].as_str().unwrap()])
            .unwrap();
        assert_eq!(endorsers_of(&tx), endorsers, "{chaincode}: {tx}");
    }
    let update = [
        "submit",
        "both",
        "UpdateAsset",
        "a",
        "red",
        "5",
        "Max",
        "300",
        "--org",
        "Org1MSP",
    ];
    let ran = user.run(&update).unwrap();
    assert_ne!(ran.code, 0, "one endorsement is not enough for 'both'");
    assert!(
        ran.stdout.contains("ENDORSEMENT_POLICY_FAILURE")
            || ran.stderr.contains("ENDORSEMENT_POLICY_FAILURE"),
        "{ran:?}"
    );
    let asset = user.json(&["evaluate", "both", "ReadAsset", "a"]).unwrap();
    assert_eq!(
        asset["Owner"], "Tomoko",
        "an invalid transaction writes nothing"
    );
}

fn endorsers_of(tx: &Value) -> usize {
    fn find(value: &Value) -> Option<usize> {
        match value {
            Value::Object(fields) => match fields.get("endorsers") {
                Some(Value::Array(endorsers)) => Some(endorsers.len()),
                _ => fields.values().find_map(find),
            },
            Value::Array(values) => values.iter().find_map(find),
            _ => None,
        }
    }
    find(tx).expect("a transaction shows its endorsers")
}

#[test]
fn wrong_usage_exits_with_2_and_a_wrong_world_with_1() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let user = network.weft(profile::ORG1_USER);
    for wrong in [&["nosuch"][..], &["submit"], &["block", "--colour"]] {
        assert_eq!(user.run(wrong).unwrap().code, 2, "{wrong:?}");
    }
    let errors = user.fails(&["block", "999"]).unwrap();
    assert!(errors.starts_with("error[block.not_found]: "), "{errors}");
    let errors = user.fails(&["tx", &"0".repeat(64)]).unwrap();
    assert!(
        errors.starts_with("error[transaction.not_found]: "),
        "{errors}"
    );
    let mut stranger = user.clone();
    stranger_profile(&network, &mut stranger);
    let errors = stranger.fails(&["digest"]).unwrap();
    assert!(
        errors.contains("colour"),
        "an unknown key is named: {errors}"
    );
}

fn stranger_profile(network: &Network, weft: &mut Weft) {
    let changed = network.dir().join("profiles/changed.yaml");
    let text = fs::read_to_string(weft.profile()).unwrap();
    fs::write(&changed, format!("{text}colour: red\n")).unwrap();
    weft.set_profile(changed);
}

#[test]
fn a_rebuilt_ledger_is_the_same_ledger() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let user = network.weft(profile::ORG1_USER);
    user.ok(&["submit", "basic", "InitLedger"]).unwrap();
    user.ok(&["submit", "basic", "DeleteAsset", "asset3"])
        .unwrap();
    let before = equal_digests(&network);
    network.stop(Node::Peer1).unwrap();
    let config = network.config(Node::Peer1);
    user.ok(&["ledger", "rebuild", "--config", path(&config)])
        .unwrap();
    network.start(Node::Peer1).unwrap();
    assert_eq!(equal_digests(&network), before);
    user.ok(&["submit", "basic", "TransferAsset", "asset1", "Max"])
        .unwrap();
    equal_digests(&network);
}

#[test]
fn a_contract_is_packaged_from_its_source() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let admin = network.weft(profile::ORG1_ADMIN);
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/troubles");
    let module = network.artifacts().contract("troubles").unwrap();
    let (one, other) = (
        network.dir().join("source.tar.gz"),
        network.dir().join("module.tar.gz"),
    );
    let from_source = admin
        .ok(&[
            "chaincode",
            "package",
            path(&source),
            "--label",
            "t",
            "--out",
            path(&one),
        ])
        .unwrap();
    let from_module = admin
        .ok(&[
            "chaincode",
            "package",
            path(&module),
            "--label",
            "t",
            "--out",
            path(&other),
        ])
        .unwrap();
    assert_eq!(
        from_source, from_module,
        "a source makes the same bytes wherever it is compiled"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
