//! Who may read what of a channel.

use std::sync::Arc;

use ::channel::{Access, Bundle, Resource};
use bytes::Bytes;
use joined::{Channel, Channels};
use model::ErrorCode;
use msp::Identity;

use crate::Error;

/// The channel of that name.
///
/// # Errors
/// `channel.not_found`: this peer has not joined one.
pub fn find(channels: &Channels, id: &str) -> Result<Channel, Error> {
    channels.get(id).ok_or_else(|| {
        Error::refused(
            ErrorCode::ChannelNotFound,
            format!("this peer has not joined channel {id:?}"),
        )
    })
}

/// Reads an identity as the channel's MSPs do at this moment, and checks that they accept it and that it has not expired.
///
/// # Errors
/// - `identity.malformed`: `serialized` is no identity.
/// - `identity.unknown`: no organisation of the channel issued it, or its organisation does not accept it.
/// - `identity.revoked`: its organisation does not accept it any more.
/// - `identity.expired`: its certificate ran out before `now_s`.
pub fn identify(bundle: &Bundle, serialized: &Bytes, now_s: i64) -> Result<Arc<Identity>, Error> {
    let identity = bundle.msps().identity(serialized).and_then(|identity| {
        identity.validate()?;
        Ok(identity)
    });
    let identity = identity.map_err(|error| Error::refused(error.code(), error.to_string()))?;
    if identity.expires_at() >= now_s {
        return Ok(identity);
    }
    let since_s = now_s.saturating_sub(identity.expires_at());
    Err(Error::refused(
        ErrorCode::IdentityExpired,
        format!("the identity's certificate expired {since_s} s ago"),
    ))
}

/// Whether the owner of an identity may use a resource of the channel, by the configuration now in force. That the caller is
/// the owner, by a signature or a token, is for whoever calls this. The policy is evaluated anew each time; an answer is good
/// until the configuration changes or the identity expires.
///
/// # Errors
/// Those of [`identify`], and `access.denied`: the policy is not satisfied, or the resource is none of a channel.
pub fn authorize(
    channel: &Channel,
    serialized: &Bytes,
    resource: Resource,
    now_s: i64,
) -> Result<Arc<Identity>, Error> {
    let bundle = channel.bundle();
    let identity = identify(&bundle, serialized, now_s)?;
    let Access::Channel(path) = bundle.access(resource) else {
        return Err(Error::refused(
            ErrorCode::AccessDenied,
            format!("{} is not for clients of a channel", resource.name()),
        ));
    };
    bundle
        .policies()
        .evaluate_identities(path, std::slice::from_ref(&identity))
        .map_err(|error| {
            Error::refused(
                ErrorCode::AccessDenied,
                format!("{} asks for {path}: {error}", resource.name()),
            )
        })?;
    Ok(identity)
}
