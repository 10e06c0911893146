//! Calls of what is not there, or not so.

use serde_json::{Value, json};

use super::desk::{Desk, Row, call, cli, grpc, rest};

fn submit(desk: &Desk, chaincode: &str, body: &Value) -> String {
    desk.post(&format!("mychannel/chaincodes/{chaincode}/submit"), body)
}

fn evaluate(desk: &Desk, place: &str, body: &Value) -> String {
    desk.post(&format!("{place}/evaluate"), body)
}

fn create(args: Value) -> Value {
    json!({"function": "CreateAsset", "args": args})
}

pub(super) const ROWS: &[Row] = &[
    rest("wrong function", "404 chaincode.function", |desk| {
        submit(desk, "basic", &json!({"function": "NoSuch"}))
    }),
    rest(
        "wrong function, evaluated",
        "404 chaincode.function",
        |desk| {
            evaluate(
                desk,
                "mychannel/chaincodes/basic",
                &json!({"function": "NoSuch"}),
            )
        },
    ),
    grpc("wrong function", "Aborted chaincode.function", |desk| {
        desk.endorse(&desk.client, "basic", &["NoSuch"])
    }),
    grpc(
        "wrong function, at the endorser",
        "404 chaincode.function",
        |desk| {
            let sender = desk.client.sender().unwrap();
            let (_, signed) = desk.client.propose_as(sender, call("NoSuch", &[])).unwrap();
            desk.process(signed)
        },
    ),
    cli("wrong function", "1 chaincode.function", |desk| {
        desk.run(&desk.user, &["submit", "basic", "NoSuch"])
    }),
    rest("too few arguments", "400 chaincode.arguments", |desk| {
        submit(desk, "basic", &create(json!(["a"])))
    }),
    grpc("too few arguments", "Aborted chaincode.arguments", |desk| {
        desk.endorse(&desk.client, "basic", &["CreateAsset", "a"])
    }),
    cli("too few arguments", "1 chaincode.arguments", |desk| {
        desk.run(&desk.user, &["submit", "basic", "CreateAsset", "a"])
    }),
    rest("too many arguments", "400 chaincode.arguments", |desk| {
        submit(
            desk,
            "basic",
            &create(json!(["a", "blue", "5", "Ann", "1", "more"])),
        )
    }),
    cli("too many arguments", "1 chaincode.arguments", |desk| {
        desk.run(&desk.user, &["evaluate", "basic", "GetAllAssets", "more"])
    }),
    rest(
        "wrong type of an argument",
        "400 chaincode.arguments",
        |desk| {
            submit(
                desk,
                "basic",
                &create(json!(["a", "blue", "large", "Ann", 1])),
            )
        },
    ),
    grpc(
        "wrong type of an argument",
        "Aborted chaincode.arguments",
        |desk| {
            desk.endorse(
                &desk.client,
                "basic",
                &["CreateAsset", "a", "blue", "large", "Ann", "1"],
            )
        },
    ),
    cli(
        "wrong type of an argument",
        "1 chaincode.arguments",
        |desk| {
            desk.run(
                &desk.user,
                &[
                    "submit",
                    "basic",
                    "CreateAsset",
                    "a",
                    "blue",
                    "large",
                    "Ann",
                    "1",
                ],
            )
        },
    ),
    rest("missing asset", "422 chaincode.failed", |desk| {
        evaluate(
            desk,
            "mychannel/chaincodes/basic",
            &json!({"function": "ReadAsset", "args": ["nosuch"]}),
        )
    }),
    grpc("missing asset", "Unknown chaincode.failed", |desk| {
        desk.evaluate(&desk.client, "basic", &["ReadAsset", "nosuch"])
    }),
    cli("missing asset", "1 chaincode.failed", |desk| {
        desk.run(&desk.user, &["evaluate", "basic", "ReadAsset", "nosuch"])
    }),
    rest("missing key", "404 state.not_found", |desk| {
        let path = "/v1/channels/mychannel/chaincodes/basic/state/nosuch";
        super::desk::told(&desk.http.get(path).unwrap())
    }),
    cli("missing key", "1 state.not_found", |desk| {
        desk.run(&desk.user, &["state", "get", "basic", "nosuch"])
    }),
    rest("unknown channel", "404 channel.not_found", |desk| {
        evaluate(
            desk,
            "nosuch/chaincodes/basic",
            &json!({"function": "GetAllAssets"}),
        )
    }),
    grpc("unknown channel", "Unavailable channel.not_found", |desk| {
        desk.evaluate(&desk.client.on("nosuch"), "basic", &["GetAllAssets"])
    }),
    cli("unknown channel", "1 channel.not_found", |desk| {
        desk.run(
            &desk.user,
            &["--channel", "nosuch", "evaluate", "basic", "GetAllAssets"],
        )
    }),
    rest("unknown chaincode", "404 chaincode.not_found", |desk| {
        evaluate(
            desk,
            "mychannel/chaincodes/nosuch",
            &json!({"function": "GetAllAssets"}),
        )
    }),
    rest(
        "unknown chaincode, submitted",
        "404 chaincode.not_found",
        |desk| submit(desk, "nosuch", &json!({"function": "InitLedger"})),
    ),
    grpc(
        "unknown chaincode",
        "FailedPrecondition chaincode.not_found",
        |desk| desk.endorse(&desk.client, "nosuch", &["InitLedger"]),
    ),
    cli("unknown chaincode", "1 chaincode.not_found", |desk| {
        desk.run(&desk.user, &["evaluate", "nosuch", "GetAllAssets"])
    }),
    rest("unknown block", "404 block.not_found", |desk| {
        super::desk::told(
            &desk
                .http
                .get("/v1/channels/mychannel/blocks/99999")
                .unwrap(),
        )
    }),
    cli("unknown block", "1 block.not_found", |desk| {
        desk.run(&desk.user, &["block", "99999"])
    }),
    rest("unknown transaction", "404 transaction.not_found", |desk| {
        let path = format!("/v1/channels/mychannel/transactions/{}", "0".repeat(64));
        super::desk::told(&desk.http.get(&path).unwrap())
    }),
    cli("unknown transaction", "1 transaction.not_found", |desk| {
        desk.run(&desk.user, &["tx", &"0".repeat(64)])
    }),
    cli("wrong usage", "2 usage.wrong", |desk| {
        desk.run(&desk.user, &["submit"])
    }),
    rest("unknown path", "404 request.route", |desk| {
        super::desk::told(&desk.http.get("/v1/nosuch").unwrap())
    }),
    rest("wrong method", "405 request.method", |desk| {
        super::desk::told(&desk.http.send("DELETE", "/v1/node", b"").unwrap())
    }),
];
