//! What REST promises across time: pending submissions, repeated ones, streams that go on, signatures made elsewhere.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::hash::sha256;
use msp::Signer as _;
use serde_json::{Value, json};
use system_tests::{Http, Network, Node, Random, profile};

use super::desk::told;

const SUBMIT: &str = "/v1/channels/mychannel/chaincodes/basic/submit";
const STREAM: &str = "/v1/channels/mychannel/events";
/// Longest time a commit may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn create(id: &str) -> Value {
    json!({"function": "CreateAsset", "args": [id, "blue", 5, "Ann", 300]})
}

/// A network whose first peer answers at once, whether a transaction is committed or not.
fn impatient() -> Network {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.stop(Node::Peer1).unwrap();
    network
        .configure(Node::Peer1, |config| {
            let rest = config
                .get_mut("rest")
                .and_then(|rest| rest.as_mapping_mut());
            rest.expect("a section rest")
                .insert("commit_wait_ms".into(), 0.into());
            Ok(())
        })
        .unwrap();
    network.start(Node::Peer1).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    network
}

fn caller(network: &Network, node: Node) -> Http {
    network.http(node).unwrap().with_token(network.token())
}

fn wait_until_valid(http: &Http, tx_id: &str) -> Value {
    let path = format!("/v1/channels/mychannel/transactions/{tx_id}/status?wait_ms=20000");
    let status = http.get(&path).unwrap();
    assert_eq!(status.json()["state"], "valid", "{}", status.text());
    status.json()
}

#[test]
fn a_submission_that_takes_long_is_accepted_and_can_be_asked_for() {
    let network = impatient();
    let http = caller(&network, Node::Peer1);
    // The peer waits for no commit; now and then one is there all the same.
    let mut submitted = (0..100).map(|number| {
        let created = create(&format!("slow{number}"));
        http.post(SUBMIT, &created).unwrap()
    });
    let accepted = submitted.find(|answer| {
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
        answer.status == 202
    });
    let accepted = accepted.expect("one of a hundred takes longer than no time");
    let body = accepted.json();
    let tx_id = body["tx_id"].as_str().unwrap();
    assert_eq!(body["state"], "pending");
    let url = body["status_url"].as_str().unwrap();
    assert_eq!(accepted.header("location"), Some(url));
    assert_eq!(
        http.get(url).unwrap().status,
        200,
        "the status can be asked for where it says"
    );
    let status = wait_until_valid(&http, tx_id);
    assert_eq!(status["code"], "VALID", "{status}");
    let unknown = format!(
        "/v1/channels/mychannel/transactions/{}/status",
        "0".repeat(64)
    );
    let unknown = http.get(&unknown).unwrap();
    assert_eq!(unknown.json()["state"], "pending", "{}", unknown.text());
}

#[test]
fn a_repeated_request_is_one_transaction_even_if_the_peer_is_killed_between() {
    let mut network = impatient();
    let http = caller(&network, Node::Peer1);
    let keyed = http.with("Idempotency-Key", "order-1");
    let first = keyed.post(SUBMIT, &create("once")).unwrap();
    assert!(matches!(first.status, 200 | 202), "{}", first.text());
    network.kill(Node::Peer1).unwrap();
    network.start(Node::Peer1).unwrap();
    let tx_id = first.json()["tx_id"].as_str().unwrap().to_owned();
    wait_until_valid(&http, &tx_id);
    for _ in 0..2 {
        let again = keyed.post(SUBMIT, &create("once")).unwrap();
        assert!(matches!(again.status, 200 | 202), "{}", again.text());
        assert_eq!(again.json()["tx_id"], tx_id.as_str(), "{}", again.text());
    }
    let other = keyed.post(SUBMIT, &create("twice")).unwrap();
    assert_eq!(told(&other), "422 request.idempotency");
    // Without the key the second creation is refused by the contract: the first one is there, once.
    assert_eq!(
        told(&http.post(SUBMIT, &create("once")).unwrap()),
        "422 chaincode.failed"
    );
}

