//! The page that shows the OpenAPI document, and the list of error codes.
//!
//! The page's files are Swagger UI's, kept in the binary. They ask nobody but this node, and a policy in their headers holds
//! them to it.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use model::{ErrorCode, Explanation};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::document::CodePath;
use crate::problem::Problem;
use crate::query::{Path, Query};

/// The files of the page; the others of Swagger UI are for other ways to use it.
const FILES: [&str; 8] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-initializer.js",
    "favicon-16x16.png",
    "favicon-32x32.png",
];

/// Scripts, styles and calls of this node alone. Swagger UI sets styles on its elements and has images in its styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/docs`, and the files of the page.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { file("index.html") }))
        .route(
            "/docs/{file}",
            get(|Path(name): Path<String>| async move { file(&name) }),
        )
}

/// What error codes mean, with their part of the document.
pub(crate) fn declared() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
}

fn file(name: &str) -> Result<Response, Problem> {
    let missing = || Problem::new(ErrorCode::RequestRoute, "the page has no such file");
    let known = FILES.into_iter().find(|file| *file == name);
    // The document is told by its path; 'none' asks no validator on the internet.
    let config = utoipa_swagger_ui::Config::from("/v1/openapi.json")
        .validator_url("none")
        .deep_linking(true)
        .try_it_out_enabled(true)
        .doc_expansion("list");
    let found = utoipa_swagger_ui::serve(known.ok_or_else(missing)?, Arc::new(config));
    let found =
        found.map_err(|error| Problem::broken("the page cannot be made", error.as_ref()))?;
    let found = found.ok_or_else(missing)?;
    let headers = [
        (CONTENT_TYPE, found.content_type.as_str()),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok((headers, bytes).into_response())
}

/// What an error code means, in every case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorCode)]
struct Meaning {
    /// Its name.
    code: &'static str,
    /// The HTTP status of answers with it.
    http_status: u16,
    /// What it means.
    meaning: &'static str,
    /// What mostly leads to it.
    cause: &'static str,
    /// What to do about it.
    action: &'static str,
}

/// All error codes.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorCodeList {
    /// Those of one subject together.
    codes: Vec<Meaning>,
}

impl From<ErrorCode> for Meaning {
    fn from(code: ErrorCode) -> Self {
        let Explanation {
            name,
            http_status,
            meaning,
            cause,
            action,
        } = code.explanation();
        Self {
            code: name,
            http_status,
            meaning,
            cause,
            action,
        }
    }
}

/// List error codes.
#[utoipa::path(
    get,
    path = "/docs/errors",
    operation_id = "list_error_codes",
    tag = "Documents",
    security(()),
    responses((status = 200, description = "All error codes.", body = ErrorCodeList)),
)]
async fn list(query: Query) -> Result<Json<ErrorCodeList>, Problem> {
    query.end()?;
    let codes = ErrorCode::ALL.iter().copied().map(Meaning::from).collect();
    Ok(Json(ErrorCodeList { codes }))
}

/// Explain an error code.
///
/// The `type` of every problem document leads here.
#[utoipa::path(
    get,
    path = "/docs/errors/{code}",
    operation_id = "show_error_code",
    tag = "Documents",
    security(()),
    params(CodePath),
    responses((status = 200, description = "What it means.", body = Meaning)),
)]
async fn show(Path(code): Path<String>, query: Query) -> Result<Json<Meaning>, Problem> {
    query.end()?;
    let code: ErrorCode = code.parse().map_err(|_| {
        Problem::new(
            ErrorCode::RequestRoute,
            "there is no error code of this name",
        )
    })?;
    Ok(Json(code.into()))
}
