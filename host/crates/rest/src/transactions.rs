//! Transactions: what is in one, and how it ended.

use std::time::Duration;

use ::channel::Resource;
use axum::Json;
use axum::extract::State;
use decoded::{Explanation, Located};
use inspect::Which;
use joined::{Channel, Committed};
use ledger::PeerLedger;
use model::{ErrorCode, TxId, TxValidationCode, codes};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::{ChannelPath, TransactionPath};
use crate::problem::Problem;
use crate::query::{Path, Query};
use crate::transact::{look_up, wait, waiter};
use crate::{access, reading};

/// The longest that a call for a transaction's status waits, in milliseconds.
const WAIT_MS_MAX: u64 = 60_000;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(show))
        .routes(routes!(status))
        .routes(routes!(explanation))
}

/// How a transaction ended on this peer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TransactionStatus {
    /// The transaction.
    pub(crate) tx_id: String,
    /// Whether it is in a block, and whether it has an effect.
    pub(crate) state: State_,
    /// The block that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    block: Option<u64>,
    /// Its validation code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'static str>,
    /// The code in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    meaning: Option<&'static str>,
}

/// Whether a transaction is in a block, and whether it has an effect.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TransactionState)]
pub(crate) enum State_ {
    /// It is in no block of this peer.
    Pending,
    /// It is in a block and has an effect.
    Valid,
    /// It is in a block and has no effect.
    Invalid,
}

impl TransactionStatus {
    fn new(tx_id: &TxId, committed: Option<Committed>) -> Self {
        let code = committed.map(|committed| committed.code);
        Self {
            tx_id: tx_id.to_string(),
            state: match code {
                None => State_::Pending,
                Some(TxValidationCode::Valid) => State_::Valid,
                Some(_) => State_::Invalid,
            },
            block: committed.map(|committed| committed.block),
            code: code.map(codes::name),
            meaning: code.map(codes::words),
        }
    }
}

/// Show a transaction.
///
/// Everything that is in it: creator, call, endorsers, read-write set, event, and its validation code in words. Needs what
/// the channel's access rules ask for `qscc/GetTransactionByID`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/transactions/{tx_id}",
    operation_id = "show_transaction",
    tag = "Transactions",
    params(ChannelPath, TransactionPath),
    responses((status = 200, description = "The transaction.", body = Located)),
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((id, tx_id)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Located>, Problem> {
    query.end()?;
    let tx_id = parse(&tx_id)?;
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetTransactionById)?;
    let wanted = tx_id.clone();
    let found = reading::read(&channel, move |ledger| located(ledger, &wanted)).await?;
    found.map(Json).ok_or_else(|| {
        let text = "the ledger of this peer holds no transaction of this id";
        Problem::new(ErrorCode::TransactionNotFound, text).about(tx_id.as_str())
    })
}

fn located(ledger: &PeerLedger, tx_id: &TxId) -> Result<Option<Located>, ledger::Error> {
    let Some(location) = ledger.tx(tx_id.as_str())? else {
        return Ok(None);
    };
    let block = ledger.block(location.block)?;
    Ok(block.and_then(|block| Located::new(tx_id.as_str(), &block)))
}

/// Explain a transaction.
///
/// Its validation code in words, what to do next, and the cause: which key was read at which version and which transaction
/// has changed it since; which leaf of a policy lacks whose signature; which key a range has gained or lost; which part of
/// the transaction breaks which rule. Of a valid transaction, what it wrote. Needs what the channel's access rules ask for
/// `qscc/GetTransactionByID`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/transactions/{tx_id}/explanation",
    operation_id = "explain_transaction",
    tag = "Transactions",
    params(ChannelPath, TransactionPath),
    responses((status = 200, description = "The explanation.", body = Explanation)),
)]
async fn explanation(
    State(api): State<Api>,
    caller: Caller,
    Path((id, tx_id)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Explanation>, Problem> {
    query.end()?;
    let tx_id = parse(&tx_id)?;
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetTransactionById)?;
    let which = Which::Id(tx_id.to_string());
    let found = reading::blocking(move || inspect::explain(&channel, &which)).await?;
    found
        .map(Json)
        .map_err(|error| reading::problem(error).about(tx_id.as_str()))
}

/// Show how a transaction ended.
///
/// With `wait_ms` the answer comes when the transaction is committed on this peer, or when the time is over. A
/// transaction that this peer has not seen in a block is `pending`, whether or not anybody has sent it. Needs what the
/// channel's access rules ask for `gateway/CommitStatus`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/transactions/{tx_id}/status",
    operation_id = "show_transaction_status",
    tag = "Transactions",
    params(
        ChannelPath,
        TransactionPath,
        ("wait_ms" = Option<u64>, Query, description = "How long to wait for the commit, in milliseconds; 0 if missing.", minimum = 0, maximum = 60_000, nullable = false),
    ),
    responses((status = 200, description = "How it stands with the transaction.", body = TransactionStatus)),
)]
async fn status(
    State(api): State<Api>,
    caller: Caller,
    Path((id, tx_id)): Path<(String, String)>,
    mut query: Query,
) -> Result<Json<TransactionStatus>, Problem> {
    let wait_ms = query.number("wait_ms", 0..=WAIT_MS_MAX)?.unwrap_or(0);
    query.end()?;
    let tx_id = parse(&tx_id)?;
    let channel = access::reader(&api, &caller, &id, Resource::GatewayCommitStatus)?;
    let committed = match wait_ms {
        0 => look_up(&channel, &tx_id).await?,
        _ => wait_for(&api, &channel, &tx_id, Duration::from_millis(wait_ms)).await?,
    };
    Ok(Json(TransactionStatus::new(&tx_id, committed)))
}

fn parse(tx_id: &str) -> Result<TxId, Problem> {
    TxId::parse(tx_id).map_err(|error| Problem::invalid(error.to_string()))
}

/// How the transaction ended; nothing if it has not when the patience is over.
async fn wait_for(
    api: &Api,
    channel: &Channel,
    tx_id: &TxId,
    patience: Duration,
) -> Result<Option<Committed>, Problem> {
    // First the waiter, then the index: a commit between the two is seen by the waiter.
    let waiter = waiter(channel, tx_id)?;
    match look_up(channel, tx_id).await? {
        Some(found) => Ok(Some(found)),
        None => wait(api, channel, waiter, patience).await,
    }
}
