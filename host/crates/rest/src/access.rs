//! Who is let in: the layer that asks every request for its credential, and the channel's rules for what is read.

use ::channel::Resource;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use delivery::ClientTls;
use joined::Channel;
use model::hash::sha256;
use model::{Digest, ErrorCode};
use msp::Signer as _;
use tonic::Status;

use crate::api::Api;
use crate::caller::{Caller, IDENTITY_HEADER};
use crate::problem::Problem;
use crate::{Credential, CredentialKind, reading};

/// Longest token looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 1_024;

/// Lets a request through if it may come in without a credential, or shows one. Nothing is told of what lies behind.
pub(crate) async fn demand(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    if is_grpc(request.headers()) {
        // A call of a service that this node does not have: its client expects gRPC's answer.
        let status = Status::unimplemented("this node has no such service");
        return services::with_code(status, ErrorCode::NodeUnsupported.name()).into_http();
    }
    if is_public(request.uri().path()) {
        return next.run(request).await;
    }
    match find(&api, &request) {
        Err(problem) => problem.into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

/// What needs no credential: the document, its page, and the list of error codes.
pub(crate) fn is_public(path: &str) -> bool {
    path == "/v1/openapi.json" || path == "/docs" || path.starts_with("/docs/")
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    media_type.is_some_and(|value| value.starts_with(b"application/grpc"))
}

fn find(api: &Api, request: &Request) -> Result<Caller, Problem> {
    let credentials = (api.parts.credentials)();
    let shown = shown(request)?;
    let matches = |one: &&Credential| match (&one.kind, &shown) {
        (CredentialKind::Token(stored), Shown::Token(hash))
        | (CredentialKind::Certificate(stored), Shown::Certificate(hash)) => same(stored, hash),
        _ => false,
    };
    // All are compared, so that the time taken does not tell which one it was.
    let known = credentials
        .iter()
        .fold(None, |found, one| matches(&one).then_some(one).or(found));
    let now_s = api.now_s();
    let known = known.filter(|one| one.expires_at.is_none_or(|end| now_s < end));
    let known = known.ok_or_else(|| {
        Problem::new(
            ErrorCode::AuthInvalid,
            "this node does not know the token or certificate, or it has expired",
        )
    })?;
    caller(api, known, request.headers())
}

/// What a request shows. A token counts before a certificate: nodes show theirs wherever they are asked.
enum Shown {
    Token(Digest),
    Certificate(Digest),
}

fn shown(request: &Request) -> Result<Shown, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    if let Some(header) = headers.next() {
        let token = bearer(header.as_bytes()).filter(|_| headers.next().is_none());
        let token = token.ok_or_else(|| {
            let text = "the Authorization header is not of the form 'Bearer TOKEN'";
            Problem::new(ErrorCode::AuthInvalid, text)
        })?;
        return Ok(Shown::Token(sha256(token)));
    }
    if let Some(ClientTls::Mutual(Some(hash))) = request.extensions().get() {
        return Ok(Shown::Certificate(*hash));
    }
    Err(Problem::new(
        ErrorCode::AuthMissing,
        "the request shows neither a token nor a client certificate",
    ))
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    let token = token.trim_ascii();
    let fits = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    (fits && scheme.eq_ignore_ascii_case(b"Bearer ")).then_some(token)
}

/// Compares all bytes whatever the first ones are.
fn same(left: &Digest, right: &Digest) -> bool {
    let pairs = left.iter().zip(right);
    std::hint::black_box(pairs.fold(0, |differing, (left, right)| differing | (left ^ right))) == 0
}

fn caller(api: &Api, credential: &Credential, headers: &HeaderMap) -> Result<Caller, Problem> {
    let in_wallet = |name: &str| api.parts.wallet.iter().find(|one| one.name == name);
    let allowed = credential.identities.iter();
    let chosen = match headers.get(IDENTITY_HEADER) {
        None => allowed.filter_map(|name| in_wallet(name)).next(),
        Some(wanted) => {
            let mut named = allowed.filter(|name| name.as_bytes() == wanted.as_bytes());
            let found = named.next().and_then(|name| in_wallet(name));
            Some(found.ok_or_else(|| {
                let text = format!(
                    "the credential '{}' does not allow the identity that {IDENTITY_HEADER} names",
                    credential.name
                );
                Problem::new(ErrorCode::AuthIdentity, text)
            })?)
        }
    };
    Ok(Caller {
        credential: credential.name.clone(),
        identities: credential.identities.clone(),
        chosen: chosen.cloned(),
    })
}

/// The channel, if the caller's identity may use the resource there now.
///
/// # Errors
/// `channel.not_found`, `auth.identity`, `identity.*`, `access.denied`.
pub(crate) fn reader(
    api: &Api,
    caller: &Caller,
    channel_id: &str,
    resource: Resource,
) -> Result<Channel, Problem> {
    let channel = api.channel(channel_id)?;
    authorize(api, caller, &channel, resource)?;
    Ok(channel)
}

/// Whether the caller's identity may use a channel's resource now; streams ask again as time goes by.
///
/// # Errors
/// `auth.identity`, `identity.*`, `access.denied`.
pub(crate) fn authorize(
    api: &Api,
    caller: &Caller,
    channel: &Channel,
    resource: Resource,
) -> Result<(), Problem> {
    let identity = caller.identity()?.signer.identity();
    let allowed = inspect::authorize(channel, identity, resource, api.now_s());
    allowed.map(|_| ()).map_err(reading::problem)
}
