//! The crate's tests: a gateway between scripted nodes, and what its callers are told of each outcome.

mod endorse;
mod status;
mod submit;
mod words;

use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use ::channel::{Bundle, ChannelDescription};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use joined::{Channel, Channels};
use ledger::{CommitInput, PeerLedger};
use model::client::{Invocation, Sender};
use model::{Block, ChannelId};
use msp::ca::{Organization, Validity};
use msp::{Role, SignatureMemo, Signer as _, SigningIdentity};
use prost::Message as _;
use prost_types::Timestamp;
use proto::common::Envelope;
use proto::orderer::{BroadcastResponse, DeliverResponse};
use proto::protos::{
    ChaincodeAction, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
    SignedProposal,
};
use services::orderer::atomic_broadcast_server::{AtomicBroadcast, AtomicBroadcastServer};
use services::protos::endorser_server::{Endorser, EndorserServer};
use services::{end_with_code, put_code};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status, Streaming};

use crate::{Config, Gateway, KnownPeer, LocalEndorser, Parts, Process};

const NOW_S: i64 = 1_800_000_000;
const CHANNEL: &str = "trade";
/// The one chaincode that every channel has; both organisations must endorse it.
const CHAINCODE: &str = "_lifecycle";

/// What an endorser does.
#[derive(Clone)]
enum Endorsing {
    Answer(Box<ProposalResponse>, Option<&'static str>),
    Refuse(Status),
    Silence,
}

impl Endorsing {
    /// An endorsement of these results.
    fn good(results: &'static [u8], endorser: &'static [u8]) -> Self {
        let action = ChaincodeAction {
            results: Bytes::from_static(results),
            ..ChaincodeAction::default()
        };
        let payload = ProposalResponsePayload {
            proposal_hash: Bytes::from_static(b"hash"),
            extension: action.encode_to_vec().into(),
        };
        let endorsement = Endorsement {
            endorser: Bytes::from_static(endorser),
            signature: Bytes::from_static(b"signature"),
        };
        let answer = ProposalResponse {
            response: Some(response(200, "")),
            payload: payload.encode_to_vec().into(),
            endorsement: Some(endorsement),
            ..ProposalResponse::default()
        };
        Self::Answer(Box::new(answer), None)
    }

    /// The chaincode refuses: its payload comes without an endorsement.
    fn chaincode(code: Option<&'static str>) -> Self {
        let answer = ProposalResponse {
            response: Some(response(500, "no")),
            payload: Bytes::from_static(b"\x0a\x01x"),
            ..ProposalResponse::default()
        };
        Self::Answer(Box::new(answer), code)
    }

    /// The peer could not run it.
    fn peer(code: Option<&'static str>) -> Self {
        let answer = ProposalResponse {
            response: Some(response(500, "cannot")),
            ..ProposalResponse::default()
        };
        Self::Answer(Box::new(answer), code)
    }

    fn refuse(code: Option<&'static str>) -> Self {
        let mut status = Status::unknown("error validating proposal");
        if let Some(code) = code {
            put_code(status.metadata_mut(), code);
        }
        Self::Refuse(status)
    }

