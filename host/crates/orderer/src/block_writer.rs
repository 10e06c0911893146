//! Makes blocks of batches: number, hashes, metadata, this orderer's signature.
//!
//! The header follows from the batches alone, so every orderer of a channel makes the same chain of headers; the
//! signature and its nonce are each orderer's own.

use bytes::Bytes;
use model::{
    Block,
    block::{BlockSignature, signed_bytes},
};
use prost::Message;
use proto::{
    common::{LastConfig, Metadata, OrdererBlockMetadata},
    etcdraft,
};

use crate::admission::Admission;

/// Where a batch stands in the Raft log, and who agreed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RaftPosition {
    /// Index of the log entry.
    pub(crate) index: u64,
    /// Raft ids of the consenters.
    pub(crate) consenter_ids: Vec<u64>,
}

/// The end of a chain, ready for the next block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockWriter {
    number_next: u64,
    previous_hash: Bytes,
    last_config: u64,
}

impl BlockWriter {
    /// Goes on after `last`, the newest block of a chain.
    ///
    /// # Errors
    /// The block's metadata does not say which configuration it stands under.
    pub(crate) fn after(last: &Block) -> Result<Self, model::BlockError> {
        Ok(Self {
            number_next: last.number.saturating_add(1),
            previous_hash: Bytes::copy_from_slice(&last.header_hash()),
            last_config: last.last_config_index()?,
        })
    }

    /// The next block over `data`, signed. [`Self::written`] moves on once it is stored.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn next(
        &self,
        data: Vec<Bytes>,
        position: &RaftPosition,
        signing: &Admission,
    ) -> Result<Block, msp::Error> {
        let mut block = Block::new(self.number_next, self.previous_hash.clone(), data);
        // A configuration block stands under itself.
        let last_config = match channel::is_config_block(&block) {
            true => block.number,
            false => self.last_config,
        };
        let value = metadata_value(last_config, position);
        let signature_header = signing.signature_header();
        let message = signed_bytes(&value, &signature_header, &block.header_bytes());
        let signature = BlockSignature {
            signature: signing.signer.sign(&message)?,
            signature_header,
            identifier_header: Bytes::new(),
        };
        block.set_orderer_metadata(value, vec![signature]);
        block.set_last_config_index(last_config);
        Ok(block)
    }

    /// Number of the newest block.
    pub(crate) fn last_number(&self) -> u64 {
        self.number_next.saturating_sub(1)
    }

    /// Moves behind `block`, made by [`Self::next`] and stored since.
    pub(crate) fn written(&mut self, block: &Block, last_config: bool) {
        self.number_next = block.number.saturating_add(1);
        self.previous_hash = Bytes::copy_from_slice(&block.header_hash());
        if last_config {
            self.last_config = block.number;
        }
    }
}

/// What the signature is over first: the last configuration block, and Raft's own part wrapped in a `Metadata`.
fn metadata_value(last_config: u64, position: &RaftPosition) -> Bytes {
    let next_id = position
        .consenter_ids
        .iter()
        .max()
        .map_or(1, |id| id.saturating_add(1));
    let raft = etcdraft::BlockMetadata {
        consenter_ids: position.consenter_ids.clone(),
        next_consenter_id: next_id,
        raft_index: position.index,
    };
    let consenter_metadata = Metadata {
        value: raft.encode_to_vec().into(),
        signatures: Vec::new(),
    };
    let value = OrdererBlockMetadata {
        last_config: Some(LastConfig { index: last_config }),
        consenter_metadata: consenter_metadata.encode_to_vec().into(),
    };
    value.encode_to_vec().into()
}

#[cfg(test)]
mod recorded;
