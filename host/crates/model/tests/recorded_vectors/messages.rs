use std::fs;

use bytes::Bytes;
use model::{
    Proposal,
    client::{self, Invocation, Sender},
    envelope::{Envelope, Payload},
    transaction::{Content, Opened},
};
use prost::Message;
use proto::{common, gateway, google::rpc, orderer, protos};

use crate::vectors;

/// Decodes and encodes.
type Again = fn(&[u8]) -> Vec<u8>;

fn again<M: Message + Default>(bytes: &[u8]) -> Vec<u8> {
    M::decode(bytes).unwrap().encode_to_vec()
}

/// The message that a file holds whose name begins so; what follows begins with `_` or `.`.
const BY_NAME: [(&str, Again); 26] = [
    ("BlockchainInfo", again::<common::BlockchainInfo>),
    (
        "ChaincodeEventsResponse",
        again::<gateway::ChaincodeEventsResponse>,
    ),
    ("ChannelHeader", again::<common::ChannelHeader>),
    ("CommitStatusRequest", again::<gateway::CommitStatusRequest>),
    (
        "CommitStatusResponse",
        again::<gateway::CommitStatusResponse>,
    ),
    ("DeliverResponse", again::<protos::DeliverResponse>),
    ("EndorseRequest", again::<gateway::EndorseRequest>),
    ("EndorseResponse", again::<gateway::EndorseResponse>),
    ("Envelope", again::<common::Envelope>),
    ("EvaluateRequest", again::<gateway::EvaluateRequest>),
    ("EvaluateResponse", again::<gateway::EvaluateResponse>),
    (
        "ProcessedTransaction",
        again::<protos::ProcessedTransaction>,
    ),
    ("Proposal", again::<protos::Proposal>),
    ("ProposalResponse", again::<protos::ProposalResponse>),
    (
        "ProposalResponsePayload",
        again::<protos::ProposalResponsePayload>,
    ),
    ("SignatureHeader", again::<common::SignatureHeader>),
    (
        "SignedChaincodeEventsRequest",
        again::<gateway::SignedChaincodeEventsRequest>,
    ),
    (
        "SignedCommitStatusRequest",
        again::<gateway::SignedCommitStatusRequest>,
    ),
    ("SignedProposal", again::<protos::SignedProposal>),
    ("SubmitRequest", again::<gateway::SubmitRequest>),
    ("SubmitResponse", again::<gateway::SubmitResponse>),
    ("error", again::<rpc::Status>),
    ("payload_GetChainInfo", again::<common::BlockchainInfo>),
    ("payload_cscc_GetChannelConfig", again::<common::Config>),
    (
        "payload_cscc_GetChannels",
        again::<protos::ChannelQueryResponse>,
    ),
    ("payload_cscc_GetConfigBlock", again::<common::Block>),
];

fn again_by_name(name: &str) -> Again {
    let fits = |start: &str| {
        name.strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(['_', '.']))
    };
    let found = BY_NAME.iter().find(|(start, _)| fits(start));
    found
        .unwrap_or_else(|| panic!("no message type known for {name}"))
        .1
}

/// The bytes of one recorded message; `None` where the vectors are missing.
fn recorded(name: &str) -> Option<Bytes> {
    let text = fs::read_to_string(vectors()?.join("messages").join(name)).unwrap();
    Some(hex::decode(text.trim()).unwrap().into())
}

fn decoded<M: Message + Default>(name: &str) -> Option<M> {
    recorded(name).map(|bytes| M::decode(bytes).unwrap())
}

fn names_ending(end: &str) -> Vec<String> {
    let Some(vectors) = vectors() else {
        return Vec::new();
    };
    let entries = fs::read_dir(vectors.join("messages")).unwrap();
    let names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(end))
        .collect();
    assert!(!names.is_empty());
    names
}

/// Messages with maps: Go writes a map's entries in random order, and keys and values even where they are zero, which
/// prost leaves out. Only their content can be the same, and no hash or signature is over them.
const WITH_MAPS: [&str; 2] = [
    "DeliverResponse_block_and_private_data.hex",
    "payload_cscc_GetChannelConfig.hex",
];

#[test]
fn every_recorded_message_decodes_and_encodes_to_the_same_bytes() {
    for name in names_ending(".hex") {
        if !WITH_MAPS.contains(&name.as_str()) {
            let bytes = recorded(&name).unwrap();
            let again = again_by_name(&name)(&bytes);
            assert_eq!(hex::encode(again), hex::encode(bytes), "{name}");
        }
    }
}

#[test]
fn messages_with_maps_keep_their_content() {
    let Some(deliver) = decoded::<protos::DeliverResponse>(WITH_MAPS[0]) else {
        return;
    };
    assert_eq!(
        protos::DeliverResponse::decode(deliver.encode_to_vec().as_slice()).unwrap(),
        deliver
    );
    let Some(protos::deliver_response::Type::BlockAndPrivateData(with_private)) = deliver.r#type
    else {
        panic!("not a block with private data");
    };
    assert_eq!(
        with_private.private_data_map[&0].ns_pvt_rwset[0].namespace,
        "basic"
    );
    let config: common::Config = decoded(WITH_MAPS[1]).unwrap();
    assert_eq!(
        common::Config::decode(config.encode_to_vec().as_slice()).unwrap(),
        config
    );
    let groups = config.channel_group.unwrap().groups;
    assert_eq!(
        groups.keys().collect::<Vec<_>>(),
        ["Application", "Orderer"]
    );
}

