//! Changing a configuration: what an orderer makes of an update, and what a peer checks of the result.

mod authorize;
mod compute;
mod forbidden;

use bytes::Bytes;
use msp::policy::{PolicyError, SignedData};
use proto::FromWire;
use proto::common::{
    Config, ConfigEnvelope, ConfigGroup, ConfigUpdate, ConfigUpdateEnvelope, Envelope,
    SignatureHeader,
};

pub use compute::compute;

use self::authorize::{Denial, authorize};
use crate::{Bundle, Error, config_block::update_of_envelope};

/// Signatures on one update, at most; each is a signature to verify.
const SIGNATURES_MAX: usize = 1_000;

/// What an orderer puts into the next configuration block for an envelope of type CONFIG_UPDATE.
///
/// Checks versions, members and mod_policies against the current configuration, then that the result can be used and
/// may follow the current one. The update's own envelope signature is not checked here: `/Channel/Writers` has passed it.
///
/// # Errors
/// [`Error::Refused`] with Fabric's text (an orderer answers BAD_REQUEST); [`Error::NotConfig`] and [`Error::Malformed`]
/// for an envelope that holds no update.
pub fn propose(current: &Bundle, update: &Envelope) -> Result<ConfigEnvelope, Error> {
    let wrap = |error: Error| {
        error.refusing(&format!(
            "error applying config update to existing channel '{}'",
            current.channel_id().as_str()
        ))
    };
    let transaction = update_of_envelope(update)
        .map_err(|error| wrap(error.refusing("error converting envelope to config update")))?;
    let root = apply(current, &transaction.content)
        .map_err(|error| wrap(error.refusing("error authorizing update")))?;
    let envelope = ConfigEnvelope {
        config: Some(Config {
            sequence: current.sequence().saturating_add(1),
            channel_group: Some(root),
        }),
        last_update: Some(update.clone()),
    };
    let next = current
        .next(&envelope)
        .map_err(|error| wrap(error.refusing("initializing channelconfig failed")))?;
    forbidden::check(current, &next).map_err(wrap)?;
    forbidden::check_consensus(current, &next).map_err(wrap)?;
    Ok(envelope)
}

/// The bundle of the next configuration, if a peer may accept it after the current one.
///
/// The update inside is applied again and must give the configuration supplied; that one must be usable and must be
/// allowed to follow.
///
/// # Errors
/// [`Error::Refused`], [`Error::Unusable`], [`Error::UnknownCapability`], [`Error::NotConfig`] or [`Error::Malformed`]:
/// the block must not be committed as a configuration.
pub fn check(current: &Bundle, envelope: &ConfigEnvelope) -> Result<Bundle, Error> {
    let config = envelope
        .config
        .as_ref()
        .ok_or_else(|| Error::Refused("config envelope has nil config".to_owned()))?;
    if current.sequence().checked_add(1) != Some(config.sequence) {
        return Err(Error::Refused(format!(
            "config currently at sequence {}, cannot validate config at sequence {}",
            current.sequence(),
            config.sequence
        )));
    }
    let update = envelope
        .last_update
        .as_ref()
        .ok_or_else(|| Error::Refused("config envelope has no last update".to_owned()))?;
    let transaction = update_of_envelope(update)?;
    let root = apply(current, &transaction.content)?;
    if Some(&root) != config.channel_group.as_ref() {
        return Err(Error::Refused(
            "ConfigEnvelope LastUpdate did not produce the supplied config result".to_owned(),
        ));
    }
    let next = current.next(envelope)?;
    forbidden::check(current, &next)?;
    Ok(next)
}

fn apply(current: &Bundle, update: &ConfigUpdateEnvelope) -> Result<ConfigGroup, Error> {
    let content = ConfigUpdate::from_wire(update.config_update.clone())
        .map_err(Error::malformed("ConfigUpdate"))?;
    let signed = signed_data(update)?;
    let judge = |path: &str| {
        if !current.policies().contains(path) {
            return Err(Denial::Missing);
        }
        current
            .policies()
            .evaluate_signed(path, &signed)
            .map_err(|error: PolicyError| Denial::Unsatisfied(error.to_string()))
    };
    authorize(
        current.channel_id().as_str(),
        current.root(),
        &content,
        &judge,
    )
}

/// Each signature is over the signer's header followed by the update.
fn signed_data(update: &ConfigUpdateEnvelope) -> Result<Vec<SignedData>, Error> {
    if update.signatures.len() > SIGNATURES_MAX {
        return Err(Error::Refused(format!(
            "an update may carry at most {SIGNATURES_MAX} signatures"
        )));
    }
    update
        .signatures
        .iter()
        .map(|signature| {
            let header = SignatureHeader::from_wire(signature.signature_header.clone())
                .map_err(Error::malformed("signature header of an update"))?;
            let data = [
                signature.signature_header.as_ref(),
                update.config_update.as_ref(),
            ]
            .concat();
            Ok(SignedData {
                data: Bytes::from(data),
                identity: header.creator,
                signature: signature.signature.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
