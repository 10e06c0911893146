//! A peer on the channel, without sockets: its services are called as their servers call them.

use std::cell::OnceCell;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use endorser::Endorser;
use gateway::{Gateway, KnownPeer, LocalEndorser};
use inspect::Inspect;
use joined::{Channel, Channels};
use ledger::{CommitInput, NodeIdentity, NodeStore, PeerLedger};
use model::hash::sha256;
use model::{MspId, TxValidationCode, Version};
use msp::{Msp, MspManager, MspVersion, SignatureMemo};
use proto::protos::ProposalResponse;
use rest::{Credential, CredentialKind, WalletIdentity};
use runtime::{Engine, Executor};
use rwset::{Update, UpdateBatch};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::home::Home;
use crate::network::{MSP_IDS, NOW, fill, network};

/// Opens REST to the first organisation's administrator.
pub(crate) const TOKEN: &str = "token";

/// The services of a peer that has the genesis block, and one that defines a chaincode and gives it some state.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) endorser: Endorser,
    pub(crate) gateway: Gateway,
    /// Another gateway, whose peer's endorser says what is put into `said`.
    pub(crate) gullible: Gateway,
    pub(crate) said: Arc<Mutex<ProposalResponse>>,
    pub(crate) inspect: Inspect,
    pub(crate) channel: Channel,
    pub(crate) routes: axum::Router,
}

/// Lets the peer of this thread do something; `None` if it waits for what never comes.
pub(crate) fn ask<T, F: Future<Output = T>>(call: impl FnOnce(Peer) -> F) -> Option<T> {
    thread_local!(static HOME: OnceCell<Home<Peer>> = const { OnceCell::new() });
    HOME.with(|home| home.get_or_init(|| Home::make(start)).ask(call))
}

async fn start(folder: &TempDir) -> Peer {
    let channel = join(folder).await;
    let channels = Channels::default();
    assert!(channels.insert(channel.clone()));
    let identity = NodeIdentity {
        msp_id: MspId::parse(MSP_IDS[0]).unwrap(),
        certificate_hash: [7; 32],
    };
    let place = folder.path().join("node");
    let config = ledger::Config::default();
    let store = NodeStore::open(&place, &identity, &config);
    let store = store.await.unwrap();
    let endorser = endorser(&channels, &store);
    let gateway = gateway(&channels, asking(&endorser));
    let said = Arc::new(Mutex::new(ProposalResponse::default()));
    Peer {
        routes: routes(&channels, &endorser, &gateway, &store),
        inspect: Inspect::new(
            inspect::Config::default(),
            channels.clone(),
            Arc::new(|| NOW),
        ),
        gullible: self::gateway(&channels, repeating(&said)),
        said,
        endorser,
        gateway,
        channel,
    }
}

async fn join(folder: &TempDir) -> Channel {
    let network = network();
    let (bundle, place) = (Arc::clone(&network.bundle), folder.path().join("ledger"));
    let config = ledger::Config::default();
    let ledger = PeerLedger::create(&place, bundle.channel_id(), &network.genesis, config);
    let ledger = ledger.await.unwrap();
    let mut genesis = network.genesis.clone();
    genesis.set_transactions_filter(&[TxValidationCode::Valid]);
    let input = CommitInput {
        is_config: true,
        ..CommitInput::new(genesis, Bytes::new())
    };
    ledger.commit(input).await.unwrap();
    let info = ledger.info().unwrap();
    let mut block = model::Block::new(info.height, info.last_hash, Vec::new());
    let commit_hash = Bytes::copy_from_slice(&sha256(b""));
    block.set_commit_hash(&commit_hash);
    let input = CommitInput {
        updates: state(),
        ..CommitInput::new(block, commit_hash)
    };
    ledger.commit(input).await.unwrap();
    Channel::new(ledger, bundle, MSP_IDS[0], 10)
}

