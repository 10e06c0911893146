//! Commit status and chaincode events.

use bytes::Bytes;
use model::TxId;
use msp::Signer as _;
use prost::Message as _;
use proto::gateway::{
    ChaincodeEventsRequest, CommitStatusRequest, SignedChaincodeEventsRequest,
    SignedCommitStatusRequest,
};
use proto::orderer::{SeekOldest, SeekPosition, seek_position};
use services::gateway::gateway_server::Gateway as Served;
use tonic::{Request, Status};

use super::{CHAINCODE, CHANNEL, World, shown};
use crate::Gateway;

fn asked(world: &World) -> CommitStatusRequest {
    CommitStatusRequest {
        transaction_id: TxId::compute(b"nonce", b"creator").to_string(),
        channel_id: CHANNEL.to_owned(),
        identity: world.user.identity().clone(),
    }
}

fn sign(world: &World, request: &CommitStatusRequest) -> SignedCommitStatusRequest {
    let request = Bytes::from(request.encode_to_vec());
    let signature = world.user.sign(&request).unwrap();
    SignedCommitStatusRequest { request, signature }
}

async fn refused(gateway: &Gateway, request: SignedCommitStatusRequest) -> String {
    let answer: Result<_, Status> = Served::commit_status(gateway, Request::new(request)).await;
    shown(&answer.unwrap_err())
}

#[tokio::test]
async fn who_may_not_ask_for_a_status_is_told_why() {
    let world = World::new().await;
    let gateway = world.gateway();
    let good = asked(&world);
    let unsigned = SignedCommitStatusRequest {
        signature: Bytes::new(),
        ..sign(&world, &good)
    };
    let with = |change: fn(&mut CommitStatusRequest)| {
        let mut request = good.clone();
        change(&mut request);
        sign(&world, &request)
    };
    let broken = SignedCommitStatusRequest {
        request: Bytes::from_static(b"\xff"),
        signature: Bytes::new(),
    };
    let cases = [
        (unsigned, "PermissionDenied request.signature"),
        (broken, "InvalidArgument request.protobuf"),
        (
            SignedCommitStatusRequest::default(),
            "InvalidArgument request.invalid",
        ),
        (
            with(|it| it.channel_id = "nowhere".into()),
            "PermissionDenied channel.not_found",
        ),
        (
            with(|it| it.transaction_id = "x".into()),
            "InvalidArgument request.invalid",
        ),
        (
            with(|it| it.identity = Bytes::from_static(b"x")),
            "PermissionDenied identity.malformed",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(refused(&gateway, request).await, expected);
    }
}

#[tokio::test]
async fn who_waits_for_a_commit_is_told_why_the_waiting_ends() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut hurried = Request::new(sign(&world, &asked(&world)));
    hurried.set_timeout(std::time::Duration::from_millis(20));
    let late = Served::commit_status(&gateway, hurried).await.unwrap_err();
    assert_eq!(shown(&late), "DeadlineExceeded commit.unknown");
    world.channel().failed().cancel();
    let done = refused(&gateway, sign(&world, &asked(&world))).await;
    assert_eq!(done, "Unavailable channel.stopped");

    let world = World::with_waiters(0).await;
    let done = refused(&world.gateway(), sign(&world, &asked(&world))).await;
    assert_eq!(done, "ResourceExhausted node.busy");

    let world = World::new().await;
    world.stop.cancel();
    let done = refused(&world.gateway(), sign(&world, &asked(&world))).await;
    assert_eq!(done, "Unavailable node.unavailable");
}

#[tokio::test]
async fn chaincode_events_begin_where_fabric_s_do_and_nowhere_else() {
    let world = World::new().await;
    let request = ChaincodeEventsRequest {
        channel_id: CHANNEL.to_owned(),
        identity: world.user.identity().clone(),
        chaincode_id: CHAINCODE.to_owned(),
        start_position: Some(SeekPosition {
            r#type: Some(seek_position::Type::Oldest(SeekOldest {})),
        }),
        ..ChaincodeEventsRequest::default()
    };
    let request = Bytes::from(request.encode_to_vec());
    let signature = world.user.sign(&request).unwrap();
    let request = Request::new(SignedChaincodeEventsRequest { request, signature });
    let refused = Served::chaincode_events(&world.gateway(), request)
        .await
        .err();
    assert_eq!(shown(&refused.unwrap()), "InvalidArgument events.position");
}
