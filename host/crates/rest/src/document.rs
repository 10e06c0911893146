//! The OpenAPI document.

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::api::Api;

#[derive(utoipa::OpenApi)]
#[openapi(info(title = "Weft"))]
struct Frame;

/// The document before any route is in it.
pub(crate) fn frame() -> OpenApi {
    Frame::openapi()
}

/// `GET /v1/openapi.json`.
pub(crate) fn routes(document: OpenApi) -> Router<Api> {
    let shared = std::sync::Arc::new(document);
    Router::new().route(
        "/v1/openapi.json",
        get(move || std::future::ready(axum::Json(std::sync::Arc::clone(&shared)))),
    )
}
