//! A channel's first block, made from a description of the channel.
//!
//! The configuration tree is the one that Fabric's `configtxgen` makes of the same description.

mod description;
mod policies;
mod tree;

use bytes::Bytes;
use model::{Block, ChannelId, TxId};
use prost::Message;
use prost_types::Timestamp;
use proto::common::{
    ChannelHeader, Config, ConfigEnvelope, Envelope, Header, HeaderType, LastConfig,
    OrdererBlockMetadata, Payload, SignatureHeader,
};

pub use description::{
    ApplicationDescription, ChannelDescription, ConsenterDescription, OrdererDescription,
    OrganizationDescription, RaftOptions,
};
pub use policies::{ImplicitRule, Policies, PolicyRule};

use crate::Error;

/// What makes one genesis block differ from another of the same description.
#[derive(Debug, Clone, PartialEq)]
pub struct GenesisSeed {
    /// When the channel was made; it stands in the channel header.
    pub timestamp: Timestamp,
    /// Random bytes, 24 of them as in every signature header.
    pub nonce: [u8; 24],
}

impl ChannelDescription {
    /// The genesis block: number 0, no signatures, the configuration at sequence 0.
    ///
    /// Give the same block to every node; two blocks of one description are two channels.
    ///
    /// # Errors
    /// [`Error::Description`] when the description breaks a rule; which one is in the text. That every node will accept
    /// the block is checked with [`Bundle::from_block`](crate::Bundle::from_block).
    pub fn genesis_block(&self, seed: &GenesisSeed) -> Result<Block, Error> {
        let config = ConfigEnvelope {
            config: Some(Config {
                sequence: 0,
                channel_group: Some(self.channel_group()?),
            }),
            last_update: None,
        };
        let payload = Payload {
            header: Some(header(&self.channel_id, seed)),
            data: config.encode_to_vec().into(),
        };
        let envelope = Envelope {
            payload: payload.encode_to_vec().into(),
            signature: Bytes::new(),
        };
        let mut block = Block::new(0, Bytes::new(), vec![envelope.encode_to_vec().into()]);
        let value = OrdererBlockMetadata {
            last_config: Some(LastConfig { index: 0 }),
            consenter_metadata: Bytes::new(),
        };
        block.set_orderer_metadata(value.encode_to_vec().into(), Vec::new());
        Ok(block)
    }
}

/// The creator is empty, so the transaction's id is the hash of the nonce alone.
fn header(channel_id: &ChannelId, seed: &GenesisSeed) -> Header {
    let channel = ChannelHeader {
        r#type: HeaderType::Config.into(),
        version: 1,
        timestamp: Some(seed.timestamp),
        channel_id: channel_id.as_str().to_owned(),
        tx_id: TxId::compute(&seed.nonce, &[]).into(),
        ..ChannelHeader::default()
    };
    let signature = SignatureHeader {
        creator: Bytes::new(),
        nonce: seed.nonce.to_vec().into(),
    };
    Header {
        channel_header: channel.encode_to_vec().into(),
        signature_header: signature.encode_to_vec().into(),
    }
}
