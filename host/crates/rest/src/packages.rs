//! To be filled by its owner.

use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
}