#[test]
fn requests_with_one_key_at_the_same_time_make_one_transaction() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let keyed = caller(&network, Node::Peer1).with("Idempotency-Key", "at-once");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let send = || keyed.post(SUBMIT, &create("raced")).unwrap();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(send)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut ids = BTreeSet::new();
    for answer in answers {
        match told(&answer).as_str() {
            "200" => drop(ids.insert(answer.json()["tx_id"].as_str().unwrap().to_owned())),
            "409 request.in_progress" => {}
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    let again = keyed.post(SUBMIT, &create("raced")).unwrap();
    assert_eq!(
        again.json()["tx_id"].as_str(),
        ids.first().map(String::as_str)
    );
}

/// Reads a stream until it has seen `end` or breaks off; gives the position to go on from.
fn follow(
    http: &Http,
    path: &str,
    last: Option<String>,
    seen: &mut Vec<String>,
    end: &str,
) -> Option<String> {
    let Ok(mut events) = http.events(path, last.as_deref()) else {
        return last;
    };
    while let Ok(Some(event)) = events.next_event() {
        assert_ne!(event.kind, "problem", "{}", event.data);
        let text = event.data.to_string();
        let is_end = text.contains(end);
        seen.push(text);
        if is_end {
            break;
        }
    }
    Some(events.last().to_owned()).filter(|last| !last.is_empty())
}

#[test]
fn a_stream_goes_on_after_a_killed_peer_without_loss_or_doubles() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let (reader, writer) = (caller(&network, Node::Peer1), caller(&network, Node::Peer2));
    let created = writer.post(SUBMIT, &create("e0")).unwrap();
    assert_eq!(created.status, 200, "{}", created.text());
    let is_done = AtomicBool::new(false);
    let mut written = vec!["e0".to_owned()];
    let (mut events, mut blocks) = (Vec::new(), Vec::new());
    let paths = [
        format!("{STREAM}/chaincodes/basic?from=oldest"),
        format!("{STREAM}/blocks?from=oldest"),
    ];
    let read = |path: &str, seen: &mut Vec<String>| {
        let begun = Instant::now();
        let mut last = None;
        while !seen.last().is_some_and(|text| text.contains("the-end")) {
            assert!(
                begun.elapsed() < PATIENCE * 2,
                "{path}: {} seen",
                seen.len()
            );
            last = follow(&reader, path, last, seen, "the-end");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    std::thread::scope(|scope| {
        let [event_path, block_path] = &paths;
        let read = &read;
        scope.spawn(|| read(event_path, &mut events));
        scope.spawn(|| read(block_path, &mut blocks));
        let writing = scope.spawn(|| {
            let mut ids = Vec::new();
            let mut next = 1;
            while !is_done.load(Ordering::Relaxed) {
                let id = format!("e{next}");
                next += 1;
                // Org1's peer endorses too: while it is away nothing is written, which is no part of this test.
                if writer.post(SUBMIT, &create(&id)).unwrap().status == 200 {
                    ids.push(id);
                }
            }
            ids
        });
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(400));
            network.kill(Node::Peer1).unwrap();
            network.start(Node::Peer1).unwrap();
        }
        std::thread::sleep(Duration::from_millis(400));
        is_done.store(true, Ordering::Relaxed);
        written.extend(writing.join().unwrap());
        let begun = Instant::now();
        while writer.post(SUBMIT, &create("the-end")).unwrap().status != 200 {
            assert!(begun.elapsed() < PATIENCE, "the network writes again");
        }
    });
    written.push("the-end".to_owned());
    let told: Vec<String> = events.iter().map(|text| asset_id(text)).collect();
    assert_eq!(told, written, "each event once, in the order of the ledger");
    let numbers: Vec<u64> = blocks.iter().map(|text| number(text)).collect();
    let expected: Vec<u64> = (0..numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "each block once, in its order");
}

/// The asset that an event is about: its payload is the asset as JSON.
fn asset_id(text: &str) -> String {
    let event: Value = serde_json::from_str(text).unwrap();
    let payload = event["payload"]
        .as_str()
        .unwrap_or_else(|| panic!("{text}"));
    let asset: Value = serde_json::from_str(payload).unwrap();
    asset["ID"].as_str().unwrap().to_owned()
}

fn number(text: &str) -> u64 {
    let block: Value = serde_json::from_str(text).unwrap();
    let number = block
        .get("number")
        .or_else(|| block["header"].get("number"));
    number
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("{text}"))
}

/// A caller that signs itself; the peer never sees its key.
struct Signing<'a> {
    http: Http,
    network: &'a Network,
}

