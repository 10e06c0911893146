//! Every identity, signature and policy of a channel that a real Hyperledger Fabric v3.1.5 network recorded.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use msp::{
    Identity, Msp, MspManager, MspVersion, Principal, Role, SignatureMemo, Signer, SigningIdentity,
    folder,
    policy::{PolicyTree, SignedData, dsl},
};
use prost::Message;
use proto::common::{
    Block, ConfigEnvelope, ConfigGroup, Envelope, Header, Metadata, Payload, SignatureHeader,
    SignaturePolicyEnvelope,
};
use proto::msp::MspConfig;
use proto::protos::{ChaincodeActionPayload, ProposalResponse, SignedProposal, Transaction};
use recordings::vectors;

fn block(path: &Path) -> Block {
    Block::decode(Bytes::from(fs::read(path).unwrap())).unwrap()
}

fn config_of(block: &Block) -> ConfigGroup {
    let envelope = Envelope::decode(block.data.as_ref().unwrap().data[0].clone()).unwrap();
    let payload = Payload::decode(envelope.payload).unwrap();
    let config = ConfigEnvelope::decode(payload.data)
        .unwrap()
        .config
        .unwrap();
    config.channel_group.unwrap()
}

/// The MSP configurations of all organisations, by group path.
fn msp_configs(root: &ConfigGroup) -> Vec<(String, MspConfig)> {
    let mut found = Vec::new();
    for part in ["Application", "Orderer"] {
        for (name, organisation) in &root.groups[part].groups {
            let config = MspConfig::decode(organisation.values["MSP"].value.clone()).unwrap();
            found.push((format!("{part}/{name}"), config));
        }
    }
    found
}

/// The policies and MSPs of a channel configuration.
fn channel(root: &ConfigGroup) -> PolicyTree {
    let msps = msp_configs(root)
        .into_iter()
        .map(|(_, config)| Msp::new(&config, MspVersion::V3_0).unwrap())
        .collect();
    let msps = MspManager::new(msps, Arc::new(SignatureMemo::new(1_000))).unwrap();
    PolicyTree::new("Channel", root, Arc::new(msps)).unwrap()
}

fn recorded(vectors: &Path) -> PolicyTree {
    channel(&config_of(&block(
        &vectors.join("recorded-channel/genesis.block"),
    )))
}

/// `SEQUENCE { INTEGER number, OCTET STRING previous_hash, OCTET STRING data_hash }` for numbers below 128.
fn header_der(block: &Block) -> Vec<u8> {
    let header = block.header.as_ref().unwrap();
    let number = u8::try_from(header.number).unwrap();
    assert!(number < 0x80);
    let mut content = vec![0x02, 0x01, number];
    for hash in [&header.previous_hash, &header.data_hash] {
        content.extend([0x04, u8::try_from(hash.len()).unwrap()]);
        content.extend_from_slice(hash);
    }
    [vec![0x30, u8::try_from(content.len()).unwrap()], content].concat()
}

fn block_signatures(block: &Block) -> Vec<SignedData> {
    let metadata = Metadata::decode(block.metadata.as_ref().unwrap().metadata[0].clone()).unwrap();
    let signed = metadata.signatures.iter().map(|signature| {
        let header = SignatureHeader::decode(signature.signature_header.clone()).unwrap();
        let data = [
            &metadata.value[..],
            &signature.signature_header,
            &header_der(block),
        ]
        .concat();
        SignedData {
            data: data.into(),
            identity: header.creator,
            signature: signature.signature.clone(),
        }
    });
    signed.collect()
}

fn flipped(signed: &SignedData) -> SignedData {
    let mut data = signed.data.to_vec();
    let middle = data.len() / 2;
    data[middle] ^= 1;
    SignedData {
        data: data.into(),
        ..signed.clone()
    }
}

#[test]
fn every_block_is_signed_by_the_orderer_and_no_changed_one_is() {
    let Some(vectors) = vectors() else { return };
    let tree = recorded(&vectors);
    let policy = "/Channel/Orderer/BlockValidation";
    for side in ["peer", "orderer"] {
        for number in 1..36 {
            let block = block(&vectors.join(format!("recorded-channel/{side}/{number}.block")));
            let signatures = block_signatures(&block);
            assert_eq!(signatures.len(), 1);
            tree.evaluate_signed(policy, &signatures).unwrap();
            let changed = [flipped(&signatures[0])];
            let error = tree
                .evaluate_signed(policy, &changed)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("implicit policy evaluation failed - 0 sub-policies"),
                "{error}"
            );
        }
    }
}

/// Who signed an envelope, as its payload says.
fn envelope_signature(envelope: &Envelope) -> SignedData {
    let payload = Payload::decode(envelope.payload.clone()).unwrap();
    let header = SignatureHeader::decode(payload.header.unwrap().signature_header).unwrap();
    SignedData {
        data: envelope.payload.clone(),
        identity: header.creator,
        signature: envelope.signature.clone(),
    }
}

