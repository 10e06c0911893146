//! Who is let in, and what every answer has.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request};
use delivery::ClientTls;
use model::hash::sha256;
use utoipa::openapi::PathItem;

use super::declared;
use crate::document;
use crate::tests::{Answer, NOW_S, Peer, TOKEN, TOKEN_WITHOUT_IDENTITY, ask};
use crate::{Credential, CredentialKind};

fn request(method: &Method, path: &str, token: Option<&str>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    request.body(Body::empty()).unwrap()
}

/// Every method and path of the document, with something in the place of each variable part.
fn calls() -> Vec<(Method, String)> {
    let document = document::finish(declared().into_openapi());
    let methods = |item: &PathItem| {
        let mut methods = Vec::new();
        for (operation, method) in [
            (&item.get, Method::GET),
            (&item.post, Method::POST),
            (&item.put, Method::PUT),
            (&item.delete, Method::DELETE),
        ] {
            methods.extend(operation.as_ref().map(|_| method));
        }
        methods
    };
    let filled = |path: &str| {
        let parts = path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { "x" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let paths = document.paths.paths.iter();
    paths
        .flat_map(|(path, item)| {
            methods(item)
                .into_iter()
                .map(move |method| (method, filled(path)))
        })
        .collect()
}

fn is_framed(answer: &Answer) -> bool {
    answer.headers["x-content-type-options"] == "nosniff"
        && answer.headers["cache-control"] == "no-store"
}

#[tokio::test]
async fn every_call_but_the_documents_demands_a_credential_and_so_do_paths_that_are_not_there() {
    let peer = Peer::start().await;
    let mut calls = calls();
    assert!(calls.len() > 25, "{calls:?}");
    for path in [
        "/",
        "/x",
        "/v1",
        "/v1/channels/x/nothing",
        "/metrics",
        "/docsx",
        "/DOCS/",
    ] {
        calls.push((Method::GET, path.to_owned()));
    }
    calls.push((Method::DELETE, "/v1/node".to_owned()));
    let mut public = Vec::new();
    for (method, path) in calls {
        let answer = ask(peer.router(), request(&method, &path, None)).await;
        assert!(is_framed(&answer), "{path}");
        if path == "/v1/openapi.json" || path.starts_with("/docs/") {
            assert_ne!(answer.status, 401, "{path}");
            public.push(path);
            continue;
        }
        assert_eq!(answer.problem(), "401 auth.missing", "{method} {path}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        let unknown = ask(peer.router(), request(&method, &path, Some("unknown"))).await;
        assert_eq!(unknown.problem(), "401 auth.invalid", "{method} {path}");
    }
    assert!(public.len() >= 2, "{public:?}");
}

#[tokio::test]
async fn a_caller_is_whom_its_token_or_certificate_names() {
    let peer = Peer::start().await;
    let certificate = sha256(b"a certificate");
    let known = Credential {
        name: "by certificate".to_owned(),
        kind: CredentialKind::Certificate(certificate),
        identities: vec!["user1".to_owned()],
        expires_at: None,
    };
    peer.credentials.lock().unwrap().push(known);
    let node = |token: Option<&str>, shown: Option<[u8; 32]>| {
        let mut request = request(&Method::GET, "/v1/node", token);
        if let Some(hash) = shown {
            request
                .extensions_mut()
                .insert(ClientTls::Mutual(Some(hash)));
        }
        ask(peer.router(), request)
    };
    let name = |answer: Answer| match answer.status.as_u16() {
        200 => answer.json()["credential"].as_str().unwrap().to_owned(),
        _ => answer.problem(),
    };
    assert_eq!(name(node(None, Some(certificate)).await), "by certificate");
    assert_eq!(
        name(node(Some(TOKEN), Some(certificate)).await),
        "developer"
    );
    assert_eq!(name(node(Some(TOKEN), Some([1; 32])).await), "developer");
    assert_eq!(name(node(None, Some([1; 32])).await), "401 auth.invalid");
    assert_eq!(
        name(node(Some("x"), Some(certificate)).await),
        "401 auth.invalid"
    );
}

#[tokio::test]
async fn a_credential_ends_when_it_expires_or_is_taken_away() {
    let peer = Peer::start().await;
    let node = || async {
        let answer = ask(
            peer.router(),
            request(&Method::GET, "/v1/node", Some(TOKEN)),
        )
        .await;
        answer.status.as_u16()
    };
    let expire = |at: Option<i64>| peer.credentials.lock().unwrap()[0].expires_at = at;
    expire(Some(NOW_S + 1));
    assert_eq!(node().await, 200);
    expire(Some(NOW_S));
    assert_eq!(node().await, 401);
    expire(None);
    assert_eq!(node().await, 200);
    peer.credentials.lock().unwrap().remove(0);
    assert_eq!(node().await, 401);
}

#[tokio::test]
async fn an_identity_must_be_one_that_the_credential_allows() {
    let peer = Peer::start().await;
    let as_whom = |token: &'static str, identity: Option<&'static str>| {
        let mut request = request(&Method::GET, "/v1/channels/mychannel", Some(token));
        if let Some(name) = identity {
            request
                .headers_mut()
                .insert("weft-identity", name.parse().unwrap());
        }
        let router = peer.router();
        async move {
            let answer = ask(router, request).await;
            match answer.status.as_u16() {
                200 => "200".to_owned(),
                _ => answer.problem(),
            }
        }
    };
    assert_eq!(as_whom(TOKEN, None).await, "200");
    assert_eq!(as_whom(TOKEN, Some("user1")).await, "200");
    assert_eq!(as_whom(TOKEN, Some("admin")).await, "403 auth.identity");
    assert_eq!(
        as_whom(TOKEN_WITHOUT_IDENTITY, None).await,
        "403 auth.identity"
    );
    assert_eq!(
        as_whom(TOKEN_WITHOUT_IDENTITY, Some("user1")).await,
        "403 auth.identity"
    );
}

#[tokio::test]
async fn broken_authorization_headers_are_no_credential() {
    let peer = Peer::start().await;
    let long = format!("Bearer {}", "x".repeat(2_000));
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        TOKEN,
        &long,
        "Bearer\u{e4}",
    ] {
        let mut request = request(&Method::GET, "/v1/node", None);
        let value = HeaderValue::from_bytes(header.as_bytes()).unwrap();
        request.headers_mut().insert("authorization", value);
        let answer = ask(peer.router(), request).await;
        assert_eq!(answer.problem(), "401 auth.invalid", "{header:?}");
    }
    let mut twice = request(&Method::GET, "/v1/node", Some(TOKEN));
    twice
        .headers_mut()
        .append("authorization", "Bearer x".parse().unwrap());
    assert_eq!(
        ask(peer.router(), twice).await.problem(),
        "401 auth.invalid"
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_to_whom_may_know() {
    let peer = Peer::start().await;
    let send = |method: Method, path: &str| ask(peer.router(), request(&method, path, Some(TOKEN)));
    assert_eq!(
        send(Method::GET, "/v1/nothing").await.problem(),
        "404 request.route"
    );
    assert_eq!(
        send(Method::GET, "/v1/node/").await.problem(),
        "404 request.route"
    );
    let method = send(Method::DELETE, "/v1/packages").await;
    assert_eq!(method.problem(), "405 request.method");
    let allowed = method.headers["allow"].to_str().unwrap();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
    let long = format!("/v1/node?{}", "x".repeat(20_000));
    assert_eq!(
        send(Method::GET, &long).await.problem(),
        "431 request.headers_too_large"
    );
    let query = send(Method::GET, "/v1/packages?x=1").await;
    assert_eq!(query.problem(), "400 request.invalid");
}

#[tokio::test]
async fn grpc_clients_get_grpcs_answer_and_learn_nothing() {
    let peer = Peer::start().await;
    for path in ["/protos.Nothing/Call", "/v1/node"] {
        let mut request = request(&Method::POST, path, Some(TOKEN));
        let grpc = "application/grpc".parse().unwrap();
        request.headers_mut().insert("content-type", grpc);
        let answer = ask(peer.router(), request).await;
        assert_eq!(answer.status, 200);
        let text = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(text(&answer.headers, "grpc-status"), "12");
        assert_eq!(text(&answer.headers, "weft-code"), "node.unsupported");
    }
}
