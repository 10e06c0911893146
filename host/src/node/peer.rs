//! A peer, wired: ledgers and their followers, the sandbox, endorser, gateway and deliver services on one listener.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use committer::{Asker, DeliverService};
use delivery::Deliver;
use endorser::Endorser;
use gateway::{Gateway, KnownPeer};
use joined::Channels;
use ledger::{NodeIdentity, NodeStore};
use model::MspId;
use model::hash::sha256;
use msp::{Msp, MspManager, MspVersion, SignatureMemo, Signer as _, SigningIdentity};
use runtime::{Engine, Executor};
use services::MESSAGE_SIZE_BYTES_MAX;
use services::gateway::gateway_server::GatewayServer;
use services::protos::deliver_server::DeliverServer;
use services::protos::endorser_server::EndorserServer;
use services::weft::inspect_server::InspectServer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tracing::info;

use super::health::Failed;
use super::inspect::Inspect;
use super::join::{self, Joiner};
use super::metrics::{Seconds, Text};
use super::{Node, NodeError, clock, operations};
use crate::config::PeerConfig;
use crate::server::Server;
use crate::tls;

/// Good signatures remembered by one peer.
const MEMO_ENTRIES: usize = 100_000;
/// Channels that may be joined at the same moment while the peer runs.
const JOINS_WAITING_MAX: usize = 16;
/// Folder of compiled contracts in the data folder.
const COMPILED_FOLDER: &str = "compiled";

/// The parts that requests reach.
struct Services {
    channels: Channels,
    joiner: Joiner,
    endorser: Endorser,
    gateway: Gateway,
    deliver: Deliver,
}

/// Starts a peer: its folder is locked, its channels are open, its listener is bound.
///
/// # Errors
/// [`NodeError`], naming what of the configuration cannot be used.
pub(crate) async fn start_peer(config: PeerConfig) -> Result<Node, NodeError> {
    let signer = Arc::new(SigningIdentity::from_folder(
        &config.msp_folder,
        &config.msp_id,
    )?);
    let identity = NodeIdentity {
        msp_id: MspId::parse(signer.msp_id())?,
        certificate_hash: sha256(signer.certificate().der()),
    };
    let store = NodeStore::open(&config.folder, &identity, &ledger::Config::default()).await?;
    let (streams, stop) = (TaskTracker::new(), CancellationToken::new());
    let (listener, address) = operations::bind(config.listen.address).await?;
    let public_address = config
        .public_address
        .clone()
        .unwrap_or_else(|| address.to_string());
    let (joins, later) = mpsc::channel(JOINS_WAITING_MAX);

    let memo = Arc::new(SignatureMemo::new(MEMO_ENTRIES));
    let channels = Channels::default();
    let client_pem = client_pem(&config)?;
    let joiner = Joiner::new(join::Parts {
        store: store.clone(),
        channels: channels.clone(),
        memo: Arc::clone(&memo),
        asker: Asker {
            signer: signer.clone(),
            clock: Arc::new(clock::now),
            nonce: Arc::new(clock::nonce),
            client_pem: client_pem.clone(),
            tls_cert_hash: config
                .listen
                .tls
                .as_ref()
                .map(tls::certificate_hash)
                .transpose()?,
        },
        msp_id: config.msp_id.clone(),
        waiters_max: config.limits.commit_waiters,
        tasks: joins,
        stop: stop.clone(),
    });
    let mut tasks = joiner.start(&config.genesis_blocks).await?;
    let endorser = endorser(&config, signer, store, channels.clone(), &memo, &joiner)?;
    let gateway = gateway(
        &config,
        public_address,
        channels.clone(),
        &endorser,
        client_pem,
        stop.clone(),
    );
    let deliver = Deliver::new(
        delivery::Config {
            time_window_s: window(&config),
            ..delivery::Config::default()
        },
        DeliverService::sources(channels.clone()),
        clock::seconds(),
        streams.clone(),
        stop.clone(),
    );
    let services = Services {
        channels,
        joiner,
        endorser,
        gateway,
        deliver,
    };

    let drain_timeout = Duration::from_millis(config.limits.drain_timeout_ms);
    let tls = config
        .listen
        .tls
        .as_ref()
        .map(tls::server_config)
        .transpose()?;
    let operations_routes = operations_routes(&services);
    let router = router(&services).merge(operations_routes.clone());
    let server = Server::new(
        listener,
        tls,
        router,
        config.limits.connections,
        drain_timeout,
    );
    tasks.push(super::serve(server, stop.clone()));
    if let Some(server) =
        operations::server(config.operations_address, operations_routes, drain_timeout).await?
    {
        tasks.push(super::serve(server, stop.clone()));
    }
    info!(%address, channels = services.channels.ids().len(), "peer listening");
    Ok(Node {
        kind: "peer",
        address,
        tasks,
        later,
        streams,
        stop,
        drain_timeout,
    })
}

fn window(config: &PeerConfig) -> i64 {
    i64::try_from(config.limits.time_window_s).unwrap_or(i64::MAX)
}

/// A peer shows other nodes the certificate it serves with.
fn client_pem(config: &PeerConfig) -> Result<Option<(Vec<u8>, Vec<u8>)>, NodeError> {
    let Some(tls) = &config.listen.tls else {
        return Ok(None);
    };
    let read = |what, path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|source| NodeError::File {
            what,
            path: path.clone(),
            source,
        })
    };
    Ok(Some((
        read("the TLS certificate", &tls.certificate)?,
        read("the TLS key", &tls.key)?,
    )))
}