/// The chaincode's definition, and some keys of it.
fn state() -> UpdateBatch {
    let mut updates = UpdateBatch::default();
    let mut put = |namespace: &str, key: &str, value: Vec<u8>| {
        let update = Update {
            value: Some(value.into()),
            ..Update::deletion(Version { block: 1, tx: 0 })
        };
        updates.put(namespace, key, update);
    };
    let keys = lifecycle::definition_keys(crate::targets::CHAINCODE);
    for (key, value) in keys.iter().zip(crate::targets::definition()) {
        put("_lifecycle", key, value);
    }
    for number in 0..20 {
        put(
            crate::targets::CHAINCODE,
            &format!("k{number:02}"),
            b"value".to_vec(),
        );
    }
    updates
}

fn endorser(channels: &Channels, store: &NodeStore) -> Endorser {
    let network = network();
    let local = Msp::new(&network.msps[0], MspVersion::V3_0).unwrap();
    let settings = runtime::Config {
        threads: 1,
        ..runtime::Config::default()
    };
    let engine = Engine::new(settings, &mut fill(1)).unwrap();
    let parts = endorser::Parts {
        signer: network.members[0][2].clone(),
        local_msps: Arc::new(
            MspManager::new(vec![local], Arc::new(SignatureMemo::new(100))).unwrap(),
        ),
        channels: channels.clone(),
        node: store.clone(),
        executor: Arc::new(Executor::start(&engine).unwrap()),
        engine,
        clock: Arc::new(|| NOW),
        join: Arc::new(|_| Box::pin(async { Ok(()) })),
    };
    Endorser::new(endorser::Config::default(), parts)
}

fn own() -> KnownPeer {
    KnownPeer {
        address: "localhost:1".to_owned(),
        msp_id: MSP_IDS[0].to_owned(),
    }
}

/// The peer's own endorser, as its gateway asks it.
fn asking(endorser: &Endorser) -> LocalEndorser {
    let (endorsing, querying) = (endorser.clone(), endorser.clone());
    LocalEndorser {
        endorse: Arc::new(move |proposal| {
            let endorser = endorsing.clone();
            Box::pin(async move { endorser.process(proposal).await })
        }),
        query: Arc::new(move |proposal| {
            let endorser = querying.clone();
            Box::pin(async move { endorser.query(proposal).await })
        }),
    }
}

/// An endorser that says the same to everybody.
fn repeating(said: &Arc<Mutex<ProposalResponse>>) -> LocalEndorser {
    let said = Arc::clone(said);
    let say: Arc<gateway::Process> = Arc::new(move |_| {
        let answer = said.lock().unwrap().clone();
        Box::pin(async move { Ok(tonic::Response::new(answer)) })
    });
    LocalEndorser {
        endorse: Arc::clone(&say),
        query: say,
    }
}

fn gateway(channels: &Channels, local: LocalEndorser) -> Gateway {
    let parts = gateway::Parts {
        channels: channels.clone(),
        own: own(),
        local,
        can_run: Arc::new(|_, _| true),
        known_peers: Vec::new(),
        client_pem: None,
        random: Arc::new(|| 0),
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
    };
    Gateway::new(gateway::Config::default(), parts)
}

fn routes(
    channels: &Channels,
    endorser: &Endorser,
    gateway: &Gateway,
    store: &NodeStore,
) -> axum::Router {
    let credential = Credential {
        name: "somebody".to_owned(),
        kind: CredentialKind::Token(sha256(TOKEN.as_bytes())),
        identities: vec!["admin".to_owned()],
        expires_at: None,
    };
    let credentials: Arc<[Credential]> = vec![credential].into();
    let KnownPeer { address, msp_id } = own();
    let parts = rest::Parts {
        channels: channels.clone(),
        endorser: endorser.clone(),
        gateway: gateway.clone(),
        store: store.clone(),
        msp_id,
        address,
        version: "0.0.0".to_owned(),
        wallet: vec![WalletIdentity {
            name: "admin".to_owned(),
            signer: network().members[0][0].clone(),
        }],
        credentials: Arc::new(move || Arc::clone(&credentials)),
        metrics: Arc::default(),
        metrics_page: Arc::new(|| "# no metrics\n".to_owned()),
        clock: Arc::new(|| NOW),
        fill_random: Arc::new(|bytes| fill(3)(bytes)),
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
    };
    rest::router(rest::Config::default(), parts)
}