fn endorsements(payload: &Payload) -> Vec<SignedData> {
    let transaction = Transaction::decode(payload.data.clone()).unwrap();
    let action = ChaincodeActionPayload::decode(transaction.actions[0].payload.clone()).unwrap();
    let action = action.action.unwrap();
    let signed = action.endorsements.iter().map(|endorsement| SignedData {
        data: [&action.proposal_response_payload[..], &endorsement.endorser]
            .concat()
            .into(),
        identity: endorsement.endorser.clone(),
        signature: endorsement.signature.clone(),
    });
    signed.collect()
}

#[test]
fn every_creator_and_every_endorsement_verifies_and_no_changed_one_does() {
    let Some(vectors) = vectors() else { return };
    let tree = recorded(&vectors);
    let msps = tree.msps();
    let (mut creators, mut endorsers, mut by_both) = (0, 0, 0);
    for number in 1..36 {
        let block = block(&vectors.join(format!("recorded-channel/peer/{number}.block")));
        for envelope in block.data.unwrap().data {
            let envelope = Envelope::decode(envelope).unwrap();
            let creator = envelope_signature(&envelope);
            assert_eq!(msps.signers(&[flipped(&creator)]).len(), 0);
            let signers = msps.signers(std::slice::from_ref(&creator));
            msps.validate(&signers[0]).unwrap();
            creators += 1;
            let payload = Payload::decode(envelope.payload).unwrap();
            let channel_header = payload.header.as_ref().unwrap().channel_header.clone();
            if proto::common::ChannelHeader::decode(channel_header)
                .unwrap()
                .r#type
                != 3
            {
                continue;
            }
            let signed = endorsements(&payload);
            for one in &signed {
                assert_eq!(msps.signers(&[flipped(one)]).len(), 0);
            }
            let signers = msps.signers(&signed);
            assert_eq!(signers.len(), signed.len());
            for signer in &signers {
                let peer = Principal::new(&Principal::of_role(signer.msp_id(), Role::Peer));
                msps.satisfies(signer, &peer).unwrap();
                let admin = Principal::new(&Principal::of_role(signer.msp_id(), Role::Admin));
                assert!(msps.satisfies(signer, &admin).is_err());
                endorsers += 1;
            }
            let majority = tree.evaluate_identities("/Channel/Application/Endorsement", &signers);
            assert_eq!(
                majority.is_ok(),
                signers.len() == 2,
                "a majority of two organisations is both"
            );
            by_both += usize::from(signers.len() == 2);
        }
    }
    assert!(
        creators >= 35 && endorsers >= 35 && by_both >= 20,
        "{creators} {endorsers} {by_both}"
    );
}

#[test]
fn the_recorded_folders_make_the_configurations_in_the_genesis_block() {
    let Some(vectors) = vectors() else { return };
    let crypto = vectors.join("recorded-channel/crypto");
    let root = config_of(&block(&vectors.join("recorded-channel/genesis.block")));
    let organisations = [
        ("Application/Org1MSP", "peerOrganizations/org1.test"),
        ("Application/Org2MSP", "peerOrganizations/org2.test"),
        ("Orderer/OrdererOrg", "ordererOrganizations/ord.test"),
    ];
    let configs = msp_configs(&root);
    assert_eq!(configs.len(), organisations.len());
    for (group, place) in organisations {
        let (_, expected) = configs.iter().find(|(name, _)| name == group).unwrap();
        let msp = Msp::new(expected, MspVersion::V3_0).unwrap();
        let loaded = folder::load_msp_config(&crypto.join(place).join("msp"), msp.id()).unwrap();
        assert_eq!(&loaded, expected, "{place}");
    }
}

#[test]
fn every_recorded_member_signs_in_its_role() {
    let Some(vectors) = vectors() else { return };
    let crypto = vectors.join("recorded-channel/crypto");
    let tree = recorded(&vectors);
    let mut members = 0;
    for (msp_id, place) in [
        ("Org1MSP", "peerOrganizations/org1.test"),
        ("Org2MSP", "peerOrganizations/org2.test"),
        ("OrdererMSP", "ordererOrganizations/ord.test"),
    ] {
        for group in ["peers", "orderers", "users"] {
            let Ok(folders) = fs::read_dir(crypto.join(place).join(group)) else {
                continue;
            };
            for folder in folders {
                let folder = folder.unwrap().path();
                let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
                let signer = SigningIdentity::from_folder(&folder.join("msp"), msp_id).unwrap();
                let identity = tree.msps().identity(signer.identity()).unwrap();
                identity
                    .verify(b"message", &signer.sign(b"message").unwrap())
                    .unwrap();
                let role = match group {
                    "peers" => Role::Peer,
                    "orderers" => Role::Orderer,
                    _ if name.starts_with("Admin") => Role::Admin,
                    _ => Role::Client,
                };
                let principal = Principal::new(&Principal::of_role(msp_id, role));
                tree.msps().satisfies(&identity, &principal).unwrap();
                members += 1;
            }
        }
    }
    assert!(members >= 7, "{members}");
}

