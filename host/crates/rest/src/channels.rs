//! Channels that the peer has joined: which, how far, under which configuration.

use ::channel::Resource;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use decoded::{ChannelConfig, Hex};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::ChannelPath;
use crate::problem::Problem;
use crate::query::{Path, Query};
use crate::{access, reading};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(config))
}

/// The channels of this peer.
#[derive(Serialize, ToSchema)]
struct ChannelList {
    /// Names, sorted.
    channels: Vec<String>,
}

/// How far a channel is on this peer, and who is in it.
#[derive(Serialize, ToSchema)]
struct ChannelInfo {
    /// The channel's name.
    channel: String,
    /// How many blocks are committed; the next one has this number.
    height: u64,
    /// Hash of the last block's header.
    last_block_hash: Hex,
    /// Hash of the header of the block before that one.
    #[serde(skip_serializing_if = "is_empty")]
    #[schema(nullable = false)]
    previous_block_hash: Hex,
    /// Hash over all validation codes and writes; equal on all peers that are equally far.
    #[serde(skip_serializing_if = "is_empty")]
    #[schema(nullable = false)]
    commit_hash: Hex,
    /// Number of the block with the configuration in force.
    config_block: u64,
    /// How many updates the configuration has seen.
    config_sequence: u64,
    /// MSP ids of the organisations that run chaincode.
    organizations: Vec<String>,
    /// Addresses of orderers.
    orderers: Vec<String>,
    /// Whether the channel has stopped on this peer by a failure; the node's log says why.
    stopped: bool,
}

fn is_empty(hash: &Hex) -> bool {
    hash.0.is_empty()
}

/// List channels.
#[utoipa::path(
    get,
    path = "/v1/channels",
    operation_id = "list_channels",
    tag = "Channels",
    responses((status = 200, description = "The channels that the peer has joined.", body = ChannelList)),
)]
async fn list(
    State(api): State<Api>,
    _caller: Caller,
    query: Query,
) -> Result<Json<ChannelList>, Problem> {
    query.end()?;
    let channels = api.parts.channels.ids();
    Ok(Json(ChannelList { channels }))
}

/// Show a channel.
///
/// Height, hashes and members. Needs what the channel's access rules ask for `qscc/GetChainInfo`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}",
    operation_id = "show_channel",
    tag = "Channels",
    params(ChannelPath),
    responses((status = 200, description = "The channel.", body = ChannelInfo)),
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<ChannelInfo>, Problem> {
    query.end()?;
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetChainInfo)?;
    let info = reading::read(&channel, ledger::PeerLedger::info).await?;
    let bundle = channel.bundle();
    let organizations = bundle.application().orgs.iter();
    let orderers = bundle.orderer_endpoints().into_iter();
    let hex = |bytes: Bytes| Hex(bytes);
    Ok(Json(ChannelInfo {
        channel: id,
        height: info.height,
        last_block_hash: hex(info.last_hash),
        previous_block_hash: hex(info.previous_hash),
        commit_hash: hex(info.commit_hash),
        config_block: info.last_config,
        config_sequence: bundle.sequence(),
        organizations: organizations.map(|org| org.msp_id.clone()).collect(),
        orderers: orderers.map(|endpoint| endpoint.address).collect(),
        stopped: channel.failed().is_cancelled(),
    }))
}

/// Show a channel's configuration.
///
/// The configuration in force, in short; the whole of it is in the block that `config_block` of the channel names. Needs
/// what the channel's access rules ask for `qscc/GetBlockByNumber`.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/config",
    operation_id = "show_channel_config",
    tag = "Channels",
    params(ChannelPath),
    responses((status = 200, description = "The configuration in force.", body = ChannelConfig)),
)]
async fn config(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<ChannelConfig>, Problem> {
    query.end()?;
    let channel = access::reader(&api, &caller, &id, Resource::QsccGetBlockByNumber)?;
    Ok(Json(ChannelConfig::of(&channel.bundle())))
}