fn endorser(
    config: &PeerConfig,
    signer: Arc<SigningIdentity>,
    store: NodeStore,
    channels: Channels,
    memo: &Arc<SignatureMemo>,
    joiner: &Joiner,
) -> Result<Endorser, NodeError> {
    let own = msp::folder::load_msp_config(&config.msp_folder, &config.msp_id)?;
    let local_msps = MspManager::new(vec![Msp::new(&own, MspVersion::V3_0)?], Arc::clone(memo))?;
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
        signer,
        local_msps: Arc::new(local_msps),
        channels,
        node: store,
        engine,
        executor,
        clock: Arc::new(clock::now),
        join: Arc::new(move |genesis| {
            let joiner = joiner.clone();
            Box::pin(async move { joiner.join(genesis).await.map_err(|error| chain(&error)) })
        }),
    };
    let settings = endorser::Config {
        time_window_s: config.limits.time_window_s,
        execution_timeout_ms: config.limits.simulation_timeout_ms,
        ..endorser::Config::default()
    };
    Ok(Endorser::new(settings, parts))
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
    client_pem: Option<(Vec<u8>, Vec<u8>)>,
    stop: CancellationToken,
) -> Gateway {
    let (local, can_run) = (endorser.clone(), endorser.clone());
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
        local: Arc::new(move |proposal| {
            let local = local.clone();
            Box::pin(async move { local.process(proposal).await })
        }),
        can_run: Arc::new(move |channel, chaincode| can_run.can_run(channel, chaincode)),
        known_peers: config.peers.iter().map(known).collect(),
        client_pem,
        random: Arc::new(|| {
            let mut bytes = [0; 2];
            clock::fill_random(&mut bytes);
            u16::from_be_bytes(bytes)
        }),
        stop,
    };
    Gateway::new(settings, parts)
}

fn router(services: &Services) -> Router {
    let deliver = DeliverService::new(services.deliver.clone());
    let endorser = EndorserServer::new(services.endorser.clone())
        .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let gateway = GatewayServer::new(services.gateway.clone())
        .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let deliver = DeliverServer::new(deliver).max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let inspect = InspectServer::new(Inspect::new(services.channels.clone()));
    Routes::new(endorser)
        .add_service(gateway)
        .add_service(deliver)
        .add_service(inspect)
        .into_axum_router()
}

fn operations_routes(services: &Services) -> Router {
    let channels = services.channels.clone();
    let checks = Arc::new(move || {
        let broken = |id: String| {
            let channel = channels.get(&id)?;
            let reason = match channel.ledger().check_health() {
                Err(error) => error.to_string(),
                Ok(()) if channel.failed().is_cancelled() => "it has stopped".to_owned(),
                Ok(()) => return None,
            };
            Some(Failed {
                component: format!("channel {id}"),
                reason,
            })
        };
        channels.ids().into_iter().filter_map(broken).collect()
    });
    let (channels, joiner) = (services.channels.clone(), services.joiner.clone());
    let (endorser, gateway, deliver) = (
        services.endorser.clone(),
        services.gateway.clone(),
        services.deliver.clone(),
    );
    let write = Arc::new(move |text: &mut Text| {
        write_channels(text, &channels, &joiner);
        write_endorser(text, &endorser);
        text.gauge("gateway_calls", &[], gateway.calls());
        for (name, value) in deliver.metrics().counters() {
            text.counter(name, &[], value);
        }
    });
    operations::routes(checks, write)
}

fn write_channels(text: &mut Text, channels: &Channels, joiner: &Joiner) {
    for id in channels.ids() {
        let Some(channel) = channels.get(&id) else {
            continue;
        };
        let label = [("channel", id.as_str())];
        text.gauge("ledger_height", &label, channel.ledger().height());
        text.gauge("ledger_wal_pages", &label, channel.ledger().wal_pages());
        text.gauge("gateway_commit_waiters", &label, channel.waiters().count());
    }
    for (id, metrics) in joiner.metrics() {
        let (label, counted) = ([("channel", id.as_str())], metrics.read());
        text.counter("committer_blocks_total", &label, counted.blocks);
        text.counter(
            "committer_verify_seconds",
            &label,
            Seconds(counted.verify_us),
        );
        text.counter(
            "committer_decide_seconds",
            &label,
            Seconds(counted.decide_us),
        );
        text.counter("committer_write_seconds", &label, Seconds(counted.write_us));
        for (code, count) in counted.txs {
            text.counter(
                "committer_tx_total",
                &[("channel", &id), ("code", code)],
                count,
            );
        }
    }
}

fn write_endorser(text: &mut Text, endorser: &Endorser) {
    let counted = endorser.metrics().read();
    let outcomes = [
        ("endorsed", counted.endorsed),
        ("answered", counted.answered),
        ("chaincode_error", counted.chaincode_errors),
        ("refused", counted.refused),
        ("failed", counted.failed),
        ("busy", counted.busy),
        ("broken", counted.broken),
    ];
    for (outcome, count) in outcomes {
        text.counter("endorser_proposals_total", &[("outcome", outcome)], count);
    }
    text.counter("endorser_simulations_total", &[], counted.simulated);
    text.counter(
        "endorser_simulate_seconds",
        &[],
        Seconds(counted.simulate_us),
    );
    text.counter(
        "endorser_proposal_seconds",
        &[],
        Seconds(counted.proposals_us),
    );
}
