//! Private data: one organisation reads it, all can see that it is there.

use model::hash::sha256;
use system_tests::{Network, in_step, profile};

#[test]
fn a_note_is_read_by_its_organisation_and_by_no_other() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("sealed-note", "notes").unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_USER),
        network.weft(profile::ORG2_USER),
    );
    let text = "the price is 17";
    let transient = format!("note={text}");
    let seal = [
        "submit",
        "notes",
        "SealNote",
        "n1",
        "--transient",
        &transient,
        "--org",
        "Org1MSP",
    ];
    let sealed = org1.json(&seal).unwrap();
    assert_eq!(sealed["code"], "VALID");
    in_step(&org1, &org2).unwrap();
    assert_eq!(
        org1.ok(&["evaluate", "notes", "ReadNote", "n1"]).unwrap(),
        text
    );
    let refused = org2
        .fails(&["evaluate", "notes", "ReadNote", "n1"])
        .unwrap();
    assert!(
        refused.contains("the note n1 does not exist"),
        "Org2 has a note n1 of its own or none: {refused}"
    );
    let hash: String = sha256(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for user in [&org1, &org2] {
        assert_eq!(
            user.ok(&["evaluate", "notes", "NoteHash", "Org1MSP", "n1"])
                .unwrap(),
            hash
        );
    }
    let block = org2.ok(&["block", &sealed["block"].to_string()]).unwrap();
    assert!(!block.contains(text), "no block holds the text");

    org1.ok(&["submit", "notes", "BurnNote", "n1", "--org", "Org1MSP"])
        .unwrap();
    let gone = org1
        .fails(&["evaluate", "notes", "ReadNote", "n1"])
        .unwrap();
    assert!(gone.contains("chaincode response 404"), "{gone}");
    crate::walk::equal_digests(&network);
}

#[test]
fn a_collection_holds_what_its_definition_says() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let collections = network.dir().join("collections.json");
    let definition = r#"[
        {"name": "ours", "policy": "OR('Org1MSP.member')", "requiredPeerCount": 0, "maxPeerCount": 0,
         "blockToLive": 3, "memberOnlyRead": true, "memberOnlyWrite": true,
         "endorsementPolicy": {"signaturePolicy": "OR('Org1MSP.peer')"}}]"#;
    std::fs::write(&collections, definition).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    let more = ["--collections", collections.to_str().unwrap()];
    network
        .deploy_with(&org1, &org2, "troubles", "troubles", &more)
        .unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_USER),
        network.weft(profile::ORG2_USER),
    );
    let put = |key| {
        [
            "submit",
            "troubles",
            "PutPrivate",
            "ours",
            key,
            "--transient",
            "value=a secret",
            "--org",
            "Org1MSP",
        ]
    };
    org1.ok(&put("k")).unwrap();
    let get = ["evaluate", "troubles", "GetPrivate", "ours", "k"];
    assert_eq!(org1.ok(&get).unwrap(), "a secret");
    in_step(&org1, &org2).unwrap();
    org2.fails(&get)
        .expect("a client of another organisation may not read");
    org2.fails(&put("l")).expect("nor write");
    org1.fails(&["evaluate", "troubles", "GetPrivate", "nosuch", "k"])
        .expect("a collection must be defined");

    // It lives for three blocks beside the one that wrote it.
    for number in 0..4 {
        assert_eq!(org1.ok(&get).unwrap(), "a secret", "{number} blocks later");
        org1.ok(&["submit", "troubles", "Put", "k", &number.to_string()])
            .unwrap();
    }
    assert_eq!(org1.ok(&get).unwrap(), "", "it has expired");
    crate::walk::equal_digests(&network);
}
