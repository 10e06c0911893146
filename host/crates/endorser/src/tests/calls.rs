//! Chaincode that calls chaincode.

use std::collections::BTreeMap;

use expect_test::expect;
use model::TxValidationCode;
use model::client::Invocation;
use prost::Message as _;
use proto::kvrwset::KvrwSet;
use proto::rwset::TxReadWriteSet;

use super::network::{CHANNEL, LOOSE, Network, definition, invoke};
use super::people::Org;
use super::{action, show};

async fn answer(network: &Network, args: &[&str]) -> String {
    let answer = network.call(0, network.user(), invoke("cc", args)).await;
    let line = show(&answer);
    let long = |word: &&str| word.trim_matches([':', '(', ')']).len() >= 60;
    let words = line
        .split(' ')
        .map(|word| if long(&word) { "<id>:" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Keys read and written, by namespace.
fn touched(results: bytes::Bytes) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let results = TxReadWriteSet::decode(results).unwrap();
    let sets = results.ns_rwset.into_iter().map(|set| {
        let keys = KvrwSet::decode(set.rwset).unwrap();
        let reads = keys.reads.into_iter().map(|read| read.key).collect();
        let writes = keys.writes.into_iter().map(|write| write.key).collect();
        (set.namespace, (reads, writes))
    });
    sets.collect()
}

/// A network with two chaincodes, both with the test contract.
async fn two() -> Network {
    let network = Network::with_chaincode().await;
    network.deploy(CHANNEL, &definition("other")).await;
    network
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callees_definition_and_writes_become_part_of_the_transaction() {
    let network = two().await;
    let call = invoke("cc", &["callput", "other", "", "put", "a", "1"]);
    let answer = network
        .call(0, network.user(), call.clone())
        .await
        .unwrap()
        .into_inner();
    expect![[r#"
        {
            "_lifecycle": (
                [
                    "namespaces/fields/cc/Sequence",
                    "namespaces/fields/other/Sequence",
                ],
                [],
            ),
            "cc": (
                [],
                [
                    "k",
                ],
            ),
            "other": (
                [],
                [
                    "a",
                ],
            ),
        }"#]]
    .assert_eq(&format!("{:#?}", touched(action(&answer).results)));
    let interest = answer.interest.unwrap().chaincodes;
    let names: Vec<&str> = interest.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["cc", "other"]);
    let code = network.submit(&[0, 1], network.user(), call).await;
    assert_eq!(code, Ok(TxValidationCode::Valid));
    let read = answer_of(&network, "other", &["get", "a"]).await;
    assert_eq!(
        read,
        "200 '' '1', with results, with interest, endorsed, version 1"
    );
}

async fn answer_of(network: &Network, chaincode: &str, args: &[&str]) -> String {
    show(
        &network
            .call(0, network.user(), invoke(chaincode, args))
            .await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callees_private_reads_are_judged_and_recorded_under_its_own_name() {
    let network = two().await;
    let call = invoke(
        "cc",
        &["call", "other", "", "phash", "_implicit_org_Org1MSP", "k"],
    );
    let answer = network
        .call(0, network.user(), call)
        .await
        .unwrap()
        .into_inner();
    let touched = touched(action(&answer).results);
    let reads = touched["_lifecycle"].0.clone();
    expect![[r#"
        namespaces/fields/cc/Sequence
        namespaces/fields/other/Collections
        namespaces/fields/other/EndorsementInfo
        namespaces/fields/other/Sequence
        namespaces/fields/other/ValidationInfo
        namespaces/metadata/other"#]]
    .assert_eq(&reads.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_into_another_channel_is_a_query_there() {
    let network = two().await;
    network.join("second").await;
    network.deploy("second", &definition("there")).await;
    let put = Invocation {
        channel_id: "second".to_owned(),
        ..invoke("there", &["put", "a", "far"])
    };
    let code = network.submit(&[0], network.user(), put).await;
    assert_eq!(code, Ok(TxValidationCode::Valid));
    for (args, payload) in [
        (["call", "there", "second", "get", "a"], "far"),
        (["call", "there", "second", "channel", ""], "second"),
        (["call", "there:9.9/second", "", "get", "a"], "far"),
    ] {
        let answer = network
            .call(0, network.user(), invoke("cc", &args))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.response.clone().unwrap().payload, payload);
        let touched = touched(action(&answer).results);
        let reads = vec!["namespaces/fields/cc/Sequence".to_owned()];
        assert_eq!(
            touched,
            BTreeMap::from([("_lifecycle".to_owned(), (reads, vec![]))])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_called_is_refused_in_fabrics_words() {
    let network = two().await;
    let mut lines = Vec::new();
    for args in [
        &["call", "nobody", "", "nop"][..],
        &["call", "nobody", "nowhere", "nop"],
        &["call", "cc", "", "nop"],
        &["call", "cscc", "", "GetChannels"],
        &["call", "qscc", "", "GetChainInfo", CHANNEL],
        &["call", "_lifecycle", "", "QueryChaincodeDefinitions", ""],
        &["call", "other", "", "panic", "inner"],
        &["call", "other", "", "status", "404"],
    ] {
        lines.push(answer(&network, args).await);
    }
    let mut must_init = definition("uninitialised");
    must_init.init_required = true;
    network.deploy(CHANNEL, &must_init).await;
    lines.push(answer(&network, &["call", "uninitialised", "", "nop"]).await);
    expect![[r#"
        500 'INVOKE_CHAINCODE failed: transaction ID: <id>: execute failed: invalid invocation: [channel trade] failed to get chaincode container info for nobody: chaincode nobody not found' '', with results, with interest [chaincode.not_found]
        500 'error in simulation: INVOKE_CHAINCODE failed: transaction ID: <id>: Failed to get policy manager for channel [nowhere]' '' [channel.not_found]
        500 'INVOKE_CHAINCODE failed: transaction ID: <id>: execute failed: error sending: txid: <id>: exists' '', with results, with interest [chaincode.failed]
        500 'Rejecting invoke of CSCC from another chaincode, original invocation for 'cc'' '', with results, with interest [chaincode.failed]
        500 'Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, original invocation for 'cc'' '', with results, with interest [chaincode.failed]
        500 'system chaincode _lifecycle cannot be invoked with a cc2cc invocation' '', with results, with interest [chaincode.failed]
        500 'chaincode panicked: inner (src/lib.rs:7:3)' '', with results, with interest [chaincode.failed]
        404 'm' 'p' [chaincode.failed]
        500 'INVOKE_CHAINCODE failed: transaction ID: <id>: execute failed: invalid invocation: chaincode 'uninitialised' has not been initialized for this version, must call as init first' '', with results, with interest [chaincode.not_initialized]"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_hangs_on_what_this_peer_lacks_is_not_endorsed() {
    let network = two().await;
    network.join(LOOSE).await;
    network.approve(0, LOOSE, &definition("there"), None).await;
    network.define(&[0], LOOSE, &definition("there")).await;
    // "callput" goes on after the refusal and answers 200.
    let mut lines = Vec::new();
    for args in [
        ["callput", "there", LOOSE, "nop"],
        ["callput", "there", "nowhere", "nop"],
        ["callput", "nobody", LOOSE, "nop"],
    ] {
        lines.push(answer(&network, &args).await);
    }
    expect![[r#"
        500 'error in simulation: INVOKE_CHAINCODE failed: transaction ID: <id>: execute failed: invalid invocation: [channel loose] failed to get chaincode container info for there: chaincode definition for 'there' exists, but chaincode is not installed' '' [chaincode.not_installed]
        500 'error in simulation: INVOKE_CHAINCODE failed: transaction ID: <id>: Failed to get policy manager for channel [nowhere]' '' [channel.not_found]
        200 '' '', with results, with interest, endorsed, version 1"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_needs_the_right_on_the_callees_channel() {
    let network = two().await;
    // A channel of other people, which this peer has joined all the same.
    let strangers = Org::make(&network.folder.path().join("strangers"), 3, "Org3MSP");
    let genesis = network.genesis_of("closed", &[&strangers]);
    network.peers[0].join(&genesis, "closed").await;
    let line = answer(&network, &["call", "other", "closed", "nop"]).await;
    expect!["500 'INVOKE_CHAINCODE failed: transaction ID: <id>: Failed evaluating policy on signed data during check policy on channel [closed] with policy [/Channel/Application/Writers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied]' '', with results, with interest [access.denied]"].assert_eq(&line);
}
