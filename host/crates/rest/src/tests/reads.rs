//! What the reading calls answer, over a small ledger.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use decoded::{Cause, Key, Place, StaleRead};
use expect_test::{Expect, expect};
use model::{TxValidationCode, Version};
use tokio_util::sync::CancellationToken;

use super::{Peer, TOKEN_WITHOUT_IDENTITY, Tx, ask, get};
use crate::Config;

const CHAINCODE: &str = "/v1/channels/mychannel/chaincodes/basic";

async fn check(peer: &Peer, path: &str, expected: Expect) {
    let answer = peer.get(path).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    expected.assert_eq(&format!("{} {text}", answer.status.as_u16()));
}

/// Code and detail of a refusal.
async fn refused(peer: &Peer, path: &str) -> String {
    let answer = peer.get(path).await;
    let detail = answer.json()["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    format!("{}: {detail}", answer.problem())
}

fn put<'a>(writes: &'a [(&'a str, Option<&'a str>)]) -> Tx<'a> {
    Tx {
        writes,
        ..Tx::default()
    }
}

/// Two assets, one of them changed and deleted later; a composite key; a transaction that failed.
async fn peer_with_assets() -> Peer {
    let peer = Peer::start().await;
    let composite = "\u{0}owner~id\u{0}Tom\u{0}asset1\u{0}";
    peer.commit(&[
        put(&[("asset1", Some("blue")), (composite, Some("1"))]),
        put(&[("asset2", Some("red")), ("b", Some("other"))]),
    ])
    .await;
    peer.commit(&[put(&[("asset1", Some("green"))])]).await;
    let failed = Tx {
        code: TxValidationCode::MvccReadConflict,
        ..put(&[("asset1", Some("lost"))])
    };
    peer.commit(&[failed, put(&[("asset2", None)])]).await;
    peer
}

