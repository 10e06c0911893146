//! The listener: TLS, HTTP/1.1 and HTTP/2 on one port, with limits on what a connection may take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use delivery::ClientTls;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use model::hash::sha256;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that has not sent its HTTP/1.1 headers by then is dropped.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept, mostly for want of file handles, the listener pauses this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Calls at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 1_024;
/// Bytes of headers of one request.
const HEADERS_BYTES_MAX: u32 = 64 * 1024;
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// Silent HTTP/2 connections are asked whether they live; after another such time they are closed.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// A bound listener with what it serves.
pub(crate) struct Server {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    connections: Arc<Semaphore>,
    drain_timeout: Duration,
}

impl Server {
    /// A server on a listener that is bound already; at most `connections_max` at once.
    pub(crate) fn new(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        router: Router,
        connections_max: usize,
        drain_timeout: Duration,
    ) -> Self {
        Self {
            listener,
            tls,
            router,
            connections: Arc::new(Semaphore::new(connections_max)),
            drain_timeout,
        }
    }

    /// Serves until `stop`, then lets running calls end, for the drain timeout at most.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let tracker = TaskTracker::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.accept_all(&tracker, &stop) => {}
        }
        tracker.close();
        if tokio::time::timeout(self.drain_timeout, tracker.wait())
            .await
            .is_err()
        {
            warn!(
                connections = tracker.len(),
                "connections cut at the end of the drain time"
            );
        }
    }

    async fn accept_all(&self, tracker: &TaskTracker, stop: &CancellationToken) {
        while let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    tracker.spawn(self.connection(stream, from, permit, stop.clone()));
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        permit: OwnedSemaphorePermit,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (tls, router) = (self.tls.clone(), self.router.clone());
        async move {
            let _permit = permit;
            let _ = stream.set_nodelay(true);
            let Some(tls) = tls else {
                return serve(stream, router, stop).await;
            };
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(tls).accept(stream))
                .await
            {
                Ok(Ok(stream)) => {
                    let shown = stream
                        .get_ref()
                        .1
                        .peer_certificates()
                        .and_then(<[_]>::first);
                    // Deliver requests name the certificate they come with; its hash is compared.
                    let router = match shown {
                        Some(der) => {
                            router.layer(axum::Extension(ClientTls::Mutual(Some(sha256(der)))))
                        }
                        None => router,
                    };
                    serve(stream, router, stop).await;
                }
                Ok(Err(error)) => debug!(%from, %error, "TLS handshake failed"),
                Err(_) => debug!(%from, "TLS handshake took too long"),
            }
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    stop: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended");
    }
}
