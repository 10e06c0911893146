//! Idempotency keys in the data folder.

use bytes::Bytes;
use model::{MspId, TxId};
use tempfile::TempDir;

use super::wait;
use crate::{Begun, Config, Error, NodeIdentity, NodeStore};

const DAY_S: i64 = 24 * 3_600;

fn open(folder: &TempDir) -> NodeStore {
    let node = NodeIdentity {
        msp_id: MspId::parse("Org1MSP").unwrap(),
        certificate_hash: [1; 32],
    };
    wait(NodeStore::open(folder.path(), &node, &Config::default())).unwrap()
}

fn tx(nonce: u8) -> TxId {
    TxId::compute(&[nonce], b"creator")
}

fn repeated(request: u8, nonce: u8, answer: Option<&'static [u8]>) -> Begun {
    Begun::Repeated {
        request_sha256: [request; 32],
        tx_id: tx(nonce),
        answer: answer.map(Bytes::from_static),
    }
}

#[test]
fn a_key_is_one_caller_s_and_one_request_s() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let begin = |caller: &str, request: u8, nonce: u8| {
        store
            .begin(caller, "k", [request; 32], &tx(nonce), 1_000)
            .unwrap()
    };
    assert_eq!(begin("alice", 1, 1), Begun::New);
    assert_eq!(begin("alice", 1, 2), repeated(1, 1, None));
    assert_eq!(
        begin("alice", 9, 3),
        repeated(1, 1, None),
        "another request"
    );
    assert_eq!(begin("bob", 1, 4), Begun::New);
    store.finish("alice", "k", b"done").unwrap();
    assert_eq!(begin("alice", 1, 5), repeated(1, 1, Some(b"done")));
    assert_eq!(begin("bob", 1, 6), repeated(1, 4, None));
}

#[test]
fn keys_outlive_the_process() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for (key, nonce) in [("answered", 1), ("at work", 2)] {
        store
            .begin("alice", key, [nonce; 32], &tx(nonce), 1_000)
            .unwrap();
    }
    store.finish("alice", "answered", b"done").unwrap();
    drop(store);
    let store = open(&folder);
    let again = |key| store.begin("alice", key, [7; 32], &tx(7), 1_001).unwrap();
    assert_eq!(again("answered"), repeated(1, 1, Some(b"done")));
    assert_eq!(again("at work"), repeated(2, 2, None));
}

#[test]
fn keys_are_kept_for_a_day() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let begin = |nonce: u8, now_s| {
        store
            .begin("alice", "k", [nonce; 32], &tx(nonce), now_s)
            .unwrap()
    };
    assert_eq!(begin(1, 1_000), Begun::New);
    assert_eq!(begin(2, 1_000 + DAY_S), repeated(1, 1, None));
    assert_eq!(begin(3, 1_001 + DAY_S), Begun::New);
}

#[test]
fn a_key_is_freed_until_it_was_answered() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let begin = |nonce: u8| {
        store
            .begin("alice", "k", [nonce; 32], &tx(nonce), 1_000)
            .unwrap()
    };
    begin(1);
    store.forget("alice", "k").unwrap();
    assert_eq!(begin(2), Begun::New);
    store.finish("alice", "k", b"done").unwrap();
    store.forget("alice", "k").unwrap();
    assert_eq!(begin(3), repeated(2, 2, Some(b"done")));
    store.finish("alice", "unknown", b"done").unwrap();
    let unknown = store.begin("alice", "unknown", [4; 32], &tx(4), 1_000);
    assert_eq!(unknown.unwrap(), Begun::New);
}

#[test]
fn the_oldest_answered_keys_make_room_and_those_at_work_stay() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let begin = |key: &str, now_s| store.begin_within(2, "alice", key, [1; 32], &tx(1), now_s);
    begin("at work", 1).unwrap();
    begin("answered", 2).unwrap();
    let full = begin("third", 3).unwrap_err();
    assert!(matches!(full, Error::Full { max: 2, .. }), "{full}");
    store.finish("alice", "answered", b"done").unwrap();
    assert_eq!(begin("third", 3).unwrap(), Begun::New);
    assert_eq!(begin("at work", 3).unwrap(), repeated(1, 1, None));
    let gone = begin("answered", 3).unwrap_err();
    assert!(matches!(gone, Error::Full { .. }), "{gone}");
}

#[test]
fn an_answer_too_large_to_be_kept_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let refused = store.finish("alice", "k", &[0; 16_385]).unwrap_err();
    assert_eq!(refused.code(), "limit");
}
