//! Blocks: one by its number, or many in their order.

use ::channel::Resource;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use decoded::Block;
use joined::Channel;
use ledger::PeerLedger;
use model::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::{BlockPath, ChannelPath};
use crate::problem::Problem;
use crate::query::{self, Path, Query};
use crate::{accept, access, reading};

/// Blocks in one answer.
const LIMIT_MAX: u64 = 100;
/// Blocks in one answer if the caller does not say how many.
const LIMIT_DEFAULT: u64 = 10;
/// No further block is put into an answer that has so many bytes of encoded blocks.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// The largest number that every reader of JSON keeps exactly; what the document says of block numbers.
const NUMBER_MAX: u64 = (1 << 53) - 1;
/// As many digits as the document says that a bookmark has.
const BOOKMARK_MAX: u64 = 9_999_999_999_999_999;

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
}

/// Some blocks, in their order.
#[derive(Serialize, ToSchema)]
struct BlockList {
    blocks: Vec<Block>,
    /// Where the next answer begins; missing when no further block is committed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bookmark: Option<String>,
}

/// List blocks.
///
/// In ascending order. Ask again with `bookmark` for those that follow. Needs what the channel's access rules ask for
/// `qscc/GetBlockByNumber`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/blocks",
    operation_id = "list_blocks",
    tag = "Blocks",
    params(
        ChannelPath,
        ("from" = Option<u64>, Query, description = "Number of the first block; 0 if missing.", minimum = 0, maximum = 9_007_199_254_740_991_u64, nullable = false),
        ("limit" = Option<u64>, Query, description = "How many blocks at most; 10 if missing.", minimum = 1, maximum = 100, nullable = false),
        ("bookmark" = Option<String>, Query, description = "From the answer before; not together with `from`.", pattern = "^(0|[1-9][0-9]{0,15})$", nullable = false),
    ),
    responses((status = 200, description = "The blocks.", body = BlockList)),
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut query: Query,
) -> Result<Json<BlockList>, Problem> {
    let from = query.number("from", 0..=NUMBER_MAX)?;
    let limit = query.number("limit", 1..=LIMIT_MAX)?;
    let bookmark = query.number("bookmark", 0..=BOOKMARK_MAX)?;
    query.end()?;
    if from.is_some() && bookmark.is_some() {
        return Err(Problem::invalid("'from' and 'bookmark' exclude each other"));
    }
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetBlockByNumber)?;
    let from = from.or(bookmark).unwrap_or_default();
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    let list = reading::read(&channel, move |ledger| blocks(ledger, from, limit)).await?;
    Ok(Json(list))
}

fn blocks(ledger: &PeerLedger, from: u64, limit: u64) -> Result<BlockList, ledger::Error> {
    let height = ledger.height();
    let end = from.saturating_add(limit).min(height);
    let (mut blocks, mut bytes, mut next) = (Vec::new(), 0, from);
    while next < end && bytes < BYTES_MAX {
        let Some(block) = ledger.block(next)? else {
            break;
        };
        bytes += block.data.iter().map(bytes::Bytes::len).sum::<usize>();
        blocks.push(Block::new(&block));
        next += 1;
    }
    let bookmark = (next < height && next > from).then(|| next.to_string());
    Ok(BlockList { blocks, bookmark })
}

/// Show a block.
///
/// As JSON, or with `Accept: application/octet-stream` as the encoded `common.Block`. Needs what the channel's access rules
/// ask for `qscc/GetBlockByNumber`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/blocks/{number}",
    operation_id = "show_block",
    tag = "Blocks",
    params(ChannelPath, BlockPath),
    responses((
        status = 200,
        description = "The block.",
        content((Block = "application/json"), (inline(crate::document::Octets) = "application/octet-stream")),
    )),
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((id, number)): Path<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.end()?;
    let form = accept::choose(&headers, &[JSON, OCTETS])?;
    let wanted = match number.as_str() {
        "newest" => None,
        number => Some(query::number("number", number, 0..=u64::MAX)?),
    };
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetBlockByNumber)?;
    let height = channel.ledger().height();
    let wanted = wanted.unwrap_or(height.saturating_sub(1));
    let missing = || missing(wanted, height);
    if form == OCTETS {
        let bytes = reading::read(&channel, move |ledger| ledger.block_bytes(wanted)).await?;
        let bytes = bytes.ok_or_else(missing)?;
        return Ok(([(CONTENT_TYPE, OCTETS)], bytes).into_response());
    }
    let block = decoded(&channel, wanted).await?.ok_or_else(missing)?;
    Ok(Json(block).into_response())
}

async fn decoded(channel: &Channel, number: u64) -> Result<Option<Block>, Problem> {
    let look = move |ledger: &PeerLedger| Ok(ledger.block(number)?.as_ref().map(Block::new));
    reading::read(channel, look).await
}

fn missing(number: u64, height: u64) -> Problem {
    let text = format!("there is no block {number}: the channel has {height} blocks on this peer");
    Problem::new(ErrorCode::BlockNotFound, text)
}
