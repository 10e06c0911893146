use delivery::ClientTls;
use futures::{StreamExt, stream};
use proto::{
    common::Status,
    orderer::{
        SeekInfo, SeekNewest, SeekPosition, deliver_response,
        seek_info::{SeekBehavior, SeekContentType},
        seek_position,
    },
};

use super::world::{World, block, range, status, statuses};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_waits_for_blocks_that_do_not_exist_yet() {
    let world = World::new();
    let running = world.start().await;
    let request = world.seek(&world.client, &range(0, 2));
    let service = running.orderer.service();
    let requests = stream::iter([Ok(request)]).chain(stream::pending());
    let mut responses = Box::pin(
        service
            .deliver_stream(requests, ClientTls::NotMutual)
            .unwrap(),
    );
    for number in 0..3 {
        let got = block(responses.next().await.unwrap().unwrap());
        assert_eq!(got.number, number);
        let answers = running.send(vec![world.transaction(10)]).await;
        assert_eq!(statuses(&answers), [Status::Success]);
    }
    assert_eq!(
        status(&responses.next().await.unwrap().unwrap()),
        Some(Status::Success)
    );
    running.stopping.cancel();
    let end = responses.next().await.unwrap().unwrap_err();
    assert_eq!(end.code(), tonic::Code::Unavailable);
    assert!(responses.next().await.is_none());
    drop(responses);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_serves_one_request_after_the_other() {
    let world = World::new();
    let running = world.start().await;
    running.send(vec![world.transaction(10)]).await;
    let newest = Some(SeekPosition {
        r#type: Some(seek_position::Type::Newest(SeekNewest {})),
    });
    let newest = SeekInfo {
        start: newest,
        stop: newest,
        ..SeekInfo::default()
    };
    let requests = [&newest, &range(0, 0), &newest].map(|seek| world.seek(&world.client, seek));
    let responses = running.deliver(requests.into()).await;
    let kinds: Vec<_> = responses
        .into_iter()
        .map(|response| match status(&response) {
            Some(status) => status.as_str_name().to_owned(),
            None => block(response).number.to_string(),
        })
        .collect();
    assert_eq!(kinds, ["1", "SUCCESS", "0", "SUCCESS", "1", "SUCCESS"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_by_status_and_the_stream_ends() {
    let mut world = World::new();
    let running = world.start().await;
    let all = range(0, 0);
    let good = world.seek(&world.client, &all);
    let unsigned = proto::common::Envelope {
        signature: bytes::Bytes::new(),
        ..good.clone()
    };
    let no_stop = range(0, 0).also(|seek| seek.stop = None);
    let mut cases = vec![
        (
            world.seek(&world.stranger, &all),
            "FORBIDDEN identity.unknown",
        ),
        (
            world.seek(&world.expired, &all),
            "FORBIDDEN identity.expired",
        ),
        (unsigned, "FORBIDDEN request.signature"),
        (
            world.seek(&world.client, &no_stop),
            "BAD_REQUEST events.position",
        ),
        (
            world.seek(&world.client, &range(1, 0)),
            "BAD_REQUEST events.position",
        ),
        (
            world.seek(&world.client, &range(9, 9)),
            "NOT_FOUND block.not_found",
        ),
        // A stranger is told no more than that.
        (
            world.seek(&world.stranger, &range(9, 9)),
            "FORBIDDEN identity.unknown",
        ),
        (
            proto::common::Envelope::default(),
            "BAD_REQUEST request.invalid",
        ),
    ];
    world.description.channel_id = model::ChannelId::parse("ch2").unwrap();
    cases.push((
        world.seek(&world.client, &all),
        "NOT_FOUND channel.not_found",
    ));
    for (request, want) in cases {
        let requests = vec![request, good.clone()];
        let (responses, code) = running.deliver_for_code(requests).await;
        let [response] = &responses[..] else {
            panic!("{want}: {responses:?}");
        };
        let status = status(response).unwrap().as_str_name();
        assert_eq!(format!("{status} {}", code.unwrap()), want);
    }
    // An hour later the clocks are too far apart.
    world
        .now_s
        .fetch_add(3_600, std::sync::atomic::Ordering::Relaxed);
    let (_, code) = running.deliver_for_code(vec![good]).await;
    assert_eq!(code.unwrap(), "request.clock");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_will_not_wait_gets_what_exists_and_not_found() {
    let world = World::new();
    let running = world.start().await;
    let seek = range(0, 5).also(|seek| seek.set_behavior(SeekBehavior::FailIfNotReady));
    let responses = running
        .deliver(vec![world.seek(&world.client, &seek)])
        .await;
    let got: Vec<_> = responses.iter().map(status).collect();
    assert_eq!(got, [None, Some(Status::NotFound)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_come_without_transactions_but_with_configurations() {
    let world = World::new();
    let running = world.start().await;
    running.send(vec![world.transaction(10)]).await;
    let seek = range(0, 1).also(|seek| seek.set_content_type(SeekContentType::HeaderWithSig));
    let responses = running
        .deliver(vec![world.seek(&world.client, &seek)])
        .await;
    let data: Vec<_> = responses
        .into_iter()
        .filter_map(|response| match response.r#type {
            Some(deliver_response::Type::Block(block)) => Some(block.data.is_some()),
            _ => None,
        })
        .collect();
    assert_eq!(data, [true, false]);
    running.stop().await;
}

trait Also: Sized {
    fn also(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Also for SeekInfo {}
