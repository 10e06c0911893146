//! Networks in which others are at fault: peers that differ, an orderer that is full or gone, an organisation that is away.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use proto::lifecycle::CommitChaincodeDefinitionArgs;
use serde_json::{Value, json};
use system_tests::{Network, Node, Prepared, in_step, profile};
use tokio::task::JoinSet;

use super::desk::{Desk, Door, status, told};

/// Transactions that come at once to a queue of one.
const BURST: usize = 60;
/// How often a burst is tried: it is chance how many of it meet in the queue.
const BURSTS_MAX: usize = 5;

#[test]
fn what_is_others_fault_is_told_as_theirs_at_every_door() {
    let mut desk = Desk::open();
    not_approved(&mut desk);
    not_installed(&mut desk);
    different_packages(&mut desk);
    second_organisation_away(&mut desk);
    orderer_away(&mut desk);
    desk.report();
}

/// Commits what nobody has approved.
fn not_approved(desk: &mut Desk) {
    let admin = desk.http.with("Weft-Identity", profile::ORG1_ADMIN);
    let path = "/v1/channels/mychannel/chaincodes/later/commit";
    let answer = admin
        .post(path, &json!({"version": "1.0", "sequence": 1}))
        .unwrap();
    desk.compare(
        "not yet approved",
        Door::Rest,
        "409 lifecycle.not_ready",
        &told(&answer),
    );
    let arguments = CommitChaincodeDefinitionArgs {
        name: "later".to_owned(),
        version: "1.0".to_owned(),
        sequence: 1,
        endorsement_plugin: "escc".to_owned(),
        validation_plugin: "vscc".to_owned(),
        ..CommitChaincodeDefinitionArgs::default()
    };
    let mut invocation = super::desk::call("CommitChaincodeDefinition", &[]);
    "_lifecycle".clone_into(&mut invocation.chaincode);
    invocation.args.push(arguments.encode_to_vec().into());
    let client = &desk.admin_client;
    let (tx_id, signed) = client
        .propose_as(client.sender().unwrap(), invocation)
        .unwrap();
    let told = status(
        desk.runtime
            .block_on(client.endorse_proposal(&tx_id, signed)),
    );
    desk.compare(
        "not yet approved",
        Door::Grpc,
        "Aborted lifecycle.not_ready",
        &told,
    );
    let commit = [
        "chaincode",
        "commit",
        "--name",
        "later",
        "--version",
        "1.0",
        "--sequence",
        "1",
    ];
    let told = desk.run(&desk.admin, &commit);
    desk.compare(
        "not yet approved",
        Door::Cli,
        "1 lifecycle.not_ready",
        &told,
    );
}

/// Calls a chaincode whose definition is in force, but whose package nobody has named.
fn not_installed(desk: &mut Desk) {
    define(&desk.network, "empty", [None, None]);
    let told = desk.post(
        "mychannel/chaincodes/empty/submit",
        &json!({"function": "InitLedger"}),
    );
    desk.compare("no package", Door::Rest, "422 endorse.policy", &told);
    let told = desk.endorse(&desk.client, "empty", &["InitLedger"]);
    desk.compare(
        "no package",
        Door::Grpc,
        "FailedPrecondition endorse.policy",
        &told,
    );
    let told = desk.run(&desk.user, &["submit", "empty", "InitLedger"]);
    desk.compare("no package", Door::Cli, "1 endorse.policy", &told);
}

/// Approves a definition for both organisations, each with its own package, and commits it.
fn define(network: &Network, name: &str, packages: [Option<&str>; 2]) {
    let admins = [
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    ];
    let definition = ["--name", name, "--version", "1.0", "--sequence", "1"];
    for (admin, package) in admins.iter().zip(packages) {
        let package = package.map(|id| ["--package-id", id]);
        let package = package.as_ref().map_or(&[][..], |arguments| &arguments[..]);
        admin
            .ok(&[&["chaincode", "approve"], &definition[..], package].concat())
            .unwrap();
        in_step(&admins[0], &admins[1]).unwrap();
    }
    admins[0]
        .ok(&[&["chaincode", "commit"], &definition[..]].concat())
        .unwrap();
    in_step(&admins[0], &admins[1]).unwrap();
}

