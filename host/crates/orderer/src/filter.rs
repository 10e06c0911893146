//! Which messages may be ordered. Pure; in the order of Fabric's orderer/common/msgprocessor.
//!
//! What is inside a transaction is the peers' business: an orderer looks at size, sender and signature.

use channel::{Bundle, ConsensusState, OrdererConfig};
use model::{Envelope, ErrorCode, Payload};
use msp::policy::SignedData;
use proto::common::HeaderType;

use crate::refusal::Refusal;

/// A policy that every sender must satisfy, and the stricter one while the channel is in maintenance.
const WRITERS: &str = "/Channel/Writers";
const WRITERS_IN_MAINTENANCE: &str = "/Channel/Orderer/Writers";

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To be ordered as it is.
    Normal,
    /// To become a configuration transaction.
    ConfigUpdate,
}

/// Sorts messages by the type in their header.
///
/// # Errors
/// BAD_REQUEST for types that only orderers make, or that no longer exist.
pub(crate) fn classify(payload: &Payload) -> Result<Kind, Refusal> {
    match payload.header_type() {
        Some(HeaderType::ConfigUpdate) => Ok(Kind::ConfigUpdate),
        Some(HeaderType::Config) => Err(Refusal::bad(
            "message is of type that cannot be processed directly",
        )),
        Some(HeaderType::OrdererTransaction) => Err(Refusal::bad(
            "message is of type that is no longer supported",
        )),
        _ => Ok(Kind::Normal),
    }
}

/// While a channel is in maintenance, it takes configuration updates only.
///
/// # Errors
/// SERVICE_UNAVAILABLE for a normal message in maintenance.
pub(crate) fn check_state(orderer: &OrdererConfig, kind: Kind) -> Result<(), Refusal> {
    match (kind, orderer.state) {
        (Kind::Normal, ConsensusState::Maintenance) => Err(Refusal::unavailable(
            "normal transactions are rejected: maintenance mode",
        )),
        _ => Ok(()),
    }
}

/// Checks that there is something, its size, its sender's expiry at `now_s` and its sender's right to write.
///
/// # Errors
/// BAD_REQUEST or FORBIDDEN, with the first rule that is broken.
pub(crate) fn check(
    bundle: &Bundle,
    envelope: &Envelope,
    payload: &Payload,
    now_s: i64,
) -> Result<(), Refusal> {
    if envelope.payload.is_empty() {
        return Err(Refusal::bad("message payload is empty"));
    }
    let size_bytes = size_bytes(envelope);
    let bytes_max = bundle.orderer().batch.absolute_max_bytes;
    if usize::try_from(bytes_max).is_ok_and(|max| size_bytes > max) {
        let refusal = Refusal::bad(format!(
            "message payload is {size_bytes} bytes and exceeds maximum allowed {bytes_max} bytes"
        ));
        return Err(refusal.because(ErrorCode::RequestTooLarge));
    }
    // An identity that cannot be read has no expiry; the policy refuses it.
    let identity = bundle.msps().identity(payload.creator()).ok();
    if identity.is_some_and(|identity| identity.expires_at() <= now_s) {
        let refusal = Refusal::bad("broadcast client identity expired");
        return Err(refusal.because(ErrorCode::IdentityExpired));
    }
    let signed = SignedData {
        data: envelope.payload.clone(),
        identity: payload.creator().clone(),
        signature: envelope.signature.clone(),
    };
    let path = match bundle.orderer().state {
        ConsensusState::Normal => WRITERS,
        ConsensusState::Maintenance => WRITERS_IN_MAINTENANCE,
    };
    let signed = [signed];
    let evaluated = bundle.policies().evaluate_signed(path, &signed);
    evaluated.map_err(|error| {
        let [signed] = &signed;
        let code = match bundle.why_denied(signed) {
            ErrorCode::AccessDenied => ErrorCode::OrderRefused,
            closer => closer,
        };
        Refusal::forbidden(format!("{error}: permission denied")).because(code)
    })
}

/// What Fabric counts as a message's size: payload and signature.
pub(crate) fn size_bytes(envelope: &Envelope) -> usize {
    envelope
        .payload
        .len()
        .saturating_add(envelope.signature.len())
}

/// Refuses a next configuration that this orderer could not go on with.
///
/// # Errors
/// BAD_REQUEST: other consensus than Raft; consenters added, removed or in another order. A consenter's certificates
/// may change in place.
pub(crate) fn check_consenters(
    current: &OrdererConfig,
    next: &OrdererConfig,
) -> Result<(), Refusal> {
    if current.consensus_type != next.consensus_type {
        return Err(Refusal::bad(format!(
            "this orderer cannot change the consensus type from {} to {}",
            current.consensus_type, next.consensus_type
        )));
    }
    let places = |config: &OrdererConfig| -> Vec<(String, u32)> {
        let place = |consenter: &channel::Consenter| (consenter.host.clone(), consenter.port);
        config.consenters.iter().map(place).collect()
    };
    if places(current) != places(next) {
        return Err(Refusal::bad(
            "this orderer cannot yet change a channel's set of consenters; only their certificates may change",
        ));
    }
    Ok(())
}
