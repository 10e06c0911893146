//! The node itself: who it is, who the caller is to it, and its metrics.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Query;

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(show))
        .routes(routes!(metrics))
}

/// This node, and what the caller is to it.
#[derive(Serialize, ToSchema)]
struct Node {
    /// Weft's version.
    version: String,
    /// The organisation of the node.
    msp_id: String,
    /// The node's address as others know it.
    address: String,
    /// Name of the credential that the caller has shown.
    credential: String,
    /// Identities that the caller may act by: values for the header `Weft-Identity`.
    identities: Vec<String>,
    /// The one that it acts by in this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// Channels that the node has joined.
    channels: Vec<String>,
}

/// Show the node and the caller.
///
/// Says which node this is, which credential the caller has shown, and by which identities it may act.
#[utoipa::path(
    get,
    path = "/v1/node",
    operation_id = "show_node",
    tag = "Node",
    responses((status = 200, description = "The node and the caller.", body = Node)),
)]
async fn show(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Node>, Problem> {
    query.end()?;
    let parts = &api.parts;
    let in_wallet = |name: &String| parts.wallet.iter().any(|one| one.name == *name);
    Ok(Json(Node {
        version: parts.version.clone(),
        msp_id: parts.msp_id.clone(),
        address: parts.address.clone(),
        identity: caller.chosen.map(|identity| identity.name),
        identities: caller.identities.into_iter().filter(in_wallet).collect(),
        credential: caller.credential,
        channels: parts.channels.ids(),
    }))
}

/// Show the node's metrics.
///
/// Prometheus' text format. The operations listener serves the same page on loopback without a credential.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "show_metrics",
    tag = "Node",
    responses((
        status = 200,
        description = "The metrics.",
        content_type = "text/plain",
        body = String,
    )),
)]
async fn metrics(
    State(api): State<Api>,
    _caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let page = (api.parts.metrics_page)();
    Ok(([(CONTENT_TYPE, METRICS_TYPE)], page).into_response())
}
