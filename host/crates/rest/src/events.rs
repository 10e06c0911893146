//! Streams of server-sent events: blocks, filtered blocks, and the events of one chaincode.
//!
//! Each event's id is the place behind which a reader goes on; browsers send it back by themselves as `Last-Event-ID` when
//! a connection breaks. A new stream says its place at once, so that nothing is lost before the first event either.

mod follow;
mod lease;
mod position;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ::channel::Resource;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use model::ErrorCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::{ChaincodePath, ChannelPath};
use crate::problem::Problem;
use crate::query::{Path, Query};
use crate::{accept, access};

use follow::{Follow, What};
use lease::Leased;
use position::Position;

/// How long a stream may be silent before a comment shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A reader that asks for nothing for so long, not even for those comments, has stopped reading.
const READER_PATIENCE: Duration = Duration::from_secs(60);
/// The header with which a reader goes on.
const LAST_EVENT_ID: &str = "last-event-id";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(blocks))
        .routes(routes!(filtered))
        .routes(routes!(chaincode))
}

/// Follow blocks.
///
/// An event `block` for each block, decoded as `GET …/blocks/{number}` shows it, beginning with the next one that is
/// committed. Its `id` is the block's number; a stream that begins with `Last-Event-ID: 17` goes on with block 18. A stream that
/// cannot go on ends with an event `problem`. Needs what the channel's access rules ask for `event/Block`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/events/blocks",
    operation_id = "follow_blocks",
    tag = "Events",
    params(
        ChannelPath,
        ("from" = Option<String>, Query, description = "Where to begin: `oldest`, `newest` (the last block there is), or a block's number, at most the height.", pattern = "^(oldest|newest|0|[1-9][0-9]{0,18})$", nullable = false),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event; counts before `from`.", pattern = "^(0|[1-9][0-9]{0,18})$", nullable = false),
    ),
    responses((status = 200, description = "Events without end.", body = String, content_type = "text/event-stream")),
)]
async fn blocks(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    stream(api, caller, &id, What::Blocks, query, &headers)
}

/// Follow filtered blocks.
///
/// As `…/events/blocks`, but an event `filtered_block` has only ids, types and codes of the transactions and the names of
/// their events. Needs what the channel's access rules ask for `event/FilteredBlock`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/events/filtered-blocks",
    operation_id = "follow_filtered_blocks",
    tag = "Events",
    params(
        ChannelPath,
        ("from" = Option<String>, Query, description = "Where to begin: `oldest`, `newest` (the last block there is), or a block's number, at most the height.", pattern = "^(oldest|newest|0|[1-9][0-9]{0,18})$", nullable = false),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event; counts before `from`.", pattern = "^(0|[1-9][0-9]{0,18})$", nullable = false),
    ),
    responses((status = 200, description = "Events without end.", body = String, content_type = "text/event-stream")),
)]
async fn filtered(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    stream(api, caller, &id, What::Filtered, query, &headers)
}

/// Follow a chaincode's events.
///
/// An event `chaincode_event` for each event of a valid transaction: block, transaction, name and payload. Its `id` is the
/// transaction's place, `BLOCK:INDEX`; an `id` without an event only says how far the stream is. Needs what the channel's
/// access rules ask for `gateway/ChaincodeEvents`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/events/chaincodes/{name}",
    operation_id = "follow_chaincode",
    tag = "Events",
    params(
        ChannelPath,
        ChaincodePath,
        ("from" = Option<String>, Query, description = "Where to begin: `oldest`, `newest` (the last block there is), or a block's number, at most the height.", pattern = "^(oldest|newest|0|[1-9][0-9]{0,18})$", nullable = false),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event; counts before `from`.", pattern = "^(0|[1-9][0-9]{0,18})(:(0|[1-9][0-9]{0,8}))?$", nullable = false),
    ),
    responses((status = 200, description = "Events without end.", body = String, content_type = "text/event-stream")),
)]
async fn chaincode(
    State(api): State<Api>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    stream(api, caller, &id, What::Chaincode(name), query, &headers)
}

fn stream(
    api: Api,
    caller: Caller,
    id: &str,
    what: What,
    mut query: Query,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let from = query.one("from")?;
    query.end()?;
    accept::choose(headers, &["text/event-stream"])?;
    let last = last_event_id(headers)?;
    let channel = access::reader(&api, &caller, id, what.resource())?;
    let height = channel.ledger().height();
    let position = Position::read(
        last.as_deref(),
        from.as_deref(),
        height,
        what.parts_blocks(),
    )?;
    let permit = Arc::clone(&api.streams).try_acquire_owned().map_err(|_| {
        let text = format!("{} streams are open already", api.config.event_streams_max);
        Problem::new(ErrorCode::EventsSlow, text)
    })?;
    let (stop, tasks) = (api.parts.stop.clone(), api.parts.tasks.clone());
    let resource = what.resource();
    let allowed = {
        let channel = channel.clone();
        move || {
            still_known(&api, &caller)?;
            access::authorize(&api, &caller, &channel, resource)
        }
    };
    let follow = Follow::new(channel, what, position, Box::new(allowed), stop);
    let events = Box::pin(futures::stream::unfold(follow, Follow::step));
    let events = Leased::new(events, permit, READER_PATIENCE, &tasks);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}

/// Whether the credential that opened a stream is still in force.
fn still_known(api: &Api, caller: &Caller) -> Result<(), Problem> {
    let now_s = api.now_s();
    let known = (api.parts.credentials)()
        .iter()
        .any(|one| one.name == caller.credential && one.expires_at.is_none_or(|end| now_s < end));
    known.then_some(()).ok_or_else(|| {
        let text = "the credential that opened the stream is revoked or has expired";
        Problem::new(ErrorCode::AuthInvalid, text)
    })
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut stated = headers.get_all(LAST_EVENT_ID).iter();
    let Some(first) = stated.next() else {
        return Ok(None);
    };
    let text = first.to_str().ok().filter(|_| stated.next().is_none());
    let text =
        text.ok_or_else(|| Problem::invalid("Last-Event-ID is no text, or is given twice"))?;
    Ok(Some(text.to_owned()))
}

impl What {
    fn resource(&self) -> Resource {
        match self {
            Self::Blocks => Resource::EventBlock,
            Self::Filtered => Resource::EventFilteredBlock,
            Self::Chaincode(_) => Resource::GatewayChaincodeEvents,
        }
    }

    /// Whether an event is less than a block.
    fn parts_blocks(&self) -> bool {
        matches!(self, Self::Chaincode(_))
    }
}