    async fn act(self) -> Result<tonic::Response<ProposalResponse>, Status> {
        match self {
            Self::Answer(answer, code) => {
                let mut answer = tonic::Response::new(*answer);
                if let Some(code) = code {
                    put_code(answer.metadata_mut(), code);
                }
                Ok(answer)
            }
            Self::Refuse(status) => Err(status),
            Self::Silence => std::future::pending().await,
        }
    }
}

fn response(status: i32, message: &str) -> Response {
    Response {
        status,
        message: message.to_owned(),
        ..Response::default()
    }
}

/// What an orderer does with a message.
#[derive(Clone)]
enum Ordering {
    /// Answers, and ends its stream with this code.
    Answer(i32, Option<&'static str>),
    /// Answers each message of its streams, which it counts; refuses one that says "bad".
    Judge(Arc<AtomicUsize>),
    /// Says nothing, and holds this as long as its stream is open.
    Hang(Arc<()>),
    /// Ends its stream.
    End,
    Silence,
}

struct ScriptedEndorser(Arc<Mutex<Endorsing>>);

#[tonic::async_trait]
impl Endorser for ScriptedEndorser {
    async fn process_proposal(
        &self,
        _: Request<SignedProposal>,
    ) -> Result<tonic::Response<ProposalResponse>, Status> {
        let script = self.0.lock().unwrap().clone();
        script.act().await
    }
}

struct ScriptedOrderer(Arc<Mutex<Ordering>>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AtomicBroadcast for ScriptedOrderer {
    type BroadcastStream = Answers<BroadcastResponse>;
    type DeliverStream = Answers<DeliverResponse>;

    async fn broadcast(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<tonic::Response<Self::BroadcastStream>, Status> {
        let script = self.0.lock().unwrap().clone();
        let mut messages = request.into_inner();
        if let Ordering::Judge(streams) = script {
            streams.fetch_add(1, atomic::Ordering::Relaxed);
            return Ok(tonic::Response::new(judged(messages)));
        }
        let answers = futures::stream::once(async move {
            messages.message().await.unwrap();
            match script {
                Ordering::Answer(status, code) => {
                    let answer = BroadcastResponse {
                        status,
                        info: "said".to_owned(),
                    };
                    let end = code.map(|code| Err(end_with_code(code)));
                    futures::stream::iter([Ok(answer)].into_iter().chain(end).collect::<Vec<_>>())
                }
                Ordering::End => futures::stream::iter(Vec::new()),
                Ordering::Hang(_open) => std::future::pending().await,
                Ordering::Silence | Ordering::Judge(_) => std::future::pending().await,
            }
        });
        Ok(tonic::Response::new(Box::pin(answers.flatten())))
    }

    async fn deliver(
        &self,
        _: Request<Streaming<Envelope>>,
    ) -> Result<tonic::Response<Self::DeliverStream>, Status> {
        Err(Status::unimplemented("only broadcast is scripted"))
    }
}

/// The answers of an orderer that takes its time, so that messages wait on their stream.
fn judged(messages: Streaming<Envelope>) -> Answers<BroadcastResponse> {
    let answers = futures::stream::unfold(Some(messages), async |messages| {
        let mut messages = messages?;
        let message = messages.message().await.unwrap()?;
        tokio::time::sleep(Duration::from_millis(2)).await;
        let good = message.payload != "bad";
        let answer = BroadcastResponse {
            status: if good { 200 } else { 400 },
            info: "said".to_owned(),
        };
        Some((Ok(answer), good.then_some(messages)))
    });
    Box::pin(answers)
}

/// A channel of two organisations and two orderers; the gateway is the first organisation's.
struct World {
    channels: Channels,
    user: SigningIdentity,
    local: Arc<Mutex<Endorsing>>,
    remote: Arc<Mutex<Endorsing>>,
    orderers: [Arc<Mutex<Ordering>>; 2],
    remote_address: String,
    stop: CancellationToken,
    _servers: JoinSet<()>,
    _folder: TempDir,
}

/// An address where nobody listens any more.
async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Not secret and never the same twice.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }
}

/// An organisation whose nodes speak plain text, and its user.
fn organisation(
    folder: &Path,
    number: u64,
    msp_id: &str,
) -> (Organization, proto::msp::MspConfig, SigningIdentity) {
    let mut random = random(number);
    let validity = Validity::years(NOW_S, 2);
    let root = folder.join(msp_id);
    let authority = Organization::new("org.test", validity, &mut random).unwrap();
    authority.write(&root).unwrap();
    let user = authority.write_member(&root, "User", Role::Client, &[], validity, &mut random);
    let user = SigningIdentity::from_folder(&user.unwrap().msp, msp_id).unwrap();
    std::fs::remove_dir_all(root.join("msp/tlscacerts")).unwrap();
    let msp = msp::folder::load_msp_config(&root.join("msp"), msp_id).unwrap();
    (authority, msp, user)
}

fn genesis(folder: &Path, orderers: Vec<String>) -> (Block, SigningIdentity) {
    let (authority, orderer, _) = organisation(folder, 9, "OrdererMSP");
    let tls = Bytes::from(authority.tls().certificate().to_pem());
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7_050,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let orderer = OrganizationDescription::orderer("OrdererMSP", orderer, orderers).unwrap();
    let (_, first, user) = organisation(folder, 1, "Org1MSP");
    let (_, second, _) = organisation(folder, 2, "Org2MSP");
    let orgs = [("Org1MSP", first), ("Org2MSP", second)].map(|(msp_id, msp)| {
        OrganizationDescription::application(msp_id, msp, Vec::new()).unwrap()
    });
    let channel = ChannelId::parse(CHANNEL).unwrap();
    let description = ChannelDescription::new(channel, vec![consenter], vec![orderer], orgs.into());
    let seed = GenesisSeed {
        timestamp: at(NOW_S),
        nonce: [3; 24],
    };
    (description.genesis_block(&seed).unwrap(), user)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

impl World {
    async fn new() -> Self {
        Self::with_waiters(10).await
    }

    async fn with_waiters(waiters_max: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut servers = JoinSet::new();
        let good = || Arc::new(Mutex::new(Endorsing::good(b"results", b"peer")));
        let (local, remote) = (good(), good());
        let orderers = [(); 2].map(|()| Arc::new(Mutex::new(Ordering::Answer(200, None))));
        let mut addresses = Vec::new();
        for script in &orderers {
            let service = AtomicBroadcastServer::new(ScriptedOrderer(Arc::clone(script)));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap().to_string());
            let server = Server::builder().add_service(service);
            let serving = server.serve_with_incoming(TcpIncoming::from(listener));
            servers.spawn(async move { serving.await.unwrap() });
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote_address = listener.local_addr().unwrap().to_string();
        let service = EndorserServer::new(ScriptedEndorser(Arc::clone(&remote)));
        let server = Server::builder().add_service(service);
        let serving = server.serve_with_incoming(TcpIncoming::from(listener));
        servers.spawn(async move { serving.await.unwrap() });
        let (block, user) = genesis(folder.path(), addresses);
        Self {
            channels: joined_channel(folder.path(), block, waiters_max).await,
            user,
            local,
            remote,
            orderers,
            remote_address,
            stop: CancellationToken::new(),
            _servers: servers,
            _folder: folder,
        }
    }

    /// A gateway that knows the second organisation's peer.
    fn gateway(&self) -> Gateway {
        self.gateway_with(Config::default(), Some(self.remote_address.clone()))
    }

    fn gateway_with(&self, config: Config, remote: Option<String>) -> Gateway {
        let local = Arc::clone(&self.local);
        let config = Config {
            endorsement_timeout: Duration::from_millis(500),
            broadcast_timeout: Duration::from_millis(500),
            ..config
        };
        let known = |address| KnownPeer {
            address,
            msp_id: "Org2MSP".to_owned(),
        };
        let act: Arc<Process> = Arc::new(move |_| {
            let script = local.lock().unwrap().clone();
            Box::pin(script.act())
        });
        let parts = Parts {
            channels: self.channels.clone(),
            own: KnownPeer {
                address: "own:1".to_owned(),
                msp_id: "Org1MSP".to_owned(),
            },
            local: LocalEndorser {
                endorse: act.clone(),
                query: act,
            },
            can_run: Arc::new(|_, chaincode| chaincode != "nothing"),
            known_peers: remote.map(known).into_iter().collect(),
            client_pem: None,
            random: Arc::new(|| 0),
            tasks: TaskTracker::new(),
            stop: self.stop.clone(),
        };
        Gateway::new(config, parts)
    }

    fn channel(&self) -> Channel {
        self.channels.get(CHANNEL).unwrap()
    }

    fn propose(&self, channel: &str, chaincode: &str) -> SignedProposal {
        self.propose_with(channel, chaincode, &[])
    }

    fn propose_with(
        &self,
        channel: &str,
        chaincode: &str,
        transient: &[(&str, &'static [u8])],
    ) -> SignedProposal {
        let sender = Sender {
            creator: self.user.identity().clone(),
            nonce: [7; 24],
            timestamp: at(NOW_S),
        };
        let (_, proposal_bytes) = sender.propose(Invocation {
            channel_id: channel.to_owned(),
            chaincode: chaincode.to_owned(),
            args: vec![Bytes::from_static(b"call")],
            transient: transient
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Bytes::from_static(value)))
                .collect(),
            ..Invocation::default()
        });
        SignedProposal {
            signature: self.user.sign(&proposal_bytes).unwrap(),
            proposal_bytes,
        }
    }
}

async fn joined_channel(folder: &Path, block: Block, waiters_max: usize) -> Channels {
    let bundle = Bundle::from_block(&block, &Arc::new(SignatureMemo::new(100))).unwrap();
    let (place, id) = (folder.join("ledger"), bundle.channel_id().clone());
    let ledger = PeerLedger::create(&place, &id, &block, ledger::Config::default());
    let ledger = ledger.await.unwrap();
    let input = CommitInput {
        is_config: true,
        ..CommitInput::new(block, Bytes::new())
    };
    ledger.commit(input).await.unwrap();
    let channels = Channels::default();
    channels.insert(Channel::new(
        ledger,
        Arc::new(bundle),
        "Org1MSP",
        waiters_max,
    ));
    channels
}

/// gRPC's code and ours.
fn shown(status: &Status) -> String {
    let code = services::code_of(status).expect("every failure has a code");
    assert!(code.parse::<model::ErrorCode>().is_ok(), "{code}");
    format!("{:?} {code}", status.code())
}
