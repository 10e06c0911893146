//! The parts of a peer that requests reach, wired together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use committer::DeliverService;
use delivery::Deliver;
use endorser::Endorser;
use gateway::{Gateway, KnownPeer, LocalEndorser};
use inspect::Inspect;
use joined::Channels;
use ledger::NodeStore;
use msp::{Msp, MspManager, MspVersion, SignatureMemo, SigningIdentity};
use rest::WalletIdentity;
use runtime::{Engine, Executor};
use services::MESSAGE_SIZE_BYTES_MAX;
use services::gateway::gateway_server::GatewayServer;
use services::protos::deliver_server::DeliverServer;
use services::protos::endorser_server::EndorserServer;
use services::weft::inspect_server::InspectServer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;

use super::NodeError;
use super::credentials::Credentials;
use super::join::Joiner;
use super::metrics::Page;
use super::peer::{ClientPem, Own};
use crate::clock;
use crate::config::PeerConfig;

/// Folder of compiled contracts in the data folder.
const COMPILED_FOLDER: &str = "compiled";

/// The parts that requests reach.
pub(super) struct Services {
    pub(super) channels: Channels,
    pub(super) joiner: Joiner,
    pub(super) endorser: Endorser,
    pub(super) gateway: Gateway,
    pub(super) deliver: Deliver,
    pub(super) credentials: Arc<Credentials>,
    pub(super) memo: Arc<SignatureMemo>,
    pub(super) signer: Arc<SigningIdentity>,
    pub(super) answers: Arc<rest::Metrics>,
    wallet: Vec<WalletIdentity>,
    pub(super) store: NodeStore,
    address: String,
}

