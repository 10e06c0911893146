//! `cscc`: joining channels, and what a peer says of their configuration; as Fabric's `core/scc/cscc`.

use ::channel::{Bundle, Resource};
use bytes::Bytes;
use model::Block;
use prost::Message as _;
use proto::protos::{ChannelInfo, ChannelQueryResponse, Response};

use super::{failure, success};
use crate::Error;
use crate::check::Request;
use crate::endorser::Inner;

/// What comes of a call.
pub(crate) enum Reply {
    /// An answer.
    Response(Response),
    /// The caller may have this peer join the channel of this block.
    Join(Box<Block>),
}

/// Answers one call: function, and mostly a second argument.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn invoke(inner: &Inner, request: &Request) -> Result<Reply, Error> {
    let args = &request.proposal.input.args;
    let wrong_count = || failure(format!("Incorrect number of arguments, {}", args.len()));
    let Some(function) = args.first() else {
        return Ok(Reply::Response(wrong_count()));
    };
    let function = String::from_utf8_lossy(function);
    if function == "GetChannels" {
        return Ok(Reply::Response(channels(inner, request)));
    }
    let Some(argument) = args.get(1) else {
        return Ok(Reply::Response(wrong_count()));
    };
    Ok(match function.as_ref() {
        "JoinChain" => join(inner, request, argument),
        "GetConfigBlock" => Reply::Response(config_block(inner, request, argument)?),
        "GetChannelConfig" => Reply::Response(channel_config(inner, request, argument)),
        _ => Reply::Response(failure(format!("Requested function {function} not found."))),
    })
}

fn join(inner: &Inner, request: &Request, block: &Bytes) -> Reply {
    let refused = |reason: String| Reply::Response(failure(reason));
    let block = match Block::decode(block.clone()) {
        Ok(block) => block,
        Err(error) => {
            return refused(format!("Failed to reconstruct the genesis block, {error}"));
        }
    };
    let bundle = match Bundle::from_block(&block, inner.access.local_msps().memo()) {
        Ok(bundle) => bundle,
        Err(error) => {
            return refused(format!(
                "\"JoinChain\" request failed because of validation of configuration block, because of {error}"
            ));
        }
    };
    let resource = Resource::CsccJoinChain.name();
    if let Err(reason) = inner.access.check_in(resource, "", None, &request.caller) {
        let channel = bundle.channel_id();
        return refused(format!(
            "access denied for [JoinChain][{channel}]: [{reason}]"
        ));
    }
    Reply::Join(Box::new(block))
}

fn channels(inner: &Inner, request: &Request) -> Response {
    let resource = Resource::CsccGetChannels.name();
    if let Err(reason) = inner.access.check_in(resource, "", None, &request.caller) {
        return failure(format!("access denied for [GetChannels]: {reason}"));
    }
    let ids = inner.channels().ids().into_iter();
    let channels = ChannelQueryResponse {
        channels: ids.map(|channel_id| ChannelInfo { channel_id }).collect(),
    };
    success(channels.encode_to_vec())
}

/// The channel that an argument names, if the caller may use the resource there.
fn permitted(
    inner: &Inner,
    request: &Request,
    resource: Resource,
    argument: &Bytes,
) -> Result<joined::Channel, Response> {
    let id = String::from_utf8_lossy(argument);
    let checked = inner.access.check(resource.name(), &id, &request.caller);
    checked.map_err(|reason| {
        let function = resource.name().rsplit('/').next().unwrap_or_default();
        failure(format!("access denied for [{function}][{id}]: {reason}"))
    })?;
    let unknown = || failure(format!("Unknown chain ID, {id}"));
    inner.channels().get(&id).ok_or_else(unknown)
}

fn config_block(inner: &Inner, request: &Request, argument: &Bytes) -> Result<Response, Error> {
    let channel = match permitted(inner, request, Resource::CsccGetConfigBlock, argument) {
        Ok(channel) => channel,
        Err(refusal) => return Ok(refusal),
    };
    let number = channel.ledger().info()?.last_config;
    Ok(match channel.ledger().block_bytes(number)? {
        Some(block) => success(block.into()),
        None => failure(format!("no such block number [{number}] in index")),
    })
}

fn channel_config(inner: &Inner, request: &Request, argument: &Bytes) -> Response {
    if argument.is_empty() {
        return failure("empty channel name provided");
    }
    match permitted(inner, request, Resource::CsccGetChannelConfig, argument) {
        Ok(channel) => success(channel.bundle().config().encode_to_vec()),
        Err(refusal) => refusal,
    }
}