#[tokio::test]
async fn state_shows_the_present_value_and_who_wrote_it() {
    let peer = peer_with_assets().await;
    let of = |key: &str| format!("{CHAINCODE}/state/{key}");
    check(
        &peer,
        &of("asset1"),
        expect![[r#"200 {"key":"asset1","value":"green","version":{"block":3,"tx":0}}"#]],
    )
    .await;
    check(
        &peer,
        &of("%00owner~id%00Tom%00asset1%00"),
        expect![[r#"200 {"key":"\u0000owner~id\u0000Tom\u0000asset1\u0000","value":"1","version":{"block":2,"tx":0}}"#]],
    )
    .await;
    let missing = refused(&peer, &of("asset2")).await;
    expect![[r#"404 state.not_found: chaincode basic has no value under key "asset2""#]]
        .assert_eq(&missing);
}

#[tokio::test]
async fn ranges_are_paged_by_bookmarks_that_belong_to_their_question() {
    let peer = peer_with_assets().await;
    peer.commit(&[put(&[("asset3", Some("3")), ("asset4", Some("4"))])])
        .await;
    check(&peer, &format!("{CHAINCODE}/state"), expect![[r#"200 {"entries":[{"key":"asset1","value":"green","version":{"block":3,"tx":0}},{"key":"asset3","value":"3","version":{"block":5,"tx":0}},{"key":"asset4","value":"4","version":{"block":5,"tx":0}},{"key":"b","value":"other","version":{"block":2,"tx":1}}],"height":6}"#]]).await;
    check(
        &peer,
        &format!("{CHAINCODE}/state?object_type=owner~id&attribute=Tom"),
        expect![[r#"200 {"entries":[{"key":"\u0000owner~id\u0000Tom\u0000asset1\u0000","value":"1","version":{"block":2,"tx":0}}],"height":6}"#]],
    )
    .await;
    let mut keys = Vec::new();
    let mut path = format!("{CHAINCODE}/state?prefix=asset&limit=1");
    loop {
        let page = peer.get(&path).await.json();
        for entry in page["entries"].as_array().unwrap() {
            keys.push(entry["key"].as_str().unwrap().to_owned());
        }
        let Some(bookmark) = page["bookmark"].as_str() else {
            break;
        };
        path = format!("{CHAINCODE}/state?prefix=asset&limit=1&bookmark={bookmark}");
    }
    assert_eq!(keys, ["asset1", "asset3", "asset4"]);
    let page = peer.get(&format!("{CHAINCODE}/state?limit=1")).await.json();
    let bookmark = page["bookmark"].as_str().unwrap();
    let other = refused(
        &peer,
        &format!("{CHAINCODE}/state?prefix=b&bookmark={bookmark}"),
    )
    .await;
    expect!["400 events.position: the bookmark is not one that a peer gave for this question"]
        .assert_eq(&other);
    for question in [
        "prefix=a&start=b",
        "attribute=x",
        "object_type=t&end=x",
        "prefix=a&object_type=t",
    ] {
        let refused = refused(&peer, &format!("{CHAINCODE}/state?{question}")).await;
        assert!(
            refused.starts_with("400 request.invalid"),
            "{question}: {refused}"
        );
    }
}

#[tokio::test]
async fn history_goes_back_from_the_newest_change() {
    let peer = peer_with_assets().await;
    check(
        &peer,
        &format!("{CHAINCODE}/history/asset2"),
        expect![[r#"200 {"entries":[{"tx_id":"c54d8dab0cdabbb101d7959689c6243b320b62bcd2fe0ec83873d7355d955578","version":{"block":4,"tx":1},"timestamp":"2027-01-15T08:00:00Z","deleted":true},{"tx_id":"5033d32c649a6a224083e95e9fff4e757f250a4fd594f8cd7b8d60c35e1346dd","version":{"block":2,"tx":1},"timestamp":"2027-01-15T08:00:00Z","value":"red","deleted":false}],"height":5}"#]],
    )
    .await;
    check(
        &peer,
        &format!("{CHAINCODE}/history/never"),
        expect![[r#"200 {"entries":[],"height":5}"#]],
    )
    .await;
    let first = peer
        .get(&format!("{CHAINCODE}/history/asset1?limit=1"))
        .await
        .json();
    assert_eq!(first["entries"][0]["value"], "green");
    let bookmark = first["bookmark"].as_str().unwrap();
    let path = format!("{CHAINCODE}/history/asset1?limit=1&bookmark={bookmark}");
    let second = peer.get(&path).await.json();
    assert_eq!(second["entries"][0]["value"], "blue");
    assert_eq!(second["bookmark"], serde_json::Value::Null);
}

#[tokio::test]
async fn blocks_are_listed_in_order_and_shown_decoded_or_as_bytes() {
    let peer = peer_with_assets().await;
    let blocks = "/v1/channels/mychannel/blocks";
    let numbers = |page: &serde_json::Value| -> Vec<u64> {
        let blocks = page["blocks"].as_array().unwrap().iter();
        blocks
            .map(|block| block["number"].as_u64().unwrap())
            .collect()
    };
    let page = peer.get(&format!("{blocks}?limit=3")).await.json();
    assert_eq!(
        (numbers(&page), page["bookmark"].as_str()),
        (vec![0, 1, 2], Some("3"))
    );
    let page = peer
        .get(&format!("{blocks}?limit=3&bookmark=3"))
        .await
        .json();
    assert_eq!(
        (numbers(&page), page["bookmark"].as_str()),
        (vec![3, 4], None)
    );
    let page = peer
        .get(&format!("{blocks}?from=9007199254740991"))
        .await
        .json();
    assert_eq!((numbers(&page), page["bookmark"].as_str()), (vec![], None));
    let newest = peer.get(&format!("{blocks}/newest")).await;
    assert_eq!(newest.json(), peer.get(&format!("{blocks}/4")).await.json());
    let mut request = get(&format!("{blocks}/4"));
    request
        .headers_mut()
        .insert("accept", "application/octet-stream".parse().unwrap());
    let bytes = ask(peer.router(), request).await;
    assert_eq!(bytes.headers["content-type"], "application/octet-stream");
    let block = model::Block::decode(bytes.body).unwrap();
    assert_eq!(
        hex::encode(block.header_hash()),
        newest.json()["hash"].as_str().unwrap()
    );
    expect!["404 block.not_found: there is no block 5: the channel has 5 blocks on this peer"]
        .assert_eq(&refused(&peer, &format!("{blocks}/5")).await);
    for wrong in ["-1", "05", "last", "18446744073709551616"] {
        let refused = refused(&peer, &format!("{blocks}/{wrong}")).await;
        assert!(
            refused.starts_with("400 request.invalid"),
            "{wrong}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_transaction_is_shown_with_its_outcome_and_a_pending_one_is_waited_for() {
    let peer = peer_with_assets().await;
    let block = peer.get("/v1/channels/mychannel/blocks/4").await.json();
    let failed = block["transactions"][0]["tx_id"].as_str().unwrap();
    let of = |tx_id: &str| format!("/v1/channels/mychannel/transactions/{tx_id}");
    let shown = peer.get(&of(failed)).await.json();
    assert_eq!(
        (&shown["block"], &shown["code"]),
        (&4.into(), &"MVCC_READ_CONFLICT".into())
    );
    check(&peer, &format!("{}/status", of(failed)), expect![[r#"200 {"tx_id":"4fdfc1490eb31d5062f8174019a373ba4826262862a6909596aabe715b47528e","state":"invalid","block":4,"code":"MVCC_READ_CONFLICT","meaning":"A key that the transaction read was changed by another transaction before this one was committed."}"#]]).await;
    let unknown = "0".repeat(64);
    check(&peer, &format!("{}/status", of(&unknown)), expect![[r#"200 {"tx_id":"0000000000000000000000000000000000000000000000000000000000000000","state":"pending"}"#]]).await;
    check(
        &peer,
        &format!("{}/status?wait_ms=1", of(&unknown)),
        expect![[r#"200 {"tx_id":"0000000000000000000000000000000000000000000000000000000000000000","state":"pending"}"#]],
    )
    .await;
    assert_eq!(peer.channel.waiters().count(), 0);
    expect!["404 transaction.not_found: the ledger of this peer holds no transaction of this id"]
        .assert_eq(&refused(&peer, &of(&unknown)).await);
    expect![[r#"400 request.invalid: transaction id "abc" does not fit the rule: 64 lower-case hex digits"#]].assert_eq(&refused(&peer, &of("abc")).await);
}

#[tokio::test]
async fn a_transaction_is_explained() {
    let peer = peer_with_assets().await;
    let place = |block, tx| Place::new(Version { block, tx });
    let cause = Cause::Read(StaleRead {
        key: Key::public("basic", "asset1"),
        read: Some(place(2, 0)),
        now: Some(place(3, 0)),
        by: Some(place(3, 0)),
        change: None,
    });
    let failed = Tx {
        code: TxValidationCode::MvccReadConflict,
        cause: Some(&cause),
        ..put(&[("asset1", Some("lost again"))])
    };
    let block = peer.commit(&[failed]).await;
    let id = async |block: u64, tx: usize| {
        let block = peer
            .get(&format!("/v1/channels/mychannel/blocks/{block}"))
            .await
            .json();
        block["transactions"][tx]["tx_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let of = |tx_id: &str| format!("/v1/channels/mychannel/transactions/{tx_id}/explanation");
    check(&peer, &of(&id(block, 0).await), expect![[r#"200 {"tx_id":"34a14a9c84a565a170b593366fd9332b5f982e3a6e524df9660794b60812e8f9","block":5,"tx":0,"timestamp":"2027-01-15T08:00:00Z","code":"MVCC_READ_CONFLICT","number":11,"meaning":"A key that the transaction read was changed by another transaction before this one was committed.","advice":"Submit the call again as a new transaction: it will read the present state.","cause":{"kind":"read","key":{"namespace":"basic","key":"asset1"},"read":{"block":2,"tx":0},"now":{"block":3,"tx":0},"by":{"block":3,"tx":0,"tx_id":"f43131614255dc143b2ba7eb22ba14b7b380ba065ca3b511d413ad5f195b10ce"},"change":"written"},"reason":["key \"asset1\" of chaincode basic was read as transaction 0 of block 2 left it; transaction 0 of block 3 (f43131614255dc143b2ba7eb22ba14b7b380ba065ca3b511d413ad5f195b10ce) has written it since","  version read: block 2, transaction 0","  version now:  block 3, transaction 0"]}"#]]).await;
    check(&peer, &of(&id(4, 0).await), expect![[r#"200 {"tx_id":"4fdfc1490eb31d5062f8174019a373ba4826262862a6909596aabe715b47528e","block":4,"tx":0,"timestamp":"2027-01-15T08:00:00Z","code":"MVCC_READ_CONFLICT","number":11,"meaning":"A key that the transaction read was changed by another transaction before this one was committed.","advice":"Submit the call again as a new transaction: it will read the present state.","reason":["the cause was not recorded, since the block was committed by an older version; `weft ledger rebuild` records it"]}"#]]).await;
    check(&peer, &of(&id(4, 1).await), expect![[r#"200 {"tx_id":"c54d8dab0cdabbb101d7959689c6243b320b62bcd2fe0ec83873d7355d955578","block":4,"tx":1,"timestamp":"2027-01-15T08:00:00Z","code":"VALID","number":0,"meaning":"The transaction is valid and its writes are in the state.","advice":"Nothing is to be done.","writes":[{"key":{"namespace":"basic","key":"asset2"},"change":"deleted"}]}"#]]).await;
    expect!["404 transaction.not_found: the ledger of this peer holds no such transaction"]
        .assert_eq(&refused(&peer, &of(&"0".repeat(64))).await);
    assert!(
        refused(&peer, &of("abc"))
            .await
            .starts_with("400 request.invalid")
    );
}

#[tokio::test]
async fn a_waiting_call_is_answered_by_the_commit() {
    let peer = Peer::start().await;
    // Equal peers make equal transactions: this one's first has the id of the other's.
    let other = Peer::start().await;
    other.commit(&[put(&[("a", Some("1"))])]).await;
    let block = other.get("/v1/channels/mychannel/blocks/2").await.json();
    let tx_id = block["transactions"][0]["tx_id"].as_str().unwrap();
    let path = format!("/v1/channels/mychannel/transactions/{tx_id}/status?wait_ms=60000");
    let commit = async {
        while peer.channel.waiters().count() == 0 {
            tokio::task::yield_now().await;
        }
        peer.commit(&[put(&[("a", Some("1"))])]).await
    };
    let (answer, number) = tokio::join!(peer.get(&path), commit);
    assert_eq!(
        (&answer.json()["state"], &answer.json()["block"]),
        (&"valid".into(), &number.into())
    );
}

#[tokio::test]
async fn a_channel_says_how_far_it_is_and_who_is_in_it() {
    let peer = peer_with_assets().await;
    let shown = peer.get("/v1/channels/mychannel").await.json();
    let newest = peer
        .get("/v1/channels/mychannel/blocks/newest")
        .await
        .json();
    assert_eq!(shown["height"], 5);
    assert_eq!(shown["last_block_hash"], newest["hash"]);
    assert_eq!(shown["commit_hash"], newest["commit_hash"]);
    assert_eq!(shown["organizations"], serde_json::json!(["Org1MSP"]));
    check(
        &peer,
        "/v1/channels",
        expect![[r#"200 {"channels":["mychannel"]}"#]],
    )
    .await;
    check(&peer, "/v1/channels/mychannel/config", expect![[r#"200 {"sequence":0,"organizations":[{"name":"Org1MSP","msp_id":"Org1MSP","anchor_peers":[]}],"orderer":{"consensus":"etcdraft","consenters":["localhost:7050"],"endpoints":["localhost:7050"],"batch_messages_max":500,"batch_preferred_bytes":2097152,"message_bytes_max":10485760,"batch_timeout_ms":2000}}"#]]).await;
    check(&peer, "/v1/node", expect![[r#"200 {"version":"0.0.0","msp_id":"Org1MSP","address":"localhost:7051","credential":"developer","identities":["user1"],"identity":"user1","channels":["mychannel"]}"#]]).await;
    expect!["404 channel.not_found: this peer has not joined a channel of this name"]
        .assert_eq(&refused(&peer, "/v1/channels/other").await);
}

#[tokio::test]
async fn without_an_identity_nothing_of_a_channel_is_read() {
    let peer = Peer::start().await;
    for path in [
        "",
        "/config",
        "/blocks",
        "/blocks/0",
        &format!("/transactions/{}", "0".repeat(64)),
        &format!("/transactions/{}/status", "0".repeat(64)),
        &format!("/transactions/{}/explanation", "0".repeat(64)),
        "/chaincodes/basic/state",
        "/chaincodes/basic/state/a",
        "/chaincodes/basic/history/a",
        "/events/blocks",
        "/events/filtered-blocks",
        "/events/chaincodes/basic",
    ] {
        let mut request = get(&format!("/v1/channels/mychannel{path}"));
        let token = format!("Bearer {TOKEN_WITHOUT_IDENTITY}").parse().unwrap();
        request.headers_mut().insert("authorization", token);
        let answer = ask(peer.router(), request).await;
        assert_eq!(answer.problem(), "403 auth.identity", "{path}");
    }
}

#[tokio::test]
async fn what_a_call_does_not_know_is_refused() {
    let peer = Peer::start().await;
    let of = |path: &str| format!("/v1/channels/mychannel{path}?unknown=1");
    for path in [
        "/v1/node?unknown=1".to_owned(),
        "/v1/channels?unknown=1".to_owned(),
        "/metrics?unknown=1".to_owned(),
        "/v1/openapi.json?unknown=1".to_owned(),
        "/docs/errors?unknown=1".to_owned(),
        "/docs/errors/auth.missing?unknown=1".to_owned(),
        of(""),
        of("/config"),
        of("/blocks"),
        of("/blocks/0"),
        of(&format!("/transactions/{}", "0".repeat(64))),
        of(&format!("/transactions/{}/status", "0".repeat(64))),
        of(&format!("/transactions/{}/explanation", "0".repeat(64))),
        of("/chaincodes/basic/state"),
        of("/chaincodes/basic/state/a"),
        of("/chaincodes/basic/history/a"),
        of("/events/blocks"),
        of("/events/filtered-blocks"),
        of("/events/chaincodes/basic"),
    ] {
        assert_eq!(
            peer.get(&path).await.problem(),
            "400 request.invalid",
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_is_served_from_the_binary_and_may_ask_nobody_else() {
    let peer = Peer::start().await;
    let answer = ask(peer.router(), public("/docs/")).await;
    assert_eq!(answer.status, StatusCode::OK);
    expect!["default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"].assert_eq(answer.headers["content-security-policy"].to_str().unwrap());
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    let page = String::from_utf8(answer.body).unwrap();
    for part in page.split(['"', '\'']).filter(|part| part.contains('/')) {
        assert!(!part.contains("//"), "{part}");
    }
    for file in [
        "swagger-initializer.js",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
        "index.css",
    ] {
        assert!(page.contains(file), "{file}");
        let answer = ask(peer.router(), public(&format!("/docs/{file}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
    }
    let settings = ask(peer.router(), public("/docs/swagger-initializer.js")).await;
    let settings = String::from_utf8(settings.body).unwrap();
    assert!(
        settings.contains("\"/v1/openapi.json\"")
            && settings.contains("\"validatorUrl\": \"none\""),
        "{settings}"
    );
    let missing = ask(peer.router(), public("/docs/oauth2-redirect.html")).await;
    assert_eq!(missing.problem(), "404 request.route");
    let moved = ask(
        peer.router_of(Config::default(), &CancellationToken::new()),
        public("/docs"),
    )
    .await;
    assert_eq!(
        (moved.status, &moved.headers["location"]),
        (StatusCode::PERMANENT_REDIRECT, &"/docs/".parse().unwrap())
    );
}

#[tokio::test]
async fn every_problem_leads_to_its_explanation() {
    let peer = Peer::start().await;
    let problem = peer.get("/v1/channels/other").await.json();
    let explained = ask(peer.router(), public(problem["type"].as_str().unwrap())).await;
    expect![[r#"{"code":"channel.not_found","http_status":404,"meaning":"This node has no channel of this name.","cause":"The name is mistyped, or the peer has not joined the channel.","action":"List the channels with `weft channel list` or GET /v1/channels."}"#]].assert_eq(std::str::from_utf8(&explained.body).unwrap());
    let all = ask(peer.router(), public("/docs/errors")).await.json();
    assert_eq!(
        all["codes"].as_array().unwrap().len(),
        model::ErrorCode::ALL.len()
    );
    let missing = ask(peer.router(), public("/docs/errors/no.such")).await;
    assert_eq!(missing.problem(), "404 request.route");
}

fn public(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}
