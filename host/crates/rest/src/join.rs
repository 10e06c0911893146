//! Joining a channel.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use model::{Block, Envelope, ErrorCode, Payload};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document;
use crate::limits::Octets;
use crate::peer_client::ask;
use crate::problem::Problem;
use crate::query::NoQuery;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(join_channel))
}

/// A channel that the peer has joined.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JoinedChannel)]
struct Joined {
    /// The channel's name.
    channel: String,
}

/// Join a channel.
///
/// The body is the channel's genesis block. The identity must be an administrator of the peer's organisation.
#[utoipa::path(
    post,
    path = "/v1/channels",
    tag = "Channels",
    operation_id = "join_channel",
    request_body(content = inline(document::Octets), content_type = "application/octet-stream", description = "The genesis block, an encoded `common.Block`."),
    responses(
        (status = 201, description = "Joined.", body = Joined,
            headers(("Location" = String, description = "The channel."))),
    )
)]
async fn join_channel(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Octets(held): Octets,
) -> Result<Response, Problem> {
    let identity = caller.identity()?.clone();
    let channel = channel_of(&held.bytes).ok_or_else(|| {
        let text = "the body is not a genesis block: it does not decode, or names no channel";
        Problem::new(ErrorCode::ChannelGenesis, text)
    })?;
    let joining = api.clone();
    let done = async move {
        let args = vec![Bytes::from_static(b"JoinChain"), held.bytes.clone()];
        ask(&joining, &identity, "", "cscc", args).await
    };
    api.to_the_end(done).await?;
    let location = [(LOCATION, format!("/v1/channels/{channel}"))];
    Ok((
        StatusCode::CREATED,
        location,
        axum::Json(Joined { channel }),
    )
        .into_response())
}

/// The channel that a block's first entry names.
fn channel_of(block: &Bytes) -> Option<String> {
    let block = Block::decode(block.clone()).ok()?;
    let envelope = Envelope::decode(block.data.first()?).ok()?;
    let payload = Payload::parse(&envelope.payload).ok()?;
    let id = payload.channel_header.message.channel_id;
    model::ChannelId::parse(&id).ok()?;
    Some(id)
}