impl Signing<'_> {
    fn sign(&self, message: &[u8]) -> String {
        let profile =
            profile::Profile::read(self.network.weft(profile::ORG1_USER).profile()).unwrap();
        let signer =
            msp::SigningIdentity::from_folder(&profile.msp_folder, &profile.msp_id).unwrap();
        STANDARD.encode(signer.sign(message).unwrap())
    }

    /// Prepares a call and signs it.
    fn propose(&self, function: &str, args: &Value) -> (Value, Value) {
        let profile =
            profile::Profile::read(self.network.weft(profile::ORG1_USER).profile()).unwrap();
        let mut certificates = std::fs::read_dir(profile.msp_folder.join("signcerts")).unwrap();
        let certificate = certificates.next().unwrap().unwrap().path();
        let request = json!({
            "function": function, "args": args,
            "creator": {"msp_id": "Org1MSP", "certificate": std::fs::read_to_string(certificate).unwrap()},
        });
        let path = "/v1/channels/mychannel/chaincodes/basic/prepare";
        let prepared = self.http.post(path, &request).unwrap();
        assert_eq!(prepared.status, 200, "{}", prepared.text());
        let prepared = prepared.json();
        let proposal = STANDARD
            .decode(prepared["proposal"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            prepared["digest"],
            hex(&sha256(&proposal)),
            "the digest is of what is sent"
        );
        let signature = self.sign(&proposal);
        (
            json!({"proposal": prepared["proposal"], "signature": signature}),
            prepared,
        )
    }

    /// A transaction, endorsed and signed.
    fn endorse(&self, function: &str, args: &Value) -> Value {
        let (signed, prepared) = self.propose(function, args);
        let endorsed = self
            .http
            .post("/v1/channels/mychannel/endorse", &signed)
            .unwrap();
        assert_eq!(endorsed.status, 200, "{}", endorsed.text());
        let endorsed = endorsed.json();
        assert_eq!(endorsed["tx_id"], prepared["tx_id"]);
        let transaction = STANDARD
            .decode(endorsed["transaction"].as_str().unwrap())
            .unwrap();
        assert_eq!(endorsed["digest"], hex(&sha256(&transaction)));
        json!({"transaction": endorsed["transaction"], "signature": self.sign(&transaction)})
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_caller_signs_itself_and_of_two_on_one_key_the_second_is_in_conflict() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let caller = Signing {
        http: caller(&network, Node::Peer1),
        network: &network,
    };
    let path = "/v1/channels/mychannel/transactions";
    let created = caller.endorse("CreateAsset", &json!(["mine", "blue", 5, "Ann", 300]));
    let created = caller.http.post(path, &created).unwrap();
    assert_eq!(
        (created.status, &created.json()["code"]),
        (200, &json!("VALID")),
        "{}",
        created.text()
    );
    let (read, _) = caller.propose("ReadAsset", &json!(["mine"]));
    let read = caller
        .http
        .post("/v1/channels/mychannel/evaluate", &read)
        .unwrap();
    assert!(
        read.status == 200 && read.text().contains("Ann"),
        "{}",
        read.text()
    );

    let first = caller.endorse("TransferAsset", &json!(["mine", "Bob"]));
    let second = caller.endorse("TransferAsset", &json!(["mine", "Eve"]));
    let first = caller.http.post(path, &first).unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    let lost = caller.http.post(path, &second).unwrap();
    assert_eq!(told(&lost), "409 commit.conflict");
    assert_eq!(lost.json()["validation_code"], "MVCC_READ_CONFLICT");
    let again = caller.http.post(path, &second).unwrap();
    assert!(
        again.status == 409,
        "the same transaction is not ordered twice with effect: {}",
        again.text()
    );

    let mut forged = caller.endorse("TransferAsset", &json!(["mine", "Eve"]));
    forged["signature"] = caller.sign(b"another transaction").into();
    let forged = caller.http.post(path, &forged).unwrap();
    assert!(forged.status >= 400, "{}", forged.text());
    let owner = network.weft(profile::ORG1_USER);
    let owner = owner
        .ok(&["evaluate", "basic", "ReadAsset", "mine"])
        .unwrap();
    assert!(owner.contains("Bob"), "{owner}");
}

#[test]
fn of_two_submissions_on_one_key_at_once_one_is_valid_and_the_other_at_most_in_conflict() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let http = caller(&network, Node::Peer1);
    assert_eq!(http.post(SUBMIT, &create("raced")).unwrap().status, 200);
    let mut random = Random::new(34);
    for _ in 0..6 {
        let owners =
            [random.below(1 << 40), random.below(1 << 40)].map(|number| format!("owner{number}"));
        let statuses = std::thread::scope(|scope| {
            owners
                .each_ref()
                .map(|owner| {
                    let transfer = json!({"function": "TransferAsset", "args": ["raced", owner]});
                    let http = &http;
                    scope.spawn(move || told(&http.post(SUBMIT, &transfer).unwrap()))
                })
                .map(|thread| thread.join().unwrap())
        });
        let valid = statuses.iter().filter(|status| *status == "200").count();
        let is_known = |status: &String| status == "200" || status == "409 commit.conflict";
        assert!(valid >= 1 && statuses.iter().all(is_known), "{statuses:?}");
    }
}
