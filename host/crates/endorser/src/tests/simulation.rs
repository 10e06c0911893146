//! Steps 5 and 6: what runs, what is recorded, what is signed.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use expect_test::expect;
use model::TxValidationCode;
use model::client::{Invocation, endorsement_signed_bytes};
use msp::policy::dsl;
use prost::Message as _;
use proto::kvrwset::KvrwSet;
use proto::protos::{
    ChaincodeEvent, CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig,
    ProposalResponse, StaticCollectionConfig, collection_config, collection_policy_config,
};
use proto::rwset::TxReadWriteSet;
use rwset::StateReader as _;
use tokio::task::JoinSet;

use super::network::{CHANNEL, LOOSE, Network, definition, invoke, with_transient};
use super::{action, show};
use crate::Config;

async fn answer(network: &Network, peer: usize, invocation: Invocation) -> String {
    show(&network.call(peer, network.user(), invocation).await)
}

/// The keys of `_lifecycle` that an endorsed answer has read.
fn lifecycle_reads(answer: &ProposalResponse) -> Vec<String> {
    let results = TxReadWriteSet::decode(action(answer).results).unwrap();
    let sets = results
        .ns_rwset
        .iter()
        .filter(|set| set.namespace == "_lifecycle");
    sets.flat_map(|set| KvrwSet::decode(set.rwset.clone()).unwrap().reads)
        .map(|read| read.key)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_defined_approved_and_installed_does_not_run() {
    let network = Network::start().await;
    network.join(LOOSE).await;
    let on = |channel: &str| Invocation {
        channel_id: channel.to_owned(),
        ..invoke("cc", &["nop"])
    };
    let mut lines = vec![answer(&network, 0, on(LOOSE)).await];
    assert!(!network.peers[0].endorser.can_run(LOOSE, "cc"));
    // Defined by the first organisation alone; nothing is installed.
    network.approve(0, LOOSE, &definition("cc"), None).await;
    network.define(&[0], LOOSE, &definition("cc")).await;
    lines.push(answer(&network, 0, on(LOOSE)).await);
    lines.push(answer(&network, 1, on(LOOSE)).await);
    // Installed, but the approval names no package.
    let package_id = network.install(0).await;
    lines.push(answer(&network, 0, on(LOOSE)).await);
    assert!(!network.peers[0].endorser.can_run(LOOSE, "cc"));
    network
        .approve(0, LOOSE, &definition("cc"), Some(&package_id))
        .await;
    lines.push(answer(&network, 0, on(LOOSE)).await);
    assert!(network.peers[0].endorser.can_run(LOOSE, "cc"));
    assert!(!network.peers[1].endorser.can_run(LOOSE, "cc"));
    assert!(!network.peers[0].endorser.can_run("nowhere", "cc"));
    assert!(network.peers[0].endorser.can_run(CHANNEL, "qscc"));
    // Another version, which nobody here has approved yet.
    lines.push(answer(&network, 0, on(CHANNEL)).await);
    expect![[r#"
        500 'make sure the chaincode cc has been successfully defined on channel loose and try again: chaincode cc not found' '' [chaincode.not_found]
        500 'make sure the chaincode cc has been successfully defined on channel loose and try again: chaincode definition for 'cc' exists, but chaincode is not installed' '' [chaincode.not_installed]
        500 'make sure the chaincode cc has been successfully defined on channel loose and try again: chaincode definition for 'cc' at sequence 1 on channel 'loose' has not yet been approved by this org' '' [chaincode.not_approved]
        500 'make sure the chaincode cc has been successfully defined on channel loose and try again: chaincode definition for 'cc' exists, but chaincode is not installed' '' [chaincode.not_installed]
        200 '' '', with results, with interest, endorsed, version 1
        500 'make sure the chaincode cc has been successfully defined on channel trade and try again: chaincode cc not found' '' [chaincode.not_found]"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_decides_what_the_client_gets() {
    let network = Network::with_chaincode().await;
    let mut lines = Vec::new();
    for status in ["200", "399", "400", "499", "500", "599", "600", "99"] {
        let call = invoke("cc", &["putstatus", "a", "1", status]);
        lines.push(answer(&network, 0, call).await);
    }
    expect![[r#"
        200 'm' 'p', with results, with interest, endorsed, version 1
        399 'm' 'p', with results, with interest, endorsed, version 1
        400 'm' 'p' [chaincode.failed]
        499 'm' 'p' [chaincode.failed]
        500 'm' 'p', with results, with interest [chaincode.failed]
        599 'm' 'p', with results, with interest [chaincode.failed]
        500 'bad-response: the chaincode's response has the status 600, not 200 to 599' '' [chaincode.trapped]
        500 'bad-response: the chaincode's response has the status 99, not 200 to 599' '' [chaincode.trapped]"#]]
    .assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_endorse_the_same_bytes_and_sign_them_with_their_own_identity() {
    let network = Network::with_chaincode().await;
    let proposal = network.propose(network.user(), invoke("cc", &["event", "made", "it"]));
    let mut payloads = Vec::new();
    for (peer, org) in network.peers.iter().zip(&network.orgs) {
        let answer = peer
            .endorser
            .process(proposal.clone())
            .await
            .unwrap()
            .into_inner();
        let endorsement = answer.endorsement.clone().unwrap();
        let bundle = peer.channel(CHANNEL).bundle();
        let endorser = bundle.msps().identity(&endorsement.endorser).unwrap();
        assert_eq!(endorser.msp_id(), org.msp_id);
        let signed = endorsement_signed_bytes(&answer.payload, &endorsement.endorser);
        endorser.verify(&signed, &endorsement.signature).unwrap();
        assert_eq!(lifecycle_reads(&answer), ["namespaces/fields/cc/Sequence"]);
        payloads.push(answer);
    }
    assert_eq!(payloads[0].payload, payloads[1].payload);
    let made = action(&payloads[0]);
    let tx_id = model::Proposal::parse(&proposal)
        .unwrap()
        .stated_tx_id()
        .to_owned();
    let event = ChaincodeEvent {
        chaincode_id: "cc".to_owned(),
        tx_id,
        event_name: "made".to_owned(),
        payload: Bytes::from_static(b"it"),
    };
    assert_eq!(ChaincodeEvent::decode(made.events).unwrap(), event);
    let chaincode = made.chaincode_id.unwrap();
    assert_eq!(
        (chaincode.name.as_str(), chaincode.version.as_str()),
        ("cc", "1.0")
    );
    let interest = payloads[0].interest.clone().unwrap().chaincodes;
    assert_eq!(interest.len(), 1);
    assert_eq!(
        (
            interest[0].name.as_str(),
            interest[0].disregard_namespace_policy
        ),
        ("cc", false)
    );
    // Without an event there are no event bytes at all.
    let silent = network
        .call(0, network.user(), invoke("cc", &["put", "a", "1"]))
        .await;
    assert!(action(&silent.unwrap().into_inner()).events.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chaincode_that_ends_badly_is_answered_with_500_and_nothing_else() {
    let network = Network::with_chaincode().await;
    let mut lines = Vec::new();
    for args in [
        &["panic", "out of cheese"][..],
        &["trap"],
        &["burn"],
        &["wrongstatus"],
        &["unknown"],
        &["put"],
        &[],
    ] {
        lines.push(answer(&network, 0, invoke("cc", args)).await);
    }
    expect![[r#"
        500 'chaincode panicked: out of cheese (src/lib.rs:7:3)' '' [chaincode.trapped]
        500 'unreachable: the chaincode panicked' '' [chaincode.trapped]
        500 'out-of-fuel: the chaincode used up its fuel' '' [chaincode.trapped]
        500 'bad-response: the chaincode's response has the status 99, not 200 to 599' '' [chaincode.trapped]
        500 'unreachable: the chaincode panicked' '' [chaincode.trapped]
        500 'unreachable: the chaincode panicked' '' [chaincode.trapped]
        500 'unreachable: the chaincode panicked' '' [chaincode.trapped]"#]]
    .assert_eq(&lines.join("\n"));
    let counted = network.peers[0].endorser.metrics().read();
    assert_eq!(counted.failed, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chaincode_has_only_so_much_time() {
    let network = Network::with_chaincode().await;
    let hurried = network.peers[0].configured(Config {
        execution_timeout_ms: 30,
        ..Config::default()
    });
    let proposal = network.propose(network.user(), invoke("cc", &["burn"]));
    let tx_id = model::Proposal::parse(&proposal)
        .unwrap()
        .stated_tx_id()
        .to_owned();
    let answer = show(&hurried.process(proposal).await);
    expect!["500 'error in simulation: failed to execute transaction <id>: error sending: timeout expired while executing transaction' '' [chaincode.timeout]"].assert_eq(&answer.replace(&tx_id, "<id>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn initialisation_comes_once_for_each_version() {
    let network = Network::start().await;
    let mut first = definition("cc");
    first.init_required = true;
    network.deploy(CHANNEL, &first).await;
    let init = || Invocation {
        is_init: true,
        ..invoke("cc", &["put", "a", "1"])
    };
    let user = network.user();
    let mut lines = Vec::new();
    let short = |line: String| {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.retain(|word| word.len() < 60);
        words.join(" ")
    };
    lines.push(short(
        answer(&network, 0, invoke("cc", &["get", "a"])).await,
    ));
    assert_eq!(
        network.submit(&[0], user, init()).await,
        Ok(TxValidationCode::Valid)
    );
    lines.push(short(
        answer(&network, 0, invoke("cc", &["get", "a"])).await,
    ));
    lines.push(short(answer(&network, 0, init()).await));
    let state = network.peers[0]
        .channel(CHANNEL)
        .ledger()
        .snapshot()
        .unwrap();
    let done = state
        .get("cc", "\u{0}\u{10ffff}initialized")
        .unwrap()
        .unwrap();
    assert_eq!(done.value, "1.0");
    // The next version starts anew; a definition that needs none refuses it.
    let mut second = first.clone();
    (second.sequence, second.version) = (2, "2.0".to_owned());
    network.deploy(CHANNEL, &second).await;
    lines.push(short(
        answer(&network, 0, invoke("cc", &["get", "a"])).await,
    ));
    let mut third = second.clone();
    (third.sequence, third.init_required) = (3, false);
    network.deploy(CHANNEL, &third).await;
    lines.push(short(answer(&network, 0, init()).await));
    lines.push(short(
        answer(&network, 0, invoke("cc", &["get", "a"])).await,
    ));
    expect![[r#"
        500 'error in simulation: failed to execute transaction invalid invocation: chaincode 'cc' has not been initialized for this version, must call as init first' '' [chaincode.not_initialized]
        200 '' '1', with results, with interest, endorsed, version 1
        500 'error in simulation: failed to execute transaction invalid invocation: chaincode 'cc' is already initialized but called as init' '' [chaincode.not_initialized]
        500 'error in simulation: failed to execute transaction invalid invocation: chaincode 'cc' has not been initialized for this version, must call as init first' '' [chaincode.not_initialized]
        500 'error in simulation: failed to execute transaction invalid invocation: chaincode 'cc' does not require initialization but called as init' '' [chaincode.not_initialized]
        200 '' '1', with results, with interest, endorsed, version 1"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_value_goes_to_the_transient_store_and_only_its_hash_into_the_answer() {
    let network = Network::with_chaincode().await;
    let collection = "_implicit_org_Org1MSP";
    let put = |args: &[&str]| with_transient(invoke("cc", args), "a secret value");
    let proposal = network.propose(network.user(), put(&["pput", collection, "k"]));
    let tx_id = model::Proposal::parse(&proposal)
        .unwrap()
        .stated_tx_id()
        .to_owned();
    let answer = network.peers[0]
        .endorser
        .process(proposal)
        .await
        .unwrap()
        .into_inner();
    let ledger = network.peers[0].channel(CHANNEL).ledger().clone();
    let kept = ledger.transient_get(&tx_id).unwrap();
    assert_eq!((kept.len(), kept[0].height), (1, ledger.height()));
    let secret = b"a secret value".as_slice();
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(holds(&kept[0].bytes) && !holds(&answer.encode_to_vec()));
    assert_eq!(lifecycle_reads(&answer).len(), 5);

    let code = network
        .submit(&[0], network.user(), put(&["pput", collection, "k"]))
        .await;
    assert_eq!(code, Ok(TxValidationCode::Valid));
    let mut lines = Vec::new();
    for (peer, args) in [
        (0, ["pget", collection, "k"]),
        (1, ["pget", collection, "k"]),
        (1, ["pget", collection, "absent"]),
        (0, ["pget", "_implicit_org_Org9MSP", "k"]),
        (0, ["pget", "undeclared", "k"]),
    ] {
        lines.push(show(
            &network
                .call(peer, network.user(), invoke("cc", &args))
                .await,
        ));
    }
    expect![[r#"
        200 '' 'a secret value', with results, with interest, endorsed, version 1
        500 'private data matching public hash version is not available. Public hash version = {BlockNum: 4, TxNum: 0}, Private data version = <nil>' '', with results, with interest [chaincode.failed]
        200 '' '', with results, with interest, endorsed, version 1
        500 'collection trade/cc/_implicit_org_Org9MSP could not be found' '', with results, with interest [chaincode.failed]
        500 'collection trade/cc/undeclared could not be found' '', with results, with interest [chaincode.failed]"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unendorsed_answer_leaves_nothing_in_the_transient_store() {
    let network = Network::with_chaincode().await;
    let call = with_transient(invoke("cc", &["pput", "_implicit_org_Org1MSP"]), "v");
    let proposal = network.propose(network.user(), call);
    let tx_id = model::Proposal::parse(&proposal)
        .unwrap()
        .stated_tx_id()
        .to_owned();
    let answer = network.peers[0]
        .endorser
        .process(proposal)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.endorsement.is_none());
    let kept = network.peers[0]
        .channel(CHANNEL)
        .ledger()
        .transient_get(&tx_id)
        .unwrap();
    assert_eq!(kept, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_gives_the_same_answer_unsigned_and_keeps_nothing_private() {
    let network = Network::with_chaincode().await;
    let call = with_transient(
        invoke("cc", &["pput", "_implicit_org_Org1MSP", "k"]),
        "a secret value",
    );
    let proposal = network.propose(network.user(), call);
    let peer = &network.peers[0];
    let parsed = model::Proposal::parse(&proposal).unwrap();
    let kept = |id: &str| {
        peer.channel(CHANNEL)
            .ledger()
            .transient_get(id)
            .unwrap()
            .len()
    };

    let queried = peer.endorser.query(proposal.clone()).await.unwrap();
    assert!(queried.get_ref().endorsement.is_none());
    assert_eq!(kept(parsed.stated_tx_id()), 0);
    let endorsed = peer.endorser.process(proposal).await.unwrap();
    assert!(endorsed.get_ref().endorsement.is_some());
    assert_eq!(kept(parsed.stated_tx_id()), 1);
    assert_eq!(endorsed.get_ref().payload, queried.get_ref().payload);
}

fn collection(name: &str, members: &str, only: bool, required: i32) -> CollectionConfig {
    let policy = dsl::parse(members).unwrap();
    let policy = collection_policy_config::Payload::SignaturePolicy(policy);
    let collection = StaticCollectionConfig {
        name: name.to_owned(),
        member_orgs_policy: Some(CollectionPolicyConfig {
            payload: Some(policy),
        }),
        required_peer_count: required,
        maximum_peer_count: required,
        member_only_read: only,
        member_only_write: only,
        ..StaticCollectionConfig::default()
    };
    CollectionConfig {
        payload: Some(collection_config::Payload::StaticCollectionConfig(
            collection,
        )),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_for_members_only_is_closed_to_other_clients() {
    let network = Network::start().await;
    let mut with_collections = definition("cc");
    with_collections.collections = Some(CollectionConfigPackage {
        config: vec![
            collection("open", "OR('Org1MSP.member')", false, 0),
            collection("closed", "OR('Org1MSP.member')", true, 0),
            collection("far", "OR('Org1MSP.member','Org2MSP.member')", false, 1),
        ],
    });
    network.deploy(CHANNEL, &with_collections).await;
    let put = |collection: &str| with_transient(invoke("cc", &["pput", collection, "k"]), "v");
    let mut lines = Vec::new();
    for org in &network.orgs {
        for collection in ["open", "closed", "far"] {
            lines.push(show(&network.call(0, &org.user, put(collection)).await));
        }
    }
    for org in &network.orgs {
        for args in [["pget", "closed", "k"], ["phash", "closed", "k"]] {
            lines.push(show(&network.call(0, &org.user, invoke("cc", &args)).await));
        }
    }
    expect![[r#"
        200 '' '', with results, with interest, endorsed, version 1
        200 '' '', with results, with interest, endorsed, version 1
        500 'error in simulation: collection far of chaincode cc requires 1 other peers to hold its private data before it is endorsed, and this peer reaches none' '' [node.unsupported]
        200 '' '', with results, with interest, endorsed, version 1
        500 'tx creator does not have write access permission on privatedata in chaincodeName:cc collectionName: closed' '', with results, with interest [chaincode.failed]
        500 'error in simulation: collection far of chaincode cc requires 1 other peers to hold its private data before it is endorsed, and this peer reaches none' '' [node.unsupported]
        200 '' '', with results, with interest, endorsed, version 1
        200 '' '', with results, with interest, endorsed, version 1
        500 'tx creator does not have read access permission on privatedata in chaincodeName:cc collectionName: closed' '', with results, with interest [chaincode.failed]
        200 '' '', with results, with interest, endorsed, version 1"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_read_now_is_no_answer() {
    let network = Network::with_chaincode().await;
    let ledger = network.peers[0].channel(CHANNEL).ledger().clone();
    let proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    let mut taken = Vec::new();
    while let Ok(snapshot) = ledger.snapshot() {
        taken.push(snapshot);
    }
    let refused = show(&network.peers[0].endorser.process(proposal.clone()).await);
    taken.clear();
    let answered = show(&network.peers[0].endorser.process(proposal).await);
    expect![[r#"
        Unavailable: the peer cannot simulate at the moment, try again [node.unavailable]
        200 '' '', with results, with interest, endorsed, version 1"#]]
    .assert_eq(&format!("{refused}\n{answered}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_threads_are_taken_proposals_wait_and_then_are_refused() {
    let network = Network::with(Config::default(), 1).await;
    network.deploy(CHANNEL, &definition("cc")).await;
    let peer = &network.peers[0];
    let (release, held) = mpsc::channel::<()>();
    let deadline = Instant::now() + Duration::from_secs(60);
    let (started, running) = tokio::sync::oneshot::channel();
    let taken = peer.executor.submit(deadline, move |_| {
        started.send(()).unwrap();
        held.recv().unwrap();
    });
    running.await.unwrap();
    let proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    let tx_id = model::Proposal::parse(&proposal)
        .unwrap()
        .stated_tx_id()
        .to_owned();
    let mut waiting = JoinSet::new();
    let (endorser, first) = (peer.endorser.clone(), proposal.clone());
    waiting.spawn(async move { endorser.process(first).await });
    while peer.executor.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    // The same transaction while it waits, and another one.
    let mut lines = vec![show(&peer.endorser.process(proposal).await).replace(&tx_id, "<id>")];
    lines.push(answer(&network, 0, invoke("cc", &["nop"])).await);
    release.send(()).unwrap();
    lines.push(show(&waiting.join_next().await.unwrap().unwrap()));
    expect![[r#"
        500 'error in simulation: failed to execute transaction <id>: error sending: txid: <id>(trade) exists' '' [proposal.replayed]
        ResourceExhausted: the peer is busy, try again: 1 calls are waiting already [node.busy]
        200 '' '', with results, with interest, endorsed, version 1"#]].assert_eq(&lines.join("\n"));
    taken.unwrap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_behind_what_the_sender_has_seen_waits_for_the_block() {
    let network = Network::with_chaincode().await;
    let peer = &network.peers[0];
    let height = peer.channel(CHANNEL).ledger().height();
    let proposal = network.propose(network.user(), invoke("cc", &["get", "a"]));
    let (answered, committed) = tokio::join!(
        peer.endorser.process_from(proposal, height + 1),
        network.submit(&[0, 1], network.user(), invoke("cc", &["put", "a", "1"])),
    );
    assert_eq!(committed, Ok(TxValidationCode::Valid));
    assert_eq!(
        answered.unwrap().into_inner().response.unwrap().payload,
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_height_that_does_not_come_is_not_waited_for_for_ever() {
    let network = Network::with_chaincode().await;
    let config = Config {
        catch_up_timeout_ms: 20,
        ..Config::default()
    };
    let endorser = network.peers[0].configured(config);
    let proposal = network.propose(network.user(), invoke("cc", &["get", "a"]));
    let answered = endorser
        .process_from(proposal, u64::MAX)
        .await
        .unwrap()
        .into_inner();
    assert!(answered.endorsement.is_some());
}