impl Services {
    pub(super) fn new(
        config: &PeerConfig,
        own: Own,
        channels: Channels,
        joiner: Joiner,
        address: SocketAddr,
        streams: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, NodeError> {
        let wallet = wallet(config, &own.memo)?;
        let names = wallet.iter().map(|one| one.name.clone()).collect();
        let credentials = Credentials::open(config.rest.credentials.clone(), names)?;
        let (client_pem, store) = (own.client_pem.clone(), own.store.clone());
        let (memo, signer) = (Arc::clone(&own.memo), Arc::clone(&own.signer));
        let endorser = endorser(config, own, channels.clone(), &joiner)?;
        let address = config
            .public_address
            .clone()
            .unwrap_or_else(|| address.to_string());
        let gateway = gateway(
            config,
            address.clone(),
            channels.clone(),
            &endorser,
            client_pem,
            (streams.clone(), stop.clone()),
        );
        let deliver = Deliver::new(
            delivery::Config {
                time_window_s: i64::try_from(config.limits.time_window_s).unwrap_or(i64::MAX),
                ..delivery::Config::default()
            },
            DeliverService::sources(channels.clone()),
            clock::seconds(),
            streams.clone(),
            stop.clone(),
        );
        Ok(Self {
            channels,
            joiner,
            endorser,
            gateway,
            deliver,
            credentials: Arc::new(credentials),
            memo,
            signer,
            answers: Arc::default(),
            wallet,
            store,
            address,
        })
    }

    /// The REST API; its fallback answers for all that nothing else on the listener knows.
    pub(super) fn rest_router(
        &self,
        config: &PeerConfig,
        metrics_page: Page,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Router {
        let settings = rest::Config {
            commit_wait_ms: config.rest.commit_wait_ms,
            body_bytes_max: config.rest.body_bytes_max,
            body_timeout_ms: config.rest.body_timeout_ms,
            event_streams_max: config.rest.event_streams_max,
            ..rest::Config::default()
        };
        let credentials = Arc::clone(&self.credentials);
        let parts = rest::Parts {
            channels: self.channels.clone(),
            endorser: self.endorser.clone(),
            gateway: self.gateway.clone(),
            store: self.store.clone(),
            msp_id: config.msp_id.clone(),
            address: self.address.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            wallet: self.wallet.clone(),
            credentials: Arc::new(move || credentials.current()),
            metrics_page,
            metrics: Arc::clone(&self.answers),
            clock: Arc::new(clock::now),
            fill_random: Arc::new(clock::fill_random),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        rest::router(settings, parts)
    }

    /// The gRPC services under Fabric's names, and our own; without an answer to what they do not know.
    pub(super) fn grpc_router(&self, config: &PeerConfig) -> Router {
        let deliver = DeliverService::new(self.deliver.clone());
        let endorser = EndorserServer::new(self.endorser.clone())
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let gateway = GatewayServer::new(self.gateway.clone())
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let deliver = DeliverServer::new(deliver).max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let settings = inspect::Config {
            time_window_s: config.limits.time_window_s,
            ..inspect::Config::default()
        };
        let inspect = Inspect::new(settings, self.channels.clone(), Arc::new(clock::now));
        let inspect = InspectServer::new(inspect);
        Routes::new(endorser)
            .add_service(gateway)
            .add_service(deliver)
            .add_service(inspect)
            .into_axum_router()
            .reset_fallback()
            .layer(map_response(super::with_code))
    }
}

/// The identities that the peer signs with for callers.
fn wallet(
    config: &PeerConfig,
    memo: &Arc<SignatureMemo>,
) -> Result<Vec<WalletIdentity>, NodeError> {
    let opened = config.rest.wallet.iter().map(|entry| {
        let msp_id = entry.msp_id.as_ref().unwrap_or(&config.msp_id);
        let signer = SigningIdentity::from_folder(&entry.msp_folder, msp_id);
        let signer = signer.map_err(|source| NodeError::Wallet {
            name: entry.name.clone(),
            source,
        })?;
        Ok(WalletIdentity {
            name: entry.name.clone(),
            signer: Arc::new(signer.remembered_in(Arc::clone(memo))),
        })
    });
    opened.collect()
}

fn endorser(
    config: &PeerConfig,
    own: Own,
    channels: Channels,
    joiner: &Joiner,
) -> Result<Endorser, NodeError> {
    let local = msp::folder::load_msp_config(&config.msp_folder, &config.msp_id)?;
    let local_msps = MspManager::new(vec![Msp::new(&local, MspVersion::V3_0)?], own.memo)?;
    let settings = runtime::Config {
        threads: config.limits.simulation_threads,
        waiting_max: config.limits.simulation_queue,
        cache_folder: Some(config.folder.join(COMPILED_FOLDER)),
        ..runtime::Config::default()
    };
    let engine = Engine::new(settings, &mut |bytes| clock::fill_random(bytes))?;
    let executor = Arc::new(Executor::start(&engine)?);
    let joiner = joiner.clone();
    let parts = endorser::Parts {
        signer: own.signer,
        local_msps: Arc::new(local_msps),
        channels,
        node: own.store,
        engine,
        executor,
        clock: Arc::new(clock::now),
        join: Arc::new(move |genesis| {
            let joiner = joiner.clone();
            Box::pin(async move {
                let joined = joiner.join(genesis).await;
                joined.map_err(|error| model::Refused::new(error.code(), chain(&error)))
            })
        }),
    };
    let settings = endorser::Config {
        time_window_s: config.limits.time_window_s,
        execution_timeout_ms: config.limits.simulation_timeout_ms,
        ..endorser::Config::default()
    };
    Ok(Endorser::new(settings, parts))
}

fn local_endorser(endorser: &Endorser) -> LocalEndorser {
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

/// An error with its causes, for the administrator who asked.
fn chain(error: &NodeError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

fn gateway(
    config: &PeerConfig,
    address: String,
    channels: Channels,
    endorser: &Endorser,
    client_pem: Option<ClientPem>,
    (tasks, stop): (TaskTracker, CancellationToken),
) -> Gateway {
    let can_run = endorser.clone();
    let known = |peer: &crate::config::KnownPeer| KnownPeer {
        address: peer.address.clone(),
        msp_id: peer.msp_id.clone(),
    };
    let settings = gateway::Config {
        endorsement_timeout: Duration::from_millis(config.limits.endorsement_timeout_ms),
        broadcast_timeout: Duration::from_millis(config.limits.broadcast_timeout_ms),
        ..gateway::Config::default()
    };
    let parts = gateway::Parts {
        channels,
        own: KnownPeer {
            address,
            msp_id: config.msp_id.clone(),
        },
        local: local_endorser(endorser),
        can_run: Arc::new(move |channel, chaincode| can_run.can_run(channel, chaincode)),
        known_peers: config.peers.iter().map(known).collect(),
        client_pem,
        random: Arc::new(|| {
            let mut bytes = [0; 2];
            clock::fill_random(&mut bytes);
            u16::from_be_bytes(bytes)
        }),
        tasks,
        stop,
    };
    Gateway::new(settings, parts)
}
