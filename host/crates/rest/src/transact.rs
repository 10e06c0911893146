//! Transactions and queries: submit and evaluate by an identity of the wallet, and the same signed by the caller.

mod body;
mod outcome;
mod prepared;
mod signed;
mod work;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use decoded::Text;
use model::Digest;
use model::hash::{sha256, sha256_of};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use body::{Argument, Base64, Call, Secret, arguments, opened, organizations};
pub(crate) use outcome::{Outcome, PendingAnswer, ValidAnswer, look_up, wait, waiter};
pub(crate) use prepared::Prepared;
pub(crate) use work::Work;

use body::{EvaluateBody, SubmitBody};

use crate::accept;
use crate::api::Api;
use crate::caller::Caller;
use crate::document::{self, ChaincodePath, ChannelPath};
use crate::idempotency::{self, Keyed};
use crate::json::Json;
use crate::peer_client;
use crate::problem::Problem;
use crate::query::{NoQuery, Path};

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(submit))
        .routes(routes!(evaluate))
        .merge(signed::routes())
}

/// What a query came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evaluated)]
struct Evaluated {
    /// What the chaincode answered.
    result: Text,
}

/// Submit a transaction, signed by the node.
///
/// The call is endorsed by those whom the chaincode's policy needs, signed by an identity of the node's wallet, ordered, and
/// waited for. An answer of 200 means that the transaction is in a block and valid. After the node's `commit_wait_ms` the
/// answer is 202: it will be in a block, and `status_url` tells how it ended. With an `Idempotency-Key` a repetition of the
/// request, also after the node was restarted, gets the first one's outcome and never makes a second transaction.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/submit",
    tag = "Calls",
    operation_id = "submit",
    params(
        ChannelPath,
        ChaincodePath,
        ("Weft-Identity" = Option<String>, Header, description = "One of the credential's identities; without it the first.", pattern = "^[!-~]{1,255}$", nullable = false),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of the caller's own for this request.", pattern = "^[!-~]{1,255}$", nullable = false),
    ),
    request_body = SubmitBody,
    responses(
        (status = 200, description = "In a block, and valid.", body = ValidAnswer),
        (status = 202, description = "Ordered, and not in a block yet.", body = PendingAnswer,
            headers(("Location" = String, description = "Where to ask how it ended."))),
    )
)]
async fn submit(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Json<SubmitBody>,
) -> Result<Outcome, Problem> {
    let identity = caller.identity()?.clone();
    let channel = api.channel(&channel)?;
    let id = channel.id();
    let parts = ["submit", id.as_str(), &name, &identity.name];
    let keyed = keyed(&api, &caller, &headers, &parts, &body.held.bytes)?;
    let Json { value, held } = body;
    let call = value.into_call(&id, name)?;
    let work = Work {
        api: api.clone(),
        channel,
        keyed,
    };
    let done = async move {
        let _held = held;
        work.call(identity, call).await
    };
    api.to_the_end(done).await
}

/// Evaluate a query, signed by the node.
///
/// One peer runs the chaincode; nothing is ordered, and what it writes is dropped. With `Accept: application/octet-stream`
/// the answer is the chaincode's bytes as they are.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/evaluate",
    tag = "Calls",
    operation_id = "evaluate",
    params(
        ChannelPath,
        ChaincodePath,
        ("Weft-Identity" = Option<String>, Header, description = "One of the credential's identities; without it the first.", pattern = "^[!-~]{1,255}$", nullable = false),
    ),
    request_body = EvaluateBody,
    responses(
        (status = 200, description = "What the chaincode answered.", content(
            (Evaluated = "application/json"),
            (inline(document::Octets) = "application/octet-stream"),
        )),
    )
)]
async fn evaluate(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Json<EvaluateBody>,
) -> Result<Response, Problem> {
    let media_type = accepted(&headers)?;
    let identity = caller.identity()?;
    let channel = api.channel(&channel)?;
    let Json { value, held: _held } = body;
    let call = value.into_call(&channel.id(), name)?;
    let signed = peer_client::propose_by(&api, identity, call.invocation)?;
    let result = peer_client::evaluate(&api, signed, call.organizations).await?;
    Ok(evaluated(result, media_type))
}

const OCTETS: &str = "application/octet-stream";

/// In which of the two types a query's caller wants its answer.
fn accepted(headers: &HeaderMap) -> Result<&'static str, Problem> {
    accept::choose(headers, &["application/json", OCTETS])
}

fn evaluated(result: Bytes, media_type: &'static str) -> Response {
    if media_type == OCTETS {
        return ([(CONTENT_TYPE, HeaderValue::from_static(OCTETS))], result).into_response();
    }
    axum::Json(Evaluated {
        result: Text(result),
    })
    .into_response()
}

/// Enters the request's idempotency key, if it has one. Another path, identity or body makes another request.
pub(crate) fn keyed(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    parts: &[&str],
    body: &[u8],
) -> Result<Option<Keyed>, Problem> {
    let Some(key) = idempotency::key(headers)? else {
        return Ok(None);
    };
    let request = fingerprint(parts, body);
    Keyed::enter(api, &caller.credential, key, request).map(Some)
}

/// One hash for each part, so that none can run into the next.
fn fingerprint(parts: &[&str], body: &[u8]) -> Digest {
    let parts = parts.iter().map(|part| part.as_bytes());
    sha256_of(parts.chain([body]).map(sha256))
}
