//! Submit, and what comes after it.

use bytes::Bytes;
use expect_test::expect;
use msp::Signer as _;
use prost::Message as _;
use proto::common::Envelope;
use proto::gateway::{
    ChaincodeEventsRequest, CommitStatusRequest, SignedChaincodeEventsRequest,
    SignedCommitStatusRequest, SubmitRequest,
};
use proto::orderer::{SeekNewest, SeekOldest, SeekPosition, seek_position};
use services::gateway::gateway_server::Gateway as Served;
use tonic::Request;

use super::super::{CHAINCODE, CHANNEL, Ordering, World};
use super::{Rows, told};
use crate::Gateway;

async fn submit(world: &World, gateway: &Gateway, request: SubmitRequest) -> String {
    let done = Served::submit(gateway, Request::new(request)).await;
    told(world, done.map(drop))
}

#[tokio::test]
async fn a_submission_is_refused_in_fabrics_words() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let request = |channel: &str| SubmitRequest {
        channel_id: channel.to_owned(),
        prepared_transaction: Some(Envelope {
            payload: Bytes::from_static(b"transaction"),
            signature: Bytes::from_static(b"signature"),
        }),
        ..SubmitRequest::default()
    };
    let nothing = SubmitRequest::default();
    rows.add("nothing", submit(&world, &gateway, nothing).await);
    let mut unsigned = request(CHANNEL);
    unsigned.prepared_transaction.as_mut().unwrap().signature = Bytes::new();
    rows.add("unsigned", submit(&world, &gateway, unsigned).await);
    let nowhere = request("nochannel");
    rows.add("unknown channel", submit(&world, &gateway, nowhere).await);
    let cases = [
        (
            "refused",
            Ordering::Answer(403, None),
            Ordering::Answer(200, None),
        ),
        (
            "too large",
            Ordering::Answer(413, None),
            Ordering::Answer(200, None),
        ),
        (
            "stopped",
            Ordering::Answer(503, None),
            Ordering::Answer(500, None),
        ),
        (
            "the second takes it",
            Ordering::Answer(503, None),
            Ordering::Answer(200, None),
        ),
    ];
    for (case, first, second) in cases {
        *world.orderers[0].lock().unwrap() = first;
        *world.orderers[1].lock().unwrap() = second;
        rows.add(case, submit(&world, &gateway, request(CHANNEL)).await);
    }
    *world.orderers[0].lock().unwrap() = Ordering::Silence;
    let mut hurried = Request::new(request(CHANNEL));
    hurried.set_timeout(std::time::Duration::from_millis(20));
    let late = Served::submit(&gateway, hurried).await.map(drop);
    rows.add("the deadline passes", told(&world, late));
    rows.are(expect![[r#"
        nothing
          InvalidArgument: a prepared transaction is required
        unsigned
          InvalidArgument: prepared transaction must be signed
        unknown channel
          FailedPrecondition: failed to get config for channel [nochannel]: could not get last config for channel nochannel
        refused
          Aborted: received unsuccessful response from orderer: status=FORBIDDEN, info=said
        too large
          Aborted: received unsuccessful response from orderer: status=REQUEST_ENTITY_TOO_LARGE, info=said
        stopped
          Unavailable: no orderers could successfully process transaction
          <orderer 0> OrdererMSP: received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE, info=said
          <orderer 1> OrdererMSP: received unsuccessful response from orderer: status=INTERNAL_SERVER_ERROR, info=said
        the second takes it
          done
        the deadline passes
          DeadlineExceeded: submit timeout expired while broadcasting to ordering service
    "#]]);
}

#[tokio::test]
async fn who_asks_for_a_status_wrongly_is_told_what_is_missing() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let good = CommitStatusRequest {
        transaction_id: "tx".to_owned(),
        channel_id: CHANNEL.to_owned(),
        identity: world.user.identity().clone(),
    };
    type Change = fn(&mut CommitStatusRequest);
    let changes: [(&str, Change); 5] = [
        ("no identity", |request| request.identity = Bytes::new()),
        ("no channel", |request| request.channel_id.clear()),
        ("no transaction", |request| request.transaction_id.clear()),
        ("unknown channel", |request| {
            request.channel_id = "nochannel".to_owned()
        }),
        ("a bad signature", |_| {}),
    ];
    let ask = async |request: Bytes| {
        let signature = Bytes::from_static(b"of nobody");
        let signed = SignedCommitStatusRequest { request, signature };
        let done = Served::commit_status(&gateway, Request::new(signed)).await;
        told(&world, done.map(drop))
    };
    rows.add("nothing", ask(Bytes::new()).await);
    for (case, change) in changes {
        let mut request = good.clone();
        change(&mut request);
        rows.add(case, ask(request.encode_to_vec().into()).await);
    }
    rows.are(expect![[r#"
        nothing
          InvalidArgument: a commit status request is required
        no identity
          InvalidArgument: no identity provided
        no channel
          InvalidArgument: no channel ID provided
        no transaction
          InvalidArgument: transaction ID should not be empty
        unknown channel
          PermissionDenied: Failed to get policy manager for channel [nochannel]
        a bad signature
          PermissionDenied: Failed evaluating policy on signed data during check policy on channel [trade] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]
    "#]]);
}

#[tokio::test]
async fn who_asks_for_events_wrongly_is_refused_as_by_fabric() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let good = ChaincodeEventsRequest {
        channel_id: CHANNEL.to_owned(),
        identity: world.user.identity().clone(),
        chaincode_id: CHAINCODE.to_owned(),
        ..ChaincodeEventsRequest::default()
    };
    let ask = async |request: Bytes, is_signed: bool| {
        let signature = match is_signed {
            true => world.user.sign(&request).unwrap(),
            false => Bytes::from_static(b"of nobody"),
        };
        let signed = SignedChaincodeEventsRequest { request, signature };
        let done = Served::chaincode_events(&gateway, Request::new(signed)).await;
        told(&world, done.map(drop))
    };
    let with = |change: &dyn Fn(&mut ChaincodeEventsRequest)| {
        let mut request = good.clone();
        change(&mut request);
        Bytes::from(request.encode_to_vec())
    };
    let from = |position| {
        with(&|request| {
            request.start_position = Some(SeekPosition {
                r#type: Some(position),
            });
        })
    };
    rows.add("nothing", ask(Bytes::new(), true).await);
    rows.add("a bad signature", ask(with(&|_| {}), false).await);
    let nowhere = with(&|request| request.channel_id = "nochannel".to_owned());
    rows.add("unknown channel", ask(nowhere, true).await);
    let nobody = with(&|request| request.identity = Bytes::new());
    rows.add("no identity", ask(nobody, true).await);
    let oldest = from(seek_position::Type::Oldest(SeekOldest {}));
    rows.add("oldest", ask(oldest, true).await);
    let newest = from(seek_position::Type::Newest(SeekNewest {}));
    rows.add("newest", ask(newest, true).await);
    rows.are(expect![[r#"
        nothing
          InvalidArgument: a chaincode events request is required
        a bad signature
          PermissionDenied: Failed evaluating policy on signed data during check policy on channel [trade] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]
        unknown channel
          PermissionDenied: Failed to get policy manager for channel [nochannel]
        no identity
          PermissionDenied: Failed evaluating policy on signed data during check policy on channel [trade] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]
        oldest
          InvalidArgument: invalid start position type: *orderer.SeekPosition_Oldest
        newest
          InvalidArgument: invalid start position type: *orderer.SeekPosition_Newest
    "#]]);
}
