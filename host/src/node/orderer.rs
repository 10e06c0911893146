//! An orderer, wired.

use std::sync::Arc;
use std::time::Duration;

use ::orderer::{ChainTask, Orderer, Parts};
use axum::middleware::map_response;
use ledger::{JoinedChannel, NodeStore, OrdererLedger};
use msp::SigningIdentity;
use services::MESSAGE_SIZE_BYTES_MAX;
use services::orderer::atomic_broadcast_server::AtomicBroadcastServer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tracing::info;

use super::health::Failed;
use super::{Node, NodeError, Task, join, metrics, operations, own};
use crate::clock;
use crate::config::OrdererConfig;
use crate::server::Server;
use crate::tls;

/// Starts an orderer: its folder is locked, its channels are open, its listener is bound.
///
/// # Errors
/// [`NodeError`], naming what of the configuration cannot be used.
pub(crate) async fn start_orderer(config: OrdererConfig) -> Result<Node, NodeError> {
    let (signer, store) = own::open(&config.folder, &config.msp_folder, &config.msp_id).await?;
    let (streams, stop) = (TaskTracker::new(), CancellationToken::new());
    let signer = Arc::new(signer);
    let orderer = Orderer::new(Parts {
        config: settings(&config)?,
        signer: signer.clone(),
        clock: clock::seconds(),
        entropy: Arc::new(clock::fill_random),
        tasks: streams.clone(),
        stopping: stop.clone(),
    });
    let mut tasks: Vec<Task> = Vec::new();
    for task in open_channels(&config, &store, &orderer).await? {
        tasks.push(Box::pin(run_chain(task)));
    }
    let limits = &config.limits;
    let drain_timeout = Duration::from_millis(limits.drain_timeout_ms);
    let (listener, address) = operations::bind(config.listen.address).await?;
    let transport = tls::transport(&config.listen)?;
    let health = health_route(&orderer);
    let service = AtomicBroadcastServer::new(orderer.service())
        .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let router = Routes::new(service)
        .into_axum_router()
        .fallback(operations::nothing_here)
        .layer(map_response(super::with_code))
        .merge(health.clone());
    let server = Server::new(
        listener,
        transport,
        router,
        limits.connections,
        drain_timeout,
    );
    tasks.push(super::serve(server, stop.clone()));
    let routes = health.merge(operations::metrics_route(metrics_page(&orderer, &signer)));
    let server = operations::server(config.operations_address, routes, drain_timeout).await?;
    tasks.extend(server.map(|server| super::serve(server, stop.clone())));
    info!(%address, channels = orderer.channels().len(), "orderer listening");
    // Channels are joined at the start only: nothing comes later.
    let (_, later) = mpsc::channel(1);
    Ok(Node {
        kind: "orderer",
        address,
        tasks,
        later,
        streams,
        stop,
        drain_timeout,
    })
}

fn settings(config: &OrdererConfig) -> Result<::orderer::Config, NodeError> {
    let limits = &config.limits;
    let certificate = match &config.listen.tls {
        Some(tls) => std::fs::read(&tls.certificate).map_err(|source| NodeError::File {
            what: "the TLS certificate",
            path: tls.certificate.clone(),
            source,
        })?,
        None => Vec::new(),
    };
    Ok(::orderer::Config {
        tls_certificate_pem: certificate.into(),
        block_gap_min_ms: limits.block_gap_min_ms,
        block_gap_max_ms: limits.block_gap_max_ms,
        stream_messages_max: limits.stream_read_ahead,
        queue_messages_max: limits.queue,
        deliver: delivery::Config {
            time_window_s: i64::try_from(limits.time_window_s).unwrap_or(i64::MAX),
            queue_blocks_max: limits.deliver_queue_blocks,
            queue_bytes_max: limits.deliver_queue_bytes,
            ..delivery::Config::default()
        },
        ..::orderer::Config::default()
    })
}

async fn open_channels(
    config: &OrdererConfig,
    store: &NodeStore,
    orderer: &Orderer,
) -> Result<Vec<ChainTask>, NodeError> {
    let mut chains = Vec::new();
    for joined in store.channels()? {
        let folder = store.channel_folder(&joined.channel);
        match OrdererLedger::open(&folder, ledger::Config::for_orderer()).await {
            Ok(ledger) => chains.push(orderer.add_channel(ledger).await?),
            Err(ledger::Error::Missing { .. }) => {} // cut short by a crash: joined again below
            Err(error) => return Err(error.into()),
        }
    }
    for path in &config.genesis_blocks {
        let (id, genesis) = join::read_genesis(path)?;
        if orderer.channels().iter().any(|known| known.channel == id) {
            continue;
        }
        orderer.check_genesis(&genesis)?;
        store.join(&JoinedChannel {
            channel: id.clone(),
            genesis_hash: genesis.header_hash(),
        })?;
        let folder = store.channel_folder(&id);
        let ledger =
            OrdererLedger::create(&folder, &id, &genesis, ledger::Config::for_orderer()).await?;
        chains.push(orderer.add_channel(ledger).await?);
    }
    Ok(chains)
}

/// A channel that stops takes no other channel along; `/healthz` tells of it, and the orderer has logged why.
async fn run_chain(task: ChainTask) -> Result<(), NodeError> {
    let _logged = task.run().await;
    Ok(())
}

fn health_route(orderer: &Orderer) -> axum::Router {
    let orderer = orderer.clone();
    let checks = Arc::new(move || {
        let broken = |channel: ::orderer::ChannelInfo| {
            channel.failed.then(|| Failed {
                component: format!("channel {}", channel.channel),
                reason: "it has stopped".to_owned(),
            })
        };
        orderer.channels().into_iter().filter_map(broken).collect()
    });
    operations::health_route(checks)
}

fn metrics_page(orderer: &Orderer, signer: &Arc<SigningIdentity>) -> metrics::Page {
    let (orderer, signer) = (orderer.clone(), Arc::clone(signer));
    metrics::page(move |text| {
        metrics::write_signatures(text, orderer.signature_memo(), &signer);
        for sample in orderer.metrics().samples() {
            let labels: Vec<(&str, &str)> = sample.label.into_iter().collect();
            match sample.value {
                ::orderer::Value::Counter(value) => text.counter(sample.name, &labels, value),
                ::orderer::Value::Gauge(value) => text.gauge(sample.name, &labels, value),
                ::orderer::Value::Histogram {
                    buckets,
                    sum_s,
                    count,
                } => {
                    text.histogram(sample.name, &buckets, sum_s, count);
                }
            }
        }
        for channel in orderer.channels() {
            text.gauge(
                "orderer_height",
                &[("channel", channel.channel.as_str())],
                channel.height,
            );
            let label = [("channel", channel.channel.as_str())];
            text.counter("ledger_syncs_total", &label, channel.syncs);
        }
    })
}
