//! Blocks: header, entries, and the five slots of metadata that orderers and peers fill.

mod error;
mod header;
mod metadata;
mod structure;

use bytes::Bytes;
use prost::Message;
use proto::common;

pub use error::{BlockError, EntryFault};
pub use metadata::{BlockSignature, OrdererMetadata, signed_bytes};

use crate::hash::{Digest, sha256_of};

/// How many slots of metadata a block has.
pub const METADATA_SLOTS: usize = 5;

/// A block of a channel. Entries and metadata are the bytes that were received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Place in the chain; the genesis block has 0.
    pub number: u64,
    /// Hash of the header of the block before; empty in the genesis block.
    pub previous_hash: Bytes,
    /// Hash of the entries, as stated; [`Block::check_structure`] compares it with the entries.
    pub data_hash: Bytes,
    /// The entries, each an encoded envelope.
    pub data: Vec<Bytes>,
    /// Signatures, last configuration, transaction filter, one unused, commit hash. Not covered by any hash.
    pub metadata: Vec<Bytes>,
}

impl Block {
    /// A new block over `data`: its hash is computed, its five slots of metadata are empty.
    pub fn new(number: u64, previous_hash: Bytes, data: Vec<Bytes>) -> Self {
        Self {
            number,
            previous_hash,
            data_hash: Bytes::copy_from_slice(&compute_data_hash(&data)),
            data,
            metadata: vec![Bytes::new(); METADATA_SLOTS],
        }
    }

    /// Decodes an encoded `common.Block`. The parts share memory with `bytes`.
    ///
    /// # Errors
    /// - [`BlockError::Undecodable`]: the bytes are not a block.
    /// - [`BlockError::NoHeader`]: the block has no header.
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, BlockError> {
        let block = common::Block::decode(bytes.into())
            .map_err(|source| BlockError::Undecodable { source })?;
        Self::from_proto(block)
    }

    /// Takes a decoded message apart.
    ///
    /// # Errors
    /// [`BlockError::NoHeader`]: the block has no header.
    pub fn from_proto(block: common::Block) -> Result<Self, BlockError> {
        let header = block.header.ok_or(BlockError::NoHeader)?;
        Ok(Self {
            number: header.number,
            previous_hash: header.previous_hash,
            data_hash: header.data_hash,
            data: block.data.unwrap_or_default().data,
            metadata: block.metadata.unwrap_or_default().metadata,
        })
    }

    /// The message, sharing memory with this block.
    pub fn to_proto(&self) -> common::Block {
        common::Block {
            header: Some(common::BlockHeader {
                number: self.number,
                previous_hash: self.previous_hash.clone(),
                data_hash: self.data_hash.clone(),
            }),
            data: Some(common::BlockData {
                data: self.data.clone(),
            }),
            metadata: Some(common::BlockMetadata {
                metadata: self.metadata.clone(),
            }),
        }
    }

    /// The encoded `common.Block`.
    pub fn encode(&self) -> Bytes {
        self.to_proto().encode_to_vec().into()
    }
}

/// The SHA-256 of all entries one after the other, which a block's header states.
pub fn compute_data_hash(data: &[Bytes]) -> Digest {
    sha256_of(data)
}
