//! Chaincode packages: installed, listed, fetched.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept;
use crate::api::Api;
use crate::caller::Caller;
use crate::document::{self, PackagePath};
use crate::lifecycle_client::Asker;
use crate::limits::Octets;
use crate::problem::Problem;
use crate::query::{NoQuery, Path};

const OCTETS: &str = "application/octet-stream";

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_packages, install_package))
        .routes(routes!(show_package))
}

/// A package on this peer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Package {
    /// The label and the SHA-256 of the package.
    pub(crate) package_id: String,
    /// The label.
    pub(crate) label: String,
    /// By channel: the definitions in force that run it.
    pub(crate) used: BTreeMap<String, Vec<Used>>,
}

/// A definition that runs a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackageUse)]
pub(crate) struct Used {
    /// The chaincode's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
}

/// A definition that this peer's organisation has approved with a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackageApproval)]
pub(crate) struct Approved {
    /// The chaincode's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// The definition's sequence.
    pub(crate) sequence: i64,
}

/// The packages on this peer.
#[derive(Debug, Serialize, ToSchema)]
struct Packages {
    packages: Vec<Package>,
}

/// A package on this peer, and where it is approved.
#[derive(Debug, Serialize, ToSchema)]
struct PackageDetail {
    #[serde(flatten)]
    package: Package,
    /// By channel: the definitions that this peer's organisation has approved with it.
    approved: BTreeMap<String, Vec<Approved>>,
}

/// A package that was installed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstalledPackage)]
struct Installed {
    /// The label and the SHA-256 of the package: what a definition is approved with.
    package_id: String,
    /// The label.
    label: String,
}

/// List the packages on this peer.
///
/// The identity must be an administrator of the peer's organisation.
#[utoipa::path(
    get,
    path = "/v1/packages",
    tag = "Chaincodes",
    operation_id = "list_packages",
    responses((status = 200, description = "The packages.", body = Packages))
)]
async fn list_packages(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
) -> Result<axum::Json<Packages>, Problem> {
    let packages = asker(&api, &caller)?.packages().await?;
    Ok(axum::Json(Packages { packages }))
}

/// Install a package on this peer.
///
/// The body is the package's bytes, as `weft chaincode package` makes them. The contract is checked and compiled before the
/// answer. The identity must be an administrator of the peer's organisation.
#[utoipa::path(
    post,
    path = "/v1/packages",
    tag = "Chaincodes",
    operation_id = "install_package",
    request_body(content = inline(document::Octets), content_type = "application/octet-stream", description = "The package, a gzipped tar archive."),
    responses(
        (status = 201, description = "Installed.", body = Installed,
            headers(("Location" = String, description = "The package."))),
    )
)]
async fn install_package(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Octets(held): Octets,
) -> Result<Response, Problem> {
    let identity = caller.identity()?.clone();
    let installing = api.clone();
    let done = async move {
        let asker = Asker {
            api: &installing,
            identity: &identity,
        };
        asker.install(held.bytes.clone()).await
    };
    let (package_id, label) = api.to_the_end(done).await?;
    let location = [(LOCATION, format!("/v1/packages/{package_id}"))];
    let installed = axum::Json(Installed { package_id, label });
    Ok((StatusCode::CREATED, location, installed).into_response())
}

/// Show a package, or fetch it.
///
/// With `Accept: application/octet-stream` the answer is the package's bytes. The identity must be an administrator of the
/// peer's organisation.
#[utoipa::path(
    get,
    path = "/v1/packages/{id}",
    tag = "Chaincodes",
    operation_id = "show_package",
    params(PackagePath),
    responses(
        (status = 200, description = "What it is and where it is used, or its bytes.", content(
            (PackageDetail = "application/json"),
            (inline(document::Octets) = "application/octet-stream"),
        )),
    )
)]
async fn show_package(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let media_type = accept::choose(&headers, &["application/json", OCTETS])?;
    let asker = asker(&api, &caller)?;
    if media_type == OCTETS {
        let bytes = asker.package_bytes(id).await?;
        return Ok(([(CONTENT_TYPE, HeaderValue::from_static(OCTETS))], bytes).into_response());
    }
    let package = asker.package(id).await?;
    let mut approved = BTreeMap::new();
    for channel in api.parts.channels.ids() {
        let found = asker.approved(&channel, &package.package_id).await?;
        if !found.is_empty() {
            approved.insert(channel, found);
        }
    }
    Ok(axum::Json(PackageDetail { package, approved }).into_response())
}

fn asker<'a>(api: &'a Api, caller: &'a Caller) -> Result<Asker<'a>, Problem> {
    let identity = caller.identity()?;
    Ok(Asker { api, identity })
}
