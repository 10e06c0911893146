//! The listener: TLS, HTTP/1.1 and HTTP/2 on one port, with limits on what a connection may take.

mod headers;
mod loopback;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn;
use axum::{Extension, Router};
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
use tokio_rustls::server::TlsStream;
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
/// Bytes of headers of one HTTP/2 request that are read at all; fewer are accepted.
const HTTP2_HEADERS_BYTES_MAX: u32 = 128 * 1024;
/// Bytes that are read ahead on an HTTP/1.1 connection, headers included; fewer of those are accepted.
const HTTP1_BUFFER_BYTES_MAX: usize = 128 * 1024;
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// Silent HTTP/2 connections are asked whether they live; after another such time they are closed.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// How clients may speak to a listener.
#[derive(Clone)]
pub(crate) enum Transport {
    /// In plain text; the listener is on loopback.
    Plain,
    /// By TLS.
    Tls(Arc<ServerConfig>),
    /// By TLS; from this machine also in plain text.
    TlsOrLoopback(Arc<ServerConfig>),
}

/// A bound listener with what it serves.
pub(crate) struct Server {
    listener: TcpListener,
    transport: Transport,
    router: Router,
    connections: Arc<Semaphore>,
    drain_timeout: Duration,
}

impl Server {
    /// A server on a listener that is bound already; at most `connections_max` at once.
    pub(crate) fn new(
        listener: TcpListener,
        transport: Transport,
        router: Router,
        connections_max: usize,
        drain_timeout: Duration,
    ) -> Self {
        // One service behind one route, so that what a connection adds is not added to every route.
        let router = Router::new()
            .fallback_service(router)
            .layer(from_fn(headers::check_size));
        Self {
            listener,
            transport,
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
        let (transport, router) = (self.transport.clone(), self.router.clone());
        async move {
            let _permit = permit;
            let _ = stream.set_nodelay(true);
            let opened = tokio::select! {
                () = stop.cancelled() => return,
                opened = tokio::time::timeout(HANDSHAKE_TIMEOUT, open(stream, from, transport)) => opened,
            };
            match opened {
                Ok(Ok(Opened::Plain(stream))) => {
                    let router = router.layer(from_fn(loopback::check_host));
                    serve(stream, router, stop).await;
                }
                Ok(Ok(Opened::Tls(stream))) => {
                    let router = with_certificate(router, &stream);
                    serve(stream, router, stop).await;
                }
                Ok(Err(error)) => debug!(%from, %error, "no connection was made"),
                Err(_) => debug!(%from, "the client took too long to make a connection"),
            }
        }
    }
}

/// A connection on which requests may come.
enum Opened {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Finds out how the client speaks, and shakes hands.
async fn open(stream: TcpStream, from: SocketAddr, transport: Transport) -> io::Result<Opened> {
    let tls = match transport {
        Transport::Plain => return Ok(Opened::Plain(stream)),
        Transport::TlsOrLoopback(_)
            if loopback::is_loopback(from) && !loopback::begins_tls(&stream).await? =>
        {
            return Ok(Opened::Plain(stream));
        }
        Transport::Tls(tls) | Transport::TlsOrLoopback(tls) => tls,
    };
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    Ok(Opened::Tls(Box::new(stream)))
}

/// Requests say which certificate their client showed: Deliver requests name it, and REST knows callers by it.
fn with_certificate(router: Router, stream: &TlsStream<TcpStream>) -> Router {
    let shown = stream.get_ref().1.peer_certificates();
    match shown.and_then(<[_]>::first) {
        Some(der) => router.layer(Extension(ClientTls::Mutual(Some(sha256(der))))),
        None => router,
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
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HTTP1_BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HTTP2_HEADERS_BYTES_MAX)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prost_types::Timestamp;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::{Opened, Transport, open};
    use crate::client::Sources;
    use crate::config::{self, OrdererConfig};
    use crate::dev::{Network, Ports, Wish};
    use crate::tls;

    const SOURCES: Sources = Sources {
        now: || Timestamp {
            seconds: 1_767_225_600,
            nanos: 0,
        },
        fill_random: |bytes| {
            rand::RngCore::fill_bytes(&mut rand::rngs::ThreadRng::default(), bytes);
        },
    };

    fn transport() -> Transport {
        let folder = tempfile::tempdir().unwrap();
        let wish = Wish {
            folder: folder.path().to_owned(),
            channel: None,
            ports: Some(Ports::Free),
            new_token: false,
        };
        let network = Network::ensure(&wish, SOURCES).unwrap();
        let mut config: OrdererConfig = config::load(&network.node_config("orderer")).unwrap();
        config.listen.plain_http_on_loopback = true;
        tls::transport(&config.listen).unwrap()
    }

    /// What becomes of a connection that says it comes from there and begins so.
    async fn opened(transport: &Transport, from: &str, sent: &[u8]) -> &'static str {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        client.write_all(sent).await.unwrap();
        client.shutdown().await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        match open(stream, from.parse().unwrap(), transport.clone()).await {
            Ok(Opened::Plain(_)) => "plain",
            Ok(Opened::Tls(_)) => "TLS",
            Err(_) => "refused",
        }
    }

    #[tokio::test]
    async fn plain_http_beside_tls_is_for_this_machine_alone() {
        let both = transport();
        let Transport::TlsOrLoopback(tls) = &both else {
            panic!("another transport")
        };
        let tls = Transport::Tls(Arc::clone(tls));
        let http = b"GET /healthz HTTP/1.1\r\n\r\n";
        assert_eq!(opened(&both, "127.0.0.1:40000", http).await, "plain");
        assert_eq!(opened(&both, "[::1]:40000", http).await, "plain");
        assert_eq!(opened(&both, "192.0.2.1:40000", http).await, "refused");
        assert_eq!(opened(&tls, "127.0.0.1:40000", http).await, "refused");
        assert_eq!(
            opened(&both, "127.0.0.1:40000", b"\x16\x03\x01").await,
            "refused",
            "half a handshake"
        );
    }
}
