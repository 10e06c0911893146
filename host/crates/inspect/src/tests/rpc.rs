//! `weft.v1.Inspect` as callers meet it.

use std::sync::Arc;

use bytes::Bytes;
use msp::{Signer as _, SigningIdentity};
use prost::Message;
use prost_types::Timestamp;
use proto::weft::explain_request::Transaction;
use proto::weft::{
    ClockRequest, DigestRequest, ExplainRequest, HistoryRequest, RangeRequest, SignedRequest,
    StateRequest, TransactionPlace,
};
use services::code_of;
use services::weft::inspect_server::Inspect as _;
use tonic::{Code, Request, Status};

use super::{CHAINCODE, CHANNEL, NOW_S, World, serialized};
use crate::{Config, Inspect};

fn service(world: &World, config: Config) -> Inspect {
    let clock = || Timestamp {
        seconds: NOW_S,
        nanos: 7_000_000,
    };
    Inspect::new(config, world.channels.clone(), Arc::new(clock))
}

fn state(who: &SigningIdentity) -> StateRequest {
    StateRequest {
        channel_id: CHANNEL.to_owned(),
        identity: serialized(who),
        sent_at_ms: NOW_S * 1_000,
        rpc: "State".to_owned(),
        chaincode: CHAINCODE.to_owned(),
        key: "k".to_owned(),
    }
}

fn sign(who: &SigningIdentity, request: &impl Message) -> Request<SignedRequest> {
    let request = Bytes::from(request.encode_to_vec());
    let signature = who.sign(&request).unwrap();
    Request::new(SignedRequest { request, signature })
}

fn shown(status: &Status) -> (Code, &str) {
    (status.code(), code_of(status).unwrap())
}

#[tokio::test]
async fn signed_requests_are_answered_from_the_ledger() {
    let world = World::new().await;
    world.write(&[("k", "1")]).await;
    world.write(&[("k", "2"), ("l", "3")]).await;
    let (inspect, user) = (service(&world, Config::default()), &world.user);
    let entry = inspect.state(sign(user, &state(user))).await.unwrap();
    let entry = entry.into_inner();
    assert_eq!((&entry.value[..], entry.block, entry.tx), (&b"2"[..], 2, 0));
    let request = RangeRequest {
        channel_id: CHANNEL.to_owned(),
        identity: serialized(user),
        sent_at_ms: NOW_S * 1_000,
        rpc: "Range".to_owned(),
        chaincode: CHAINCODE.to_owned(),
        limit: 1,
        ..RangeRequest::default()
    };
    let first = inspect.range(sign(user, &request)).await.unwrap();
    let first = first.into_inner();
    assert_eq!((first.entries[0].key.as_str(), first.height), ("k", 3));
    let request = RangeRequest {
        bookmark: first.bookmark,
        ..request
    };
    let second = inspect.range(sign(user, &request)).await.unwrap();
    let second = second.into_inner();
    assert_eq!(
        (second.entries[0].key.as_str(), second.bookmark),
        ("l", String::new())
    );
    let request = HistoryRequest {
        channel_id: CHANNEL.to_owned(),
        identity: serialized(user),
        sent_at_ms: NOW_S * 1_000,
        rpc: "History".to_owned(),
        chaincode: CHAINCODE.to_owned(),
        key: "k".to_owned(),
        ..HistoryRequest::default()
    };
    let told = inspect.history(sign(user, &request)).await.unwrap();
    let values: Vec<Bytes> = told
        .into_inner()
        .changes
        .into_iter()
        .map(|it| it.value)
        .collect();
    assert_eq!(values, ["2", "1"]);
    let request = DigestRequest {
        channel_id: CHANNEL.to_owned(),
        identity: serialized(user),
        sent_at_ms: NOW_S * 1_000,
        rpc: "Digest".to_owned(),
    };
    let digest = inspect.digest(sign(user, &request)).await.unwrap();
    let digest = digest.into_inner();
    assert_eq!((digest.height, digest.state_sha256.len()), (3, 32));
}

async fn check(inspect: &Inspect, request: Request<SignedRequest>, expected: (Code, &str)) {
    let refused = inspect.state(request).await.unwrap_err();
    assert_eq!(shown(&refused), expected, "{refused}");
}