/// Org2 runs a contract that was changed in one word.
fn different_packages(desk: &mut Desk) {
    let module =
        std::fs::read(desk.network.artifacts().contract("asset-transfer").unwrap()).unwrap();
    let mut changed = module.clone();
    let places: Vec<usize> = (0..module.len())
        .filter(|&at| module[at..].starts_with(b"Tomoko"))
        .collect();
    assert!(!places.is_empty(), "the contract knows Tomoko");
    for at in places {
        changed[at..at + 6].copy_from_slice(b"Tamoko");
    }
    let admins = [profile::ORG1_ADMIN, profile::ORG2_ADMIN].map(|admin| desk.network.weft(admin));
    let mut ids = Vec::new();
    for (index, (admin, module)) in admins.iter().zip([module, changed]).enumerate() {
        let file = |kind: &str| {
            let path = desk.network.dir().join(format!("differ{index}.{kind}"));
            path.to_str().unwrap().to_owned()
        };
        let (source, package) = (file("wasm"), file("tar.gz"));
        std::fs::write(&source, module).unwrap();
        let make = [
            "chaincode",
            "package",
            &source,
            "--label",
            "differ",
            "--out",
            &package,
        ];
        ids.push(admin.ok(&make).unwrap());
        admin.ok(&["chaincode", "install", &package]).unwrap();
    }
    assert_ne!(ids[0], ids[1], "the packages are different ones");
    define(&desk.network, "differ", [Some(&ids[0]), Some(&ids[1])]);

    let path = "/v1/channels/mychannel/chaincodes/differ/submit";
    let answer = desk
        .http
        .post(path, &json!({"function": "InitLedger"}))
        .unwrap();
    desk.compare(
        "peers differ",
        Door::Rest,
        "422 endorse.mismatch",
        &told(&answer),
    );
    let differences = answer.json()["differences"].to_string();
    assert!(
        differences.contains("asset1") && differences.contains("Tamo"),
        "it says where they differ: {}",
        answer.text()
    );
    let told = desk.endorse(&desk.client, "differ", &["InitLedger"]);
    desk.compare(
        "peers differ",
        Door::Grpc,
        "Aborted endorse.mismatch",
        &told,
    );
    let ran = desk.user.run(&["submit", "differ", "InitLedger"]).unwrap();
    assert!(ran.stderr.contains("asset1"), "{}", ran.stderr);
    let told = desk.run(&desk.user, &["submit", "differ", "InitLedger"]);
    desk.compare("peers differ", Door::Cli, "1 endorse.mismatch", &told);
}

fn update(color: &str) -> [&str; 6] {
    ["UpdateAsset", "asset1", color, "5", "Tomoko", "300"]
}

fn update_json(color: &str) -> Value {
    json!({"function": "UpdateAsset", "args": ["asset1", color, 5, "Tomoko", 300]})
}

fn submit_by_cli(desk: &Desk, color: &str) -> String {
    desk.run(
        &desk.user,
        &[&["submit", "basic"], &update(color)[..]].concat(),
    )
}

fn second_organisation_away(desk: &mut Desk) {
    desk.network.kill(Node::Peer2).unwrap();
    let told = desk.post("mychannel/chaincodes/basic/submit", &update_json("grey"));
    desk.compare(
        "second organisation away",
        Door::Rest,
        "503 endorse.unavailable",
        &told,
    );
    let told = desk.endorse(&desk.client, "basic", &update("grey"));
    desk.compare(
        "second organisation away",
        Door::Grpc,
        "Aborted endorse.unavailable",
        &told,
    );
    let told = submit_by_cli(desk, "grey");
    desk.compare(
        "second organisation away",
        Door::Cli,
        "3 endorse.unavailable",
        &told,
    );
    desk.network.start(Node::Peer2).unwrap();
    in_step(&desk.user, &desk.network.weft(profile::ORG2_USER)).unwrap();
    let told = desk.post("mychannel/chaincodes/basic/submit", &update_json("pink"));
    desk.compare("second organisation back", Door::Rest, "200", &told);
}