#[test]
fn error_details_say_what_the_gateway_said() {
    for name in names_ending(".grpc-status-details-bin.hex") {
        let status: rpc::Status = decoded(&name).unwrap();
        let json_name = name.replace(".grpc-status-details-bin.hex", ".json");
        let json = fs::read(vectors().unwrap().join("messages").join(json_name)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["message"], status.message, "{name}");
        assert_eq!(json["grpc_code_number"], status.code, "{name}");
        assert_eq!(
            json["details"].as_array().unwrap().len(),
            status.details.len(),
            "{name}"
        );
        for detail in &status.details {
            let unpacked: gateway::ErrorDetail = detail.to_msg().unwrap();
            assert!(!unpacked.message.is_empty());
            assert_eq!(&prost_types::Any::from_msg(&unpacked).unwrap(), detail);
        }
    }
}

fn sender_of(
    signature_header: &common::SignatureHeader,
    channel_header: &common::ChannelHeader,
) -> Sender {
    Sender {
        creator: signature_header.creator.clone(),
        nonce: signature_header.nonce.as_ref().try_into().unwrap(),
        timestamp: channel_header.timestamp.unwrap(),
    }
}

#[test]
fn a_proposal_made_of_the_same_parts_has_the_bytes_of_the_go_client_s() {
    let Some(signed) = decoded::<protos::SignedProposal>("SignedProposal.hex") else {
        return;
    };
    let proposal = Proposal::parse(&signed).unwrap();
    let tx_id = proposal.check().unwrap();
    assert_eq!(proposal.channel_id(), "mychannel");
    assert_eq!(proposal.chaincode, "basic");
    let sender = sender_of(
        &proposal.signature_header.message,
        &proposal.channel_header.message,
    );
    let (made_tx_id, made) = sender.propose(Invocation {
        channel_id: proposal.channel_id().to_owned(),
        chaincode: proposal.chaincode.clone(),
        args: proposal.input.args.clone(),
        transient: proposal.transient.clone(),
        is_init: proposal.input.is_init,
    });
    assert_eq!(made_tx_id, tx_id);
    assert_eq!(hex::encode(made), hex::encode(&signed.proposal_bytes));
}

#[test]
fn the_recorded_response_signs_the_proposal_s_hash() {
    let Some(signed) = decoded::<protos::SignedProposal>("SignedProposal.hex") else {
        return;
    };
    let payload: protos::ProposalResponsePayload = decoded("ProposalResponsePayload.hex").unwrap();
    let proposal = Proposal::parse(&signed).unwrap();
    assert_eq!(payload.proposal_hash, proposal.proposal_hash().as_slice());
}

#[test]
fn a_transaction_assembled_of_the_same_responses_has_the_bytes_of_the_gateway_s() {
    let Some(signed) = decoded::<protos::SignedProposal>("SignedProposal.hex") else {
        return;
    };
    let proposal = Proposal::parse(&signed).unwrap();
    let prepared = Envelope::decode(&recorded("Envelope_tx.hex").unwrap()).unwrap();
    let Content::Endorsed(endorsed) = Opened::parse(&prepared.encode())
        .unwrap()
        .content()
        .unwrap()
    else {
        panic!("not a transaction");
    };
    let response = |endorsement: &protos::Endorsement| protos::ProposalResponse {
        response: Some(protos::Response {
            status: 200,
            ..Default::default()
        }),
        payload: endorsed.response_payload.bytes.clone(),
        endorsement: Some(endorsement.clone()),
        ..Default::default()
    };
    let responses: Vec<_> = endorsed.endorsements.iter().map(response).collect();
    assert_eq!(responses.len(), 2);
    let assembled = client::assemble(&proposal, &responses).unwrap();
    assert_eq!(hex::encode(assembled), hex::encode(prepared.payload));
}

#[test]
fn a_deliver_request_made_of_the_same_parts_has_the_bytes_of_the_go_client_s() {
    let Some(recorded) = recorded("Envelope_seek.hex") else {
        return;
    };
    let envelope = Envelope::decode(&recorded).unwrap();
    let payload = Payload::parse(&envelope.payload).unwrap();
    assert_eq!(
        payload.header_type(),
        Some(common::HeaderType::DeliverSeekInfo)
    );
    let seek = orderer::SeekInfo::decode(payload.data.clone()).unwrap();
    let channel_header = &payload.channel_header.message;
    let sender = sender_of(&payload.signature_header.message, channel_header);
    let made = sender.seek(&channel_header.channel_id, &seek, None);
    assert_eq!(hex::encode(made), hex::encode(envelope.payload));
}
