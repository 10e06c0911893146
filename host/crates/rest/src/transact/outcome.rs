//! How a transaction ended, and the answer that says so.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use decoded::Text;
use joined::{Channel, Committed, Waiter};
use model::{ErrorCode, TxId, TxValidationCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::Prepared;
use crate::api::Api;
use crate::problem::Problem;
use crate::reading::{read, stopped};

/// A transaction that was ordered, and is not known to be invalid.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is in a block, and valid.
    Valid {
        tx_id: TxId,
        block: u64,
        result: Bytes,
    },
    /// It is not in a block of this peer yet.
    Pending { tx_id: TxId, channel_id: String },
}

/// A transaction that is in a block, and valid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submitted)]
pub(crate) struct ValidAnswer {
    /// Its id.
    #[schema(min_length = 64, max_length = 64)]
    tx_id: String,
    /// The number of its block.
    block: u64,
    /// Always `VALID`: any other is a problem.
    #[schema(example = "VALID")]
    code: &'static str,
    /// What the chaincode answered.
    result: Text,
}

/// A transaction that was ordered, and is not in a block of this peer yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pending)]
pub(crate) struct PendingAnswer {
    /// Its id.
    #[schema(min_length = 64, max_length = 64)]
    tx_id: String,
    /// Always `pending`.
    #[schema(example = "pending")]
    state: &'static str,
    /// Where to ask how it ended.
    status_url: String,
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::Valid {
                tx_id,
                block,
                result,
            } => axum::Json(ValidAnswer {
                tx_id: tx_id.into(),
                block,
                code: model::codes::name(TxValidationCode::Valid),
                result: Text(result),
            })
            .into_response(),
            Self::Pending { tx_id, channel_id } => {
                let status_url = format!("/v1/channels/{channel_id}/transactions/{tx_id}/status");
                let location = [(LOCATION, status_url.clone())];
                let answer = PendingAnswer {
                    tx_id: tx_id.into(),
                    state: "pending",
                    status_url,
                };
                (StatusCode::ACCEPTED, location, axum::Json(answer)).into_response()
            }
        }
    }
}

/// Begins to wait for a transaction. Do it before the transaction can be committed.
///
/// # Errors
/// `node.busy`: too many wait already.
pub(crate) fn waiter(channel: &Channel, tx_id: &TxId) -> Result<Waiter, Problem> {
    let waiter = channel.waiters().wait(tx_id.clone());
    waiter.map_err(|error| Problem::new(ErrorCode::NodeBusy, error.to_string()))
}

/// Waits until the transaction is in a block; `None` when `patience` is over, or the node stops.
///
/// # Errors
/// `channel.stopped`: no block will be committed any more.
pub(crate) async fn wait(
    api: &Api,
    channel: &Channel,
    waiter: Waiter,
    patience: Duration,
) -> Result<Option<Committed>, Problem> {
    let failed = channel.failed().clone();
    tokio::select! {
        biased;
        committed = waiter.committed() => Ok(committed),
        () = failed.cancelled() => Err(stopped()),
        () = api.parts.stop.cancelled() => Ok(None),
        () = tokio::time::sleep(patience) => Ok(None),
    }
}

/// Looks a transaction up in the ledger.
pub(crate) async fn look_up(channel: &Channel, tx_id: &TxId) -> Result<Option<Committed>, Problem> {
    let id = tx_id.clone();
    let found = read(channel, move |ledger| ledger.tx(id.as_str())).await?;
    Ok(found.map(|location| Committed {
        block: location.block,
        code: location.code,
    }))
}

/// The chaincode's answer in a committed transaction.
pub(super) async fn stored_result(channel: &Channel, tx_id: &TxId) -> Result<Bytes, Problem> {
    let id = tx_id.clone();
    let entry = read(channel, move |ledger| {
        let Some(location) = ledger.tx(id.as_str())? else {
            return Ok(None);
        };
        let index = usize::try_from(location.tx).unwrap_or(usize::MAX);
        let block = ledger.block(location.block)?;
        Ok(block.and_then(|block| block.data.get(index).cloned()))
    });
    let prepared = entry.await?.map(|entry| Prepared::of_entry(&entry));
    match prepared {
        Some(Ok(prepared)) => Ok(prepared.result),
        Some(Err(_)) | None => Err(Problem::new(
            ErrorCode::NodeBroken,
            "the transaction is in a block, but its result cannot be read",
        )),
    }
}

/// What a commit means to the caller.
///
/// # Errors
/// `commit.*`: the transaction is invalid.
pub(super) fn judge(tx_id: TxId, committed: Committed, result: Bytes) -> Result<Outcome, Problem> {
    let Committed { block, code } = committed;
    if code == TxValidationCode::Valid {
        return Ok(Outcome::Valid {
            tx_id,
            block,
            result,
        });
    }
    Err(Problem::not_valid(&tx_id, block, code))
}
