//! Requests that callers may repeat: what came of the first one with a key.
//!
//! A key is entered before anything is done. The signed transaction is entered before it is sent to an orderer, so a
//! repetition after a crash sends that very transaction again, which the ledger takes once, or finds it there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use ledger::{Begun, NodeStore};
use model::{Digest, ErrorCode, Sort, TxId};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::problem::{Problem, Stored};
use crate::reading::blocking;
use crate::transact::{Base64, Prepared};

/// The header that carries the key.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_BYTES_MAX: usize = 255;

/// The key of a request, if it has one.
///
/// # Errors
/// `request.invalid`: it is no key.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    let text = value.to_str().unwrap_or_default();
    if values.next().is_some() || !visible || text.is_empty() || text.len() > KEY_BYTES_MAX {
        let text = format!(
            "Idempotency-Key is one value of 1 to {KEY_BYTES_MAX} visible ASCII characters"
        );
        return Err(Problem::invalid(text));
    }
    Ok(Some(text.to_owned()))
}

type Keys = HashMap<(String, String), Digest>;

/// The keyed requests that are at work in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    keys: Arc<Mutex<Keys>>,
}

impl Running {
    fn enter(&self, caller: String, key: String, request: Digest) -> Result<Entered, Problem> {
        let name = (caller, key);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        match keys.get(&name) {
            None => {
                keys.insert(name.clone(), request);
                Ok(Entered {
                    running: self.clone(),
                    name,
                })
            }
            Some(first) if *first == request => Err(Problem::new(
                ErrorCode::RequestInProgress,
                "the first request with this Idempotency-Key is still at work",
            )),
            Some(_) => Err(other_request()),
        }
    }
}

/// A key at work; leaves when dropped.
#[derive(Debug)]
struct Entered {
    running: Running,
    name: (String, String),
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut keys = self.running.keys.lock();
        let keys = keys.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut());
        keys.remove(&self.name);
    }
}

fn other_request() -> Problem {
    let text = "this Idempotency-Key came with another body, path or identity before";
    Problem::new(ErrorCode::RequestIdempotency, text)
}

/// What is kept of a request beyond its key.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    /// Nothing was ordered: it may be done again.
    Free,
    /// A transaction was signed to be sent; without its bytes where they are too many.
    Sent {
        tx_id: String,
        transaction: Option<(Base64, Base64)>,
    },
    /// An orderer has taken the transaction.
    Ordered { tx_id: String },
    /// It was refused for good.
    Refused(Box<Stored>),
}

/// What came of the first request.
pub(crate) enum First {
    /// There was none, or it came to nothing.
    None,
    /// It was sent to an orderer, and perhaps taken; with payload and signature where they were kept.
    Sent(TxId, Option<(Prepared, Bytes)>),
    /// An orderer took it.
    Ordered(TxId),
}

/// A request with a key.
#[derive(Debug)]
pub(crate) struct Keyed {
    store: NodeStore,
    entered: Entered,
    request: Digest,
}

impl Keyed {
    /// Enters a request. Only one with this key is at work at a time.
    ///
    /// # Errors
    /// `request.in_progress`, `request.idempotency`.
    pub(crate) fn enter(
        api: &Api,
        caller: &str,
        key: String,
        request: Digest,
    ) -> Result<Self, Problem> {
        Ok(Self {
            store: api.parts.store.clone(),
            entered: api.running.enter(caller.to_owned(), key, request)?,
            request,
        })
    }