#[tokio::test]
async fn requests_of_the_wrong_sender_are_refused_with_codes() {
    let world = World::new().await;
    let (inspect, user) = (service(&world, Config::default()), &world.user);
    let unsigned = Request::new(SignedRequest {
        signature: Bytes::new(),
        ..sign(user, &state(user)).into_inner()
    });
    let by = |who: &SigningIdentity| sign(who, &state(who));
    let cases = [
        (unsigned, "request.signature"),
        // Another's signature over the user's request.
        (sign(&world.stranger, &state(user)), "request.signature"),
        (by(&world.stranger), "identity.unknown"),
        (by(&world.impostor), "identity.unknown"),
        (by(&world.expired), "identity.expired"),
    ];
    for (request, code) in cases {
        check(&inspect, request, (Code::PermissionDenied, code)).await;
    }
}

#[tokio::test]
async fn requests_that_are_wrong_are_refused_with_codes() {
    let world = World::new().await;
    world.write(&[("k", "1")]).await;
    let (inspect, user) = (service(&world, Config::default()), &world.user);
    let broken = Request::new(SignedRequest {
        request: Bytes::from_static(b"\xff"),
        signature: Bytes::new(),
    });
    check(
        &inspect,
        broken,
        (Code::InvalidArgument, "request.protobuf"),
    )
    .await;
    type Change = fn(&mut StateRequest);
    let invalid: [(Change, &str); 5] = [
        (|it| it.rpc = "History".to_owned(), "request.invalid"),
        (|it| it.sent_at_ms -= 901_000, "request.clock"),
        (|it| it.sent_at_ms += 901_008, "request.clock"),
        (|it| it.sent_at_ms = i64::MIN, "request.clock"),
        (|it| it.key.clear(), "request.invalid"),
    ];
    let missing: [(Change, &str); 3] = [
        (
            |it| it.channel_id = "nowhere".to_owned(),
            "channel.not_found",
        ),
        (
            |it| it.chaincode = "nothing".to_owned(),
            "chaincode.not_found",
        ),
        (|it| it.key = "never".to_owned(), "state.not_found"),
    ];
    let invalid = invalid.map(|(change, code)| (change, (Code::InvalidArgument, code)));
    let missing = missing.map(|(change, code)| (change, (Code::NotFound, code)));
    for (change, expected) in invalid.into_iter().chain(missing) {
        let mut request = state(user);
        change(&mut request);
        check(&inspect, sign(user, &request), expected).await;
    }
    // The next good request is answered.
    assert!(inspect.state(sign(user, &state(user))).await.is_ok());
}

#[tokio::test]
async fn more_reads_than_may_run_are_refused() {
    let world = World::new().await;
    let config = Config {
        reads_max: 0,
        ..Config::default()
    };
    let request = sign(&world.user, &state(&world.user));
    let busy = (Code::ResourceExhausted, "node.busy");
    check(&service(&world, config), request, busy).await;
}

#[tokio::test]
async fn everybody_is_told_the_time_and_the_version() {
    let world = World::new().await;
    let config = Config {
        version: "1.2.3".to_owned(),
        ..Config::default()
    };
    let told = service(&world, config)
        .clock(Request::new(ClockRequest {}))
        .await;
    let told = told.unwrap().into_inner();
    assert_eq!(
        (told.now_ms, told.version.as_str()),
        (NOW_S * 1_000 + 7, "1.2.3")
    );
}

fn explain(who: &SigningIdentity, transaction: Option<Transaction>) -> ExplainRequest {
    ExplainRequest {
        channel_id: CHANNEL.to_owned(),
        identity: serialized(who),
        sent_at_ms: NOW_S * 1_000,
        rpc: "Explain".to_owned(),
        transaction,
    }
}

#[tokio::test]
async fn a_transaction_is_explained_to_who_may_read_it() {
    let world = World::new().await;
    world.write(&[("k", "1")]).await;
    let inspect = service(&world, Config::default());
    let place = Some(Transaction::Place(TransactionPlace { block: 1, tx: 0 }));
    let ask = |who, which| inspect.explain(sign(who, &explain(who, which)));
    let told = ask(&world.user, place.clone()).await.unwrap().into_inner();
    let told: decoded::Explanation = serde_json::from_slice(&told.explanation).unwrap();
    assert_eq!((told.code.as_str(), told.writes.len()), ("VALID", 1));
    let unknown = Some(Transaction::TxId("0".repeat(64)));
    let refused = [
        (
            ask(&world.stranger, place),
            (Code::PermissionDenied, "identity.unknown"),
        ),
        (
            ask(&world.user, unknown),
            (Code::NotFound, "transaction.not_found"),
        ),
        (
            ask(&world.user, None),
            (Code::InvalidArgument, "request.invalid"),
        ),
    ];
    for (asked, expected) in refused {
        assert_eq!(shown(&asked.await.unwrap_err()), expected);
    }
}
