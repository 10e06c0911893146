//! Evaluate and endorse.

use expect_test::expect;
use proto::gateway::{EndorseRequest, EvaluateRequest};
use proto::protos::SignedProposal;
use services::gateway::gateway_server::Gateway as Served;
use tonic::Request;

use super::super::{CHAINCODE, CHANNEL, Endorsing, World, closed};
use super::{Rows, told};
use crate::{Config, Gateway};

async fn evaluate(world: &World, gateway: &Gateway, request: EvaluateRequest) -> String {
    let done = Served::evaluate(gateway, Request::new(request)).await;
    told(world, done.map(drop))
}

async fn endorse(world: &World, gateway: &Gateway, request: EndorseRequest) -> String {
    let done = Served::endorse(gateway, Request::new(request)).await;
    told(world, done.map(drop))
}

fn scripts(world: &World, own: Endorsing, other: Endorsing) {
    *world.local.lock().unwrap() = own;
    *world.remote.lock().unwrap() = other;
}

fn evaluation(proposal: SignedProposal) -> EvaluateRequest {
    EvaluateRequest {
        proposed_transaction: Some(proposal),
        ..EvaluateRequest::default()
    }
}

fn endorsement(proposal: SignedProposal, organizations: &[&str]) -> EndorseRequest {
    EndorseRequest {
        proposed_transaction: Some(proposal),
        endorsing_organizations: organizations.iter().map(|&org| org.to_owned()).collect(),
        ..EndorseRequest::default()
    }
}

fn good() -> Endorsing {
    Endorsing::good(b"results", b"peer")
}