    /// Takes the key durably, or tells what came of the first request.
    ///
    /// # Errors
    /// What the first request was refused with for good; `request.idempotency`; `node.busy`, `node.unavailable`.
    pub(crate) async fn begin(&self, tx_id: &TxId, now_s: i64) -> Result<First, Problem> {
        let (store, request, tx_id) = (self.store.clone(), self.request, tx_id.clone());
        let (caller, key) = self.entered.name.clone();
        let begun = blocking(move || store.begin(&caller, &key, request, &tx_id, now_s)).await?;
        let (first, answer) = match begun.map_err(|error| unusable(&error))? {
            Begun::New => return Ok(First::None),
            Begun::Repeated {
                request_sha256,
                answer,
                ..
            } => (request_sha256, answer),
        };
        if first != self.request {
            return Err(other_request());
        }
        let Some(record) = answer else {
            return Ok(First::None); // the node was stopped before anything was sent
        };
        match serde_json::from_slice(&record) {
            Ok(Record::Free) => Ok(First::None),
            Ok(Record::Refused(stored)) => Err(Problem::restore(*stored)),
            Ok(Record::Ordered { tx_id }) => Ok(First::Ordered(stored_id(&tx_id)?)),
            Ok(Record::Sent { tx_id, transaction }) => {
                let reopened = transaction.and_then(|(payload, signature)| {
                    Some((Prepared::parse(payload.0).ok()?, signature.0))
                });
                Ok(First::Sent(stored_id(&tx_id)?, reopened))
            }
            Err(error) => Err(Problem::broken("a stored request does not decode", &error)),
        }
    }

    /// Notes the signed transaction that is about to be sent.
    pub(crate) async fn sending(
        &self,
        transaction: &Prepared,
        signature: &Bytes,
    ) -> Result<(), Problem> {
        let tx_id = transaction.tx_id.as_str().to_owned();
        let bytes = (
            Base64(transaction.payload.clone()),
            Base64(signature.clone()),
        );
        let whole = Record::Sent {
            tx_id: tx_id.clone(),
            transaction: Some(bytes),
        };
        if self.keep(&whole).await? {
            return Ok(());
        }
        let transaction = None;
        self.keep(&Record::Sent { tx_id, transaction }).await?;
        Ok(())
    }

    /// Notes that an orderer has taken the transaction, so that a repetition only waits for it.
    pub(crate) async fn ordered(&self, tx_id: &TxId) -> Result<(), Problem> {
        let tx_id = tx_id.as_str().to_owned();
        self.keep(&Record::Ordered { tx_id }).await?;
        Ok(())
    }

    /// Notes how the request failed before anything was ordered. What may pass leaves the key free, anything else is what
    /// a repetition gets too.
    pub(crate) async fn failed(&self, problem: &Problem) -> Result<(), Problem> {
        if may_pass(problem)
            || !self
                .keep(&Record::Refused(Box::new(problem.store())))
                .await?
        {
            self.keep(&Record::Free).await?;
        }
        Ok(())
    }

    /// False for a record that is too large to be kept.
    async fn keep(&self, record: &Record) -> Result<bool, Problem> {
        let record = serde_json::to_vec(record)
            .map_err(|error| Problem::broken("a request cannot be noted", &error))?;
        let (store, (caller, key)) = (self.store.clone(), self.entered.name.clone());
        match blocking(move || store.finish(&caller, &key, &record)).await? {
            Ok(()) => Ok(true),
            Err(ledger::Error::Limit { .. }) => Ok(false),
            Err(error) => Err(unusable(&error)),
        }
    }
}

fn may_pass(problem: &Problem) -> bool {
    let code = problem.code();
    matches!(
        code.sort(),
        Sort::Unavailable | Sort::Unknown | Sort::Broken
    )
}

fn stored_id(text: &str) -> Result<TxId, Problem> {
    TxId::parse(text).map_err(|error| Problem::broken("a stored transaction id is none", &error))
}

