//! Requests to the gateway, as Fabric's client libraries send them.
//!
//! The first byte names the call; of the two that carry signed requests, also whether the inner one is signed here.

use bytes::Bytes;
use futures::StreamExt as _;
use msp::Signer as _;
use prost::Message;
use proto::gateway::{
    ChaincodeEventsRequest, CommitStatusRequest, EndorseRequest, EvaluateRequest,
    SignedChaincodeEventsRequest, SignedCommitStatusRequest, SubmitRequest,
};
use proto::protos::SignedProposal;
use services::gateway::gateway_server::Gateway;
use tonic::{Request, Status};

use super::{CHAINCODE, proposal};
use crate::network::{CHANNEL, MSP_IDS, network};
use crate::{peer, recorded};

/// Answers of a stream that are looked at.
const EVENTS: usize = 3;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let outcome = match kind % 7 {
        0 => with(rest, |it: Request<EvaluateRequest>| {
            peer::ask(|peer| async move { peer.gateway.evaluate(it).await.map(drop) })
        }),
        1 => with(rest, |it: Request<EndorseRequest>| {
            peer::ask(|peer| async move { peer.gateway.endorse(it).await.map(drop) })
        }),
        2 => with(rest, |it: Request<SubmitRequest>| {
            peer::ask(|peer| async move { peer.gateway.submit(it).await.map(drop) })
        }),
        3 => with(rest, commit_status),
        4 => with(rest, chaincode_events),
        5 => commit_status(signed_status(Bytes::copy_from_slice(rest))),
        _ => chaincode_events(signed_events(Bytes::copy_from_slice(rest))),
    };
    if let Some(Err(status)) = outcome {
        let code = services::code_of(&status);
        assert!(code.is_some(), "{status} has no code of ours");
        assert!(!status.message().is_empty());
    }
}

fn with<M: Message + Default>(
    bytes: &[u8],
    call: impl FnOnce(Request<M>) -> Option<Result<(), Status>>,
) -> Option<Result<(), Status>> {
    call(Request::new(M::decode(bytes).ok()?))
}

fn commit_status(request: Request<SignedCommitStatusRequest>) -> Option<Result<(), Status>> {
    peer::ask(|peer| async move {
        Gateway::commit_status(&peer.gateway, request)
            .await
            .map(drop)
    })
}

fn chaincode_events(request: Request<SignedChaincodeEventsRequest>) -> Option<Result<(), Status>> {
    peer::ask(|peer| async move {
        let events = Gateway::chaincode_events(&peer.gateway, request).await?;
        let events: Vec<_> = events.into_inner().take(EVENTS).collect().await;
        events.into_iter().try_for_each(|event| event.map(drop))
    })
}

fn signed_status(request: Bytes) -> Request<SignedCommitStatusRequest> {
    let signature = sign(&request);
    Request::new(SignedCommitStatusRequest { request, signature })
}

fn signed_events(request: Bytes) -> Request<SignedChaincodeEventsRequest> {
    let signature = sign(&request);
    Request::new(SignedChaincodeEventsRequest { request, signature })
}

pub(super) fn proposed(chaincode: &str, args: &[&[u8]]) -> SignedProposal {
    let args = args.iter().map(|arg| Bytes::copy_from_slice(arg));
    let proposal_bytes = proposal::propose(chaincode, CHANNEL, args.collect());
    SignedProposal {
        signature: sign(&proposal_bytes),
        proposal_bytes,
    }
}

fn sign(request: &[u8]) -> Bytes {
    network().members[0][0]
        .sign(request)
        .expect("our key signs")
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let names = [
        "EvaluateRequest",
        "EndorseRequest",
        "SubmitRequest",
        "SignedCommitStatusRequest",
        "SignedChaincodeEventsRequest",
    ];
    let recorded = (0..).zip(names).filter_map(|(kind, name)| {
        let recorded = recorded::message(name)?;
        Some(of(kind, &recorded))
    });
    let made = calls().into_iter().chain(asked());
    let made = made.map(|(kind, request)| of(kind, &request));
    made.chain(recorded).collect()
}

/// Requests around a proposal.
fn calls() -> Vec<(u8, Vec<u8>)> {
    let query = proto::lifecycle::QueryChaincodeDefinitionArgs {
        name: CHAINCODE.to_owned(),
    };
    let called: [(&str, &[&[u8]]); 3] = [
        (CHAINCODE, &[b"Do"]),
        ("qscc", &[b"GetChainInfo", CHANNEL.as_bytes()]),
        (
            "_lifecycle",
            &[b"QueryChaincodeDefinition", &query.encode_to_vec()],
        ),
    ];
    let requests = called.iter().flat_map(|(chaincode, args)| {
        let evaluate = EvaluateRequest {
            channel_id: CHANNEL.to_owned(),
            proposed_transaction: Some(proposed(chaincode, args)),
            ..EvaluateRequest::default()
        };
        let endorse = EndorseRequest {
            channel_id: CHANNEL.to_owned(),
            proposed_transaction: Some(proposed(chaincode, args)),
            endorsing_organizations: vec![MSP_IDS[0].to_owned()],
            ..EndorseRequest::default()
        };
        [(0, evaluate.encode_to_vec()), (1, endorse.encode_to_vec())]
    });
    requests.collect()
}

/// Requests about transactions.
fn asked() -> [(u8, Vec<u8>); 5] {
    let submit = SubmitRequest {
        channel_id: CHANNEL.to_owned(),
        prepared_transaction: Some(proto::common::Envelope {
            payload: Bytes::from_static(b"payload"),
            signature: Bytes::from_static(b"signature"),
        }),
        ..SubmitRequest::default()
    };
    let identity = network().members[0][0].identity().clone();
    let status = CommitStatusRequest {
        channel_id: CHANNEL.to_owned(),
        transaction_id: "00".repeat(32),
        identity: identity.clone(),
    };
    let events = ChaincodeEventsRequest {
        channel_id: CHANNEL.to_owned(),
        chaincode_id: CHAINCODE.to_owned(),
        identity,
        ..ChaincodeEventsRequest::default()
    };
    let (status, events) = (status.encode_to_vec(), events.encode_to_vec());
    let signed_status = signed_status(status.clone().into()).into_inner();
    let signed_events = signed_events(events.clone().into()).into_inner();
    [
        (2, submit.encode_to_vec()),
        (3, signed_status.encode_to_vec()),
        (4, signed_events.encode_to_vec()),
        (5, status),
        (6, events),
    ]
}
