//! A peer, started: its folder, its channels, its listener.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use committer::Asker;
use delivery::ClientTls;
use joined::Channels;
use ledger::NodeStore;
use msp::{SignatureMemo, SigningIdentity};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use super::join::{self, Joiner};
use super::metrics::Page;
use super::peer_services::Services;
use super::{Node, NodeError, Task, operations, own, peer_operations};
use crate::clock;
use crate::config::{ClientCertificates, PeerConfig};
use crate::server::Server;
use crate::tls;

/// Good signatures remembered by one peer.
const MEMO_ENTRIES: usize = 100_000;
/// Channels that may be joined at the same moment while the peer runs.
const JOINS_WAITING_MAX: usize = 16;

/// Starts a peer: its folder is locked, its channels are open, its listener is bound.
///
/// # Errors
/// [`NodeError`], naming what of the configuration cannot be used.
pub(crate) async fn start_peer(config: PeerConfig) -> Result<Node, NodeError> {
    let own = Own::open(&config).await?;
    let (streams, stop) = (TaskTracker::new(), CancellationToken::new());
    let (listener, address) = operations::bind(config.listen.address).await?;
    let (joins, later) = mpsc::channel(JOINS_WAITING_MAX);
    let channels = Channels::default();
    let joiner = joiner(&config, &own, &channels, joins, &stop)?;
    let mut tasks = joiner.start(&config.genesis_blocks).await?;
    let services = Services::new(&config, own, channels, joiner, address, &streams, &stop)?;

    let drain_timeout = Duration::from_millis(config.limits.drain_timeout_ms);
    let health = operations::health_route(peer_operations::checks(&services));
    let page = peer_operations::metrics_page(&services);
    let router = main_router(&config, &services, page.clone(), &streams, &stop);
    let server = Server::new(
        listener,
        tls::transport(&config.listen)?,
        router.merge(health.clone()),
        config.limits.connections,
        drain_timeout,
    );
    tasks.push(super::serve(server, stop.clone()));
    let routes = health.merge(operations::metrics_route(page));
    let server = operations::server(config.operations_address, routes, drain_timeout).await?;
    tasks.extend(server.map(|server| super::serve(server, stop.clone())));
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

/// gRPC and REST.
fn main_router(
    config: &PeerConfig,
    services: &Services,
    metrics_page: Page,
    streams: &TaskTracker,
    stop: &CancellationToken,
) -> Router {
    let mut grpc = services.grpc_router(config);
    let tls = config.listen.tls.as_ref();
    if tls.is_some_and(|tls| tls.client_certificates == ClientCertificates::Optional) {
        // As in Fabric, requests for blocks are bound to certificates only where every client has to show one.
        grpc = grpc.layer(Extension(ClientTls::NotMutual));
    }
    grpc.merge(services.rest_router(config, metrics_page, streams, stop))
}

/// What a peer is, before it serves anything.
pub(super) struct Own {
    pub(super) signer: Arc<SigningIdentity>,
    pub(super) store: NodeStore,
    pub(super) memo: Arc<SignatureMemo>,
    /// PEM certificate and key for nodes that ask for one: those it serves with.
    pub(super) client_pem: Option<ClientPem>,
}

/// A PEM certificate and its key.
pub(super) type ClientPem = (Vec<u8>, Vec<u8>);

impl Own {
    async fn open(config: &PeerConfig) -> Result<Self, NodeError> {
        let (signer, store) = own::open(&config.folder, &config.msp_folder, &config.msp_id).await?;
        let memo = Arc::new(SignatureMemo::new(MEMO_ENTRIES));
        Ok(Self {
            signer: Arc::new(signer.remembered_in(Arc::clone(&memo))),
            store,
            memo,
            client_pem: client_pem(config)?,
        })
    }
}

fn joiner(
    config: &PeerConfig,
    own: &Own,
    channels: &Channels,
    tasks: mpsc::Sender<Task>,
    stop: &CancellationToken,
) -> Result<Joiner, NodeError> {
    let tls = config.listen.tls.as_ref();
    let asker = Asker {
        signer: own.signer.clone(),
        clock: Arc::new(clock::now),
        nonce: Arc::new(clock::nonce),
        client_pem: own.client_pem.clone(),
        tls_cert_hash: tls.map(tls::certificate_hash).transpose()?,
    };
    Ok(Joiner::new(join::Parts {
        store: own.store.clone(),
        channels: channels.clone(),
        memo: Arc::clone(&own.memo),
        asker,
        msp_id: config.msp_id.clone(),
        waiters_max: config.limits.commit_waiters,
        tasks,
        stop: stop.clone(),
    }))
}

/// A peer shows other nodes the certificate it serves with.
fn client_pem(config: &PeerConfig) -> Result<Option<ClientPem>, NodeError> {
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