fn unusable(error: &ledger::Error) -> Problem {
    match error {
        ledger::Error::Full { .. } => Problem::new(
            ErrorCode::NodeBusy,
            "as many requests with an Idempotency-Key are at work as this node keeps",
        ),
        other => Problem::unavailable("the node cannot keep the Idempotency-Key", other),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use model::Envelope;

    use super::Running;
    use crate::tests::{Answer, Peer, TOKEN, TOKEN_WITHOUT_IDENTITY, Tx, ask};

    const SUBMIT: &str = "/v1/channels/mychannel/chaincodes/basic/submit";

    async fn post(router: Router, path: &str, token: &str, key: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        ask(router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    #[tokio::test]
    async fn a_repetition_gets_the_first_refusal_and_another_request_none() {
        let peer = Peer::start().await;
        let submit =
            |key: &'static str, body: &'static str| post(peer.router(), SUBMIT, TOKEN, key, body);
        let first = submit("k", r#"{"function":"a"}"#).await;
        assert_eq!(first.problem(), "422 endorse.policy");
        let again = submit("k", r#"{"function":"a"}"#).await;
        assert_eq!(again.body, first.body);
        let other = submit("k", r#"{"function":"b"}"#).await;
        assert_eq!(other.problem(), "422 request.idempotency");
        let elsewhere = SUBMIT.replace("basic", "other");
        let elsewhere = post(peer.router(), &elsewhere, TOKEN, "k", r#"{"function":"a"}"#).await;
        assert_eq!(elsewhere.problem(), "422 request.idempotency");
    }

    #[tokio::test]
    async fn a_key_is_visible_ascii() {
        let peer = Peer::start().await;
        for key in ["", " ", "a b", "a\u{e4}", &"k".repeat(256)] {
            let answer = post(peer.router(), SUBMIT, TOKEN, key, r#"{"function":"a"}"#).await;
            assert_eq!(answer.problem(), "400 request.invalid", "{key:?}");
        }
    }

    /// The body that sends a transaction of `peer`'s block again.
    fn signed(peer: &Peer, block: u64) -> (String, String) {
        let block = peer.channel.ledger().block(block).unwrap().unwrap();
        let envelope = Envelope::decode(&block.data[0]).unwrap();
        let [transaction, signature] =
            [&envelope.payload, &envelope.signature].map(|bytes| BASE64.encode(bytes));
        let tx_id = model::envelope::tx_id_as_exported(&block.data[0]);
        let body = format!(r#"{{"transaction":"{transaction}","signature":"{signature}"}}"#);
        (tx_id, body)
    }

    #[tokio::test]
    async fn a_repetition_after_a_restart_finds_what_was_committed_meanwhile() {
        let path = "/v1/channels/mychannel/transactions";
        let tx = Tx {
            writes: &[("a", Some("1"))],
            ..Tx::default()
        };
        // Two peers make the same transactions, one of them later.
        let (ahead, peer) = (Peer::start().await, Peer::start().await);
        let block = ahead.commit(&[tx]).await;
        let (tx_id, body) = signed(&ahead, block);
        let send = |token| post(peer.router(), path, token, "k", &body);
        let first = send(TOKEN_WITHOUT_IDENTITY).await;
        assert_eq!(first.problem(), "503 order.unavailable");
        assert_eq!(first.json()["tx_id"], tx_id.as_str());
        let number = peer.commit(&[tx]).await;
        let again = send(TOKEN_WITHOUT_IDENTITY).await;
        assert_eq!(again.status, 200);
        assert_eq!(again.json()["tx_id"], tx_id.as_str());
        assert_eq!(again.json()["block"], number);
        // Keys of one caller are nothing to another; the transaction is in the ledger all the same.
        let another = send(TOKEN).await;
        assert_eq!(another.json(), again.json());
    }

    #[test]
    fn a_key_is_at_work_once() {
        let running = Running::default();
        let enter = |key: &str, request| {
            let entered = running.enter("caller".to_owned(), key.to_owned(), [request; 32]);
            entered.map_err(|problem| problem.document().code)
        };
        let first = enter("k", 1).unwrap();
        assert_eq!(enter("k", 1).unwrap_err(), "request.in_progress");
        assert_eq!(enter("k", 2).unwrap_err(), "request.idempotency");
        assert!(enter("other", 1).is_ok());
        drop(first);
        assert!(enter("k", 1).is_ok());
    }
}