#[test]
fn the_language_makes_the_policies_that_configtxgen_wrote() {
    let Some(vectors) = vectors() else { return };
    let root = config_of(&block(&vectors.join("recorded-channel/genesis.block")));
    let text = |part: &str, organisation: &str, policy: &str| {
        let value = &root.groups[part].groups[organisation].policies[policy]
            .policy
            .as_ref()
            .unwrap()
            .value;
        let envelope = SignaturePolicyEnvelope::decode(value.clone()).unwrap();
        let text = dsl::to_text(&envelope);
        assert_eq!(
            dsl::parse(&text).unwrap().encode_to_vec(),
            value.to_vec(),
            "{text}"
        );
        text
    };
    assert_eq!(
        text("Orderer", "OrdererOrg", "Writers"),
        "OR('OrdererMSP.member')"
    );
    let readers = text("Application", "Org1MSP", "Readers");
    assert_eq!(
        readers,
        "OR('Org1MSP.admin', 'Org1MSP.peer', 'Org1MSP.client')"
    );
    assert_eq!(
        text("Application", "Org2MSP", "Endorsement"),
        "OR('Org2MSP.peer')"
    );
}

fn message(vectors: &Path, name: &str) -> Bytes {
    let text = fs::read_to_string(vectors.join("messages").join(format!("{name}.hex"))).unwrap();
    let digits: Vec<char> = text.trim().chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The signatures of the messages that clients and peers of another network sent, and what they are over.
fn message_signatures(vectors: &Path) -> Vec<(&'static str, SignedData)> {
    let creator = |header: &Bytes| {
        let header = Header::decode(header.clone()).unwrap();
        SignatureHeader::decode(header.signature_header)
            .unwrap()
            .creator
    };
    let proposal = SignedProposal::decode(message(vectors, "SignedProposal")).unwrap();
    let header = proto::protos::Proposal::decode(proposal.proposal_bytes.clone())
        .unwrap()
        .header;
    let response = ProposalResponse::decode(message(vectors, "ProposalResponse")).unwrap();
    let endorsement = response.endorsement.unwrap();
    let status = proto::gateway::SignedCommitStatusRequest::decode(message(
        vectors,
        "SignedCommitStatusRequest",
    ))
    .unwrap();
    let status_request =
        proto::gateway::CommitStatusRequest::decode(status.request.clone()).unwrap();
    let events = proto::gateway::SignedChaincodeEventsRequest::decode(message(
        vectors,
        "SignedChaincodeEventsRequest",
    ))
    .unwrap();
    let events_request =
        proto::gateway::ChaincodeEventsRequest::decode(events.request.clone()).unwrap();
    let envelope = |name| envelope_signature(&Envelope::decode(message(vectors, name)).unwrap());
    let signed = |data: Bytes, identity: Bytes, signature: Bytes| SignedData {
        data,
        identity,
        signature,
    };
    let endorsed = [&response.payload[..], &endorsement.endorser]
        .concat()
        .into();
    vec![
        (
            "SignedProposal",
            signed(
                proposal.proposal_bytes,
                creator(&header),
                proposal.signature,
            ),
        ),
        (
            "ProposalResponse",
            signed(endorsed, endorsement.endorser, endorsement.signature),
        ),
        (
            "SignedCommitStatusRequest",
            signed(status.request, status_request.identity, status.signature),
        ),
        (
            "SignedChaincodeEventsRequest",
            signed(events.request, events_request.identity, events.signature),
        ),
        ("Envelope_tx", envelope("Envelope_tx")),
        ("Envelope_seek", envelope("Envelope_seek")),
    ]
}

/// The sentence at the end of a recorded error that the policy itself says.
fn recorded_error(vectors: &Path, name: &str) -> String {
    fs::read_to_string(vectors.join("messages").join(name)).unwrap()
}

#[test]
fn the_recorded_messages_verify_and_a_bad_signature_gets_the_recorded_text() {
    let Some(vectors) = vectors() else { return };
    let config_block = Block::decode(message(&vectors, "payload_cscc_GetConfigBlock")).unwrap();
    let tree = channel(&config_of(&config_block));
    for (name, signed) in message_signatures(&vectors) {
        let signers: Vec<Arc<Identity>> = tree.msps().signers(std::slice::from_ref(&signed));
        assert_eq!(signers.len(), 1, "{name}");
        tree.msps().validate(&signers[0]).unwrap();
        assert!(
            tree.msps().signers(&[flipped(&signed)]).is_empty(),
            "{name}"
        );
        for (path, recorded) in [
            (
                "/Channel/Application/Readers",
                "error_commitstatus_bad_signature.json",
            ),
            ("/Channel/Writers", "error_submit_bad_signature.json"),
        ] {
            tree.evaluate_signed(
                "/Channel/Application/Readers",
                std::slice::from_ref(&signed),
            )
            .unwrap();
            let error = tree
                .evaluate_signed(path, &[flipped(&signed)])
                .unwrap_err()
                .to_string();
            assert!(
                recorded_error(&vectors, recorded).contains(&error),
                "{recorded}: {error}"
            );
        }
    }
}
