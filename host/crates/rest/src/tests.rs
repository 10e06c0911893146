//! What several tests stand on: a peer with one channel, whose blocks are made without an orderer.

mod ledger;
mod people;
mod reads;

use std::sync::{Arc, Mutex};

use ::ledger::{NodeIdentity, NodeStore};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use endorser::Endorser;
use gateway::{Gateway, KnownPeer, LocalEndorser};
use http_body_util::BodyExt as _;
use joined::{Channel, Channels};
use model::MspId;
use model::hash::sha256;
use msp::{Msp, MspManager, MspVersion, SignatureMemo, SigningIdentity};
use prost_types::Timestamp;
use runtime::{Engine, Executor};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::{Config, Credential, CredentialKind, Metrics, Parts, WalletIdentity};
pub(crate) use ledger::Tx;
use people::{Org, random};

/// The time in all of it.
pub(crate) const NOW_S: i64 = 1_800_000_000;
pub(crate) const CHANNEL: &str = "mychannel";
/// Opens everything that a client of the channel may do.
pub(crate) const TOKEN: &str = "token-of-a-user";
/// Known to the node, and without an identity.
pub(crate) const TOKEN_WITHOUT_IDENTITY: &str = "token-of-nobody";

/// A peer.
pub(crate) struct Peer {
    pub(crate) channel: Channel,
    pub(crate) credentials: Arc<Mutex<Vec<Credential>>>,
    pub(crate) metrics: Arc<Metrics>,
    channels: Channels,
    endorser: Endorser,
    store: NodeStore,
    user: WalletIdentity,
    blocks: tokio::sync::Mutex<ledger::Chain>,
    /// Goes last, when all that is in it has been closed.
    _folder: TempDir,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], crate::problem::MEDIA_TYPE);
        format!(
            "{} {}",
            self.status.as_u16(),
            self.json()["code"].as_str().unwrap()
        )
    }
}

impl Peer {
    /// With a channel of one organisation, of which there are two blocks: the genesis, and one that defines `basic`.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let org = Org::make(folder.path(), 1, "Org1MSP");
        let genesis = ledger::genesis(&org, &Org::make(folder.path(), 9, "OrdererMSP"));
        let channel = ledger::join(&folder.path().join("ledger"), &genesis).await;
        let channels = Channels::default();
        assert!(channels.insert(channel.clone()));
        let identity = NodeIdentity {
            msp_id: MspId::parse(&org.msp_id).unwrap(),
            certificate_hash: [7; 32],
        };
        let config = ::ledger::Config::default();
        let place = folder.path().join("node");
        let store = NodeStore::open(&place, &identity, &config).await.unwrap();
        let user = WalletIdentity {
            name: "user1".to_owned(),
            signer: Arc::new(SigningIdentity::from_folder(&org.user, &org.msp_id).unwrap()),
        };
        let credential = |name: &str, token: &str, identities: &[&str]| Credential {
            name: name.to_owned(),
            kind: CredentialKind::Token(sha256(token.as_bytes())),
            identities: identities.iter().map(|&name| name.to_owned()).collect(),
            expires_at: None,
        };
        let credentials = vec![
            credential("developer", TOKEN, &["user1"]),
            credential("nobody", TOKEN_WITHOUT_IDENTITY, &[]),
        ];
        let peer = Self {
            blocks: tokio::sync::Mutex::new(ledger::Chain::new(channel.clone())),
            endorser: endorser(&org, &channels, &store),
            credentials: Arc::new(Mutex::new(credentials)),
            channel,
            channels,
            metrics: Arc::default(),
            store,
            user,
            _folder: folder,
        };
        let mut blocks = peer.blocks.lock().await;
        blocks.commit_genesis(genesis).await;
        blocks.define("basic").await;
        drop(blocks);
        peer
    }

    /// Commits a block of these transactions; its number.
    pub(crate) async fn commit(&self, txs: &[Tx<'_>]) -> u64 {
        self.blocks.lock().await.commit(txs).await
    }

    /// Its routes, as a node of that configuration has them until `stop`.
    pub(crate) fn router_of(&self, config: Config, stop: &CancellationToken) -> Router {
        let own = KnownPeer {
            address: "localhost:7051".to_owned(),
            msp_id: "Org1MSP".to_owned(),
        };
        let (endorsing, querying) = (self.endorser.clone(), self.endorser.clone());
        let gateway = gateway::Parts {
            channels: self.channels.clone(),
            own: own.clone(),
            local: LocalEndorser {
                endorse: Arc::new(move |proposal| {
                    let endorser = endorsing.clone();
                    Box::pin(async move { endorser.process(proposal).await })
                }),
                query: Arc::new(move |proposal| {
                    let endorser = querying.clone();
                    Box::pin(async move { endorser.query(proposal).await })
                }),
            },
            can_run: Arc::new(|_, _| true),
            known_peers: Vec::new(),
            client_pem: None,
            random: Arc::new(|| 0),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
        };
        let credentials = Arc::clone(&self.credentials);
        let parts = Parts {
            channels: self.channels.clone(),
            endorser: self.endorser.clone(),
            gateway: Gateway::new(gateway::Config::default(), gateway),
            store: self.store.clone(),
            msp_id: own.msp_id,
            address: own.address,
            version: "0.0.0".to_owned(),
            wallet: vec![self.user.clone()],
            credentials: Arc::new(move || credentials.lock().unwrap().clone().into()),
            metrics: Arc::clone(&self.metrics),
            metrics_page: Arc::new(|| "# no metrics\n".to_owned()),
            clock: Arc::new(now),
            fill_random: Arc::new(|bytes| random(3)(bytes)),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
        };
        crate::router(config, parts)
    }

    /// Its routes.
    pub(crate) fn router(&self) -> Router {
        self.router_of(Config::default(), &CancellationToken::new())
    }

    /// Asks with the user's token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.router(), get(path)).await
    }
}

/// A request with the user's token.
pub(crate) fn get(path: &str) -> Request<Body> {
    let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
    request.body(Body::empty()).unwrap()
}

/// The whole answer to a request.
pub(crate) async fn ask(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

fn now() -> Timestamp {
    Timestamp {
        seconds: NOW_S,
        nanos: 0,
    }
}

fn endorser(org: &Org, channels: &Channels, store: &NodeStore) -> Endorser {
    let memo = Arc::new(SignatureMemo::new(100));
    let local = Msp::new(&org.msp, MspVersion::V3_0).unwrap();
    let settings = runtime::Config {
        threads: 1,
        ..runtime::Config::default()
    };
    let engine = Engine::new(settings, &mut random(1)).unwrap();
    let parts = endorser::Parts {
        signer: Arc::new(SigningIdentity::from_folder(&org.peer, &org.msp_id).unwrap()),
        local_msps: Arc::new(MspManager::new(vec![local], memo).unwrap()),
        channels: channels.clone(),
        node: store.clone(),
        executor: Arc::new(Executor::start(&engine).unwrap()),
        engine,
        clock: Arc::new(now),
        join: Arc::new(|_| Box::pin(async { Ok(()) })),
    };
    Endorser::new(endorser::Config::default(), parts)
}
