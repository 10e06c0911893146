//! `weft.v1.Inspect` on the wire.

use std::sync::Arc;

use ::channel::Resource;
use bytes::Bytes;
use joined::{Channel, Channels};
use model::{ErrorCode, Version};
use prost::Message;
use prost_types::Timestamp;
use proto::weft::explain_request::Transaction;
use proto::weft::range_request;
use proto::weft::{
    ClockRequest, ClockResponse, DigestRequest, DigestResponse, ExplainRequest, ExplainResponse,
    HistoryRequest, HistoryResponse, KeyChange, RangeRequest, RangeResponse, SignedRequest,
    StateEntry, StateRequest,
};
use services::weft::inspect_server;
use services::with_code;
use tokio::sync::Semaphore;
use tonic::{Code, Request, Response, Status};
use tracing::warn;

use crate::{
    Config, Entry, Error, Keys, PAGE_LIMIT_DEFAULT, Page, Which, authorize, digest, explain, find,
    history, identify, range, state,
};

/// Gives the time.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// Serves what a peer's ledgers say to callers that sign their requests. Cheap to clone.
#[derive(Clone)]
pub struct Inspect {
    config: Arc<Config>,
    channels: Channels,
    clock: Arc<Clock>,
    reads: Arc<Semaphore>,
}

/// The fields with which each request begins.
trait Begins: Message + Default {
    const RPC: &'static str;
    /// Channel, identity, time, rpc.
    fn beginning(&self) -> (&str, &Bytes, i64, &str);
}

macro_rules! begins {
    ($($message:ident $rpc:literal;)*) => {$(
        impl Begins for $message {
            const RPC: &'static str = $rpc;
            fn beginning(&self) -> (&str, &Bytes, i64, &str) {
                (&self.channel_id, &self.identity, self.sent_at_ms, &self.rpc)
            }
        }
    )*};
}

begins! {
    DigestRequest "Digest";
    StateRequest "State";
    RangeRequest "Range";
    HistoryRequest "History";
    ExplainRequest "Explain";
}

impl Inspect {
    /// Serves these channels; `clock` is the node's.
    #[must_use]
    pub fn new(config: Config, channels: Channels, clock: Arc<Clock>) -> Self {
        let reads = Arc::new(Semaphore::new(config.reads_max));
        Self {
            config: Arc::new(config),
            channels,
            clock,
            reads,
        }
    }

    /// Opens a request and checks its time, its signature and its sender's right.
    fn open<R: Begins>(
        &self,
        signed: &SignedRequest,
        resource: Resource,
    ) -> Result<(Channel, R), Error> {
        let request = R::decode(signed.request.clone()).map_err(|error| {
            let text = format!("the request does not decode: {error}");
            Error::refused(ErrorCode::RequestProtobuf, text)
        })?;
        let (channel, identity, sent_at_ms, rpc) = request.beginning();
        if rpc != R::RPC {
            let text = format!("the request is for {rpc:?}, not for {:?}", R::RPC);
            return Err(Error::refused(ErrorCode::RequestInvalid, text));
        }
        let now = (self.clock)();
        self.check_time(sent_at_ms, &now)?;
        let channel = find(&self.channels, channel)?;
        let sender = identify(&channel.bundle(), identity, now.seconds)?;
        sender
            .verify(&signed.request, &signed.signature)
            .map_err(|error| Error::refused(ErrorCode::RequestSignature, error.to_string()))?;
        authorize(&channel, identity, resource, now.seconds)?;
        Ok((channel, request))
    }

    fn check_time(&self, sent_at_ms: i64, now: &Timestamp) -> Result<(), Error> {
        let apart_s = sent_at_ms.abs_diff(millis(now)) / 1_000;
        if apart_s <= self.config.time_window_s {
            return Ok(());
        }
        Err(Error::refused(
            ErrorCode::RequestClock,
            format!("the request's time is {apart_s} s apart from this node's clock"),
        ))
    }

    /// Checks a request and answers it on a thread that may be blocked, if not too many are being answered.
    async fn serve<R: Begins + 'static, T: Send + 'static>(
        &self,
        signed: Request<SignedRequest>,
        resource: Resource,
        answer: impl FnOnce(&Channel, R) -> Result<T, Error> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let permit = self.reads.clone().try_acquire_owned().map_err(|_| {
            let text = format!("{} reads are running already", self.config.reads_max);
            status(&Error::refused(ErrorCode::NodeBusy, text))
        })?;
        let (inspect, signed) = (self.clone(), signed.into_inner());
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let (channel, request) = inspect.open(&signed, resource)?;
            answer(&channel, request)
        });
        let done = done.await.unwrap_or_else(|error| {
            Err(Error::Ledger {
                code: ErrorCode::NodeBroken,
                source: error.into(),
            })
        });
        done.map(Response::new).map_err(|error| status(&error))
    }
}

#[tonic::async_trait]
impl inspect_server::Inspect for Inspect {
    async fn digest(
        &self,
        signed: Request<SignedRequest>,
    ) -> Result<Response<DigestResponse>, Status> {
        self.serve(signed, Resource::QsccGetChainInfo, |channel, request| {
            let DigestRequest { .. } = request;
            let found = digest(channel)?;
            Ok(DigestResponse {
                height: found.height,
                block_hash: found.block_hash.into(),
                commit_hash: found.commit_hash.into(),
                state_sha256: found.state_sha256.to_vec().into(),
            })
        })
        .await
    }

