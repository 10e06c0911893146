//! Networks in which something is missing: a peer, the orderer, a package, a right.

use serde_json::Value;
use system_tests::{Network, Node, Random, in_step, profile};
use tonic::Code;

use crate::walk::equal_digests;

const EITHER: [&str; 2] = ["--policy", "OR('Org1MSP.peer','Org2MSP.peer')"];

#[test]
fn without_one_organisations_peer_only_those_calls_fail_that_need_it() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    network
        .deploy_with(&org1, &org2, "asset-transfer", "either", &EITHER)
        .unwrap();
    network.deploy("asset-transfer", "both").unwrap();
    let user = network.weft(profile::ORG1_USER);
    network.kill(Node::Peer2).unwrap();
    user.ok(&[
        "submit",
        "either",
        "CreateAsset",
        "a",
        "blue",
        "5",
        "Ann",
        "1",
    ])
    .unwrap();
    user.ok(&["evaluate", "both", "GetAllAssets"]).unwrap();
    let refused = user
        .fails(&[
            "submit",
            "both",
            "CreateAsset",
            "a",
            "blue",
            "5",
            "Ann",
            "1",
        ])
        .unwrap();
    assert!(
        refused.contains("Org2MSP"),
        "the error says whose peer is missing: {refused}"
    );
    network.start(Node::Peer2).unwrap();
    in_step(&user, &network.weft(profile::ORG2_USER)).unwrap();
    user.ok(&[
        "submit",
        "both",
        "CreateAsset",
        "a",
        "blue",
        "5",
        "Ann",
        "1",
    ])
    .unwrap();
    equal_digests(&network);
}

#[test]
fn without_an_orderer_nothing_is_submitted_and_everything_read() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = network.client(profile::ORG1_USER, Random::new(4)).unwrap();
        let create = |id| ["CreateAsset", id, "blue", "5", "Ann", "1"];
        let prepared = client.endorse("basic", &create("a")).await.unwrap();
        network.kill(Node::Orderer).unwrap();
        client.evaluate("basic", &["GetAllAssets"]).await.unwrap();
        let refused = client.submit(&prepared).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert_eq!(
            refused.message(),
            "no orderers could successfully process transaction"
        );
        network.start(Node::Orderer).unwrap();
        client
            .submit(&prepared)
            .await
            .expect("the same transaction may be submitted again");
        let outcome = client.commit_status(&prepared.tx_id).await.unwrap();
        assert_eq!(outcome.code as i32, 0);
    });
    equal_digests(&network);
}

#[test]
fn a_peer_without_the_package_lets_another_one_run_it() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    let module = network.artifacts().contract("asset-transfer").unwrap();
    let package = network.dir().join("package.tar.gz");
    let (module, package) = (module.to_str().unwrap(), package.to_str().unwrap());
    let id = org2
        .ok(&[
            "chaincode",
            "package",
            module,
            "--label",
            "only2",
            "--out",
            package,
        ])
        .unwrap();
    org2.ok(&["chaincode", "install", package]).unwrap();
    let definition = [
        &["--name", "only2", "--version", "1.0", "--sequence", "1"],
        &EITHER[..],
    ]
    .concat();
    org1.ok(&[&["chaincode", "approve"], &definition[..]].concat())
        .unwrap();
    org2.ok(&[
        &["chaincode", "approve"],
        &definition[..],
        &["--package-id", &id],
    ]
    .concat())
        .unwrap();
    in_step(&org1, &org2).unwrap();
    org1.ok(&[&["chaincode", "commit"], &definition[..]].concat())
        .unwrap();
    in_step(&org1, &org2).unwrap();

    let user = network.weft(profile::ORG1_USER);
    let created = user
        .json(&[
            "submit",
            "only2",
            "CreateAsset",
            "a",
            "blue",
            "5",
            "Ann",
            "1",
        ])
        .unwrap();
    let tx = user
        .json(&["tx", created["tx_id"].as_str().unwrap()])
        .unwrap();
    let endorsers: Vec<&Value> = tx["endorsers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|who| &who["msp_id"])
        .collect();
    assert_eq!(endorsers, ["Org2MSP"]);
    in_step(&user, &org2).unwrap();
    assert_eq!(
        user.json(&["evaluate", "only2", "ReadAsset", "a"]).unwrap()["Owner"],
        "Ann"
    );
    equal_digests(&network);
}

#[test]
fn only_an_administrator_installs() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let (admin, user) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG1_USER),
    );
    let module = network.artifacts().contract("asset-transfer").unwrap();
    let package = network.dir().join("package.tar.gz");
    let (module, package) = (module.to_str().unwrap(), package.to_str().unwrap());
    user.ok(&[
        "chaincode",
        "package",
        module,
        "--label",
        "l",
        "--out",
        package,
    ])
    .unwrap();
    let refused = user.fails(&["chaincode", "install", package]).unwrap();
    assert!(
        refused.contains("access denied") || refused.contains("authorize"),
        "{refused}"
    );
    assert!(
        !admin
            .ok(&["chaincode", "list", "--installed"])
            .unwrap()
            .contains("l:")
    );
    admin.ok(&["chaincode", "install", package]).unwrap();
}

#[test]
fn a_member_of_one_network_is_nobody_in_another() {
    let (here, elsewhere) = (
        Network::dev(&["mychannel"]).unwrap(),
        Network::dev(&["mychannel"]).unwrap(),
    );
    here.deploy("asset-transfer", "basic").unwrap();
    // The same names, but certificates that another authority has issued.
    let own = std::fs::read_to_string(here.weft(profile::ORG1_USER).profile()).unwrap();
    let stranger = own.replace(
        "../organizations/",
        &format!("{}/organizations/", elsewhere.dir().display()),
    );
    let stranger = stranger.replace(
        &format!("tls_ca: {}/organizations/", elsewhere.dir().display()),
        &format!("tls_ca: {}/organizations/", here.dir().display()),
    );
    let path = here.dir().join("profiles/stranger.yaml");
    std::fs::write(&path, stranger).unwrap();
    let mut weft = here.weft(profile::ORG1_USER);
    weft.set_profile(path);
    for command in [
        &["evaluate", "basic", "GetAllAssets"][..],
        &["submit", "basic", "InitLedger"],
        &["digest"],
        &["block", "0"],
        &["events", "basic", "--from", "0", "--count", "1"],
    ] {
        let (exit, code) = weft.code(command).unwrap();
        assert_eq!(
            (exit, code.as_str()),
            (1, "identity.unknown"),
            "{command:?}"
        );
    }
    assert_eq!(
        here.weft(profile::ORG1_USER)
            .ok(&["evaluate", "basic", "GetAllAssets"])
            .unwrap(),
        "[]"
    );
}
