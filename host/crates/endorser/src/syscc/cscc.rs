//! `cscc`: joining channels, and what a peer says of their configuration; as Fabric's `core/scc/cscc`.

use ::channel::{Bundle, Resource};
use bytes::Bytes;
use lifecycle::scc::Answer;
use model::{Block, ErrorCode};
use prost::Message as _;
use proto::protos::{ChannelInfo, ChannelQueryResponse};

use crate::Error;
use crate::check::Request;
use crate::endorser::Inner;

/// What comes of a call.
pub(crate) enum Reply {
    /// An answer.
    Answer(Answer),
    /// The caller may have this peer join the channel of this block.
    Join(Box<Block>),
}

/// Answers one call: function, and mostly a second argument.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn invoke(inner: &Inner, request: &Request) -> Result<Reply, Error> {
    let args = &request.proposal.input.args;
    let wrong_count = || {
        let text = format!("Incorrect number of arguments, {}", args.len());
        Answer::failure(ErrorCode::ChaincodeArguments, text)
    };
    let Some(function) = args.first() else {
        return Ok(Reply::Answer(wrong_count()));
    };
    let function = String::from_utf8_lossy(function);
    if function == "GetChannels" {
        return Ok(Reply::Answer(channels(inner, request)));
    }
    let Some(argument) = args.get(1) else {
        return Ok(Reply::Answer(wrong_count()));
    };
    Ok(match function.as_ref() {
        "JoinChain" => join(inner, request, argument),
        "GetConfigBlock" => Reply::Answer(config_block(inner, request, argument)?),
        "GetChannelConfig" => Reply::Answer(channel_config(inner, request, argument)),
        _ => Reply::Answer(Answer::failure(
            ErrorCode::ChaincodeFunction,
            format!("Requested function {function} not found."),
        )),
    })
}

fn join(inner: &Inner, request: &Request, block: &Bytes) -> Reply {
    let refused = |code, reason: String| Reply::Answer(Answer::failure(code, reason));
    let block = match Block::decode(block.clone()) {
        Ok(block) => block,
        Err(error) => {
            return refused(
                ErrorCode::ChannelGenesis,
                format!("Failed to reconstruct the genesis block, {error}"),
            );
        }
    };
    let bundle = match Bundle::from_block(&block, inner.access.local_msps().memo()) {
        Ok(bundle) => bundle,
        Err(error) => {
            return refused(
                ErrorCode::ChannelGenesis,
                format!(
                    "\"JoinChain\" request failed because of validation of configuration block, because of {error}"
                ),
            );
        }
    };
    let resource = Resource::CsccJoinChain.name();
    if let Err(reason) = inner.access.check_in(resource, "", None, &request.caller) {
        let channel = bundle.channel_id();
        let text = format!("access denied for [JoinChain][{channel}]: [{reason}]");
        return refused(reason.code, text);
    }
    Reply::Join(Box::new(block))
}

fn channels(inner: &Inner, request: &Request) -> Answer {
    let resource = Resource::CsccGetChannels.name();
    if let Err(reason) = inner.access.check_in(resource, "", None, &request.caller) {
        let text = format!("access denied for [GetChannels]: {reason}");
        return Answer::failure(reason.code, text);
    }
    let ids = inner.channels().ids().into_iter();
    let channels = ChannelQueryResponse {
        channels: ids.map(|channel_id| ChannelInfo { channel_id }).collect(),
    };
    Answer::success(channels.encode_to_vec())
}

/// The channel that an argument names, if the caller may use the resource there.
fn permitted(
    inner: &Inner,
    request: &Request,
    resource: Resource,
    argument: &Bytes,
) -> Result<joined::Channel, Answer> {
    let id = String::from_utf8_lossy(argument);
    let checked = inner.access.check(resource.name(), &id, &request.caller);
    checked.map_err(|reason| {
        let function = resource.name().rsplit('/').next().unwrap_or_default();
        let text = format!("access denied for [{function}][{id}]: {reason}");
        Answer::failure(reason.code, text)
    })?;
    let unknown = || {
        Answer::failure(
            ErrorCode::ChannelNotFound,
            format!("Unknown chain ID, {id}"),
        )
    };
    inner.channels().get(&id).ok_or_else(unknown)
}

fn config_block(inner: &Inner, request: &Request, argument: &Bytes) -> Result<Answer, Error> {
    let channel = match permitted(inner, request, Resource::CsccGetConfigBlock, argument) {
        Ok(channel) => channel,
        Err(refusal) => return Ok(refusal),
    };
    let number = channel.ledger().info()?.last_config;
    Ok(match channel.ledger().block_bytes(number)? {
        Some(block) => Answer::success(block),
        None => Answer::failure(
            ErrorCode::BlockNotFound,
            format!("no such block number [{number}] in index"),
        ),
    })
}

fn channel_config(inner: &Inner, request: &Request, argument: &Bytes) -> Answer {
    if argument.is_empty() {
        return Answer::failure(ErrorCode::ChannelNotFound, "empty channel name provided");
    }
    match permitted(inner, request, Resource::CsccGetChannelConfig, argument) {
        Ok(channel) => Answer::success(channel.bundle().config().encode_to_vec()),
        Err(refusal) => refusal,
    }
}
