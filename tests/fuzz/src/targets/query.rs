//! Questions about a ledger: `weft.v1.Inspect` with signed requests, and bookmarks.
//!
//! The first byte names the call, and whether the request inside is signed here.

use bytes::Bytes;
use inspect::Keys;
use msp::Signer as _;
use prost::Message as _;
use proto::weft::{DigestRequest, HistoryRequest, RangeRequest, SignedRequest, StateRequest};
use services::weft::inspect_server::Inspect;
use tonic::{Request, Status};

use super::CHAINCODE;
use crate::network::{CHANNEL, NOW, network};
use crate::peer;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let rest = Bytes::copy_from_slice(rest);
    let signed = match kind % 3 {
        0 => SignedRequest::decode(rest).ok(),
        1 => Some(signed(rest)),
        _ => return bookmark(*kind, &rest),
    };
    let Some(Err(status)) = signed.and_then(|signed| call(*kind, Request::new(signed))) else {
        return;
    };
    assert_ne!(status.code(), tonic::Code::Internal, "{status}");
    assert!(
        services::code_of(&status).is_some(),
        "{status} has no code of ours"
    );
}

fn call(kind: u8, request: Request<SignedRequest>) -> Option<Result<(), Status>> {
    peer::ask(|peer| async move {
        match kind / 3 % 4 {
            0 => Inspect::digest(&peer.inspect, request).await.map(drop),
            1 => Inspect::state(&peer.inspect, request).await.map(drop),
            2 => Inspect::range(&peer.inspect, request).await.map(drop),
            _ => Inspect::history(&peer.inspect, request).await.map(drop),
        }
    })
}

/// A bookmark says where to go on, and never more than the question allows; the one given leads on.
fn bookmark(kind: u8, bytes: &Bytes) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (start, bookmark) = text.split_once('\n').unwrap_or(("", text));
    let keys = match kind / 3 % 3 {
        0 => Keys::Prefix(start.to_owned()),
        1 => Keys::Range {
            start: start.to_owned(),
            end: String::new(),
        },
        _ => Keys::Composite {
            object_type: start.to_owned(),
            attributes: Vec::new(),
        },
    };
    let channel = peer::ask(|peer| async move { peer.channel }).expect("it is at hand");
    let bookmark = Some(bookmark).filter(|text| !text.is_empty());
    let _ = inspect::history(&channel, CHAINCODE, start, 2, bookmark);
    let Ok(page) = inspect::range(&channel, CHAINCODE, &keys, 2, bookmark) else {
        return;
    };
    assert!(page.entries.len() <= 2);
    if let Some(next) = &page.bookmark {
        let next = inspect::range(&channel, CHAINCODE, &keys, 2, Some(next));
        let next = next.expect("the bookmark that was given is good").entries;
        let last = page.entries.last().map(|entry| &entry.key);
        assert!(next.iter().all(|entry| Some(&entry.key) > last));
    }
}

fn signed(request: Bytes) -> SignedRequest {
    SignedRequest {
        signature: network().members[0][0]
            .sign(&request)
            .expect("our key signs"),
        request,
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let identity = network().members[0][0].identity().clone();
    let (channel_id, sent_at_ms) = (CHANNEL.to_owned(), NOW.seconds * 1_000);
    let requests = [
        DigestRequest {
            channel_id: channel_id.clone(),
            identity: identity.clone(),
            sent_at_ms,
            rpc: "Digest".to_owned(),
        }
        .encode_to_vec(),
        StateRequest {
            channel_id: channel_id.clone(),
            identity: identity.clone(),
            sent_at_ms,
            rpc: "State".to_owned(),
            chaincode: CHAINCODE.to_owned(),
            key: "k01".to_owned(),
        }
        .encode_to_vec(),
        RangeRequest {
            channel_id: channel_id.clone(),
            identity: identity.clone(),
            sent_at_ms,
            rpc: "Range".to_owned(),
            chaincode: CHAINCODE.to_owned(),
            ..RangeRequest::default()
        }
        .encode_to_vec(),
        HistoryRequest {
            channel_id,
            identity,
            sent_at_ms,
            rpc: "History".to_owned(),
            chaincode: CHAINCODE.to_owned(),
            ..HistoryRequest::default()
        }
        .encode_to_vec(),
    ];
    let mut seeds = vec![
        b"\x02k\n".to_vec(),
        b"\x05k01\n".to_vec(),
        b"\x08type\n".to_vec(),
    ];
    for (rpc, request) in (0..).zip(requests) {
        let whole = signed(request.clone().into()).encode_to_vec();
        seeds.push([&[rpc * 3], &whole[..]].concat());
        seeds.push([&[rpc * 3 + 1], &request[..]].concat());
    }
    seeds
}
