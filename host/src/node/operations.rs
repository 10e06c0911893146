//! The HTTP routes every node has, and the plain listener beside the main one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

use super::{NodeError, health, metrics};
use crate::server::Server;

/// Connections of the operations listener: it is for an operator's probes.
const CONNECTIONS_MAX: usize = 64;

/// `/healthz` and `/metrics`.
pub(crate) fn routes(checks: health::Checks, write: metrics::Write) -> Router {
    let page = move || {
        let mut text = metrics::Text::default();
        write(&mut text);
        std::future::ready((
            [(CONTENT_TYPE, "text/plain; version=0.0.4")],
            text.into_page(),
        ))
    };
    let health = move || std::future::ready(health::answer(&checks));
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(page))
}

/// A listener bound to `address`.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NodeError> {
    let wrong = |source| NodeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let bound = listener.local_addr().map_err(wrong)?;
    Ok((listener, bound))
}

/// The plain operations listener, if one is configured.
pub(crate) async fn server(
    address: Option<SocketAddr>,
    routes: Router,
    drain_timeout: Duration,
) -> Result<Option<Server>, NodeError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let (listener, _) = bind(address).await?;
    Ok(Some(Server::new(
        listener,
        None,
        routes,
        CONNECTIONS_MAX,
        drain_timeout,
    )))
}
