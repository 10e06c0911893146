use bytes::Bytes;
use expect_test::{Expect, expect};
use futures::{FutureExt, StreamExt, stream};
use proto::common::{Envelope, HeaderType, Status};

use super::world::{Running, World, encoded, entries, statuses};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_are_answered_and_delivered_in_order_once_each() {
    let world = World::new();
    let running = world.start().await;
    let messages: Vec<Envelope> = (0..1_000).map(|_| world.transaction(300)).collect();
    let answers = running.send(messages.clone()).await;
    assert_eq!(statuses(&answers), vec![Status::Success; 1_000]);
    let blocks = running.chain(&world).await;
    assert_eq!(entries(&blocks), encoded(&messages));
    assert!(blocks.iter().all(|block| block.data.len() <= 500));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_message_is_ordered_at_once() {
    // The batch timeout is an hour.
    let world = World::new();
    let running = world.start().await;
    for _ in 0..3 {
        let answers = running.send(vec![world.transaction(10)]).await;
        assert_eq!(statuses(&answers), [Status::Success]);
    }
    assert_eq!(running.chain(&world).await.len(), 4);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_several_streams_all_arrive_each_stream_s_in_order() {
    let world = World::new();
    let running = world.start().await;
    let streams: Vec<Vec<Envelope>> = (0..8)
        .map(|_| (0..50).map(|_| world.transaction(200)).collect())
        .collect();
    let sends = streams
        .iter()
        .map(|messages| running.send(messages.clone()));
    for answers in futures::future::join_all(sends).await {
        assert_eq!(statuses(&answers), vec![Status::Success; 50]);
    }
    let ordered = entries(&running.chain(&world).await);
    assert_eq!(ordered.len(), 400);
    for messages in &streams {
        let own = encoded(messages);
        let found: Vec<Bytes> = ordered
            .iter()
            .filter(|entry| own.contains(entry))
            .cloned()
            .collect();
        assert_eq!(found, own);
    }
    running.stop().await;
}

/// Sends a good message, this one, and another good one; says what is answered to this one, and that the stream ended.
async fn check(world: &World, message: Envelope, want: Expect) {
    let running = world.start().await;
    let height_before = running.orderer.channels()[0].height;
    let first = world.transaction(10);
    let (answers, code) = running
        .send_for_code(vec![first.clone(), message, world.transaction(10)])
        .await;
    assert_eq!(answers.len(), 2, "the stream ends with the refusal");
    assert_eq!(answers[0].status(), Status::Success);
    want.assert_eq(&format!(
        "{} {}: {}",
        answers[1].status().as_str_name(),
        code.unwrap(),
        answers[1].info
    ));
    let blocks = running.chain(world).await;
    let new = entries(&blocks[usize::try_from(height_before).unwrap() - 1..]);
    assert_eq!(
        new,
        encoded(&[first]),
        "what follows a refusal is not ordered"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_refused_with_fabric_s_words() {
    let mut world = World::new();
    world.description.orderer.batch.absolute_max_bytes = 10_000;
    world.description.orderer.batch.preferred_max_bytes = 5_000;
    let large = world.transaction(20_000);
    let size = large.payload.len() + large.signature.len();
    let text = format!(
        "BAD_REQUEST request.too_large: message payload is {size} bytes and exceeds maximum allowed 10000 bytes"
    );
    let running = world.start().await;
    assert_eq!(refusal(&running, large).await, text);
    running.stop().await;

    let kind = HeaderType::EndorserTransaction;
    let message = |signer, kind| world.message(signer, kind, Bytes::from_static(b"x"));
    check(
        &world,
        message(&world.client, HeaderType::Config),
        expect!["BAD_REQUEST order.refused: message is of type that cannot be processed directly"],
    )
    .await;
    check(
        &world,
        message(&world.client, HeaderType::OrdererTransaction),
        expect!["BAD_REQUEST order.refused: message is of type that is no longer supported"],
    )
    .await;
    check(
        &world,
        message(&world.expired, kind),
        expect!["BAD_REQUEST identity.expired: broadcast client identity expired"],
    )
    .await;
    let denied = |code| {
        format!(
            "FORBIDDEN {code}: implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires \
             1 of the 'Writers' sub-policies to be satisfied: permission denied"
        )
    };
    let codes = ["identity.unknown", "request.signature", "request.signature"];
    assert_eq!(running_refusals(&world).await, codes.map(denied));
}

/// The answers to a stranger's message, to one with another's signature, and to one without.
async fn running_refusals(world: &World) -> Vec<String> {
    let running = world.start().await;
    let good = world.transaction(10);
    let foreign = Envelope {
        signature: world.transaction(11).signature,
        ..good.clone()
    };
    let unsigned = Envelope {
        signature: Bytes::new(),
        ..good
    };
    let stranger = world.message(
        &world.stranger,
        HeaderType::EndorserTransaction,
        Bytes::from_static(b"x"),
    );
    let mut texts = Vec::new();
    for message in [stranger, foreign, unsigned] {
        texts.push(refusal(&running, message).await);
    }
    running.stop().await;
    texts
}

/// What is said to a message that is refused: status, code, text.
async fn refusal(running: &Running, message: Envelope) -> String {
    let (answers, code) = running.send_for_code(vec![message]).await;
    let [answer] = &answers[..] else {
        panic!("{answers:?}");
    };
    format!(
        "{} {}: {}",
        answer.status().as_str_name(),
        code.unwrap(),
        answer.info
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_no_channel_is_a_bad_request() {
    let mut world = World::new();
    let running = world.start().await;
    world.description.channel_id = model::ChannelId::parse("ch2").unwrap();
    assert_eq!(
        refusal(&running, world.transaction(10)).await,
        "BAD_REQUEST channel.not_found: channel does not exist"
    );
    // Neither nothing, nor what does not decode, nor what has no header.
    for payload in [&b""[..], b"\xff\xff", b"\x12\x01x"] {
        let payload = Bytes::from_static(payload);
        let broken = Envelope {
            payload,
            signature: Bytes::new(),
        };
        let said = refusal(&running, broken).await;
        let beginning = "BAD_REQUEST request.protobuf: could not determine channel ID: ";
        assert!(said.starts_with(beginning), "{said}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_keeps_what_it_took() {
    let mut world = World::new();
    world.config.queue_messages_max = 2;
    let mut running = world.node();
    // Nobody takes from the queue yet.
    let chain = running
        .orderer
        .add_channel(world.ledger().await)
        .await
        .unwrap();
    let messages: Vec<Envelope> = (0..2).map(|_| world.transaction(10)).collect();
    let source = stream::iter(messages.clone().into_iter().map(Ok));
    let mut answers = Box::pin(running.answers(source));
    let metrics = running.orderer.clone();
    while metrics.metrics().samples().iter().all(|sample| {
        sample.name != "orderer_queue_messages" || sample.value != crate::Value::Gauge(2)
    }) {
        assert!(answers.next().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    assert_eq!(
        refusal(&running, world.transaction(10)).await,
        "SERVICE_UNAVAILABLE order.queue_full: the queue of this channel is full, try again later"
    );
    running.chains.spawn(chain.run());
    let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
    assert_eq!(statuses(&answers), [Status::Success; 2]);
    let answers = running.send(vec![world.transaction(10)]).await;
    assert_eq!(statuses(&answers), [Status::Success]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_the_stop_is_ordered_and_answered() {
    let world = World::new();
    let mut running = world.node();
    let chain = running
        .orderer
        .add_channel(world.ledger().await)
        .await
        .unwrap();
    let messages: Vec<Envelope> = (0..20).map(|_| world.transaction(100)).collect();
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    for message in &messages {
        sender.unbounded_send(Ok(message.clone())).unwrap();
    }
    let mut answers = Box::pin(running.answers(receiver));
    let queued = |count| {
        let samples = running.orderer.metrics().samples();
        samples.iter().any(|sample| {
            sample.name == "orderer_queue_messages" && sample.value == crate::Value::Gauge(count)
        })
    };
    while !queued(20) {
        assert!(answers.next().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    running.stopping.cancel();
    running.chains.spawn(chain.run());
    let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
    assert_eq!(statuses(&answers), vec![Status::Success; 20]);
    running.stop().await;
    let ledger = world.ledger().await;
    let blocks: Vec<_> = (0..ledger.height())
        .map(|number| ledger.block(number).unwrap().unwrap())
        .collect();
    assert_eq!(entries(&blocks), encoded(&messages));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_channels_of_one_orderer_have_chains_of_their_own() {
    let mut world = World::new();
    let mut running = world.start().await;
    let first = world.transaction(10);
    world.description.channel_id = model::ChannelId::parse("ch2").unwrap();
    running.order(&world).await;
    let second = world.transaction(10);
    let answers = running.send(vec![first, second]).await;
    assert_eq!(statuses(&answers), [Status::Success; 2]);
    let heights: Vec<_> = running
        .orderer
        .channels()
        .into_iter()
        .map(|info| (info.channel.to_string(), info.height, info.failed))
        .collect();
    assert_eq!(
        heights,
        [("ch1".to_owned(), 2, false), ("ch2".to_owned(), 2, false)]
    );
    running.stop().await;
}
