//! The HTTP routes every node has, and the plain listener beside the main one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use model::ErrorCode;
use tokio::net::TcpListener;
use tonic::Status;

use super::{NodeError, health, metrics};
use crate::server::{Server, Transport};

/// Connections of the operations listener: it is for an operator's probes.
const CONNECTIONS_MAX: usize = 64;

/// `/healthz`, open to everybody.
pub(crate) fn health_route(checks: health::Checks) -> Router {
    Router::new().route(
        "/healthz",
        get(move || std::future::ready(health::answer(&checks))),
    )
}

/// `/metrics`, for a listener that only an operator reaches.
pub(crate) fn metrics_route(page: metrics::Page) -> Router {
    let answer = move || std::future::ready(([(CONTENT_TYPE, metrics::MEDIA_TYPE)], page()));
    Router::new().route("/metrics", get(answer))
}

/// What a node without REST answers where it has nothing: clients of gRPC expect gRPC's answer.
pub(crate) async fn nothing_here(headers: HeaderMap) -> Response {
    let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if media_type.is_some_and(|value| value.starts_with(b"application/grpc")) {
        let status = Status::unimplemented("this node has no such service");
        return services::with_code(status, ErrorCode::NodeUnsupported.name()).into_http();
    }
    rest::refusal(
        ErrorCode::RequestRoute,
        "an orderer has gRPC and /healthz; applications speak to a peer",
    )
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
        Transport::Plain,
        routes,
        CONNECTIONS_MAX,
        drain_timeout,
    )))
}