    async fn state(&self, signed: Request<SignedRequest>) -> Result<Response<StateEntry>, Status> {
        self.serve(
            signed,
            Resource::QsccGetBlockByNumber,
            |channel, request| {
                let StateRequest { chaincode, key, .. } = request;
                state(channel, &chaincode, &key).map(entry)
            },
        )
        .await
    }

    async fn range(
        &self,
        signed: Request<SignedRequest>,
    ) -> Result<Response<RangeResponse>, Status> {
        self.serve(
            signed,
            Resource::QsccGetBlockByNumber,
            |channel, request: RangeRequest| {
                let (chaincode, limit) = (request.chaincode, limit(request.limit));
                let keys = keys(request.keys);
                let bookmark = bookmark(&request.bookmark);
                let page = range(channel, &chaincode, &keys, limit, bookmark)?;
                Ok(RangeResponse {
                    height: page.height,
                    bookmark: page.bookmark.unwrap_or_default(),
                    entries: page.entries.into_iter().map(entry).collect(),
                })
            },
        )
        .await
    }

    async fn history(
        &self,
        signed: Request<SignedRequest>,
    ) -> Result<Response<HistoryResponse>, Status> {
        self.serve(
            signed,
            Resource::QsccGetBlockByNumber,
            |channel, request: HistoryRequest| {
                let (chaincode, limit) = (request.chaincode, limit(request.limit));
                let bookmark = bookmark(&request.bookmark);
                let page: Page<_> = history(channel, &chaincode, &request.key, limit, bookmark)?;
                Ok(HistoryResponse {
                    height: page.height,
                    bookmark: page.bookmark.unwrap_or_default(),
                    changes: page.entries.into_iter().map(change).collect(),
                })
            },
        )
        .await
    }

    async fn explain(
        &self,
        signed: Request<SignedRequest>,
    ) -> Result<Response<ExplainResponse>, Status> {
        self.serve(
            signed,
            Resource::QsccGetTransactionById,
            |channel, request: ExplainRequest| {
                let explanation = explain(channel, &which(request)?)?;
                let json = serde_json::to_vec(&explanation).map_err(|error| Error::Ledger {
                    code: ErrorCode::NodeBroken,
                    source: error.into(),
                })?;
                Ok(ExplainResponse {
                    explanation: json.into(),
                })
            },
        )
        .await
    }

    async fn clock(&self, _: Request<ClockRequest>) -> Result<Response<ClockResponse>, Status> {
        Ok(Response::new(ClockResponse {
            now_ms: millis(&(self.clock)()),
            version: self.config.version.clone(),
        }))
    }
}

fn millis(time: &Timestamp) -> i64 {
    let whole = time.seconds.saturating_mul(1_000);
    whole.saturating_add(i64::from(time.nanos) / 1_000_000)
}

/// More than fits is as wrong as too much.
fn limit(limit: u32) -> usize {
    match limit {
        0 => PAGE_LIMIT_DEFAULT,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    }
}

fn bookmark(bookmark: &str) -> Option<&str> {
    Some(bookmark).filter(|bookmark| !bookmark.is_empty())
}

fn keys(keys: Option<range_request::Keys>) -> Keys {
    match keys {
        None => Keys::Prefix(String::new()),
        Some(range_request::Keys::Range(range)) => Keys::Range {
            start: range.start,
            end: range.end,
        },
        Some(range_request::Keys::Prefix(prefix)) => Keys::Prefix(prefix),
        Some(range_request::Keys::Composite(composite)) => Keys::Composite {
            object_type: composite.object_type,
            attributes: composite.attributes,
        },
    }
}

fn which(request: ExplainRequest) -> Result<Which, Error> {
    match request.transaction {
        Some(Transaction::TxId(tx_id)) => Ok(Which::Id(tx_id)),
        Some(Transaction::Place(place)) => Ok(Which::Place(Version {
            block: place.block,
            tx: place.tx,
        })),
        None => Err(Error::refused(
            ErrorCode::RequestInvalid,
            "neither a transaction's id nor its place is given",
        )),
    }
}

fn entry(entry: Entry) -> StateEntry {
    StateEntry {
        key: entry.key,
        value: entry.value,
        block: entry.version.block,
        tx: entry.version.tx,
    }
}

fn change(change: rwset::KeyModification) -> KeyChange {
    KeyChange {
        tx_id: change.tx_id,
        block: change.version.block,
        tx: change.version.tx,
        is_delete: change.is_delete,
        value: change.value,
        timestamp: change.timestamp,
    }
}

/// What the caller gets. Causes inside this peer go to the log.
fn status(error: &Error) -> Status {
    if let Error::Ledger { source, .. } = error {
        warn!(error = %source, "a ledger could not be read for a caller");
    }
    let code = error.code();
    let grpc = match code {
        ErrorCode::ChannelNotFound
        | ErrorCode::ChaincodeNotFound
        | ErrorCode::StateNotFound
        | ErrorCode::TransactionNotFound => Code::NotFound,
        ErrorCode::NodeBusy => Code::ResourceExhausted,
        ErrorCode::NodeUnavailable | ErrorCode::ChannelStopped => Code::Unavailable,
        ErrorCode::NodeBroken => Code::Internal,
        _ if matches!(code.http_status(), 401 | 403) => Code::PermissionDenied,
        _ => Code::InvalidArgument,
    };
    with_code(Status::new(grpc, error.to_string()), code.name())
}
