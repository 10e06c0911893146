//! Answers of a real Fabric peer, message by message: ours are the same bytes, once this network's names stand in them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use model::client::Invocation;
use msp::Signer as _;
use prost::Message;
use proto::common::BlockchainInfo;
use proto::google::rpc;
use proto::kvrwset::KvrwSet;
use proto::protos::{
    ChannelInfo, ChannelQueryResponse, ProposalResponse, ProposalResponsePayload, SignedProposal,
};
use proto::rwset::TxReadWriteSet;

use super::network::{CHANNEL, Network, at, invoke, sign};
use super::recorded::vectors;
use super::{Answer, action};

/// The bytes of a recorded message; `None` where there are no recordings.
fn message(name: &str) -> Option<Bytes> {
    let text = fs::read_to_string(folder()?.join(format!("{name}.hex"))).unwrap();
    Some(hex::decode(text.trim()).unwrap().into())
}

fn folder() -> Option<PathBuf> {
    Some(vectors()?.join("../messages"))
}

/// Code, text and details of a recorded refusal.
fn refusal(name: &str) -> Option<rpc::Status> {
    let bytes = message(&format!("{name}.grpc-status-details-bin"))?;
    Some(rpc::Status::decode(bytes).unwrap())
}

/// What the recording calls by other names than this network.
fn renamed(text: &str) -> String {
    text.replace("[mychannel]", &format!("[{CHANNEL}]"))
}

#[track_caller]
fn assert_is(answer: Answer, recorded: &rpc::Status, message: &str) {
    let refused = answer.unwrap_err();
    assert_eq!(i32::from(refused.code()), recorded.code);
    assert_eq!(refused.message(), message);
    // Fabric's peers give no details.
    assert!(refused.details().is_empty() && recorded.details.is_empty());
}

