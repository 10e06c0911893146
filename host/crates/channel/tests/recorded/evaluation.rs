//! The recorded configuration lets in those whom Fabric let in.

use std::path::Path;

use channel::Bundle;
use model::{
    Block,
    transaction::{Content, Opened},
};
use msp::policy::{ApplicationPolicy, SignedData};
use prost::Message;
use proto::common::SignatureHeader;

use crate::{ORDERER_ADMIN, ORG1_ADMIN, bundle, read_block, recorded, signer};

fn blocks(folder: &Path) -> Vec<Block> {
    (1..36)
        .map(|number| read_block(&folder.join(format!("peer/{number}.block"))))
        .collect()
}

fn satisfied(bundle: &Bundle, path: &str, signed: &[SignedData]) -> bool {
    bundle.policies().evaluate_signed(path, signed).is_ok()
}

#[test]
fn every_recorded_creator_may_write_and_read() {
    let Some(folder) = recorded() else { return };
    let bundle = bundle(&folder);
    for block in blocks(&folder) {
        for entry in &block.data {
            let opened = Opened::parse(entry).unwrap();
            let signed = [SignedData {
                data: opened.signed_bytes().clone(),
                identity: opened.creator().clone(),
                signature: opened.signature().clone(),
            }];
            for path in [
                "/Channel/Writers",
                "/Channel/Readers",
                "/Channel/Application/Writers",
                "/Channel/Application/Readers",
            ] {
                assert!(
                    satisfied(&bundle, path, &signed),
                    "{path} in block {}",
                    block.number
                );
            }
            assert!(!satisfied(&bundle, "/Channel/Orderer/Writers", &signed));
        }
    }
}

#[test]
fn every_recorded_block_signature_satisfies_block_validation() {
    let Some(folder) = recorded() else { return };
    let bundle = bundle(&folder);
    for block in blocks(&folder) {
        let metadata = block.orderer_metadata().unwrap();
        let signed: Vec<SignedData> = metadata
            .signatures
            .iter()
            .map(|signature| SignedData {
                data: metadata
                    .signed_bytes(signature, &block.header_bytes())
                    .into(),
                identity: SignatureHeader::decode(signature.signature_header.clone())
                    .unwrap()
                    .creator,
                signature: signature.signature.clone(),
            })
            .collect();
        let path = "/Channel/Orderer/BlockValidation";
        assert!(satisfied(&bundle, path, &signed), "block {}", block.number);
        let mut forged = signed;
        forged[0].data = [forged[0].data.as_ref(), b"!"].concat().into();
        assert!(!satisfied(&bundle, path, &forged), "block {}", block.number);
    }
}

#[test]
fn recorded_endorsements_satisfy_the_endorsement_policy_where_fabric_said_so() {
    let Some(folder) = recorded() else { return };
    let bundle = bundle(&folder);
    let policy = ApplicationPolicy::Reference("/Channel/Application/Endorsement".to_owned());
    let mut satisfied = Vec::new();
    for block in blocks(&folder) {
        for entry in &block.data {
            let Content::Endorsed(endorsed) = Opened::parse(entry).unwrap().content().unwrap()
            else {
                panic!("no configuration was recorded after the first block");
            };
            let identities: Vec<_> = endorsed
                .endorsements
                .iter()
                .map(|endorsement| bundle.msps().identity(&endorsement.endorser).unwrap())
                .collect();
            let result = bundle.policies().evaluate_application(&policy, &identities);
            satisfied.push((block.number, result.is_ok()));
        }
    }
    // One endorsement each: the two approvals, the collection with a policy of its own, and the one Fabric refused.
    let unsatisfied: Vec<u64> = satisfied
        .iter()
        .filter(|(_, satisfied)| !satisfied)
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(unsatisfied, [1, 2, 32, 34]);
}

#[test]
fn a_peer_may_read_and_not_write() {
    let Some(folder) = recorded() else { return };
    let bundle = bundle(&folder);
    let signed = |who: &str, msp_id: &str| {
        let signer = signer(&folder, who, msp_id);
        [SignedData {
            data: "message".into(),
            identity: msp::Signer::identity(&signer).clone(),
            signature: msp::Signer::sign(&signer, b"message").unwrap(),
        }]
    };
    let peer = signed(
        "peerOrganizations/org1.test/peers/peer0.org1.test",
        "Org1MSP",
    );
    assert!(satisfied(&bundle, "/Channel/Application/Readers", &peer));
    assert!(!satisfied(&bundle, "/Channel/Application/Writers", &peer));
    assert!(!satisfied(
        &bundle,
        "/Channel/Admins",
        &signed(ORG1_ADMIN, "Org1MSP")
    ));
    assert!(satisfied(
        &bundle,
        "/Channel/Orderer/Admins",
        &signed(ORDERER_ADMIN, "OrdererMSP")
    ));
}
