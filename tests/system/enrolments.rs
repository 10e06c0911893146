//! MSP folders as fabric-ca-client leaves them, for nodes and for users.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml_ng::Value;
use system_tests::profile::{ORG1_ADMIN, ORG1_USER, Profile};
use system_tests::{Network, Node};

const CA_FILE: &str = "localhost-7054-ca-org1.pem";

/// The only file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "{}", folder.display());
    file
}

/// Calls the files of an MSP folder as `fabric-ca-client enroll -M` does, and puts beside what it puts there. `stale_key` is that of an
/// earlier enrolment.
fn as_enrolled(msp: &Path, stale_key: &[u8]) {
    let rename = |folder: &str, name: &str| {
        let old = only_file(&msp.join(folder));
        fs::rename(&old, msp.join(folder).join(name)).unwrap();
        old.file_name().unwrap().to_str().unwrap().to_owned()
    };
    rename("signcerts", "cert.pem");
    rename("keystore", "f4a1c0_sk");
    fs::write(msp.join("keystore/0b37d2_sk"), stale_key).unwrap();
    let authority = rename("cacerts", CA_FILE);
    let config = msp.join("config.yaml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains(&authority), "{text}");
    fs::write(&config, text.replace(&authority, CA_FILE)).unwrap();
    fs::create_dir(msp.join("intermediatecerts")).unwrap();
    fs::create_dir(msp.join("user")).unwrap();
    fs::write(msp.join("IssuerPublicKey"), b"\x0a\x02OU\xff").unwrap();
    fs::write(
        msp.join("IssuerRevocationPublicKey"),
        "-----BEGIN PUBLIC KEY-----",
    )
    .unwrap();
}

/// The MSP folder of a node's configuration.
fn msp_of(network: &Network, node: Node) -> PathBuf {
    let path = network.config(node);
    let config: Value = serde_yaml_ng::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let folder = config["msp_folder"].as_str().unwrap();
    path.parent().unwrap().join(folder)
}

#[test]
fn nodes_and_users_work_with_what_fabric_ca_enrolled() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    let folder = |profile| {
        Profile::read(network.weft(profile).profile())
            .unwrap()
            .msp_folder
    };
    let (admin, user) = (folder(ORG1_ADMIN), folder(ORG1_USER));
    let stale_key = fs::read(only_file(&admin.join("keystore"))).unwrap();
    let other_key = fs::read(only_file(&user.join("keystore"))).unwrap();
    network.stop(Node::Peer1).unwrap();
    as_enrolled(&msp_of(&network, Node::Peer1), &stale_key);
    as_enrolled(&user, &stale_key);
    as_enrolled(&admin, &other_key);
    network.start(Node::Peer1).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let user = network.weft(ORG1_USER);
    user.ok(&["submit", "basic", "InitLedger"]).unwrap();
    user.ok(&["evaluate", "basic", "ReadAsset", "asset1"])
        .unwrap();
}

#[test]
fn a_folder_that_lacks_its_key_is_told_to_operators_and_users() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.stop(Node::Peer1).unwrap();
    fs::remove_dir_all(msp_of(&network, Node::Peer1).join("keystore")).unwrap();
    let ran = Command::new(&network.artifacts().weft)
        .args(["--log", "off", "peer", "--config"])
        .arg(network.config(Node::Peer1))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    let user = Profile::read(network.weft(ORG1_USER).profile()).unwrap();
    fs::remove_dir_all(user.msp_folder.join("keystore")).unwrap();
    let told = network
        .weft(ORG1_USER)
        .fails(&["evaluate", "basic", "x"])
        .unwrap();
    for said in [&*said, &told] {
        assert!(said.contains("error[file.unusable]"), "{said}");
        assert!(
            said.contains("keystore holds no PEM file: put the private key of the certificate in signcerts there"),
            "{said}"
        );
    }
}
