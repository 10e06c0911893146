//! Submit.

use std::sync::Arc;
use std::sync::atomic::{self, AtomicUsize};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use proto::common::Envelope;
use proto::gateway::SubmitRequest;
use services::gateway::gateway_server::Gateway as Served;
use tokio::time::timeout;
use tonic::Request;

use super::{CHANNEL, Ordering, World, shown};
use crate::Gateway;

fn request(channel: &str) -> SubmitRequest {
    SubmitRequest {
        channel_id: channel.to_owned(),
        prepared_transaction: Some(Envelope {
            payload: Bytes::from_static(b"transaction"),
            signature: Bytes::from_static(b"signature"),
        }),
        ..SubmitRequest::default()
    }
}

async fn submit(gateway: &Gateway, request: SubmitRequest) -> String {
    match Served::submit(gateway, Request::new(request)).await {
        Ok(_) => "accepted".to_owned(),
        Err(status) => shown(&status),
    }
}

#[tokio::test]
async fn what_orderers_do_is_told_apart() {
    use Ordering::{Answer, End, Silence};
    let world = World::new().await;
    let gateway = world.gateway();
    let stopped = || Answer(503, Some("order.unavailable"));
    let full = || Answer(503, Some("order.queue_full"));
    let cases = [
        (Answer(200, None), stopped(), "accepted"),
        (stopped(), Answer(200, None), "accepted"),
        (Silence, Answer(200, None), "accepted"),
        (
            Answer(403, Some("identity.unknown")),
            full(),
            "Aborted identity.unknown",
        ),
        (
            Answer(400, Some("request.too_large")),
            full(),
            "Aborted request.too_large",
        ),
        // Fabric's orderers give no codes.
        (Answer(400, None), full(), "Aborted order.refused"),
        (Answer(413, None), full(), "Aborted request.too_large"),
        (
            Answer(503, None),
            Answer(500, None),
            "Unavailable order.unavailable",
        ),
        // What an orderer cannot know.
        (
            Answer(400, Some("commit.invalid")),
            full(),
            "Aborted order.refused",
        ),
        (full(), full(), "Unavailable order.queue_full"),
        (stopped(), full(), "Unavailable order.queue_full"),
        (stopped(), stopped(), "Unavailable order.unavailable"),
        // The message has left, and nobody says what became of it.
        (Silence, full(), "Unavailable order.unknown"),
        (stopped(), End, "Unavailable order.unknown"),
        (
            Answer(503, Some("order.unknown")),
            stopped(),
            "Unavailable order.unknown",
        ),
    ];
    for (first, second, expected) in cases {
        *world.orderers[0].lock().unwrap() = first;
        *world.orderers[1].lock().unwrap() = second;
        assert_eq!(submit(&gateway, request(CHANNEL)).await, expected);
    }
}

#[tokio::test]
async fn transactions_share_a_stream_and_one_that_is_refused_harms_no_other() {
    let world = World::new().await;
    let gateway = world.gateway();
    let streams = Arc::new(AtomicUsize::new(0));
    *world.orderers[0].lock().unwrap() = Ordering::Judge(Arc::clone(&streams));
    let submitted = (0..40).map(|number| {
        let mut request = request(CHANNEL);
        if number % 20 == 10 {
            let transaction = request.prepared_transaction.as_mut().unwrap();
            transaction.payload = Bytes::from_static(b"bad");
        }
        submit(&gateway, request)
    });
    for (number, done) in join_all(submitted).await.iter().enumerate() {
        let expected = match number % 20 {
            10 => "Aborted order.refused",
            _ => "accepted",
        };
        assert_eq!(done, expected, "{number}");
    }
    // Each refusal ended one; the last may be open still.
    assert!((2..=3).contains(&streams.load(atomic::Ordering::Relaxed)));
}

#[tokio::test]
async fn who_gives_up_stops_nobody_else_and_leaves_no_stream_behind() {
    let world = World::new().await;
    let gateway = world.gateway();
    let open = Arc::new(());
    *world.orderers[0].lock().unwrap() = Ordering::Hang(Arc::clone(&open));
    let given_up = timeout(
        Duration::from_millis(50),
        submit(&gateway, request(CHANNEL)),
    );
    assert!(given_up.await.is_err());
    let streams = Arc::new(AtomicUsize::new(0));
    *world.orderers[0].lock().unwrap() = Ordering::Judge(Arc::clone(&streams));
    // On another stream, since the first one hangs.
    assert_eq!(submit(&gateway, request(CHANNEL)).await, "accepted");
    assert_eq!(streams.load(atomic::Ordering::Relaxed), 1);
    let ended = async {
        while Arc::strong_count(&open) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), ended).await.unwrap();
}

#[tokio::test]
async fn a_large_transaction_has_a_stream_to_itself() {
    let world = World::new().await;
    let gateway = world.gateway();
    let streams = Arc::new(AtomicUsize::new(0));
    *world.orderers[0].lock().unwrap() = Ordering::Judge(Arc::clone(&streams));
    let mut large = request(CHANNEL);
    let transaction = large.prepared_transaction.as_mut().unwrap();
    transaction.payload = Bytes::from(vec![0; 300 * 1024]);
    for request in [request(CHANNEL), large, request(CHANNEL)] {
        assert_eq!(submit(&gateway, request).await, "accepted");
    }
    assert_eq!(streams.load(atomic::Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_transaction_that_no_connection_took_was_not_ordered() {
    let mut world = World::new().await;
    let gateway = world.gateway();
    // Ends the orderers: nobody listens any more.
    world._servers.shutdown().await;
    let done = submit(&gateway, request(CHANNEL)).await;
    assert_eq!(done, "Unavailable order.unavailable");
}

#[tokio::test]
async fn a_submission_that_is_not_complete_is_refused() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut unsigned = request(CHANNEL);
    unsigned.prepared_transaction.as_mut().unwrap().signature = Bytes::new();
    let nothing = SubmitRequest {
        prepared_transaction: None,
        ..request(CHANNEL)
    };
    let cases = [
        (unsigned, "InvalidArgument request.signature"),
        (nothing, "InvalidArgument request.invalid"),
        (request("nowhere"), "FailedPrecondition channel.not_found"),
    ];
    for (request, expected) in cases {
        assert_eq!(submit(&gateway, request).await, expected);
    }
}
