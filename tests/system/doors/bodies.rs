//! Requests that are too large, too slow, or not what they say they are.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use system_tests::{Node, read_answer};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use super::desk::{Desk, Row, cli, grpc, heard, rest, status, told};

const MIB: usize = 1024 * 1024;

fn args(list: &str) -> String {
    format!(r#"{{"function":"GetAllAssets","args":{list}}}"#)
}

fn get(desk: &Desk, path: &str) -> String {
    told(
        &desk
            .http
            .get(&format!("/v1/channels/mychannel/{path}"))
            .unwrap(),
    )
}

/// Bytes of a protobuf message as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// A call of the endorser or another service with these bytes as its message.
fn send(desk: &Desk, method: &'static str, message: Bytes) -> String {
    desk.runtime.block_on(async {
        let mut grpc = tonic::client::Grpc::new(desk.client.connection())
            .max_encoding_message_size(usize::MAX);
        if let Err(error) = grpc.ready().await {
            return format!("not ready: {error}");
        }
        let path = PathAndQuery::from_static(method);
        status(grpc.unary(Request::new(message), path, Raw).await)
    })
}

/// The status alone: what cannot be read is refused below everything that makes problems.
fn bare(stream: TcpStream) -> String {
    read_answer(stream).map_or_else(
        |error| error.to_string(),
        |answer| answer.status.to_string(),
    )
}

fn chunked(desk: &Desk, chunks: usize) -> TcpStream {
    let mut stream = desk.begin(&[("Transfer-Encoding", "chunked")]);
    let chunk = vec![b' '; MIB];
    for _ in 0..chunks {
        let sent = write!(stream, "{MIB:x}\r\n")
            .and_then(|()| stream.write_all(&chunk))
            .and_then(|()| stream.write_all(b"\r\n"));
        if sent.is_err() {
            break;
        }
    }
    stream
}

pub(super) const ROWS: &[Row] = &[
    rest("no JSON", "400 request.json", |desk| {
        desk.body(r#"{"function":"#)
    }),
    rest("nothing", "400 request.json", |desk| desk.body("")),
    rest("more after the JSON", "400 request.json", |desk| {
        desk.body(&(args("[]") + "{}"))
    }),
    rest("deep JSON", "400 request.json", |desk| {
        desk.body(&args(&("[".repeat(200_000) + &"]".repeat(200_000))))
    }),
    rest("deep JSON that never ends", "400 request.json", |desk| {
        desk.body(&"{\"a\":".repeat(100_000))
    }),
    rest("a key given twice", "400 request.json", |desk| {
        desk.body(r#"{"function":"GetAllAssets","function":"ReadAsset"}"#)
    }),
    rest(
        "a key given twice in the transient map",
        "400 request.json",
        |desk| desk.body(r#"{"function":"GetAllAssets","transient":{"a":"1","a":"2"}}"#),
    ),
    rest("a huge exponent", "400 request.json", |desk| {
        desk.body(&args("[1e999999]"))
    }),
    rest("a huge number", "400 request.json", |desk| {
        desk.body(&args(&format!("[{}]", "9".repeat(100_000))))
    }),
    rest("a lone surrogate", "400 request.json", |desk| {
        desk.body(&args(r#"["\ud800"]"#))
    }),
    rest(
        "a surrogate the wrong way round",
        "400 request.json",
        |desk| desk.body(&args(r#"["\udc00\ud800"]"#)),
    ),
    rest("a control character", "400 request.json", |desk| {
        desk.body("{\"function\":\"a\u{1}b\"}")
    }),
    rest("what is not UTF-8", "400 request.json", |desk| {
        let path = "/v1/channels/mychannel/chaincodes/basic/evaluate";
        let http = desk.http.with("Content-Type", "application/json");
        told(
            &http
                .send("POST", path, b"{\"function\":\"\xff\xfe\"}")
                .unwrap(),
        )
    }),
    rest("a fraction as argument", "400 request.invalid", |desk| {
        desk.body(&args("[1.5]"))
    }),
    rest("null as argument", "400 request.invalid", |desk| {
        desk.body(&args("[null]"))
    }),
    rest("an object as argument", "400 request.invalid", |desk| {
        desk.body(&args(r#"[{"a":1}]"#))
    }),
    rest("an unknown field", "400 request.invalid", |desk| {
        desk.body(r#"{"function":"GetAllAssets","colour":"red"}"#)
    }),
    rest("a missing field", "400 request.invalid", |desk| {
        desk.body(r#"{"args":[]}"#)
    }),
    rest("another type of body", "415 request.media_type", |desk| {
        let path = "/v1/channels/mychannel/chaincodes/basic/evaluate";
        let http = desk.http.with("Content-Type", "text/plain");
        told(&http.send("POST", path, args("[]").as_bytes()).unwrap())
    }),
    rest("a compressed body", "415 request.media_type", |desk| {
        let http = desk.http.with("Content-Encoding", "gzip");
        let path = "/v1/channels/mychannel/chaincodes/basic/evaluate";
        told(&http.post_bytes(path, b"\x1f\x8b\x08").unwrap())
    }),
    rest(
        "an answer that there is not",
        "406 request.not_acceptable",
        |desk| {
            told(
                &desk
                    .http
                    .with("Accept", "image/png")
                    .get("/v1/channels/mychannel/blocks/0")
                    .unwrap(),
            )
        },
    ),
    rest(
        "oversized body, announced",
        "413 request.too_large",
        |desk| heard(desk.begin(&[("Content-Length", "17000000")])),
    ),
    rest(
        "oversized body, in chunks",
        "413 request.too_large",
        |desk| heard(chunked(desk, 18)),
    ),
    rest("slow body", "408 request.timeout", |desk| {
        let mut stream = desk.begin(&[("Content-Length", "100")]);
        let _ = stream.write_all(b"{\"function\"");
        heard(stream)
    }),
    rest("body that breaks off", "400 request.invalid", |desk| {
        let mut stream = desk.begin(&[("Content-Length", "100")]);
        let _ = stream.write_all(b"{\"function\"");
        let _ = stream.shutdown(Shutdown::Write);
        heard(stream)
    }),
    rest(
        "oversized headers",
        "431 request.headers_too_large",
        |desk| {
            heard(
                desk.http
                    .with("X-Large", &"x".repeat(70_000))
                    .open("GET", "/v1/node")
                    .unwrap(),
            )
        },
    ),
    rest("too many headers", "431", |desk| {
        let many = (0..300).fold(desk.http.clone(), |http, index| {
            http.with(&format!("X-{index}"), "x")
        });
        bare(many.open("GET", "/v1/node").unwrap())
    }),
    rest(
        "oversized address",
        "431 request.headers_too_large",
        |desk| get(desk, &format!("blocks?bookmark={}", "x".repeat(20_000))),
    ),
    rest("what is not HTTP", "400", |desk| {
        let mut stream = TcpStream::connect(&desk.http.address).unwrap();
        let _ = stream.write_all(b"\x00\x01\x02 not HTTP at all\r\n\r\n");
        bare(stream)
    }),
    rest("another host's name", "421 request.host", |desk| {
        let mut stream = TcpStream::connect(&desk.http.address).unwrap();
        let _ = stream
            .write_all(b"GET /v1/node HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        heard(stream)
    }),
    rest("a path that leads out", "404 channel.not_found", |desk| {
        told(
            &desk
                .http
                .get("/v1/channels/..%2f..%2fetc/blocks/0")
                .unwrap(),
        )
    }),
    rest("a path that is not UTF-8", "400 request.invalid", |desk| {
        get(desk, "chaincodes/basic/state/%ff%fe")
    }),
    rest("a block that is no number", "400 request.invalid", |desk| {
        get(desk, "blocks/-1")
    }),
    rest(
        "a block beyond all numbers",
        "400 request.invalid",
        |desk| get(desk, "blocks/99999999999999999999999"),
    ),
    rest("a limit of nothing", "400 request.invalid", |desk| {
        get(desk, "chaincodes/basic/state?limit=0")
    }),
    rest(
        "a limit beyond the largest",
        "400 request.invalid",
        |desk| get(desk, "chaincodes/basic/state?limit=1001"),
    ),
    rest("an unknown parameter", "400 request.invalid", |desk| {
        get(desk, "blocks?colour=red")
    }),
    rest("a parameter given twice", "400 request.invalid", |desk| {
        get(desk, "blocks?limit=1&limit=2")
    }),
    rest(
        "a bookmark that nobody gave",
        "400 events.position",
        |desk| get(desk, "chaincodes/basic/state?bookmark=AAAA"),
    ),
    rest(
        "an event id that nobody gave",
        "400 events.position",
        |desk| {
            let http = desk.http.with("Last-Event-ID", "-1:x");
            told(&http.get("/v1/channels/mychannel/events/blocks").unwrap())
        },
    ),
    rest(
        "an idempotency key that is too long",
        "400 request.invalid",
        |desk| {
            let http = desk.http.with("Idempotency-Key", &"k".repeat(256));
            let path = "/v1/channels/mychannel/chaincodes/basic/submit";
            told(
                &http
                    .post_text(path, r#"{"function":"InitLedger"}"#)
                    .unwrap(),
            )
        },
    ),
    grpc("malformed message", "Internal request.protobuf", |desk| {
        send(
            desk,
            "/protos.Endorser/ProcessProposal",
            Bytes::from_static(b"\xff\xff\xff\xff"),
        )
    }),
    grpc(
        "malformed message to the gateway",
        "Internal request.protobuf",
        |desk| {
            send(
                desk,
                "/gateway.Gateway/Endorse",
                Bytes::from_static(b"\x0a\xff\xff\xff\xff\x0f"),
            )
        },
    ),
    grpc(
        "oversized message",
        "OutOfRange request.too_large",
        |desk| {
            send(
                desk,
                "/protos.Endorser/ProcessProposal",
                Bytes::from(vec![0; 101 * MIB]),
            )
        },
    ),
    grpc("unknown method", "Unimplemented node.unsupported", |desk| {
        send(desk, "/protos.Endorser/NoSuch", Bytes::new())
    }),
    grpc(
        "unknown service",
        "Unimplemented node.unsupported",
        |desk| send(desk, "/no.Such/Method", Bytes::new()),
    ),
    cli("a file that is not there", "1 file.unusable", |desk| {
        desk.run(&desk.admin, &["chaincode", "install", "/nosuch.tar.gz"])
    }),
    cli("a profile that is none", "1 config.invalid", |desk| {
        let mut weft = desk.user.clone();
        weft.set_profile(desk.network.config(Node::Orderer));
        desk.run(&weft, &["block", "0"])
    }),
];
