//! `protos.Endorser` as clients without a gateway call it: the refusals are Fabric's, word for word.

use model::client::Invocation;
use msp::Signer as _;
use serde_json::Value;
use system_tests::{Client, Network, Random, profile, recorded};
use tonic::Status;

struct Peer {
    client: Client,
    _network: Network,
}

impl Peer {
    fn start(seed: u64) -> Self {
        let network = Network::dev(&["mychannel"]).unwrap();
        network.deploy("asset-transfer", "basic").unwrap();
        Self {
            client: network
                .client(profile::ORG1_USER, Random::new(seed))
                .unwrap(),
            _network: network,
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn assert_is_recorded(status: &Status, name: &str, adapt: impl Fn(&str) -> String) {
    let Some(recorded) = recorded(name) else {
        return;
    };
    let message = recorded.get("message").and_then(Value::as_str).unwrap();
    assert_eq!(status.message(), adapt(message), "{name}");
    assert_eq!(
        Some(i64::from(i32::from(status.code()))),
        recorded["grpc_code_number"].as_i64(),
        "{name}"
    );
}

#[test]
fn refusals_are_those_of_fabric() {
    runtime().block_on(async {
        let peer = Peer::start(1);
        let client = &peer.client;
        let (_, mut signed) = client.propose("basic", &["GetAllAssets"]).unwrap();
        signed.signature = client.signer().sign(b"something else").unwrap();
        let refused = client.process_proposal(signed).await.unwrap_err();
        assert_is_recorded(&refused, "error_endorser_bad_signature", str::to_owned);

        let prepared = client
            .endorse("basic", &["CreateAsset", "a", "blue", "1", "Ann", "1"])
            .await
            .unwrap();
        client.submit(&prepared).await.unwrap();
        client.commit_status(&prepared.tx_id).await.unwrap();
        let sender = client.sender().unwrap();
        let (tx_id, signed) = client.propose_as(sender.clone(), read("a")).unwrap();
        client.process_proposal(signed.clone()).await.unwrap();
        client
            .process_proposal(signed)
            .await
            .expect("a proposal may be sent again while it is not committed");

        let mut late = sender;
        late.timestamp.seconds -= 16 * 60;
        late.timestamp.nanos = 0;
        let stated = late.timestamp.to_string();
        let (_, signed) = client.propose_as(late, read("a")).unwrap();
        let refused = client.process_proposal(signed).await.unwrap_err();
        let (_, rest) = refused.message().split_once(", peer time ").unwrap();
        let (peer_time, _) = rest.split_once(", ").unwrap();
        let whole_seconds: prost_types::Timestamp = peer_time.parse().unwrap();
        assert_eq!(whole_seconds.nanos, 0);
        assert_is_recorded(&refused, "error_endorser_timewindow", |text| {
            text.replace("2026-11-22T06:05:57Z", &stated)
                .replace("2026-11-22T06:21:57Z", peer_time)
        });
        drop(tx_id);
    });
}

#[test]
fn a_committed_transaction_id_cannot_be_used_again() {
    runtime().block_on(async {
        let peer = Peer::start(2);
        let client = &peer.client;
        let sender = client.sender().unwrap();
        let create = ["CreateAsset", "a", "blue", "1", "Ann", "1"];
        let (tx_id, signed) = client
            .propose_as(sender.clone(), invocation(&create))
            .unwrap();
        let prepared = client
            .endorse_proposal(&tx_id, signed.clone())
            .await
            .unwrap();
        client.submit(&prepared).await.unwrap();
        client.commit_status(&prepared.tx_id).await.unwrap();
        let refused = client.process_proposal(signed).await.unwrap_err();
        let creator: String = sender
            .creator
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            refused.message(),
            format!(
                "duplicate transaction found [{}]. Creator [{creator}]",
                tx_id.as_str()
            )
        );
        if let Some(recorded) = recorded("error_endorser_duplicate_txid") {
            assert_eq!(
                Some(i64::from(i32::from(refused.code()))),
                recorded["grpc_code_number"].as_i64()
            );
        }

        // The orderer takes it, as it knows no transaction ids; the committers see that it is there already.
        client.submit(&prepared).await.unwrap();
        let other = client
            .transact("basic", &["CreateAsset", "b", "blue", "1", "Ann", "1"])
            .await
            .unwrap();
        let blocks = client.filtered_blocks().await.unwrap();
        assert!(blocks.len() as u64 > other.block);
        let codes: Vec<i32> = blocks
            .iter()
            .flat_map(|block| &block.filtered_transactions)
            .filter(|tx| tx.txid == prepared.tx_id)
            .map(|tx| tx.tx_validation_code)
            .collect();
        assert_eq!(codes, [0, 9], "VALID once, then DUPLICATE_TXID");
    });
}

fn read(id: &str) -> Invocation {
    invocation(&["ReadAsset", id])
}

fn invocation(args: &[&str]) -> Invocation {
    Invocation {
        channel_id: "mychannel".to_owned(),
        chaincode: "basic".to_owned(),
        args: args
            .iter()
            .map(|arg| bytes::Bytes::copy_from_slice(arg.as_bytes()))
            .collect(),
        ..Invocation::default()
    }
}
