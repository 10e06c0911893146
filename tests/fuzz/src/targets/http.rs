//! Requests to the REST API: path, query and body.
//!
//! The first byte says method and headers, a line the path; the rest is the body.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::ErrorCode;
use msp::Signer as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{CHAINCODE, proposal};
use crate::network::{CHANNEL, MSP_IDS, network};
use crate::peer::{self, TOKEN};

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
const MEDIA_TYPES: [&str; 3] = [
    "application/json",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
];
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let line = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let (path, body) = rest.split_at(line);
    let mut request = Request::builder()
        .method(&METHODS[usize::from(kind % 4)])
        .uri(path)
        .header(header::CONTENT_TYPE, MEDIA_TYPES[usize::from(kind / 4 % 3)])
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    if kind / 12 % 4 == 1 {
        let key = path.get(path.len().saturating_sub(8)..).unwrap_or_default();
        request = request.header("idempotency-key", key);
    }
    let body = Body::from(body.get(1..).unwrap_or_default().to_vec());
    let Ok(request) = request.body(body) else {
        return;
    };
    peer::ask(|peer| async move {
        let answer = peer
            .routes
            .oneshot(request)
            .await
            .expect("routes always answer");
        check(answer).await;
    });
}

/// No request breaks the node; each refusal is a problem with one of the published codes.
async fn check(answer: Response<Body>) {
    let status = answer.status();
    assert!(status != 500 && status != 502, "{answer:?}");
    let media_type = answer.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.map(|value| value.to_str().expect("ours").to_owned());
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    if media_type.as_deref() == Some("text/event-stream") {
        return;
    }
    let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX)
        .await
        .expect("the body comes");
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(
            media_type.as_deref(),
            Some("application/problem+json"),
            "{status}"
        );
    }
    if media_type.is_some_and(|media_type| media_type.ends_with("json")) {
        let value: Value = serde_json::from_slice(&body).expect("JSON");
        let code = value
            .get("code")
            .and_then(Value::as_str)
            .filter(|_| !status.is_success());
        let known = code.is_none_or(|code| code.parse::<ErrorCode>().is_ok());
        assert!(known, "{value}");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let reads = READS.iter().map(|path| request(0, path, ""));
    let posts = posts()
        .into_iter()
        .map(|(path, body)| request(1, path, &body));
    let odd = [
        request(13, "CH/chaincodes/CC/submit", CALL),
        request(5, "/v1/packages", "not a package"),
        request(5, "/v1/channels", "not a block"),
    ];
    reads.chain(posts).chain(odd).collect()
}

/// `CH` stands for the channel, `CC` for the chaincode on it.
fn request(kind: u8, path: &str, body: &str) -> Vec<u8> {
    let path = path
        .replace("CH", &format!("/v1/channels/{CHANNEL}"))
        .replace("CC", CHAINCODE);
    [&[kind], path.as_bytes(), b"\n", body.as_bytes()].concat()
}

const READS: [&str; 24] = [
    "/v1/node",
    "/v1/channels",
    "CH",
    "CH/config",
    "CH/blocks?limit=2&from=0",
    "CH/blocks?limit=1&bookmark=1",
    "CH/blocks/0",
    "CH/blocks/newest",
    "/metrics",
    "CH/chaincodes",
    "CH/chaincodes/CC",
    "CH/chaincodes/CC/state/k01",
    "CH/chaincodes/CC/state?prefix=k&limit=2",
    "CH/chaincodes/CC/state?start=k01&end=k05&limit=3",
    "CH/chaincodes/CC/state?object_type=a&attribute=b&attribute=%63",
    "CH/chaincodes/CC/history/k01?limit=1",
    "CH/transactions/0000000000000000000000000000000000000000000000000000000000000000",
    "CH/transactions/0000000000000000000000000000000000000000000000000000000000000000/status?wait_ms=1",
    "CH/events/blocks?from=0",
    "CH/events/filtered-blocks?from=oldest",
    "CH/events/chaincodes/CC?from=newest",
    "/docs/errors/request.invalid",
    "/v1/packages",
    "/v1/openapi.json",
];
const CALL: &str = r#"{"function":"Do","args":["a",5,true,{"base64":"AAE="}],"transient":{"k":"v"},"organizations":["Org1MSP"]}"#;
const DEFINITION: &str = r#"{"version":"2","sequence":2,"policy":"OR('Org1MSP.peer')","init_required":false,"collections":[{"name":"shared",
    "policy":"OR('Org1MSP.member')","requiredPeerCount":0,"maxPeerCount":1,"blockToLive":3,"memberOnlyRead":true}]}"#;

/// Paths with good bodies.
fn posts() -> Vec<(&'static str, String)> {
    let client = &network().members[0][0];
    let proposal = proposal::propose("qscc", CHANNEL, vec!["GetChainInfo".into(), CHANNEL.into()]);
    let signature = BASE64.encode(client.sign(&proposal).unwrap());
    let proposed = json!({"proposal": BASE64.encode(&proposal), "signature": signature});
    let submitted = json!({"transaction": BASE64.encode(b"payload"), "signature": signature});
    let creator = json!({"msp_id": MSP_IDS[0], "certificate": client.certificate().to_pem()});
    let prepared = json!({"function": "Do", "args": ["a"], "creator": creator});
    vec![
        ("CH/chaincodes/CC/submit", CALL.to_owned()),
        ("CH/chaincodes/CC/evaluate", CALL.to_owned()),
        ("CH/chaincodes/CC/prepare", prepared.to_string()),
        ("CH/evaluate", proposed.to_string()),
        ("CH/endorse", proposed.to_string()),
        ("CH/transactions", submitted.to_string()),
        ("CH/chaincodes/CC/approve", DEFINITION.to_owned()),
        ("CH/chaincodes/CC/commit", DEFINITION.to_owned()),
        ("CH/chaincodes/CC/readiness", DEFINITION.to_owned()),
    ]
}