async fn process(network: &Network, proposal: SignedProposal) -> Answer {
    network.peers[0].endorser.process(proposal).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_signature_is_refused_with_the_recorded_status() {
    let Some(recorded) = refusal("error_endorser_bad_signature") else {
        return;
    };
    let network = Network::with_chaincode().await;
    let mut proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    proposal.signature = network.user().sign(b"something else").unwrap();
    let answer = process(&network, proposal).await;
    assert_is(answer, &recorded, &renamed(&recorded.message));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_refused_with_the_recorded_status() {
    let Some(recorded) = refusal("error_endorser_timewindow") else {
        return;
    };
    let network = Network::with_chaincode().await;
    // The recorded times, 2026-11-22T06:05:57Z and 16 minutes later.
    let (stated_s, peer_s) = (1_795_327_557, 1_795_328_517);
    network.peers[0].clock_s.store(peer_s, Ordering::Relaxed);
    let mut sender = network.sender(network.user());
    sender.timestamp = at(stated_s);
    let (_, bytes) = sender.propose(invoke("cc", &["nop"]));
    let answer = process(&network, sign(network.user(), bytes)).await;
    assert_is(answer, &recorded, &recorded.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_id_used_before_is_refused_with_the_recorded_status() {
    let Some(recorded) = refusal("error_endorser_duplicate_txid") else {
        return;
    };
    let network = Network::with_chaincode().await;
    let (tx_id, bytes) = network
        .sender(network.user())
        .propose(invoke("cc", &["put", "a", "1"]));
    let proposal = sign(network.user(), bytes);
    let endorsed = process(&network, proposal.clone()).await.unwrap();
    let parsed = model::Proposal::parse(&proposal).unwrap();
    let code = network
        .commit_endorsed(CHANNEL, network.user(), &parsed, &[endorsed.into_inner()])
        .await;
    assert_eq!(code, model::TxValidationCode::Valid);
    // The recorded text has an id of 64 digits and a creator in hex, each in brackets.
    let creator = hex::encode(network.user().identity());
    let mut parts: Vec<&str> = recorded.message.split(['[', ']']).collect();
    assert_eq!((parts.len(), parts[1].len()), (5, 64));
    assert!(hex::decode(parts[3]).is_ok());
    (parts[1], parts[3]) = (tx_id.as_str(), &creator);
    let message = format!(
        "{}[{}]{}[{}]{}",
        parts[0], parts[1], parts[2], parts[3], parts[4]
    );
    assert_is(process(&network, proposal).await, &recorded, &message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_the_fourth_hundred_is_answered_with_the_recorded_bytes() {
    let Some(recorded) = message("ProposalResponse_status_404") else {
        return;
    };
    let network = Network::with_chaincode().await;
    let call = invoke("cc", &["respond", "404", "nope", "payload of 404"]);
    let answer = network.call(0, network.user(), call).await.unwrap();
    assert_eq!(answer.into_inner().encode_to_vec(), recorded);
}

/// The recorded response with this network's proposal hash, chaincode and version of its definition in it.
fn as_here(recorded: &Bytes, ours: &ProposalResponse) -> ProposalResponse {
    let mut response = ProposalResponse::decode(recorded.clone()).unwrap();
    let mut action = action(&response);
    let mut results = TxReadWriteSet::decode(action.results.clone()).unwrap();
    let mut lifecycle = KvrwSet::decode(results.ns_rwset[0].rwset.clone()).unwrap();
    let read = &mut lifecycle.reads[0];
    read.key = read.key.replace("/basic/", "/cc/");
    let our_results = TxReadWriteSet::decode(super::action(ours).results).unwrap();
    let our_lifecycle = KvrwSet::decode(our_results.ns_rwset[0].rwset.clone()).unwrap();
    read.version = our_lifecycle.reads[0].version;
    results.ns_rwset[0].rwset = lifecycle.encode_to_vec().into();
    action.results = results.encode_to_vec().into();
    let id = action.chaincode_id.as_mut().unwrap();
    assert_eq!(id.name, "basic");
    "cc".clone_into(&mut id.name);
    let mut payload = ProposalResponsePayload::decode(response.payload.clone()).unwrap();
    let our_payload = ProposalResponsePayload::decode(ours.payload.clone()).unwrap();
    assert_eq!(payload.proposal_hash.len(), our_payload.proposal_hash.len());
    payload.proposal_hash = our_payload.proposal_hash;
    payload.extension = action.encode_to_vec().into();
    response.payload = payload.encode_to_vec().into();
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chaincode_that_fails_is_answered_with_the_recorded_bytes() {
    let Some(recorded) = message("ProposalResponse_chaincode_error") else {
        return;
    };
    let network = Network::with_chaincode().await;
    let call = invoke("cc", &["refuse", "500", "on purpose"]);
    let answer = network.call(0, network.user(), call).await.unwrap();
    let answer = answer.into_inner();
    let expected = as_here(&recorded, &answer);
    assert_eq!(answer.encode_to_vec(), expected.encode_to_vec());
}

/// The payload of what the peer's own chaincodes answer.
async fn asked(network: &Network, chaincode: &str, channel: &str, args: &[&str]) -> Bytes {
    let call = Invocation {
        channel_id: channel.to_owned(),
        ..invoke(chaincode, args)
    };
    let answer = network.call(0, network.user(), call).await.unwrap();
    let response = answer.into_inner().response.unwrap();
    assert_eq!(response.status, 200, "{}", response.message);
    response.payload
}

#[tokio::test(flavor = "multi_thread")]
async fn the_peers_own_chaincodes_answer_with_the_recorded_messages() {
    let (Some(info), Some(channels), Some(block)) = (
        message("payload_GetChainInfo"),
        message("payload_cscc_GetChannels"),
        message("payload_cscc_GetConfigBlock"),
    ) else {
        return;
    };
    let network = Network::with_chaincode().await;
    let here = network.peers[0].channel(CHANNEL).ledger().info().unwrap();

    let mut expected = BlockchainInfo::decode(info).unwrap();
    let ours = asked(&network, "qscc", CHANNEL, &["GetChainInfo", CHANNEL]).await;
    let previous = BlockchainInfo::decode(ours.clone())
        .unwrap()
        .previous_block_hash;
    assert_eq!(previous.len(), expected.previous_block_hash.len());
    (expected.height, expected.previous_block_hash) = (here.height, previous);
    expected.current_block_hash = here.last_hash.to_vec().into();
    assert_eq!(ours, expected.encode_to_vec());

    let mut expected = ChannelQueryResponse::decode(channels).unwrap();
    let ours = asked(&network, "cscc", "", &["GetChannels"]).await;
    let [ChannelInfo { channel_id }] = &mut expected.channels[..] else {
        panic!("one channel was recorded");
    };
    CHANNEL.clone_into(channel_id);
    assert_eq!(ours, expected.encode_to_vec());

    let expected = proto::common::Block::decode(block).unwrap();
    let ours = asked(&network, "cscc", "", &["GetConfigBlock", CHANNEL]).await;
    let ours = proto::common::Block::decode(ours).unwrap();
    // A whole block as the peer keeps it: with header, data, and all five slots of metadata.
    let parts = |block: &proto::common::Block| {
        let data = block.data.as_ref().map(|data| data.data.len());
        let slots = block.metadata.as_ref().map(|slots| slots.metadata.len());
        (block.header.is_some(), data, slots)
    };
    assert_eq!(parts(&ours), parts(&expected));
}
