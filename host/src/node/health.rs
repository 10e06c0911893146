//! `/healthz`: whether the node can do its work.

use std::sync::Arc;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
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

/// Headers of the answer: it is true now and not later, and it is what it says it is.
const HEADERS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// 200 when every check passes, else 503 with those that failed.
pub(crate) fn answer(checks: &Checks) -> impl IntoResponse + use<> {
    let (status, health) = state(checks);
    (status, HEADERS, Json(health))
}

fn state(checks: &Checks) -> (StatusCode, Health) {
    let failed_checks = checks();
    let time = crate::clock::now_s();
    if failed_checks.is_empty() {
        return (
            StatusCode::OK,
            Health {
                status: "OK",
                time,
                failed_checks,
            },
        );
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Health {
            status: "Service Unavailable",
            time,
            failed_checks,
        },
    )
}
