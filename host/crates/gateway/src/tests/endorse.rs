//! Endorse and evaluate.

use proto::gateway::{EndorseRequest, EvaluateRequest};
use services::gateway::gateway_server::Gateway as Served;
use tonic::Request;

use super::{CHAINCODE, CHANNEL, Endorsing, World, closed, shown};
use crate::{Config, Gateway};

fn request(world: &World, channel: &str, chaincode: &str) -> Request<EndorseRequest> {
    Request::new(EndorseRequest {
        channel_id: channel.to_owned(),
        proposed_transaction: Some(world.propose(channel, chaincode)),
        ..EndorseRequest::default()
    })
}

async fn endorse(gateway: &Gateway, request: Request<EndorseRequest>) -> String {
    match Served::endorse(gateway, request).await {
        Ok(_) => "endorsed".to_owned(),
        Err(status) => shown(&status),
    }
}

async fn evaluate(gateway: &Gateway, request: EvaluateRequest) -> String {
    match Served::evaluate(gateway, Request::new(request)).await {
        Ok(_) => "evaluated".to_owned(),
        Err(status) => shown(&status),
    }
}

#[tokio::test]
async fn what_endorsers_say_is_handed_on_in_one_code() {
    let world = World::new().await;
    let gateway = world.gateway();
    let good = || Endorsing::good(b"results", b"peer2");
    let own = || Endorsing::good(b"results", b"peer1");
    let cases = [
        (own(), good(), "endorsed"),
        (
            own(),
            Endorsing::good(b"others", b"peer2"),
            "Aborted endorse.mismatch",
        ),
        (
            Endorsing::chaincode(Some("chaincode.trapped")),
            good(),
            "Aborted chaincode.trapped",
        ),
        // Fabric's peers give no codes.
        (
            own(),
            Endorsing::chaincode(None),
            "Aborted chaincode.failed",
        ),
        (own(), Endorsing::peer(None), "Aborted endorse.failed"),
        (own(), Endorsing::refuse(None), "Aborted endorse.failed"),
        (
            own(),
            Endorsing::peer(Some("chaincode.not_installed")),
            "Aborted chaincode.not_installed",
        ),
        (
            own(),
            Endorsing::refuse(Some("proposal.clock")),
            "Aborted proposal.clock",
        ),
        (
            Endorsing::refuse(Some("identity.expired")),
            good(),
            "Aborted identity.expired",
        ),
        // What an endorser cannot know, and what is no code.
        (
            own(),
            Endorsing::refuse(Some("commit.conflict")),
            "Aborted endorse.failed",
        ),
        (
            own(),
            Endorsing::peer(Some("order.refused")),
            "Aborted endorse.failed",
        ),
        (
            own(),
            Endorsing::peer(Some("no.such_code")),
            "Aborted endorse.failed",
        ),
        (own(), Endorsing::Silence, "Aborted endorse.unavailable"),
    ];
    for (local, remote, expected) in cases {
        *world.local.lock().unwrap() = local;
        *world.remote.lock().unwrap() = remote;
        let done = endorse(&gateway, request(&world, CHANNEL, CHAINCODE)).await;
        assert_eq!(done, expected);
    }
}

#[tokio::test]
async fn peers_asked_by_organisation_may_fail_in_different_ways() {
    let world = World::new().await;
    let cases = [
        (
            "chaincode.failed",
            Some("chaincode.trapped"),
            "Aborted endorse.failed",
        ),
        (
            "chaincode.failed",
            Some("chaincode.failed"),
            "Aborted chaincode.failed",
        ),
        // Trying again would not help, so that a peer is down is the lesser news.
        ("chaincode.failed", None, "Aborted chaincode.failed"),
    ];
    for (local, remote, expected) in cases {
        *world.local.lock().unwrap() = Endorsing::chaincode(Some(local));
        let address = match remote {
            Some(code) => {
                *world.remote.lock().unwrap() = Endorsing::chaincode(Some(code));
                world.remote_address.clone()
            }
            None => closed().await,
        };
        let gateway = world.gateway_with(Config::default(), Some(address));
        let mut request = request(&world, CHANNEL, CHAINCODE);
        request.get_mut().endorsing_organizations = vec!["Org1MSP".into(), "Org2MSP".into()];
        assert_eq!(endorse(&gateway, request).await, expected);
    }
    let mut request = request(&world, CHANNEL, CHAINCODE);
    request.get_mut().endorsing_organizations = vec!["Org3MSP".into()];
    let done = endorse(&world.gateway(), request).await;
    assert_eq!(done, "Unavailable endorse.policy");
}