#[tokio::test]
async fn an_evaluation_that_cannot_begin_is_told_as_fabric_tells_it() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let nothing = EvaluateRequest::default();
    rows.add("nothing", evaluate(&world, &gateway, nothing).await);
    let nowhere = evaluation(world.propose("", CHAINCODE));
    rows.add("no channel", evaluate(&world, &gateway, nowhere).await);
    let unknown = evaluation(world.propose("nochannel", CHAINCODE));
    rows.add("unknown channel", evaluate(&world, &gateway, unknown).await);
    let unknown = evaluation(world.propose(CHANNEL, "nothing"));
    rows.add(
        "unknown chaincode",
        evaluate(&world, &gateway, unknown).await,
    );
    let elsewhere = EvaluateRequest {
        target_organizations: vec!["Org3MSP".to_owned()],
        ..evaluation(world.propose(CHANNEL, CHAINCODE))
    };
    rows.add("no such peers", evaluate(&world, &gateway, elsewhere).await);
    let transient = evaluation(world.propose_with(CHANNEL, "nothing", &[("secret", b"1")]));
    rows.add(
        "transient data",
        evaluate(&world, &gateway, transient).await,
    );
    rows.are(expect![[r#"
        nothing
          InvalidArgument: failed to unpack transaction proposal: a signed proposal is required
        no channel
          InvalidArgument: failed to unpack transaction proposal: no channel id provided
        unknown channel
          Unavailable: failed to get config for channel [nochannel]: could not get last config for channel nochannel
        unknown chaincode
          FailedPrecondition: no peers available to evaluate chaincode nothing in channel trade
        no such peers
          FailedPrecondition: no peers available to evaluate chaincode _lifecycle in channel trade
        transient data
          FailedPrecondition: no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: no peers available to evaluate chaincode nothing in channel trade
    "#]]);
}

#[tokio::test]
async fn the_evaluating_peers_are_quoted_and_the_last_one_gives_the_status() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let refuse = Endorsing::refuse;
    let cases = [
        ("the chaincode refuses", Endorsing::chaincode(None), good()),
        (
            "the own peer refuses",
            refuse(Some("proposal.signature")),
            good(),
        ),
        (
            "the own peer fails, the chaincode refuses elsewhere",
            Endorsing::peer(None),
            Endorsing::chaincode(None),
        ),
        (
            "all peers fail",
            Endorsing::peer(None),
            Endorsing::peer(None),
        ),
        ("the last one refuses", Endorsing::peer(None), refuse(None)),
        (
            "the clock is wrong",
            refuse(Some("proposal.clock")),
            refuse(Some("proposal.clock")),
        ),
        (
            "the certificate is not of today, the other peer fails",
            refuse(Some("identity.expired")),
            Endorsing::peer(None),
        ),
        ("busy here", refuse(Some("node.busy")), good()),
    ];
    for (case, own, other) in cases {
        scripts(&world, own, other);
        let request = evaluation(world.propose(CHANNEL, CHAINCODE));
        rows.add(case, evaluate(&world, &gateway, request).await);
    }
    rows.are(expect![[r#"
        the chaincode refuses
          Unknown: evaluate call to endorser returned error: chaincode response 500, no
          own:1 Org1MSP: chaincode response 500, no
        the own peer refuses
          FailedPrecondition: evaluate call to endorser returned error: error validating proposal
          own:1 Org1MSP: error validating proposal
        the own peer fails, the chaincode refuses elsewhere
          Unknown: evaluate call to endorser returned error: chaincode response 500, no
          own:1 Org1MSP: cannot
          <other> Org2MSP: chaincode response 500, no
        all peers fail
          Aborted: failed to evaluate transaction, see attached details for more info
          own:1 Org1MSP: cannot
          <other> Org2MSP: cannot
        the last one refuses
          Unavailable: failed to evaluate transaction, see attached details for more info
          own:1 Org1MSP: cannot
          <other> Org2MSP: rpc error: code = Unknown desc = error validating proposal
        the clock is wrong
          Unavailable: failed to evaluate transaction, see attached details for more info
          own:1 Org1MSP: error validating proposal
          <other> Org2MSP: rpc error: code = Unknown desc = error validating proposal
        the certificate is not of today, the other peer fails
          Aborted: failed to evaluate transaction, see attached details for more info
          own:1 Org1MSP: error validating proposal
          <other> Org2MSP: cannot
        busy here
          done
    "#]]);
}

#[tokio::test]
async fn an_endorsement_that_cannot_begin_is_told_as_fabric_tells_it() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let nothing = EndorseRequest::default();
    rows.add("nothing", endorse(&world, &gateway, nothing).await);
    let propose = || world.propose(CHANNEL, CHAINCODE);
    let foreign = endorsement(propose(), &["Org1MSP", "Org3MSP", "Org4MSP"]);
    rows.add(
        "unknown organisations",
        endorse(&world, &gateway, foreign).await,
    );
    let unknown = endorsement(world.propose("nochannel", CHAINCODE), &[]);
    rows.add("unknown channel", endorse(&world, &gateway, unknown).await);
    let unknown = endorsement(world.propose(CHANNEL, "nothing"), &[]);
    rows.add(
        "unknown chaincode",
        endorse(&world, &gateway, unknown).await,
    );
    let transient = endorsement(
        world.propose_with(CHANNEL, "nothing", &[("secret", b"1")]),
        &[],
    );
    rows.add("transient data", endorse(&world, &gateway, transient).await);
    let alone = world.gateway_with(Config::default(), None);
    let request = endorsement(propose(), &[]);
    rows.add("too few peers", endorse(&world, &alone, request).await);
    rows.are(expect![[r#"
        nothing
          InvalidArgument: the proposed transaction must contain a signed proposal
        unknown organisations
          Unavailable: failed to find any endorsing peers for org(s): Org3MSP, Org4MSP
        unknown channel
          FailedPrecondition: no combination of peers can be derived which satisfy the endorsement policy: channel nochannel is not joined by this peer
        unknown chaincode
          FailedPrecondition: no combination of peers can be derived which satisfy the endorsement policy: chaincode nothing is not defined on channel trade
        transient data
          FailedPrecondition: no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data
        too few peers
          FailedPrecondition: no combination of peers can be derived which satisfy the endorsement policy: the peers that can be asked are own:1 (Org1MSP)
    "#]]);
}

#[tokio::test]
async fn endorsers_are_quoted_and_the_first_is_told_from_the_others() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let cases = [
        (
            "the first is the chaincode's",
            Endorsing::chaincode(None),
            good(),
        ),
        ("the first is refused", Endorsing::refuse(None), good()),
        ("the first fails", Endorsing::peer(None), good()),
        (
            "a later one is the chaincode's",
            good(),
            Endorsing::chaincode(None),
        ),
        ("a later one is refused", good(), Endorsing::refuse(None)),
        ("a later one fails", good(), Endorsing::peer(None)),
        (
            "results differ",
            good(),
            Endorsing::good(b"others", b"peer2"),
        ),
    ];
    for (case, own, other) in cases {
        scripts(&world, own, other);
        let request = endorsement(world.propose(CHANNEL, CHAINCODE), &[]);
        rows.add(case, endorse(&world, &gateway, request).await);
    }
    rows.are(expect![[r#"
        the first is the chaincode's
          Aborted: failed to endorse transaction, see attached details for more info
          own:1 Org1MSP: chaincode response 500, no
        the first is refused
          Aborted: failed to endorse transaction, see attached details for more info
          own:1 Org1MSP: error validating proposal
        the first fails
          Aborted: failed to endorse transaction, see attached details for more info
          own:1 Org1MSP: cannot
        a later one is the chaincode's
          Aborted: failed to collect enough transaction endorsements, see attached details for more info
          <other> Org2MSP: chaincode response 500, no
        a later one is refused
          Aborted: failed to collect enough transaction endorsements, see attached details for more info
          <other> Org2MSP: rpc error: code = Unknown desc = error validating proposal
        a later one fails
          Aborted: failed to collect enough transaction endorsements, see attached details for more info
          <other> Org2MSP: cannot
        results differ
          Aborted: failed to collect enough transaction endorsements, see attached details for more info
          <other> Org2MSP: ProposalResponsePayloads do not match
          <other> Org2MSP: compared with own:1 (Org1MSP): one of the results does not decode
    "#]]);
}

#[tokio::test]
async fn all_named_organisations_are_asked_and_quoted() {
    let world = World::new().await;
    scripts(&world, Endorsing::chaincode(None), Endorsing::refuse(None));
    let both = endorsement(world.propose(CHANNEL, CHAINCODE), &["Org1MSP", "Org2MSP"]);
    let mut rows = Rows::default();
    rows.add("both fail", endorse(&world, &world.gateway(), both).await);
    rows.are(expect![[r#"
        both fail
          Aborted: failed to collect enough transaction endorsements, see attached details for more info
          own:1 Org1MSP: chaincode response 500, no
          <other> Org2MSP: rpc error: code = Unknown desc = error validating proposal
    "#]]);
}

#[tokio::test]
async fn a_peer_that_cannot_be_reached_counts_as_one_that_fails() {
    let world = World::new().await;
    let unreachable = world.gateway_with(Config::default(), Some(closed().await));
    let request = endorsement(world.propose(CHANNEL, CHAINCODE), &[]);
    let done = Served::endorse(&unreachable, Request::new(request)).await;
    assert_eq!(
        done.unwrap_err().message(),
        "failed to collect enough transaction endorsements, see attached details for more info"
    );
}

#[tokio::test]
async fn a_deadline_that_passes_says_at_what() {
    let world = World::new().await;
    let gateway = world.gateway();
    let mut rows = Rows::default();
    let hurry = |milliseconds| std::time::Duration::from_millis(milliseconds);
    scripts(&world, Endorsing::Silence, good());
    let mut request = Request::new(evaluation(world.propose(CHANNEL, CHAINCODE)));
    request.set_timeout(hurry(20));
    let late = Served::evaluate(&gateway, request).await.map(drop);
    rows.add("evaluate", told(&world, late));
    for (case, patience, own, other) in [
        ("the first endorser", hurry(20), Endorsing::Silence, good()),
        (
            "the other endorsers",
            hurry(400),
            good(),
            Endorsing::Silence,
        ),
    ] {
        scripts(&world, own, other);
        let mut request = Request::new(endorsement(world.propose(CHANNEL, CHAINCODE), &[]));
        request.set_timeout(patience);
        let late = Served::endorse(&gateway, request).await.map(drop);
        rows.add(case, told(&world, late));
    }
    rows.are(expect![[r#"
        evaluate
          DeadlineExceeded: evaluate timeout expired
        the first endorser
          DeadlineExceeded: endorsement timeout expired while collecting first endorsement
        the other endorsers
          DeadlineExceeded: endorsement timeout expired while collecting endorsements
    "#]]);
}
