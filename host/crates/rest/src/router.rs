//! All routes, and the layers around them.

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use model::ErrorCode;
use utoipa_axum::router::OpenApiRouter;

use crate::api::{Api, Parts};
use crate::problem::Problem;
use crate::{
    Config, access, blocks, channels, definitions, docs_page, document, events, join, limits, node,
    packages, state, transact, transactions,
};

/// The routes of a peer's REST API, with the one fallback that the peer's main listener has: whatever is not found needs a
/// credential too. Merge beside it what needs none.
pub fn router(config: Config, parts: Parts) -> Router {
    let api = Api::new(config, parts);
    let (routes, document) = declared().split_for_parts();
    routes
        .merge(document::routes(document))
        .merge(docs_page::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(api.clone(), access::demand))
        .layer(from_fn_with_state(api.clone(), limits::frame))
        .with_state(api)
}

/// Every route with its part of the OpenAPI document.
pub(crate) fn declared() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::frame())
        .merge(node::routes())
        .merge(channels::routes())
        .merge(join::routes())
        .merge(blocks::routes())
        .merge(transactions::routes())
        .merge(transact::routes())
        .merge(packages::routes())
        .merge(definitions::routes())
        .merge(state::routes())
        .merge(events::routes())
        .merge(docs_page::declared())
}

async fn nothing_here() -> Problem {
    Problem::new(
        ErrorCode::RequestRoute,
        "there is nothing at this path on this node",
    )
}

async fn other_method(request: Request) -> Response {
    let text = format!("this path does not take {}", request.method());
    Problem::new(ErrorCode::RequestMethod, text).into_response()
}
