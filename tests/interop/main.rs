//! The official Fabric client against a Weft network: the scripts beside this file, run by Node's own test runner.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's panic is its failure"
)]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use system_tests::Network;
use system_tests::profile::{self, Profile};

/// The only file of a folder, as in MSP folders for one identity.
fn only_file(folder: &Path) -> String {
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let file = files.next().expect("a file in the folder");
    file.to_str().unwrap().to_owned()
}

fn user(network: &Network, name: &str) -> Value {
    let profile = Profile::read(network.weft(name).profile()).unwrap();
    json!({
        "mspId": profile.msp_id,
        "certificate": only_file(&profile.msp_folder.join("signcerts")),
        "key": only_file(&profile.msp_folder.join("keystore")),
        "address": profile.peer.address,
        "tlsRoot": profile.peer.tls_ca,
    })
}

#[test]
fn the_official_node_client_works_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    let node = std::env::var_os("WEFT_NODE")
        .expect("WEFT_NODE names no node program: run `cargo xtask test`");
    assert!(
        folder
            .join("node_modules/@hyperledger/fabric-gateway")
            .is_dir(),
        "the Fabric client is not installed: run `cargo xtask test`"
    );
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    network.deploy("sealed-note", "notes").unwrap();
    let description = json!({
        "channel": "mychannel",
        "org1": user(&network, profile::ORG1_USER),
        "org2": user(&network, profile::ORG2_USER),
        "recorded": recordings::messages(),
    });
    let mut scripts: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(".test.js")))
        .collect();
    scripts.sort();
    assert!(scripts.len() >= 4, "scripts are missing: {scripts:?}");
    let output = Command::new(node)
        .args(["--test", "--test-reporter=spec", "--test-timeout=90000"])
        .args(&scripts)
        .current_dir(&folder)
        .env("WEFT_NETWORK", description.to_string())
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
