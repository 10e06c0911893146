//! What a request may weigh, and how long it may take to arrive; the headers that every answer carries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use model::ErrorCode;
use tokio::sync::OwnedSemaphorePermit;

use crate::api::Api;
use crate::problem::Problem;

/// The outermost layer: refuses addresses that are too long, counts answers, and puts on every answer what keeps browsers from guessing
/// its type or keeping it.
pub(crate) async fn frame(State(api): State<Api>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |text| text.as_str().len());
    let max = api.config.uri_bytes_max;
    let mut response = if length > max {
        let text = format!("the path and query have {length} bytes; {max} are taken");
        Problem::new(ErrorCode::RequestHeadersTooLarge, text).into_response()
    } else {
        next.run(request).await
    };
    put_headers(&mut response);
    let metrics = &api.parts.metrics;
    metrics.answered(response.status(), begun.elapsed());
    response
}

/// What every answer carries.
pub(crate) fn put_headers(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// A body in memory, and its share of what all bodies together may hold. Keep it as long as what was made of it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `bytes_max`, within the time that bodies have.
///
/// # Errors
/// `request.too_large`, `request.timeout`, `request.invalid` for a body that breaks off, `node.busy`, and
/// `request.media_type` for a compressed one.
pub(crate) async fn read(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Held, Problem> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        let text = "compressed bodies are not taken: leave out Content-Encoding";
        return Err(Problem::new(ErrorCode::RequestMediaType, text));
    }
    let too_large = || {
        let text = format!("the body is larger than the {bytes_max} bytes that this call takes");
        Problem::new(ErrorCode::RequestTooLarge, text)
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(too_large());
    }
    let patience = Duration::from_millis(api.config.body_timeout_ms);
    let mut chunks = body.into_data_stream();
    let mut bytes = BytesMut::new();
    let mut share: Option<OwnedSemaphorePermit> = None;
    let gather = async {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Problem::invalid("the body breaks off"))?;
            if bytes.len() + chunk.len() > bytes_max {
                return Err(too_large());
            }
            let more = reserve(api, chunk.len())?;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match tokio::time::timeout(patience, gather).await {
        Ok(gathered) => gathered?,
        Err(_) => {
            let text = format!(
                "the body did not arrive within {} ms",
                api.config.body_timeout_ms
            );
            return Err(Problem::new(ErrorCode::RequestTimeout, text));
        }
    }
    Ok(Held {
        bytes: bytes.freeze(),
        _share: share,
    })
}

fn reserve(api: &Api, length: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let permits = u32::try_from(length).unwrap_or(u32::MAX);
    let reserved = Arc::clone(&api.bodies).try_acquire_many_owned(permits);
    reserved.map_err(|_| {
        let text = "the bodies that this node is working on fill the memory it has for them";
        Problem::new(ErrorCode::NodeBusy, text)
    })
}

/// Whether a body is of a media type; parameters such as a charset do not matter.
pub(crate) fn is_of_type(headers: &HeaderMap, media_type: &str) -> bool {
    let stated = headers
        .get(CONTENT_TYPE)
        .and_then(|text| text.to_str().ok());
    let stated = stated.and_then(|text| text.split(';').next());
    stated.is_some_and(|text| text.trim().eq_ignore_ascii_case(media_type))
}

/// A body of bytes: `application/octet-stream`, such as a package or a block.
pub(crate) struct Octets(pub(crate) Held);

impl FromRequest<Api> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_of_type(&parts.headers, "application/octet-stream") {
            let text = "this call takes bytes: send 'Content-Type: application/octet-stream'";
            return Err(Problem::new(ErrorCode::RequestMediaType, text));
        }
        let held = read(api, &parts.headers, body, api.config.upload_bytes_max).await?;
        if held.bytes.is_empty() {
            return Err(Problem::invalid("the body is empty"));
        }
        Ok(Self(held))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::http::Request;
    use bytes::Bytes;
    use tokio_util::sync::CancellationToken;

    use crate::Config;
    use crate::tests::{Peer, TOKEN, ask};

    const EVALUATE: &str = "/v1/channels/mychannel/chaincodes/basic/evaluate";

    fn small() -> Config {
        Config {
            body_bytes_max: 100,
            bodies_bytes_max: 60,
            body_timeout_ms: 20,
            ..Config::default()
        }
    }

    async fn send(peer: &Peer, headers: &[(&str, &str)], body: Body) -> String {
        let request = Request::post(EVALUATE).header("authorization", format!("Bearer {TOKEN}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let router = peer.router_of(small(), &CancellationToken::new());
        ask(router, request.body(body).unwrap()).await.problem()
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[tokio::test]
    async fn a_body_of_another_type_is_refused() {
        let peer = Peer::start().await;
        for (headers, refusal) in [
            (&[][..], "415 request.media_type"),
            (&[("content-type", "text/plain")], "415 request.media_type"),
            (
                &[JSON, ("content-encoding", "gzip")],
                "415 request.media_type",
            ),
            (
                &[("content-type", "Application/JSON; charset=utf-8")],
                "400 request.json",
            ),
        ] {
            let refused = send(&peer, headers, Body::from("{")).await;
            assert_eq!(refused, refusal, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_or_does_not_come_is_refused() {
        let peer = Peer::start().await;
        let announced = [JSON, ("content-length", "101")];
        let large = send(&peer, &announced, Body::from(vec![b' '; 101])).await;
        assert_eq!(large, "413 request.too_large");
        let chunks = |count: usize| {
            let chunks = vec![Ok::<_, Infallible>(Bytes::from_static(&[b' '; 30])); count];
            Body::from_stream(futures::stream::iter(chunks))
        };
        assert_eq!(send(&peer, &[JSON], chunks(1)).await, "400 request.json");
        assert_eq!(send(&peer, &[JSON], chunks(3)).await, "429 node.busy");
        let never = futures::stream::pending::<Result<Bytes, Infallible>>();
        let slow = send(&peer, &[JSON], Body::from_stream(never)).await;
        assert_eq!(slow, "408 request.timeout");
    }
}
