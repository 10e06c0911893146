//! The page of the OpenAPI document.

use axum::Router;

use crate::api::Api;

/// `/docs` and what is below it.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
}
