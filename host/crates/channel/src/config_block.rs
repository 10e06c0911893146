//! Configuration transactions as they stand in blocks and envelopes.

use bytes::Bytes;
use model::Block;
use proto::FromWire;
use proto::common::{
    ChannelHeader, ConfigEnvelope, ConfigUpdateEnvelope, Envelope, HeaderType, Payload,
};

use crate::Error;

/// The parts of an envelope that carries a configuration or an update of one.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigTx<T> {
    /// Channel header as decoded; its `channel_id` is checked by whoever knows the channel.
    pub header: ChannelHeader,
    /// `Payload.data` as received. For a configuration this is what peers keep as the channel's state.
    pub data: Bytes,
    /// `data`, decoded.
    pub content: T,
}

/// Whether the block carries a configuration: its only envelope is of type CONFIG.
#[must_use]
pub fn is_config_block(block: &Block) -> bool {
    block.is_config()
}

/// The configuration transaction of a configuration block.
///
/// # Errors
/// [`Error::NotConfig`] when the block is not one; [`Error::Malformed`] when a part of it does not decode.
pub fn config_of_block(block: &Block) -> Result<ConfigTx<ConfigEnvelope>, Error> {
    let [envelope] = block.data.as_slice() else {
        return Err(Error::NotConfig(
            "a configuration block holds exactly one envelope".to_owned(),
        ));
    };
    let envelope = Envelope::from_wire(envelope.clone()).map_err(Error::malformed("envelope"))?;
    config_of_envelope(&envelope)
}

/// The configuration of an envelope of type CONFIG.
///
/// # Errors
/// As [`config_of_block`].
pub fn config_of_envelope(envelope: &Envelope) -> Result<ConfigTx<ConfigEnvelope>, Error> {
    open(envelope, HeaderType::Config)
}

/// The update of an envelope of type CONFIG_UPDATE.
///
/// # Errors
/// As [`config_of_block`].
pub fn update_of_envelope(envelope: &Envelope) -> Result<ConfigTx<ConfigUpdateEnvelope>, Error> {
    open(envelope, HeaderType::ConfigUpdate)
}

fn open<T: FromWire>(envelope: &Envelope, expected: HeaderType) -> Result<ConfigTx<T>, Error> {
    let payload = Payload::from_wire(envelope.payload.clone())
        .map_err(Error::malformed("envelope payload"))?;
    let header = payload
        .header
        .ok_or_else(|| Error::NotConfig("envelope must have a Header".to_owned()))?;
    let header = ChannelHeader::from_wire(header.channel_header)
        .map_err(Error::malformed("channel header"))?;
    if header.r#type != i32::from(expected) {
        return Err(Error::NotConfig(format!(
            "invalid type {}, expected {}",
            header.r#type,
            expected.as_str_name()
        )));
    }
    let content =
        T::from_wire(payload.data.clone()).map_err(Error::malformed(expected.as_str_name()))?;
    Ok(ConfigTx {
        header,
        data: payload.data,
        content,
    })
}