#[tokio::test]
async fn without_the_peers_or_the_chaincode_there_is_no_plan() {
    let world = World::new().await;
    let gateway = world.gateway();
    let unreachable = world.gateway_with(Config::default(), Some(closed().await));
    let alone = world.gateway_with(Config::default(), None);
    let full = Config {
        calls_max: 0,
        ..Config::default()
    };
    let full = world.gateway_with(full, None);
    let cases = [
        (
            &unreachable,
            CHANNEL,
            CHAINCODE,
            "Aborted endorse.unavailable",
        ),
        (
            &alone,
            CHANNEL,
            CHAINCODE,
            "FailedPrecondition endorse.policy",
        ),
        (&full, CHANNEL, CHAINCODE, "Unknown node.busy"),
        (
            &gateway,
            CHANNEL,
            "nothing",
            "FailedPrecondition chaincode.not_found",
        ),
        (
            &gateway,
            "nowhere",
            CHAINCODE,
            "FailedPrecondition channel.not_found",
        ),
        (
            &gateway,
            "",
            CHAINCODE,
            "InvalidArgument proposal.malformed",
        ),
        // The next good call is served.
        (&gateway, CHANNEL, CHAINCODE, "endorsed"),
    ];
    for (gateway, channel, chaincode, expected) in cases {
        let done = endorse(gateway, request(&world, channel, chaincode)).await;
        assert_eq!(done, expected, "{channel} {chaincode}");
    }
    let mut broken = request(&world, CHANNEL, CHAINCODE);
    let proposal = broken.get_mut().proposed_transaction.as_mut().unwrap();
    proposal.proposal_bytes = bytes::Bytes::from_static(b"\xff\xff");
    let nothing = Request::new(EndorseRequest::default());
    assert_eq!(
        endorse(&gateway, broken).await,
        "InvalidArgument request.protobuf"
    );
    assert_eq!(
        endorse(&gateway, nothing).await,
        "InvalidArgument request.invalid"
    );
}

#[tokio::test]
async fn what_the_evaluating_peer_says_is_handed_on() {
    let world = World::new().await;
    let gateway = world.gateway();
    let request = |channel: &str, chaincode: &str| EvaluateRequest {
        proposed_transaction: Some(world.propose(channel, chaincode)),
        ..EvaluateRequest::default()
    };
    let cases = [
        (Endorsing::good(b"", b""), "evaluated"),
        (
            Endorsing::chaincode(Some("chaincode.function")),
            "Unknown chaincode.function",
        ),
        (Endorsing::chaincode(None), "Unknown chaincode.failed"),
        (
            Endorsing::refuse(Some("proposal.signature")),
            "FailedPrecondition proposal.signature",
        ),
        // The other organisation's peer is asked next, and says the same.
        (Endorsing::peer(Some("node.busy")), "Aborted node.busy"),
    ];
    for (script, expected) in cases {
        *world.local.lock().unwrap() = script.clone();
        *world.remote.lock().unwrap() = script;
        assert_eq!(
            evaluate(&gateway, request(CHANNEL, CHAINCODE)).await,
            expected
        );
    }
    let none = evaluate(&gateway, request(CHANNEL, "nothing")).await;
    assert_eq!(none, "FailedPrecondition chaincode.not_found");
    let nowhere = evaluate(&gateway, request("nowhere", CHAINCODE)).await;
    assert_eq!(nowhere, "Unavailable channel.not_found");
    let elsewhere = EvaluateRequest {
        target_organizations: vec!["Org3MSP".to_owned()],
        ..request(CHANNEL, CHAINCODE)
    };
    let done = evaluate(&gateway, elsewhere).await;
    assert_eq!(done, "FailedPrecondition endorse.policy");
    let mut hurried = Request::new(request(CHANNEL, CHAINCODE));
    *world.local.lock().unwrap() = Endorsing::Silence;
    hurried.set_timeout(std::time::Duration::from_millis(50));
    let late = Served::evaluate(&gateway, hurried).await.unwrap_err();
    assert_eq!(shown(&late), "DeadlineExceeded endorse.unavailable");
}
