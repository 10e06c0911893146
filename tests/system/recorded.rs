//! Failures of a whole network beside those recorded from a real Fabric network: the same code, text and details, byte for byte,
//! once this network's names stand in the recording.

use prost::Message as _;
use proto::common::Envelope;
use proto::gateway::{EndorseRequest, ErrorDetail};
use proto::google::rpc;
use proto::orderer::{SeekInfo, SeekNewest, SeekPosition, seek_position};
use proto::protos::DeliverResponse;
use services::gateway::gateway_client::GatewayClient;
use services::protos::deliver_client::DeliverClient;
use system_tests::profile::{ORG1_USER, Profile};
use system_tests::{Client, Network, Random, recorded_bytes};
use tonic::Status;

/// The recorded failure with other words in its texts, and this peer's address in its details.
fn recorded(name: &str, words: &[(&str, &str)], address: &str) -> Option<rpc::Status> {
    let bytes = recorded_bytes(&format!("error_{name}.grpc-status-details-bin"))?;
    let mut status = rpc::Status::decode(bytes).unwrap();
    let adapt = |text: &mut String| {
        for (theirs, ours) in words {
            assert!(text.contains(theirs), "{name}: {text} has no {theirs:?}");
            *text = text.replace(theirs, ours);
        }
    };
    if status.details.is_empty() {
        adapt(&mut status.message);
    }
    for any in &mut status.details {
        let mut detail: ErrorDetail = any.to_msg().unwrap();
        assert_eq!(detail.address, "127.0.0.1:27051");
        address.clone_into(&mut detail.address);
        let before = detail.message.clone();
        adapt(&mut detail.message);
        status.message = status.message.replace(&before, &detail.message);
        any.value = detail.encode_to_vec();
    }
    Some(status)
}

#[track_caller]
fn assert_is(ours: &Status, recorded: &rpc::Status) {
    assert_eq!(i32::from(ours.code()), recorded.code, "{ours:?}");
    assert_eq!(ours.message(), recorded.message);
    // Go sends the whole status only if it has details.
    let bytes = match recorded.details.is_empty() {
        true => Vec::new(),
        false => recorded.encode_to_vec(),
    };
    assert_eq!(ours.details(), bytes);
}

struct Here {
    client: Client,
    address: String,
    _network: Network,
}

impl Here {
    fn start(seed: u64) -> Self {
        let network = Network::dev(&["mychannel"]).unwrap();
        network.deploy("asset-transfer", "basic").unwrap();
        network.deploy("sealed-note", "notes").unwrap();
        let profile = Profile::read(network.weft(ORG1_USER).profile()).unwrap();
        Self {
            client: network.client(ORG1_USER, Random::new(seed)).unwrap(),
            address: profile.peer.address,
            _network: network,
        }
    }

    /// What is recorded under that name, if it is, against what happened here.
    #[track_caller]
    fn compare<T>(&self, name: &str, words: &[(&str, &str)], done: Result<T, Status>) {
        let Some(recorded) = recorded(name, words, &self.address) else {
            return;
        };
        assert_is(&done.err().expect("it fails"), &recorded);
    }

    /// A request for the newest block that somebody else signed.
    fn badly_signed_seek(&self) -> Envelope {
        let newest = Some(SeekPosition {
            r#type: Some(seek_position::Type::Newest(SeekNewest {})),
        });
        let seek = SeekInfo {
            start: newest,
            stop: newest,
            ..SeekInfo::default()
        };
        Envelope {
            payload: self.client.sender().unwrap().seek("mychannel", &seek, None),
            signature: self.sign(b"something else"),
        }
    }

    fn sign(&self, message: &[u8]) -> bytes::Bytes {
        msp::Signer::sign(self.client.signer(), message).unwrap()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

const CREATE: [&str; 6] = ["CreateAsset", "asset7", "blue", "1", "Ann", "1"];

#[test]
fn a_network_s_failures_are_those_of_a_fabric_network() {
    runtime().block_on(async {
        let here = Here::start(1);
        let client = &here.client;
        let prepared = client.endorse("basic", &CREATE).await.unwrap();
        client.submit(&prepared).await.unwrap();
        client.commit_status(&prepared.tx_id).await.unwrap();

        let done = client.endorse("basic", &CREATE).await;
        here.compare("endorse_chaincode_error", &[], done);
        let done = client.endorse("notes", &["BurnNote", "n1"]).await;
        let words = [("not found here", "the note n1 does not exist")];
        here.compare("endorse_status_404", &words, done);
        let (tx_id, signed) = client.propose("basic", &["ReadAsset", "asset7"]).unwrap();
        let request = EndorseRequest {
            transaction_id: tx_id.to_string(),
            channel_id: "mychannel".to_owned(),
            proposed_transaction: Some(signed),
            endorsing_organizations: vec!["Org3MSP".to_owned()],
        };
        let done = GatewayClient::new(client.connection())
            .endorse(request)
            .await;
        here.compare("endorse_unknown_org", &[], done);

        let done = client.evaluate("basic", &["ReadAsset", "nosuch"]).await;
        here.compare("evaluate_chaincode_error", &[], done);
        let done = client.evaluate("nosuchcc", &["x"]).await;
        here.compare("evaluate_unknown_chaincode", &[], done);
        let done = client.on("nosuchchannel").evaluate("basic", &["x"]).await;
        here.compare("evaluate_unknown_channel", &[], done);

        let mut forged = client
            .endorse("basic", &["DeleteAsset", "asset7"])
            .await
            .unwrap();
        forged.envelope.signature = here.sign(b"something else");
        here.compare("submit_bad_signature", &[], client.submit(&forged).await);
    });
}

#[test]
fn who_has_not_signed_is_refused_as_by_a_fabric_network() {
    runtime().block_on(async {
        let here = Here::start(2);
        let request = proto::gateway::CommitStatusRequest {
            transaction_id: "x".repeat(64),
            channel_id: "mychannel".to_owned(),
            identity: msp::Signer::identity(here.client.signer()).clone(),
        };
        let signed = proto::gateway::SignedCommitStatusRequest {
            request: request.encode_to_vec().into(),
            signature: here.sign(b"something else"),
        };
        let mut gateway = GatewayClient::new(here.client.connection());
        let done = gateway.commit_status(signed).await;
        here.compare("commitstatus_bad_signature", &[], done);

        // Streams of blocks tell it in a last message of their own, and end well.
        let mut deliver = DeliverClient::new(here.client.connection());
        let requests = tokio_stream::iter([here.badly_signed_seek()]);
        let mut answers = deliver.deliver(requests).await.unwrap().into_inner();
        let answer: DeliverResponse = answers.message().await.unwrap().unwrap();
        if let Some(recorded) = recorded_bytes("DeliverResponse_forbidden") {
            assert_eq!(answer.encode_to_vec(), recorded);
        }
        let end = answers.message().await;
        assert!(matches!(&end, Ok(None)), "{end:?}");
    });
}
