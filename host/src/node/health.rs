//! `/healthz`: whether the node can do its work.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;

/// What is wrong, one sentence a component; empty when all is well.
pub(crate) type Checks = Arc<dyn Fn() -> Vec<Failed> + Send + Sync>;

/// A component that does not work.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failed {
    /// Which.
    pub(crate) component: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// The answer, as Fabric's operations service gives it.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_checks: Vec<Failed>,
}

/// 200 when every check passes, else 503 with those that failed.
pub(crate) fn answer(checks: &Checks) -> (StatusCode, Json<Health>) {
    let failed_checks = checks();
    let time = crate::clock::now_s();
    if failed_checks.is_empty() {
        return (
            StatusCode::OK,
            Json(Health {
                status: "OK",
                time,
                failed_checks,
            }),
        );
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(Health {
            status: "Service Unavailable",
            time,
            failed_checks,
        }),
    )
}