fn orderer_away(desk: &mut Desk) {
    let prepared = desk
        .runtime
        .block_on(desk.client.endorse("basic", &update("red")))
        .unwrap();
    desk.network.kill(Node::Orderer).unwrap();
    let told = desk.post("mychannel/chaincodes/basic/submit", &update_json("grey"));
    desk.compare("orderer away", Door::Rest, "503 order.unavailable", &told);
    let told = status(desk.runtime.block_on(desk.client.submit(&prepared)));
    desk.compare(
        "orderer away",
        Door::Grpc,
        "Unavailable order.unavailable",
        &told,
    );
    let told = submit_by_cli(desk, "grey");
    desk.compare("orderer away", Door::Cli, "3 order.unavailable", &told);
    desk.network
        .configure(Node::Orderer, |config| {
            let limits = config
                .entry("limits".into())
                .or_insert_with(|| serde_yaml_ng::Mapping::new().into());
            limits
                .as_mapping_mut()
                .expect("limits")
                .insert("queue".into(), 1.into());
            Ok(())
        })
        .unwrap();
    desk.network.start(Node::Orderer).unwrap();
    let told = desk.post("mychannel/chaincodes/basic/submit", &update_json("green"));
    desk.compare("orderer back", Door::Rest, "200", &told);
    full_queue(desk);
}

/// Sends more at once than an orderer with a queue of one can hold; some are told so, by REST and by gRPC.
fn full_queue(desk: &mut Desk) {
    let (mut by_rest, mut by_grpc) = (String::new(), String::new());
    for burst in 0..BURSTS_MAX {
        let prepared = prepare(desk, burst);
        desk.network
            .process(Node::Orderer)
            .unwrap()
            .signal("STOP")
            .unwrap();
        let answers = send_all(desk, prepared);
        for (door, answered) in answers {
            let seen = if door == Door::Rest {
                &mut by_rest
            } else {
                &mut by_grpc
            };
            if !matches!(answered.as_str(), "200" | "Ok") {
                *seen = answered;
            }
        }
        if !by_rest.is_empty() && !by_grpc.is_empty() {
            break;
        }
    }
    desk.compare("queue full", Door::Rest, "429 order.queue_full", &by_rest);
    desk.compare(
        "queue full",
        Door::Grpc,
        "Unavailable order.queue_full",
        &by_grpc,
    );
}

fn prepare(desk: &Desk, burst: usize) -> Vec<Prepared> {
    desk.runtime.block_on(async {
        let mut prepared = Vec::new();
        for index in 0..BURST {
            let id = format!("burst{burst}-{index}");
            let create = ["CreateAsset", &id, "blue", "1", "Ann", "1"];
            prepared.push(desk.client.endorse("basic", &create).await.unwrap());
        }
        prepared
    })
}

/// Sends half by each door while the orderer sleeps, then wakes it.
fn send_all(desk: &mut Desk, prepared: Vec<Prepared>) -> Vec<(Door, String)> {
    let runtime = desk.runtime.handle().clone();
    let mut tasks = JoinSet::new();
    for (index, one) in prepared.into_iter().enumerate() {
        if index % 2 == 0 {
            let client = desk.client.clone();
            tasks.spawn_on(
                async move { (Door::Grpc, status(client.submit(&one).await)) },
                &runtime,
            );
        } else {
            let http = desk.http.clone();
            let body = json!({
                "transaction": STANDARD.encode(&one.envelope.payload),
                "signature": STANDARD.encode(&one.envelope.signature),
            });
            let path = "/v1/channels/mychannel/transactions";
            let send = move || (Door::Rest, told(&http.post(path, &body).unwrap()));
            tasks.spawn_blocking_on(send, &runtime);
        }
    }
    // Time for all of them to be on their way; should it not be enough, another burst follows.
    std::thread::sleep(std::time::Duration::from_millis(700));
    desk.network
        .process(Node::Orderer)
        .unwrap()
        .signal("CONT")
        .unwrap();
    runtime.block_on(tasks.join_all())
}
